"""Runs in worker processes on this machine, each an executor of joblib's loky."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

import joblib

from mesa_lab.running.backends.backend import Backend, Work
from mesa_lab.running.scheduling.task_queue import TaskQueue
from mesa_lab.running.workers.dispatch import POLL_SECONDS, Dispatch
from mesa_lab.running.workers.pool import WorkerPool
from mesa_lab.running.workers.process import start_worker
from mesa_lab.running.workers.serialization import pack
from mesa_lab.study.records import Batch

__all__ = ["BACKEND"]


def _run(work: Work) -> Iterator[Batch]:
    size = joblib.effective_n_jobs(work.n_jobs)
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


BACKEND: Final = Backend("local", lambda name: name == "loky", _run, ("loky",))
