"""Runs carried out by many processes, as a stream of batches in the order in which they are done.

`backends/` has the places where runs can be carried out. Whatever happens to a worker, every task that went in comes
out once, as a result or as a failure. Nothing of the calling process is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from mesa_lab.preparation.code_permission import elsewhere_of, require_code
from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.running.backends import find_backend
from mesa_lab.running.backends.backend import Control, Uncontrolled, Work
from mesa_lab.running.scheduling.growing_tasks import GrowingTasks
from mesa_lab.running.worker_settings import check_backend, check_n_jobs
from mesa_lab.study.records import Batch, Task

__all__ = ["Control", "stream"]


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
        tasks: What to run, in order; read as far as needed, so there may be a million. `GrowingTasks` may get more while
            results are handed out.
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
    check_n_jobs(n_jobs)
    check_backend(backend)
    require_code(protocol.named_code)  # workers load it, and do not know what is permitted here
    work = Work(protocol, tasks, n_jobs, backend, control or Uncontrolled(), tell)
    if elsewhere_of(protocol.model) is not None:
        from mesa_lab.running.confinement.own_models import carry_out

        yield from carry_out(work)
        return
    place = find_backend(backend)
    yield from place.run(work)
    # Some backends end when they have no task at the moment; in a search the last results may have brought new ones.
    while isinstance(tasks, GrowingTasks) and tasks and not work.control.stopped():
        yield from place.run(work)
