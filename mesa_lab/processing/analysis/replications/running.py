"""Running means with their intervals, run by run, and the first number of runs from which on they are precise enough.

Hoad, Robinson & Davies (2010, J. Oper. Res. Soc. 61: 1632-1644): the precision must hold for some further runs (the
look-ahead), since an interval of few runs is now and then narrow by luck.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.statistics.intervals import wilson

__all__ = ["FIRST", "LOOK_AHEAD", "Running", "look_ahead_of", "running", "steady_from"]

type Floats = npt.NDArray[np.float64]
type Codes = npt.NDArray[np.int64]

FIRST: Final = 3
"""Runs from which on a precision is looked at."""

LOOK_AHEAD: Final = 5
"""Further runs that a precision must hold for; of more than 100 runs so many in a hundred."""


@dataclass(frozen=True, eq=False)
class Running:
    """The mean of the first 1, 2, … runs of each point, in their order.

    Attributes:
        mean: One row for each point, one column for each number of runs; NaN beyond the runs of a point.
        half_width: Of the interval of each mean; NaN for a single run.
        count: How many runs each point has.
    """

    mean: Floats
    half_width: Floats
    count: Codes


def running(values: Floats, *, is_share: bool, level: float) -> Running:
    """Return the running means of points.

    Args:
        values: One row for each point, one column for each replication; NaN where there is no value.
        is_share: Whether the values are zeros and ones: Wilson's interval then, else Student's.
        level: Level of the intervals.

    Example:
        >>> found = running(np.array([[1.0, np.nan, 3.0, 2.0]]), is_share=False, level=0.95)
        >>> found.mean[0].tolist(), found.count.tolist()
        ([1.0, 2.0, 2.0, nan], [3])
    """
    from scipy.special import stdtrit

    known = np.isfinite(values)
    order = np.argsort(~known, axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=1)
    there = np.take_along_axis(known, order, axis=1)
    n = np.arange(1, values.shape[1] + 1, dtype=np.float64)
    centre = np.where(there, ordered, 0.0).sum(axis=1, keepdims=True) / np.maximum(
        there.sum(axis=1, keepdims=True), 1
    )
    # About the mean of all runs, so that no digits are lost where it is large.
    rest = np.where(there, ordered - centre, 0.0)
    total, squares = rest.cumsum(axis=1), (rest**2).cumsum(axis=1)
    with np.errstate(all="ignore"):
        mean = total / n
        if is_share:
            low, high = wilson(np.clip(centre + mean, 0, 1), n, level)
            half = (high - low) / 2
        else:
            variance = np.maximum(squares - total**2 / n, 0.0) / (n - 1)
            half = stdtrit(np.maximum(n - 1, 1), (1 + level) / 2) * np.sqrt(variance / n)
            # What is left of equal values by rounding is no spread.
            half = np.where(half > 1e-12 * np.abs(centre + mean), half, np.where(n > 1, 0.0, np.nan))
            half[:, 0] = np.nan
    return Running(
        np.where(there, centre + mean, np.nan),
        np.where(there, half, np.nan),
        there.sum(axis=1).astype(np.int64),
    )


def look_ahead_of(n: Any, look_ahead: int = LOOK_AHEAD) -> Any:
    """Return how many further runs a precision must hold for that was reached with n runs.

    Example:
        >>> look_ahead_of(40), look_ahead_of(250)
        (5, 12)
    """
    found = np.floor(look_ahead * np.maximum(n, 100) / 100).astype(np.int64)
    return int(found) if np.ndim(n) == 0 else found


def steady_from(
    found: Running, target: Floats, *, look_ahead: int = LOOK_AHEAD, first: int = FIRST
) -> tuple[Codes, Codes]:
    """Find from how many runs on each point is precise enough.

    Args:
        found: The running means.
        target: The half-width that is wanted, one row for each point, one column or one for each number of runs.
        look_ahead: Further runs that it must hold for.
        first: Runs from which on to look.

    Returns:
        For each point the number of runs from which on the precision holds, 0 where it is not reached; and how many of the
        further runs of the look-ahead are still to be done, 0 where it is confirmed.

    Example:
        >>> runs = running(np.array([[9.0, 11, 10, 10, 10, 10, 10, 10, 10]]), is_share=False, level=0.95)
        >>> [each.tolist() for each in steady_from(runs, np.array([[0.8]]))]
        [[6], [2]]
    """
    columns = found.mean.shape[1]
    number = np.arange(1, columns + 1)
    inside = number[None, :] <= found.count[:, None]
    with np.errstate(invalid="ignore"):
        precise = (found.half_width <= target) & inside & (number >= first)
    # For each number of runs the next one at which it is not precise, beyond the runs of the point where there is none.
    ends = np.where(precise, columns + 1, number)
    ends = np.where(inside, ends, columns + 1)
    next_bad = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
    ahead = look_ahead_of(number, look_ahead)
    holds = precise & (next_bad > np.minimum(number + ahead, found.count[:, None]))
    any_holds = holds.any(axis=1)
    at = holds.argmax(axis=1)
    n = np.where(any_holds, at + 1, 0)
    lacking = np.where(any_holds, np.maximum(n + look_ahead_of(n, look_ahead) - found.count, 0), 0)
    return n.astype(np.int64), lacking.astype(np.int64)
