"""Batches to a cluster's workers and their results back, whatever happens to a worker.

A cluster gives a lost worker's tasks to others. When a task loses worker after worker it gives the task up, and joblib
all that is under way with it: here the others go out again, and a run that is still under suspicion goes out
alone, so that only the run that kills its workers fails. How tasks reach the cluster is settled in `cluster.py`.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Protocol

from mesa_lab.errors import MesaLabError, RunError
from mesa_lab.running.backends.cluster_connection import Cluster
from mesa_lab.running.scheduling.task_queue import TaskQueue
from mesa_lab.study.records import Batch, FailureRecord, RunRecord, Task

__all__ = ["Call", "relay"]

_POLL_SECONDS: Final = 0.1
_PARTING_SECONDS: Final = 5.0


class _Control(Protocol):
    def paused(self) -> bool: ...
    def stopped(self) -> bool: ...


class Call:
    """A batch on its way, under a name by which the cluster tells which one lost its worker.

    Args:
        work: What is done with a batch in a worker.
        first: The number of the batch's first run.
    """

    def __init__(self, work: Callable[[Sequence[Task]], tuple[Batch, ...]], first: int) -> None:
        self._work = work
        self.__name__ = f"run_{first}"

    def __call__(self, tasks: Sequence[Task]) -> tuple[Batch, ...]:
        """Carry out the batch."""
        return self._work(tasks)


def relay(
    waiting: TaskQueue,
    start: Callable[[Iterator[list[Task]]], Iterable[tuple[Batch, ...]]],
    cluster: Cluster,
    control: _Control,
) -> Iterator[Batch]:
    """Send tasks to a cluster and yield what comes back.

    Args:
        waiting: The tasks.
        start: Sends batches to the cluster as it takes them, and gives their results as they come.
        cluster: The cluster.
        control: Pauses or stops the stream.

    Raises:
        RunError: If the cluster is lost, or its workers cannot load the model.
    """
    under_way: dict[int, list[Task]] = {}
    singly: deque[Task] = deque()
    suspects: deque[Task] = deque()

    def batches(first: list[Task]) -> Iterator[list[Task]]:
        batch = first
        while batch:
            under_way[batch[0].run_id] = batch
            yield batch
            if control.stopped() or control.paused():
                return
            batch = [singly.popleft()] if singly else waiting.take()

    while not control.stopped():
        if control.paused():
            time.sleep(_POLL_SECONDS)
            continue
        alone: list[Task] = []
        first = [singly.popleft()] if singly else waiting.take()
        if not first:
            if not suspects:
                return
            first = alone = [suspects.popleft()]
        try:
            for batch in _followed(start(iter([alone]) if alone else batches(first)), cluster, control):
                under_way.pop(batch.runs[0].run_id, None)
                waiting.learn(len(batch.runs), sum(run.init_seconds + run.run_seconds for run in batch.runs))
                yield batch
        except _WorkersLostError as loss:
            if alone:
                yield _lost_run(alone[0], loss)
                continue
            blamed = under_way.pop(loss.run_id, None)
            for tasks in under_way.values() if blamed else ():
                singly.extendleft(reversed(tasks)) if len(tasks) == 1 else waiting.put_back(tasks)
            for tasks in [blamed] if blamed else under_way.values():
                (suspects if len(tasks) == 1 else singly).extend(tasks)
            under_way.clear()


class _WorkersLostError(Exception):
    """A task was given up because it lost its workers.

    Args:
        run_id: The first run of the batch, -1 when that is not known.
        message: What the cluster said.
    """

    def __init__(self, run_id: int, message: str) -> None:
        super().__init__(message)
        self.run_id = run_id


def _followed(results: Iterable[tuple[Batch, ...]], cluster: Cluster, control: _Control) -> Iterator[Batch]:
    """Yield results as they come, from a thread that waits for them: a request to stop is heard meanwhile."""
    answers: queue.SimpleQueue[tuple[Batch, ...] | BaseException | None] = queue.SimpleQueue()
    over = threading.Event()

    def fetch() -> None:
        try:
            for batches in results:
                answers.put(batches)
                if over.is_set():
                    return
            answers.put(None)
        except BaseException as error:
            answers.put(error)

    thread = threading.Thread(target=fetch, name="mesa-lab-relay", daemon=True)
    thread.start()
    try:
        while not control.stopped():
            try:
                answer = answers.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                if trouble := cluster.trouble():
                    raise RunError(f"{trouble}. What is done is kept: run it again to go on.") from None
                continue
            if answer is None:
                thread.join()
                return
            if isinstance(answer, BaseException):
                raise _meaning(answer, cluster) from answer
            yield from answer
    finally:
        over.set()
        cluster.give_up()
        thread.join(_PARTING_SECONDS)


def _meaning(error: BaseException, cluster: Cluster) -> Exception:
    """Return what an error that a cluster hands over is to the caller."""
    task = cluster.lost(error)
    if task is not None:
        number = re.search(r"run_(\d+)", task)
        return _WorkersLostError(int(number[1]) if number else -1, str(error).partition("\n")[0])
    if trouble := cluster.trouble():
        return RunError(f"{trouble}. What is done is kept: run it again to go on.")
    if isinstance(error, RunError):
        return error
    if isinstance(error, MesaLabError):
        return RunError(f"The cluster's workers cannot load the model: {error}")
    if isinstance(error, ImportError):
        return RunError(
            f"The cluster's workers lack something: {error}. Install the same packages there as here, mesa-lab among them."
        )
    return RunError(f"A worker of the cluster failed outside of any run: {error!r}")


def _lost_run(task: Task, loss: _WorkersLostError) -> Batch:
    record = RunRecord(task.run_id, task.point, task.replication, task.seed, "failed", 0, None, 0.0, 0.0, "")
    message = f"The workers that this run was given to died, one after the other. {loss}"
    return Batch(
        (record,), (), ((),), failures=(FailureRecord(task.run_id, "worker", "WorkerDiedError", message, ""),)
    )
