"""The chart component: any altair chart, in Solara and in Jupyter, without internet.

Solara's own component draws with Vega-Lite 5 from a public server and flips altair's process-wide
renderer; altair's widget carries 1.8 MB of JavaScript for each chart. Here one small Vue component
(`assets/chart.js`) and one Vega bundle of the version that altair writes for (`assets/vendor/vega.js`)
are ES modules that a page loads once. A chart is sent as JSON text and only when it changed. Altair's
settings stay as they are: neither renderer nor theme is touched, and the data transformer only for
the moment of conversion, under a lock.

This module knows altair and Solara; it must not know what charts show.
"""

import json
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import solara

from mesa_lab.app.javascript import define_modules, vega
from mesa_lab.app.telemetry import hush
from mesa_lab.processing.charts.tooltips import with_plain_texts

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    Drawable = alt.TopLevelMixin | Mapping[str, Any] | "Converted" | None

__all__ = ["Chart", "Converted", "converted", "specification"]

# A browser draws this many marks in about a second; charts of more want aggregates.
MAX_ROWS = 20_000
SHOWN_ROWS = 200
HEIGHT = 220

_altair_settings = threading.Lock()

# Here, because whatever shows something of Mesa Lab in a notebook shows charts.
hush()


@solara.component
def Chart(
    chart: "Drawable",
    label: str,
    *,
    table: "pd.DataFrame | None" = None,
    filename: str = "chart",
    empty: str = "Nothing to show yet.",
    actions: bool = True,
    hint: str = "",
    on_click: Callable[[dict[str, Any]], None] | None = None,
    on_select: Callable[[str, Any], None] | None = None,
) -> None:
    """Draw an altair chart, with its data table and downloads beside it.

    Keep the chart object between renders (`solara.use_memo` on what it depends on): the same object
    is not converted again, and an equal specification is not sent again.

    Args:
        chart: An altair chart, a Vega-Lite specification, one that is `converted` already, or None while there is nothing to draw.
            With `width="container"` it takes the width of its surroundings.
        label: What the chart shows, in words: for screen readers, and for the names of the buttons.
        table: The data behind the chart, offered as a table and as CSV.
        filename: Name of downloaded files, without ending.
        empty: What to say while `chart` is None.
        actions: Whether to show the buttons for table and downloads.
        hint: What can be done with the marks, beside these buttons.
        on_click: Called with the datum of the mark that was clicked.
        on_select: Called with the name of a selection parameter of the chart and its value:
            {field: [low, high]} for a brush, {field: [values]} for points, None when it is undone.
    """
    solara.use_memo(define_modules, dependencies=[])
    text, problem = solara.use_memo(lambda: _text(chart), dependencies=[_Same(chart)])
    opened, set_opened = solara.use_state(False)
    saved, set_saved = solara.use_state(None)
    rows = solara.use_memo(
        lambda: _rows(table) if opened and table is not None else None, dependencies=[opened, _Same(table)]
    )

    def want(what: str) -> None:
        if what == "csv" and table is not None:
            count = saved["count"] + 1 if saved else 1
            set_saved({"count": count, "name": f"{filename}.csv", "text": table.to_csv(index=False)})
        else:
            set_opened(what == "table")

    _Figure(
        vega=vega(),
        spec=text,
        label=label,
        filename=filename,
        empty=problem or empty,
        height=_height(chart),
        actions=actions,
        hint=hint,
        clickable=on_click is not None,
        selectable=on_select is not None,
        has_table=table is not None,
        table=rows,
        saved=saved,
        event_point=on_click or _ignore,
        event_selection=lambda event: on_select(event["name"], event["value"]) if on_select else None,
        event_want=want,
    )


@solara.component_vue(esm_module="mesa-lab-chart")
def _Figure(
    vega: str,
    spec: str,
    label: str,
    filename: str,
    empty: str,
    height: int,
    actions: bool,
    hint: str,
    clickable: bool,
    selectable: bool,
    has_table: bool,
    table: dict[str, Any] | None,
    saved: dict[str, Any] | None,
    event_point: Callable[[dict[str, Any]], None],
    event_selection: Callable[[dict[str, Any]], None],
    event_want: Callable[[str], None],
) -> None:
    pass


def specification(chart: "alt.TopLevelMixin | Mapping[str, Any]") -> dict[str, Any]:
    """Return the Vega-Lite specification of a chart, its data included.

    Raises:
        ValueError: When its data have more rows than a browser can draw; the message says how many.
    """
    if isinstance(chart, Mapping):
        return with_plain_texts(chart)
    import altair as alt

    with _altair_settings, alt.data_transformers.enable("default", max_rows=MAX_ROWS):
        try:
            return with_plain_texts(chart.to_dict())
        except alt.MaxRowsError:
            raise ValueError(
                f"This chart has more than {MAX_ROWS:,} data points, too many for a browser. "
                "Show fewer runs or an aggregate."
            ) from None


@dataclass(frozen=True)
class Converted:
    """A chart as it is sent to a browser; several pages can show the same.

    Attributes:
        text: The specification as JSON; empty where there is none.
        problem: Why there is none.
        height: Of the chart, to be kept free until it is drawn.
    """

    text: str
    problem: str
    height: int


def converted(chart: "alt.TopLevelMixin | Mapping[str, Any]") -> Converted:
    """Convert a chart, which takes longer than all else about it: outside of a page's turn, and once for all that show it."""
    text, problem = _text(chart)
    return Converted(text, problem, _height(chart))


def _text(chart: "Drawable") -> tuple[str, str]:
    """Return the specification as JSON, or an empty text and why there is none."""
    if chart is None:
        return "", ""
    if isinstance(chart, Converted):
        return chart.text, chart.problem
    try:
        return json.dumps(specification(chart), separators=(",", ":"), allow_nan=False), ""
    except ValueError as problem:
        return "", str(problem)


def _height(chart: "Drawable") -> int:
    """Return the height to keep free, so that nothing jumps when the chart arrives."""
    height = chart.get("height") if isinstance(chart, Mapping) else getattr(chart, "height", None)
    return int(height) if isinstance(height, int | float) else HEIGHT


def _rows(table: "pd.DataFrame") -> dict[str, Any]:
    """Return the first rows of a table as plain values."""
    head = table.head(SHOWN_ROWS)
    rows = [[_plain(value) for value in row] for row in head.itertuples(index=False, name=None)]
    return {"columns": [str(name) for name in head.columns], "rows": rows, "total": len(table)}


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _ignore(_: object) -> None:
    pass


class _Same:
    """Compares by identity, so that `use_memo` neither compares tables nor charts by value."""

    def __init__(self, thing: object) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.thing is other.thing

    __hash__ = None  # type: ignore[assignment]
