"""What half-width is wanted at each point, and about how many runs that takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.analysis.inference import shrunk_variances
from mesa_lab.processing.analysis.observations import Observations
from mesa_lab.processing.statistics.intervals import wilson

__all__ = ["MOST", "Wanted", "rounded_up", "runs_needed", "wanted"]

type Floats = npt.NDArray[np.float64]
type Codes = npt.NDArray[np.int64]

MOST: Final = 10_000_000
"""More runs than this are said to be beyond all bounds."""

_OF_USUAL: Final = 0.1
"""A mean below this part of the usual size is near 0: a part of it would be a precision that nobody needs."""


@dataclass(frozen=True, eq=False)
class Wanted:
    """The half-width that is wanted at each point.

    Attributes:
        half_width: In units of the outcome, for the means at hand.
        of_mean: Whether it is a part of the point's own mean.
        near: What counts as near 0: where the mean is smaller, the precision is a part of this; 0 for never.
        of_what: "mean" (a part of the mean, or of `near` where that is larger), "share" (percentage points), or "given".
        by_spread: Whether `near` is the usual standard deviation of runs, else a part of the usual mean.
    """

    half_width: Floats
    of_mean: npt.NDArray[np.bool_]
    near: float
    of_what: str
    by_spread: bool = False

    def along(self, precision: float, means: Floats) -> Floats:
        """Return the half-width wanted for the running means: a part of these, where it is one of the mean."""
        fixed = np.broadcast_to(self.half_width[:, None], means.shape)
        return precision * np.maximum(np.abs(means), self.near) if self.of_what == "mean" else fixed


def wanted(observed: Observations, precision: float, within: float | None) -> Wanted:
    """Say which half-width is wanted at each point.

    A part of the mean asks for ever more runs the nearer to 0 the mean is. So it is a part of the mean or of one size for all
    points, whichever is larger: the usual standard deviation of the runs of a point, or a tenth of the usual mean. A mean that moves
    towards 0 changes what is wanted without a jump.

    Args:
        observed: The outcome at the points.
        precision: The half-width as a part of the mean; of a share in units of the whole.
        within: The half-width in units of the outcome, in place of the part; None for none.
    """
    size = np.abs(observed.mean)
    none = np.zeros(len(size), dtype=bool)
    if within is not None:
        return Wanted(np.full(len(size), float(within)), none, 0.0, "given")
    if observed.is_share:
        return Wanted(np.full(len(size), precision), none, 0.0, "share")
    several = observed.variance[(observed.count > 1) & (observed.variance > 0)]
    spread = float(np.sqrt(np.median(several))) if len(several) else 0.0
    usual = _OF_USUAL * float(np.median(size[size > 0])) if (size > 0).any() else 0.0
    near = max(spread, usual)
    return Wanted(precision * np.fmax(size, near), size >= near, near, "mean", spread >= usual)


def runs_needed(observed: Observations, target: Floats, level: float) -> Floats:
    """Estimate how many runs of each point give its mean to within a half-width.

    The variance of few runs is poorly known, and the largest of many such is too large: each is moved towards that of all
    points, the further the fewer runs there are.

    Args:
        observed: The outcome at the points.
        target: The half-width that is wanted at each.
        level: Level of the intervals.

    Returns:
        The numbers; infinite beyond `MOST`, NaN where a point has one run.
    """
    from scipy.special import stdtrit

    count = observed.count
    if observed.is_share:
        share = np.where(count > 0, observed.mean, np.nan)

        def half(n: Floats) -> Floats:
            low, high = wilson(share, n, level)
            return np.asarray((high - low) / 2)
    else:
        sd = np.sqrt(shrunk_variances(observed.variance, count))

        def half(n: Floats) -> Floats:
            return np.asarray(stdtrit(np.maximum(n - 1, 1), (1 + level) / 2) * sd / np.sqrt(n))

    low, high = np.full(len(target), 2.0), np.full(len(target), float(MOST))
    with np.errstate(all="ignore"):
        enough, never = half(low) <= target, ~(half(high) <= target)
        while (high - low > 1).any():
            middle = np.floor((low + high) / 2)
            good = half(middle) <= target
            high, low = np.where(good, middle, high), np.where(good, low, middle)
            if (high - low <= 1).all():
                break
    found = np.where(enough, 2.0, np.where(never, np.inf, high))
    return np.where((count > 1) | observed.is_share, found, np.nan)


def rounded_up(runs: float) -> int:
    """Return a number of runs with no more digits than an estimate has.

    Example:
        >>> rounded_up(57), rounded_up(304)
        (57, 310)
    """
    if runs <= 100:
        return int(runs)
    size: int = 10 ** (math.floor(math.log10(runs)) - 1)
    return math.ceil(runs / size) * size
