"""A class with students who have something to run."""

import textwrap
import time
from pathlib import Path

import pytest

from mesa_lab.app.server.members import may_use_own
from mesa_lab.classroom.classroom import Classroom, hold
from mesa_lab.classroom.limits import StudentLimits
from mesa_lab.classroom.own_code import own_models
from mesa_lab.classroom.runner import ClassQueue
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.running.confinement.own_models import hold as hold_models
from mesa_lab.running.confinement.rules import not_offered
from mesa_lab.study import Study
from mesa_lab.workspace.access import Access, grant
from mesa_lab.workspace.registry import Ticket

MODEL = """
    import time
    import mesa


    class Plain(mesa.Model):
        def __init__(self, n=1, how="well", rng=None):
            super().__init__(rng=rng)
            self.n, self.how = n, how
            if how == "hang":
                while True:
                    pass
            if how == "hog":
                self.hoard = bytearray(64 << 30)
            if how == "die":
                import os
                os._exit(3)

        def step(self):
            time.sleep(0.002)
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "plain.py"
    path.write_text(textwrap.dedent(MODEL))
    return f"{path}:Plain"


class Room:
    """A class that is open, and what its students do."""

    def __init__(
        self, folder: Path, model: str, limits: StudentLimits, processes: int, own_code: bool = False
    ) -> None:
        self.model = model
        uses_own = may_use_own if own_code else None
        grant(Access(local=False, studies=folder, models=(model,), uses_own=uses_own))
        self.classroom = Classroom(folder, [model], limits, processes, own_code=own_code)
        if own_code:
            hold(self.classroom)
            hold_models(own_models(self.classroom.own_code, limits, walls=not not_offered()))
        self.queue: ClassQueue = self.classroom.queue
        self.queue.wake()

    def student(self, name: str):
        return self.classroom.roster.join(name, self.classroom.roster.code, name)

    def study(self, student, name="study", replications=4, **parameters) -> str:
        workspace = self.classroom.workspace(student if isinstance(student, str) else student.id)
        workspace.folder.mkdir(parents=True, exist_ok=True)
        path = workspace.folder / f"{name}.study"
        experiment = Experiment(
            self.model, parameters or {"n": 1}, replications=replications, max_steps=1, outcomes=["n"]
        )
        Study.for_experiment(experiment, path).close()
        return path.relative_to(self.classroom.folder).as_posix()

    def run(self, *places: str) -> None:
        for place in places:
            self.queue.add(Ticket(place))

    def status(self, place: str):
        with Study.open(self.classroom.folder / place) as study:
            return study.status()

    def until(self, condition, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "It did not come to that."
            time.sleep(0.05)

    def until_done(self, *places: str) -> None:
        self.until(lambda: all(self.status(place).state == "finished" for place in places))


@pytest.fixture
def open_room(tmp_path, model):
    rooms: list[Room] = []

    def make(processes: int = 2, folder: Path | None = None, own_code: bool = False, **limits) -> Room:
        rooms.append(Room(folder or tmp_path, model, StudentLimits(**limits), processes, own_code))
        return rooms[-1]

    yield make
    for room in rooms:
        room.classroom.close()
    hold(None)
    grant(None)
