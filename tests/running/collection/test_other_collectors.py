"""Collectors under other names, several of them, those that are made in a step, and data sets."""

from pathlib import Path

import mesa
import pytest

import mesa_lab as ml
from mesa_lab.preparation.models import describe
from mesa_lab.preparation.run_configuration import RunConfiguration
from mesa_lab.running.simulation.simulate import simulate

MODELS = Path(__file__).parents[2] / "fixtures" / "other_collectors.py"
HAS_DATA_SETS = hasattr(mesa.Model(), "data_registry")


def reference(name):
    return f"{MODELS}:{name}"


def run(name, max_steps=4, seed=5, **settings):
    result = simulate(RunConfiguration(reference(name), 0, 0, {"n": 2}, max_steps, seed=seed, **settings))
    assert result.failure is None, result.failure
    return result


def series(result):
    return {name: result.series[name].to_pylist() for name in result.series.column_names[3:]} | {
        "step": result.series["step"].to_pylist()
    }


def test_a_collector_under_another_name_is_described_measured_and_accepted():
    description = describe(reference("Town"))
    assert (description.model_reporters, description.agent_reporters) == (("Traffic",), ("pace",))
    assert series(run("Town", 2)) == {"step": [0, 1, 2], "Traffic": [20, 40, 60]}
    assert run("Town", 2, agents=True).agents[""]["pace"].to_pylist() == [1, 1, 2, 2, 3, 3]
    experiment = ml.Experiment(
        reference("Town"), {"n": [1, 2]}, max_steps=9, outcomes=["Traffic"], stop_when="Traffic > 50"
    )
    results = ml.run(experiment, progress=False, backend="sequential")
    assert results.runs[["Traffic", "steps"]].to_numpy().tolist() == [[60, 5], [60, 2]]


def test_several_collectors_are_measured_each_when_it_collects():
    assert describe(reference("TwoNames")).model_reporters == ("Day", "People", "Day (agent_data)")
    result = run("TwoNames", agents=True)
    assert series(result) == {
        "step": [1, 2, 3, 4],
        "Day": [1, 2, 3, 4],
        "People": [2, 2, 2, 2],
        "Day (agent_data)": [None, -2, None, -4],
    }
    assert result.agents[""]["step"].to_pylist() == [2, 2, 4, 4]
    asked = run("TwoNames", outcomes={"days": "Day (agent_data)"})
    assert dict(asked.outcomes) == {"days": -4}


def test_names_that_are_no_text_are_taken_as_text():
    description = describe(reference("Numbered"))
    assert (description.model_reporters, description.agent_reporters) == (("5", "None", "5 (dc)"), ("7",))
    result = run("Numbered", 2, agents=True)
    assert series(result) == {"step": [1, 2], "5": [1, 2], "None": [1, 2], "5 (dc)": [-1, -2]}
    assert result.agents[""]["7"].to_pylist() == [2, 2, 3, 3]
    assert result.tables["8"]["9"].to_pylist() == [1, 2]
    assert series(run("Numbered", 2, outcomes=("5 (dc)",)))["5 (dc)"] == [-1, -2]


def test_agents_data_of_two_collectors_stand_side_by_side():
    table = run("InADict", 2, agents=True).agents[""]
    assert table["pace"].to_pylist() == [2, 2, 3, 3]
    assert table["mood"].null_count == 0
    named = run("InADict", 2, agents=("mood", "pace")).agents[""]
    assert named["mood"].to_pylist() == table["mood"].to_pylist()


def test_a_collector_that_nobody_calls_is_read_at_the_end():
    assert dict(run("OneIsForgotten").outcomes) == {"Traffic": 100, "Day": 4}


def test_a_collector_that_is_made_in_a_step_is_found():
    assert describe(reference("InAStep")).model_reporters == ("Late",)
    result = run("InAStep", agents=True)
    assert series(result) == {"step": [1, 2, 3, 4], "Late": [1, 2, 3, 4]}
    assert set(result.agents) == {""}
    results = ml.run(
        ml.Experiment(reference("InAStep"), max_steps=9, outcomes=["Late", "day"], stop_when="Late == 3"),
        progress=False,
        backend="sequential",
    )
    assert results.series()[["Late", "day"]].astype(object).iloc[1:].to_numpy().tolist() == [
        [1, 1],
        [2, 2],
        [3, 3],
    ]
    with pytest.raises(ml.OutcomeError, match="Did you mean 'Late'"):
        ml.Experiment(reference("InAStep"), outcomes=["Lete"]).check()


def test_one_run_learns_nothing_that_changes_another():
    experiment = ml.Experiment(reference("InAnyStep"), {"n": [1, 2, 3]}, replications=4, max_steps=2, seed=3)
    together = ml.run(experiment, progress=False, backend="sequential").series()
    for configuration in experiment.configurations():
        alone = series(simulate(configuration))
        rows = together[together["run_id"] == configuration.run_id]
        for name, values in alone.items():
            assert rows[name].astype(object).where(rows[name].notna(), None).tolist() == values


@pytest.mark.skipif(not HAS_DATA_SETS, reason="Mesa has data sets since 3.5")
def test_fields_of_data_sets_are_reported():
    description = describe(reference("Recording"))
    assert (description.model_reporters, description.agent_reporters) == (("day", "double"), ("pace",))
    result = run("Recording", 2, agents=True)
    assert series(result) == {"step": [0, 1, 2], "day": [0, 1, 2], "double": [0, 2, 4]}
    assert result.agents[""]["pace"].to_pylist() == [1, 1, 2, 2, 3, 3]


def test_the_end_alone_is_one_row_of_the_series():
    assert series(run("Town", data_collection_period=-1)) == {"step": [4], "Traffic": [100]}
    # A model that collected last at an earlier step has the row of that step.
    assert series(run("TwoNames", 3, outcomes=["Day (agent_data)"], data_collection_period=-1)) == {
        "step": [2],
        "Day (agent_data)": [-2],
    }
