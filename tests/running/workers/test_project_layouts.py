"""Projects whose modules import each other absolutely, in workers that a class shares, and where no file of theirs is."""

import os
import pickle
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import mesa_lab as ml
from mesa_lab.preparation.models import load_model
from mesa_lab.running.backends.backend import Control
from mesa_lab.running.shared_worker import SharedWorker
from mesa_lab.running.workers.serialization import pack
from mesa_lab.study.records import Task

TOWN = """
    import mesa
    {imports}

    class Town(mesa.Model):
        def __init__(self, n=1, rng=None):
            super().__init__(rng=rng)
            self.n, self.value = n, 0

        def step(self):
            {later}
            self.value = self.n * {value}
"""
ELSEWHERE = """
    import pickle, sys
    from mesa_lab.running.workers.worker import run_here
    from mesa_lab.study.records import Task

    payload, tasks = pickle.loads(sys.stdin.buffer.read())
    batches = run_here(payload, [Task(*task) for task in tasks])
    failures = [failure.message for batch in batches for failure in batch.failures]
    print(failures or [value for batch in batches for (value,) in batch.finals])
"""


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        module = sys.modules[name]
        places = [getattr(module, "__file__", None), *getattr(getattr(module, "__path__", ()), "_path", ())]
        if any(place and Path(place).is_relative_to(tmp_path) for place in places):
            del sys.modules[name]


@pytest.fixture
def two_projects(here):
    """Two projects of one layout, whose modules have the same names; some are imported while the model runs."""
    for place, value in (("north", 1), ("south", 2)):
        model = TOWN.format(
            imports="from src.app.people import VALUE",
            later="from src.app.weather import RAIN",
            value="VALUE + RAIN",
        )
        write(here / place / "src" / "app" / "model.py", model)
        write(here / place / "src" / "app" / "people.py", f"VALUE = {value}\n")
        write(here / place / "src" / "app" / "weather.py", f"RAIN = {10 * value}\n")
    return here


class Goes(Control):
    def stopped(self):
        return False

    def paused(self):
        return False


def packed(model, *, elsewhere=False):
    experiment = ml.Experiment(model, {"n": [1, 2, 3, 4]}, max_steps=1, outcomes=["value"])
    experiment.check()
    tasks = [
        Task(run.run_id, run.point, run.iteration, run.seed, run.parameters)
        for run in experiment.configurations()
    ]
    return pack(experiment.protocol, elsewhere=elsewhere), tasks


def test_a_worker_of_a_class_keeps_projects_apart(two_projects):
    jobs = {place: packed(f"{place}/src/app/model.py:Town") for place in ("north", "south")}
    worker = SharedWorker()
    found = {place: [] for place in jobs}
    try:
        for first in (0, 2):
            for place, (payload, tasks) in jobs.items():
                for batch in worker.carry_out(payload, tasks[first : first + 2], Goes(), lambda *told: None):
                    assert not batch.failures, batch.failures
                    found[place] += [value for (value,) in batch.finals]
    finally:
        worker.close()
    assert found == {"north": [11, 12, 13, 14], "south": [22, 24, 26, 28]}


def test_this_process_keeps_them_apart(two_projects):
    for place, value in (("north", 11), ("south", 22), ("north", 11)):
        model = load_model(f"{place}/src/app/model.py:Town")(rng=1)
        model.step()
        assert model.value == value


def test_a_worker_of_a_cluster_needs_no_file_of_the_project(here, tmp_path_factory):
    project = here / "project"
    imports = "import model.people\n    from model.parts import weather"
    write(project / "model" / "model.py", TOWN.format(imports=imports, later="pass", value="model.people.VALUE + weather.RAIN"))  # fmt: skip
    write(project / "model" / "people.py", "VALUE = 3\n")
    write(project / "model" / "parts" / "weather.py", "RAIN = 40\n")
    payload, tasks = packed("project/model/model.py:Town", elsewhere=True)
    shutil.rmtree(project)
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(ELSEWHERE)],
        input=pickle.dumps((payload.data, [tuple(task) for task in tasks])),
        capture_output=True,
        cwd=tmp_path_factory.mktemp("elsewhere"),
        env={**os.environ, "PYTHONPATH": str(Path(ml.__file__).parents[1])},
        check=False,
    )
    assert answer.stdout.decode().strip() == "[43, 46, 49, 52]", answer.stderr.decode()
