from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from mesa_lab.errors import ModelError, RunError, StudyBusyError, StudyError
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.running import background
from mesa_lab.study import Study

WALK = f"{Path(__file__).parents[1] / 'fixtures' / 'driven_models.py'}:Walk"


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
def long_study(tmp_path):
    """More runs than a test waits for; whatever still drives it at the end is stopped."""
    experiment = Experiment(WALK, {"seconds": 0.01, "prints": True}, replications=20000, max_steps=4)
    study = Study.create(tmp_path / "long.study", experiment)
    yield study
    background.stop(study.path)


def test_a_launched_study_runs_to_its_end_and_leaves_nothing_beside_it(tmp_path):
    study = Study.create(
        tmp_path / "a.study", Experiment(WALK, {"pace": [1.0, 2.0]}, replications=3, max_steps=2)
    )
    status = background.launch(study.path, n_jobs=2)
    assert status.pid != os.getpid()
    seen = list(background.watch(study.path, interval=0.05))
    assert (seen[-1].state, seen[-1].done) == ("finished", 6)
    assert study.sessions()[-1]["settings"] == {
        "n_jobs": 2,
        "backend": "loky",
        "retry_failed": False,
        "launched": True,
    }
    study.close()
    wait_for(lambda: [path.name for path in tmp_path.iterdir()] == ["a.study"])


def test_it_can_be_paused_continued_and_stopped_with_its_workers(long_study):
    path = long_study.path
    driver = psutil.Process(background.launch(path, n_jobs=2).pid)
    wait_for(lambda: long_study.status().done > 0)
    workers = driver.children(recursive=True)
    assert workers
    with pytest.raises(StudyBusyError):
        background.launch(path)
    assert background.pause(path).state == "paused"
    done = when_it_stands_still(long_study)
    assert background.proceed(path).state == "running"
    wait_for(lambda: long_study.status().done > done)
    assert background.stop(path).state == "stopped"
    _, alive = psutil.wait_procs([driver, *workers], timeout=60)
    assert alive == []
    assert background.stop(path).state == "stopped"


def test_a_driver_that_does_not_answer_is_killed_with_its_workers(long_study):
    driver = psutil.Process(background.launch(long_study.path, n_jobs=2).pid)
    wait_for(lambda: long_study.status().done > 0)
    workers = driver.children(recursive=True)
    driver.suspend()
    assert background.stop(long_study.path, timeout=0.5).state == "interrupted"
    _, alive = psutil.wait_procs([driver, *workers], timeout=60)
    assert alive == []


def test_a_polite_end_of_the_process_is_clean(long_study):
    pid = background.launch(long_study.path, n_jobs=1).pid
    wait_for(lambda: long_study.status().done > 0)
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not long_study.status().is_active)
    assert (long_study.status().state, long_study.status().message) == ("interrupted", "Ctrl-C")


def test_failures_to_start_are_raised_here(tmp_path):
    study = Study.create(tmp_path / "a.study", Experiment(WALK, {"pace": 1.0}))
    file = tmp_path / "broken.py"
    file.write_text("import a_module_that_is_not_there\n")
    broken = Study.create(tmp_path / "b.study", Experiment(f"{file}:Model"))
    with pytest.raises(ModelError, match="a_module_that_is_not_there"):
        background.launch(broken.path)
    assert broken.status().state == "new"
    with pytest.raises(RunError, match="n_jobs is 0"):
        background.launch(study.path, n_jobs=0)


def test_a_model_that_only_this_process_knows_is_refused(tmp_path):
    study = Study.create(tmp_path / "a.study", Experiment("__main__:Model"))
    with pytest.raises(ModelError, match="cannot be found by another process"):
        background.launch(study.path)


def test_a_process_that_dies_at_once_is_noticed_with_its_last_words(tmp_path, monkeypatch):
    study = Study.create(tmp_path / "a.study", Experiment(WALK, {"pace": 1.0}))
    (tmp_path / "sitecustomize.py").write_text("import os\nos.write(2, b'no luck today\\n')\nos._exit(7)\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(RunError, match=r"(?s)code 7.*no luck today"):
        background.launch(study.path)


@pytest.mark.parametrize("ask", [background.pause, background.proceed])
def test_what_does_not_run_cannot_be_paused(tmp_path, ask):
    study = Study.create(tmp_path / "a.study", Experiment(WALK, {"pace": 1.0}))
    with pytest.raises(StudyError, match="is not being run"):
        ask(study.path)
    assert background.stop(study.path).state == "new"
    assert [status.state for status in background.watch(study.path)] == ["new"]


def test_somebody_elses_process_is_not_killed(tmp_path):
    study = Study.create(tmp_path / "a.study", Experiment(WALK, {"pace": 1.0}))
    with study.writing(), pytest.raises(StudyError, match="does not answer"):
        background.stop(study.path, timeout=0.1)
