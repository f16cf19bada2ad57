"""A chart of points in a plane, coloured by a number or a group: settings, outcomes, places that a surface predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from mesa_lab.processing.analysis.conclusion import ConclusionChart
from mesa_lab.processing.charts.caption import caption, number_format
from mesa_lab.processing.charts.theme import finish, gradient, theme_of
from mesa_lab.processing.charts.tooltips import tooltips

if TYPE_CHECKING:
    import altair as alt

__all__ = ["cloud"]

_MOST: Final = 3000
"""Marks of a chart."""


def cloud(
    rows: pd.DataFrame,
    name: str,
    title: str,
    sentences: Sequence[str],
    labels: Mapping[str, str],
    groups: Sequence[str] = (),
) -> ConclusionChart:
    """Return points in a plane, coloured by a number or a group, with intervals where there are any.

    Args:
        rows: x, y, colour; x_low, x_high, y_low, y_high where there are intervals.
        name: Of the chart.
        title: Of the chart.
        sentences: Below the title.
        labels: What x, y, colour and further columns are called.
        groups: The groups in their order, where colour is one; the first is drawn strongest.
    """
    shown = rows if len(rows) <= _MOST else rows.iloc[:: -(-len(rows) // _MOST)]
    shown = caption(shown.reset_index(drop=True), name, title, sentences, labels, groups=list(groups))
    return ConclusionChart(name, title, shown, _draw_cloud)


def _draw_cloud(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 400,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    labels, groups = about["columns"], about["groups"]
    formats = {
        field: number_format(table[field])
        for field in labels
        if pd.api.types.is_numeric_dtype(table[field]) and not pd.api.types.is_bool_dtype(table[field])
    }
    tips = tooltips(labels, formats, interactive=interactive)
    flat = alt.Scale(zero=False, padding=10)
    x = alt.X("x:Q", title=labels["x"], scale=flat)
    y = alt.Y("y:Q", title=labels["y"], scale=flat)
    if groups:
        colours = [look.accent, look.muted, *look.colours[1:]][: len(groups)]
        colour: Any = alt.Color(
            "colour:N",
            scale=alt.Scale(domain=groups, range=colours),
            legend=alt.Legend(title=None, orient="bottom"),
        )
    else:
        colour = alt.Color("colour:Q", title=labels["colour"], scale=gradient(share=False))
    base = alt.Chart(table)
    layers: list[Any] = []
    if "x_low" in table:
        there = base.transform_filter("isValid(datum.x_low) && isValid(datum.y_low)")
        layers += [
            there.mark_rule(opacity=0.8).encode(
                x=alt.X("x_low:Q", scale=flat), x2="x_high:Q", y=y, color=colour
            ),
            there.mark_rule(opacity=0.8).encode(
                x=x, y=alt.Y("y_low:Q", scale=flat), y2="y_high:Q", color=colour
            ),
        ]
    layers.append(
        base.mark_point(filled=True, size=60, opacity=0.85).encode(x=x, y=y, color=colour, tooltip=tips)
    )
    for axis in layers[:-1]:
        axis.encoding.x.title, axis.encoding.y.title = labels["x"], labels["y"]
    return finish(alt.layer(*layers, width=width, height=height or 300), table, look, width)
