"""Charts of what a search found: its course over the runs, and the last few settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from mesa_lab.processing.analysis.conclusion import ConclusionChart
from mesa_lab.processing.analysis.point_names import names_axis
from mesa_lab.processing.charts.axis_levels import whole_ticks
from mesa_lab.processing.charts.caption import caption, number_format
from mesa_lab.processing.charts.theme import finish, theme_of
from mesa_lab.processing.charts.tooltips import tooltips

if TYPE_CHECKING:
    import altair as alt

__all__ = ["course", "settings_in_order"]

MOST: Final = 3000
"""Marks of a chart."""


def course(
    rows: pd.DataFrame, label: str, sentences: Sequence[str], title: str = "How the search went"
) -> ConclusionChart:
    """Return the settings in the order in which they were tried, with the best so far.

    Args:
        rows: run, value, best, n, point; in their order.
        label: Of the outcome.
        sentences: Below the title.
        title: Of the chart.
    """
    shown = rows if len(rows) <= MOST else rows.iloc[:: -(-len(rows) // MOST)]
    shown = caption(
        shown.reset_index(drop=True),
        "course",
        title,
        sentences,
        {"point": "point", "run": "runs before it", "n": "runs of it", "value": label, "best": "best so far"},
        outcome=label,
    )
    return ConclusionChart("course", "How the search went", shown, _draw_course)


def _draw_course(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 480,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    formats = {
        "point": ",d",
        "run": ",d",
        "n": ",d",
        "value": number_format(table["value"]),
        "best": number_format(table["value"]),
    }
    tips = tooltips(about["columns"], formats, interactive=interactive)
    x = alt.X("run:Q", title="runs", axis=alt.Axis(**whole_ticks(table["run"])))
    y: Any = {"title": about["outcome"], "scale": alt.Scale(zero=False)}
    base = alt.Chart(table)
    layers = [
        base.mark_point(filled=True, size=36, opacity=0.55, color=look.muted).encode(
            x=x, y=alt.Y("value:Q", **y), tooltip=tips
        ),
        base.transform_filter("isValid(datum.best)")
        .mark_line(interpolate="step-after", strokeWidth=2, color=look.accent)
        .encode(x=x, y=alt.Y("best:Q", **y)),
    ]
    return finish(alt.layer(*layers, width=width, height=height or 240), table, look, width)


def settings_in_order(rows: pd.DataFrame, label: str, sentences: Sequence[str]) -> ConclusionChart:
    """Return the last few settings: what they were worth when they were chosen, and with fresh seeds.

    Args:
        rows: setting, point, before, mean, low, high, n.
        label: Of the outcome.
        sentences: Below the title.
    """
    shown = caption(
        rows,
        "confirmed",
        f"The last few settings for {label}",
        sentences,
        {
            "setting": "setting",
            "point": "point",
            "before": "before",
            "mean": "fresh seeds",
            "low": "low",
            "high": "high",
            "n": "fresh runs",
        },
        outcome=label,
    )
    return ConclusionChart("confirmed", "Confirmed with fresh seeds", shown, _draw_settings)


def _draw_settings(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 480,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    names = ("before", "mean", "low", "high")
    formats = {**dict.fromkeys(names, number_format(table["mean"])), "n": ",d", "point": ",d"}
    tips = tooltips(about["columns"], formats, interactive=interactive)
    bearing, row = names_axis(table["setting"].tolist())
    y = alt.Y("setting:N", sort=table["setting"].tolist(), title=None, axis=alt.Axis(**bearing))

    def x(field: str) -> Any:
        return alt.X(f"{field}:Q", title=about["outcome"], scale=alt.Scale(zero=False, padding=14))

    base = alt.Chart(table)
    layers = [
        base.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=2, color=look.accent)
        .encode(x=x("low"), x2="high:Q", y=y),
        base.transform_filter("isValid(datum.before)")
        .mark_point(shape="cross", filled=True, size=60, opacity=1, color=look.muted)
        .encode(x=x("before"), y=y, tooltip=tips),
        base.mark_point(filled=True, size=70, opacity=1, color=look.accent).encode(
            x=x("mean"), y=y, tooltip=tips
        ),
    ]
    return finish(alt.layer(*layers, width=width, height=height or 40 + row * len(table)), table, look, width)
