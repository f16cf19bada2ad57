"""Confined processes for the runs of models that students brought: each has its own, kept while its turns follow each other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.classroom.own_code import OwnCode
from mesa_lab.classroom.roster import TEACHER
from mesa_lab.errors import ModelError
from mesa_lab.preparation.code_permission import elsewhere_of, parse_reference

if TYPE_CHECKING:
    from mesa_lab.classroom.job import Job
    from mesa_lab.running.confinement.confined_runs import ConfinedRuns
    from mesa_lab.running.workers.serialization import Payload
    from mesa_lab.study.records import Batch, Task

__all__ = ["ConfinedWorkers"]

_KEPT: Final = 6
"""Processes that are kept for a next turn; each takes some 100 MB."""
_IDLE_SECONDS: Final = 60.0


class ConfinedWorkers:
    """Processes for models of students' own.

    Args:
        code: The files of the students; None where they may bring none.
    """

    def __init__(self, code: OwnCode | None) -> None:
        self._code = code
        self._idle: dict[tuple[str, str], tuple[ConfinedRuns, float]] = {}
        self._lock = threading.Lock()
        self._is_open = True

    def check(self, model: Any, student: str) -> None:
        """Refuse a model that is of another student's.

        Raises:
            ModelError: If it is.
        """
        if elsewhere_of(model) is None:
            return
        owner = None if self._code is None else self._code.owner(parse_reference(model))
        if student not in (TEACHER, owner):
            raise ModelError("This model is of another student's, and is not offered here.")

    def carry_out(
        self, payload: Payload, tasks: Sequence[Task], job: Job, tell: Callable[[str, str], None]
    ) -> Iterator[Batch]:
        """Carry out some runs of a study.

        Raises:
            MesaLabError: If the model cannot be loaded, or is of another student's.
        """
        self.check(payload.model, job.student)
        key = job.student, payload.model
        runs = self._take(key, payload.model)
        try:
            yield from runs.carry_out(payload, tasks, job, tell)
        except BaseException:
            runs.close()
            raise
        self._put_back(key, runs)

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            self._is_open = False
            kept, self._idle = list(self._idle.values()), {}
        for runs, _ in kept:
            runs.close()

    def _take(self, key: tuple[str, str], model: str) -> ConfinedRuns:
        from mesa_lab.running.confinement.own_models import confined_runs

        with self._lock:
            found = self._idle.pop(key, None)
        return found[0] if found is not None else confined_runs(model)

    def _put_back(self, key: tuple[str, str], runs: ConfinedRuns) -> None:
        """Keep a process, and end those that nobody has asked for long."""
        moment = time.monotonic()
        with self._lock:
            if self._is_open and key not in self._idle:
                self._idle[key] = runs, moment
                ended = []
            else:
                ended = [runs]
            by_age = sorted(self._idle, key=lambda each: self._idle[each][1])
            surplus = len(by_age) - _KEPT
            for number, each in enumerate(by_age):
                if number < surplus or moment - self._idle[each][1] > _IDLE_SECONDS:
                    ended.append(self._idle.pop(each)[0])
        for each_runs in ended:
            each_runs.close()
