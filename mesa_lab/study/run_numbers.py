"""Which run is which: the numbers of a study's runs, the same for ever however the study grows.

A study is a rectangle of points times replications. Its runs are numbered all points once, then the next
replication, so that a part of a study is a balanced part. When the rectangle grows, what is new is numbered
after what was there, in the same order. This module is arithmetic: it knows neither files nor experiments.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import StudyError

__all__ = ["Layout", "RunPlan", "check_memory", "plan", "ranges"]

_NAMED: Final = 8
_FEW: Final = 1_000_000
_BYTES: Final = 64  # of memory for each run, while they are numbered

type Layout = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The point and the replication of every run that a study asks for.

    Attributes:
        run_id: Numbers of the runs, ascending.
        point: The design point of each.
        replication: The replication of each.
    """

    run_id: npt.NDArray[np.int64]
    point: npt.NDArray[np.int64]
    replication: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.run_id)


def plan(
    layout: Layout, wanted: npt.NDArray[np.bool_] | None = None, replications: int | None = None
) -> RunPlan:
    """Number the runs of a study.

    Args:
        layout: The (points, replications) that the study had one after the other; neither ever shrinks.
        wanted: For each point whether it is still asked for; None means all.
        replications: How many replications are asked for now; None means all.

    Returns:
        The runs that are asked for. Their numbers do not depend on `wanted` and `replications`.

    Example:
        >>> grown = plan([(2, 1), (3, 2)])
        >>> list(zip(grown.point.tolist(), grown.replication.tolist()))
        [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]
    """
    points: list[npt.NDArray[np.int64]] = []
    rounds: list[npt.NDArray[np.int64]] = []

    def append(first: int, last: int, start: int, stop: int) -> None:
        one_round = np.arange(first, last, dtype=np.int64)
        points.append(np.tile(one_round, stop - start))
        rounds.append(np.repeat(np.arange(start, stop, dtype=np.int64), last - first))

    had_points = had_rounds = 0
    for n_points, n_rounds in layout:
        append(had_points, n_points, 0, had_rounds)
        append(0, n_points, had_rounds, n_rounds)
        had_points, had_rounds = n_points, n_rounds
    point = np.concatenate(points) if points else np.zeros(0, np.int64)
    replication = np.concatenate(rounds) if rounds else np.zeros(0, np.int64)
    run_id = np.arange(len(point), dtype=np.int64)
    keep: Any = None
    if wanted is not None and not wanted.all():
        keep = wanted[point]
    if replications is not None and replications < had_rounds:
        few = replication < replications
        keep = few if keep is None else keep & few
    if keep is None:
        return RunPlan(run_id, point, replication)
    return RunPlan(run_id[keep], point[keep], replication[keep])


def check_memory(layout: Layout) -> None:
    """Refuse to number more runs than memory holds a list of.

    Raises:
        StudyError: If there are that many.
    """
    runs = layout[-1][0] * layout[-1][1] if layout else 0
    if runs > _FEW:
        import psutil

        free = int(psutil.virtual_memory().available)
        if runs * _BYTES > free:
            raise StudyError(
                f"The study asks for {runs:,} runs, which takes {runs * _BYTES / 2**30:,.0f} GiB of memory to list; "
                f"{free / 2**30:,.1f} GiB are free. Split the experiment, or use a larger machine."
            )


def ranges(numbers: Sequence[int]) -> str:
    """Write the numbers of runs for people, not more than they would read.

    Args:
        numbers: One at least, ascending.

    Example:
        >>> ranges([3, 4, 5, 6, 7, 9, 10])
        '3 to 7, 9, 10'
    """
    found = [[numbers[0], numbers[0]]]
    for number in numbers[1:]:
        if number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    words = {0: "{}", 1: "{}, {}"}
    named = [words.get(high - low, "{} to {}").format(low, high) for low, high in found[:_NAMED]]
    return ", ".join(named) + (" and more" if len(found) > _NAMED else "")
