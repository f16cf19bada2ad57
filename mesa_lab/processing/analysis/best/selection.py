"""Which of many means can still be the largest: multiple comparisons with the best.

Hsu (1984, Ann. Statist. 12: 1136-1144); with unequal variances and common random numbers by Bonferroni's inequality
(Nelson, Swann, Goldsman & Song 2001, Oper. Res. 49: 950-963): the truly best is kept with the level of confidence at least.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.analysis.cancellation import check_cancelled

__all__ = ["Selection", "exact_share", "select"]

type Floats = npt.NDArray[np.float64]

_RIVALS: Final = 200
"""Points that each is compared with: those with the largest means. Fewer rivals exclude fewer points, never the wrong ones."""


@dataclass(frozen=True)
class Selection:
    """What is known of each mean beside the best of the others.

    Attributes:
        winner: The row of the largest mean.
        mean: Of each row.
        candidate: For each row whether it can still be the best.
        low: How far it may be below the best of the others, at most; never above 0.
        high: How far above it, at most; 0 where it cannot be the best.
    """

    winner: int
    mean: Floats
    candidate: npt.NDArray[np.bool_]
    low: Floats
    high: Floats


def select(values: Floats, *, common: bool, level: float, is_share: bool = False) -> Selection:
    """Find the rows whose mean can still be the largest.

    Args:
        values: One row for each setting, one column for each replication; NaN where there is no value.
        common: Whether the columns share their seeds.
        level: Level of confidence.
        is_share: Whether the values are zeros and ones. Runs that all agree are no proof then: the interval of a difference is
            Newcombe's (1998, Stat. Med. 17: 873-890) with exact limits, or that of pairs where this is wider.

    Example:
        >>> runs = np.array([[1.0, 2, 3, 2], [9.0, 8, 9, 8], [8.0, 9, 8, 9]])
        >>> select(runs, common=False, level=0.95).candidate.tolist()
        [False, True, True]
    """
    from scipy.special import stdtrit

    known = np.isfinite(values)
    n = known.sum(axis=1)
    filled = np.where(known, values, 0.0)
    with np.errstate(all="ignore"):
        mean = filled.sum(axis=1) / n
        variance = (np.where(known, values - mean[:, None], 0.0) ** 2).sum(axis=1) / (n - 1)
        winner = int(np.nanargmax(mean))
        rivals = np.argsort(-np.nan_to_num(mean, nan=-np.inf), kind="stable")[: _RIVALS + 1]
        tail = (1 - level) / max(len(values) - 1, 1)
        reach_up, reach_down = np.full(len(values), np.inf), np.full(len(values), np.inf)
        for rival in rivals:
            check_cancelled()
            if common:
                gap = values - values[rival]
                pairs = np.isfinite(gap)
                count = pairs.sum(axis=1)
                apart = np.where(pairs, gap, 0.0).sum(axis=1) / count
                spread = (np.where(pairs, gap - apart[:, None], 0.0) ** 2).sum(axis=1) / (count - 1)
                error, df = np.sqrt(spread / count), (count - 1).astype(np.float64)
            else:
                apart = mean - mean[rival]
                own, other = variance / n, variance[rival] / n[rival]
                error = np.sqrt(own + other)
                df = (own + other) ** 2 / (own**2 / (n - 1) + other**2 / (n[rival] - 1))
                df = np.where(error > 0, df, n + n[rival] - 2.0)
            wide = stdtrit(np.where(df > 0, df, np.nan), 1 - tail) * error
            under = over = wide
            if is_share:
                far_up, far_down = _newcombe(mean, n, rival, tail)
                over, under = (np.fmax(far, wide) if common else far for far in (far_up, far_down))
            up, down = apart + over, apart - under
            up[rival] = down[rival] = np.nan
            reach_up, reach_down = np.fmin(reach_up, up), np.fmin(reach_down, down)
    candidate = (reach_up >= 0) & (n > 0)
    candidate[winner] = True
    return Selection(winner, mean, candidate, np.minimum(reach_down, 0.0), np.maximum(reach_up, 0.0))


def _newcombe(share: Floats, n: npt.NDArray[np.int64], rival: int, tail: float) -> tuple[Floats, Floats]:
    """How far the differences from one share may be above and below what is seen, each with a tail."""
    low, high = exact_share(share * n, n, tail, tail)
    up = np.sqrt((high - share) ** 2 + (share[rival] - low[rival]) ** 2)
    down = np.sqrt((share - low) ** 2 + (high[rival] - share[rival]) ** 2)
    return up, down


def exact_share(
    successes: npt.ArrayLike, n: npt.ArrayLike, below: float, above: float
) -> tuple[Floats, Floats]:
    """Return the interval of a share after Clopper & Pearson (1934), with a tail for each end.

    Args:
        successes: How many.
        n: Of how many.
        below: The chance that the truth is below the interval.
        above: The chance that it is above.

    Example:
        >>> low, high = exact_share(5, 5, 0.025, 0.025)
        >>> round(float(low), 3), float(high)
        (0.478, 1.0)
    """
    from scipy.special import betaincinv

    x, n = np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64)
    with np.errstate(all="ignore"):
        low = np.where(x > 0, betaincinv(np.maximum(x, 1e-9), n - x + 1, below), 0.0)
        high = np.where(x < n, betaincinv(x + 1, np.maximum(n - x, 1e-9), 1 - above), 1.0)
    return np.asarray(low), np.asarray(high)
