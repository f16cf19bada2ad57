"""The settings that a search has tried, over the space, and those that it tries next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import measure_label, plural, shorten, show
from mesa_lab.processing.analysis.conclusion import ConclusionChart
from mesa_lab.processing.analysis.observations import observe
from mesa_lab.processing.charts.caption import caption, number_format
from mesa_lab.processing.charts.theme import finish, gradient, theme_of
from mesa_lab.processing.charts.tooltips import tooltips

if TYPE_CHECKING:
    import altair as alt

    from mesa_lab.processing.tables.column_reader import Reader
    from mesa_lab.processing.tables.search_record import SearchRecord

__all__ = ["Next", "next_settings", "settings_tried"]

_MOST: Final = 2000
"""Marks of the chart: the latest ones."""
_NAMED: Final = 6
"""Parameters that a setting is called by."""
_WAITS: Final = "asked for now"


@dataclass(frozen=True)
class Next:
    """A setting that runs now, or soon.

    Attributes:
        point: Its number.
        name: Its values.
        runs: How many of its runs are asked for and not done.
        is_new: Whether it has no result yet.
    """

    point: int
    name: str
    runs: int
    is_new: bool


def next_settings(results: Reader, record: SearchRecord) -> list[Next]:
    """Return the settings whose runs were asked for and have no result, in the order in which they were asked for.

    Args:
        results: The results.
        record: The search.

    Example:
        >>> import mesa_lab as ml
        >>> model = ml.Experiment("mesa.examples:Schelling", {"density": ml.Real(0.5, 0.9)}, max_steps=3)
        >>> search = ml.Search(model, ml.Optimise("happy", goal="max", engine="random"), budget=8)
        >>> found = ml.search(search, n_jobs=1, progress=False)
        >>> next_settings(found, found.searched)
        []
    """
    base = results.base
    done = set(zip(base["point"].tolist(), base["replication"].tolist(), strict=True))
    measured = {point for point, _ in done}
    waiting: dict[int, int] = {}
    for batch in record.batches[-3:]:  # an empty one may stand between the two that are under way
        for point, first, stop in batch.runs:
            left = sum((point, replication) not in done for replication in range(first, stop))
            if left:
                waiting[point] = waiting.get(point, 0) + left
    points = results.points
    return [
        Next(point, _name(points, point), runs, point not in measured)
        for point, runs in waiting.items()
        if point in points.index
    ]


def _name(points: pd.DataFrame, point: int) -> str:
    # Cell by cell: a row of whole numbers and others is one of floats.
    named = [
        f"{shorten(str(name))} {shorten(show(points.at[point, name]))}" for name in points.columns[:_NAMED]
    ]
    return ", ".join(named) + (", …" if len(points.columns) > _NAMED else "") or f"point {point}"


def settings_tried(
    results: Reader, record: SearchRecord, across: str = "", up: str = ""
) -> ConclusionChart | None:
    """Return the settings over two parameters, coloured by what they gave, and those that are asked for now.

    Where one parameter varies they are drawn over it and the outcome.

    Args:
        results: The results.
        record: The search.
        across: The parameter from left to right; the first one where there is none of that name.
        up: The parameter from below to above; the next one where there is none of that name.

    Returns:
        The chart; None where nothing varies, or nothing was asked for.
    """
    names = list(results.columns)
    if not names or not record.outcomes or not len(results.points):
        return None
    across = across if across in names else names[0]
    others = [name for name in names if name != across]
    up = up if up in others else next(iter(others), "")
    outcome, points = record.outcomes[0], results.points
    mean, count = np.full(len(points), np.nan), np.zeros(len(points), int)
    try:
        observed = observe(results, outcome)
        mean, count = observed.mean, observed.count
    except MesaLabError:  # no number yet
        pass
    waiting = {each.point for each in next_settings(results, record)} if record.over is None else set()
    label = measure_label(outcome, results.outcomes)
    rows = pd.DataFrame(
        {
            "x": points[results.columns[across]].to_numpy(),
            "y": points[results.columns[up]].to_numpy() if up else mean,
            "value": mean,
            "n": count,
            "point": points.index.to_numpy(),
            "status": [_WAITS if point in waiting else "tried" for point in points.index],
        }
    )
    rows = pd.DataFrame(rows[(rows["n"] > 0) | (rows["status"] == _WAITS)]).tail(_MOST)
    if rows.empty:
        return None
    number = int((rows["status"] == _WAITS).sum())
    sentences = [f"Each point is a setting, by the mean of {label}." if up else "Each point is a setting."]
    if number:
        sentences.append(f"Rings: {plural(number, 'setting')} with runs that are asked for now.")
    if len(names) > 2:
        sentences.append("Other parameters differ between them.")
    rows = caption(
        rows.reset_index(drop=True),
        "tried",
        "The settings tried",
        sentences,
        {
            "point": "point",
            "x": across,
            **({"y": up} if up else {}),
            "value": label,
            "n": "runs",
            "status": "status",
        },
        up=up or label,
        plane=bool(up),
    )
    return ConclusionChart("tried", "The settings tried", rows, _draw)


def _draw(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 420,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    labels = about["columns"]
    numeric = {name for name in ("x", "y") if _is_number(table[name])}
    formats = {"point": ",d", "n": ",d", "value": number_format(table["value"])}
    formats |= {name: number_format(table[name]) for name in numeric}
    tips = tooltips(
        labels, {name: each for name, each in formats.items() if name in labels}, interactive=interactive
    )

    def axis(name: str, kind: Any, title: str) -> Any:
        if name in numeric:
            return kind(f"{name}:Q", title=title, scale=alt.Scale(zero=False, padding=10))
        return kind(f"{name}:N", title=title, axis=alt.Axis(labelLimit=140, labelAngle=0))

    x, y = axis("x", alt.X, labels["x"]), axis("y", alt.Y, about["up"])
    base = alt.Chart(table)
    known = base.transform_filter("isValid(datum.value)")
    marks = known.mark_point(filled=True, size=60, opacity=0.85)
    colour: Any = (
        alt.Color("value:Q", title=labels["value"], scale=gradient(share=False))
        if about["plane"] and table["value"].notna().any()
        else alt.value(look.accent)
    )
    waiting = base.transform_filter(f"datum.status === '{_WAITS}'")
    layers: list[Any] = [marks.encode(x=x, y=y, color=colour, tooltip=tips)]
    if about["plane"] or table.loc[table["status"] == _WAITS, "value"].notna().any():
        rings = waiting if about["plane"] else waiting.transform_filter("isValid(datum.value)")
        layers.append(
            rings.mark_point(filled=False, size=150, strokeWidth=2, opacity=1, color=look.colours[1]).encode(
                x=x, y=y, tooltip=tips
            )
        )
    if not about["plane"]:
        new = waiting.transform_filter("!isValid(datum.value)")
        layers.append(
            new.mark_rule(strokeDash=[4, 4], strokeWidth=2, color=look.colours[1]).encode(x=x, tooltip=tips)
        )
    return finish(alt.layer(*layers, width=width, height=height or 300), table, look, width)


def _is_number(values: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
