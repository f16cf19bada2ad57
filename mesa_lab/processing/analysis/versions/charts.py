"""The charts of two versions: changes of time with their intervals, and differences of outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.formatting import label
from mesa_lab.processing.analysis.conclusion import ConclusionChart
from mesa_lab.processing.charts.caption import caption, percent
from mesa_lab.processing.charts.theme import finish, theme_of

if TYPE_CHECKING:
    import altair as alt

__all__ = ["time_chart"]

_MOST: Final = 60
_MARKS: Final = ["faster", "same", "slower"]
_SHAPES: Final = ["triangle-down", "circle", "triangle-up"]
_FASTER, _SLOWER = "#009e73", "#d55e00"
"""Of the palette of Okabe and Ito, legible on both themes."""


def time_chart(times: pd.DataFrame, margin: float, level: float) -> ConclusionChart | None:
    """Return the chart of changes of time; None where no row has an interval.

    Args:
        times: What `compare_times` gives.
        margin: A change up to this share does not matter; drawn as a band.
        level: Level of the intervals.
    """
    shown = times[times["low"].notna()].head(_MOST)
    if shown.empty:
        return None
    columns = ["measure", "point", "n_pairs", "change", "low", "high", "mark"]
    shown = shown[columns].reset_index(drop=True)
    shown["row"] = [
        label(measure) if point == "all points" else f"{measure}, point {point}"
        for measure, point in zip(shown["measure"], shown["point"], strict=True)
    ]
    sentences = [
        f"Geometric mean of the ratios of paired runs with {percent(level)} bootstrap interval.",
        f"The band is ±{percent(margin)}: a row is marked where its interval lies beyond it.",
    ]
    if len(times) > len(shown):
        sentences.append(f"{len(shown)} of {len(times)} rows are shown.")
    drawn = caption(
        shown,
        "times",
        "Set-up and run time: new study against old",
        sentences,
        {
            "row": "time",
            "change": "change",
            "low": "low",
            "high": "high",
            "n_pairs": "pairs of runs",
            "mark": "mark",
        },
        margin=margin,
    )
    return ConclusionChart("times", "Changes of set-up and run time", drawn, _draw)


def _draw(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 480,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    order = table["row"].tolist()
    axis, scale = alt.Axis(format="+%", tickCount=8), alt.Scale(zero=False, nice=False, padding=14)
    rows = alt.Y("row:N", sort=order, title=None, axis=alt.Axis(labelLimit=260))
    colours = [_FASTER, look.accent, _SLOWER]
    marked = alt.Color("mark:N", title="mark", scale=alt.Scale(domain=_MARKS, range=colours))
    shapes = alt.Shape("mark:N", title="mark", scale=alt.Scale(domain=_MARKS, range=_SHAPES))
    band = pd.DataFrame({"from": [-about["margin"]], "to": [about["margin"]], "at": [0.0]})
    tips: Any = alt.Undefined
    if interactive:
        tips = [
            alt.Tooltip(
                f"{field}:{'N' if field in ('row', 'mark') else 'Q'}",
                title=text,
                format=alt.Undefined if field in ("row", "mark") else ",d" if field == "n_pairs" else "+.1%",
            )
            for field, text in about["columns"].items()
        ]
    base = alt.Chart(table)
    x = alt.X("change:Q", title="change", scale=scale, axis=axis)
    layers = [
        alt.Chart(band)
        .mark_rect(color=look.accent, opacity=0.12)
        .encode(x=alt.X("from:Q", title="change", scale=scale), x2="to:Q"),
        alt.Chart(band)
        .mark_rule(color=look.muted, strokeDash=[4, 3])
        .encode(x=alt.X("at:Q", title="change", scale=scale)),
        base.mark_rule(strokeWidth=2).encode(
            x=alt.X("low:Q", title="change", scale=scale, axis=axis), x2="high:Q", y=rows, color=marked
        ),
        base.mark_point(filled=True, size=80, opacity=1).encode(
            x=x, y=rows, color=marked, shape=shapes, tooltip=tips
        ),
    ]
    tall = height or int(np.clip(34 * len(order), 80, 900))
    return finish(alt.layer(*layers, width=width, height=tall), table, look, width)
