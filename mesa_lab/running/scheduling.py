"""Which tasks go out next, and how many at a time.

Tasks come lazily, in the order of the study, and may be a million. Batches are sized by time, as learned from
the runs that are done: long enough that sending them costs nothing, short enough that nothing waits for them.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice

from mesa_lab.running.recording import Task

__all__ = ["TaskQueue"]

BATCH_SECONDS = 0.1
"""What a batch should take."""

_LARGEST = 5_000
_GROWTH = 4


class TaskQueue:
    """Tasks that wait for a worker. May be used from several threads.

    Args:
        tasks: The tasks, in order.
        batch_seconds: What a batch should take; more where it has a long way to go.
    """

    def __init__(self, tasks: Iterable[Task], batch_seconds: float = BATCH_SECONDS) -> None:
        self._tasks = iter(tasks)
        self._batch_seconds = batch_seconds
        self._back: deque[Task] = deque()
        self._lock = threading.Lock()
        self._seconds: float | None = None
        self._size = 1

    @property
    def are_short(self) -> bool:
        """Whether runs are so short that a worker should have its next batch at hand before it asks."""
        return self._seconds is not None and self._seconds < BATCH_SECONDS / 4

    def take(self) -> list[Task]:
        """Take the next batch; empty when there are no more tasks at the moment."""
        with self._lock:
            batch = [self._back.popleft() for _ in range(min(self._size, len(self._back)))]
            batch += islice(self._tasks, self._size - len(batch))
        return batch

    def put_back(self, tasks: Sequence[Task]) -> None:
        """Take tasks back that were not carried out; they come first."""
        with self._lock:
            self._back.extendleft(reversed(tasks))

    def learn(self, runs: int, seconds: float) -> None:
        """Learn from a batch that is done how long a run takes.

        Args:
            runs: How many runs it had.
            seconds: How long they took, all together.
        """
        if runs == 0:
            return
        with self._lock:
            latest = seconds / runs
            self._seconds = latest if self._seconds is None else 0.7 * self._seconds + 0.3 * latest
            fitting = int(self._batch_seconds / max(self._seconds, 1e-6))
            self._size = max(1, min(fitting, self._size * _GROWTH, _LARGEST))
