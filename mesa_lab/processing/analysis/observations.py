"""Observations: one outcome at the design points as plain arrays, with what was left out counted.

Between `Results` and the methods of the questions, which are written on arrays and know no study. Parameters lie in the
unit cube, so that integers, logarithms and distributions need no further thought; choices without an order carry codes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import number, plural
from mesa_lab.processing.analysis.factor import Factor, factors_of
from mesa_lab.processing.statistics.summary import numbers
from mesa_lab.processing.tables.column_names import level_codes
from mesa_lab.processing.tables.nothing_to_show import nothing_ended

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["Factor", "Floats", "Observations", "observe", "reason_against", "reason_against_unit"]

type Floats = npt.NDArray[np.float64]
type Codes = npt.NDArray[np.int64]

_LARGEST: Final = 1e120


@dataclass(frozen=True, eq=False)
class Observations:
    """One outcome at the design points.

    Attributes:
        outcome: Its name.
        factors: The parameters that take at least two values among the points.
        values: One row per point, one column per replication; NaN where there is no finite value.
        is_share: Whether the values are zeros and ones: a mean is a share.
        common: Whether the points have the same seeds in a replication (common random numbers).
        n_failed: Runs that failed or timed out.
        n_missing: Runs that ended well without a value.
        n_infinite: Runs whose value is infinite; they are left out.
    """

    outcome: str
    factors: tuple[Factor, ...]
    values: Floats
    is_share: bool = False
    common: bool = False
    n_failed: int = 0
    n_missing: int = 0
    n_infinite: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters."""
        return tuple(factor.name for factor in self.factors)

    @property
    def n_points(self) -> int:
        """How many design points there are, those without a value included."""
        return len(self.values)

    @property
    def n_runs(self) -> int:
        """How many runs have a value."""
        return int(self.count.sum())

    @cached_property
    def unit(self) -> Floats:
        """The points in the unit cube, of shape (points, parameters)."""
        if not self.factors:
            return np.zeros((self.n_points, 0))
        return np.column_stack([factor.unit for factor in self.factors])

    @cached_property
    def count(self) -> Codes:
        """How many runs have a value, for each point."""
        return np.isfinite(self.values).sum(axis=1).astype(np.int64)

    @cached_property
    def mean(self) -> Floats:
        """The mean over the runs of each point; NaN where no run has a value."""
        total = np.where(np.isfinite(self.values), self.values, 0.0).sum(axis=1)
        return np.where(self.count > 0, total / np.maximum(self.count, 1), np.nan)

    @cached_property
    def variance(self) -> Floats:
        """The variance between the runs of each point (ddof = 1); NaN below two runs."""
        squares = np.where(np.isfinite(self.values), (self.values - self.mean[:, None]) ** 2, 0.0).sum(axis=1)
        return np.where(self.count > 1, squares / np.maximum(self.count - 1, 1), np.nan)

    @cached_property
    def within(self) -> float:
        """The mean variance within points: chance. NaN where no point has two runs."""
        known = self.variance[self.count > 1]
        return float(known.mean()) if len(known) else float("nan")

    @property
    def replicated(self) -> bool:
        """Whether chance can be estimated: at least one point has two runs."""
        return bool((self.count > 1).any())

    def at(self, rows: npt.NDArray[Any]) -> Observations:
        """Return the same outcome at some of the points."""
        return replace(
            self, factors=tuple(factor.at(rows) for factor in self.factors), values=self.values[rows]
        )

    def measured(self) -> Observations:
        """Return the same outcome at the points that have a value."""
        return self if (self.count > 0).all() else self.at(np.flatnonzero(self.count > 0))

    def standardised(self) -> Observations:
        """Return the same outcome with mean 0 and standard deviation 1 over the runs, so that no square overflows."""
        known = np.isfinite(self.values)
        largest = float(np.abs(self.values[known]).max()) if known.any() else 0.0
        if largest == 0:
            return self
        scaled = self.values / largest
        centred = scaled - scaled[known].mean()
        spread = float(centred[known].std())
        return replace(self, values=centred / spread if spread > 0 else centred)

    def centred_by_seed(self) -> Observations:
        """Take what all points of a replication share out of its runs; only where they share their seeds.

        With common random numbers a lucky seed lifts all points alike, which is no noise in a comparison of points. The
        shared part is the replication's mean over the points that have all replications.
        """
        if not self.common or self.values.shape[1] < 2:
            return self
        whole = np.isfinite(self.values).all(axis=1)
        if whole.sum() < 2:
            return self
        shared = self.values[whole].mean(axis=0)
        return replace(self, values=self.values - (shared - shared.mean()))

    def spread(self) -> Observations | None:
        """Return the spread of the outcome within points as an outcome of its own, with two independent values a point.

        The replications are dealt into two halves; the logarithm of the variance of each is one value. What an estimate
        takes from products of different replications, or less their variance, is then free of the chance in it.

        Returns:
            Observations with two columns, or None: where points have fewer than four runs, for shares (whose spread
            follows from their mean), and where most points have no spread at all.
        """
        known = np.isfinite(self.values)
        if self.is_share or self.values.shape[1] < 4 or not (self.count >= 4).any():
            return None
        values = self.standardised().values
        # Dealt by rank among the runs that have a value, so that failed runs leave the halves even.
        rank = np.cumsum(known, axis=1) - 1
        halves = []
        for half in (0, 1):
            chosen = known & (rank % 2 == half)
            n = chosen.sum(axis=1)
            mean = np.where(chosen, values, 0.0).sum(axis=1) / np.maximum(n, 1)
            squares = np.where(chosen, (values - mean[:, None]) ** 2, 0.0).sum(axis=1)
            halves.append(np.where(n > 1, squares / np.maximum(n - 1, 1), np.nan))
        variances = np.column_stack(halves)
        there = np.isfinite(variances)
        if not there.any():
            return None
        without = float((variances[there] <= 0).mean())
        if without > 0.5:
            return None
        with np.errstate(divide="ignore"):
            # Where some points have no spread its logarithm would be infinite: the standard deviation serves.
            spread = np.sqrt(variances) if without > 0 else np.log(variances)
        if not np.nanstd(spread) > 0:
            return None
        return replace(self, values=spread, is_share=False)

    def without_spread(self) -> list[str]:
        """Say why nothing is known of what the spread of the runs depends on; nothing where `spread` tells."""
        if self.is_share or self.spread() is not None:
            return []
        if self.values.shape[1] < 4 or not (self.count >= 4).any():
            return ["What the spread of the runs depends on: that takes four runs of each point at least."]
        return ["What the spread of the runs depends on: at most points all runs are alike."]

    def left_out(self) -> list[str]:
        """Say which runs have no part in the answer, one sentence each."""
        said = []
        if self.n_failed:
            verb = "is" if self.n_failed == 1 else "are"
            said.append(f"{plural(self.n_failed, 'run')} that failed or timed out {verb} left out.")
        if self.n_missing:
            said.append(
                f"{plural(self.n_missing, 'run')} ended without a value and {'is' if self.n_missing == 1 else 'are'} left out."
            )
        if self.n_infinite:
            said.append(
                f"{plural(self.n_infinite, 'run')} gave an infinite value and {'is' if self.n_infinite == 1 else 'are'} left out."
            )
        return said


def observe(results: Reader, outcome: str) -> Observations:
    """Read one outcome at the design points.

    Args:
        results: The results.
        outcome: An outcome that is a number, or what is recorded of each run, such as `steps`.

    Raises:
        OutcomeError: If the outcome is unknown or not a number.
    """
    read, is_share = numbers(results.values(outcome), outcome)
    return observe_values(results, outcome, read, is_share=is_share)


def observe_values(results: Reader, outcome: str, read: Floats, *, is_share: bool) -> Observations:
    """Arrange the values of the runs, in the order of `results.base`, by points and replications."""
    done = results.done
    finite = np.isfinite(read)
    keep = done & finite
    replications = results.base["replication"].to_numpy()
    columns = int(replications.max()) + 1 if len(replications) else 1
    values = np.full((len(results.points), columns), np.nan)
    values[results.point_rows[keep], replications[keep]] = read[keep]
    kept = read[keep]
    if not is_share and len(kept) and bool(np.isin(kept, (0.0, 1.0)).all()) and len(np.unique(kept)) == 2:
        is_share = True
    experiment = results.experiment
    return Observations(
        outcome=outcome,
        factors=tuple(factors_of(results)),
        values=values,
        is_share=is_share,
        common=bool(getattr(experiment, "common_random_numbers", False))
        or getattr(experiment, "seeds", None) is not None,
        n_failed=int((~done).sum()),
        n_missing=int((done & np.isnan(read)).sum()),
        n_infinite=int((done & np.isinf(read)).sum()),
    )


def reason_against_unit(observed: Observations) -> str | None:
    """Say why values are too large or too small for squares of them, None if they are not."""
    known = observed.values[np.isfinite(observed.values)]
    largest, spread = float(np.abs(known).max(initial=0.0)), float(np.ptp(known / 2)) if len(known) else 0.0
    if largest > _LARGEST:
        return f"'{observed.outcome}' reaches {number(largest)}, whose square no number holds. Measure it in another unit, or its logarithm."
    if 0 < spread < 1 / _LARGEST:
        return f"'{observed.outcome}' differs by {number(2 * spread)} at most, whose square is 0 in numbers. Measure it in another unit."
    return None


def reason_against(results: Reader, outcome: str, *, points: int = 2, parameters: int = 1) -> str | None:
    """Say why nothing can be learnt about how an outcome depends on parameters, None when something can.

    Args:
        results: The results.
        outcome: The outcome.
        points: At how many design points it must have been measured.
        parameters: How many parameters must vary.
    """
    try:
        values, _ = numbers(results.values(outcome), outcome)
    except MesaLabError as error:
        return str(error)
    varying = sum(len(level_codes(results.points[column])[1]) > 1 for column in results.columns.values())
    if varying < parameters and len(results.columns) >= parameters and len(results.points) == 1:
        return "Only one setting has been run, which does not tell what parameters do: run others too, or give a search a larger budget."
    if varying < parameters:
        there = "no parameter varies" if varying == 0 else f"only {plural(varying, 'parameter')} varies"
        return (
            f"In this study {there}: vary at least {plural(parameters, 'parameter')} to learn what they do."
        )
    keep = results.done & np.isfinite(values)
    if not results.done.any():
        return nothing_ended(results)
    if not keep.any():
        return f"No run that came to its end has a finite value of '{outcome}'."
    measured = np.unique(results.point_rows[keep])
    if len(measured) < points:
        return (
            f"'{outcome}' was measured at {plural(len(measured), 'design point')}; this needs at least {points}."
            " Add points to the design."
        )
    kept = values[keep]
    if kept.min() == kept.max():
        return f"'{outcome}' is {number(float(kept[0]))} in all {plural(len(kept), 'run')}: there is no difference to explain."
    return None
