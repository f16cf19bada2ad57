"""Who looks at a page of a class."""

from __future__ import annotations

from dataclasses import dataclass

from mesa_lab.app.state.visitor import browser_session
from mesa_lab.classroom.classroom import Classroom, current
from mesa_lab.classroom.roster import TEACHER, Student, browser_of
from mesa_lab.errors import MesaLabError

__all__ = ["Member", "class_member"]


@dataclass(frozen=True)
class Member:
    """Whoever looks at a page of a class.

    Attributes:
        classroom: The class.
        who: A student's id, `TEACHER`, or an empty text for one who has not joined.
        student: The student, None for the teacher and for one who has not joined.
    """

    classroom: Classroom
    who: str
    student: Student | None

    def was_given(self, study: str) -> bool:
        """Whether a study is one that the teacher has given to this student."""
        if self.student is None or not study:
            return False
        try:
            return any(each.study_name == study for each in self.classroom.assignments.all())
        except MesaLabError:  # locked for a moment
            return False


def class_member() -> Member | None:
    """Return who looks at this page, None where there is no class."""
    classroom = current()
    if classroom is None:
        return None
    try:
        who = classroom.roster.who(browser_of(browser_session())) or ""
    except MesaLabError:  # no cookies, or the roster is locked for a moment
        who = ""
    student = classroom.roster.student(who) if who and who != TEACHER else None
    return Member(classroom, who if student is not None or who == TEACHER else "", student)
