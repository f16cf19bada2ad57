"""The difference between two scenarios with its uncertainty, by what their runs have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.analysis.comparison.scenarios import Scenario
from mesa_lab.processing.statistics.intervals import student, wilson
from mesa_lab.processing.statistics.pooling import UNITS, Origins, Pooled, pooled

__all__ = ["PAIRS", "POINT_PAIRS", "Difference", "difference"]

type Floats = npt.NDArray[np.float64]

PAIRS: Final = "pair of runs"
POINT_PAIRS: Final = "pair of points"


@dataclass(frozen=True)
class Difference:
    """The mean of one scenario less that of its base.

    Attributes:
        estimate: The difference.
        error: Its standard error; NaN where nothing can be said of chance.
        df: Degrees of freedom of it.
        low: Lower end of the interval.
        high: Upper end of it.
        unit: What was taken for independent: "pair of runs", "pair of points", or a unit of `pooling.UNITS`.
        n_units: How many of these there are; for unpaired scenarios in the smaller of the two.
        n_pairs: Independent pairs that the difference rests on: of runs of one seed; of replications where a seed is run at several
            points, whose runs are no pairs of their own; of points. 0 where there are none.
        correlation: Between the runs of a pair; NaN where there are none.
        correlation_low: Lower end of its interval.
        variance_saved: Share of the variance of independent runs that pairing took away.
    """

    estimate: float
    error: float
    df: float
    low: float
    high: float
    unit: str
    n_units: int
    n_pairs: int = 0
    correlation: float = float("nan")
    correlation_low: float = float("nan")
    variance_saved: float = float("nan")

    @property
    def t(self) -> float:
        """The difference in standard errors."""
        if self.error > 0:
            return self.estimate / self.error
        return 0.0 if self.estimate == 0 else float(np.copysign(np.inf, self.estimate))

    @property
    def spread(self) -> float:
        """Standard deviation of one unit."""
        return float(self.error * np.sqrt(self.n_units))


def difference(
    one: Scenario, base: Scenario, *, common: bool, sampled: bool, is_share: bool, level: float
) -> Difference:
    """Estimate the difference between a scenario and its base.

    With common random numbers it is the mean of the differences between runs of one seed, whose spread says how sure it
    is; else that of two independent means (Welch 1947). Points of levels are matched where the other parameters take the
    same values at both.

    Args:
        one: The scenario.
        base: Its base.
        common: Whether a replication has the same seed at all points.
        sampled: Whether points stand for the whole space.
        is_share: Whether the values are zeros and ones.
        level: Level of the interval.
    """
    matched = _matched(one, base)
    if matched is not None and common:
        return _paired_runs(*matched, sampled=sampled, is_share=is_share, level=level)
    if matched is not None and len(matched[0]) > 1:
        within = None if sampled else _within_points(*matched, level=level)
        return _paired_points(*matched, level=level) if within is None else within
    return _apart(one.values, base.values, common=common, sampled=sampled, is_share=is_share, level=level)


def _matched(one: Scenario, base: Scenario) -> tuple[Floats, Floats] | None:
    """The runs of both in the same order of points, where each has one point for every setting of the rest."""
    if len(np.unique(one.others)) < len(one.others) or len(np.unique(base.others)) < len(base.others):
        return None
    both, at_one, at_base = np.intersect1d(one.others, base.others, return_indices=True)
    if len(both) < max(len(one.others), len(base.others)):
        return None
    return one.values[at_one], base.values[at_base]


def _paired_runs(one: Floats, base: Floats, *, sampled: bool, is_share: bool, level: float) -> Difference:
    gap = one - base
    point, replication = np.nonzero(np.isfinite(gap))
    values = gap[point, replication]
    n = len(values)
    if not n:
        return _unknown(PAIRS)
    estimate = float(values.mean())
    several = len(gap) > 1
    origins = Origins(point, replication, sampled, common=True) if several else None
    found = pooled(values - estimate, np.zeros(n, dtype=np.int64), np.array([n]), origins)
    error, df = float(found.error[0]), float(found.df[0])
    units = int(found.n_units[0])
    correlation, saved = _alignment(one, base, point, replication)
    low, high = _ends(estimate, error, df, level)
    if is_share and not several and n > 1:
        x, y = one[point, replication], base[point, replication]
        phi = correlation if np.isfinite(correlation) else 0.0
        low, high = _between_shares(float(x.mean()), n, float(y.mean()), n, phi, level)
    pairs_of_seeds = len(np.unique(replication))
    return Difference(
        estimate,
        error,
        df,
        low,
        high,
        PAIRS if not several else UNITS[int(found.unit[0])],
        units,
        units if several else n,
        correlation,
        _correlation_low(correlation, pairs_of_seeds, level),
        saved,
    )


def _alignment(one: Floats, base: Floats, point: Any, replication: Any) -> tuple[float, float]:
    """Correlation between the runs of pairs within points, and the share of variance that pairing takes away."""
    x, y = np.full(one.shape, np.nan), np.full(one.shape, np.nan)
    x[point, replication], y[point, replication] = one[point, replication], base[point, replication]
    with np.errstate(all="ignore"):
        n = np.isfinite(x).sum(axis=1, keepdims=True)
        x = x - np.nansum(x, axis=1, keepdims=True) / n
        y = y - np.nansum(y, axis=1, keepdims=True) / n
        xx, yy, xy = (float(np.nansum(each)) for each in (x * x, y * y, x * y))
        if not (xx > 0 and yy > 0):
            return float("nan"), float("nan")
        return float(np.clip(xy / np.sqrt(xx * yy), -1, 1)), 2 * xy / (xx + yy)


def _correlation_low(correlation: float, n: int, level: float) -> float:
    """Fisher's (1921) lower end."""
    from scipy.special import ndtri

    if not (np.isfinite(correlation) and n > 3):
        return float("nan")
    inside = np.clip(correlation, -1 + 1e-12, 1 - 1e-12)
    return float(np.tanh(np.arctanh(inside) - ndtri((1 + level) / 2) / np.sqrt(n - 3)))


def _paired_points(one: Floats, base: Floats, *, level: float) -> Difference:
    gaps = _row_means(one) - _row_means(base)
    gaps = gaps[np.isfinite(gaps)]
    n = len(gaps)
    if n < 2:
        return _unknown(POINT_PAIRS)
    estimate, error = float(gaps.mean()), float(gaps.std(ddof=1) / np.sqrt(n))
    low, high = _ends(estimate, error, n - 1.0, level)
    return Difference(estimate, error, n - 1.0, low, high, POINT_PAIRS, n, n)


def _within_points(one: Floats, base: Floats, *, level: float) -> Difference | None:
    """The mean over points that are fixed of the differences there, each as much as the others however many of its runs failed.

    Its variance is that of runs within points (strata; Cochran 1977, ch. 5), with Welch's second approximation to the degrees
    of freedom, as in `pooling`.

    Returns:
        None where no point has two runs: nothing tells chance then from the differences between points.
    """
    kept = np.isfinite(one).any(axis=1) & np.isfinite(base).any(axis=1)
    total, spread, lone, free_runs = 0.0, 0.0, 0.0, 0
    estimate = float((_row_means(one[kept]) - _row_means(base[kept])).mean())
    for values in (one[kept], base[kept]):
        known = np.isfinite(values)
        n = known.sum(axis=1)
        free = n - 1
        squares = np.where(known, values - _row_means(values)[:, None], 0.0) ** 2
        if not free.any():
            return None
        # A point with one run tells nothing of chance; the others stand in for it.
        typical = float(squares.sum() / free.sum())
        variance = np.where(free > 0, squares.sum(axis=1) / np.maximum(free, 1), typical)
        share = variance / n / len(n) ** 2
        total += float(share.sum())
        spread += float((share[free > 0] ** 2 / (free[free > 0] + 2)).sum())
        lone += float(share[free == 0].sum()) ** 2 / (int(free.sum()) + 2)
        free_runs += int(free.sum())
    df = total**2 / (spread + lone) - 2 if total > 0 else float(free_runs)
    df = float(np.clip(df, 1, free_runs))
    error = float(np.sqrt(total))
    low, high = _ends(estimate, error, df, level)
    runs = min(int(np.isfinite(each[kept]).sum()) for each in (one, base))
    return Difference(estimate, error, df, low, high, UNITS[0], runs)


def _apart(
    one: Floats, base: Floats, *, common: bool, sampled: bool, is_share: bool, level: float
) -> Difference:
    sides = [_side(each, common=common, sampled=sampled) for each in (one, base)]
    if None in sides:
        return _unknown("run")
    (mean, first), (other, second) = [side for side in sides if side is not None]
    variances = np.array([float(first.error[0]) ** 2, float(second.error[0]) ** 2])
    dfs = np.array([float(first.df[0]), float(second.df[0])])
    total = float(variances.sum())
    if common and min(one.shape[1], base.shape[1]) > 1:
        # What a seed does to both alike is no part of their difference.
        total = max(total - 2 * _shared(one, base), 0.05 * total)
    with np.errstate(all="ignore"):
        df = total**2 / float((variances**2 / np.maximum(dfs, 1)).sum()) if total > 0 else float(dfs.sum())
        df = min(df, float(dfs.sum()))
    error = float(np.sqrt(total)) if (np.minimum(dfs, 1) > 0).all() else float("nan")
    estimate = mean - other
    low, high = _ends(estimate, error, df, level)
    n_one, n_base = int(np.isfinite(one).sum()), int(np.isfinite(base).sum())
    if is_share and not common and len(one) == 1 and len(base) == 1 and np.isfinite(error):
        low, high = _between_shares(mean, n_one, other, n_base, 0.0, level)
    unit = UNITS[max(int(first.unit[0]), int(second.unit[0]))]
    units = min(int(first.n_units[0]), int(second.n_units[0]))
    return Difference(estimate, error, df, low, high, unit, units)


def _side(values: Floats, *, common: bool, sampled: bool) -> tuple[float, Pooled] | None:
    """The mean of one scenario with its uncertainty; None without a value."""
    point, replication = np.nonzero(np.isfinite(values))
    known = values[point, replication]
    n = len(known)
    if not n:
        return None
    mean = float(known.mean())
    origins = Origins(point, replication, sampled, common) if len(np.unique(point)) > 1 else None
    return mean, pooled(known - mean, np.zeros(n, dtype=np.int64), np.array([n]), origins)


def _shared(one: Floats, base: Floats) -> float:
    """The covariance of two means whose replications share their seeds."""
    columns = min(one.shape[1], base.shape[1])
    effects = []
    for values in (one, base):
        with np.errstate(all="ignore"):
            rest = values[:, :columns] - _row_means(values)[:, None]
            effects.append(np.nansum(rest, axis=0) / np.isfinite(rest).sum(axis=0))
    known = np.isfinite(effects[0]) & np.isfinite(effects[1])
    n = int(known.sum())
    return float(np.cov(effects[0][known], effects[1][known])[0, 1]) / n if n > 1 else 0.0


def _row_means(values: Floats) -> Floats:
    known = np.isfinite(values)
    with np.errstate(all="ignore"):
        return np.asarray(np.where(known, values, 0.0).sum(axis=1) / known.sum(axis=1))


def _ends(estimate: float, error: float, df: float, level: float) -> tuple[float, float]:
    if not (np.isfinite(error) and df > 0):
        return float("nan"), float("nan")
    low, high = student(estimate, error, df, level)
    return float(low), float(high)


def _between_shares(
    one: float, n_one: int, base: float, n_base: int, phi: float, level: float
) -> tuple[float, float]:
    """The interval of a difference of shares from Wilson's of both (Newcombe 1998, Stat. Med. 17: 873-890 and 2635-2650)."""
    l1, u1 = (float(end) for end in wilson(one, n_one, level))
    l2, u2 = (float(end) for end in wilson(base, n_base, level))
    gap = one - base

    def reach(a: float, b: float) -> float:
        return float(np.sqrt(max(a * a - 2 * phi * a * b + b * b, 0.0)))

    return max(gap - reach(one - l1, u2 - base), -1.0), min(gap + reach(u1 - one, base - l2), 1.0)


def _unknown(unit: str) -> Difference:
    none = float("nan")
    return Difference(none, none, none, none, none, unit, 0)
