"""The rows are those of Mesa's own DataCollector, whatever is left out on the way."""

import json
import math
from pathlib import Path

import mesa
import mesa.examples
import pytest
from mesa.datacollection import DataCollector

from mesa_lab.preparation.models import build, load_model
from mesa_lab.preparation.run_configuration import RunConfiguration
from mesa_lab.running.cells import UnstorableError, cell
from mesa_lab.running.simulation.simulate import simulate

MODELS = Path(__file__).parents[2] / "fixtures" / "collecting_models.py"
BUNDLED = [
    "BoidFlockers",
    "BoltzmannWealth",
    "ConwaysGameOfLife",
    "EpsteinCivilViolence",
    "MultiLevelAllianceModel",
    "PdGrid",
    "Schelling",
    "SugarscapeG1mt",
    "VirusOnNetwork",
    "WolfSheep",
]
COLLECTING = [
    name for name in BUNDLED if name not in ("BoidFlockers", "ConwaysGameOfLife", "MultiLevelAllianceModel")
]
STEPS = 7


def model(name):
    return load_model(f"{MODELS}:{name}")


def run(model_cls, seed=5, max_steps=STEPS, **kwargs):
    period = kwargs.pop("period", 1)
    parameters = kwargs.pop("parameters", {})
    configuration = RunConfiguration(model_cls, 0, 0, parameters, max_steps, period, seed, **kwargs)
    result = simulate(configuration)
    assert result.failure is None, result.failure
    return result


def plainly(model_cls, seed=5, max_steps=STEPS):
    """Run a model with Mesa alone; return it and the step of each of its collections."""
    built = build(model_cls, {}, seed)
    simulator = getattr(built, "_simulator", None)
    collector = built.datacollector

    def length():
        return max(map(len, collector.model_vars.values()), default=0)

    steps = [0] * length()
    step = 0
    while built.running and step < max_steps:
        step += 1
        if simulator is not None and not hasattr(built, "run_for"):
            simulator.run_for(1)
        else:
            built.step()
        steps += [step] * (length() - len(steps))
    return built, steps, step


def expected(built, steps, last, period):
    values = {}
    for name, column in built.datacollector.model_vars.items():
        for step, value in zip(steps, column, strict=True):
            try:
                values.setdefault(step, {})[name] = cell(value)
            except UnstorableError:
                values.setdefault(step, {})[name] = None
    latest = max(values)
    if period < 0:
        return {latest: values[latest]}, values[latest]
    rows = {s: row for s, row in values.items() if s % period == 0 or s == last}
    return rows, values[latest]


def series_rows(result):
    if result.series is None:
        return {}
    names = [name for name in result.series.column_names if name not in ("run_id", "step", "time")]
    return {row["step"]: {name: row[name] for name in names} for row in result.series.to_pylist()}


@pytest.mark.parametrize("period", [1, 3, -1])
@pytest.mark.parametrize(
    "name",
    [
        "Colony",
        "CopiesItself",
        "DrawingProperty",
        "DrawingReporter",
        "EarlyCollector",
        "OwnCollector",
        "ReadsAndSwallows",
        "ReadsRecords",
        "ReadsSecretly",
        "ReplacesCollector",
        "ResettingReporter",
        "SparseCollector",
        "StopsItself",
        "StopsSecretly",
        "TypedReporters",
    ],
)
def test_rows_are_those_of_the_plain_collector(name, period):
    rows, finals = expected(*plainly(model(name)), period)
    result = run(model(name), period=period)
    assert series_rows(result) == rows
    assert dict(result.outcomes) == finals
    assert result.notes == ()


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("period", [1, 3, -1])
@pytest.mark.parametrize("name", COLLECTING)
def test_bundled_models_give_the_rows_of_the_plain_collector(name, period):
    model_cls = getattr(mesa.examples, name)
    rows, finals = expected(*plainly(model_cls), period)
    result = run(model_cls, period=period)
    assert series_rows(result) == rows
    assert dict(result.outcomes) == finals


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("name", ["BoltzmannWealth", "Schelling", "EpsteinCivilViolence", "SugarscapeG1mt"])
def test_agent_data_are_those_of_the_plain_collector(name):
    model_cls = getattr(mesa.examples, name)
    built, _, last = plainly(model_cls, max_steps=3)
    names = list(built.datacollector.agent_reporters)
    wanted = [
        (int(time), agent, *(None if value is None else cell(value) for value in values))
        for time, rows in built.datacollector._agent_records.items()
        for _, agent, *values in rows
    ]
    table = run(model_cls, max_steps=3, agents=True).agents[""]
    # Schelling reports an agent_type of its own.
    names = [f"{name} (reporter)" if name == "agent_type" else name for name in names]
    assert table.column_names == ["run_id", "step", "agent_id", "agent_type", *names]
    found = list(zip(*(table[column].to_pylist() for column in ["step", "agent_id", *names]), strict=True))
    assert found == wanted
    assert last == 3


def test_what_is_left_out_does_not_change_the_run():
    everything = series_rows(run(model("DrawingReporter")))
    some = series_rows(run(model("DrawingReporter"), outcomes=("food",)))
    assert [row["food"] for row in some.values()] == [row["food"] for row in everything.values()]
    assert set(some[0]) == {"food"}


def test_every_kind_of_outcome():
    result = run(
        model("Colony"),
        max_steps=3,
        outcomes={
            "reporter": "food",
            "attribute": "done",
            "ants": "count(Ant)",
            "queens": "count(Queen)",
            "everyone": "count(Agent)",
            "nobody": "count(Wasp)",
            "total": "sum(Ant.food)",
            "hungry": "min(Queen.food)",
            "spread": "sd(Ant.food)",
            "middle": "median(Agent.food)",
            "function": lambda m: m.done * 100,
            "referred": "math:isfinite",
        },
    )
    built, *_ = plainly(model("Colony"), max_steps=3)
    ants = [agent.food for agent in built.agents if agent.food is not None]
    outcomes = result.outcomes
    assert list(series_rows(result)) == [0, 1, 2, 3]
    assert outcomes["reporter"] == built.datacollector.model_vars["food"][-1]
    assert (outcomes["attribute"], outcomes["function"]) == (3, 300)
    # A queen is an ant, and every ant an agent.
    assert (outcomes["ants"], outcomes["queens"], outcomes["everyone"], outcomes["nobody"]) == (5, 1, 5, 0)
    assert outcomes["total"] == sum(ants)
    assert outcomes["hungry"] is None
    mean = sum(ants) / len(ants)
    assert outcomes["spread"] == pytest.approx(
        math.sqrt(sum((x - mean) ** 2 for x in ants) / (len(ants) - 1))
    )
    assert outcomes["middle"] == sorted(ants)[len(ants) // 2 - 1] / 2 + sorted(ants)[len(ants) // 2] / 2
    assert outcomes["referred"] is None
    assert "'referred' is missing at step 0: TypeError" in result.notes[0]


def test_a_broken_reporter_costs_its_cells_only():
    result = run(model("BrokenReporter"), max_steps=3)
    assert [row["broken"] for row in series_rows(result).values()] == [None, 1.0, None, 1.0]
    assert [row["done"] for row in series_rows(result).values()] == [0, 1, 2, 3]
    assert result.notes == (
        "'broken' is missing at step 0: ZeroDivisionError: division by zero (and 1 more)",
        "'lost' is missing at step 0: AttributeError: 'BrokenReporter' object has no attribute 'no_such_thing' (and 3 more)",
    )


def test_an_unknown_outcome_names_its_neighbours():
    result = run(model("Colony"), max_steps=1, outcomes=("doen",))
    assert result.outcomes == {"doen": None}
    assert result.notes == (
        "'doen' is missing at step 0: AttributeError: no reporter or attribute 'doen' here. "
        "Did you mean 'done'? (and 1 more)",
    )


def test_values_of_every_kind():
    result = run(model("OddValues"), max_steps=3)
    outcomes = dict(result.outcomes)
    assert math.isnan(outcomes.pop("nan"))
    assert outcomes == {
        "numpy": 1.5,
        "integer": 3,
        "truth": True,
        "infinite": -math.inf,
        "nothing": None,
        "text": "añb",
        "mood": "BAD",
        "list": "[1,2.5,null]",
        "dict": '{"a":[1,2],"GOOD":[3]}',
        "array": "[0,1,2]",
        "huge": float(2**70),
        "graph": None,
        "long": None,
        "mixed": "many",
    }
    assert type(outcomes["integer"]) is int
    assert type(outcomes["truth"]) is bool
    assert result.series["mixed"].to_pylist() == ["0", "1", "2", "many"]
    assert result.series["nothing"].null_count == 4
    assert result.series["nan"].null_count == 0
    assert [note.split(": report")[0] for note in result.notes] == [
        "'graph' is missing at step 0: a networkx.classes.graph.Graph fits in no cell of a table",
        "'long' is missing at step 0: a list of 100,000 items is too large for a cell",
    ]


def test_outcomes_may_be_called_as_our_own_columns():
    result = run(model("Colony"), max_steps=1, outcomes={"step": "done", "time": "food"})
    assert set(result.outcomes) == {"step (outcome)", "time (outcome)"}
    assert result.series.column_names == ["run_id", "step", "time", "step (outcome)", "time (outcome)"]


def test_a_model_without_usable_reporters_is_described_by_its_agents():
    rows = series_rows(run(model("OnlyGraph"), max_steps=4))
    assert [row["count(Ant)"] for row in rows.values()] == [4, 4, 4, 4, 4]
    assert [row["count(Late)"] for row in rows.values()] == [0, 0, 0, 1, 1]
    assert [row["mean(Late.food)"] is None for row in rows.values()] == [True, True, True, False, False]
    assert rows[0]["count(Queen)"] == 1


def test_models_without_a_collector_are_described_by_their_agents():
    result = run(mesa.examples.ConwaysGameOfLife, max_steps=2, parameters={"width": 5, "height": 4})
    assert result.outcomes["count(Cell)"] == 20
    assert 0 <= result.outcomes["mean(Cell.state)"] <= 1
    assert list(series_rows(result)) == [0, 1, 2]


def test_agent_tables_by_type_and_by_name():
    everything = run(model("TypedReporters"), max_steps=2, agents=True).agents
    assert set(everything) == {"", "Queen"}
    assert everything[""].num_rows == 15
    assert everything[""]["steps"].to_pylist()[:5] == [1, 1, 1, 1, 1]
    assert json.loads(everything[""]["trail"].to_pylist()[-2])
    assert everything[""]["mood"].to_pylist()[0] == "GOOD"
    assert everything["Queen"]["appetite"].to_pylist()[1:] == [7.5, 7.5]
    named = run(model("TypedReporters"), max_steps=2, agents=("steps", "food")).agents
    assert named[""].column_names[4:] == ["steps", "food"]
    chosen = run(
        model("TypedReporters"), max_steps=2, period=-1, agents={"Queen": ("appetite", "food")}
    ).agents
    assert chosen["Queen"].to_pylist() == [
        {"run_id": 0, "step": 2, "agent_id": 5, "appetite": 7.5, "food": 7.5}
    ]


def test_agent_data_of_a_model_that_reads_its_records():
    plain, *_ = plainly(model("ReadsRecords"), max_steps=2)
    table = run(model("ReadsRecords"), max_steps=2, agents=True).agents[""]
    assert table["food"].to_pylist() == [
        row[2] for rows in plain.datacollector._agent_records.values() for row in rows
    ]
    assert set(table["agent_type"].to_pylist()) == {"Ant", "Queen"}


def test_agents_can_be_had_without_any_reporter():
    tables = run(
        mesa.examples.ConwaysGameOfLife, max_steps=1, parameters={"width": 2, "height": 2}, agents=True
    ).agents
    assert (
        tables["Cell"]["state"].to_pylist()[:4]
        == run(
            mesa.examples.ConwaysGameOfLife,
            max_steps=0,
            parameters={"width": 2, "height": 2},
            agents={"Cell": ("state",)},
        )
        .agents["Cell"]["state"]
        .to_pylist()
    )


def test_mesa_is_left_as_it_was():
    before = DataCollector.collect
    run(model("Colony"))
    assert DataCollector.collect is before
    assert before.__module__ == "mesa.datacollection"
    built, *_ = plainly(model("Colony"))
    assert type(built.datacollector) is DataCollector
