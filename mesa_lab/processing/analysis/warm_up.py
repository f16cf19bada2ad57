"""How long a model takes to settle: the warm-up that the MSER-5 rule suggests.

White (1997, Simulation 69: 323-334); Franklin & White (2008, Proc. Winter Simulation Conf.: 541-546): the truncation that makes the
marginal standard error of the rest smallest, over means of five steps. It is computed for the mean series of each design point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import ConclusionError
from mesa_lab.formatting import plural
from mesa_lab.processing.statistics.summary import numbers

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["WarmUp", "mser", "suggest_warm_up"]

type Floats = npt.NDArray[np.float64]

BATCH: Final = 5
"""Steps of a batch, as the authors advise."""


@dataclass(frozen=True)
class WarmUp:
    """A warm-up that is suggested.

    Attributes:
        steps: The longest over the points: from this step on all have settled. None where one does not settle.
        by_point: For each point, by its number; None where the rule finds no place in the first half of its runs.
        sentence: The same in words.
    """

    steps: int | None
    by_point: dict[int, int | None]
    sentence: str


def mser(series: npt.ArrayLike, batch: int = BATCH) -> int | None:
    """Return how many values at the beginning to leave out.

    Args:
        series: The values in their order.
        batch: How many make one mean.

    Returns:
        A multiple of the batch; None where the best place is in the second half, which says that the series is too short or never
        settles; and where there are fewer than ten batches.

    Example:
        >>> rising = [0, 2, 4, 6, 8, 9, 9, 10, 10, 10]
        >>> mser([*rising, *([10, 11, 9, 10, 10] * 20)])
        10
    """
    values = np.asarray(series, dtype=np.float64)
    count = len(values) // batch
    if count < 10:
        return None
    means = values[: count * batch].reshape(count, batch).mean(axis=1)
    # Scaled, so that no square overflows.
    size = float(np.abs(means).max())
    means = means / size if size > 0 else means
    tail_sum = means[::-1].cumsum()[::-1]
    tail_square = ((means - means.mean()) ** 2)[::-1].cumsum()[::-1]
    n = np.arange(count, 0, -1, dtype=np.float64)
    off = tail_sum / n - means.mean()
    spread = tail_square - n * off**2
    spread[spread < 1e-12 * tail_square[0]] = 0.0  # what is left of equal means is rounding
    rule = spread / n**2
    # The last few batches are alike by luck.
    place = int(np.argmin(rule[: count - 4]))
    return None if place > count // 2 else place * batch


def suggest_warm_up(results: Reader, outcome: str) -> WarmUp:
    """Suggest how many steps to leave out at the beginning of a run.

    Args:
        results: The results, with a series of the outcome for each step.
        outcome: The outcome.

    Raises:
        ConclusionError: If there is no series of at least 50 steps.
        OutcomeError: If the outcome is unknown, not a number, or has no series.
    """
    with results.snapshot():
        row, step, values = results.steps_of(outcome, results.done)
        read, _ = numbers(values, outcome)
        rows = results.point_rows[row]
    found: dict[int, int | None] = {}
    for place, number in enumerate(results.points.index):
        at = (rows == place) & np.isfinite(read)
        if not at.any():
            continue
        steps, mean = _mean_series(step[at], read[at])
        if len(steps) < 10 * BATCH:
            continue
        left_out = mser(mean)
        found[int(number)] = None if left_out is None else int(steps[left_out])
    if not found:
        raise ConclusionError(
            f"There is no series of '{outcome}' of {10 * BATCH} steps or more: run longer, with period = 1, to see when it settles."
        )
    unsettled = sum(steps is None for steps in found.values())
    longest = None if unsettled else max(steps for steps in found.values() if steps is not None)
    if unsettled:
        sentence = (
            f"At {unsettled:,} of {plural(len(found), 'point')} '{outcome}' has not settled in the first half of its runs: run longer, or "
            "look at it over time; its mean is that of a change, not of a state."
        )
    elif longest == 0:
        sentence = f"'{outcome}' needs no warm-up at any of {plural(len(found), 'point')} (MSER-{BATCH})."
    else:
        sentence = f"Leave out the first {longest:,} steps of '{outcome}': warm_up = {longest} (MSER-{BATCH}, the longest of {plural(len(found), 'point')})."
    return WarmUp(longest, found, sentence)


def _mean_series(step: npt.NDArray[np.int64], values: Floats) -> tuple[Any, Floats]:
    """The mean over runs at each step at which at least half of them are still going."""
    steps, code = np.unique(step, return_inverse=True)
    count = np.bincount(code)
    mean = np.bincount(code, weights=values) / count
    kept = count >= count.max() / 2
    return steps[kept], np.asarray(mean[kept])
