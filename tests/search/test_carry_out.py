"""A search carried out: the same batches wherever it runs and whatever interrupts it; a study like any other."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import mesa_lab as ml
from mesa_lab.errors import ExperimentError, OutcomeError, StudyFormatError, StudyMismatchError
from mesa_lab.running import background
from mesa_lab.search.carry_out import study_for
from mesa_lab.study import Study, rescue
from tests.search.bowls import NOISY, asked, bowl

DRIVE = Path(__file__).parents[1] / "fixtures" / "drive_search.py"


@pytest.fixture
def search():
    return ml.Search(bowl(), ml.Optimise("loss", engine="random"), budget=60)


def rows(study):
    return (
        study.runs_frame()
        .drop(columns=["init_seconds", "run_seconds"])
        .sort_values("run_id", ignore_index=True)
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "whole.study"
    search = ml.Search(bowl(), ml.Optimise("loss", engine="tpe"), budget=90)
    ml.search(search, path, backend="sequential", progress=False)
    return Study.open(path)


@pytest.mark.parametrize(("n_jobs", "backend"), [(1, "loky"), (2, "loky"), (2, "threading")])
def test_the_batches_do_not_depend_on_where_they_run(whole, tmp_path, n_jobs, backend):
    search = ml.Search(bowl(), ml.Optimise("loss", engine="tpe"), budget=90)
    results = ml.search(search, tmp_path / "a.study", n_jobs=n_jobs, backend=backend, progress=False)
    study = Study.open(tmp_path / "a.study")
    assert asked(study) == asked(whole)
    pd.testing.assert_frame_equal(rows(study), rows(whole))
    assert len(results.runs) == 90


def test_killed_three_times_it_asks_for_the_same(whole, tmp_path, monkeypatch):
    search = ml.Search(bowl(), ml.Optimise("loss", engine="tpe"), budget=90)
    study = study_for(search, tmp_path / "killed.study")
    monkeypatch.setenv("STEP_SECONDS", "0.05")
    for n_jobs, backend, share in ((2, "loky", 0.2), (1, "sequential", 0.45), (2, "loky", 0.7)):
        command = [sys.executable, str(DRIVE), str(study.path), str(n_jobs), backend]
        with subprocess.Popen(command) as process:
            deadline = time.monotonic() + 60
            while study.status().done < 90 * share and time.monotonic() < deadline:
                time.sleep(0.01)
            process.kill()
        assert study.status().state == "interrupted"
    monkeypatch.setenv("STEP_SECONDS", "0")
    ml.search(search, study.path, n_jobs=2, progress=False)
    assert asked(study) == asked(whole)
    pd.testing.assert_frame_equal(rows(study), rows(whole))
    study.check()


def test_a_search_is_a_study_like_any_other(whole):
    status = whole.status()
    assert (status.state, status.done, status.n_runs, status.pending) == ("finished", 90, 90, 0)
    assert status.search == "optimise"
    assert status.over
    results = ml.open_study(whole.path).results
    assert results.experiment.n_points == status.n_points == len(results.points)
    assert list(results.points.columns) == ["x", "y", "kind"]
    assert results.aggregate("loss")["n"].sum() == 90
    again = ml.run(results.experiment.replace(replications=1), progress=False, backend="sequential")
    first = results.runs[results.runs["replication"] == 0]["loss"].tolist()
    assert again.runs["loss"].tolist() == first
    whole.check()


def test_it_can_be_stopped_paused_and_resumed_from_elsewhere(whole, tmp_path, monkeypatch):
    search = ml.Search(bowl(), ml.Optimise("loss", engine="tpe"), budget=90)
    study = study_for(search, tmp_path / "a.study")
    monkeypatch.setenv("STEP_SECONDS", "0.05")
    assert background.launch(study.path, n_jobs=2).is_active
    while not study.status().done:
        time.sleep(0.02)
    assert background.pause(study.path).state == "paused"
    assert background.proceed(study.path).state == "running"
    status = background.stop(study.path)
    assert status.state == "stopped"
    assert 0 < status.done < 90
    monkeypatch.setenv("STEP_SECONDS", "0")
    background.launch(study.path, n_jobs=1)
    *_, last = background.watch(study.path, interval=0.05)
    assert last.state == "finished"
    assert asked(study) == asked(whole)


def test_ctrl_c_keeps_what_is_done(search, tmp_path, monkeypatch):
    monkeypatch.setenv("STEP_SECONDS", "0.05")
    study = study_for(search, tmp_path / "a.study")
    with subprocess.Popen([sys.executable, str(DRIVE), str(study.path), "1", "sequential"]) as process:
        deadline = time.monotonic() + 60
        while study.status().done < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGINT)
    status = study.status()
    assert status.state == "interrupted"
    assert status.done >= 5


def test_a_larger_budget_goes_on(search, tmp_path):
    ml.search(search, tmp_path / "a.study", backend="sequential", progress=False)
    study = Study.open(tmp_path / "a.study")
    before = asked(study)
    results = ml.search(search.replace(budget=80), tmp_path / "a.study", backend="sequential", progress=False)
    assert len(results.runs) == 80
    assert asked(study)[: len(before)] == before
    same = ml.search(search.replace(budget=80), tmp_path / "a.study", backend="sequential", progress=False)
    assert len(same.runs) == 80


def test_another_search_is_refused_by_name(search, tmp_path):
    study_for(search, tmp_path / "a.study")
    with pytest.raises(StudyMismatchError, match='search.engine: "random" → not set'):
        study_for(search.replace(method=ml.Optimise("loss")), tmp_path / "a.study")
    with pytest.raises(StudyMismatchError, match="max_steps: 1 → 2"):
        study_for(search.replace(experiment=bowl(max_steps=2)), tmp_path / "a.study")
    with pytest.raises(StudyMismatchError, match="is a search: its method decides"):
        ml.run(bowl(design=ml.MonteCarlo(3)), tmp_path / "a.study", progress=False)
    ml.run(bowl(design=ml.MonteCarlo(3)), tmp_path / "b.study", progress=False, backend="sequential")
    with pytest.raises(StudyMismatchError, match="a fixed design, not of a search"):
        study_for(search, tmp_path / "b.study")
    with pytest.raises(StudyMismatchError, match="two of them are not one study"):
        ml.merge([tmp_path / "a.study", tmp_path / "b.study"], tmp_path / "c.study")


def test_a_narrower_range_goes_on(search, tmp_path):
    ml.search(search, tmp_path / "a.study", backend="sequential", progress=False)
    narrow = search.replace(experiment=bowl(parameters={"x": ml.Real(0, 0.5)}), budget=90)
    results = ml.search(narrow, tmp_path / "a.study", backend="sequential", progress=False)
    assert results.points["x"].iloc[20:].between(0, 0.5).all()
    assert not results.points["x"].iloc[:20].between(0, 0.5).all()


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("all", r"All \d+ runs failed: ValueError: nothing works"),
        ("nan", r"'loss' is None or NaN in all \d+ runs: there is nothing to search for\. Let the model"),
        ("inf", r"'loss' is infinite in all \d+ runs: .* stays finite"),
        ("text", r"'loss' is a text in all \d+ runs, such as 'a text': .* a number: a count, or 1"),
        ("some text", r"'loss' is a text in \d+ of \d+ runs, such as 'too {many}': .* a number"),
        ("dict", r"'loss' is a dict in all \d+ runs, such as \{\"a\":1\}: .* entries"),
        ("list", r"'loss' is a list in all \d+ runs, such as \[1,2\]: .* its length"),
        ("date", r"'loss' is a date or a time in all \d+ runs, such as 2026-01-02"),
        ("huge", r"'loss' is beyond 1e\+120 in all \d+ runs: .* logarithm"),
    ],
)
def test_where_nothing_can_be_found_it_ends_and_says_so(tmp_path, trouble, said):
    search = ml.Search(
        bowl(parameters={"trouble": trouble}), ml.Optimise("loss", engine="random"), budget=600
    )
    results = ml.search(search, tmp_path / "a.study", backend="sequential", progress=False)
    status = Study.open(tmp_path / "a.study").status()
    assert status.state == "finished"
    assert len(results.runs) < 60
    assert re.match(said, status.over)


def test_where_every_run_takes_too_long_it_ends_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("STEP_SECONDS", "0.3")
    search = ml.Search(bowl(timeout=0.05), ml.Optimise("loss", engine="random"), budget=600, batch=3)
    results = ml.search(search, tmp_path / "a.study", backend="sequential", progress=False)
    over = Study.open(tmp_path / "a.study").status().over
    assert len(results.runs) < 60
    assert re.search(r"runs took longer than the time limit of 0\.05 s.*Raise timeout", over), over


def test_failed_runs_are_data_and_the_search_goes_on(tmp_path):
    search = ml.Search(bowl(parameters={"trouble": "some"}), ml.Optimise("loss", engine="tpe"), budget=60)
    results = ml.search(search, tmp_path / "a.study", backend="sequential", progress=False)
    assert len(results.runs) == 60
    assert len(results.failures)


def test_a_constant_outcome_is_searched_without_error(tmp_path):
    search = ml.Search(bowl(parameters={"trouble": "constant"}), ml.Optimise("loss", engine="tpe"), budget=60)
    results = ml.search(search, tmp_path / "a.study", backend="sequential", progress=False)
    # What is kept for the last few is not spent: there is nothing to choose.
    assert len(results.runs) == 48
    over = Study.open(tmp_path / "a.study").status().over
    assert over == "'loss' is 1 in all 48 runs of 16 settings: no setting is better than another."


@pytest.mark.parametrize(
    "method",
    [
        ml.Optimise("loss", engine="random"),
        ml.Calibrate({"loss": 1.2}),
        ml.Calibrate({"loss": 1.2}, engine="abc"),
        ml.Refine("loss"),
        ml.Diversity(["loss", "other"], cells=5),
    ],
)
def test_constraints_that_nothing_keeps_end_it(tmp_path, method):
    experiment = bowl(constraints=["x > 2"], outcomes=["loss", "other"])
    search = ml.Search(experiment, method, budget=60)
    ml.search(search, tmp_path / "a.study", backend="sequential", progress=False)
    status = Study.open(tmp_path / "a.study").status()
    assert "keeps the constraints (x > 2). Widen the ranges" in status.over
    assert status.done == 0


def test_a_budget_of_one_run(tmp_path):
    search = ml.Search(bowl(), ml.Optimise("loss"), budget=1)
    results = ml.search(search, tmp_path / "a.study", backend="sequential", progress=False)
    assert len(results.runs) == 1
    assert "(1 run), and nothing to compare it with." in results.found().sentence
    with pytest.raises(ml.ConclusionError, match="Only one setting has been run"):
        results.best("loss")


def test_a_budget_of_time(tmp_path, monkeypatch):
    monkeypatch.setenv("STEP_SECONDS", "0.05")
    search = ml.Search(bowl(), ml.Optimise("loss", engine="random"), budget="2 s")
    ml.search(search, tmp_path / "a.study", backend="sequential", progress=False)
    study = Study.open(tmp_path / "a.study")
    assert study.status().over == "The time of 2 s is over."
    assert study.status().state == "finished"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"budget": None}, "does not end by itself"),
        ({"budget": 0}, "budget is 0"),
        ({"budget": "soon"}, "budget is 'soon'. Give a number of runs, or a time"),
        ({"batch": 0}, "batch is 0"),
        ({"method": ml.Optimise}, "such as Optimise"),
        ({"experiment": bowl(seeds=[1, 2])}, "lists its seeds"),
        ({"experiment": ml.Experiment(NOISY, {"x": 1.0})}, "nothing to vary"),
    ],
)
def test_what_makes_no_sense_is_said(search, changes, said):
    with pytest.raises(ExperimentError, match=said):
        search.replace(**changes)


def test_an_outcome_that_is_not_measured_is_said_before_anything_runs(search, tmp_path):
    with pytest.raises(
        OutcomeError, match="'lost', which the experiment does not measure. Did you mean 'loss'?"
    ):
        search.replace(method=ml.Optimise("lost"))
    unsaid = ml.Search(bowl(outcomes=["losss"]), ml.Optimise("losss"), budget=9)
    with pytest.raises(OutcomeError, match="losss"):
        ml.search(unsaid, tmp_path / "a.study", progress=False)
    assert not (tmp_path / "a.study").exists()


REPORTING = """
import mesa

class Lake(mesa.Model):
    def __init__(self, boats=1, rng=None):
        super().__init__(rng=rng)
        self.boats, self.effort = boats, 0.0
        self.datacollector = mesa.DataCollector({"Catch, in t": lambda m: 1.0, "Stock": lambda m: 2.0})

    def step(self):
        self.datacollector.collect(self)
"""


@pytest.mark.parametrize(
    ("method", "said"),
    [
        (
            ml.Optimise("Stokc"),
            r"'Stokc' is looked at.*Did you mean 'Stock'\? Lake reports: Catch, in t, Stock",
        ),
        (ml.Optimise("Stock", subject_to=["Caught > 1"]), "'Caught' is looked at"),
        (
            ml.Optimise("effort"),
            "'effort' is an attribute: it is measured when the experiment's outcomes name it",
        ),
        (ml.Calibrate({"Stoc": [[1, 2.0]]}), "'Stoc' is looked at"),
        (ml.UntilPrecise("Sock", half_width=1), "'Sock' is looked at"),
        (ml.Diversity(["Stock", "Total"]), "'Total' is looked at"),
    ],
)
def test_an_outcome_that_the_model_does_not_report_is_said_before_anything_runs(tmp_path, method, said):
    model = tmp_path / "lake.py"
    model.write_text(REPORTING, encoding="utf-8")
    experiment = ml.Experiment(f"{model}:Lake", {"boats": ml.Integer(1, 9)}, design=ml.Sobol(4), max_steps=2)
    search = ml.Search(experiment, method, budget=9)
    with pytest.raises(OutcomeError, match=said):
        ml.search(search, tmp_path / "a.study", progress=False)
    assert not (tmp_path / "a.study").exists()
    search.replace(method=ml.Optimise("Catch, in t")).check()
    search.replace(method=ml.Optimise("steps")).check()
    ml.Search(experiment.replace(outcomes=["effort"]), ml.Optimise("effort"), budget=9).check()


def test_of_a_model_that_reports_nothing_only_a_run_can_tell(search):
    unnamed = search.experiment.replace(outcomes=None)
    search.replace(experiment=unnamed, method=ml.Optimise("count(Fish)")).check()
    with pytest.raises(OutcomeError, match="'loss' is an attribute"):
        search.replace(experiment=unnamed).check()


def test_a_damaged_row_of_a_batch_is_noticed_and_saved(whole, tmp_path):
    path = tmp_path / "damaged.study"
    whole.copy(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE batches SET why = 'something else' WHERE batch = 2")
    connection.close()
    with pytest.raises(StudyFormatError, match="the batches of the search are not those that were written"):
        Study.open(path).check()
    rescued = rescue(path, tmp_path / "rescued.study")
    assert rescued.lost == 0
    saved = Study.open(tmp_path / "rescued.study")
    assert asked(saved) == asked(whole)
    saved.check()


def test_the_module_of_that_name_can_be_called(search):
    import mesa_lab.search

    assert (
        len(mesa_lab.search(search.replace(budget=3), n_jobs=1, backend="sequential", progress=False).runs)
        == 3
    )
