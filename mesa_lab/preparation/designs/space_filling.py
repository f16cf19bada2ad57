"""How evenly points fill the unit cube. It knows arrays alone: no parameter, no design.

Measures that compare all pairs of points are for a sample when there are many.
"""

from typing import Any, Final

import numpy as np

__all__ = ["SAMPLE", "discrepancy", "sample_of", "smallest_distance"]

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
