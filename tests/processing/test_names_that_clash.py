"""What a model measures may be called as a parameter, or as a column of Mesa Lab: no table mixes them up."""

from __future__ import annotations

import mesa
import pandas as pd
import pytest

import mesa_lab as ml


class Member(mesa.Agent):
    def __init__(self, model):
        super().__init__(model)
        self.vision, self.point, self.agent_type = 100, -1, "x"


class Clashing(mesa.Model):
    def __init__(self, vision=1, agent_id=5, agent_type=3, who=2, stage=1, fails=False, rng=None):
        super().__init__(rng=rng)
        self.vision, self.fails = vision, fails
        Member.create_agents(self, 2)
        reporters = {"seed": lambda m: 10 * m.steps, "status": lambda m: "fine", "time": lambda m: -1}
        self.datacollector = mesa.DataCollector(
            reporters | {"agent_id": lambda m: 1000},
            tables={"Orders": ["who", "point", "replication", "seed"]},
        )

    def step(self):
        self.datacollector.collect(self)
        self.datacollector.add_table_row("Orders", {"who": "Ada", "point": 9, "replication": 8, "seed": 3})
        if self.fails:
            raise RuntimeError("no bread")


VARIED = {
    "vision": [1, 2],
    "agent_id": [5, 6],
    "agent_type": [3, 4],
    "who": [2, 8],
    "stage": [1, 7],
    "fails": [False, True],
}


@pytest.fixture(scope="module", params=[{"Member": ["vision", "point"]}, ["vision", "point"]], ids=str)
def results(request):
    experiment = ml.Experiment(Clashing, VARIED, ml.Zip(), max_steps=2, agents=request.param)
    return ml.run(experiment, backend="sequential")


def test_series_have_an_outcome_that_is_called_like_a_column_once(results):
    series = results.series().query("point == 0")
    assert series["seed (outcome)"].tolist() == [10, 20]
    assert series["status (outcome)"].tolist() == ["fine", "fine"]
    assert series["time (outcome)"].tolist() == [-1, -1]
    assert series["time"].tolist() == [1, 2]
    assert not {"seed", "status"} & set(series)
    assert results.series("seed")["seed (outcome)"].notna().all()
    assert results.aggregate("seed", over="series").query("point == 0")["mean"].tolist() == [10, 20]


def test_agents_data_take_the_place_of_no_parameter(results):
    agents = results.agents()
    first = agents[agents["run_id"] == 0]
    assert set(first["point"]) == {0}
    assert set(first["point (agent)"]) == {-1}
    assert set(first["vision"]) == {1}
    assert set(first["vision (agent)"]) == {100}
    assert first["agent_id"].tolist() == [1, 2] * (len(first) // 2)
    assert set(first["agent_id (parameter)"]) == {5}
    assert set(first.filter(like="agent_type").iloc[0]) == {"Member", 3}


def test_tables_of_the_data_collector_take_the_place_of_nothing(results):
    first = results.tables("Orders").iloc[0]
    assert first[["point", "replication", "who"]].tolist() == [0, 0, 2]
    assert first[["who (table)", "point (table)", "replication (table)"]].tolist() == ["Ada", 9, 8]
    assert first["seed"] == 3


def test_the_reasons_of_failures_take_the_place_of_no_parameter(results):
    (failed,) = results.failures.to_dict("records")
    assert (failed["stage"], failed["message"]) == ("stepping", "no bread")
    assert failed["stage (parameter)"] == 7


def test_exported_tables_have_the_same_columns(results, tmp_path):
    results.save(tmp_path / "out")
    of_agents = next((tmp_path / "out").glob("agents*.csv"))
    for path, table in (
        (of_agents, results.agents(of_agents.stem.removeprefix("agents").removeprefix("_") or None)),
        (tmp_path / "out" / "series.csv", results.series()),
        (tmp_path / "out" / "table_Orders.csv", results.tables("Orders")),
    ):
        assert list(pd.read_csv(path)) == list(table)
