"""A worker process that several studies share: it carries out some tasks of one, then some of another.

A stream has its workers for itself until its last run. In a class thirty studies are under way on two cores, and each is to
get on; so here a worker stays, and what it is given changes. How many tasks come at a time is the caller's decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from typing import Final

from mesa_lab.running.backends.backend import Control
from mesa_lab.running.scheduling.task_queue import TaskQueue
from mesa_lab.running.workers.dispatch import Dispatch
from mesa_lab.running.workers.pool import Worker, WorkerPool, woken
from mesa_lab.running.workers.process import start_worker
from mesa_lab.running.workers.serialization import Payload
from mesa_lab.study.records import Batch, Task

__all__ = ["SharedWorker"]

_RUNS: Final = 2_000
"""Runs after which a process is replaced: what the models of many studies leave behind adds up, and nobody else looks."""


class SharedWorker:
    """One worker process, for tasks of any study, a few at a time.

    Args:
        memory: Bytes of memory that the process may use; a run that asks for more fails. None for no limit. Where the
            operating system offers no such limit, there is none.

    Example:
        >>> worker = SharedWorker()
        >>> worker.close()
    """

    def __init__(self, memory: int | None = None) -> None:
        self._memory = memory
        self._pool: WorkerPool | None = None
        self._woken: Worker | None = None
        self._runs = 0

    def wake(self) -> None:
        """Start the process before there is something to do, unless it lives: importing Mesa takes it a second or two.

        Raises:
            RunError: If the program is ending.
        """
        if self._pool is None and self._woken is None:
            self._woken = woken(self._start)

    def carry_out(
        self, payload: Payload, tasks: Sequence[Task], control: Control, tell: Callable[[str, str], None]
    ) -> Iterator[Batch]:
        """Carry out some tasks and yield their results as they come.

        Args:
            payload: The model and the protocol, packed.
            tasks: What to run.
            control: Stops it. A run under way is given up then, with the process that it is in.
            tell: Called with a topic and what the user should know about it.

        Yields:
            Batches, each task's result in exactly one of them unless it was stopped.

        Raises:
            RunError: If the worker cannot load the model.
        """
        pool = self._ready(payload)
        dispatch = Dispatch(TaskQueue(tasks, workers=1), pool, tell)
        try:
            while not control.stopped():
                dispatch.feed()
                if not pool.is_busy:
                    break
                for batch in dispatch.receive():
                    self._runs += len(batch.runs)
                    yield batch
        finally:
            if pool.is_busy:  # it was stopped, or went wrong
                self.close()

    def close(self) -> None:
        """End the process, whatever it is doing."""
        pool, self._pool, self._runs = self._pool, None, 0
        idle, self._woken = self._woken, None
        if idle is not None:
            idle.end()
        if pool is not None:
            pool.release(keep=False)

    def _ready(self, payload: Payload) -> WorkerPool:
        """Return a pool of one that works for this payload, with the process of before if that can go on."""
        if self._pool is not None and (self._runs >= _RUNS or not self._pool.workers[0].is_reusable):
            self.close()
        if self._pool is None:
            ready = [self._woken] if self._woken is not None else []
            self._woken = None
            self._pool = WorkerPool(payload, 1, self._start, workers_of_others=False, workers=ready)
        self._pool.payload = payload
        return self._pool

    def _start(self, slot: str) -> Executor:
        executor = start_worker(slot)
        if self._memory is not None:
            executor.submit(limit_memory, self._memory)
        return executor


def limit_memory(size: int) -> None:
    """Let this process use at most so many bytes more than it does, where the operating system can see to it."""
    try:
        import resource
    except ImportError:  # Windows
        return
    import psutil

    used = psutil.Process().memory_info().vms
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    wanted = used + size
    resource.setrlimit(resource.RLIMIT_AS, (wanted if most < 0 else min(wanted, most), most))
