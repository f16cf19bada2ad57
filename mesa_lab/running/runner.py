"""Runs carried out by many processes, as a stream of batches in the order in which they are done.

The only room that knows joblib: on this machine through executors of loky, one for each worker; elsewhere (dask,
ray, threads) through `joblib.Parallel`. Whatever happens to a worker, every task that went in comes out
once, as a result or as a failure. Nothing of the calling process is changed.
"""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from functools import partial
from itertools import islice
from typing import Protocol as Interface

import joblib
from joblib.externals.loky import process_executor
from joblib.externals.loky.backend import get_context
from joblib.externals.loky.process_executor import BrokenProcessPool, ProcessPoolExecutor

from mesa_lab.errors import RunError
from mesa_lab.preparation.configuration import Protocol
from mesa_lab.preparation.models import load_model
from mesa_lab.running.crew import Crew, Death, Worker
from mesa_lab.running.packing import Payload, pack
from mesa_lab.running.plan import Plan
from mesa_lab.running.recording import Batch, FailureRecord, RunRecord, Task
from mesa_lab.running.scheduling import BATCH_SECONDS, TaskQueue
from mesa_lab.running.worker import Reply, begin, run_here, run_tasks

__all__ = ["Control", "stream"]

_POLL_SECONDS = 0.1
_VAIN_STARTS = 3


class Control(Interface):
    """What a caller may ask of a stream while it is under way."""

    def paused(self) -> bool:
        """Whether no new runs should be started."""

    def stopped(self) -> bool:
        """Whether to end at once, giving up the runs that are under way."""


class _Uncontrolled:
    def paused(self) -> bool:
        return False

    def stopped(self) -> bool:
        return False


def stream(
    protocol: Protocol,
    tasks: Iterable[Task],
    n_jobs: int = -1,
    backend: str = "loky",
    control: Control | None = None,
) -> Iterator[Batch]:
    """Carry out tasks and yield their results as they come.

    Args:
        protocol: The model, and how each run is stopped and measured.
        tasks: What to run, in order; read as far as needed, so there may be a million.
        n_jobs: How many processes, as joblib counts them: -1 is one for each core.
        backend: "loky" for processes on this machine, "sequential" for this thread, or the name of another joblib
            backend ("threading", "dask", "ray").
        control: Pauses or stops the stream. Closing the generator stops it too.

    Yields:
        Batches, each task's result in exactly one of them, in no particular order.

    Raises:
        ModelError: The model cannot be found.
        RunError: The workers cannot load the model, or the number of jobs makes no sense.
    """
    if n_jobs == 0:
        raise RunError("n_jobs is 0. Write how many processes to use, or -1 for one on each core.")
    control = control or _Uncontrolled()
    if backend == "loky":
        yield from _on_this_machine(pack(protocol), tasks, joblib.effective_n_jobs(n_jobs), control)
    elif backend == "sequential":
        yield from _in_this_thread(protocol, tasks, control)
    else:
        yield from _through_joblib(protocol, tasks, n_jobs, backend, control)


# Processes on this machine.


def _on_this_machine(payload: Payload, tasks: Iterable[Task], size: int, control: Control) -> Iterator[Batch]:
    dispatch = _Dispatch(TaskQueue(tasks), Crew(payload, size, _start))
    try:
        while not control.stopped():
            paused = control.paused()
            if not paused:
                dispatch.feed()
            if dispatch.crew.is_busy:
                yield from dispatch.receive()
            elif paused:
                time.sleep(_POLL_SECONDS)
            else:
                break
    finally:
        dispatch.crew.release()


def _start(slot: str) -> Executor:
    """Make an executor of one process. Loky starts it afresh, without running the caller's main module."""
    executor: Executor = ProcessPoolExecutor(
        max_workers=1, context=get_context("loky"), initializer=_begin, initargs=(slot, os.getpid())
    )
    return executor


def _begin(slot: str, driver: int) -> None:
    # Loky would end a worker that has grown by 300 MB, in the middle of things.
    process_executor._MAX_MEMORY_LEAK_SIZE = sys.maxsize
    begin(slot, driver)


class _Dispatch:
    """Sends tasks to the workers of a crew, and answers for those that a dead worker had."""

    def __init__(self, waiting: TaskQueue, crew: Crew) -> None:
        self.crew = crew
        self._waiting = waiting
        self._suspects: list[Task] = []
        self._tried_alone: set[int] = set()
        self._vain_starts = 0

    def feed(self) -> None:
        """Give every worker something to do, and the next batch at hand where runs are short."""
        for depth in range(2):
            for worker in self.crew.workers:
                if worker.alone or len(worker.sent) > depth:
                    continue
                if self._suspects and not worker.sent:
                    suspect = self._suspects.pop()
                    self._tried_alone.add(suspect.run_id)
                    worker.alone = True
                    self.crew.send(worker, [suspect], None)
                elif tasks := self._waiting.take():
                    self.crew.send(worker, tasks, BATCH_SECONDS)
            if not self._waiting.are_short:
                return

    def receive(self) -> Iterator[Batch]:
        """Wait a moment for an answer and yield what results it brings."""
        answer = self.crew.answer(_POLL_SECONDS)
        if answer is None:
            return
        worker, tasks, future = answer
        error = future.exception()
        if isinstance(error, BrokenProcessPool):
            yield from self._mourn(worker, error)
            return
        worker.sent.remove(tasks)
        worker.alone = False
        if error is not None:
            raise RunError(f"A worker failed outside of any run: {error!r}") from error
        reply: Reply | str = pickle.loads(future.result())
        if isinstance(reply, str):
            raise RunError(f"The workers cannot load the model: {reply}")
        if reply.sources:
            worker.sources = dict(reply.sources)
        if reply.batch is None:
            worker.forget()
        self._waiting.put_back(tasks[reply.done :])
        self._waiting.learn(reply.done, reply.seconds)
        self._vain_starts = 0
        if reply.batch is not None:
            yield reply.batch

    def _mourn(self, worker: Worker, error: BaseException) -> Iterator[Batch]:
        """After a worker's death: find the run that it was on, and see to it that no other is lost."""
        death, lost = worker.bury(error)
        if death.state.loading:
            self._vain_starts += 1
            if self._vain_starts == _VAIN_STARTS:
                code = f" ({death.exit_code})" if death.exit_code else ""
                raise RunError(
                    f"The workers die while they load the model '{self.crew.payload.model}'{code}. "
                    f"Import it in a fresh Python to see why. {death.trace}".strip()
                )
            suspects = []
        elif death.state.run_id >= 0:
            suspects = [task for tasks in lost for task in tasks if task.run_id == death.state.run_id]
        else:
            # Between two runs, or while their results were packed: any of the batch may be the reason.
            suspects = lost[0]
        names = {task.run_id for task in suspects}
        for tasks in reversed(lost):
            self._waiting.put_back([task for task in tasks if task.run_id not in names])
        for task in suspects:
            if death.by_timeout or task.run_id in self._tried_alone:
                yield _lost_run(task, death)
            else:
                self._suspects.append(task)


def _lost_run(task: Task, death: Death) -> Batch:
    """The record of a run that took its worker with it."""
    status = "timed out" if death.by_timeout else "failed"
    kind = "RunTimeoutError" if death.by_timeout else "WorkerDiedError"
    record = RunRecord(task.run_id, task.point, task.replication, task.seed, status, 0, None, 0.0, 0.0, "")
    failure = FailureRecord(task.run_id, "worker", kind, death.message, death.trace)
    return Batch(runs=(record,), finals=((),), failures=(failure,))


# Elsewhere.


def _in_this_thread(protocol: Protocol, tasks: Iterable[Task], control: Control) -> Iterator[Batch]:
    plan = Plan(load_model(protocol.model), protocol)
    waiting = TaskQueue(tasks)
    for batch in _batches(waiting, control):
        started = time.perf_counter()
        done = run_tasks(plan, batch)
        waiting.learn(len(batch), time.perf_counter() - started)
        yield done


def _through_joblib(
    protocol: Protocol, tasks: Iterable[Task], n_jobs: int, backend: str, control: Control
) -> Iterator[Batch]:
    if backend == "threading":
        run = joblib.delayed(partial(run_tasks, Plan(load_model(protocol.model), protocol)))
    else:
        run = joblib.delayed(partial(run_here, pack(protocol).data))
    waiting = TaskQueue(tasks)
    calls = (run(batch) for batch in _batches(waiting, control))
    options = {"n_jobs": n_jobs, "backend": backend, "batch_size": 1}
    try:
        parallel = joblib.Parallel(**options, return_as="generator_unordered")
    except ImportError as error:
        raise _no_backend(backend, error) from error
    except ValueError:  # some backends can only answer with lists
        try:
            parallel = joblib.Parallel(**options)
        except (ImportError, ValueError) as error:
            raise _no_backend(backend, error) from error
        rounds = iter(lambda: list(islice(calls, 4 * joblib.effective_n_jobs(n_jobs))), [])
        results = (batch for some in rounds for batch in parallel(some))
    else:
        results = parallel(calls)
    for batch in results:
        waiting.learn(len(batch.runs), sum(run.init_seconds + run.run_seconds for run in batch.runs))
        yield batch


def _no_backend(backend: str, error: Exception) -> RunError:
    extra = f" It comes with: pip install mesa-lab[{backend}]." if backend in ("dask", "ray") else ""
    return RunError(
        f"The backend '{backend}' cannot be used: {error}.{extra} Without a cluster, leave the backend out."
    )


def _batches(waiting: TaskQueue, control: Control) -> Iterator[list[Task]]:
    while not control.stopped():
        if control.paused():
            time.sleep(_POLL_SECONDS)
        elif batch := waiting.take():
            yield batch
        else:
            return
