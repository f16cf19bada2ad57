"""Intervals of means that stay between bounds, such as shares and counts.

A smooth surface may overshoot what it is fitted to: 1.04 for a share. Cut off at the bound, its interval would be a point, as if the
share were known to be 1.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.statistics.intervals import wilson

__all__ = ["bounded", "observed_bounds", "share_interval", "share_variance"]

type Floats = npt.NDArray[np.float64]

_AT_THE_END: Final = 0.05


def observed_bounds(
    least: float, most: float, at_least: int, at_most: int, total: int
) -> tuple[float, float]:
    """Return what the mean of an outcome is taken to stay between.

    An end that a twentieth of the runs reached exactly is one, such as a share of 100. So is 0 where no run has the other sign: few
    outcomes can have it, a surface that overshoots gets there easily, and an honest interval may end there.

    Args:
        least: The lowest value of a run.
        most: The highest.
        at_least: How many runs have the lowest.
        at_most: How many have the highest.
        total: How many runs there are.

    Returns:
        The lowest and the highest mean; infinite for none.

    Example:
        >>> observed_bounds(0.3, 100.0, 1, 20, 200)
        (0.0, 100.0)
        >>> observed_bounds(-3.0, 4.0, 1, 1, 200)
        (-inf, inf)
    """
    enough = max(3.0, _AT_THE_END * total)
    return (
        least if at_least >= enough else 0.0 if least >= 0 else -math.inf,
        most if at_most >= enough else 0.0 if most <= 0 else math.inf,
    )


def bounded(mean: Floats, half: Floats, bounds: tuple[float, float]) -> tuple[Floats, Floats, Floats]:
    """Keep means and their intervals between bounds.

    A mean beyond a bound is moved to it with the whole of its interval. So the interval keeps its inner half, and holds all that
    the one before it held between the bounds.

    Args:
        mean: The means.
        half: Half the widths of their intervals.
        bounds: The lowest and the highest mean that can be; infinite for none.

    Returns:
        The means and the two ends of their intervals.

    Example:
        >>> [each.round(2).tolist() for each in bounded(np.array([0.5, 1.25]), np.array([0.125, 0.125]), (0.0, 1.0))]
        [[0.5, 1.0], [0.38, 0.88], [0.62, 1.0]]
    """
    inside = np.clip(mean, *bounds)
    return inside, np.clip(inside - half, *bounds), np.clip(inside + half, *bounds)


def share_interval(mean: Floats, half: Floats, n_runs: int, level: float) -> tuple[Floats, Floats, Floats]:
    """Keep shares and their intervals between 0 and 1, never narrower than all runs at one point would make them.

    Args:
        mean: The shares that a surface gives.
        half: Half the widths of their intervals.
        n_runs: How many runs the surface stands on.
        level: Level of the intervals.

    Returns:
        The shares and the two ends of their intervals.

    Example:
        >>> [each.round(3).tolist() for each in share_interval(np.array([1.0]), np.array([0.0]), 60, 0.95)]
        [[1.0], [0.94], [1.0]]
    """
    inside, low, high = bounded(mean, half, (0.0, 1.0))
    least, most = wilson(inside, max(n_runs, 1), level)
    return inside, np.minimum(low, least), np.maximum(high, most)


def share_variance(variance: Floats, share: Floats, count: npt.NDArray[np.int64]) -> Floats:
    """Return the variance of single runs at points, no smaller than runs that were all alike allow.

    Five of five runs do not show a share of 1: the variance is taken as if one run more had said yes and one more no (Laplace).

    Args:
        variance: As estimated, NaN where it is not known.
        share: The share at each point.
        count: The runs of each.

    Example:
        >>> share_variance(np.array([0.0, 0.3]), np.array([1.0, 0.4]), np.array([4, 5])).round(3).tolist()
        [0.139, 0.3]
    """
    moved = (share * count + 1) / (count + 2)
    alike = (share <= 0) | (share >= 1)
    return np.where(alike, np.fmax(variance, moved * (1 - moved)), variance)
