"""The product's promise: the same experiment gives the same results, however its runs are carried out.

One after the other, on two workers, killed half-way and resumed, in another order, or extended from
fewer replications: the tables are equal, for every model that Mesa brings.
"""

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mesa import examples

import mesa_lab as ml
from mesa_lab.running.stream import stream
from mesa_lab.study import Study
from mesa_lab.study.records import Task

KILLED_DRIVER = Path(__file__).parent / "fixtures" / "killed_driver.py"

THREE_POINTS: dict[str, dict[str, Any]] = {
    "BoidFlockers": {"population_size": [5, 10, 15]},
    "BoltzmannWealth": {"n": [10, 20, 30]},
    "ConwaysGameOfLife": {"initial_fraction_alive": [0.1, 0.3, 0.5], "width": 10, "height": 10},
    "EpsteinCivilViolence": {"cop_density": [0.05, 0.074, 0.1], "width": 10, "height": 10},
    "MultiLevelAllianceModel": {"n": [6, 8, 10]},
    "PdGrid": {"activation_order": ["Sequential", "Random", "Simultaneous"], "width": 8, "height": 8},
    "Schelling": {"density": [0.6, 0.7, 0.8]},
    "SugarscapeG1mt": {"initial_population": [30, 50, 70]},
    "VirusOnNetwork": {"num_nodes": [10, 20, 30]},
    "WolfSheep": {"initial_sheep": [20, 40, 60]},
}


def experiment(name: str, **changes: Any) -> ml.Experiment:
    settings: dict[str, Any] = {"replications": 2, "max_steps": 4, "seed": 42, "agents": True}
    return ml.Experiment(f"mesa.examples:{name}", THREE_POINTS[name], **{**settings, **changes})


def tables(results: ml.Results) -> list[pd.DataFrame]:
    """All that a study says, less what is a matter of the clock."""
    clock = ["init_seconds", "run_seconds"]
    keys = ["point", "replication"]
    runs = results.runs.drop(columns=["run_id", *clock]).sort_values(keys, ignore_index=True)
    series = (
        results.series().drop(columns="run_id").sort_values([*keys, "step"], kind="stable", ignore_index=True)
    )
    agents = (
        results.agents().drop(columns="run_id").sort_values([*keys, "step"], kind="stable", ignore_index=True)
    )
    return [runs, series, agents]


def same(results: ml.Results, expected: ml.Results) -> None:
    for table, wanted in zip(tables(results), tables(expected), strict=True):
        pd.testing.assert_frame_equal(table, wanted, check_exact=True)


def carry_out(study: Study, run_ids: Any) -> None:
    """Run these runs in this order, in this process."""
    tasks = (Task(*task) for task in study.tasks(run_ids))
    with study.writing() as writer:
        for batch in stream(study.experiment.protocol, tasks, backend="sequential"):
            writer.add(batch)


def test_every_bundled_model_is_here() -> None:
    assert sorted(THREE_POINTS) == sorted(examples.__all__)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study of each model, whose driver was killed; that of two had workers."""
    folder = tmp_path_factory.mktemp("killed")
    for name in THREE_POINTS:
        experiment(name).save(folder / f"{name}.toml")
    command = [sys.executable, KILLED_DRIVER, folder, "Schelling", "VirusOnNetwork"]
    drivers = subprocess.run(command, capture_output=True, text=True, check=False)
    assert drivers.stdout.splitlines() == [f"{name} -9" for name in sorted(THREE_POINTS)], drivers.stderr
    return folder


@pytest.mark.parametrize("name", THREE_POINTS)
def test_however_the_runs_are_carried_out(name: str, killed: Path, tmp_path: Path) -> None:
    described = experiment(name)
    serial = ml.run(described, tmp_path / "serial.study", backend="sequential", progress=False)
    assert (serial.runs["status"] == "done").sum() >= 4
    assert len(serial.series()) >= 5
    same(ml.run(described, tmp_path / "parallel.study", n_jobs=2, progress=False), serial)

    half = killed / f"{name}.study"
    assert 0 < ml.open_study(half).status().finished < described.n_runs
    same(ml.run(described, half, n_jobs=2, progress=False), serial)

    shuffled = Study.create(tmp_path / "shuffled.study", described)
    order = shuffled.pending().tolist()
    random.Random(3).shuffle(order)
    carry_out(shuffled, order)
    same(ml.open_study(shuffled.path).results, serial)

    grown = tmp_path / "grown.study"
    ml.run(described.replace(replications=1), grown, backend="sequential", progress=False)
    same(ml.run(described, grown, n_jobs=2, progress=False), serial)


def test_five_replications_become_ten(tmp_path: Path) -> None:
    five, ten = experiment("Schelling", replications=5), experiment("Schelling", replications=10)
    ml.run(five, tmp_path / "grown.study", n_jobs=2, progress=False)
    grown = ml.run(ten, tmp_path / "grown.study", n_jobs=2, progress=False)
    at_once = ml.run(ten, n_jobs=2, progress=False)
    same(grown, at_once)
    pd.testing.assert_series_equal(grown.runs["run_id"], at_once.runs["run_id"])


def test_more_points_keep_the_earlier_runs(tmp_path: Path) -> None:
    space = {"density": ml.Real(0.5, 0.9), "homophily": ml.Real(0.2, 0.6)}
    described = ml.Experiment(
        "mesa.examples:Schelling", space, ml.Sobol(4), replications=2, max_steps=4, seed=7
    )
    small = ml.run(described, tmp_path / "grown.study", n_jobs=2, progress=False).runs
    larger = described.replace(design=ml.Sobol(8))
    grown = ml.run(larger, tmp_path / "grown.study", n_jobs=2, progress=False)
    same(grown, ml.run(larger, n_jobs=2, progress=False))
    kept = grown.runs[grown.runs["point"] < 4].drop(columns="run_id").sort_values(["replication", "point"])
    pd.testing.assert_frame_equal(
        kept.reset_index(drop=True),
        small.drop(columns="run_id"),
        check_exact=True,
        check_categorical=False,
    )


def test_a_seed_reproduces_its_run_without_mesa_lab() -> None:
    described = experiment("BoltzmannWealth", outcomes=["Gini"])
    run = ml.run(described, n_jobs=1, progress=False).runs.iloc[4]
    from mesa.examples.basic.boltzmann_wealth_model.model import BoltzmannScenario

    model = examples.BoltzmannWealth(scenario=BoltzmannScenario(n=int(run["n"]), rng=int(run["seed"])))
    for _ in range(4):
        model.step()
    assert model.gini == run["Gini"]
