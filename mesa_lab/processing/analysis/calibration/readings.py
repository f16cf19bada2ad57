"""What runs gave after certain steps, to be compared with observed series."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mesa_lab.processing.tables.source import ResultsSource

__all__ = ["values_after"]


def values_after(
    source: ResultsSource, readings: Mapping[str, tuple[str, int]], run_ids: Sequence[int] | None = None
) -> dict[int, dict[str, float]]:
    """Return for each run what outcomes were after some steps.

    A run that ended before a step keeps its last value: most models end where nothing changes any more.

    Args:
        source: What is read.
        readings: By name the outcome and the step.
        run_ids: Runs to read; None for all.

    Returns:
        By run and name a number; NaN where the run has none.
    """
    outcomes = list(dict.fromkeys(outcome for outcome, _ in readings.values()))
    found: dict[int, dict[str, float]] = {}
    for block in source.series_blocks(run_ids, outcomes):
        table = block.table()
        ids = table.column("run_id").to_numpy()
        steps = table.column("step").to_numpy()
        starts = (
            np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]])) if len(ids) else np.zeros(0, int)
        )
        columns = {name: _floats(table.column(name)) for name in outcomes if name in table.column_names}
        for first, stop in zip(starts, [*starts[1:], len(ids)], strict=True):
            row = found.setdefault(int(ids[first]), dict.fromkeys(readings, math.nan))
            for name, (outcome, step) in readings.items():
                place = int(np.searchsorted(steps[first:stop], step, side="right")) - 1
                if outcome in columns and place >= 0:
                    row[name] = float(columns[outcome][first + place])
    return found


def _floats(column: Any) -> Any:
    try:
        return np.asarray(column.to_pandas().astype("float64"))
    except (TypeError, ValueError):  # texts, lists
        return np.full(len(column), math.nan)
