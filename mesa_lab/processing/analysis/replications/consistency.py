"""The consistency analysis of Read, Alden and others, and what it says: something about the number of runs alone.

Alden, Read, Timmis, Andrews, Veiga-Fernandes & Coles (2013, PLoS Comput. Biol. 9(2): e1002916; SPARTAN, technique 1) make 20
sets of n runs each and compare the first with each of the others by Vargha & Delaney's A. All sets come from the same
distribution, and A is computed from ranks; so how far it strays from 0.5 follows from n, whatever the model and its outcome
(values that repeat bring it a little nearer).
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import pandas as pd

__all__ = ["SIZES", "SMALL", "consistency", "largest_a", "runs_for_small"]

SETS: Final = 20
SIZES: Final = (5, 10, 20, 50, 100, 200, 300, 500, 800)
SMALL: Final = 0.56
"""Vargha & Delaney's bound of a small difference; 0.66 is a medium, 0.73 a large one."""


@cache
def _largest_deviation(sets: int) -> float:
    """The mean of the largest of so many deviations less one, in standard deviations; each pair correlates by one half."""
    from scipy.special import ndtr

    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    at = np.linspace(0, 8, 1601)
    shared, own = nodes[:, None] * np.sqrt(0.5), np.sqrt(0.5)
    below = (ndtr((at - shared) / own) - ndtr((-at - shared) / own)) ** (sets - 1)
    weights = weights / weights.sum()
    return float(np.trapezoid(1 - weights @ below, at))


def largest_a(n: int, sets: int = SETS) -> float:
    """Return the largest A (or 1 less A) to expect among the comparisons of one set of n runs with the others.

    Args:
        n: Runs of a set.
        sets: How many sets there are.

    Example:
        >>> round(largest_a(200), 3)
        0.555
    """
    return float(min(1.0, 0.5 + _largest_deviation(sets) * np.sqrt((2 * n + 1) / (12.0 * n * n))))


def consistency() -> pd.DataFrame:
    """Return the curve: `n, typical_a, largest_a` for sets of n runs.

    Example:
        >>> consistency().set_index("n")["largest_a"].round(2).loc[[5, 50, 500]].tolist()
        [0.87, 0.61, 0.53]
    """
    sd = [float(np.sqrt((2 * n + 1) / (12.0 * n * n))) for n in SIZES]
    return pd.DataFrame(
        {
            "n": SIZES,
            "typical_a": [0.5 + 0.6745 * each for each in sd],  # the median of a normal deviation's size
            "largest_a": [largest_a(n) for n in SIZES],
        }
    )


@cache
def runs_for_small() -> int:
    """Return from how many runs on the largest A is below the bound of a small difference."""
    n = 2
    while largest_a(n) >= SMALL:
        n += 1
    return n
