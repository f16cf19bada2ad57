"""Evidence that stays valid however often results are looked at and runs are added.

A t test at 5 % that is repeated whenever runs have been added finds a difference in far more than 5 % of the cases where
there is none. The evidence here is a test martingale: the ratio of how likely the data are under differences of all sizes
(in standard deviations, normal with mean 0 and variance 1) to how likely they are under none. Whatever the rule by
which a study grows, it exceeds 1/alpha with a probability of alpha at most when there is no difference.

Robbins (1970, Ann. Math. Statist. 41: 1397-1409); Wang & Ramdas (2025, Ann. Statist., arXiv 2310.03722) for unknown
variance.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["any_time_p", "factor", "units_needed"]

type Floats = npt.NDArray[np.float64]

_SPREAD: Final = 1.0
"""Variance of the differences that evidence is collected for, in variances of one unit: widths are best near 10 to 100."""

_POWER: Final = 0.84
"""Standard errors to spare, so that a difference shows in four of five studies."""

_MOST: Final = 10_000_000


def any_time_p(t: npt.ArrayLike, df: npt.ArrayLike, n: npt.ArrayLike) -> Any:
    """Return p-values that hold at any time: at most alpha of studies without a difference ever go below alpha.

    Args:
        t: Differences in standard errors; infinite where all units agree.
        df: Degrees of freedom of the standard errors.
        n: How many units (pairs of runs, runs each) stand behind them.

    Example:
        >>> [round(float(p), 3) for p in any_time_p([2.045, 3.0, 4.5], [29, 29, 29], [30, 30, 30])]
        [0.791, 0.112, 0.003]
    """
    t, df, n = (np.asarray(each, dtype=np.float64) for each in (t, df, n))
    width = 1 + _SPREAD * n
    with np.errstate(all="ignore"):
        square = t**2 / df
        gained = np.where(np.isinf(square), np.log(width), np.log1p(square) - np.log1p(square / width))
        evidence = -0.5 * np.log(width) + (df + 1) / 2 * gained
        return np.minimum(1.0, np.exp(-evidence))


def factor(df: npt.ArrayLike, n: npt.ArrayLike, alpha: float) -> Any:
    """Return how many standard errors wide an interval is that holds the truth at all times with 1 - alpha.

    Infinite where so few units cannot exclude anything.

    Example:
        >>> [round(float(k), 2) for k in factor([4, 29, 299], [5, 30, 300], 0.05)]
        [8.45, 3.35, 3.45]
    """
    df, n = (np.asarray(each, dtype=np.float64) for each in (df, n))
    width = 1 + _SPREAD * n
    with np.errstate(all="ignore"):
        ratio = (np.sqrt(width) / alpha) ** (2 / (df + 1))
        square = (ratio - 1) / (1 - ratio / width) * df
        return np.where(ratio < width, np.sqrt(np.abs(square)), np.inf)


def units_needed(
    spread: float, difference: float, n: int, df: float, alpha: float, looks: int | None = None
) -> int | None:
    """Return how many units show a difference of a size in four of five studies.

    Args:
        spread: Standard deviation of one unit: the standard error times the square root of `n`.
        difference: The size.
        n: How many units there are, from which on to look.
        df: Degrees of freedom with these; they grow alike.
        alpha: Level of the test.
        looks: How often results are looked at in all; None for any number.

    Returns:
        The number in all; None where it is beyond all bounds.

    Example:
        >>> units_needed(1.0, 0.5, 10, 9, 0.05, looks=1)
        34
    """
    from scipy.special import stdtrit

    if not (difference > 0 and np.isfinite(spread)):
        return None

    def enough(units: int) -> bool:
        freedom = max(df * units / n, 1.0)
        if looks is None:
            wide = float(factor(freedom, units, alpha))
        else:
            wide = float(stdtrit(freedom, 1 - alpha / looks / 2))
        return bool((wide + _POWER) * spread / np.sqrt(units) <= difference)

    high = max(n, 2)
    while not enough(high):
        high *= 2
        if high > _MOST:
            return None
    low = max(n, 2)
    while low < high:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle + 1
    return low
