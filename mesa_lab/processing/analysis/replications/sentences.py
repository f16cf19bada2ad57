"""Sentences about replications: how precise the means are, and how many runs what is wanted takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from mesa_lab.formatting import number, plural
from mesa_lab.processing.analysis.next_runs import NextRuns
from mesa_lab.processing.analysis.observations import Observations
from mesa_lab.processing.analysis.phrases import outcome_phrase, percent, quantity
from mesa_lab.processing.analysis.replications.needed import Wanted, rounded_up
from mesa_lab.processing.statistics.intervals import FEWEST_FOR_BOOTSTRAP, skewed, unlike_share

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["Talk"]

_MOST_POINTS: Final = 0.875
"""A number of runs that is enough at so many of the points is worth a word of its own."""


@dataclass(frozen=True, eq=False)
class Talk:
    """What is known of the precision of means, and how it is said.

    Attributes:
        results: The results.
        outcome: The outcome.
        observed: The outcome at the points.
        table: One row for each point.
        aim: The half-widths that are wanted.
        precision: As asked for, as a part.
        within: As asked for, in units of the outcome.
        level: Level of the intervals.
        scale: What values were divided by.
    """

    results: Reader
    outcome: str
    observed: Observations
    table: pd.DataFrame
    aim: Wanted
    precision: float
    within: float | None
    level: float
    scale: float

    @cached_property
    def subject(self) -> str:
        """The outcome, as a sentence speaks of it."""
        phrase = outcome_phrase(self.results, self.outcome)
        return f"the share of {phrase}" if self.observed.is_share else phrase

    @cached_property
    def worst(self) -> int:
        """The row of the point that is farthest from what is wanted."""
        with np.errstate(all="ignore"):
            ratio = self.table["half_width"].to_numpy() / self.table["wanted"].to_numpy()
        ratio = np.where(
            np.isnan(self.table["half_width"]), -1.0, np.nan_to_num(ratio, nan=0.0, posinf=np.inf)
        )
        return int(np.argmax(ratio))

    @property
    def all_alike(self) -> bool:
        """Whether no two runs of a point differ."""
        return not (self.table["half_width"] > 0).any()

    @property
    def target(self) -> str:
        """What is wanted, as a sentence says it."""
        if self.within is not None:
            return f"±{self._amount(self.within)}"
        if self.aim.of_what == "share":
            return f"±{number(100 * self.precision, 3)} percentage points"
        if not self.aim.of_mean.any():
            return f"±{self._near}"
        return f"±{percent(self.precision)}" + ("" if self.aim.of_mean.all() else f" (±{self._near} near 0)")

    @property
    def _near(self) -> str:
        return quantity(float(f"{self.precision * self.aim.near * self.scale:.2g}"))

    def sentence(self) -> str:
        """Answer the question."""
        single = len(self.table) == 1
        if self.all_alike:
            return self._all_alike()
        runs = self._runs()
        where = "" if single else f" at the worst of {len(self.table):,} points"
        have = f"{runs} give {self.subject} to {self._precision(self.worst)}{where} ({percent(self.level)} interval)"
        needed = self.table["n_needed"].to_numpy(dtype=np.float64)
        if (self.table["steady_from"] > 0).all():
            most = int(needed.max())
            everywhere = "" if single else " everywhere"
            if most < int(self.table["n"].min()):
                return f"{have}. {self._upper(self.target)}{everywhere} was reached with {plural(most, 'run')} and held."
            return f"{have}, within the {self.target} asked for."
        return f"{have}. {self._how_many(needed)}"

    def _all_alike(self) -> str:
        n = int(self.table["n"].max())
        if len(self.table) == 1:
            value = quantity(float(self.table["mean"].iloc[0]))
            return f"All {plural(n, 'run')} give {self.subject} as {value}: no run differs from another."
        return (
            f"At each of {plural(len(self.table), 'point')} all runs (up to {n:,}) give the same {self.subject}: no run differs from "
            "another."
        )

    def _how_many(self, needed: np.ndarray) -> str:
        single = len(self.table) == 1
        known = needed[~np.isnan(needed)]
        everywhere = "" if single else " everywhere"
        most = float(known.max())
        if not math.isfinite(most):
            return f"For {self.target}{everywhere} more than any study can run would be needed."
        text = f"For {self.target}{everywhere} about {_text(most)} are needed"
        usual = float(np.quantile(known, _MOST_POINTS, method="inverted_cdf"))
        enough = int((known <= usual).sum())
        if len(known) >= 4 and usual <= 0.7 * most:
            text += f"; at {enough:,} of {len(known):,} points {_text(usual)} are enough"
        return f"{text}."

    def _runs(self) -> str:
        low, high = int(self.table["n"].min()), int(self.table["n"].max())
        what = "run" if len(self.table) == 1 else "replication"
        return plural(high, what) if low == high else f"{low:,} to {plural(high, what)}"

    def _precision(self, row: int) -> str:
        half, relative = self.table["half_width"].iloc[row], self.table["relative"].iloc[row]
        if self.aim.of_what == "share" or (self.observed.is_share and self.within is None):
            return f"±{number(100 * half, 2)} percentage points"
        if self.within is None and self.aim.of_mean[row] and math.isfinite(relative):
            return f"±{percent(float(f'{relative:.2g}'))}"
        return f"±{self._amount(half)}"

    def _amount(self, value: float) -> str:
        return quantity(float(f"{value:.2g}") if value != self.within else value)

    @staticmethod
    def _upper(text: str) -> str:
        return text[:1].upper() + text[1:]

    def warnings(self) -> tuple[str, ...]:
        """What a methodologist would object to."""
        said = []
        near = int((~self.aim.of_mean).sum())
        if self.aim.of_what == "mean" and near and not self.all_alike:
            size = quantity(self.aim.near * self.scale)
            what = (
                f"the usual standard deviation of runs, {size}"
                if self.aim.by_spread
                else f"{size}, a tenth of the usual mean"
            )
            where = (
                "The mean"
                if len(self.table) == 1
                else f"At {near:,} of {plural(len(self.table), 'point')} the mean"
            )
            said.append(
                f"{where} is near 0, below {what}: the half-width wanted there is {percent(self.precision)} of that, ±{self._near}, and "
                "not of the mean. Give one in the outcome's unit (within) where another is needed."
            )
        single = int((self.table["n"] < 2).sum())
        if single and not self.observed.is_share:
            said.append(
                f"{plural(single, 'point')} with one run {'has' if single == 1 else 'have'} no interval."
            )
        few = int(self.table["n"].max())
        if few < 5 and not self.observed.is_share:
            said.append(f"{few} runs hardly show how much runs differ: the numbers needed are rough guesses.")
        if self._skewed():
            said.append(
                "The runs are skewed: intervals of few runs hold the truth less often than they say, so take more rather than fewer."
            )
        return tuple(said)

    def _skewed(self) -> bool:
        """Whether the runs of at least a tenth of the points are clearly skewed, two at least: one of a few is so by chance."""
        values = self.observed.values
        if self.observed.is_share or values.shape[1] < FEWEST_FOR_BOOTSTRAP:
            return False
        point, _ = np.nonzero(np.isfinite(values))
        rest = values[np.isfinite(values)] - self.observed.mean[point]
        found = skewed(rest, point, self.observed.count)
        return bool(found.mean() > 0.1 and found.sum() >= min(2, len(found)))

    def unknown(self) -> tuple[str, ...]:
        """What the data cannot say."""
        said = []
        if self.all_alike:
            n = int(self.table["n"].min())
            said.append(
                f"Whether no run ever differs: where {plural(n, 'run')} of a point {'is' if n == 1 else 'are'} alike, up to "
                f"{percent(unlike_share(n))} of all may still be different."
            )
        lacking = self.table["to_confirm"][self.table["steady_from"] > 0]
        open_ = int((lacking > 0).sum())
        if open_ and not self.all_alike:
            where = "" if len(self.table) == 1 else f" at {plural(open_, 'point')}"
            said.append(
                f"Whether the precision holds{where}: it was reached with the last runs, and an interval is now and then narrow by "
                f"luck. {plural(int(lacking.max()), 'more run')} would confirm it."
            )
        said.append(
            "How many runs a difference between points takes: that depends on its size (see compare). The A-test of consistency "
            "analysis does not tell either: it depends on the number of runs alone."
        )
        return tuple(said)

    def next_sentence(self, grown: NextRuns) -> str:
        """Say what more runs would give."""
        if grown.experiment is None:
            return ""
        replications = getattr(grown.experiment, "replications", 0)
        reached = bool((self.table["steady_from"] > 0).all())
        everywhere = "" if len(self.table) == 1 else " everywhere"
        would = f"would confirm {self.target}" if reached else f"would give about {self.target}{everywhere}"
        said = f"{replications:,} replications ({plural(grown.runs, 'more run')}) {would}."
        known = self.table["n_needed"].to_numpy(dtype=np.float64)
        lacking = float(np.maximum(known - self.table["n"].to_numpy(), 0).sum())
        if math.isfinite(lacking) and 0 < lacking <= grown.runs / 2:
            said += f" A search UntilPrecise runs them where they are needed alone, about {_text(lacking)}."
        return said

    def method(self) -> str:
        """Name the method and its source."""
        interval = (
            "Wilson's interval of a share" if self.observed.is_share else "Student's interval of a mean"
        )
        return (
            f"{interval}, run by run, with a look-ahead of 5 runs (Hoad, Robinson & Davies 2010); where it is not reached, "
            "the runs that the spread at hand asks for, poorly known spreads moved towards that of all points; consistency "
            "analysis after Alden et al. (2013)."
        )


def _text(runs: float) -> str:
    return f"{rounded_up(runs):,}"
