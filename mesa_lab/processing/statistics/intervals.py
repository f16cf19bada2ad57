"""Confidence intervals of means and shares, for many groups at once.

Formulas alone: which runs make a group, and what is drawn at random, is decided in `pooling` and `summary`.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["FEWEST_FOR_BOOTSTRAP", "bca", "skewed", "student", "unlike_share", "wilson"]

type Floats = npt.NDArray[np.float64]
type Codes = npt.NDArray[np.int64]

FEWEST_FOR_BOOTSTRAP: Final = 8
"""Below so many values the bootstrap's intervals are too short: .85 where .95 is promised, for five normal values."""

_MOST_FOR_BOOTSTRAP: Final = 2000
"""Above so many values the mean is as good as normal, whatever the shape."""

_CLEARLY_SKEWED: Final = 2.576
"""Standard errors of a normal sample's skewness: one normal sample in a hundred goes beyond."""

_RESAMPLES: Final = 2000
_CELLS: Final = 4_000_000
"""Of a table of resampled means that is held at a time."""


def student(mean: Any, error: Any, df: Any, level: float) -> tuple[Any, Any]:
    """Student's interval of each mean.

    Args:
        mean: The means, numbers or arrays.
        error: Their standard errors.
        df: Degrees of freedom of these.
        level: Level of confidence.

    Example:
        >>> [round(float(end), 3) for end in student(0.0, 1.0, 9.0, 0.95)]
        [-2.262, 2.262]
    """
    from scipy.special import stdtrit

    half = stdtrit(np.maximum(df, 1e-9), (1 + level) / 2) * error
    return mean - half, mean + half


def wilson(share: Any, n: Any, level: float) -> tuple[Any, Any]:
    """Wilson's interval of each share (1927, JASA 22: 209-212).

    It stays between 0 and 1, and is no point where all agree.

    Args:
        share: The shares, numbers or an array.
        n: How many independent values stand behind each; need not be whole.
        level: Level of confidence.

    Example:
        >>> [round(float(end), 3) for end in wilson(0.0, 10, 0.95)]
        [0.0, 0.278]
    """
    from scipy.special import ndtri

    square = ndtri((1 + level) / 2) ** 2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = np.sqrt(square * (share * (1 - share) / n + square / (4 * n**2))) / (1 + square / n)
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


def unlike_share(n: int, level: float = 0.95) -> float:
    """The largest share of runs that may differ, where `n` runs were all alike (Clopper & Pearson 1934, one-sided).

    Example:
        >>> round(unlike_share(12), 3), round(unlike_share(300), 3)
        (0.221, 0.01)
    """
    return float(-math.expm1(math.log1p(-level) / n))


def skewed(values: Floats, code: Codes, n: Codes) -> npt.NDArray[np.bool_]:
    """Find the groups whose values are too skewed for Student's interval, and enough for a bootstrap.

    Args:
        values: The values, less the mean of their group.
        code: The group of each.
        n: How many each group has.

    Returns:
        For each group whether its skewness is beyond what a normal sample of its size shows once in a hundred times.
    """
    count = len(n)
    # Scaled first, since the third power of a large number is larger than any.
    scale = np.zeros(count)
    np.maximum.at(scale, code, np.abs(values))
    with np.errstate(all="ignore"):
        z = values / scale[code]
        second, third = (np.bincount(code, weights=z**power, minlength=count) for power in (2, 3))
        size = n.astype(np.float64)
        skewness = np.sqrt(size * (size - 1)) / (size - 2) * (third / size) / (second / size) ** 1.5
        error = np.sqrt(6 * size * (size - 1) / ((size - 2) * (size + 1) * (size + 3)))
        found = np.abs(skewness) > _CLEARLY_SKEWED * error
    return found & (n >= FEWEST_FOR_BOOTSTRAP) & (n <= _MOST_FOR_BOOTSTRAP)


def bca(
    values: Floats, code: Codes, n: Codes, chosen: npt.NDArray[np.bool_], level: float
) -> tuple[Floats, Floats]:
    """Bias-corrected and accelerated bootstrap interval of the mean of each chosen group (Efron 1987, JASA 82: 171-185).

    Groups of one size share their resamples, which makes thousands of groups one matrix product; chance enters by a fixed
    seed, so that the same runs give the same interval.

    Args:
        values: The values, less the mean of their group.
        code: The group of each.
        n: How many each group has.
        chosen: For which groups to compute it.
        level: Level of confidence.

    Returns:
        The ends, less the mean of the group; NaN for the groups that are not chosen.
    """
    low, high = np.full(len(n), np.nan), np.full(len(n), np.nan)
    order = np.argsort(code, kind="stable")
    starts = np.concatenate([[0], np.cumsum(n)[:-1]])
    resamples = int(max(_RESAMPLES, min(100 / (1 - level), 20_000)))
    for size in np.unique(n[chosen]).tolist():
        groups = np.flatnonzero(chosen & (n == size))
        weights = (
            np.random.default_rng(size).multinomial(size, np.full(size, 1 / size), size=resamples).T / size
        )
        each = max(1, _CELLS // max(resamples, size))
        for first in range(0, len(groups), each):
            part = groups[first : first + each]
            rows = values[order[starts[part, None] + np.arange(size)]]
            low[part], high[part] = _bca_of_rows(rows, weights, level)
    return low, high


def _bca_of_rows(rows: Floats, weights: Floats, level: float) -> tuple[Any, Any]:
    from scipy.special import ndtr, ndtri

    means = np.sort(rows @ weights, axis=1)
    resamples = means.shape[1]
    # Where values are few and whole, many resamples have the very mean: half of these count as below.
    near = 1e-12 * np.abs(rows).max(axis=1, keepdims=True)
    below = (means < -near).sum(axis=1) + 0.5 * (np.abs(means) <= near).sum(axis=1)
    bias = ndtri(np.clip(below / resamples, 0.5 / resamples, 1 - 0.5 / resamples))
    square = (rows**2).sum(axis=1)
    acceleration = (rows**3).sum(axis=1) / (6 * square**1.5)
    ends = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        shifted = bias + ndtri(tail)
        place = ndtr(bias + shifted / (1 - acceleration * shifted)) * (resamples - 1)
        under = np.floor(place).astype(np.int64)
        over = np.minimum(under + 1, resamples - 1)
        row = np.arange(len(means))
        ends.append(means[row, under] + (place - under) * (means[row, over] - means[row, under]))
    return ends[0], ends[1]
