"""Runs through any other backend of joblib's, such as threads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain, islice
from typing import Final

import joblib

from mesa_lab.errors import RunError
from mesa_lab.running.backends.backend import Backend, Work
from mesa_lab.running.backends.sequential import batches_from
from mesa_lab.running.scheduling.task_queue import TaskQueue
from mesa_lab.running.workers.serialization import pack
from mesa_lab.running.workers.worker import plan_here, run_here, run_tasks
from mesa_lab.study.records import Batch

__all__ = ["BACKEND"]


def _run(work: Work) -> Iterator[Batch]:
    protocol, n_jobs, backend = work.protocol, work.n_jobs, work.backend
    if backend == "threading":
        run = joblib.delayed(partial(run_tasks, plan_here(protocol)))
    else:
        run = joblib.delayed(partial(run_here, pack(protocol).data))
    waiting = TaskQueue(work.tasks)
    calls = (run(batch) for batch in batches_from(waiting, work.control))
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


def _is_known(name: str) -> bool:
    """Whether joblib brings a backend of this name, or its user has registered one with it."""
    return name in {"multiprocessing", *joblib.parallel.BACKENDS, *joblib.parallel.EXTERNAL_BACKENDS}


BACKEND: Final = Backend("joblib", _is_known, _run, ("threading",))
