"""Runs of somebody who explores, among those of the class: they take their turns as the runs of any study."""

from __future__ import annotations

import itertools
import queue
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.classroom.job import Job
from mesa_lab.classroom.roster import TEACHER
from mesa_lab.exploring.workplace import with_limit

if TYPE_CHECKING:
    from mesa_lab.classroom.runner import ClassQueue
    from mesa_lab.preparation.run_configuration import Protocol
    from mesa_lab.running.backends.backend import Control
    from mesa_lab.running.workers.serialization import Payload
    from mesa_lab.study.records import Batch, Task

__all__ = ["ClassPlace"]

_number = itertools.count()
_LOOK_SECONDS: Final = 0.1


class _Basket:
    """Takes the results in place of a study's writer."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        self.note = tell
        self.batches: queue.SimpleQueue[Batch] = queue.SimpleQueue()
        self.request, self.ending, self.message = "run", "finished", ""
        self.trouble: Exception | None = None
        self.add = self.batches.put

    def commit(self) -> None:
        """Nothing is written here."""


class ClassPlace:
    """The cores of a class, for one who explores.

    Args:
        cores: The queue of the class.
        student: Who; `TEACHER` for the teacher.
    """

    def __init__(self, cores: ClassQueue, student: str) -> None:
        self._cores, self._student = cores, student
        self.is_ones_own = False

    def prepare(self) -> None:
        """The processes of the class are there already."""

    def admit(self, path: Path) -> None:
        """Refuse whoever has used up what a student may.

        Raises:
            StudyError: If they have.
        """
        self._cores.admit(path, self._student)

    def limited(self, protocol: Protocol) -> Protocol:
        """Return the protocol with no more time than a student's run gets."""
        return with_limit(protocol, 60 * self._cores.limits.minutes_per_run)

    def carry_out(
        self, payload: Payload, tasks: Sequence[Task], control: Control, tell: Callable[[str, str], None]
    ) -> Iterator[Batch]:
        """Wait for a turn and carry out some runs in it."""
        basket: Any = _Basket(tell)
        folder = "" if self._student == TEACHER else f"visitors/{self._student}/"
        place = f"{folder}exploring {next(_number)}"
        job = Job(place, self._student, None, basket, payload, iter(list(tasks)), len(tasks), ExitStack())  # type: ignore[arg-type]
        job.is_first = True
        self._cores.take_in(job)
        left = len(tasks)
        try:
            while left > 0 and not control.stopped():
                try:
                    batch = basket.batches.get(timeout=_LOOK_SECONDS)
                except queue.Empty:
                    if not self._cores.has(place):
                        break
                    continue
                left -= len(batch.runs)
                yield batch
        finally:
            job.is_dropped = True
        if left > 0 and basket.message:
            from mesa_lab.errors import RunError

            raise RunError(basket.message)

    def close(self) -> None:
        """The processes are the class's."""
