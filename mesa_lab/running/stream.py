"""Runs carried out by many processes, as a stream of batches in the order in which they are done.

On this machine each worker is an executor of joblib's loky (`processes`); elsewhere (clusters of dask or ray, threads)
batches go through `joblib.Parallel`. Whatever happens to a worker, every task that went in comes out
once, as a result or as a failure. Nothing of the calling process is changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from typing import Any
from typing import Protocol as Interface

import joblib

from mesa_lab.errors import RunError
from mesa_lab.preparation.models import load_model
from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.running.backends.cluster_connection import connected, is_cluster
from mesa_lab.running.backends.cluster_dispatch import Call, relay
from mesa_lab.running.collection.collection_plan import Plan
from mesa_lab.running.scheduling.task_queue import TaskQueue
from mesa_lab.running.workers.dispatch import POLL_SECONDS, Dispatch
from mesa_lab.running.workers.pool import Crew
from mesa_lab.running.workers.process import start_worker
from mesa_lab.running.workers.serialization import Payload, pack
from mesa_lab.running.workers.worker import run_here, run_tasks
from mesa_lab.study.records import Batch, Task

__all__ = ["Control", "stream"]

_CLUSTER_BATCH_SECONDS = 0.5
_CLUSTER_PATIENCE = 60


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
        n_jobs: How many processes, as joblib counts them: -1 is one for each core. A cluster uses all that it has.
        backend: "loky" for processes on this machine, "sequential" for this thread, "dask" or "ray" or the address of one
            ("tcp://node1:8786", "ray://node1:10001") for a cluster, or the name of another joblib backend ("threading").
        control: Pauses or stops the stream. Closing the generator stops it too.
        tell: Called with a topic and what the user should know about it; with a topic again when there is more to say.

    Yields:
        Batches, each task's result in exactly one of them, in no particular order.

    Raises:
        ModelError: The model cannot be found.
        RunError: The workers cannot load the model, the number of jobs makes no sense, or the cluster is not there.
    """
    if n_jobs == 0:
        raise RunError("n_jobs is 0. Write how many processes to use, or -1 for one on each core.")
    control = control or _Uncontrolled()
    if backend == "loky":
        yield from _on_this_machine(pack(protocol), tasks, joblib.effective_n_jobs(n_jobs), control, tell)
    elif backend == "sequential":
        yield from _in_this_thread(protocol, tasks, control)
    elif is_cluster(backend):
        yield from _on_a_cluster(pack(protocol, elsewhere=True), tasks, n_jobs, backend, control)
    else:
        yield from _through_joblib(protocol, tasks, n_jobs, backend, control)


# Processes on this machine.


def _on_this_machine(
    payload: Payload, tasks: Iterable[Task], size: int, control: Control, tell: Callable[[str, str], None]
) -> Iterator[Batch]:
    dispatch = Dispatch(TaskQueue(tasks, workers=size), Crew(payload, size, start_worker), tell)
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


# Elsewhere.


def _in_this_thread(protocol: Protocol, tasks: Iterable[Task], control: Control) -> Iterator[Batch]:
    plan = Plan(load_model(protocol.model), protocol)
    waiting = TaskQueue(tasks)
    for batch in _batches(waiting, control):
        started = time.perf_counter()
        done = run_tasks(plan, batch)
        waiting.learn(len(batch), time.perf_counter() - started)
        yield from done


def _on_a_cluster(
    payload: Payload, tasks: Iterable[Task], n_jobs: int, backend: str, control: Control
) -> Iterator[Batch]:
    work = partial(run_here, payload.data)
    with connected(backend, joblib.effective_n_jobs(n_jobs)) as cluster:

        def start(batches: Iterator[list[Task]]) -> Iterator[tuple[Batch, ...]]:
            calls = (joblib.delayed(Call(work, batch[0].run_id))(batch) for batch in batches)
            if cluster.client is not None:
                backend = _dask_backend(cluster.client)
                parallel = joblib.Parallel(
                    n_jobs=-1, backend=backend, batch_size=1, return_as="generator_unordered"
                )
                yield from parallel(calls)
                return
            with joblib.parallel_config(backend="ray", n_jobs=-1):  # which answers with lists only
                parallel, size = joblib.Parallel(batch_size=1), joblib.effective_n_jobs(-1)
            if size < 2:
                raise RunError("Ray has one CPU only: give it two or more, or leave the backend out.")
            while some := list(islice(calls, 2 * size)):
                yield from parallel(some)

        yield from relay(TaskQueue(tasks, _CLUSTER_BATCH_SECONDS), start, cluster, control)


def _dask_backend(client: Any) -> Any:
    """Return joblib's backend for dask, mended."""
    from joblib._dask import DaskDistributedBackend

    class Backend(DaskDistributedBackend):  # type: ignore[misc]
        def effective_n_jobs(self, n_jobs: int) -> int:
            # With one worker joblib would carry the tasks out in this process, which a model may end.
            return max(2, int(super().effective_n_jobs(n_jobs)))

        # Joblib's own waits for ever for a task that the cluster has given up.
        def submit(self, func: Any, callback: Callable[[Any], None]) -> Any:
            def hear(answer: Any) -> None:
                if (error := answer.exception()) is not None:
                    callback(error)

            answer = super().submit(func, callback)
            answer.add_done_callback(hear)
            return answer

    return Backend(client=client, wait_for_workers_timeout=_CLUSTER_PATIENCE)


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
        results = (batches for some in rounds for batches in parallel(some))
    else:
        results = parallel(calls)
    for batch in chain.from_iterable(results):
        waiting.learn(len(batch.runs), sum(run.init_seconds + run.run_seconds for run in batch.runs))
        yield batch


def _no_backend(backend: str, error: Exception) -> RunError:
    return RunError(
        f"The backend '{backend}' cannot be used: {error}. Leave it out to use all cores of this machine."
    )


def _batches(waiting: TaskQueue, control: Control) -> Iterator[list[Task]]:
    while not control.stopped():
        if control.paused():
            time.sleep(POLL_SECONDS)
        elif batch := waiting.take():
            yield batch
        else:
            return
