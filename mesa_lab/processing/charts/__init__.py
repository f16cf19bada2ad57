"""Charts of results: each computes one small table, then draws it.

A new chart is one file with a `table`, a `draw` and a `CHART`, and one line in `CHARTS` here (or an entry point in the
group `mesa_lab.charts` of another package). Charts take no more rows than altair allows, and say what they leave out.
"""

from __future__ import annotations

from mesa_lab.errors import OutcomeError, suggest
from mesa_lab.processing.charts import design, distribution, effect, heatmap, series
from mesa_lab.processing.charts.chart import ChartKind, readable

__all__ = ["CHARTS", "ChartKind", "all_charts", "find_chart", "readable"]

CHARTS: tuple[ChartKind, ...] = (series.CHART, effect.CHART, heatmap.CHART, distribution.CHART, design.CHART)


def all_charts() -> tuple[ChartKind, ...]:
    """Return the charts of Mesa Lab and those that installed packages add."""
    from importlib.metadata import entry_points

    return CHARTS + tuple(entry.load() for entry in entry_points(group="mesa_lab.charts"))


def find_chart(name: str) -> ChartKind:
    """Find a kind of chart by its name.

    Raises:
        OutcomeError: If there is none, naming the nearest.
    """
    found = [kind for kind in CHARTS if kind.name == name]
    if not found:  # looking through what is installed takes 20 ms
        found = [kind for kind in all_charts() if kind.name == name]
    if found:
        return found[0]
    known = [kind.name for kind in all_charts()]
    raise OutcomeError(f"Unknown chart '{name}'. There are: {', '.join(known)}.{suggest(name, known)}")
