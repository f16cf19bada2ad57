"""Charts of discovery: coverage against density along the search, the points with the box, and its limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from mesa_lab.processing.analysis.conclusion import ConclusionChart
from mesa_lab.processing.charts.caption import caption
from mesa_lab.processing.charts.theme import colours, finish, gradient, theme_of
from mesa_lab.processing.charts.tooltips import tooltips

if TYPE_CHECKING:
    import altair as alt

__all__ = ["limits", "pair", "trade_off"]


def trade_off(rows: pd.DataFrame, title: str, sentences: Sequence[str]) -> ConclusionChart:
    """Return how coverage falls as density rises: coverage, density, restricted, n, chosen."""
    shown = caption(
        rows,
        "trade-off",
        title,
        sentences,
        {
            "coverage": "coverage",
            "density": "density",
            "restricted": "restricted parameters",
            "n": "points",
            "chosen": "box",
        },
    )
    return ConclusionChart("trade-off", "Coverage against density", shown, _draw_trade_off)


def _draw_trade_off(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 420,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look = theme_of(theme)
    kinds = sorted(table["restricted"].unique().tolist())
    titles = {name: text for name, text in table.attrs["chart"]["columns"].items() if name != "chosen"}
    formats = {"coverage": ".0%", "density": ".0%", "restricted": "d", "n": ",d"}
    tips = tooltips(titles, formats, interactive=interactive)
    base = alt.Chart(table).encode(
        x=alt.X(
            "coverage:Q",
            title="coverage: share of all cases inside",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format=".0%"),
        ),
        y=alt.Y(
            "density:Q",
            title="density: share of runs inside",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format=".0%"),
        ),
    )
    dots = base.mark_circle(size=70, opacity=1).encode(
        color=alt.Color(
            "restricted:O",
            scale=alt.Scale(domain=kinds, range=colours(look, len(kinds), ordered=True)),
            legend=alt.Legend(title="restricted parameters", orient="bottom"),
        ),
        tooltip=tips,
    )
    chosen = base.transform_filter("datum.chosen != ''")
    rings = chosen.mark_point(size=220, filled=False, strokeWidth=2, color=look.ink, opacity=1)
    text = chosen.mark_text(dx=12, dy=-12, align="left", color=look.ink).encode(text="chosen:N")
    return finish(alt.layer(dots, rings, text, width=width, height=height or 320), table, look, width)


def pair(
    rows: pd.DataFrame, box: dict[str, float], labels: tuple[str, str], title: str, sentences: Sequence[str]
) -> ConclusionChart:
    """Return the points over two parameters, coloured by the share of runs, with the box.

    Args:
        rows: x, y, share.
        box: x, x2, y, y2: the corners of the box.
        labels: Of the axes.
        title: Of the chart.
        sentences: Below the title.
    """
    shown = caption(
        rows,
        "pair",
        title,
        sentences,
        {"x": labels[0], "y": labels[1], "share": "share of runs"},
        box=box,
        labels=list(labels),
    )
    return ConclusionChart("pair", "The box among the points", shown, _draw_pair)


def _draw_pair(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 420,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    labels = about["labels"]
    formats = {"x": ".6~g", "y": ".6~g", "share": ".0%"}
    tips = tooltips(about["columns"], formats, interactive=interactive)
    flat: Any = {"zero": False, "nice": False, "padding": 8}
    x, y = (
        alt.X("x:Q", title=labels[0], scale=alt.Scale(**flat)),
        alt.Y("y:Q", title=labels[1], scale=alt.Scale(**flat)),
    )
    dots = (
        alt.Chart(table)
        .mark_circle(size=45, opacity=0.9)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "share:Q", scale=gradient(True), legend=alt.Legend(title="share of runs", format=".0%")
            ),
            tooltip=tips,
        )
    )
    frame = (
        alt.Chart(pd.DataFrame([about["box"]]))
        .mark_rect(fillOpacity=0, stroke=look.ink, strokeWidth=2)
        .encode(x=x, x2="x2:Q", y=y, y2="y2:Q")
    )
    return finish(alt.layer(dots, frame, width=width, height=height or 320), table, look, width)


def limits(rows: pd.DataFrame, title: str, sentences: Sequence[str]) -> ConclusionChart:
    """Return the limits of the boxes within the ranges: box, parameter, from, to (0 to 1), text."""
    shown = caption(
        rows, "limits", title, sentences, {"box": "box", "parameter": "parameter", "text": "limit"}
    )
    return ConclusionChart("limits", "The limits of the boxes", shown, _draw_limits)


def _draw_limits(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 420,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look = theme_of(theme)
    names, boxes = list(dict.fromkeys(table["parameter"])), list(dict.fromkeys(table["box"]))
    tips = tooltips({"box": "box", "text": "limit"}, {}, interactive=interactive)
    base = alt.Chart(table).encode(
        y=alt.Y("parameter:N", sort=names, title=None, axis=alt.Axis(labelLimit=220)),
        yOffset=alt.YOffset("box:N", sort=boxes),
    )
    ends = alt.X(
        "from:Q", title="part of the range", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%")
    )
    bars = base.mark_bar(height={"band": 0.6}).encode(
        x=ends,
        x2="to:Q",
        color=alt.Color(
            "box:N",
            scale=alt.Scale(
                domain=boxes, range=[look.colours[at % len(look.colours)] for at in range(len(boxes))]
            ),
            legend=alt.Legend(title=None, orient="bottom") if len(boxes) > 1 else None,
        ),
        tooltip=tips,
    )
    height = height or max(80, 34 * len(names) * max(1, len(boxes) // 2 + 1))
    return finish(bars.properties(width=width, height=height), table, look, width)
