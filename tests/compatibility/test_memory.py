"""No bundled model outlives its run in a worker, under every supported Mesa: each release keeps them in ways of its own."""

import pytest

from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.running.stream import stream
from mesa_lab.running.workers import pool
from mesa_lab.running.workers.memory import MemoryWatch
from mesa_lab.study.records import Task

MODELS = {
    "BoidFlockers": {"population_size": 5},
    "BoltzmannWealth": {"n": 5, "width": 4, "height": 4},
    "ConwaysGameOfLife": {"width": 5, "height": 5},
    "EpsteinCivilViolence": {"width": 6, "height": 6},
    "PdGrid": {"width": 5, "height": 5},
    "Schelling": {"width": 6, "height": 6},
    "SugarscapeG1mt": {"initial_population": 20},
    "VirusOnNetwork": {"num_nodes": 10},
    "WolfSheep": {"width": 6, "height": 6, "initial_sheep": 5, "initial_wolves": 2},
}


@pytest.fixture(autouse=True, scope="module")
def _no_workers_left():
    yield
    pool.end_idle()


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("name", MODELS)
def test_no_model_outlives_its_run(name, monkeypatch):
    footprints = []
    monkeypatch.setattr(MemoryWatch, "is_full", lambda self, worker, now: footprints.append(now) or False)
    tasks = [Task(i, i, 0, 100 + i, MODELS[name]) for i in range(12)]
    batches = list(stream(Protocol(f"mesa.examples:{name}", max_steps=2), tasks, 1))
    assert sum(len(batch.runs) for batch in batches) == 12
    assert footprints[-1].runs >= 12
    assert max(each.models for each in footprints) <= 1
