"""What the teacher sees: who is there and how far, what was given, and what can be said to all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import solara

from mesa_lab.app.components.browser import Address
from mesa_lab.app.components.controls import Action, TextInput, Toggle
from mesa_lab.app.components.downloads import Download
from mesa_lab.app.components.html import tag
from mesa_lab.app.hooks.use_action import use_doing
from mesa_lab.app.hooks.use_background import use_reader
from mesa_lab.classroom.assignments import Assignment
from mesa_lab.classroom.classroom import Classroom
from mesa_lab.classroom.join_code import qr_picture
from mesa_lab.classroom.student_progress import Progress
from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import listing, plural
from mesa_lab.preparation.experiment import Experiment

__all__ = ["TeacherView"]

_LOOK_SECONDS: Final = 2.0
_STATES: Final = {
    "away": "away",
    "here": "here",
    "running": "running",
    "waiting": "waiting for a turn",
    "failing": "most runs fail",
    "stuck": "here for long, no run yet",
}
_COLUMNS: Final = ("Student", "Page", "State", "Runs", "Failed", "Assignments", "")


@solara.component
def TeacherView(classroom: Classroom, experiment: Experiment | None, on_study: Callable[[str], None]) -> None:
    """The teacher's page.

    Args:
        classroom: The class.
        experiment: The design at hand, which can be given to the class.
        on_study: Called with the key of a study to go to.
    """
    students: solara.Reactive[tuple[Progress, ...] | None] = solara.use_reactive(None)
    problem, set_problem = solara.use_state("")

    def look() -> float:
        try:
            students.value = tuple(classroom.progress())
            set_problem("")
        except MesaLabError as error:
            set_problem(str(error))
        return _LOOK_SECONDS

    look_again = use_reader(look, [classroom])
    Address(
        name="teacher", value=""
    )  # this page is shown to a room: its key is not to stand in the address line
    with tag("div", "ml-stack"):
        Controls(classroom, look_again)
        Given(classroom, experiment, on_study, students.value or ())
        with tag("section", "ml-panel", aria_label="Students"):
            here = sum(each.state != "away" for each in students.value or ())
            with tag("div", "ml-panel-head"):
                tag("h1", "", "Students")
                tag("p", "ml-quiet", f"{plural(len(students.value or ()), 'student')}, {here} here")
            if problem:
                tag("p", "ml-error-text", problem, role="alert")
            if not students.value:
                tag(
                    "p",
                    "ml-nothing ml-quiet",
                    f"Nobody has joined yet. The code is {classroom.roster.code}.",
                )
            else:
                Table(classroom, students.value, on_study)


@solara.component
def Controls(classroom: Classroom, on_change: Callable[[], None]) -> None:
    """What the teacher says to all."""
    roster = classroom.roster
    message, set_message = solara.use_state(roster.message)
    version, set_version = solara.use_state(0)
    doing = use_doing()

    def change(what: Callable[[], None]) -> None:
        def done() -> None:
            set_version(version + 1)
            on_change()

        doing.do("change", what, done)

    def say(text: str) -> None:
        change(lambda: roster.say(text))

    def archive() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            return classroom.archive(Path(folder) / "class.zip").read_bytes()

    with tag("section", "ml-panel", aria_label="The class"):
        with tag("div", "ml-panel-head"):
            with tag("div"):
                tag("h1", "", "The class")
                if roster.has_ended:
                    tag("p", "", "The class has ended. Students keep their studies, and nothing new is run.")
                else:
                    HowToJoin(classroom.addresses)
            with tag("div", "ml-join-with"):
                tag("p", "ml-join-code", roster.code, aria_label="Join code")
                if classroom.addresses:
                    QrCode(f"{classroom.addresses[0]}/?code={roster.code}")
        with tag("div", "ml-actions"):
            Toggle("All runs wait", roster.is_paused, lambda on: change(lambda: roster.pause(on)))
            Download("All studies", archive, "class.zip")
            if roster.has_ended:
                Action("Go on with the class", lambda: change(roster.reopen))
            else:
                Action("End the class", lambda: change(roster.end))
        with tag("div", "ml-inline ml-apart"):
            TextInput("Message to all", message, set_message, on_enter=say)
            Action("Say it", lambda: say(message))
            if roster.message:
                Action(
                    "Take it back",
                    lambda: (set_message(""), change(lambda: roster.say("")))[1],
                    spoken="Take it back: the message",
                )
        if doing.problem:
            tag("p", "ml-error-text", doing.problem, role="alert")


@solara.component
def HowToJoin(addresses: Sequence[str]) -> None:
    """What students open; never the teacher's own address, which lets whoever types it see everything."""
    if not addresses:
        tag("p", "ml-quiet", "Students open the address that the terminal says and type the code:")
        return
    with tag("p", "ml-quiet"):
        tag("span", "", "Students open ")
        tag("strong", "ml-join-address", addresses[0])
        tag("span", "", " and type the code, or point a phone at the picture.")
    if len(addresses) > 1:
        tag("p", "ml-quiet", f"Where that does not open: {listing(addresses[1:], 3, last='or')}.")


@solara.component
def QrCode(address: str) -> None:
    """The address, with the code filled in, for a phone's camera."""
    picture = solara.use_memo(lambda: qr_picture(address), dependencies=[address])
    tag("img", "ml-join-qr", attributes={"src": picture, "alt": f"QR code of {address}"})


@solara.component
def Given(
    classroom: Classroom,
    experiment: Experiment | None,
    on_study: Callable[[str], None],
    students: Sequence[Progress],
) -> None:
    """The assignments, and giving another one.

    Args:
        classroom: The class.
        experiment: The design at hand.
        on_study: Called with the key of a study to go to.
        students: How far each student is.
    """
    title, set_title = solara.use_state("")
    text, set_text = solara.use_state("")
    pooled, set_pooled = solara.use_state(True)
    most, set_most = solara.use_state("")
    version, set_version = solara.use_state(0)
    doing = use_doing()

    def give() -> None:
        assert experiment is not None

        def done() -> None:
            set_title("")
            set_text("")
            set_most("")
            set_version(version + 1)

        runs = 0 if pooled else _runs(most)
        given = classroom.assignments.give
        doing.do("give", lambda: given(title, text, experiment, pooled=pooled, most_runs=runs), done)

    def pool(number: int) -> None:
        name: list[str] = []
        doing.do("pool", lambda: name.append(classroom.pool(number)), lambda: on_study(name[0]))

    def close(number: int) -> None:
        doing.do("close", lambda: classroom.assignments.close(number), lambda: set_version(version + 1))

    with tag("section", "ml-panel", aria_label="Assignments"):
        tag("h1", "", "Assignments")
        for assignment in reversed(classroom.assignments.all()):
            with tag("div", "ml-inline ml-apart"):
                tag("strong", "", f"{assignment.number}. {assignment.title}")
                tag("span", "ml-quiet", _how_many(assignment, students))
                if assignment.is_pooled:
                    Action("All results together", lambda n=assignment.number: pool(n), icon="mdi-set-all")
                if others := [each.student.name for each in students if assignment.number in each.strange]:
                    tag("span", "ml-quiet", f"not counted, as of another experiment: {', '.join(others)}")
                if assignment.is_closed:
                    tag("span", "ml-quiet", "over")
                else:
                    Action("End it", lambda n=assignment.number: close(n))
        if experiment is None:
            tag(
                "p",
                "ml-quiet",
                "To give an assignment, choose a model and design what each student runs; then come back.",
            )
        else:
            runs = experiment.n_points * experiment.replications
            ready = title.strip() and not doing.busy and (pooled or _runs(most) >= 0)
            with tag("div", "ml-form-body ml-apart"):
                tag("p", "ml-quiet", f"The design at hand: {plural(runs, 'run')} for each student.")
                TextInput("Title", title, set_title)
                TextInput("What to find out", text, set_text, lines=2)
                Toggle("Each student gets other seeds, and all results become one study", pooled, set_pooled)
                if not pooled:
                    tag(
                        "p",
                        "ml-quiet",
                        "Each student may change what varies in it, within its ranges, and hand that in.",
                    )
                    wrong = "" if _runs(most) >= 0 else "Type a number from 1, or nothing."
                    TextInput(
                        "Runs of an answer at most", most, set_most, hint="Empty for no limit.", error=wrong
                    )
                with tag("div", "ml-actions"):
                    Action("Give it to the class", give, kind="tonal", disabled=not ready)
        if doing.problem:
            tag("p", "ml-error-text", doing.problem, role="alert")


def _how_many(assignment: Assignment, students: Sequence[Progress]) -> str:
    """How many students have begun an assignment, and how many are through."""
    began = sum(any(entry.ref.name == assignment.study_name for entry in one.studies) for one in students)
    through = sum(assignment.number in one.answered for one in students)
    said = f"{plural(began, 'student')} began"
    return f"{said}, {through:,} through" if began else said


def _runs(text: str) -> int:
    """A limit that was typed: 0 for none, -1 for what is no number."""
    if not text.strip():
        return 0
    return int(text) if text.strip().isdecimal() and 0 < len(text.strip()) < 9 and int(text) else -1


@solara.component
def Table(classroom: Classroom, students: Sequence[Progress], on_study: Callable[[str], None]) -> None:
    """One line for each student."""
    opened, set_opened = solara.use_state("")
    version, set_version = solara.use_state(0)

    def key_of(progress: Progress, name: str) -> str:
        place = f"visitors/{progress.student.id}/{name}.study"
        return "@" + classroom.queue.registry.share(place)

    def show(key: str) -> None:
        classroom.roster.show(key)
        set_version(version + 1)

    if classroom.roster.shown:
        with tag("div", "ml-notice", role="status"):
            tag("span", "", "A study is shown to all.")
            Action("Take it back", lambda: show(""), spoken="Take it back: the study")

    with tag("div", "ml-table-frame"), tag("table", "ml-table"):
        with tag("thead"), tag("tr"):
            for column in _COLUMNS:
                tag("th", "ml-number" if column in ("Runs", "Failed") else "", column, scope="col")
        with tag("tbody"):
            for progress in students:
                student = progress.student
                with tag("tr").key(student.id):
                    tag("th", "", student.name, scope="row")
                    tag("td", "", student.page)
                    tag("td", "", _STATES[progress.state])
                    tag("td", "ml-number", f"{progress.done:,} of {progress.asked:,}")
                    tag("td", "ml-number", f"{progress.failed:,}")
                    tag("td", "", ", ".join(map(str, progress.answered)))
                    with tag("td", "ml-actions"):
                        Action(
                            "Studies",
                            lambda name=student.id: set_opened("" if name == opened else name),
                            spoken=f"Studies of {student.name}",
                        )
                        Action(
                            "Let in again",
                            lambda name=student.id: classroom.roster.readmit(name),
                            spoken=f"Let in again: {student.name}",
                        )
                        Action(
                            "Send out",
                            lambda name=student.id: classroom.roster.remove(name),
                            spoken=f"Send out: {student.name}",
                        )
                if student.id == opened:
                    with tag("tr").key(f"{student.id} studies"), tag("td", "", colspan="7"):
                        if not progress.studies:
                            tag("span", "ml-quiet", "No studies yet.")
                        for entry in progress.studies:
                            Action(
                                entry.ref.name,
                                lambda each=progress, name=entry.ref.name: on_study(key_of(each, name)),
                                icon="mdi-chart-line",
                            )
                            Action(
                                "Show it to all",
                                lambda each=progress, name=entry.ref.name: show(key_of(each, name)),
                                spoken=f"Show {entry.ref.name} to all",
                            )
