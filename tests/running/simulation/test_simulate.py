"""One run: its stops, its failures, and what it leaves behind."""

import gc
import os
import random
import weakref
from pathlib import Path

import mesa
import mesa.examples
import numpy as np
import pytest

from mesa_lab.preparation.models import load_model
from mesa_lab.preparation.run_configuration import RunConfiguration
from mesa_lab.running.simulation.simulate import simulate

FIXTURES = Path(__file__).parents[2] / "fixtures"


def faulty(name):
    return f"{FIXTURES / 'faulty_models.py'}:{name}"


def collecting(name):
    return f"{FIXTURES / 'collecting_models.py'}:{name}"


def run(model, parameters=None, seed=3, **kwargs):
    return simulate(RunConfiguration(model, 4, 2, parameters or {}, seed=seed, point=1, **kwargs))


def test_a_result_says_what_was_run():
    result = run(faulty("Base"), {"size": 5}, max_steps=4)
    assert (result.run_id, result.iteration, result.point, result.seed) == (4, 2, 1, 3)
    assert result.parameters == {"size": 5}
    assert (result.status, result.steps, result.time, result.failure) == ("done", 4, 4.0, None)
    assert result.init_seconds > 0
    assert result.run_seconds > 0
    assert result.series["run_id"].to_pylist() == [4] * 5


def test_the_same_seed_gives_the_same_run():
    first, second, other = (run(faulty("Base"), seed=seed, max_steps=4) for seed in (3, 3, 4))
    assert first.outcomes == second.outcomes
    assert first.series.equals(second.series)
    assert first.outcomes != other.outcomes


def test_models_that_draw_from_the_global_generators_repeat_themselves():
    results = [run(mesa.examples.VirusOnNetwork, {"num_nodes": 30}, max_steps=5).outcomes for _ in range(2)]
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("stop", "steps"),
    [
        ({"max_steps": 0}, 0),
        ({"max_steps": 3}, 3),
        ({"max_time": 2.5}, 3),
        ({"max_steps": 10, "stop_when": "done >= 4"}, 4),
        ({"max_steps": 10, "stop_when": "step == 2"}, 2),
        ({"max_steps": 10, "stop_when": "Energy < 0"}, 10),
        ({"max_steps": 10, "stop_when": lambda model: model.done == 6}, 6),
    ],
)
def test_a_run_stops(stop, steps):
    result = run(faulty("Base"), **stop)
    assert result.failure is None
    assert (result.status, result.steps) == ("done", steps)
    assert result.series["step"].to_pylist() == list(range(steps + 1))
    assert result.outcomes["Done"] == steps


@pytest.mark.parametrize("period", [1, 4, -1])
def test_a_model_that_stops_itself_is_measured_at_its_end(period):
    result = run(collecting("StopsItself"), max_steps=50, data_collection_period=period)
    assert result.steps == 5
    assert result.outcomes["done"] == 5
    steps = [] if result.series is None else result.series["step"].to_pylist()
    assert steps == {1: [0, 1, 2, 3, 4, 5], 4: [0, 4, 5], -1: [5]}[period]


def test_stop_rules_know_outcomes_that_are_asked_for_by_another_name():
    result = run(
        faulty("Base"),
        max_steps=9,
        outcomes={"walkers": "count(Walker)"},
        stop_when="walkers == 3 and Done == 2",
    )
    assert result.steps == 2


def test_a_stop_rule_that_fails_is_a_failure_of_measuring():
    result = run(faulty("Base"), max_steps=9, stop_when="no_such_name > 3")
    assert (result.status, result.failure.stage) == ("failed", "measuring")
    assert "no_such_name" in result.failure.message


def test_failing_while_setting_up():
    result = run(faulty("Raises"), {"fault": 0}, max_steps=9)
    assert (result.status, result.failure.stage, result.steps) == ("failed", "setting up", 0)
    assert result.series is None


def test_failing_while_stepping_keeps_the_series_but_has_no_final_values():
    result = run(faulty("Raises"), {"fault": 3}, max_steps=9)
    failure = result.failure
    assert (result.status, result.steps, failure.stage) == ("failed", 2, "stepping")
    assert (failure.error_type, failure.message) == ("ValueError", "wrong at 3")
    assert result.series["Done"].to_pylist() == [0, 1, 2]
    assert result.outcomes == {}


def test_a_traceback_begins_in_the_model():
    lines = run(faulty("Raises"), {"fault": 3}, max_steps=9).failure.traceback.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert "faulty_models.py" in lines[1]
    assert "in step" in lines[1]
    assert lines[-1] == "ValueError: wrong at 3"
    assert not any("mesa_lab" in line or "site-packages" in line for line in lines)


@pytest.mark.parametrize(
    ("model", "parameters", "message"),
    [
        ("no_such_module:Model", {}, "no_such_module"),
        (faulty("Base"), {"sise": 3}, "Did you mean 'size'?"),
        (faulty("ExitsPolitely"), {"fault": 1}, "5"),
        (faulty("Base"), {"size": "many"}, "TypeError"),
    ],
)
def test_nothing_is_raised(model, parameters, message):
    result = run(model, parameters, max_steps=2)
    assert result.status == "failed"
    assert message in result.failure.message + result.failure.traceback


def test_an_unknown_function_is_a_failure():
    assert "no_such" in run(faulty("Base"), max_steps=2, outcomes=("math:no_such",)).failure.message


@pytest.mark.parametrize("name", ["Loops"])
def test_a_run_that_takes_too_long_is_ended(name):
    result = run(faulty(name), {"fault": 2}, max_steps=5, timeout=0.3)
    assert (result.status, result.steps, result.failure.stage) == ("timed out", 1, "stepping")
    assert result.failure.message == "The run was stopped after 0.3 s, its timeout."
    assert "in go_wrong" in result.failure.traceback
    assert result.series["Done"].to_pylist() == [0, 1]


@pytest.mark.parametrize("timeout", [60, 1e10, 10**30, 1e300])  # the last ones are more than timers take
def test_a_run_that_is_quick_enough_has_no_trouble_with_its_timeout(timeout):
    assert run(faulty("Base"), max_steps=3, timeout=timeout).status == "done"


def test_surroundings_are_put_back():
    folder = Path.cwd()
    results = [run(faulty("Wanders"), max_steps=2) for _ in range(2)]
    assert results[0].outcomes == results[1].outcomes
    assert Path.cwd() == folder


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "name", ["BoltzmannWealth", "Schelling", "WolfSheep", "SugarscapeG1mt", "BoidFlockers"]
)
def test_models_die_after_their_run(name):
    model_cls = getattr(mesa.examples, name)
    born = []

    class Watched(model_cls):
        def __init__(self, *args, **kwargs):
            born.append(weakref.ref(self))
            super().__init__(*args, **kwargs)

    for seed in range(3):
        assert run(Watched, seed=seed, max_steps=2).failure is None
    gc.collect()
    assert len(born) >= 3  # some are built again because they read their records
    assert not any(reference() for reference in born)


if hasattr(mesa.Model, "run_for"):  # Mesa 3.4 has no tracking

    def test_numpy_tracking_leaves_the_agents_class_as_it_was():
        class Counted(mesa.Agent):
            def __init__(self, model):
                super().__init__(model)
                self.weight = 1.5

        class Tracking(mesa.Model):
            def __init__(self, track=True, rng=None):
                super().__init__(rng=rng)
                if track:
                    self.data_registry.track_agents_numpy(Counted, "counted", "weight")
                Counted(self)

        for track in (True, False, True):
            result = run(Tracking, {"track": track}, max_steps=1, outcomes=("sum(Counted.weight)",))
            assert result.failure is None
            assert result.outcomes == {"sum(Counted.weight)": 1.5}
        assert "weight" not in vars(Counted)


def test_a_run_without_a_seed_and_one_with_a_large_one():
    assert run(faulty("Base"), seed=None, max_steps=1).status == "done"
    large = run(faulty("Base"), seed=2**63 - 1, max_steps=1)
    assert large.outcomes == run(load_model(faulty("Base")), seed=2**63 - 1, max_steps=1).outcomes


def test_random_and_working_folder_survive_a_failure():
    random.seed(1)
    np.random.seed(1)
    folder = os.getcwd()  # noqa: PTH109
    assert run(faulty("Raises"), {"fault": 1}, max_steps=3).status == "failed"
    assert os.getcwd() == folder  # noqa: PTH109
