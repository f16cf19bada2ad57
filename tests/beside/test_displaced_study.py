"""The file of a study is replaced, moved, deleted or cut off from its log while a driver with real workers runs it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import mesa_lab as ml
from mesa_lab.errors import StudyError
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.running import background
from mesa_lab.study import Study

FIXTURES = Path(__file__).parents[1] / "fixtures"
REPLICATIONS = 400


@pytest.fixture
def experiment(tmp_path):
    """Some hundred quick runs of a model in a file of its own."""
    shutil.copy(FIXTURES / "driven_models.py", tmp_path / "driven_models.py")
    return Experiment(
        f"{tmp_path / 'driven_models.py'}:Walk",
        {"pace": [1.0, 2.0], "seconds": 0.005},
        replications=REPLICATIONS,
        max_steps=4,
        seed=11,
    )


@pytest.fixture
def other(tmp_path, experiment):
    """Another study, finished: two runs."""
    path = tmp_path / "other.study"
    ml.run(experiment.replace(replications=1), path, n_jobs=1, backend="sequential", progress=False)
    return path


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def values(path):
    """What the runs of a study have left behind, by their numbers."""
    with ml.open_study(path) as study:
        study.check()
        runs = study.results.runs
        return runs.set_index("run_id")[["point", "seed", "place"]]


def replace(path, other):
    part = Path(shutil.copy(other, f"{path}.part"))
    part.replace(path)  # as rsync and sync clients do


def move(path, other):
    path.rename(path.with_name("moved.study"))


def delete(path, other):
    path.unlink()


def delete_log(path, other):
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink()


FOUND = {
    replace: "walk-saved.study",
    move: "moved.study",
    delete: "walk-saved.study",
    delete_log: "walk.study",
}


@pytest.mark.parametrize("happen", FOUND, ids=lambda happen: happen.__name__)
def test_a_driver_in_the_background_keeps_what_was_counted(tmp_path, experiment, other, happen):
    path = tmp_path / "walk.study"
    Study.create(path, experiment).close()
    driver = background.launch(path, n_jobs=2).pid
    watching = Study.open(path)
    wait_for(lambda: watching.status().done >= 20)
    counted = watching.status().done
    happen(path, other)
    wait_for(lambda: not watching.status().is_active)
    message = watching.status().message
    found = tmp_path / FOUND[happen]
    assert f"'{found}'" in message
    assert "while it was run, so the run was stopped" in message
    watching.close()
    wait_for(lambda: not _lives(driver))
    kept = values(found)
    assert counted <= len(kept) < 2 * REPLICATIONS
    assert f"the results of {len(kept)} of its {2 * REPLICATIONS} runs" in message
    if happen is replace:
        assert values(path).equals(values(other))
    with Study.open(found) as study:
        study.extend(
            experiment.replace(replications=max(1, int(study.runs_frame()["replication"].max()) + 1))
        )
    whole = ml.run(study.experiment, found, n_jobs=2, progress=False).runs.set_index("run_id")
    assert whole.loc[kept.index, ["point", "seed", "place"]].equals(kept)
    assert sorted(file.name for file in tmp_path.glob("*.study*")) == sorted(
        {found.name, "other.study", *(["walk.study"] if happen is replace else [])}
    )


def _lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_the_terminal_says_where_the_results_are(tmp_path, experiment, other):
    experiment.save(tmp_path / "walk.toml")
    command = [sys.executable, "-m", "mesa_lab"]
    driver = subprocess.Popen(
        [*command, "run", "walk.toml", "-j", "2"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    path = tmp_path / "walk.study"
    wait_for(path.exists)
    with Study.open(path) as study:
        wait_for(lambda: study.status().done >= 20)
    watching = subprocess.Popen(
        [*command, "status", "walk.study", "--watch"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: watching.stderr.readline().startswith("running"))
    replace(path, other)
    out, said = driver.communicate(timeout=120)
    assert driver.returncode == 1
    assert (
        "Error: 'walk.study' was replaced by another file while it was run, so the run was stopped: the results of"
        in said
    )
    assert "runs are saved in 'walk-saved.study'. Go on with: mesa-lab resume walk-saved.study" in said
    assert "done" not in out  # nothing is said of a study that is not there
    assert "are saved in 'walk-saved.study'" in watching.communicate(timeout=120)[0]
    kept = values(tmp_path / "walk-saved.study")
    assert len(kept) >= 20
    status = subprocess.run(
        [*command, "status", "walk-saved.study"], cwd=tmp_path, capture_output=True, text=True
    )
    assert f"interrupted: {len(kept)} of {2 * REPLICATIONS} runs done" in status.stdout
    assert "'walk.study' was replaced by another file" in status.stdout
    status = subprocess.run([*command, "status", "walk.study"], cwd=tmp_path, capture_output=True, text=True)
    assert "finished: 2 of 2 runs done" in status.stdout


def test_python_raises_where_the_results_are(tmp_path, experiment, other):
    """Also when it happens at the very end, after the last run was written."""
    path = tmp_path / "walk.study"

    def run():
        with pytest.MonkeyPatch.context() as patched:
            end = ml.study.Writer._end

            def end_late(self, *arguments):
                end(self, *arguments)
                replace(path, other)

            patched.setattr(ml.study.Writer, "_end", end_late)
            ml.run(experiment.replace(replications=3), path, n_jobs=1, backend="sequential", progress=False)

    with pytest.raises(StudyError, match="the results of 6 of its 6 runs are saved in") as caught:
        run()
    saved = tmp_path / "walk-saved.study"
    assert f"'{saved}'" in str(caught.value)
    assert len(values(saved)) == 6
    assert values(path).equals(values(other))


def test_a_notebook_says_where_the_results_are(tmp_path, experiment, other):
    from mesa_lab.workspace.kernel_run import LabRun

    path = tmp_path / "walk.study"
    run = LabRun(experiment, path)
    run.start(2)
    wait_for(lambda: run.status().done >= 10)
    replace(path, other)
    assert run.wait(120)
    assert "are saved in" in run.problem
    assert len(values(tmp_path / "walk-saved.study")) >= 10


def test_a_driver_that_was_suspended_meanwhile_notices_when_it_wakes(tmp_path, experiment, other):
    path = tmp_path / "walk.study"
    Study.create(path, experiment).close()
    driver = background.launch(path, n_jobs=1).pid
    with Study.open(path) as study:
        wait_for(lambda: study.status().done >= 5)
    os.kill(driver, signal.SIGSTOP)
    replace(path, other)
    os.kill(driver, signal.SIGCONT)
    wait_for(lambda: not _lives(driver))
    assert len(values(tmp_path / "walk-saved.study")) >= 5
    assert values(path).equals(values(other))
