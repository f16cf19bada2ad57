"""The page of the class: a student's assignments, or the teacher's table of students."""

from __future__ import annotations

from collections.abc import Callable

import solara

from mesa_lab.app.classroom.teacher import TeacherView
from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.html import tag
from mesa_lab.app.hooks.use_action import use_doing
from mesa_lab.classroom.answers import rules_of
from mesa_lab.classroom.classroom import Classroom
from mesa_lab.classroom.roster import TEACHER, Student
from mesa_lab.formatting import plural
from mesa_lab.preparation.experiment import Experiment

__all__ = ["ClassPage"]


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
    """A student's assignments."""
    doing = use_doing()
    given = classroom.assignments.open_ones()
    with tag("div", "ml-stack"), tag("section", "ml-panel", aria_label="Assignments"):
        tag("h1", "", f"Hello, {student.name}")
        tag(
            "p",
            "ml-quiet",
            f"From another browser you come back with your return word: {student.word}. "
            "The teacher sees your studies, the others do not.",
        )
        if not given:
            tag("p", "ml-nothing ml-quiet", "There is no assignment yet. Choose a model and try it.")
        for assignment in given:

            def begin(assignment=assignment, mine: Experiment | None = None) -> None:
                name: list[str] = []
                doing.do(
                    str(assignment.number),
                    lambda: name.append(classroom.begin_assignment(assignment.number, student, mine)),
                    lambda: on_study(name[0]),
                )

            def change(assignment=assignment) -> None:
                on_design(assignment.experiment, f"The assignment '{assignment.title}'")

            with tag("article", "ml-assignment"):
                tag("h2", "", assignment.title)
                if assignment.text:
                    tag("p", "ml-about", assignment.text)
                if rules := rules_of(assignment):
                    tag("p", "ml-quiet", rules)
                runs = assignment.experiment.n_points * assignment.experiment.replications
                with tag("div", "ml-actions"):
                    Action(
                        f"Begin: {plural(runs, 'run')}",
                        begin,
                        kind="primary",
                        icon="mdi-play",
                        disabled=bool(doing.busy),
                    )
                    if not assignment.is_pooled:
                        Action("Change it first", change)
                        if experiment is not None:
                            Action(
                                "Hand in my design",
                                lambda begin=begin: begin(mine=experiment),
                                icon="mdi-tray-arrow-up",
                                disabled=bool(doing.busy),
                            )
        if doing.problem:
            tag("p", "ml-error-text", doing.problem, role="alert")
