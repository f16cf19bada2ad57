"""How far a student is, as the teacher sees it."""

from __future__ import annotations

from dataclasses import dataclass

from mesa_lab.classroom.roster import Student
from mesa_lab.workspace.study_state import Entry

__all__ = ["Progress"]


@dataclass(frozen=True)
class Progress:
    """How far a student is, for the teacher.

    Attributes:
        student: Who.
        studies: Their studies, the latest first.
        done: Runs that are done.
        failed: Runs that failed or timed out.
        asked: Runs that they asked for.
        state: "away", "running", "waiting", "failing", "stuck" (here for long, and no run yet), or "here".
        answered: Numbers of the assignments whose study is complete.
        strange: Numbers of the assignments whose name a study has that is no answer to them.
    """

    student: Student
    studies: tuple[Entry, ...]
    done: int
    failed: int
    asked: int
    state: str
    answered: tuple[int, ...]
    strange: tuple[int, ...]
