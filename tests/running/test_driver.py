"""From the runner to the disk and back again, whatever comes between."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from mesa_lab.errors import ModelError, StudyBusyError
from mesa_lab.preparation import models
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.running.driver import drive
from mesa_lab.study import Study
from mesa_lab.study.records import Batch

FIXTURES = Path(__file__).parents[1] / "fixtures"
WALK = f"{FIXTURES / 'driven_models.py'}:Walk"


def experiment_of(*, replications=20, **parameters):
    return Experiment(
        WALK, {"pace": [1.0, 2.0, 3.0], **parameters}, replications=replications, max_steps=4, seed=11
    )


def tables(study):
    """All that a study says about its runs, without what the clock says."""
    runs = study.runs_frame().drop(columns=["init_seconds", "run_seconds"])
    series = pa.concat_tables(study.series_tables(), promote_options="permissive").to_pandas()
    return runs, series.sort_values(["run_id", "step"], ignore_index=True)


def assert_same(study, other):
    for one, two in zip(tables(study), tables(other), strict=True):
        pd.testing.assert_frame_equal(one, two)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    study = Study.create(tmp_path_factory.mktemp("whole") / "whole.study", experiment_of())
    ending = drive(study, backend="sequential", progress=False)
    assert ending.how == "finished"
    assert ending.message.startswith("60 runs in ")
    return study


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def when_it_stands_still(study):
    """How many runs are done once those under way have come in; a study that goes on has more of them every half second."""
    done = -1
    while done < (done := study.status().done):
        time.sleep(1)
    return done


@pytest.fixture
def slow(monkeypatch):
    """Make steps take their time, here and in new processes."""

    def set_seconds(seconds):
        monkeypatch.setenv("STEP_SECONDS", str(seconds))

    set_seconds(0.05)
    return set_seconds


def start(path, backend):
    command = [sys.executable, str(FIXTURES / "drive_study.py"), str(path), backend]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_study_is_filled(uninterrupted):
    status = uninterrupted.status()
    assert (status.state, status.done, status.failed) == ("finished", 60, 0)
    runs, series = tables(uninterrupted)
    assert runs["ahead"].dtype == bool
    assert series.groupby("run_id").size().tolist() == [4] * 60
    assert runs["seed"].tolist() == [c.seed for c in experiment_of().configurations()]


def test_a_second_call_has_nothing_to_do(uninterrupted):
    before = uninterrupted.status().updated
    ending = drive(uninterrupted, backend="sequential", progress=False)
    assert ending.how == "finished"
    assert uninterrupted.status().updated == before


def test_two_workers_give_the_same(tmp_path, uninterrupted):
    study = Study.create(tmp_path / "a.study", experiment_of())
    drive(study, n_jobs=2, progress=False)
    assert_same(study, uninterrupted)


def test_extending_gives_the_same(tmp_path, uninterrupted):
    path = tmp_path / "a.study"
    for replications in (1, 3, 20):
        study = Study.for_experiment(experiment_of(replications=replications), path)
        drive(study, backend="sequential", progress=False)
    assert_same(study, uninterrupted)


def test_sigkill_loses_nothing_that_was_counted(tmp_path, slow, uninterrupted):
    study = Study.create(tmp_path / "killed.study", experiment_of())
    for backend in ("loky", "sequential", "sequential"):
        before = study.status().done
        process = start(study.path, backend)
        wait_for(lambda: study.status().done > before or process.poll() is not None)  # noqa: B023
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert study.status().done > before
        assert study.status().state == "interrupted"
    assert len(study.runs_frame()) == study.status().done < 60
    slow(0)
    drive(study, n_jobs=2, progress=False)
    assert_same(study, uninterrupted)


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(tmp_path, slow):
    study = Study.create(tmp_path / "a.study", experiment_of())
    process = start(study.path, "loky")
    wait_for(lambda: study.status().done > 0)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=120)
    assert process.returncode == 0
    how, message = out.splitlines()
    status = study.status()
    assert how == status.state == "interrupted"
    assert message == (
        f"Interrupted: {status.done} of 60 runs have their results, safe in '{study.path}'. "
        f"Go on with: mesa-lab resume {study.path}"
    )
    assert "Traceback" not in said
    assert said.splitlines()[-1].endswith("interrupted")


@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_stop_ends_it_and_pause_holds_it(tmp_path, backend):
    study = Study.create(tmp_path / "a.study", experiment_of(replications=200, seconds=0.01))
    seen = []

    def look_on():
        other = Study.open(study.path)
        wait_for(lambda: other.status().done > 0)
        other.ask("pause")
        wait_for(lambda: other.status().state == "paused")
        seen.append(when_it_stands_still(other))
        other.ask("run")
        wait_for(lambda: other.status().done > seen[0])
        other.ask("stop")

    watcher = threading.Thread(target=look_on)
    watcher.start()
    ending = drive(study, n_jobs=2, backend=backend, progress=False)
    watcher.join()
    assert ending.how == ending.status.state == "stopped"
    assert ending.message.startswith("Stopped on request: ")
    assert seen[0] < ending.status.done < 600


def test_stopped_before_its_first_run_has_ended_nothing_is_said_of_the_model(tmp_path, monkeypatch):
    def stopped(protocol, tasks, n_jobs, backend, requests, note):
        yield Batch([])

    study = Study.create(tmp_path / "a.study", experiment_of(replications=1))
    monkeypatch.setattr("mesa_lab.running.stream.stream", stopped)
    ending = drive(study, backend="sequential", progress=False)
    assert ending.how == "stopped"
    assert not any("no reporters" in said for said in ending.notices)


def test_failed_runs_are_counted_and_tried_again_on_request(tmp_path, monkeypatch):
    experiment = experiment_of(replications=2, breaks=[False, True])
    study = Study.create(tmp_path / "a.study", experiment)
    ending = drive(study, backend="sequential", progress=False)
    assert (ending.how, ending.status.done, ending.status.failed) == ("finished", 6, 6)
    assert "6 of them failed" in ending.message
    assert set(study.failures_frame()["error_type"]) == {"ValueError"}
    drive(study, backend="sequential", progress=False)
    assert study.status().failed == 6
    mended = tmp_path / "mended"
    mended.touch()
    monkeypatch.setenv("MENDED", str(mended))
    ending = drive(study, backend="sequential", progress=False, retry_failed=True)
    assert (ending.status.done, ending.status.failed) == (12, 0)
    assert len(study.failures_frame()) == 6
    assert study.runs_frame()["attempt"].tolist().count(2) == 6


def test_when_writing_fails_the_run_ends_with_the_reason(tmp_path, slow):
    study = Study.create(tmp_path / "a.study", experiment_of())

    def take_over(writer):
        connection = sqlite3.connect(study.path)
        connection.execute("UPDATE driver SET token = 'another'")
        connection.commit()
        connection.close()

    with pytest.raises(StudyBusyError, match="taken over"):
        drive(study, backend="sequential", progress=False, on_start=take_over)
    assert study.status().done == 0


def test_a_model_that_is_not_there_is_said_before_anything_is_written(tmp_path):
    study = Study.create(tmp_path / "a.study", Experiment("no_such_module:Model"))
    with pytest.raises(ModelError, match="no_such_module"):
        drive(study, progress=False)
    assert study.sessions() == []


def test_a_study_that_was_extended_just_before_it_is_driven_is_not_run_as_something_else(
    tmp_path, monkeypatch
):
    """The model, the seeds and the points that are run are those of one experiment."""
    study = Study.create(tmp_path / "a.study", experiment_of())
    load_model = models.load_model

    def extend_meanwhile(model):
        Study.open(study.path).extend(experiment_of(replications=30))
        return load_model(model)

    monkeypatch.setattr(models, "load_model", extend_meanwhile)
    with pytest.raises(StudyBusyError, match="was extended by another process just now"):
        drive(study, backend="sequential", progress=False)
    assert study.status().done == 0
    monkeypatch.setattr(models, "load_model", load_model)
    drive(study, backend="sequential", progress=False)
    assert (study.status().done, study.experiment.replications) == (90, 30)


def test_a_temporary_study_says_that_nothing_is_kept(slow):
    study = Study.for_experiment(experiment_of())

    def stop(writer):
        study.ask("stop")
        wait_for(lambda: writer.request == "stop")

    ending = drive(study, backend="sequential", progress=False, on_start=stop)
    assert "They are not kept" in ending.message
    assert ending.status.done == 0
