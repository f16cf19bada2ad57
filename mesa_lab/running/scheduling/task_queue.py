"""Which tasks go out next, and how many at a time.

Tasks come lazily, in the order of the study, and may be a million; the first ones go out before many are read. Batches are
sized by time, as learned from the runs that are done: long enough that sending them costs nothing, short enough that nothing
waits for them.

With several workers the order changes within a replication, so that they end together: at first points from all corners of
the design are mixed, since slow ones are often neighbours and would come last; those that turn out to take long, by
themselves or by their neighbours (`run_time_forecast.py`), go first (Graham, 1969, "Bounds on multiprocessing timing anomalies"), in
batches of their own, and do not count when the size of the others is found.
Towards the end batches become smaller (guided self-scheduling; Polychronopoulos and Kuck, 1987). Replications stay in
their order, so that a study that is stopped has been everywhere equally often.

Tasks may also come in while others are carried out (`GrowingTasks`): then what is there is taken for all that there will be, and
looked for again at each turn. Whoever decides on them needs the process that hands them out for a while, and needs the last results
before that: so batches are small then, and workers have several at hand.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from math import ceil, gcd

from mesa_lab.running.scheduling.run_time_forecast import Forecast
from mesa_lab.study.records import RunRecord, Task

__all__ = ["TaskQueue"]

BATCH_SECONDS = 0.2
"""What a batch should take."""

_GROWING_SECONDS = 0.02
"""The same while further tasks wait for results: these come with the batch."""
_AT_HAND_SECONDS = 0.5
"""For how long workers have work at hand while it is decided on further tasks; longer runs last as long by themselves."""
_LARGEST = 5_000
_GROWTH = 4
_AHEAD = 4_096
_FIRST_LOOK = 512
_FIRST_BATCH = 32
"""How many tasks a worker gets before anything is known, where there are plenty: it gives back those that it has no time
for, and the others are read meanwhile."""
_SHORTEST_SECONDS = 0.005
"""What a batch should take at least: below that, sending it would cost more than waiting for it."""
_DOUBT = 2.0
"""How many runs it takes to believe what they say about the next ones as much as all that is known before."""
_LONG_SECONDS = 0.02
"""A shorter run may be the last one: nobody waits for it for long."""
_GOLDEN = 0.6180339887498949


class TaskQueue:
    """Tasks that wait for a worker. May be used from several threads.

    Args:
        tasks: The tasks, in order.
        batch_seconds: What a batch should take; more where it has a long way to go.
        workers: How many work on them; one gets them in their order. Several give back what they have no time for.
    """

    def __init__(
        self, tasks: Iterable[Task], batch_seconds: float = BATCH_SECONDS, *, workers: int = 1
    ) -> None:
        self._tasks = iter(tasks)
        self._may_grow = bool(getattr(tasks, "may_grow", False))
        self._batch_seconds = min(batch_seconds, _GROWING_SECONDS) if self._may_grow else batch_seconds
        self._workers = workers
        self._back: deque[Task] = deque()
        self._ahead: deque[Task] = deque()
        self._later: deque[list[Task]] = deque()
        self._left: int | None = None
        self._look = _FIRST_LOOK
        self._lock = threading.Lock()
        self._seconds: float | None = None
        self._size = 1
        self._before: tuple[float | None, int] = (None, 1)
        self._latest = (0, 0.0)
        self._forecast = Forecast(_LONG_SECONDS)
        self._slow: dict[int, float] = {}

    @property
    def at_hand(self) -> int:
        """How many further batches a worker should have at hand before it asks: some where the next runs are short."""
        with self._lock:
            if self._seconds is None or self._is_slow_next:
                return 0
            if self._may_grow:
                seconds = max(self._seconds * self._size, _GROWING_SECONDS / 2)
                return ceil(_AT_HAND_SECONDS / seconds) if seconds <= _AT_HAND_SECONDS else 0
            return int(self._seconds < BATCH_SECONDS / 4)

    def take(self) -> list[Task]:
        """Take the next batch; empty when there are no more tasks at the moment."""
        with self._lock:
            size = self._size
            if self._workers > 1:
                self._look_ahead(size)
                if self._left is None and self._seconds is None:
                    known = len(self._ahead) + sum(map(len, self._later))
                    size = self._size = max(1, min(_FIRST_BATCH, known // (2 * self._workers)))
                elif (left := self._known_left) is not None:
                    size = max(min(size, self._shortest()), min(size, left // (2 * self._workers)))
            batch = [self._back.popleft() for _ in range(min(size, len(self._back)))]
            if not batch and self._is_slow_next:
                batch = self._take_slow()
                size = len(batch)
            while len(batch) < size and self._ahead and not self._is_slow_next:
                batch.append(self._ahead.popleft())
            batch += islice(self._tasks, size - len(batch)) if self._workers == 1 else ()
            if self._left is not None:
                self._left -= len(batch)
        return batch

    def read_on(self) -> None:
        """Read more tasks, if few are known, while the workers are busy with the first ones."""
        with self._lock:
            if self._workers > 1 and not self._later and self._left is None:
                self._read()

    def put_back(self, tasks: Sequence[Task]) -> None:
        """Take tasks back that were not carried out; they come first."""
        with self._lock:
            self._back.extendleft(reversed(tasks))
            if self._left is not None:
                self._left += len(tasks)

    def learn(self, runs: int, seconds: float) -> None:
        """Learn from a batch that is done how long a run takes.

        Args:
            runs: How many runs it had.
            seconds: How long they took, all together.
        """
        if runs == 0:
            return
        with self._lock:
            self._before = self._seconds, self._size
            self._latest = runs, seconds
            self._estimate()

    def learn_points(self, runs: Sequence[RunRecord]) -> None:
        """Learn how long the runs of points take: others like them start earlier."""
        if self._workers == 1:
            return
        with self._lock:
            better, limit = self._forecast.learn(runs), self._forecast.limit
            if long := [time for run in runs if (time := run.init_seconds + run.run_seconds) > limit]:
                # They say nothing about the others.
                self._latest = self._latest[0] - len(long), self._latest[1] - sum(long)
                self._estimate()
            if better:
                waiting = [*self._back, *self._ahead]
                self._back.clear()
                self._slow.clear()
                groups = groupby(waiting, lambda task: task.replication)
                self._ahead = deque(task for _, group in groups for task in self._slow_first(list(group)))

    def _estimate(self) -> None:
        """Find the size of batches from the usual time of a run, as the latest ones have changed it."""
        (seconds, size), (runs, latest) = self._before, self._latest
        if runs > 0:
            trust = 1.0 if seconds is None else runs / (runs + _DOUBT)
            seconds = (seconds or 0.0) * (1 - trust) + max(latest, 0.0) / runs * trust
        self._seconds = seconds
        if seconds is not None:
            fitting = int(self._batch_seconds / max(seconds, 1e-6))
            self._size = max(1, min(fitting, size * _GROWTH, _LARGEST))

    @property
    def _is_slow_next(self) -> bool:
        """Whether the next task is expected to be slow; it would keep others waiting that come with it."""
        return bool(self._slow and self._ahead) and self._ahead[0].run_id in self._slow

    def _take_slow(self) -> list[Task]:
        """Take the next tasks if they are expected to be slow, as many as a batch has time for."""
        batch: list[Task] = []
        seconds = 0.0
        while self._is_slow_next and seconds < self._batch_seconds:
            batch.append(self._ahead.popleft())
            seconds += self._slow.pop(batch[-1].run_id)
        return batch

    @property
    def _known_left(self) -> int | None:
        """How many tasks are left, None while there are too many to know."""
        if self._may_grow:
            return len(self._back) + len(self._ahead) + sum(map(len, self._later))
        return self._left

    def _shortest(self) -> int:
        return int(_SHORTEST_SECONDS / max(self._seconds or 1.0, 1e-6)) or 1

    def _look_ahead(self, size: int) -> None:
        """See to it that a batch is at hand, and notice when no more will come."""
        while len(self._ahead) < size and (self._later or self._left is None):
            if not self._later:
                self._read()
                if not self._later and self._may_grow:
                    break
            if self._later:
                self._ahead.extend(self._ordered(self._later.popleft()))

    def _read(self) -> None:
        some = list(islice(self._tasks, self._look))
        self._later.extend(list(group) for _, group in groupby(some, lambda task: task.replication))
        if len(some) < self._look and not self._may_grow:
            self._left = len(self._back) + len(self._ahead) + len(some)
        self._look = _AHEAD

    def _ordered(self, tasks: list[Task]) -> list[Task]:
        """Order the tasks of one replication: what is known to be slow first, the rest as mixed as can be."""
        count = len(tasks)
        if count == 1:
            return tasks
        self._forecast.meet(tasks)
        step = max(1, round(_GOLDEN * count))
        while gcd(step, count) > 1:
            step += 1
        return self._slow_first([tasks[place * step % count] for place in range(count)])

    def _slow_first(self, tasks: list[Task]) -> list[Task]:
        if self._forecast.longest <= _LONG_SECONDS:
            return tasks
        seconds = self._forecast.seconds(tasks)
        limit = self._forecast.limit
        self._slow |= {task.run_id: time for task, time in zip(tasks, seconds, strict=True) if time > limit}
        return [tasks[place] for place in sorted(range(len(tasks)), key=lambda place: -seconds[place])]
