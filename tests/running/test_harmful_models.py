"""A run that harms its own process: the study goes on, and neither other runs nor later ones suffer from it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import mesa_lab as ml
from mesa_lab.running.simulation.process_state import ProcessState

FILE = Path(__file__).parents[1] / "fixtures" / "harmful_models.py"
HARM = f"{FILE}:Harm"
LOST = ("close_files", "forget_pickling", "end")
NOT_IN_OURS = (*LOST, "limit_files", "clear_modules", "set_alarm")
WAYS = (
    "harmless",
    "clear_modules",
    "clear_path",
    "clear_environment",
    "go_elsewhere",
    "fork",
    "limit_files",
    "limit_files_softly",
    "set_alarm",
    "ignore_signals",
    "count_wrongly",
    "calculate_roughly",
    "change_locale",
    *LOST,
)
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="it is about what POSIX offers")


def run(path, ways, **settings):
    experiment = ml.Experiment(
        HARM, {"way": list(ways)}, replications=1, max_steps=3, seed=1, outcomes=["total", "state"]
    )
    return ml.run(experiment, path=path, progress=False, **settings)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return run(tmp_path_factory.mktemp("harm") / "harm.study", WAYS, n_jobs=1)


def test_runs_that_harm_their_process_harm_no_other(results):
    done = results.runs[results.runs["status"] == "done"]
    assert set(done["way"]) == set(WAYS) - set(LOST)
    assert len(done) == len(WAYS) - len(LOST)
    assert done["state"].nunique() == 1


def test_a_run_whose_process_cannot_go_on_is_named(results):
    failures = results.failures
    assert sorted(failures["way"]) == sorted(LOST)
    assert failures["message"].str.contains("worker process").all()
    assert failures["message"].str.contains("unable to go on: TypeError").sum() == 1


def test_a_process_of_the_user_is_left_as_it_was(results, tmp_path):
    before = list(sys.path), dict(os.environ), Path.cwd(), len(sys.modules) > 100
    ways = [way for way in WAYS if way not in NOT_IN_OURS]
    found = run(tmp_path / "ours.study", ways, backend="sequential").runs
    assert (list(sys.path), dict(os.environ), Path.cwd(), len(sys.modules) > 100) == before
    assert (found["status"] == "done").all()
    assert found["state"].nunique() == 1
    keys = ["way", "replication"]
    there = results.runs.set_index(keys)["total"]
    assert len(found) == len(ways)
    assert all(found["total"] == [there[key] for key in zip(found["way"], found["replication"], strict=True)])


def test_what_was_added_to_the_search_path_stays():
    state = ProcessState()
    sys.path.append("/somewhere/else")
    try:
        state.restore()
        assert "/somewhere/else" in sys.path
    finally:
        sys.path.remove("/somewhere/else")
