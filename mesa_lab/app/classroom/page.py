"""The page of the class: a student's assignments, or the teacher's table of students."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import solara

from mesa_lab.app.classroom.teacher import TeacherView
from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.html import tag
from mesa_lab.app.hooks.use_action import use_doing
from mesa_lab.app.hooks.use_background import use_reader
from mesa_lab.classroom.answers import rules_of
from mesa_lab.classroom.assignments import Assignment
from mesa_lab.classroom.classroom import Classroom
from mesa_lab.classroom.roster import TEACHER, Student
from mesa_lab.classroom.student_progress import Progress
from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import plural
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.workspace.study_state import Standing

__all__ = ["ClassPage"]

_LOOK_SECONDS: Final = 2.0


@solara.component
def ClassPage(
    classroom: Classroom | None,
    who: str,
    experiment: Experiment | None,
    on_study: Callable[[str], None],
    on_design: Callable[[Experiment, str], None],
) -> None:
    """Show the class to whoever looks.

    Args:
        classroom: The class; None where there is none.
        who: A student's id, or `TEACHER`.
        experiment: The design at hand, which the teacher may give as an assignment, and a student hand in for one.
        on_study: Called with the key of a study to go to.
        on_design: Called with an experiment to design from, and where it comes from.
    """
    if classroom is None:
        with tag("div", "ml-empty"):
            tag("h1", "", "Class")
            tag("p", "", "There is no class here. Start one in a terminal: mesa-lab class --models MODEL")
        return
    if who == TEACHER:
        TeacherView(classroom, experiment, on_study)
        return
    student = classroom.roster.student(who)
    if student is not None:
        StudentView(classroom, student, experiment, on_study, on_design)


@solara.component
def StudentView(
    classroom: Classroom,
    student: Student,
    experiment: Experiment | None,
    on_study: Callable[[str], None],
    on_design: Callable[[Experiment, str], None],
) -> None:
    """A student's assignments, and how far they are with each.

    Args:
        classroom: The class.
        student: Whose page this is.
        experiment: The design at hand.
        on_study: Called with the key of a study to go to.
        on_design: Called with an experiment to design from, and where it comes from.
    """
    first = solara.use_memo(lambda: _Seen(tuple(classroom.assignments.open_ones())), dependencies=[])
    seen: solara.Reactive[_Seen] = solara.use_reactive(first)

    def look() -> float:
        with contextlib.suppress(MesaLabError):  # the roster or a study is locked for a moment
            seen.value = _Seen(
                tuple(classroom.assignments.open_ones()),
                classroom.progress_of(student),
                classroom.roster.has_ended,
            )
        return _LOOK_SECONDS

    use_reader(look, [classroom, student.id])
    with tag("div", "ml-stack"), tag("section", "ml-panel", aria_label="Assignments"):
        tag("h1", "", f"Hello, {student.name}")
        tag(
            "p",
            "ml-quiet",
            f"From another browser you come back with your return word: {student.word}. "
            "The teacher sees your studies, the others do not.",
        )
        if not seen.value.given:
            tag("p", "ml-nothing ml-quiet", "There is no assignment yet. Choose a model and try it.")
        for assignment in seen.value.given:
            Given(classroom, student, assignment, seen.value, experiment, on_study, on_design).key(
                str(assignment.number)
            )


@dataclass(frozen=True)
class _Seen:
    """What a student is shown."""

    given: tuple[Assignment, ...]
    progress: Progress | None = None
    ended: bool = False


@solara.component
def Given(
    classroom: Classroom,
    student: Student,
    assignment: Assignment,
    seen: _Seen,
    experiment: Experiment | None,
    on_study: Callable[[str], None],
    on_design: Callable[[Experiment, str], None],
) -> None:
    """One assignment: what it asks, how far one is, and the one thing to do next.

    Args:
        classroom: The class.
        student: Whose page this is.
        assignment: The assignment.
        seen: What was seen last of class and student.
        experiment: The design at hand, which may be handed in.
        on_study: Called with the key of a study to go to.
        on_design: Called with an experiment to design from, and where it comes from.
    """
    doing = use_doing()

    def begin(mine: Experiment | None = None) -> None:
        name: list[str] = []
        doing.do(
            "begin",
            lambda: name.append(classroom.begin_assignment(assignment.number, student, mine)),
            lambda: on_study(name[0]),
        )

    with tag("article", "ml-assignment"):
        tag("h2", "", assignment.title)
        if assignment.text:
            tag("p", "ml-about", assignment.text)
        if rules := rules_of(assignment):
            tag("p", "ml-quiet", rules)
        mine = _standing(assignment, seen.progress)
        if said := _how_far(assignment, seen, mine):
            tag("p", "", said, role="status")
        with tag("div", "ml-actions"):
            if mine is not None:
                finished = mine.state == "finished"
                Action(
                    "Look at it" if finished else "Go on",
                    lambda: on_study(assignment.study_name),
                    kind="" if finished else "primary",
                )
            elif not seen.ended:
                runs = assignment.experiment.n_points * assignment.experiment.replications
                Action(
                    f"Begin: {plural(runs, 'run')}",
                    begin,
                    kind="primary",
                    icon="mdi-play",
                    disabled=bool(doing.busy),
                )
            if not assignment.is_pooled and not seen.ended:
                source = f"The assignment '{assignment.title}'"
                Action("Change it first", lambda: on_design(assignment.experiment, source))
                if experiment is not None:
                    Action(
                        "Hand in my design",
                        lambda: begin(experiment),
                        icon="mdi-upload",
                        disabled=bool(doing.busy),
                    )
        if doing.problem:
            tag("p", "ml-error-text", doing.problem, role="alert")


def _standing(assignment: Assignment, progress: Progress | None) -> Standing | None:
    """How a student's study of an assignment stands, None when they have not begun."""
    named = (
        (entry for entry in progress.studies if entry.ref.name == assignment.study_name) if progress else ()
    )
    return next((entry.standing for entry in named), None)


def _how_far(assignment: Assignment, seen: _Seen, mine: Standing | None) -> str:
    """Say how far a student is with an assignment."""
    if mine is None:
        return "The class has ended before you began it." if seen.ended else ""
    if seen.progress is not None and assignment.number in seen.progress.strange:
        return f"Your study '{assignment.study_name}' is no answer to this: it is of another experiment, and is not counted."
    status = mine.status
    if mine.state == "finished":
        return f"Handed in: {plural(status.finished, 'run')}, and the teacher sees what came out."
    return f"You have begun: {status.finished:,} of {plural(status.n_runs, 'run')} are there."
