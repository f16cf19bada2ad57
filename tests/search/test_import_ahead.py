"""What the first surface imports is imported while the first runs are carried out."""

from __future__ import annotations

import subprocess
import sys

import pytest

import mesa_lab as ml
from mesa_lab.search import loop
from mesa_lab.search.import_ahead import import_ahead
from tests.search.bowls import bowl


def test_what_is_missing_is_left_out_and_what_is_there_takes_no_thread(monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    thread = import_ahead(["there_is_no_such_module", "colorsys"])
    assert thread is not None
    thread.join(60)
    assert "colorsys" in sys.modules
    assert import_ahead(["sys", "colorsys"]) is None


@pytest.mark.parametrize(
    ("method", "needs"),
    [
        (ml.Optimise("loss"), {"sklearn.gaussian_process", "optuna.samplers"}),
        (ml.Optimise({"loss": "min", "other": "max"}, engine="nsga2"), {"optuna.samplers"}),
        (ml.Optimise("loss", engine="cma-es", surface=False), {"cmaes"}),
        (ml.Refine("loss"), {"sklearn.gaussian_process"}),
        (ml.Calibrate({"loss": 1.0}), {"sklearn.gaussian_process"}),
        (ml.Diversity(["loss"]), set()),
    ],
)
def test_a_method_says_what_it_imports_later(method, needs):
    assert needs <= set(method.needs_later)
    assert bool(needs) == bool(method.needs_later)


def test_it_is_imported_once_when_the_first_results_are_there(monkeypatch):
    asked = []
    monkeypatch.setattr(loop, "import_ahead", asked.append)
    method = ml.Refine("loss")
    ml.search(ml.Search(bowl(), method, budget=30), backend="sequential", progress=False)
    assert asked == [method.needs_later]


RACE = """
import sys, threading, time
import mesa_lab as ml
from mesa_lab.search.ledger import Ledger
search = ml.Search(ml.Experiment("none:None", {"x": ml.Real(0, 1)}), ml.Diversity(["y"], cells=5), budget=24)
assert "scipy.stats" not in sys.modules
thread = threading.Thread(target=__import__, args=("scipy.stats",))
thread.start()
while "scipy.stats" not in sys.modules:
    time.sleep(0.0002)
ledger = Ledger(search)
print(ledger.decide(ledger.history({"y": ledger.shown})).batch.n_runs)
"""


def test_what_a_thread_is_importing_is_waited_for():
    """A submodule does not wait for its package, which another thread may have half imported."""
    done = subprocess.run([sys.executable, "-c", RACE], capture_output=True, text=True, check=False)
    assert done.stdout == "12\n", done.stderr
