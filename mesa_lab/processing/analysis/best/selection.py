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

__all__ = ["Selection", "select"]

type Floats = npt.NDArray[np.float64]

_RIVALS: Final = 200
"""Points that each is compared with: those with the largest means. Fewer rivals exclude fewer points, never the wrong ones."""


@dataclass(frozen=True)
class Selection:
    """What is known of each mean beside the best of the others.

    Attributes:
        winner: The row of the largest mean.
        candidate: For each row whether it can still be the best.
        low: How far it may be below the best of the others, at most; never above 0.
        high: How far above it, at most; 0 where it cannot be the best.
    """

    winner: int
    candidate: npt.NDArray[np.bool_]
    low: Floats
    high: Floats


def select(values: Floats, *, common: bool, level: float) -> Selection:
    """Find the rows whose mean can still be the largest.

    Args:
        values: One row for each setting, one column for each replication; NaN where there is no value.
        common: Whether the columns share their seeds.
        level: Level of confidence.

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
            wide[rival] = np.nan
            reach_up = np.fmin(reach_up, apart + wide)
            reach_down = np.fmin(reach_down, apart - wide)
    candidate = (reach_up >= 0) & (n > 0)
    candidate[winner] = True
    return Selection(winner, candidate, np.minimum(reach_down, 0.0), np.maximum(reach_up, 0.0))
