"""Charts of a surface: the profile, a row of curves through one setting; two parameters at a time; and left-out points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from mesa_lab.formatting import shorten, show
from mesa_lab.processing.analysis.conclusion import ConclusionChart
from mesa_lab.processing.charts.caption import caption
from mesa_lab.processing.charts.theme import finish, gradient, theme_of
from mesa_lab.processing.charts.tooltips import tooltips

if TYPE_CHECKING:
    import altair as alt

__all__ = ["left_out", "over_two", "profile"]


def profile(
    curves: pd.DataFrame,
    at: Mapping[str, Any],
    outcome: str,
    title: str,
    sentences: Sequence[str],
    share: bool,
) -> ConclusionChart:
    """Return a row of curves, one for each parameter, through one setting.

    Args:
        curves: parameter, value, mean, low, high.
        at: The setting: a value for each parameter.
        outcome: Label of the outcome.
        title: Of the chart.
        sentences: Below the title.
        share: Whether the outcome is a share.
    """
    rows = curves.copy()
    numbers = [isinstance(value, int | float) and not isinstance(value, bool) for value in rows["value"]]
    rows["x"] = [
        float(value) if is_number else float("nan")
        for value, is_number in zip(rows["value"], numbers, strict=True)
    ]
    rows["level"] = [shorten(show(value), 24) for value in rows["value"]]
    rows["parameter"] = [shorten(str(name)) for name in rows["parameter"]]
    shown = caption(
        rows[["parameter", "x", "level", "mean", "low", "high"]],
        "profile",
        title,
        sentences,
        {"parameter": "parameter", "level": "value", "mean": outcome, "low": "low", "high": "high"},
        at={
            shorten(name): value if isinstance(value, int | float | str | bool) else show(value)
            for name, value in at.items()
        },
        outcome=outcome,
        share=share,
    )
    return ConclusionChart("profile", "Curves through one setting", shown, _draw_profile)


def _draw_profile(
    table: pd.DataFrame,
    theme: str = "light",
    width: int | None = None,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    names = list(dict.fromkeys(table["parameter"]))
    each = max(90, min(180, (width or 180 * len(names)) // len(names)))
    low, high = float(table["low"].min()), float(table["high"].max())
    if not low < high:
        low, high = float(table["mean"].min()) - 1, float(table["mean"].max()) + 1
    fmt = ".0%" if about["share"] else ".3~s" if max(abs(low), abs(high)) >= 1e4 else ".3~g"
    panels: list[Any] = []
    for place, name in enumerate(names):
        rows = table[table["parameter"] == name].reset_index(drop=True)
        rows.attrs = {}
        y: Any = {
            "scale": alt.Scale(domain=[low, high], nice=False, zero=False),
            "axis": alt.Axis(format=fmt, labels=place == 0, ticks=place == 0),
            "title": about["outcome"] if place == 0 else None,
        }
        titles = {"level": name, "mean": "mean", "low": "low", "high": "high"}
        formats = dict.fromkeys(("mean", "low", "high"), ".4~g")
        tips = tooltips(titles, formats, interactive=interactive)
        at = about["at"].get(name)
        if rows["x"].notna().all():
            x: Any = alt.X("x:Q", title=name, scale=alt.Scale(zero=False, nice=False))
            base = alt.Chart(rows).encode(x=x)
            layers = [
                base.mark_area(opacity=0.22, color=look.accent).encode(y=alt.Y("low:Q", **y), y2="high:Q"),
                base.mark_line(color=look.accent, strokeWidth=2).encode(y=alt.Y("mean:Q", **y), tooltip=tips),
            ]
            if isinstance(at, int | float):
                rule = alt.Chart(pd.DataFrame({"x": [float(at)]}))
                layers.append(rule.mark_rule(color=look.colours[1], strokeDash=[5, 4]).encode(x=x))
        else:
            order = rows["level"].tolist()
            base = alt.Chart(rows).encode(
                x=alt.X("level:N", sort=order, title=name, axis=alt.Axis(labelAngle=-30))
            )
            layers = [
                base.mark_rule(color=look.accent, strokeWidth=2).encode(y=alt.Y("low:Q", **y), y2="high:Q"),
                base.mark_point(filled=True, size=70, color=look.accent, opacity=1).encode(
                    y=alt.Y("mean:Q", **y), tooltip=tips
                ),
            ]
        panels.append(alt.layer(*layers, width=each, height=height or 180))
    chart = alt.hconcat(*panels, spacing=12)
    return finish(chart, table, look, each * len(names))


def over_two(
    rows: pd.DataFrame, labels: tuple[str, str, str], title: str, sentences: Sequence[str], share: bool
) -> ConclusionChart:
    """Return the surface over two parameters: x, x2, y, y2 (cells), mean."""
    shown = caption(
        rows,
        "surface",
        title,
        sentences,
        {"x": labels[0], "y": labels[1], "mean": labels[2]},
        labels=list(labels),
        share=share,
    )
    return ConclusionChart("surface", "Over two parameters", shown, _draw_over_two)


def _draw_over_two(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 360,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    across, up, outcome = about["labels"]
    fmt = ".0%" if about["share"] else ".3~g"
    flat: Any = {"zero": False, "nice": False}
    formats = {"x": ".4~g", "y": ".4~g", "mean": fmt}
    tips = tooltips(about["columns"], formats, interactive=interactive)
    cells = (
        alt.Chart(table)
        .mark_rect()
        .encode(
            x=alt.X("x:Q", title=across, scale=alt.Scale(**flat)),
            x2="x2:Q",
            y=alt.Y("y:Q", title=up, scale=alt.Scale(**flat)),
            y2="y2:Q",
            color=alt.Color(
                "mean:Q", scale=gradient(False), legend=alt.Legend(title=outcome, format=fmt, titleLimit=140)
            ),
            tooltip=tips,
        )
    )
    return finish(cells.properties(width=width, height=height or 300), table, look, width)


def left_out(rows: pd.DataFrame, outcome: str, title: str, sentences: Sequence[str]) -> ConclusionChart:
    """Return predictions of left-out points against what was measured there: predicted, measured, low, high."""
    shown = caption(
        rows,
        "left-out",
        title,
        sentences,
        {"predicted": "predicted", "measured": "measured", "low": "low", "high": "high"},
        outcome=outcome,
    )
    return ConclusionChart("left-out", "Predicted and measured", shown, _draw_left_out)


def _draw_left_out(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 320,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look = theme_of(theme)
    ends = {"predicted": "predicted", "measured": "measured"}
    tips = tooltips(ends, dict.fromkeys(ends, ".4~g"), interactive=interactive)
    low = float(min(table["predicted"].min(), table["measured"].min()))
    high = float(max(table["predicted"].max(), table["measured"].max()))
    scale = alt.Scale(domain=[low, high], nice=True, zero=False) if low < high else alt.Undefined
    base = alt.Chart(table)
    x = alt.X("predicted:Q", title="predicted without the point", scale=scale)
    y = alt.Y("measured:Q", title="measured", scale=scale)
    line = (
        alt.Chart(pd.DataFrame({"a": [low, high]}))
        .mark_line(color=look.muted, strokeDash=[5, 4])
        .encode(x=alt.X("a:Q", title="predicted without the point"), y=alt.Y("a:Q", title="measured"))
    )
    dots = base.mark_circle(size=45, color=look.accent, opacity=0.8).encode(x=x, y=y, tooltip=tips)
    return finish(alt.layer(line, dots, width=width, height=height or 300), table, look, width)
