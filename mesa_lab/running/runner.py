"""Runs carried out by many processes, as a stream of batches in the order in which they are done.

The only room that knows joblib: on this machine through executors of loky, one for each worker; elsewhere (dask,
ray, threads) through `joblib.Parallel`. Whatever happens to a worker, every task that went in comes out
once, as a result or as a failure. Nothing of the calling process is changed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from functools import partial
from itertools import islice
from typing import Protocol as Interface

import joblib
from joblib.externals.loky import process_executor
from joblib.externals.loky.backend import get_context
from joblib.externals.loky.process_executor import ProcessPoolExecutor

from mesa_lab.errors import RunError
from mesa_lab.preparation.configuration import Protocol
from mesa_lab.preparation.models import load_model
from mesa_lab.running import lifeline
from mesa_lab.running.crew import Crew
from mesa_lab.running.dispatch import POLL_SECONDS, Dispatch
from mesa_lab.running.packing import Payload, pack
from mesa_lab.running.plan import Plan
from mesa_lab.running.recording import Batch, Task
from mesa_lab.running.scheduling import TaskQueue
from mesa_lab.running.worker import begin, run_here, run_tasks

__all__ = ["Control", "stream"]


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
    tell: Callable[[str, str], None] = lambda topic, text: None,
) -> Iterator[Batch]:
    """Carry out tasks and yield their results as they come.

    Args:
        protocol: The model, and how each run is stopped and measured.
        tasks: What to run, in order; read as far as needed, so there may be a million.
        n_jobs: How many processes, as joblib counts them: -1 is one for each core.
        backend: "loky" for processes on this machine, "sequential" for this thread, or the name of another joblib
            backend ("threading", "dask", "ray").
        control: Pauses or stops the stream. Closing the generator stops it too.
        tell: Called with a topic and what the user should know about it; with a topic again when there is more to say.

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
        yield from _on_this_machine(pack(protocol), tasks, joblib.effective_n_jobs(n_jobs), control, tell)
    elif backend == "sequential":
        yield from _in_this_thread(protocol, tasks, control)
    else:
        yield from _through_joblib(protocol, tasks, n_jobs, backend, control)


# Processes on this machine.


def _on_this_machine(
    payload: Payload, tasks: Iterable[Task], size: int, control: Control, tell: Callable[[str, str], None]
) -> Iterator[Batch]:
    dispatch = Dispatch(TaskQueue(tasks), Crew(payload, size, _start), tell)
    try:
        while not control.stopped():
            paused = control.paused()
            if not paused:
                dispatch.feed()
            if dispatch.crew.is_busy:
                yield from dispatch.receive()
            elif paused:
                time.sleep(POLL_SECONDS)
            else:
                break
    finally:
        dispatch.close()


def _start(slot: str) -> Executor:
    """Make an executor of one process. Loky starts it afresh, without running the caller's main module."""
    executor: Executor = ProcessPoolExecutor(
        max_workers=1,
        context=get_context("loky"),
        initializer=lifeline.start,
        initargs=(os.getpid(), slot, __name__, _begin.__name__),
    )
    return executor


def _begin(slot: str) -> None:
    # Loky would end a worker that has grown by 300 MB, in the middle of things.
    process_executor._MAX_MEMORY_LEAK_SIZE = sys.maxsize
    begin(slot)


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
            time.sleep(POLL_SECONDS)
        elif batch := waiting.take():
            yield batch
        else:
            return
