"""The charts of a report: pictures inside the page, light and dark, each with its numbers in a table."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mesa_lab.errors import MesaLabError, StudyFormatError
from mesa_lab.formatting import label, opening, percent
from mesa_lab.processing.charts import CHARTS, ChartKind, find_chart, readable
from mesa_lab.processing.charts.theme import BOTH, THEMES, in_theme
from mesa_lab.processing.export.chart_image import convert
from mesa_lab.processing.report.tables import MOST_ROWS, as_table
from mesa_lab.processing.statistics.main_effects import influence
from mesa_lab.processing.tables.column_names import level_codes

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.processing.result_tables import ResultTables

__all__ = ["data_uri", "sections"]

_FEW_LEVELS: Final = 5


def sections(
    results: ResultTables, outcomes: Sequence[str], begins: Callable[[int], object]
) -> list[dict[str, Any]]:
    """Return the charts of each outcome: over time, against what matters most, over two parameters, spread.

    One thread makes pictures of charts while this one prepares the next.

    Args:
        results: The results.
        outcomes: The outcomes.
        begins: Called with the place of each outcome before its charts are made.
    """
    made = []
    with ThreadPoolExecutor(1, thread_name_prefix="mesa-lab-pictures") as converter:
        for place, outcome in enumerate(outcomes):
            begins(place)
            made.append(_section(results, outcome, converter))
    for each in made:
        for figure in each["figures"]:
            figure |= figure.pop("pictures")()
    return made


def _section(results: ResultTables, outcome: str, converter: Executor) -> dict[str, Any]:
    ranking = influence(results, outcome)
    order = [str(name) for name in ranking["parameter"]]
    wanted: list[tuple[str, dict[str, Any]]] = [("series", {})]
    coarse = [name for name in order if _is_coarse(results, name)]
    for name in order[:2]:
        others = [other for other in coarse if other != name]
        wanted.append(("effect", {"parameter": name, "by": others[0] if others else None}))
    if len(order) >= 2:
        wanted.append(("heatmap", {"x": order[0], "y": order[1]}))
    wanted.append(("distribution", {}))
    if len(order) >= 3:
        wanted.append(("design", {}))
    figures = []
    damage = ""
    for kind, options in wanted:
        try:
            figures.append(_figure(results, find_chart(kind), outcome, options, converter))
        except StudyFormatError as error:
            damage = str(error)
        except MesaLabError:  # such as a series of what was measured at the end only
            continue
    shares = [
        (label(str(name)), percent(share))
        for name, share in zip(ranking["parameter"], ranking["share"].to_numpy(dtype=np.float64), strict=True)
        if np.isfinite(share)
    ]
    return {
        "name": opening(label(outcome)),
        "raw": outcome,
        "figures": figures,
        "shares": shares[:8],
        "damage": damage,
    }


def _is_coarse(results: ResultTables, name: str) -> bool:
    """Whether a parameter has so few levels that a line for each can be followed."""
    return len(level_codes(results.points[results.columns[name]])[1]) <= _FEW_LEVELS


def _figure(
    results: ResultTables, kind: ChartKind, outcome: str, options: dict[str, Any], converter: Executor
) -> dict[str, Any]:
    table = kind.table(results, outcome, **options)
    caption = table.attrs["chart"]
    shown = readable(table)
    return {
        "title": caption["title"],
        "text": " ".join(caption["subtitle"]),
        "alt": caption["alt"],
        "wide": kind.name in ("series", "design"),
        "pictures": _pictures(kind, table, converter),
        "table": as_table(
            shown.head(MOST_ROWS),
            caption["title"],
            f"The first {MOST_ROWS} of {len(shown):,} rows." if len(shown) > MOST_ROWS else "",
        ),
    }


def _pictures(kind: ChartKind, table: pd.DataFrame, converter: Executor) -> Callable[[], dict[str, str]]:
    """Begin with the pictures of a chart, light and dark; the function that is returned waits for them."""

    def begin(theme: str) -> Future[str]:
        import altair as alt

        chart: Any = kind.draw(table, theme=theme, interactive=False, **_SIZES.get(kind.name, {}))
        chart.title = alt.Undefined  # the page says it, in text that can be found and wrapped
        chart.background = "transparent"
        return converter.submit(lambda spec: str(convert(spec, "svg")), chart.to_dict(validate=False))

    if kind in CHARTS:
        svg = begin(BOTH)
        return lambda: {name: _uri(in_theme(svg.result(), name)) for name in THEMES}
    svgs = {name: begin(name) for name in THEMES}  # a chart of another package may have colours of its own
    return lambda: {name: _uri(svg.result()) for name, svg in svgs.items()}


def _uri(svg: str) -> str:
    return data_uri("image/svg+xml", svg.encode())


_SIZES: Final[dict[str, dict[str, int]]] = {
    "series": {"width": 880, "height": 280},
    "effect": {"width": 430, "height": 250},
    "heatmap": {"width": 340, "height": 250},
    "distribution": {"width": 400},
    "design": {"width": 640},
}


def data_uri(kind: str, content: bytes) -> str:
    """Put a file into an address, so that the page holds it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
