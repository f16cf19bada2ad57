"""What can be chosen about a chart, read from the chart itself, and what a click on one means.

Charts are a list that other packages add to. A page knows none of them by name: it offers those of
their options that it has a form for, and understands a mark by the fields that its datum has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mesa_lab.formatting import shorten

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.processing.charts import ChartKind
    from mesa_lab.workspace.shared_results import Opened

__all__ = [
    "Drawn",
    "Option",
    "brushed",
    "draw",
    "filling",
    "kinds_for",
    "leading_words",
    "options_of",
    "picked",
]

_BANDS = [("interval", "Confidence interval"), ("spread", "Middle 95 % of runs")]
_TITLES = {
    "by": "Tell apart by",
    "parameter": "Against",
    "x": "Across",
    "y": "Up",
    "band": "Band",
    "runs": "Behind the mean",
    "panels": "Outcomes",
}
_RUNS = ((None, "Nothing"), ("yes", "The runs"))
_PANELS = ((None, "As they fit"), ("together", "In one chart"), ("apart", "Side by side"))
_MEANT: dict[tuple[str, Any], Any] = {
    ("runs", "yes"): True,
    ("panels", "together"): False,
    ("panels", "apart"): True,
}
"""What words in an address mean to a chart."""
MOST_WIDTH = 2400


@dataclass(frozen=True)
class Option:
    """One thing to choose about a chart.

    Attributes:
        name: The option of the chart.
        title: What it is called.
        items: Values with their words.
        default: Which of them it is at first.
    """

    name: str
    title: str
    items: tuple[tuple[Any, str], ...]
    default: Any

    def settled(self, wanted: str | None) -> Any:
        """Return what to take: the wanted value where it is offered, else the default."""
        return wanted if wanted is not None and wanted in dict(self.items) else self.default


@dataclass(frozen=True, eq=False)
class Drawn:
    """A chart.

    Attributes:
        chart: An altair chart.
        table: What it shows, as it was computed.
        readable: The same with readable names.
        label: What it shows, in words.
        options: What it was made with.
    """

    chart: Any
    table: pd.DataFrame
    readable: pd.DataFrame
    label: str
    options: Mapping[str, Any] = field(default_factory=dict)


def kinds_for(opened: Opened) -> list[ChartKind]:
    """Return the charts that can be drawn with as many parameters as vary."""
    from mesa_lab.processing.charts import all_charts

    return [kind for kind in all_charts() if kind.parameters <= len(opened.parameters)]


def leading_words(opened: Opened, outcome: str) -> str:
    """Say which parameter is the most influential and how much so, in few words; takes a moment."""
    from mesa_lab.processing.statistics.main_effects import leading

    with opened.lock:
        first = leading(opened.results, outcome)
    return first.words if first is not None else ""


def options_of(kind: ChartKind, parameters: tuple[str, ...], points: int, leading: str = "") -> list[Option]:
    """Return what a page offers to choose about a chart.

    Args:
        kind: The chart.
        parameters: The varied parameters.
        points: How many design points there are.
        leading: What is known of the most influential parameter.
    """
    named = [(name, shorten(name, 30)) for name in parameters]
    found = []
    for name, default in kind.options.items():
        if name == "band":
            found.append(Option(name, _TITLES[name], tuple(_BANDS), default))
        elif name in ("parameter", "x", "y") and len(parameters) > (1 if name == "parameter" else 2):
            first = f"Most influential ({leading})" if leading and name != "y" else "Most influential"
            items = ((None, first if name != "y" else "Next most influential"), *named)
            found.append(Option(name, _TITLES[name], items, None))
        elif name == "runs":
            found.append(Option(name, _TITLES[name], _RUNS, None))
        elif name == "panels":
            found.append(Option(name, _TITLES[name], _PANELS, None))
        elif name == "by" and kind.parameters and len(parameters) > 1:
            found.append(Option(name, _TITLES[name], ((None, "Nothing"), *named), None))
        elif name == "by" and not kind.parameters and parameters and points > 1:
            items = ((None, "Automatic"), ("point", "Point"), *named, ("all", "Nothing"))
            found.append(Option(name, _TITLES[name], items, None))
    return found


def draw(
    opened: Opened, kind: ChartKind, outcome: str, options: Mapping[str, Any], *, dark: bool, width: int
) -> Drawn:
    """Compute and draw a chart; takes a moment, so not while a page is drawn.

    Raises:
        OutcomeError: If there is nothing to draw.
    """
    from mesa_lab.processing.charts import readable

    asked = {
        name: _MEANT.get((name, value), value)
        for name, value in options.items()
        if value is not None and name in kind.options
    }
    if asked.get("x") is not None and asked.get("x") == asked.get("y"):
        del asked["y"]
    with opened.lock:
        table = kind.table(opened.results, outcome, **asked)
    # Room for axes, and for a key at the side.
    room = {"design": 130, "heatmap": 190, "distribution": 210}.get(kind.name, 80)
    looks = {"theme": "dark" if dark else "light", "width": max(240, min(width - room, MOST_WIDTH))}
    if isinstance(kind.looks.get("height"), int):
        looks["height"] = max(kind.looks["height"], min(round(0.26 * width), 460))
    chart = kind.draw(table, **{name: value for name, value in looks.items() if name in kind.looks})
    chart = filling(chart, width)
    about = table.attrs.get("chart", {})
    shown = readable(table) if "columns" in about else table
    return Drawn(chart, table, shown, str(about.get("alt") or f"{kind.title}: {outcome}"), asked)


def filling(chart: Any, width: int) -> Any:
    """Make a chart of one view fill so many pixels, whatever its labels need; others are as wide as they were drawn."""
    import altair as alt

    if not isinstance(chart, alt.Chart | alt.LayerChart):
        return chart
    return chart.properties(
        width=max(240, min(width, MOST_WIDTH)), autosize={"type": "fit-x", "contains": "padding"}
    )


def picked(opened: Opened, drawn: Drawn, datum: Mapping[str, Any]) -> tuple[list[int], int | None]:
    """Return the points and the run that a clicked mark stands for; no points when it stands for none.

    What comes from a browser is not trusted: it only ever selects among what is there.
    """
    run = _whole(datum.get("run_id"))
    if run is not None and (opened.runs["run_id"] == run).any():
        return [], run
    point = _whole(datum.get("point"))
    points = opened.results.points
    if point is not None and point in points.index:
        return [point], None
    from mesa_lab.processing.charts.caption import points_of_mark

    marks = drawn.table.attrs.get("chart", {}).get("marks")
    return (points_of_mark(marks, datum) if marks else []), None


def brushed(drawn: Drawn, value: Any) -> list[int] | None:
    """Return the points within a brush, None when there is none."""
    if not isinstance(value, Mapping) or not value or "point" not in drawn.table.columns:
        return None
    table = drawn.table
    keep = table["point"].notna()
    for name, ends in value.items():
        if name not in table.columns or not isinstance(ends, list) or not ends:
            continue
        column = table[name]
        if len(ends) == 2 and all(_real(end) for end in ends) and column.dtype.kind in "iuf":
            keep &= column.between(min(ends), max(ends))
        else:
            keep &= column.isin(ends)
    return [int(point) for point in table["point"][keep].unique()]


def _real(value: Any) -> bool:
    return not isinstance(value, bool | str) and hasattr(value, "__float__")


def _whole(value: Any) -> int | None:
    return int(value) if _real(value) and float(value).is_integer() else None
