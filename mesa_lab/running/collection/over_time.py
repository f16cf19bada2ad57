"""Outcomes over time: what is kept of an outcome along a run, so that one number can be given at its end.

A number is kept for each step at which the outcome was measured; values that are none, and the steps of the warm-up, are
left out. Nothing grows with the length of a run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mesa_lab.preparation.outcome_kinds.over_time import OverTime
from mesa_lab.preparation.outcomes import Outcome
from mesa_lab.running.collection.notes import Notes
from mesa_lab.study.records import Scalar

__all__ = ["Summaries"]


class Summaries:
    """The outcomes over time of one run.

    Args:
        asked: Outcomes by name.
        notes: Where to note what cannot be counted.
    """

    def __init__(self, asked: Mapping[str, Outcome], notes: Notes) -> None:
        self._notes = notes
        self._kept = {name: _kept(said) for name, outcome in asked.items() if (said := outcome.over_time)}

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, current: dict[str, Scalar], step: int, value_of: Callable[[str], Any]) -> None:
        """Count one step, and take the values of the moment out of its row.

        Args:
            current: The values of this step by outcome.
            step: The step.
            value_of: Returns what a condition means by a name.
        """
        for name, kept in self._kept.items():
            measured = name in current
            value = current.pop(name, None)
            if step < kept.said.warm_up:
                if kept.said.carried and measured:
                    kept.remember(value)
                continue
            try:
                if kept.said.condition is not None:
                    names = kept.said.condition.names
                    value, measured = (
                        kept.said.condition.evaluate({each: value_of(each) for each in names}),
                        True,
                    )
                if measured:
                    kept.take(value, step)
            except Exception as error:
                self._notes.add(name, step, error)

    def results(self, steps: int, limit: float) -> dict[str, Scalar]:
        """Return the number of each outcome at the end of a run.

        Args:
            steps: How many steps the run took.
            limit: After how many every run ends.
        """
        found = {}
        for name, kept in self._kept.items():
            if kept.said.carried and math.isfinite(limit) and steps < limit:
                kept.carry(int(limit) - max(steps, kept.said.warm_up - 1))
            found[name] = kept.result()
            if steps < kept.said.warm_up and not kept.said.carried:
                message = f"the run ended after {steps} steps, before its warm-up of {kept.said.warm_up}"
                self._notes.add(name, steps, ValueError(message))
        return found


class _Moments:
    """Mean, sum and standard deviation (Welford 1962, Technometrics 4: 419-420)."""

    def __init__(self, said: OverTime) -> None:
        self.said = said
        self._n, self._mean, self._squares = 0, 0.0, 0.0
        self._total: float = 0
        self._last: float | None = None

    def remember(self, value: Any) -> None:
        self._last = None if isinstance(value, str) else _number(value)

    def take(self, value: Any, step: int) -> None:
        self._last = number = _number(value)
        if number is None:
            return
        self._n += 1
        self._total += number
        off = number - self._mean
        self._mean += off / self._n
        self._squares += off * (number - self._mean)

    def carry(self, more: int) -> None:
        if self._last is None or more <= 0:
            return
        off, n = self._last - self._mean, self._n
        self._n += more
        self._total += self._last * more
        self._mean += off * more / self._n
        self._squares += off * off * n * more / self._n

    def result(self) -> Scalar:
        if not self._n:
            return None
        if self.said.statistic == "sum":
            return self._total
        if self.said.statistic == "mean":
            return self._total / self._n
        if not math.isfinite(self._total):
            return math.nan
        return math.sqrt(self._squares / (self._n - 1)) if self._n > 1 else None


class _Extreme:
    """The largest or smallest value, or the step at which it was reached first."""

    def __init__(self, said: OverTime) -> None:
        self.said = said
        self._is_larger = said.statistic.endswith("max")
        self._best: Any = None
        self._at: int | None = None
        self._last: Any = None

    def remember(self, value: Any) -> None:
        self._last = value

    def take(self, value: Any, step: int) -> None:
        if _number(value) is None:
            return
        if self._best is None or (value > self._best if self._is_larger else value < self._best):
            self._best, self._at = value, step

    def carry(self, more: int) -> None:
        # A later value is no larger than the largest; but the warm-up may have left nothing else.
        if self._best is None and more > 0 and self._last is not None:
            self.take(self._last, self.said.warm_up)

    def result(self) -> Scalar:
        return self._at if self.said.statistic.startswith("time") else self._best


class _First:
    """The step at which a condition first holds."""

    def __init__(self, said: OverTime) -> None:
        self.said = said
        self._at: int | None = None

    def remember(self, value: Any) -> None:
        """Of no use to a condition."""

    def take(self, value: Any, step: int) -> None:
        if self._at is None and bool(value):
            self._at = step

    def carry(self, more: int) -> None:
        """What did not hold at the end is not said to hold later."""

    def result(self) -> Scalar:
        return self._at


def _kept(said: OverTime) -> _Moments | _Extreme | _First:
    if said.condition is not None:
        return _First(said)
    return _Moments(said) if said.statistic in ("mean", "sum", "sd") else _Extreme(said)


def _number(value: Any) -> float | None:
    """Return a number; None for what is missing.

    Raises:
        TypeError: If it is text.
    """
    if value is None:
        return None
    if isinstance(value, str):
        raise TypeError(f"'{value:.40}' is no number, and outcomes over time are of numbers")
    if isinstance(value, int | np.integer):
        return int(value)
    number = float(value)
    return None if math.isnan(number) else number
