"""How evenly points fill the unit cube. It knows arrays alone: no parameter, no design.

Measures that compare all pairs of points are for a sample when there are many.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

__all__ = ["SAMPLE", "discrepancy", "random_discrepancy", "sample_of", "smallest_distance"]

SAMPLE: Final = 2000
"""Points that are compared in pairs."""

type Array = np.ndarray[Any, np.dtype[Any]]


def sample_of(cube: Array) -> Array:
    """Return all points, or `SAMPLE` of them in their order where there are more."""
    if len(cube) <= SAMPLE:
        return cube
    chosen = np.random.default_rng(0).choice(len(cube), SAMPLE, replace=False)
    sample: Array = cube[np.sort(chosen)]
    return sample


def discrepancy(cube: Array) -> float | None:
    """Return the centred discrepancy (Hickernell 1998, Math. Comp. 67: 299-322); None with fewer than 2 points."""
    if len(cube) < 2 or not cube.shape[1]:
        return None
    from scipy.stats import qmc

    return float(qmc.discrepancy(cube, method="CD"))


def smallest_distance(cube: Array) -> float | None:
    """Return the smallest Euclidean distance between two points; None with fewer than 2."""
    if len(cube) < 2 or not cube.shape[1]:
        return None
    from scipy.spatial.distance import pdist

    return float(pdist(cube).min())


def random_discrepancy(n_points: int, counts: Sequence[int | None]) -> float | None:
    """Return the centred discrepancy that random points of the same space have on average; None with fewer than 2.

    It is the expectation of Hickernell's formula for independent points: ((5/4)^s - (13/12)^s) / n in s continuous dimensions.

    Args:
        n_points: How many points.
        counts: For each dimension how many equally likely values there are, at the centres of their shares; None for a
            continuous one.

    Example:
        >>> round(random_discrepancy(64, [None, None]), 4)
        0.0061
    """
    if n_points < 2 or not counts:
        return None
    once, same, apart = np.prod([_moments(count) for count in counts], axis=0)
    whole = float((13 / 12) ** len(counts))
    return float(whole - 2 * once + same / n_points + apart * (n_points - 1) / n_points)


def _moments(count: int | None) -> tuple[float, float, float]:
    """Means over one dimension of the three factors of the formula: a point by itself, with itself, with another."""
    if count is None or count > SAMPLE:
        return 13 / 12, 5 / 4, 13 / 12
    values = (np.arange(count) + 0.5) / count
    off = np.abs(values - 0.5)
    between = np.abs(values[:, None] - values[None, :]).mean()
    return (
        float(1 + off.mean() / 2 - (off**2).mean() / 2),
        float(1 + off.mean()),
        float(1 + off.mean() - between / 2),
    )
