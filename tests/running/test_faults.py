"""Nothing that was reported as done is ever lost: drivers that are killed, disks that lag, clocks that jump."""

from __future__ import annotations

import datetime
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from mesa_lab.preparation.experiment import Experiment
from mesa_lab.running import driver
from mesa_lab.running.driver import drive
from mesa_lab.running.progress_bar import Progress
from mesa_lab.study import Study
from mesa_lab.study.database import lease

FIXTURES = Path(__file__).parents[1] / "fixtures"
WALK = f"{FIXTURES / 'driven_models.py'}:Walk"


def experiment_of(replications, **parameters):
    return Experiment(
        WALK, {"pace": [1.0, 2.0, 3.0], **parameters}, replications=replications, max_steps=4, seed=11
    )


def tables(study):
    """All that a study says about its runs, without what the clock says."""
    runs = study.runs_frame().drop(columns=["init_seconds", "run_seconds"])
    series = pa.concat_tables(study.series_tables(), promote_options="permissive").to_pandas()
    return runs, series.sort_values(["run_id", "step"], ignore_index=True)


def test_twenty_drivers_killed_in_a_row_change_nothing(tmp_path, monkeypatch):
    # Outside of the repository, so that git need not be asked twenty times.
    shutil.copy(FIXTURES / "driven_models.py", tmp_path)
    experiment = experiment_of(400).replace(model=f"{tmp_path / 'driven_models.py'}:Walk")
    whole = Study.create(tmp_path / "whole.study", experiment)
    drive(whole, backend="sequential", progress=False)
    study = Study.create(tmp_path / "killed.study", experiment)
    chance = random.Random(20)
    monkeypatch.setenv("STEP_SECONDS", "0.002")
    command = [sys.executable, str(FIXTURES / "killed_drivers.py"), str(study.path)]
    counted, progressed = 0, 0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killer:
        for number in range(20):
            # Now and then with workers, which take their time to start.
            backend = "loky" if number in (5, 12) else "sequential"
            seconds = 1.5 if backend == "loky" else chance.uniform(0.0, 0.35)
            killer.stdin.write(f"{seconds} {backend} {'lease' if number % 4 else 'start'}\n")
            killer.stdin.flush()
            assert killer.stdout.readline() == "killed\n"
            status = study.status()
            assert status.state in ("new", "interrupted")
            assert status.done >= counted
            assert len(study.runs_frame()) == status.done
            progressed += status.done > counted
            counted = status.done
        killer.stdin.close()
    assert progressed >= 3
    assert counted < 1200
    monkeypatch.setenv("STEP_SECONDS", "0")
    drive(study, n_jobs=2, progress=False)
    for one, two in zip(tables(study), tables(whole), strict=True):
        pd.testing.assert_frame_equal(one, two)


def test_what_is_reported_is_on_disk(tmp_path, monkeypatch):
    """A copy of the files, made whenever progress is shown, holds all that was shown (`test_power_cut`: also what a disk holds)."""
    monkeypatch.setenv("STEP_SECONDS", "0.002")
    study = Study.create(tmp_path / "a.study", experiment_of(30))
    shown = []

    class Reports(Progress):
        def update(self, finished, failed=0):
            super().update(finished, failed)
            copy = tmp_path / f"copy{len(shown)}.study"
            for suffix in ("", "-wal"):
                shutil.copyfile(f"{study.path}{suffix}", f"{copy}{suffix}")
            shown.append((finished, copy))

    monkeypatch.setattr(driver, "Progress", Reports)
    drive(study, backend="sequential", progress=False)
    assert shown[-1][0] == 90
    assert len(shown) >= 2
    for finished, copy in shown:
        with Study.open(copy) as cut:
            assert cut.status().done >= finished
            assert len(cut.runs_frame()) == cut.status().done
            assert pa.concat_tables(cut.series_tables()).num_rows == 4 * cut.status().done


def test_a_commit_waits_for_the_disk(tmp_path):
    kept = Study.create(tmp_path / "a.study", experiment_of(1))
    with kept.writing() as writer:
        assert writer._connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert writer._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_reader_may_keep_the_file_open_for_the_whole_run(tmp_path):
    study = Study.create(tmp_path / "a.study", experiment_of(20))
    reader = sqlite3.connect(study.path, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM runs").fetchone() == (0,)
    ending = drive(study, n_jobs=2, progress=False)
    assert (ending.how, ending.status.done) == ("finished", 60)
    assert reader.execute("SELECT count(*) FROM runs").fetchone() == (0,)
    reader.close()
    study.close()
    assert len(Study.open(study.path).runs_frame()) == 60


@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_a_clock_that_jumps_does_no_harm(tmp_path, monkeypatch, backend):
    chance = random.Random(3)
    clock = time.time

    def jumping():
        return clock() + chance.uniform(-(10**6), 10**6)

    def now():
        return datetime.datetime.fromtimestamp(jumping(), datetime.UTC).isoformat(timespec="milliseconds")

    monkeypatch.setattr(time, "time", jumping)
    monkeypatch.setattr(lease, "now", now)
    monkeypatch.setattr(lease, "BEAT_SECONDS", 0.05)
    study = Study.create(tmp_path / "a.study", experiment_of(40, seconds=0.004).replace(timeout=30))
    seen = []

    def look_on():
        other = Study.open(study.path)
        while not seen or seen[-1].finished < 120:
            status = other.status()
            if status.started is not None:
                seen.append(status)
            time.sleep(0.02)

    watcher = threading.Thread(target=look_on, daemon=True)
    watcher.start()
    ending = drive(study, n_jobs=2, backend=backend, progress=False)
    watcher.join(60)
    assert (ending.how, ending.status.done) == ("finished", 120)
    assert 0 <= ending.seconds < 1000
    assert {status.state for status in seen} <= {"running", "finished", "stopped"}
    assert "running" in {status.state for status in seen}
    assert all(status.rate is None or 0 < status.rate < 10**5 for status in seen)
