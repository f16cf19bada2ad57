"""Inference: the few statistical tools that several questions share, on plain arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.analysis.cancellation import check_cancelled

__all__ = ["RESAMPLES", "bootstrap_weights", "holm", "percentiles", "shrunk_variances"]

type Floats = npt.NDArray[np.float64]

RESAMPLES: Final = 1000
"""Of a bootstrap: the ends of a 95 % interval then stand on 25 resamples each."""

_CELLS: Final = 2_000_000
"""Weights held at a time."""


def holm(p: npt.ArrayLike) -> Floats:
    """Adjust p-values for being several, so that the chance of any false alarm stays below the level.

    Holm (1979), Scandinavian Journal of Statistics 6: 65-70. It holds whatever the dependence between the tests.

    Args:
        p: One p-value per test; NaN is left out of the count.

    Returns:
        The adjusted p-values, in the same order.

    Example:
        >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
        [0.03, 0.06, 0.06]
    """
    given = np.asarray(p, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(given))
    order = known[np.argsort(given[known], kind="stable")]
    adjusted = np.full(given.shape, np.nan)
    steps = given[order] * (len(order) - np.arange(len(order)))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def bootstrap_weights(n: int, rng: np.random.Generator, resamples: int = RESAMPLES) -> Iterator[Floats]:
    """Yield how often each of n units is in each resample, some resamples at a time.

    Args:
        n: How many units there are.
        rng: The source of chance.
        resamples: How many resamples in all.

    Yields:
        Arrays of shape (some resamples, n) whose rows add up to 1.
    """
    at_a_time = max(1, min(resamples, _CELLS // max(n, 1)))
    for start in range(0, resamples, at_a_time):
        check_cancelled()
        rows = min(at_a_time, resamples - start)
        drawn = rng.integers(0, n, (rows, n)) + np.arange(rows)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n) / n


def percentiles(resampled: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the percentile interval of each column of bootstrap results; NaN where a column is not finite."""
    with np.errstate(invalid="ignore"):
        low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def shrunk_variances(variance: Floats, count: npt.NDArray[Any], weight: float = 4.0) -> Floats:
    """Move the variance of each point towards that of all, as far as it is poorly known.

    From five runs a variance is known to a factor of three or so: taken at its word it calls some points nearly free of
    chance. An empirical Bayes compromise in the manner of Smyth (2004), with a fixed weight of the pooled variance.

    Args:
        variance: The variance within each point; NaN below two runs.
        count: How many runs each point has.
        weight: The degrees of freedom that the pooled variance counts for.

    Returns:
        A variance for each point; NaN for all where no point has two runs.
    """
    freedom = np.where(np.isfinite(variance), np.maximum(np.asarray(count) - 1, 0), 0).astype(np.float64)
    if not freedom.any():
        return np.full(len(variance), np.nan)
    known = np.where(np.isfinite(variance), variance, 0.0)
    pooled = float((freedom * known).sum() / freedom.sum())
    return np.asarray((freedom * known + weight * pooled) / (freedom + weight))
