"""Where an optimisation stands: what its runs say of each setting, which is best, and which runs confirm it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.formatting import plural
from mesa_lab.preparation.expressions.parse import compile_expression
from mesa_lab.processing.analysis.best.correction import FEW, bounds_together
from mesa_lab.processing.analysis.observations import Observations, observe
from mesa_lab.processing.analysis.point_names import name_of, numbers_of
from mesa_lab.processing.statistics.group_statistics import statistics

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader
    from mesa_lab.processing.tables.search_record import SearchRecord

__all__ = ["Standing", "in_words"]

type Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Standing:
    """Where an optimisation of one outcome stands.

    Attributes:
        results: The results.
        record: The search.
        outcome: What was optimised.
        level: Level of the intervals.
    """

    results: Reader
    record: SearchRecord
    outcome: str
    level: float = 0.95

    @cached_property
    def sign(self) -> float:
        """1 where less is better, -1 where more is."""
        return -1.0 if self.record.goals.get(self.outcome) == "max" else 1.0

    @cached_property
    def observed(self) -> Observations:
        """The outcome at all points."""
        return observe(self.results, self.outcome)

    @cached_property
    def numbers(self) -> list[int]:
        """The number of each point."""
        return numbers_of(self.observed, self.results)

    @cached_property
    def fresh(self) -> npt.NDArray[np.bool_]:
        """Which runs have seeds that no point had when the winner was chosen: those that confirm."""
        return self._runs_of("confirm")

    @cached_property
    def picked(self) -> npt.NDArray[np.bool_]:
        """Which runs chose among the last few."""
        return self._runs_of("select")

    def _runs_of(self, phase: str) -> npt.NDArray[np.bool_]:
        found = np.zeros(self.observed.values.shape, np.bool_)
        batch = self.record.phase(phase)
        rows = {number: row for row, number in enumerate(self.numbers)}
        for point, first, stop in batch.runs if batch is not None else ():
            if point in rows:
                found[rows[point], first:stop] = True
        return found

    def of(self, which: npt.NDArray[np.bool_]) -> pd.DataFrame:
        """Return n, mean, ci_low and ci_high of some of the runs, one row for each point."""
        row, column = np.nonzero(which & np.isfinite(self.observed.values))
        found: pd.DataFrame = statistics(
            self.observed.values[row, column],
            row,
            self.observed.n_points,
            self.level,
            is_share=self.observed.is_share,
        )
        return found

    @cached_property
    def confirmed(self) -> pd.DataFrame:
        """The statistics of the runs that confirm."""
        return self.of(self.fresh)

    @cached_property
    def before(self) -> pd.DataFrame:
        """The statistics of the runs that were there before, which made a point win."""
        return self.of(~self.fresh)

    def before_it_is_confirmed(self) -> tuple[float, float]:
        """Return an interval of the winner's mean by the runs before, which allows for its being the best of so many.

        The search gives contenders more runs, so that who wins and how many runs that took depend on luck: the bounds of
        all settings together hold whatever the rule. NaN with fewer runs than tell a spread.
        """
        own = -self.sign * np.where(self.fresh, np.nan, self.observed.values)[self.winner]
        is_share = self.observed.is_share
        if np.isfinite(own).sum() < FEW:
            return float("nan"), float("nan")
        own = own + 1.0 if is_share and self.sign > 0 else own
        tried = int((self.before["n"] > 0).sum())
        low, high = bounds_together(own, tried, level=self.level, is_share=is_share)
        if self.sign < 0:
            return low, high
        whole = 1.0 if is_share else 0.0
        return whole - high, whole - low

    @cached_property
    def believed(self) -> Floats:
        """The loss of each point by the runs before, few runs moved towards the mean of all: the best of many is a lucky one."""
        return _steadied(
            self.sign * self.before["mean"].to_numpy(float), self.observed, self.before["n"].to_numpy(float)
        )

    @cached_property
    def order(self) -> npt.NDArray[np.int64]:
        """The rows of the points, the best first: what was confirmed, the last few by their runs of then, the others."""
        last = self.of(self.picked)["mean"].to_numpy(float) * self.sign
        rank = np.where(self.fresh.any(axis=1), 0, np.where(self.picked.any(axis=1), 1, 3 - self.keeps))
        key = np.where(rank == 1, last, self.believed)
        return np.lexsort((np.where(np.isfinite(key), key, np.inf), rank)).astype(np.int64)

    @property
    def winner(self) -> int:
        """The row of the best point."""
        return int(self.order[0])

    @property
    def is_confirmed(self) -> bool:
        """Whether the winner has fresh runs with a value."""
        return int(self.confirmed["n"].iloc[self.winner]) > 0

    @property
    def name(self) -> str:
        """What the best setting is called."""
        return name_of(self.observed, self.winner, self.numbers[self.winner])

    @cached_property
    def conditions(self) -> tuple[str, ...]:
        """The conditions on outcomes."""
        texts = self.record.settings.get("subject_to") or ()
        return (texts,) if isinstance(texts, str) else tuple(map(str, texts))

    @cached_property
    def share_kept(self) -> Floats:
        """In which share of the runs of each point the conditions hold; failed runs count as not held."""
        results = self.results
        holds = results.done.copy()
        for text in self.conditions:
            expression = compile_expression(text)
            values = {
                name: pd.to_numeric(results.values(name), errors="coerce").to_numpy(float)
                for name in expression.names
            }
            known = np.all([np.isfinite(each) for each in values.values()], axis=0)
            filled = {name: np.where(known, each, 0.0) for name, each in values.items()}
            holds &= known & np.asarray(expression.evaluate(filled), dtype=bool)
        rows, n = results.point_rows, self.observed.n_points
        counts = np.bincount(rows, minlength=n)
        return np.bincount(rows, weights=holds, minlength=n) / np.maximum(counts, 1)

    @property
    def wanted(self) -> float:
        """In which share of the runs the conditions must hold."""
        share = self.record.settings.get("holds_in", 0.9)
        return float(share) if isinstance(share, int | float) else 0.9

    @cached_property
    def keeps(self) -> npt.NDArray[np.bool_]:
        """Which points keep the conditions; all where none does, or there are none."""
        found = self.share_kept >= self.wanted
        return found if self.conditions and found.any() else np.ones(self.observed.n_points, np.bool_)

    def so_far(self) -> pd.DataFrame:
        """Return the points in the order in which they were tried: point, run, value, n, best (so far)."""
        asked = self.record.first_runs()
        rows = pd.DataFrame(
            {
                "point": self.numbers,
                "run": [asked.get(number, 0) for number in self.numbers],
                "value": self.observed.mean,
                "n": self.observed.count,
                "loss": np.where(
                    self.keeps, _steadied(self.sign * self.observed.mean, self.observed), np.inf
                ),
            }
        )
        rows = pd.DataFrame(rows[np.isfinite(rows["value"])]).sort_values(
            "run", kind="stable", ignore_index=True
        )
        best = self.sign * np.minimum.accumulate(rows["loss"].to_numpy(float))
        rows["best"] = np.where(np.isfinite(best), best, np.nan)
        found: pd.DataFrame = rows.drop(columns="loss")
        return found


def _steadied(loss: Floats, observed: Observations, n: Floats | None = None) -> Floats:
    """Move means of few runs towards the mean of all points: the best of many means is a lucky one."""
    n = observed.count.astype(float) if n is None else n
    known = np.isfinite(loss) & (n > 0)
    within = observed.within
    if known.sum() < 3 or not np.isfinite(within):
        return loss
    noise = within / np.maximum(n, 1)
    between = max(float(loss[known].var() - noise[known].mean()), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = between / (between + noise) if between > 0 else np.zeros_like(noise)
    centre = float(loss[known].mean())
    return np.where(known, centre + weight * (loss - centre), np.nan)


def in_words(standing: Standing) -> str:
    """Return how far the search is: "Of 52 settings tried in 240 runs", "So far, …"."""
    record = standing.record
    done = int(standing.observed.n_runs)
    tried = int((standing.observed.count > 0).sum())
    start = "Of" if record.over is not None else "So far, of"
    return f"{start} {plural(tried, 'setting')} tried in {plural(done, 'run')}"
