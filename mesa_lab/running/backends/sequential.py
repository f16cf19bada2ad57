"""Runs one after the other in the calling thread: for debuggers, and where no processes can be started."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from mesa_lab.running.backends.backend import Backend, Control, Work
from mesa_lab.running.scheduling.task_queue import TaskQueue
from mesa_lab.running.workers.dispatch import POLL_SECONDS
from mesa_lab.running.workers.worker import plan_here, run_tasks
from mesa_lab.study.records import Batch, Task

__all__ = ["BACKEND", "batches_from"]


def _run(work: Work) -> Iterator[Batch]:
    plan = plan_here(work.protocol)
    waiting = TaskQueue(work.tasks)
    for batch in batches_from(waiting, work.control):
        started = time.perf_counter()
        done = run_tasks(plan, batch)
        waiting.learn(len(batch), time.perf_counter() - started)
        yield from done


def batches_from(waiting: TaskQueue, control: Control) -> Iterator[list[Task]]:
    """Yield batches while there are tasks, pausing and stopping as the control says."""
    while not control.stopped():
        if control.paused():
            time.sleep(POLL_SECONDS)
        elif batch := waiting.take():
            yield batch
        else:
            return


BACKEND: Final = Backend("sequential", lambda name: name == "sequential", _run, ("sequential",))
