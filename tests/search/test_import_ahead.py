"""What the first surface imports is imported while the first runs are carried out."""

from __future__ import annotations

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
