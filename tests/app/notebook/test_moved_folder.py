"""A notebook whose working folder is changed goes on with the files that it began with."""

import os
import textwrap
import time
from pathlib import Path

import pytest

import mesa_lab as ml
from mesa_lab.preparation.models import load_model, reference_of
from mesa_lab.workspace.shared_results import StudyFile

MODEL = """
    import mesa


    class Small(mesa.Model):
        def __init__(self, n: int = 5, rng=None):
            super().__init__(rng=rng)
            self.n = n
            self.datacollector = mesa.DataCollector({"n": "n"})

        def step(self):
            self.datacollector.collect(self)
"""


@pytest.fixture
def moved(tmp_path, monkeypatch):
    """A folder that one works in, and a function that goes to another one."""
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    (tmp_path / "first" / "small.py").write_text(textwrap.dedent(MODEL))
    monkeypatch.chdir(tmp_path / "first")
    yield lambda: monkeypatch.chdir(tmp_path / "second")
    assert not list((tmp_path / "second").iterdir()), "nothing was begun there"


def small(**changes):
    return ml.Experiment("small.py:Small", {"n": [1, 5, 9]}, max_steps=1, **changes)


def run(experiment, path):
    return ml.run(experiment, path, n_jobs=1, backend="sequential", progress=False)


@pytest.mark.parametrize("source", ["small.py:Small", "an experiment", "given.study"])
def test_explore_goes_on_with_its_file(moved, tmp_path, source):
    if source == "given.study":
        run(small(), source)
        explore = ml.Explore(source)
    else:
        explore = ml.Explore(small() if source == "an experiment" else source, study="mine.study")
    moved()
    explore.move(n=4)
    assert explore.session.rest(most=1)
    deadline = time.monotonic() + 120
    while not (explore.session.path.exists() and len(explore.results.runs)):
        assert time.monotonic() < deadline, explore.session.state
        time.sleep(0.05)
    try:
        assert explore.session.state.problem == ""
        assert explore.results.runs["n"].tolist() == [4]
        assert explore.session.path.parent == tmp_path / "first"
    finally:
        explore.close()


@pytest.mark.parametrize("model", ["small.py:Small", "an experiment"])
def test_a_lab_goes_on_with_its_file(moved, tmp_path, model):
    given = small()
    lab = ml.Lab(given if model == "an experiment" else model, study="mine.study")
    moved()
    runs = lab.run(given, processes=1, backend="sequential")
    assert runs.wait(120)
    assert runs.problem == ""
    assert len(lab.results.runs) == 3
    assert str(tmp_path / "first") in repr(lab)
    assert reference_of(lab.experiment.model) == f"{tmp_path}/first/small.py:Small"


def test_runs_that_keep_their_file_in_memory_need_none(moved):
    lab = ml.Lab(small())
    moved()
    runs = lab.run(processes=1, backend="sequential")
    assert runs.wait(120)
    assert runs.problem == ""
    assert len(lab.results.runs) == 3


def test_an_open_study_goes_on_with_its_file(moved, tmp_path):
    run(small(), "mine.study")
    study, file = ml.open_study("mine.study"), StudyFile(Path("mine.study"))
    assert repr(study) == "OpenStudy('mine.study')", "as it was given, where that is true"
    assert study.path == Path("mine.study")
    moved()
    assert study.path == tmp_path / "first" / "mine.study"
    assert file.outcome_names == study.outcome_names == ("n",)
    assert study.check().runs == 3
    study.extend(study.experiment.replace(replications=2))
    assert study.status().n_runs == 6
    assert (
        len(run(study.experiment.replace(model=load_model(f"{tmp_path}/first/small.py")), study.path).runs)
        == 6
    )


def test_a_folder_that_is_gone_costs_nothing(moved, tmp_path):
    run(small(), "mine.study")
    study = ml.open_study("mine.study")
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    try:
        assert study.path == tmp_path / "first" / "mine.study"
        assert study.status().done == 3
    finally:
        os.chdir(tmp_path / "first")


def test_a_lab_that_is_shown_goes_on(moved, show):
    lab = ml.Lab("small.py:Small")
    view = show(lab._element())
    view.until("Try it")
    moved()
    lab._session.step.value = "Design"
    view.until("Replications")
    assert "No file" not in view.text
    assert lab.experiment.model.endswith("small.py:Small")
