"""The standard error of a mean over several design points: what varies at random, and what does not.

Runs of one point are independent. Runs of several points are not one sample: their points may be a sample of the space
(then points are the units), or the very points that are asked about (then only runs within a point vary at random), and
with common random numbers a replication is the same draw at all points (then replications are the units).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["UNITS", "Origins", "Pooled", "pooled"]

type Floats = npt.NDArray[np.float64]
type Codes = npt.NDArray[np.int64]

UNITS: Final = ("run", "point", "replication", "point and replication")
"""What an interval takes for independent."""

_RUN, _POINT, _REPLICATION, _BOTH = range(4)


@dataclass(frozen=True)
class Origins:
    """Where values come from.

    Attributes:
        point: For each value the row of its design point.
        replication: For each value the number of its replication.
        sampled: Whether the points stand for the whole space.
        common: Whether a replication has the same seed at all points.
    """

    point: Codes
    replication: Codes
    sampled: bool
    common: bool

    def at(self, chosen: npt.NDArray[np.bool_] | Codes) -> Origins:
        """Those of some of the values."""
        return Origins(self.point[chosen], self.replication[chosen], self.sampled, self.common)


@dataclass(frozen=True)
class Pooled:
    """The uncertainty of the mean of each group.

    Attributes:
        error: Its standard error; NaN where nothing can be said.
        df: Degrees of freedom of it.
        unit: What is taken for independent, by its place in `UNITS`.
        n_units: How many of these there are.
        n_points: How many design points the group holds.
    """

    error: Floats
    df: Floats
    unit: Codes
    n_units: Codes
    n_points: Codes


def pooled(values: Floats, code: Codes, n: Codes, origins: Origins | None) -> Pooled:
    """Compute the standard error of the mean of each group.

    Args:
        values: The values, less the mean of their group.
        code: The group of each.
        n: How many each group has.
        origins: Where the values come from; None takes all values of a group for runs of one point.

    Returns:
        One entry for each group. Over points that are a sample: the spread of the points' means (clusters; Cochran 1977,
        Sampling Techniques, ch. 9). Over points that are fixed: the spread of runs within points (strata; ch. 5), with
        Welch's degrees of freedom; with one run for each point nothing tells chance from the
        differences between points, and they are taken for a sample. With common random numbers: the spread of
        replications, and for a sample of points that of both (crossed effects).
    """
    count = len(n)
    with np.errstate(all="ignore"):
        square = np.bincount(code, weights=values**2, minlength=count)
        error, df = np.sqrt(square / (n - 1) / n), (n - 1).astype(np.float64)
        unit, units = np.full(count, _RUN), n.copy()
        if origins is None:
            return Pooled(error, df, unit, units, np.minimum(n, 1))
        cells = _Cells.of(values, code, origins.point, count)
        several = cells.per_group > 1
        if several.any():
            parts = _common if origins.common else _independent
            other = parts(values, code, n, origins, cells)
            error, df = np.where(several, other[0], error), np.where(several, other[1], df)
            unit, units = np.where(several, other[2], unit), np.where(several, other[3], units)
    return Pooled(error, df, unit, units, cells.per_group)


@dataclass(frozen=True)
class _Cells:
    """The values of a group that share a design point, or a replication.

    Attributes:
        group: Of each cell.
        n: Values in each cell.
        mean: Of these.
        of_value: For each value its cell.
        per_group: Cells of each group.
    """

    group: Codes
    n: Codes
    mean: Floats
    of_value: Codes
    per_group: Codes

    @classmethod
    def of(cls, values: Floats, code: Codes, part: Codes, count: int) -> _Cells:
        width = int(part.max(initial=0)) + 1
        found, of_value = np.unique(code * width + part, return_inverse=True)
        group = found // width
        n = np.bincount(of_value, minlength=len(found))
        mean = np.bincount(of_value, weights=values, minlength=len(found)) / n
        return cls(group, n, mean, of_value, np.bincount(group, minlength=count))

    def clustered(self, n: Codes) -> Floats:
        """Variance of each group's mean, over cells as the units."""
        totals = np.bincount(self.group, weights=(self.n * self.mean) ** 2, minlength=len(n))
        k = self.per_group
        return np.asarray(totals / n**2 * k / (k - 1))


def _independent(
    values: Floats, code: Codes, n: Codes, origins: Origins, cells: _Cells
) -> tuple[Floats, Floats, Codes, Codes]:
    """Each run has a seed of its own."""
    count, k = len(n), cells.per_group
    between, between_df = np.sqrt(cells.clustered(n)), (k - 1).astype(np.float64)
    if origins.sampled:
        return between, between_df, np.full(count, _POINT), k
    within = (values - cells.mean[cells.of_value]) ** 2
    square = np.bincount(cells.of_value, weights=within, minlength=len(cells.n))
    free = cells.n - 1
    all_free = np.bincount(cells.group, weights=free, minlength=count)
    # A point with one run tells nothing of chance; the others stand in for it.
    typical = np.bincount(cells.group, weights=square, minlength=count) / all_free
    variance = np.where(free > 0, square / np.maximum(free, 1), typical[cells.group])
    share = cells.n * variance
    total = np.bincount(cells.group, weights=share, minlength=count)
    # Degrees of freedom after Welch (1947, Biometrika 34: 28-35), whose second approximation keeps its promise with two
    # runs a point, where Satterthwaite's gives 98 for 95 of 100.
    spread = np.bincount(cells.group, weights=np.where(free > 0, share**2 / (free + 2), 0.0), minlength=count)
    lone = np.bincount(cells.group, weights=np.where(free > 0, 0.0, share), minlength=count)
    df = total**2 / (spread + lone**2 / (all_free + 2)) - 2
    df = np.where(total > 0, np.clip(df, 1, np.maximum(all_free, 1)), all_free)
    known = all_free > 0
    return (
        np.where(known, np.sqrt(total) / n, between),
        np.where(known, df, between_df),
        np.where(known, _RUN, _POINT),
        np.where(known, n, k),
    )


def _common(
    values: Floats, code: Codes, n: Codes, origins: Origins, cells: _Cells
) -> tuple[Floats, Floats, Codes, Codes]:
    """A replication has the same seed at all points."""
    count = len(n)
    rest = (
        values - cells.mean[cells.of_value]
    )  # so that a point where a run failed does not shift a replication
    draws = _Cells.of(rest, code, origins.replication, count)
    replications = draws.per_group
    common = draws.clustered(n)
    df = (replications - 1).astype(np.float64)
    if not origins.sampled:
        return np.sqrt(common), df, np.full(count, _REPLICATION), replications
    k = cells.per_group
    points = cells.clustered(n)
    square = np.bincount(code, weights=(rest - draws.mean[draws.of_value]) ** 2, minlength=count)
    own = square / np.maximum(n - k - replications + 1, 1) / n  # counted in both of the others
    total = np.maximum(points + common - own, np.maximum(points, common))
    both_df = total**2 / (points**2 / (k - 1) + common**2 / (replications - 1))
    error = np.where(replications > 1, np.sqrt(total), np.nan)
    return error, np.where(total > 0, both_df, df), np.full(count, _BOTH), np.minimum(k, replications)
