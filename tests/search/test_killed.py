"""Killed in the middle of runs and gone on with, every method asks for what it would have asked for: the study is its only memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mesa_lab as ml
from mesa_lab.search.carry_out import study_for
from mesa_lab.study import Study
from tests.search.bowls import asked, bowl

KILL = Path(__file__).parents[1] / "fixtures" / "kill_search.py"
RUNS = 30

METHODS = {
    "tpe": ml.Optimise("loss"),
    "nsga2": ml.Optimise({"loss": "min", "other": "max"}, engine="nsga2", replications=2),
    "until precise": ml.UntilPrecise("loss", half_width=0.3, at_least=5, at_most=8),
    "compare": ml.Compare("loss", margin=0.4, at_least=5, at_most=8),
    "select": ml.Select("loss", indifference=0.5, at_least=4, at_most=8),
    "calibrate": ml.Calibrate({"loss": {"value": 1.2, "tolerance": 0.1}}),
    "abc": ml.Calibrate({"loss": {"value": 1.2, "tolerance": 0.1}}, engine="abc"),
    "refine": ml.Refine("loss", where=1.2, replications=2),
    "diversity": ml.Diversity(["loss", "other"], cells=5),
    "cma-es": ml.Optimise("loss", engine="cma-es"),
    "random": ml.Optimise("loss", engine="random"),
    "ocba": ml.Select("loss"),
}


@pytest.fixture(scope="module")
def killer():
    """A process that carries searches on in copies of itself; a function of a study and of the run in which the copy is killed."""
    command = [sys.executable, str(KILL)]
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **one_thread}
    ) as process:

        def carry_on(path, killed_in=None, n_jobs=1):
            process.stdin.write(json.dumps([str(path), killed_in, n_jobs]) + "\n")
            process.stdin.flush()
            return process.stdout.readline().strip() == "True"

        yield carry_on
        process.stdin.close()


def search_by(name):
    """A small search by a method."""
    method = METHODS[name]
    budget = RUNS if method.needs_budget else None
    design = {} if method.chooses_points else {"design": ml.LatinHypercube(3)}
    numbers = {"parameters": {"kind": "a"}} if name == "cma-es" else {}
    return ml.Search(bowl(outcomes=["loss", "other"], **design, **numbers), method, budget=budget)


def rows(study):
    frame = study.runs_frame().drop(columns=["init_seconds", "run_seconds"])
    return frame.sort_values("run_id", ignore_index=True)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="copies of a process are made by fork")
@pytest.mark.parametrize("name", METHODS)
def test_a_search_that_was_killed_three_times_asks_for_the_same(name, killer, tmp_path):
    search = search_by(name)
    whole, killed = (study_for(search, tmp_path / f"{which}.study") for which in ("whole", "killed"))
    assert not killer(whole.path)
    moments = np.random.default_rng(list(METHODS).index(name)).integers(1, 12, 3)
    assert [killer(killed.path, int(moment)) for moment in moments] == [True, True, True]
    assert killed.status().state == "interrupted"
    assert not killer(killed.path)
    assert Study.open(killed.path).status().state == "finished"
    assert asked(killed) == asked(whole)
    pd.testing.assert_frame_equal(rows(killed), rows(whole))
    killed.check()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="copies of a process are made by fork")
@pytest.mark.parametrize("name", METHODS)
def test_killed_on_two_workers_it_asks_for_what_one_worker_asks_for(name, killer, tmp_path):
    search = search_by(name)
    whole, killed = (study_for(search, tmp_path / f"{which}.study") for which in ("whole", "killed"))
    assert not killer(whole.path)
    moment = int(np.random.default_rng([*METHODS].index(name)).integers(1, 12))
    assert killer(killed.path, moment, n_jobs=2)
    assert not killer(killed.path, n_jobs=2)
    assert asked(killed) == asked(whole)
    pd.testing.assert_frame_equal(rows(killed), rows(whole))
    killed.check()
