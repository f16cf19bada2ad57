"""Runs in worker processes on this machine, each an executor of joblib's loky."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

import joblib

from mesa_lab.preparation.models import importable, reference_of
from mesa_lab.running.backends.backend import Backend, Work
from mesa_lab.running.scheduling.task_queue import TaskQueue
from mesa_lab.running.workers.changed_code import changed_files
from mesa_lab.running.workers.dispatch import POLL_SECONDS, Dispatch
from mesa_lab.running.workers.model_code import things_of
from mesa_lab.running.workers.pool import WorkerPool
from mesa_lab.running.workers.process import start_worker
from mesa_lab.running.workers.serialization import pack
from mesa_lab.study.records import Batch

__all__ = ["BACKEND"]


def _run(work: Work) -> Iterator[Batch]:
    size = joblib.effective_n_jobs(work.n_jobs)
    _tell_changed(work)
    pool = WorkerPool(pack(work.protocol), size, start_worker)
    dispatch = Dispatch(TaskQueue(work.tasks, workers=size), pool, work.tell)
    control = work.control
    try:
        while not control.stopped():
            paused = control.paused()
            if not paused:
                dispatch.feed()
            if dispatch.pool.is_busy:
                yield from dispatch.receive()
            elif paused:
                time.sleep(POLL_SECONDS)
            else:
                break
    finally:
        dispatch.close()


def _tell_changed(work: Work) -> None:
    """Say that a model that was given as a class is not what its workers, who import it, will find."""
    protocol = work.protocol
    if not isinstance(protocol.model, type) or not importable(reference_of(protocol.model)):
        return
    if files := changed_files(things_of(protocol.model, protocol)):
        listed = ", ".join(f"'{file.name}'" for file in files[:3])
        have, them = ("has", "it") if len(files) == 1 else ("have", "them")
        work.tell(
            "imported code",
            f"{listed} {have} changed since this program imported {them}: the runs are of the code that is in the file now. To run "
            'what was imported: backend="sequential". To have both alike: start Python anew.',
        )


BACKEND: Final = Backend("local", lambda name: name == "loky", _run, ("loky",))
