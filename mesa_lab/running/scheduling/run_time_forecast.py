"""How long a run will take, as learned from those that are done: of its own point, or of the nearest in the design.

Run times differ by the parameters, mostly smoothly or in one corner, so that the nearest points that are known are a
fair guess (k nearest neighbours; Fix and Hodges, 1951). A wrong guess costs some waiting, never a result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from mesa_lab.study.records import RunRecord, Task

__all__ = ["Forecast"]

_NEIGHBOURS = 3
_UNEVEN = 4.0
"""A run that takes so many times longer than usual should not be the last to start."""
_FIRST_GUESS = 16
_MOST_POINTS = 100_000
_MOST_NEIGHBOURS = 20_000


class Forecast:
    """Learns run times by point.

    Args:
        least: Seconds below which it does not matter when a run starts.

    Attributes:
        longest: What the longest run took.
    """

    def __init__(self, least: float) -> None:
        self._least = least
        self._known: dict[int, float] = {}
        self._parameters: dict[int, Mapping[str, Any]] = {}
        self._total = self.longest = 0.0
        self._runs = 0
        self._due = _FIRST_GUESS
        self._expected: set[int] = set()
        self._surprises, self._too_many = 0, 1

    def meet(self, tasks: Iterable[Task]) -> None:
        """Take note of points whose run times may be learned later."""
        if len(self._parameters) < _MOST_NEIGHBOURS:
            self._parameters.update((task.point, task.parameters) for task in tasks)

    def learn(self, runs: Iterable[RunRecord]) -> bool:
        """Learn from runs that are done.

        Args:
            runs: The runs.

        Returns:
            Whether guesses about other points have become much better.
        """
        if len(self._known) >= _MOST_POINTS:
            return False
        seconds = {run.point: run.init_seconds + run.run_seconds for run in runs}
        self._known.update(seconds)
        self._runs += len(seconds)
        self._total += sum(seconds.values())
        self.longest = max(self.longest, *seconds.values(), 0.0)
        limit = self.limit
        self._surprises += sum(
            time > limit and point not in self._expected for point, time in seconds.items()
        )
        # Each time twice as much is needed, so that guessing costs little where nothing can be guessed.
        if self._runs >= self._due:
            self._due = 2 * self._runs
        elif self._surprises >= self._too_many:
            self._too_many = 2 * self._surprises
        else:
            return False
        return self.longest > self.limit

    def seconds(self, tasks: Sequence[Task]) -> list[float]:
        """Guess how long runs will take.

        Args:
            tasks: The runs.

        Returns:
            Seconds for each: what its point took last time; else what the nearest points took on average if that is
            much longer than usual; else the usual time.
        """
        usual = self._usual
        known = [self._known.get(task.point) for task in tasks]
        if self.longest > self.limit and None in known:
            guesses = self._guesses(tasks, usual)
            self._expected |= {
                task.point for task, guess in zip(tasks, guesses, strict=True) if guess > usual
            }
            return [guess if own is None else own for own, guess in zip(known, guesses, strict=True)]
        return [usual if own is None else own for own in known]

    @property
    def limit(self) -> float:
        """Seconds from which a run should not be the last to start."""
        return max(self._least, _UNEVEN * self._usual)

    @property
    def _usual(self) -> float:
        return self._total / self._runs if self._runs else 0.0

    def _guesses(self, tasks: Sequence[Task], usual: float) -> list[float]:
        learned = [point for point in self._known if point in self._parameters]
        if len(learned) < _FIRST_GUESS:
            return [usual] * len(tasks)
        rows = [*(self._parameters[point] for point in learned), *(task.parameters for task in tasks)]
        places = _places(rows)
        _, nearest = KDTree(places[: len(learned)]).query(places[len(learned) :], k=_NEIGHBOURS)
        times = np.array([self._known[point] for point in learned])[nearest].mean(axis=1)
        return [float(time) if time > _UNEVEN / 2 * usual else usual for time in times.tolist()]


def _places(rows: Sequence[Mapping[str, Any]]) -> npt.NDArray[np.float64]:
    """Place parameters in a unit cube: numbers by their rank, anything else in the order in which it appears."""
    columns = [np.zeros(len(rows))]
    for name in rows[0]:
        values = [row.get(name) for row in rows]
        try:
            numbers = np.asarray(values, np.float64)
        except (TypeError, ValueError, OverflowError):
            numbers = np.empty(0)
        if numbers.shape != (len(rows),) or np.isnan(numbers).any():
            codes: dict[str, int] = {}
            numbers = np.array([codes.setdefault(repr(value), len(codes)) for value in values], np.float64)
        ranks = np.unique(numbers, return_inverse=True)[1]
        if ranks.max() > 0:
            columns.append(ranks / ranks.max())
    return np.column_stack(columns)
