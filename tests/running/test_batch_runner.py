"""The familiar faces: the rows of Mesa's own batch_run where that runs, and rows where it does not."""

import importlib.util
import math
from typing import Any

import pytest
from mesa import examples
from mesa.examples import (
    MultiLevelAllianceModel,
    PdGrid,
    Schelling,
    SugarscapeG1mt,
    VirusOnNetwork,
    WolfSheep,
)

import mesa_lab as ml

COMPARED = [
    (PdGrid, {"width": 6, "height": [6, 8], "activation_order": "Sequential"}),
    (SugarscapeG1mt, {"initial_population": [50, 80], "enable_trade": [True, False]}),
    # A complete network: Mesa's own runs draw any other from a generator that nobody seeds.
    (VirusOnNetwork, {"num_nodes": [8, 12], "avg_node_degree": 12}),
]


def comparable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """NaN equals nothing, itself included."""
    return [{name: "nan" if value != value else value for name, value in row.items()} for row in rows]


@pytest.mark.skipif(
    importlib.util.find_spec("mesa.batchrunner") is None, reason="Mesa 4 has no batch_run to compare with"
)
@pytest.mark.filterwarnings(
    "ignore:Mean of empty slice", "ignore:invalid value"
)  # Sugarscape, in this process
@pytest.mark.parametrize("period", [-1, 1, 3])
@pytest.mark.parametrize(("model", "parameters"), COMPARED, ids=lambda value: getattr(value, "__name__", ""))
def test_the_rows_are_those_of_mesa(model: type, parameters: dict[str, Any], period: int) -> None:
    from mesa.batchrunner import batch_run

    settings: dict[str, Any] = {
        "rng": [0, 5],
        "max_steps": 7,
        "data_collection_period": period,
        "display_progress": False,
    }
    expected = batch_run(model, parameters, **settings)
    rows = ml.batch_run(model, parameters, **settings)
    assert comparable(rows) == comparable(expected)
    assert [list(row) for row in rows] == [list(row) for row in expected]
    assert comparable(ml.batch_run(model, parameters, number_processes=2, **settings)) == comparable(expected)


@pytest.mark.parametrize("name", examples.__all__)
def test_every_bundled_model_gives_rows(name: str) -> None:
    rows = ml.batch_run(getattr(examples, name), {}, rng=[1, 2], max_steps=3, display_progress=False)
    assert {row["RunId"] for row in rows} == {0, 1}
    assert {row["rng"] for row in rows} == {1, 2}
    measured = set(rows[0]) - {"RunId", "iteration", "Step", "rng", "AgentID"}
    assert any(isinstance(row[outcome], int | float) for row in rows for outcome in measured)


def test_seeds_that_are_drawn_are_known_afterwards() -> None:
    with pytest.warns(DeprecationWarning, match=r"iterations.*deprecated.*rng=\[None\] \* 3"):
        rows = ml.batch_run(Schelling, {"density": 0.6}, iterations=3, max_steps=2, display_progress=False)
    assert {(row["RunId"], row["rng"]) for row in rows} == {(0, None), (1, None), (2, None)}
    assert len(set(rows.seeds.values())) == 3
    again = ml.batch_run(
        Schelling, {"density": 0.6}, rng=rows.seeds.values(), max_steps=2, display_progress=False
    )
    assert [row["happy"] for row in again] == [row["happy"] for row in rows]
    assert again.seeds == rows.seeds


def test_configurations_of_several_models_keep_their_order() -> None:
    runs = [
        *ml.full_factorial(Schelling, {"density": [0.6, 0.8]}, max_steps=2, period=-1, seed=1),
        *ml.full_factorial(WolfSheep, {"initial_wolves": [5, 10]}, max_steps=2, period=-1, seed=1),
    ]
    rows = ml.BatchRunner(runs, number_processes=2, display_progress=False).run_all()
    assert [row["RunId"] for row in rows] == [0, 1, 0, 1]
    assert [row.get("initial_wolves") for row in rows] == [None, None, 5, 10]
    assert [row["Step"] for row in rows] == [2.0] * 4
    assert "happy" in rows[0]
    assert "Wolves" in rows[2]


def test_a_failed_run_costs_its_own_rows_and_a_warning() -> None:
    with pytest.warns(
        RuntimeWarning, match="2 of 4 runs failed; the first is run 1: ValueError: Cop density"
    ):
        rows = ml.batch_run(
            examples.EpsteinCivilViolence,
            {"cop_density": [0.05, 0.9], "width": 10, "height": 10},
            rng=[1, 2],
            max_steps=2,
            display_progress=False,
        )
    assert {row["RunId"] for row in rows} == {0, 2}


def test_values_that_are_no_numbers_stay_what_they_were() -> None:
    rows = ml.batch_run(
        SugarscapeG1mt,
        {"initial_population": 30},
        rng=3,
        max_steps=5,
        data_collection_period=1,
        display_progress=False,
    )
    networks = [row["Trade Network"] for row in rows]
    assert all(isinstance(network, list) for network in networks)
    assert any(networks)
    assert all(isinstance(row["Price"], float) for row in rows if not math.isnan(row["Price"]))


def test_a_model_that_collects_nothing_gets_counts_of_its_agents() -> None:
    rows = ml.batch_run(MultiLevelAllianceModel, {"n": 10}, rng=1, max_steps=2, display_progress=False)
    assert rows[0]["count(AllianceAgent)"] == 10


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ml.batch_run(Schelling, {"densty": 1}), "densty"),
        (lambda: ml.batch_run(Schelling, {"density": []}), "'density' has no values"),
        (lambda: ml.batch_run(Schelling, {}, iterations=2, rng=1), "iterations or rng, not both"),
        (lambda: ml.batch_run(Schelling, {}, iterations=0), "iterations is 0"),
        (lambda: ml.batch_run(Schelling, {}, data_collection_period=0), "data_collection_period is 0"),
        (lambda: ml.batch_run(Schelling, {}, max_steps=-1), "max_steps is -1"),
        (lambda: ml.batch_run(Schelling, {}, rng=["x"]), "rng holds 'x'"),
        (lambda: ml.batch_run(Schelling, {}, number_processes=0), "number_processes is 0"),
        (lambda: ml.batch_run("nowhere:Model", {}), "nowhere"),
        (lambda: ml.BatchRunner([{"density": 1}]), "takes run configurations"),  # type: ignore[list-item]
    ],
)
def test_mistakes_are_named(call: Any, message: str) -> None:
    with pytest.raises(ml.MesaLabError, match=message):
        call()
