"""One class: its roster, its queue, its assignments, and the folders of its students, brought together for pages and terminal.

The process that serves a class holds one (`hold`); pages ask for it with `current`, which is None where no class is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mesa_lab.classroom.answers import check_answer, is_answer
from mesa_lab.classroom.archive import write_archive
from mesa_lab.classroom.assignments import Assignment, Assignments
from mesa_lab.classroom.limits import StudentLimits
from mesa_lab.classroom.own_code import OwnCode, own_models
from mesa_lab.classroom.roster import TEACHER, JoinError, Roster, Student, browser_of
from mesa_lab.classroom.runner import ClassQueue
from mesa_lab.classroom.student_progress import Progress
from mesa_lab.errors import StudyError, StudyMismatchError
from mesa_lab.running.confinement.own_models import hold as hold_models
from mesa_lab.study import Study
from mesa_lab.study.shards import Shard
from mesa_lab.workspace.queue import share_queue
from mesa_lab.workspace.study_state import entries
from mesa_lab.workspace.workspace import Workspace

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["Classroom", "current", "hold", "member_of"]

_STUCK_SECONDS: Final = 240.0


class Classroom:
    """A class in a folder.

    Args:
        folder: The folder of its studies; the teacher's are in it, and each student's in a folder of their own.
        models: The models that it offers.
        limits: What each student may use.
        processes: Worker processes.
        own_code: Whether students may bring models of their own.
        walls: Whether the system is to keep these from files, the network and other processes; limits hold in any case.

    Attributes:
        addresses: What students type into a browser, the likeliest first; none before the server listens.
    """

    def __init__(
        self,
        folder: Path,
        models: Sequence[str],
        limits: StudentLimits,
        processes: int,
        *,
        own_code: bool = False,
        walls: bool = True,
    ) -> None:
        self.folder = folder
        self.models = tuple(models)
        self.limits = limits
        self.roster = Roster(folder)
        self.assignments = Assignments(self.roster.path)
        self.own_code = OwnCode(folder) if own_code else None
        self.walls = walls
        self.addresses: tuple[str, ...] = ()
        self._making: dict[str, threading.Lock] = {}
        self._counted: dict[tuple[int, Path], int] = {}
        self.queue = ClassQueue(folder, self.roster, limits, processes, self.own_code)

    def open(self) -> None:
        """Begin to run what is asked for, also what was asked for before the server was last stopped."""
        if self.own_code is not None:
            hold_models(own_models(self.own_code, self.limits, walls=self.walls))
        share_queue(self.queue)

    def close(self) -> None:
        """End what runs; it goes on when the class is started again."""
        self.queue.close()
        if self.own_code is not None:
            hold_models(None)

    def workspace(self, student: str) -> Workspace:
        """Return the studies of a student, or the teacher's."""
        folder = self.folder if student == TEACHER else self.folder / "visitors" / student
        return Workspace(folder, self.folder, local=False)

    # ------------------------------------------------------------ what the teacher sees

    def progress(self) -> list[Progress]:
        """Return how far each student is, in the order in which they joined."""
        return [self.progress_of(student) for student in self.roster.students()]

    def progress_of(self, student: Student) -> Progress:
        """Return how far one student is."""
        found = tuple(entries(self.workspace(student.id)))
        standings = [entry.standing for entry in found if entry.standing is not None]
        done = sum(standing.status.done for standing in standings)
        failed = sum(standing.status.failed + standing.status.timed_out for standing in standings)
        asked = sum(standing.status.n_runs for standing in standings)
        answered, strange = [], []
        named = {entry.ref.name: entry for entry in found}
        for assignment in self.assignments.all():
            entry = named.get(assignment.study_name)
            if entry is None:
                continue
            if not self._counts(assignment, entry.ref.path):
                strange.append(assignment.number)
            elif entry.standing and entry.standing.status.finished == entry.standing.status.n_runs:
                answered.append(assignment.number)
        states = [standing.state for standing in standings]
        if "running" in states:
            state = "running"
        elif "waiting" in states or "starting" in states:
            state = "waiting"
        elif not student.is_here:
            state = "away"
        elif failed > done:
            state = "failing"
        elif not done and time.time() - student.joined > _STUCK_SECONDS:
            state = "stuck"
        else:
            state = "here"
        return Progress(student, found, done, failed, asked, state, tuple(answered), tuple(strange))

    def _counts(self, assignment: Assignment, path: Path) -> bool:
        """Whether a study is an answer. One that was is looked at again when its file has changed, others each time: they may be busy."""
        try:
            changed = path.stat().st_mtime_ns
        except OSError:  # it was deleted this moment
            return False
        key = assignment.number, path
        if self._counted.get(key) != changed and is_answer(assignment, path):
            self._counted[key] = changed
        return self._counted.get(key) == changed

    # ------------------------------------------------------------ assignments

    def begin_assignment(self, number: int, student: Student, experiment: Experiment | None = None) -> str:
        """Make a student's study of an assignment, and return its name.

        Of an assignment that is pooled each student gets other runs of the same experiment, so that all of them together are
        one study with that many more replications.

        Args:
            number: The assignment.
            student: Who begins it.
            experiment: What they designed for it, of one that is not pooled; None for the assignment's own.

        Raises:
            StudyError: If there is no such assignment, it is over, or the experiment goes beyond what it leaves free.
            MesaLabError: If the study cannot be made.
        """
        with self._making.setdefault(
            student.id, threading.Lock()
        ):  # two pages may be open, and pressed in both
            assignment = self.assignments.get(number)
            workspace = self.workspace(student.id)
            path = workspace.folder / f"{assignment.study_name}.study"
            if assignment.is_closed and not path.exists():
                raise StudyError(f"The assignment '{assignment.title}' is over.")
            if experiment is not None and not assignment.is_pooled:
                workspace.count_points(experiment)
                check_answer(assignment, experiment)
                try:
                    workspace.make(assignment.study_name, experiment)
                except StudyMismatchError:
                    raise StudyError(
                        f"You have begun '{assignment.title}' with another design. Delete the study '{assignment.study_name}' to "
                        "begin it anew."
                    ) from None
            elif not path.exists():
                workspace.folder.mkdir(parents=True, exist_ok=True)
                place = (student.number - 1) % assignment.seats + 1
                whole = assignment.pooled_experiment
                if assignment.is_pooled:
                    # Whole replications: each student has all points, each as often, and looks at a study that is whole.
                    part = Shard(place, assignment.seats, in_replications=True)
                    Study.for_experiment(whole, path, shard=part).close()
                else:
                    Study.for_experiment(assignment.experiment, path).close()
            return assignment.study_name

    def to_begin(self, student: Student) -> list[Assignment]:
        """Return the assignments that a student has not begun yet, the latest first."""
        folder = self.workspace(student.id).folder
        return [
            each
            for each in self.assignments.open_ones()
            if not (folder / f"{each.study_name}.study").is_file()
        ]

    def answers(self, number: int) -> list[tuple[Student, Path]]:
        """Return the students' studies of an assignment."""
        name = f"{self.assignments.get(number).study_name}.study"
        found = ((each, self.workspace(each.id).folder / name) for each in self.roster.students())
        return [(student, path) for student, path in found if path.is_file()]

    def pool(self, number: int) -> str:
        """Put what all students have run for an assignment into one study of the teacher's, and return its name.

        Can be repeated while results come in. Studies that have the assignment's name and are no answers are left out.

        Raises:
            StudyError: If it is not pooled, or nobody has begun.
        """
        from mesa_lab.study.merging.merge import merge

        assignment: Assignment = self.assignments.get(number)
        if not assignment.is_pooled:
            raise StudyError(
                f"The students of '{assignment.title}' may each change the experiment, so that their runs are no one study. "
                "Open them one by one, or give it as an assignment that is pooled."
            )
        paths = [path for _, path in self.answers(number) if self._counts(assignment, path)]
        if not paths:
            raise StudyError(f"Nobody has begun '{assignment.title}' yet.")
        name = _of_all(assignment)
        target = self.folder / f"{name}.study"
        merge(paths, target)
        return name

    # ------------------------------------------------------------ the end

    def archive(self, path: Path) -> Path:
        """Write all studies of all students into one zip file, in folders with their names, and those of all together.

        Args:
            path: The file.

        Returns:
            The file.
        """
        pooled = (self.folder / f"{_of_all(each)}.study" for each in self.assignments.all() if each.is_pooled)
        return write_archive(
            path, self.progress(), self.own_code, [each for each in pooled if each.is_file()]
        )


def _of_all(assignment: Assignment) -> str:
    """What the study of all students' runs for an assignment is called."""
    return f"{assignment.study_name} of all"


_held: Classroom | None = None


def hold(classroom: Classroom | None) -> None:
    """Make a class the one that this process serves."""
    global _held
    _held = classroom


def current() -> Classroom | None:
    """Return the class that this process serves, None where none is."""
    return _held


def member_of(session: str) -> str:
    """Return the folder of whoever a browser's session belongs to: a student's id, "" for the teacher.

    Raises:
        JoinError: If nobody has joined with this browser.
    """
    classroom = current()
    who = classroom.roster.who(browser_of(session)) if classroom is not None else None
    if who is None:
        raise JoinError("Nobody has joined the class with this browser. Open the first page to join.")
    return "" if who == TEACHER else who
