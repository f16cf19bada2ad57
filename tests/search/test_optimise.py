"""Optimise: phases, racing, conditions, several goals, and what is confirmed; played on functions."""

from __future__ import annotations

import builtins
import math

import numpy as np
import pytest

import mesa_lab as ml
from mesa_lab.errors import ExperimentError
from mesa_lab.processing.analysis.searched.outcome_space import nondominated
from mesa_lab.testing.played_search import play_search


def space(**parameters):
    return {"x": ml.Real(-1, 1), "y": ml.Real(-1, 1)} | parameters


def search_of(method, budget=160, parameters=None, **settings):
    return ml.Search(ml.Experiment("none:None", parameters or space(), **settings), method, budget=budget)


def bowl(values, rng):
    return (values["x"] - 0.3) ** 2 + (values["y"] + 0.2) ** 2 + 0.3 * rng.normal()


def phases(played):
    return [batch.notes.get("phase") for batch in played.batches if batch.runs]


def test_the_winner_is_chosen_and_then_confirmed_with_seeds_of_its_own():
    played = play_search(search_of(ml.Optimise("loss")), bowl)
    assert played.n_runs == 160
    assert phases(played)[-2:] == ["select", "confirm"]
    assert set(phases(played)[:-2]) == {"explore"}
    select, confirm = [batch for batch in played.batches if batch.runs][-2:]
    ((point, first, stop),) = confirm.runs
    assert stop - first >= 12
    assert point in [part[0] for part in select.runs]
    assert first >= max(part[2] for part in select.runs)
    truth = (played.points[point]["x"] - 0.3) ** 2 + (played.points[point]["y"] + 0.2) ** 2
    assert truth < 0.2
    assert played.over == "The budget of 160 runs is used up."


def test_contenders_get_more_runs_than_others():
    played = play_search(search_of(ml.Optimise("loss", engine="random")), bowl)
    runs = played.ended.sum(axis=1)
    assert runs.min() == 3
    assert runs.max() > 6
    plain = play_search(search_of(ml.Optimise("loss", engine="random", racing=False, confirm=0)), bowl)
    assert set(plain.ended.sum(axis=1)) <= {3, 1}


def test_a_goal_may_be_the_largest():
    played = play_search(search_of(ml.Optimise("gain", goal="max")), lambda v, rng: {"gain": -bowl(v, rng)})
    point = next(batch for batch in reversed(played.batches) if batch.runs).runs[0][0]
    assert abs(played.points[point]["x"] - 0.3) < 0.5


def test_conditions_on_outcomes_are_kept():
    method = ml.Optimise("loss", subject_to=["alive > 0.5"], holds_in=0.8)

    def function(values, rng):
        return {"loss": bowl(values, rng), "alive": values["x"] < 0}

    played = play_search(search_of(method), function)
    confirmed = next(batch for batch in reversed(played.batches) if batch.runs).runs[0][0]
    assert played.points[confirmed]["x"] < 0


def test_several_goals_make_a_front_that_is_confirmed():
    method = ml.Optimise({"cost": "min", "gain": "max"}, engine="nsga2")

    def function(values, rng):
        noise = 0.02 * rng.normal(size=2)
        return {
            "cost": values["x"] ** 2 + values["y"] ** 2 + noise[0],
            "gain": -((values["x"] - 1) ** 2) + noise[1],
        }

    played = play_search(search_of(method, budget=240), function)
    confirm = [batch for batch in played.batches if batch.notes.get("phase") == "confirm"]
    assert len(confirm) == 1
    assert len(confirm[0].runs) >= 2
    assert played.over == "The settings of the front are confirmed with fresh seeds."


@pytest.mark.parametrize("engine", ["tpe", "cma-es", "nsga2", "random"])
def test_every_engine_does_better_than_the_middle_of_all_points(engine):
    played = play_search(search_of(ml.Optimise("loss", engine=engine), budget=200), bowl)
    point = next(batch for batch in reversed(played.batches) if batch.runs).runs[0][0]
    truth = (played.points[point]["x"] - 0.3) ** 2 + (played.points[point]["y"] + 0.2) ** 2
    assert truth < 0.4


@pytest.mark.parametrize("engine", ["tpe", "cma-es", "nsga2", "random"])
@pytest.mark.parametrize("budget", [1, 2, 5, 13])
def test_small_budgets_are_kept(engine, budget):
    assert play_search(search_of(ml.Optimise("loss", engine=engine), budget=budget), bowl).n_runs == budget


def test_a_small_space_is_run_out_of_and_the_best_confirmed():
    parameters = {"n": ml.Integer(1, 3), "kind": ml.Choice(["a", "b"])}
    method = ml.Optimise("loss", at_most=6)
    played = play_search(search_of(method, 600, parameters), lambda v, rng: v["n"] + rng.normal())
    assert len(played.points) == 6
    assert phases(played)[-1] == "confirm"
    winner = next(batch for batch in reversed(played.batches) if batch.runs).runs[0][0]
    assert played.points[winner]["n"] in (1, 2)


def test_common_random_numbers_pair_the_points():
    shared = {}

    def function(values, rng):
        luck = shared.setdefault(rng.integers(2**62), 3 * rng.normal())
        return (values["x"] - 0.3) ** 2 + luck

    played = play_search(search_of(ml.Optimise("loss"), common_random_numbers=True), function)
    point = next(batch for batch in reversed(played.batches) if batch.runs).runs[0][0]
    assert abs(played.points[point]["x"] - 0.3) < 0.2


def test_points_of_the_design_come_first():
    played = play_search(
        search_of(ml.Optimise("loss"), design=[{"x": 0.1, "y": 0.2}, {"x": 0.3, "y": 0.4}]), bowl
    )
    assert [dict(point) for point in played.points[:2]] == [{"x": 0.1, "y": 0.2}, {"x": 0.3, "y": 0.4}]


def test_points_that_fail_are_no_place_to_be():
    def function(values, rng):
        if values["x"] < 0.5:
            raise ValueError
        return bowl(values, rng)

    played = play_search(search_of(ml.Optimise("loss")), function)
    point = next(batch for batch in reversed(played.batches) if batch.runs).runs[0][0]
    assert played.points[point]["x"] >= 0.5


def test_without_optuna_it_says_what_to_install(monkeypatch):
    find = builtins.__import__

    def without(name, *arguments, **options):
        if name.partition(".")[0] in ("optuna", "cmaes"):
            raise ImportError(f"No module named '{name}'")
        return find(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    for engine in ("tpe", "nsga2", "cma-es"):
        played = play_search(search_of(ml.Optimise("loss", engine=engine, surface=False)), bowl)
        assert "pip install 'mesa-lab[search]'" in played.over
    assert play_search(search_of(ml.Optimise("loss", engine="random")), bowl).n_runs == 160


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"outcome": ""}, "Name an outcome"),
        ({"outcome": "loss", "goal": "minimum"}, 'Write "min" or "max"'),
        ({"outcome": "loss", "engine": "tpee"}, "Did you mean 'tpe'?"),
        ({"outcome": "loss", "replications": 0}, "replications is 0"),
        ({"outcome": "loss", "holds_in": 90}, "holds_in is 90"),
        ({"outcome": {"a": "min", "b": "max"}, "engine": "cma-es"}, "takes one outcome"),
        ({"outcome": "loss", "subject_to": ["a >"]}, "a >"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, said):
    with pytest.raises(ExperimentError, match=said):
        ml.Optimise(**settings)


def test_cma_es_takes_no_choices():
    with pytest.raises(ExperimentError, match="'kind' is a choice without an order"):
        search_of(ml.Optimise("loss", engine="cma-es"), parameters=space(kind=ml.Choice(["a", "b"])))


def test_a_front_is_what_nothing_betters():
    losses = np.array([[0, 3], [1, 1], [3, 0], [2, 2], [1, 1], [math.inf, 0]], dtype=float)
    assert nondominated(losses).tolist() == [0, 1, 2, 4]
