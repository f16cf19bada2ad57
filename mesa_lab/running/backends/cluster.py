"""Runs on a cluster of dask or ray, through joblib's backends for them.

`cluster_connection` connects and knows the cluster's own errors, `cluster_dispatch` keeps the books of what is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any, Final

import joblib

from mesa_lab.errors import RunError
from mesa_lab.running.backends.backend import Backend, Work
from mesa_lab.running.backends.cluster_connection import connected, is_cluster
from mesa_lab.running.backends.cluster_dispatch import Call, relay
from mesa_lab.running.scheduling.task_queue import TaskQueue
from mesa_lab.running.workers.serialization import pack
from mesa_lab.running.workers.worker import run_here
from mesa_lab.study.records import Batch, Task

__all__ = ["BACKEND"]

_BATCH_SECONDS: Final = 0.5
_PATIENCE_SECONDS: Final = 60


def _run(work: Work) -> Iterator[Batch]:
    run = partial(run_here, pack(work.protocol, elsewhere=True).data)
    with connected(work.backend, joblib.effective_n_jobs(work.n_jobs)) as cluster:

        def start(batches: Iterator[list[Task]]) -> Iterator[tuple[Batch, ...]]:
            calls = (joblib.delayed(Call(run, batch[0].run_id))(batch) for batch in batches)
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
            with parallel:  # else each call would start workers anew, and each worker import Mesa
                while some := list(islice(calls, 2 * size)):
                    yield from parallel(some)

        yield from relay(TaskQueue(work.tasks, _BATCH_SECONDS), start, cluster, work.control)


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

    return Backend(client=client, wait_for_workers_timeout=_PATIENCE_SECONDS)


BACKEND: Final = Backend("cluster", is_cluster, _run, ("dask", "ray"))
