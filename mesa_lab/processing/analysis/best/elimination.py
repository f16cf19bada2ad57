"""The best of some points by elimination, with a promised probability of being right."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["kim_nelson"]

type Floats = npt.NDArray[np.float64]


def kim_nelson(
    values: Floats, indifference: float, level: float = 0.95, first: int = 10
) -> tuple[list[int], int]:
    """Drop points one after the other that are not the largest.

    Kim & Nelson (2001), ACM TOMACS 11: 251-273, with c = 1: valid with common random numbers, since it takes the variance of differences.

    Args:
        values: One row for each point, one column for each replication, in their order; NaN where there is no value.
        indifference: A difference that is not worth detecting.
        level: Promised probability of a correct selection.
        first: Replications of the first stage.

    Returns:
        The points that are left, and the number of replications that were looked at.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> kim_nelson(rng.normal([[0.0], [3.0], [1.0]], 1.0, (3, 40)), 1.0)[0]
        [1]
    """
    k, n = values.shape
    whole = np.flatnonzero(np.isfinite(values).all(axis=0))
    if k < 2 or len(whole) < first:
        return list(range(k)), len(whole)
    eta = ((2 * (1 - level) / (k - 1)) ** (-2 / (first - 1)) - 1) / 2
    h2 = 2 * eta * (first - 1)
    stage = values[:, whole[:first]]
    spread = np.var(stage[:, None, :] - stage[None, :, :], axis=2, ddof=1)
    alive = np.arange(k)
    sums = np.zeros(k)
    r = 0
    for column in range(n):
        if not np.isfinite(values[alive, column]).all():
            continue  # a run failed, or is not there yet; points that were dropped have no more
        sums = sums + np.where(np.isfinite(values[:, column]), values[:, column], 0.0)
        r += 1
        if r < first:
            continue
        here = sums[alive] / r
        wide = spread[np.ix_(alive, alive)]
        reach = np.maximum(0.0, indifference / (2 * r) * (h2 * wide / indifference**2 - r))
        alive = alive[(here[:, None] >= here[None, :] - reach).all(axis=1)]
        if len(alive) == 1:
            break
    return [int(place) for place in alive], r
