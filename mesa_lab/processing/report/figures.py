"""The charts of a report: pictures inside the page, light and dark, each with its numbers in a table."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import label
from mesa_lab.processing.analysis.main_effects import influence
from mesa_lab.processing.charts import ChartKind, find_chart, readable
from mesa_lab.processing.charts.caption import first_upper
from mesa_lab.processing.export.chart_image import render
from mesa_lab.processing.report.tables import MOST_ROWS, as_table
from mesa_lab.processing.tables.column_names import level_codes

if TYPE_CHECKING:
    from mesa_lab.processing.results import Results

__all__ = ["data_uri", "section"]

_FEW_LEVELS: Final = 5


def section(results: Results, outcome: str) -> dict[str, Any]:
    """The charts of one outcome: over time, against what matters most, over two parameters, spread."""
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
    for kind, options in wanted:
        try:
            figures.append(_figure(results, find_chart(kind), outcome, options))
        except MesaLabError:  # such as a series of what was measured at the end only
            continue
    shares = [
        (label(str(name)), f"{share:.0%}")
        for name, share in zip(ranking["parameter"], ranking["share"].to_numpy(dtype=np.float64), strict=True)
        if np.isfinite(share)
    ]
    return {"name": first_upper(label(outcome)), "raw": outcome, "figures": figures, "shares": shares[:8]}


def _is_coarse(results: Results, name: str) -> bool:
    """Whether a parameter has so few levels that a line for each can be followed."""
    return len(level_codes(results.points[results.columns[name]])[1]) <= _FEW_LEVELS


def _figure(results: Results, kind: ChartKind, outcome: str, options: dict[str, Any]) -> dict[str, Any]:
    import altair as alt

    table = kind.table(results, outcome, **options)
    caption = table.attrs["chart"]
    pictures = {}
    for theme in ("light", "dark"):
        chart: Any = kind.draw(table, theme=theme, interactive=False, **_SIZES.get(kind.name, {}))
        chart.title = alt.Undefined  # the page says it, in text that can be found and wrapped
        chart.background = "transparent"
        pictures[theme] = data_uri("image/svg+xml", str(render(chart, "svg")).encode())
    shown = readable(table)
    return {
        "title": caption["title"],
        "text": " ".join(caption["subtitle"]),
        "alt": caption["alt"],
        "wide": kind.name in ("series", "design"),
        **pictures,
        "table": as_table(
            shown.head(MOST_ROWS),
            caption["title"],
            f"The first {MOST_ROWS} of {len(shown):,} rows." if len(shown) > MOST_ROWS else "",
        ),
    }


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
