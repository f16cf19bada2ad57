"""Charts of results: each computes one small table, then draws it.

A new chart is one file with a `table`, a `draw` and a `CHART`, and one line in `CHARTS` here (or an entry point in the
group `mesa_lab.charts` of another package). Charts take no more rows than altair allows, and say what they leave out.
"""

from __future__ import annotations

from typing import Final

from mesa_lab.errors import OutcomeError
from mesa_lab.plug_ins import find_named, load_plug_ins
from mesa_lab.processing.charts import design, distribution, effect, heatmap, outcomes, series
from mesa_lab.processing.charts.chart import ChartKind, readable

__all__ = ["CHARTS", "ENTRY_POINTS", "ChartKind", "all_charts", "find_chart", "readable"]

CHARTS: tuple[ChartKind, ...] = (
    series.CHART,
    effect.CHART,
    heatmap.CHART,
    distribution.CHART,
    design.CHART,
    outcomes.CHART,
)
ENTRY_POINTS: Final = "mesa_lab.charts"


def all_charts() -> tuple[ChartKind, ...]:
    """Return the charts of Mesa Lab, then those of installed packages.

    Raises:
        OutcomeError: If a package offers something that is no chart.
    """
    return (*CHARTS, *load_plug_ins(ENTRY_POINTS, "chart", ChartKind, OutcomeError))


def find_chart(name: str) -> ChartKind:
    """Find a kind of chart by its name.

    Raises:
        OutcomeError: If there is none, naming the nearest.
    """
    return find_named(name, CHARTS, all_charts, "chart", OutcomeError)
