"""Estimates of outcomes at the points of a search: means with their errors, from runs that are few and uneven."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.analysis.inference import shrunk_variances
from mesa_lab.search.history import Floats, History

__all__ = ["LARGEST", "Estimates", "estimates"]

LARGEST = 1e120
"""Squares of larger values would overflow: they count as missing, as infinite ones do."""

_ROUNDS = 20
"""Of the additive fit, which comes to rest in fewer."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """An outcome at points.

    Attributes:
        values: One row for each point and one column for each replication; NaN where there is no finite value.
        ended: Which runs have ended, failed ones too.
    """

    values: Floats
    ended: npt.NDArray[np.bool_]

    @cached_property
    def n(self) -> npt.NDArray[np.int64]:
        """Runs with a value, for each point."""
        return np.isfinite(self.values).sum(axis=1).astype(np.int64)

    @cached_property
    def n_ended(self) -> npt.NDArray[np.int64]:
        """Runs that have ended, for each point."""
        return self.ended.sum(axis=1).astype(np.int64)

    @cached_property
    def mean(self) -> Floats:
        """The mean of each point; NaN without a value."""
        total = np.where(np.isfinite(self.values), self.values, 0.0).sum(axis=1)
        return np.where(self.n > 0, total / np.maximum(self.n, 1), np.nan)

    @cached_property
    def variance(self) -> Floats:
        """The variance between the runs of each point (ddof = 1); NaN below two runs."""
        gaps = np.where(np.isfinite(self.values), self.values - self.mean[:, None], 0.0)
        return np.where(self.n > 1, (gaps**2).sum(axis=1) / np.maximum(self.n - 1, 1), np.nan)

    @cached_property
    def steadied(self) -> Floats:
        """The variance of one run at each point, moved towards that of all points as far as it is poorly known."""
        return shrunk_variances(self.variance, self.n)

    @cached_property
    def error(self) -> Floats:
        """The standard error of each mean, from the steadied variances; NaN where nothing is known of chance."""
        with np.errstate(invalid="ignore"):
            return np.sqrt(self.steadied / np.maximum(self.n, 1))

    def without_seeds(self) -> Estimates:
        """Take what all points of a replication share out of its runs: with common random numbers it is no difference of points.

        An additive fit of points and replications, which need not all be there; what is taken out adds up to nothing.
        """
        known = np.isfinite(self.values)
        if self.values.shape[1] < 2 or known.sum() < 4:
            return self
        seeds = np.zeros(self.values.shape[1])
        counts = known.sum(axis=0)
        for _ in range(_ROUNDS):
            rest = np.where(known, self.values - seeds, 0.0)
            points = rest.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
            gaps = np.where(known, self.values - points[:, None], 0.0).sum(axis=0)
            seeds = np.where(counts > 1, gaps / np.maximum(counts, 1), 0.0)
            seeds -= (seeds * counts).sum() / max(counts.sum(), 1)
        return Estimates(self.values - seeds, self.ended)


def estimates(history: History, outcome: str) -> Estimates:
    """Return an outcome at all points of a search, from the runs that may be looked at."""
    values = history.outcome(outcome)
    return Estimates(np.where(np.abs(values) < LARGEST, values, np.nan), history.ended)
