"""Where the points of a design lie: each pair of parameters against each other."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.drafts.value_text import value_text
from mesa_lab.formatting import shorten
from mesa_lab.processing.charts.axis_levels import fitted
from mesa_lab.processing.charts.tooltips import tooltips

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.preparation.experiment import Experiment

__all__ = ["MOST_PARAMETERS", "ends_of", "points_chart"]

MOST_POINTS: Final = 1_000
MOST_PARAMETERS: Final = 5
_GAP: Final = 14
_LETTERS: Final = 10
"""Of the name of a level: that many are seen whole."""


def points_chart(
    matrix: pd.DataFrame,
    names: Sequence[str],
    log: Sequence[str] = (),
    width: int = 400,
    ends: Mapping[str, tuple[float, float]] | None = None,
) -> Any:
    """Draw the points of a design, at most a thousand of them.

    Args:
        matrix: The design matrix.
        names: The parameters to show, at most `MOST_PARAMETERS`.
        log: Those that have a logarithmic range.
        width: Width of the whole chart in pixels.
        ends: The ranges that the points are to cover, by name; an axis without one ends where its points do.

    Returns:
        An altair chart: one strip for one parameter, one plane for two, a triangle of planes for more. None without any.
    """
    import altair as alt

    shown = matrix[list(names)]
    if len(shown) > MOST_POINTS:
        shown = shown.sample(MOST_POINTS, random_state=0).sort_index()
    # Plain names, as Vega-Lite reads dots and brackets in names as paths.
    columns = {name: f"p{place}" for place, name in enumerate(names)}
    table = shown.rename(columns=columns)
    numeric = {name: _is_numeric(matrix[name]) for name in names}
    whole = {name: all(isinstance(value, int) for value in matrix[name].tolist()) for name in names}
    for name in names:
        if not numeric[name]:
            table[columns[name]] = [value_text(value) for value in shown[name]]
    table = table.assign(point=shown.index)
    spans = {name: _span(matrix[name], (ends or {}).get(name)) for name in names if numeric[name]}
    tips = tooltips({"point": "Point"} | {columns[name]: name for name in names}, {"point": "d"})

    def axis(name: str, kind: type, *, titled: bool, size: float) -> Any:
        title = shorten(name, max(8, int(size / 6.5))) if titled else None
        look = alt.Axis(
            title=title,
            labels=titled,
            ticks=titled,
            tickCount=3 if size < 200 else 6,
            labelOverlap=True,
            labelLimit=70,
            labelFlush=10 if kind is alt.X else alt.Undefined,
            minExtent=38 if kind is alt.Y else alt.Undefined,
            labelAngle=0 if kind is alt.X else alt.Undefined,
            **(
                _ticks(spans[name], 3 if size < 200 else 6, whole[name], name in log) if numeric[name] else {}
            ),
        )
        if not numeric[name]:
            levels = list(dict.fromkeys(table[columns[name]]))
            short = json.dumps(dict(zip(levels, fitted(levels, _LETTERS), strict=True)))
            look.labelExpr = f"{short}[datum.value]"
            return kind(f"{columns[name]}:N", axis=look, sort=None)
        kept = {"type": "log" if name in log else "linear", "nice": False, "padding": 6}
        scale = alt.Scale(domain=list(spans[name]), **kept) if len(table) else alt.Scale(zero=False, **kept)
        return kind(f"{columns[name]}:Q", axis=look, scale=scale)

    def plane(x: str, y: str | None, size: float, *, left: bool, bottom: bool) -> Any:
        mark = alt.Chart(table).mark_circle(
            size=22 if len(table) > 200 else 34, opacity=0.6 if len(table) > 200 else 0.85
        )
        if y is None:
            jitter = mark.transform_calculate(jitter="random()")
            return jitter.encode(
                x=axis(x, alt.X, titled=True, size=size),
                y=alt.Y("jitter:Q", axis=None),
                tooltip=tips,
            ).properties(width=size, height=110)
        return mark.encode(
            x=axis(x, alt.X, titled=bottom, size=size),
            y=axis(y, alt.Y, titled=left, size=size),
            tooltip=tips,
        ).properties(width=size, height=size)

    if not names:
        return None
    if len(names) == 1:
        return _fitted(plane(names[0], None, width, left=True, bottom=True))
    if len(names) == 2:
        wide = plane(names[0], names[1], width, left=True, bottom=True)
        return _fitted(wide.properties(height=min(width, 380)))
    count = len(names) - 1
    size = math.floor((width - 84 - _GAP * (count - 1)) / count)
    rows = [
        alt.hconcat(
            *(
                plane(names[column], names[row], size, left=column == 0, bottom=row == count)
                for column in range(row)
            ),
            spacing=_GAP,
            bounds="flush",
        )
        for row in range(1, len(names))
    ]
    return alt.vconcat(*rows, spacing=_GAP)


def _fitted(chart: Any) -> Any:
    """Take the size for that of the whole, with axes and titles."""
    return chart.properties(autosize={"type": "fit", "contains": "padding"})


def ends_of(experiment: Experiment) -> dict[str, tuple[float, float]]:
    """Return the ranges that the points of an experiment are to cover; listed points cover what they cover."""
    from mesa_lab.preparation.designs import Table
    from mesa_lab.preparation.parameters.space import Integer, Real

    if isinstance(experiment.design, Table):
        return {}
    return {
        name: (given.low, given.high)
        for name, given in experiment.space.varied.items()
        if isinstance(given, Real | Integer)
        and not given.distribution
        and given.low is not None
        and given.high is not None
    }


def _span(values: Any, ends: tuple[float, float] | None) -> tuple[float, float]:
    numbers = [*values.tolist(), *(ends or ())]
    return min(numbers, default=0), max(numbers, default=0)


def _ticks(span: tuple[float, float], most: int, whole: bool, log: bool) -> dict[str, Any]:
    """Ticks where Vega's own would be too many, or below one where few whole numbers share an axis."""
    low, high = span
    if log and low > 0:
        powers = [
            10.0**power for power in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
        ]
        return {"values": powers} if len(powers) > 1 else {}
    if not whole:
        return {}
    few = {"values": list(range(int(low), int(high) + 1))} if high - low < most else {"tickMinStep": 1}
    return {"format": ",d", **few}


def _is_numeric(values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values.tolist())
