"""How evenly points fill the unit cube. It knows arrays alone: no parameter, no design.

Measures that compare all pairs of points are for a sample when there are many.
"""

from typing import Any, Final

import numpy as np

__all__ = ["SAMPLE", "discrepancy", "sample_of", "smallest_distance"]

SAMPLE: Final = 2000
"""Points that are compared in pairs."""

_BLOCK: Final = 250
"""Rows that are compared with all others at a time: a few megabytes."""

type Array = np.ndarray[Any, np.dtype[Any]]


def sample_of(cube: Array) -> Array:
    """Return all points, or `SAMPLE` of them in their order where there are more."""
    if len(cube) <= SAMPLE:
        return cube
    chosen = np.random.default_rng(0).choice(len(cube), SAMPLE, replace=False)
    sample: Array = cube[np.sort(chosen)]
    return sample


def discrepancy(cube: Array) -> float | None:
    """Return the centred discrepancy; None with fewer than 2 points.

    Formula (24) of Hickernell 1998, Math. Comp. 67: 299-322, squared, as `scipy.stats.qmc.discrepancy` gives it. It is
    worked out here because `scipy.stats` takes longer to import than all else that a preview or a report needs.

    Args:
        cube: Points of the unit cube, an array of shape (points, dimensions).
    """
    n, dimensions = cube.shape
    if n < 2 or not dimensions:
        return None
    away = np.abs(cube - 0.5)
    single = np.prod(1 + away / 2 - away**2 / 2, axis=1).sum()
    pairs = 0.0
    for start in range(0, n, _BLOCK):
        some, its = cube[start : start + _BLOCK], away[start : start + _BLOCK]
        product = np.ones((len(some), n))
        for at in range(dimensions):
            between = np.abs(some[:, at, None] - cube[None, :, at])
            product *= 1 + its[:, at, None] / 2 + away[None, :, at] / 2 - between / 2
        pairs += float(product.sum())
    return float((13 / 12) ** dimensions - 2 / n * single + pairs / n**2)


def smallest_distance(cube: Array) -> float | None:
    """Return the smallest Euclidean distance between two points; None with fewer than 2."""
    n, dimensions = cube.shape
    if n < 2 or not dimensions:
        return None
    smallest = np.inf
    for start in range(0, n - 1, _BLOCK):
        some = cube[start : start + _BLOCK]
        squares = np.zeros((len(some), n - start))
        for at in range(dimensions):
            squares += (some[:, at, None] - cube[None, start:, at]) ** 2
        squares[np.tril_indices(len(some), m=n - start)] = np.inf  # itself, and pairs that were met
        smallest = min(smallest, float(squares.min()))
    return float(np.sqrt(smallest))
