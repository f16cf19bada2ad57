"""The series of one run: one list for each outcome, with one value for each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mesa_lab.study.records import Cell

__all__ = ["Series", "time_of"]


@dataclass(slots=True)
class Series:
    """The rows of one run, as columns.

    Attributes:
        steps: The step of each row.
        times: The simulated time of each, None where the model has none.
        columns: Values by outcome.
    """

    steps: list[int] = field(default_factory=list)
    times: list[float | None] = field(default_factory=list)
    columns: dict[str, list[Cell]] = field(default_factory=dict)

    def append(
        self, step: int, time: float | None, values: Mapping[str, Cell], missing_count: int | None = None
    ) -> None:
        """Add a row.

        Args:
            step: Its step.
            time: Its simulated time.
            values: Values by outcome; columns that are not among them get None.
            missing_count: What an outcome such as `count(Wolf)` was in the rows before there was a value of it.
        """
        if values.keys() != self.columns.keys():
            for name in values:
                if name not in self.columns:
                    missing = missing_count if name.startswith("count(") else None
                    self.columns[name] = [missing] * len(self.steps)
        for name, column in self.columns.items():
            column.append(values.get(name))
        self.steps.append(step)
        self.times.append(time)


def time_of(model: Any) -> float | None:
    """The simulated time, None when the model has none."""
    try:
        return float(model.time)
    except (AttributeError, TypeError, ValueError):
        return None
