"""Where outcomes are the same in all runs a search says so in its last sentence, and ends early; other troubles have a sentence each."""

from __future__ import annotations

import importlib.util

import pytest

import mesa_lab as ml
from mesa_lab.errors import ConclusionError, ExperimentError
from mesa_lab.search import engines
from mesa_lab.search.carry_out import drive_search, study_for
from mesa_lab.search.sameness import SETTINGS_ENOUGH
from mesa_lab.study import Study
from mesa_lab.testing import play_search
from tests.search.bowls import bowl
from tests.search.test_methods import METHODS

NEVER = {"condition": ml.Optimise("loss", engine="random", subject_to=["other > 2"])}
FRONT = ml.Optimise({"loss": "min", "other": "max"}, engine="random", replications=2)


def search_by(method, budget=400, **changes):
    """A search by a method with a large budget, where it needs one."""
    design = {} if method.chooses_points else {"design": ml.LatinHypercube(4)}
    space = {"x": ml.Real(-1, 1), "y": ml.Real(-1, 1)}
    experiment = ml.Experiment("none:None", space, seed=3, **(design | changes))
    return ml.Search(experiment, method, budget=budget if method.needs_budget else None)


def alike(method):
    """A model whose runs all give the same."""
    names = (*method.outcomes, *method.readings)
    return lambda values, rng: dict.fromkeys(names, 1.0)


@pytest.mark.parametrize("name", METHODS)
def test_an_outcome_that_is_the_same_everywhere_is_said_and_ends_it_early(name):
    played = play_search(search_by(METHODS[name]), alike(METHODS[name]))
    assert " is 1 " in played.over or "each of" in played.over, played.over
    assert f" in all {played.n_runs} runs of {len(played.points)} settings" in played.over
    assert "budget" not in played.over
    assert played.n_runs < 200
    assert played.over.endswith(".")


@pytest.mark.parametrize("name", [name for name in METHODS if METHODS[name].chooses_points])
def test_a_small_budget_is_used_up_and_that_is_said_beside_it(name):
    played = play_search(search_by(METHODS[name], 40), alike(METHODS[name]))
    assert len(played.points) < SETTINGS_ENOUGH
    assert " in all " in played.over, played.over


def test_runs_that_gave_nothing_are_not_counted():
    def sometimes(values, rng):
        if rng.random() < 0.3:
            raise ValueError
        return {"loss": 1.0}

    over = play_search(search_by(ml.Refine("loss")), sometimes).over
    assert " that gave a value: there is nothing to be surer of. Widen the ranges" in over


def test_one_run_that_differs_lets_it_go_on():
    def rare(values, rng):
        return {"loss": float(values["x"] > 0.9)}

    played = play_search(search_by(ml.Optimise("loss", engine="random")), rare)
    assert played.over == "The budget of 400 runs is used up."


def test_one_goal_of_two_that_is_the_same_is_said_beside_the_end():
    def one(values, rng):
        return {"loss": 1.0, "other": values["x"] + 0.1 * rng.normal()}

    for method in (FRONT, ml.Diversity(["loss", "other"]), ml.Calibrate({"loss": 1.0, "other": 0.2})):
        played = play_search(search_by(method, 120), one)
        said = f"The budget of 120 runs is used up, and 'loss' is 1 in all 120 runs of {len(played.points)} settings."
        assert played.over == said


def test_conditions_that_no_setting_keeps_are_said():
    played = play_search(search_by(NEVER["condition"], 120), lambda values, rng: {"loss": 1.0, "other": 1.0})
    assert (
        played.over
        == "The budget of 120 runs is used up, and no setting keeps other > 2 in 90 % of its runs."
    )


def test_a_point_that_gives_the_number_of_the_base_gets_no_more_runs():
    def steps(values, rng):
        return {"loss": 0.0 if values["x"] < 0 else 1.0 + 0.1 * rng.normal()}

    design = [{"x": -0.9, "y": 0.0}, {"x": -0.5, "y": 0.0}, {"x": 0.5, "y": 0.0}]
    search = search_by(ml.Compare("loss", at_most=50), design=design)
    played = play_search(search, steps)
    assert (
        played.over
        == "1 of 2 comparisons is settled; 1 point gave in all runs the one number that the base gave."
    )
    assert played.ended.sum(axis=1).tolist() == [10, 10, 10]


def test_what_a_search_of_a_constant_found_is_said(tmp_path):
    said = []
    near, far = ({"loss": {"value": value, "tolerance": 0.2}} for value in (1.2, 5.0))
    for method in (ml.Refine("loss"), ml.Calibrate(near), ml.Calibrate(far)):
        search = ml.Search(bowl(parameters={"trouble": "constant"}), method, budget=60)
        results = ml.search(search, backend="sequential", progress=False)
        try:
            said.append(results.found().sentence)
        except ConclusionError as error:
            said.append(str(error))
    assert said == [
        "'loss' is 1 in all 60 runs: there is nothing to be surer of.",
        "By 60 runs of 30 settings all gave the same: the data cannot tell one setting from another.",
        "By 60 runs of 30 settings all gave the same, which misses the data: no setting in the ranges fits them.",
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"parameters": {"trouble": "nan"}},
            "No run that came to its end has a finite value of 'loss'.",
        ),
        (
            {"constraints": ["x > 2"]},
            "The search ended before its first run. None of the points that were drawn keeps the constraints",
        ),
        (
            {"parameters": {"trouble": "all"}},
            "The only run failed or timed out, so that nothing was measured.",
        ),
    ],
)
def test_what_was_found_where_nothing_could_be(changes, said):
    experiment = bowl(outcomes=["loss", "other"], **changes)
    search = ml.Search(experiment, ml.Optimise("loss", engine="random"), budget=1)
    results = ml.search(search, backend="sequential", progress=False)
    with pytest.raises(ConclusionError, match=".*") as raised:
        results.found()
    assert str(raised.value).startswith(said)
    assert ".." not in str(raised.value)


def test_the_only_run_is_called_so():
    search = ml.Search(bowl(parameters={"trouble": "all"}), ml.Optimise("loss", engine="random"), budget=1)
    results = ml.search(search, backend="sequential", progress=False)
    assert results.study.status().over.startswith("The only run failed: ValueError: nothing works. See")


@pytest.fixture
def nothing_installed(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        engines, "find_spec", lambda name: None if name in ("optuna", "cmaes") else find(name)
    )


@pytest.mark.parametrize(("engine", "library"), [("tpe", "Optuna"), ("nsga2", "Optuna"), ("cma-es", "cmaes")])
def test_what_is_not_installed_is_said_before_anything_runs(nothing_installed, tmp_path, engine, library):
    experiment = bowl(parameters={"kind": "a"})
    search = ml.Search(experiment, ml.Optimise("loss", engine=engine), budget=9)
    said = f"needs {library}, which is not installed. Install it: pip install 'mesa-lab\\[search\\]'"
    with pytest.raises(ExperimentError, match=said):
        ml.search(search, tmp_path / "a.study", backend="sequential", progress=False)
    assert not (tmp_path / "a.study").exists()
    study = study_for(search, tmp_path / "a.study")
    with pytest.raises(ExperimentError, match=said):
        drive_search(study, n_jobs=1, backend="sequential", progress=False)
    assert not Study.open(study.path).status().over


def test_what_has_ended_needs_nothing_installed(tmp_path, monkeypatch):
    search = ml.Search(bowl(), ml.Optimise("loss"), budget=3)
    ml.search(search, tmp_path / "a.study", backend="sequential", progress=False)
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    assert drive_search(Study.open(tmp_path / "a.study"), n_jobs=1, progress=False).how == "finished"
