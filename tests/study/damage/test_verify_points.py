"""A study whose points are made by a function is saved without running it; only going on does."""

from __future__ import annotations

import pytest

import mesa_lab as ml
from mesa_lab.errors import StudyFormatError
from mesa_lab.preparation.designs import FunctionDesign, Part, Union
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.study import Study, rescue

DESIGN = """
from pathlib import Path
Path(__file__).with_suffix(".ran").touch()

def points(space, seed):
    return [{"a": a} for a in range(20)]
"""


class Code:
    """A file that leaves a trace when it is run."""

    def __init__(self, folder):
        self.file = folder / "own_design.py"
        self.trace = self.file.with_suffix(".ran")
        self.file.write_text(DESIGN)

    def experiment(self, *, of=lambda design: design, replications=3, **more):
        design = of(FunctionDesign(f"{self.file}:points"))
        more = {"replications": replications} | more
        return Experiment("m:M", {"a": ml.Integer(0, 99), "b": True}, design, **more)


@pytest.fixture
def code(tmp_path):
    return Code(tmp_path)


@pytest.fixture
def make(tmp_path, code, batch_of):
    """Runs of the first 15 points, in blocks of ten."""

    def make(**more):
        study = Study.create(tmp_path / "x.study", code.experiment(**more))
        with study.writing() as writer:
            have = [run_id for run_id in study.plan().run_id.tolist() if run_id % 20 < 15]
            for start in range(0, len(have), 10):
                writer.add(batch_of(study.tasks(have[start : start + 10])))
        study.close()
        code.trace.unlink()
        return study.path

    return make


SPOILED = "UPDATE points SET parameters = replace(parameters, '7', '8') WHERE point = 7"


@pytest.mark.parametrize(
    "of",
    [lambda design: design, lambda design: Union([Part(design, fixed={"b": False}), design])],
    ids=["alone", "in a union"],
)
@pytest.mark.parametrize("statement", [SPOILED, "DELETE FROM points WHERE point = 7"])
def test_points_that_their_runs_prove_are_saved_and_the_others_made_when_it_goes_on(
    make, code, tmp_path, batch_of, statement, of, change
):
    path = make(of=of)
    with Study.open(path) as study:
        n_points = len(study.points_frame())
        expected = study.runs_frame().merge(study.points_frame(), left_on="point", right_index=True)
    change(path, statement)
    rescued = rescue(path, tmp_path / "saved.study")
    assert not code.trace.exists()
    with Study.open(rescued.path) as saved:
        saved.check()
        runs = set(expected["run_id"][expected["point"] != 7])
        assert set(saved.runs_frame()["run_id"]) == runs
        assert len(saved.points_frame()) == expected["point"].nunique() - 1
        assert rescued.lost == 3
        assert rescued.lost_points == n_points - len(saved.points_frame())
        assert not code.trace.exists()
        saved.extend(saved.experiment)
        assert code.trace.exists()
        with saved.writing() as writer:
            writer.add(batch_of(saved.tasks(saved.pending())))
        saved.check()
        now = saved.runs_frame().merge(saved.points_frame(), left_on="point", right_index=True)
    whole = Study.create(tmp_path / "whole.study", code.experiment(of=of))
    seeds = {seed for *_, seed, _ in whole.tasks(whole.pending())}
    assert set(now["seed"]) == seeds
    values = ["seed", "a", "b", "replication"]
    assert set(expected[values].itertuples(index=False)) <= set(now[values].itertuples(index=False))


@pytest.mark.parametrize("more", [{"seeds": [1, 2, 3], "replications": 3}, {"common_random_numbers": True}])
def test_points_that_nothing_proves_are_not_guessed(make, code, tmp_path, more, change):
    path = make(**more)
    change(path, SPOILED)
    with pytest.raises(StudyFormatError, match="does not run the function that makes its points"):
        rescue(path, tmp_path / "saved.study")
    assert not code.trace.exists()
    assert not (tmp_path / "saved.study").exists()


def test_whole_points_are_saved_as_they_are(make, code, tmp_path, change):
    path = make()
    change(
        path, "UPDATE runs SET seed = 5 WHERE run_id = 0", "UPDATE meta SET value = 'x' WHERE key = 'design'"
    )
    rescued = rescue(path, tmp_path / "saved.study")
    assert (rescued.lost, rescued.lost_points) == (10, 0)
    assert not code.trace.exists()
    with Study.open(rescued.path) as saved:
        saved.check()
        assert len(saved.points_frame()) == 20


def test_looking_runs_no_code(make, code, tmp_path):
    path = make()
    with ml.open_study(path) as study:
        study.status()
        study.check()
        study.results.aggregate("happy")
        study.results.report(tmp_path / "report.html")
        study.results.save(tmp_path / "tables")
    assert not code.trace.exists()
