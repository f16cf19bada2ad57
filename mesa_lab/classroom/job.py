"""A study of a class that is being run: what is left of it, and how long its runs take."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mesa_lab.running.workers.serialization import Payload
    from mesa_lab.study import Study, Writer
    from mesa_lab.study.records import Batch, Task

__all__ = ["Job"]

_SMOOTHING: Final = 0.3


@dataclass(eq=False)
class Job:
    """One study that is being run."""

    place: str
    student: str
    study: Study
    writer: Writer
    payload: Payload
    tasks: Iterator[Task]
    left: int
    closing: ExitStack
    seconds: float | None = None
    under_way: int = 0
    is_read: bool = False
    is_dropped: bool = False
    is_first: bool = False
    """Whether it goes before other studies of the same student: somebody looks at it."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, most: int) -> list[Task]:
        """Take the next tasks."""
        with self.lock:
            taken = [task for _, task in zip(range(most), self.tasks, strict=False)]
            self.is_read = self.is_read or len(taken) < most
            return taken

    def learn(self, batch: Batch) -> None:
        """Learn how long a run takes."""
        runs = len(batch.runs)
        each = sum(run.init_seconds + run.run_seconds for run in batch.runs) / max(1, runs)
        with self.lock:
            self.left -= runs
            known = each if self.seconds is None else self.seconds
            self.seconds = (1 - _SMOOTHING) * known + _SMOOTHING * each

    # What `SharedWorker` may ask.

    def stopped(self) -> bool:
        """Whether to give up the runs that are under way."""
        return self.is_dropped or self.writer.request == "stop"

    def paused(self) -> bool:
        """Whether no new runs should be started."""
        return self.writer.request == "pause"
