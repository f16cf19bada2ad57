"""What runs leave behind: Mesa's leaks are mended, the user's are noticed and kept within bounds."""

from __future__ import annotations

import re
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

import mesa_lab as ml
from mesa_lab.cli import cli
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.running.stream import stream
from mesa_lab.running.workers import memory, pool
from mesa_lab.running.workers.memory import Footprint, MemoryWatch, growth_per_run
from mesa_lab.study.records import Task

FIXTURES = Path(__file__).parents[2] / "fixtures"
MIB = 2**20


def faulty(name):
    return f"{FIXTURES / 'faulty_models.py'}:{name}"


def leaking(name):
    return f"{FIXTURES / 'leaking_models.py'}:{name}"


@pytest.fixture(scope="module", autouse=True)
def _no_workers_left():
    yield
    pool.end_idle()


@pytest.fixture
def footprints(monkeypatch):
    """Every footprint that a worker tells of."""
    seen = []
    judge = MemoryWatch.is_full

    def is_full(self, worker, now):
        seen.append(now)
        return judge(self, worker, now)

    monkeypatch.setattr(MemoryWatch, "is_full", is_full)
    return seen


def run(model, count, n_jobs=1, outcomes=None, parameters=lambda number: {}, **protocol):
    """Run a model; returns statuses, finals, and what the user was told."""
    told = {}
    protocol.setdefault("max_steps", 2)
    tasks = [Task(i, i, 0, 100 + i, parameters(i)) for i in range(count)]
    batches = list(
        stream(Protocol(model, outcomes=outcomes, **protocol), tasks, n_jobs, tell=told.__setitem__)
    )
    statuses = {run.run_id: run.status for batch in batches for run in batch.runs}
    finals = {run.run_id: row for batch in batches for run, row in zip(batch.runs, batch.finals, strict=True)}
    return [statuses[i] for i in range(count)], finals, told


MODELS = {
    "cell space": ("mesa.examples:Schelling", {"width": 8, "height": 8}, {}),
    "scenario": (f"{FIXTURES / 'scenario_models.py'}:Town", {}, {"outcomes": ("count(Agent)",)}),
    "continuous space": ("mesa.examples:BoidFlockers", {"population_size": 5}, {}),
    "agent data": ("mesa.examples:BoltzmannWealth", {"n": 5, "width": 4, "height": 4}, {"agents": True}),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("kind", MODELS)
def test_no_model_outlives_its_run(kind, footprints):
    model, parameters, protocol = MODELS[kind]
    statuses, _, told = run(model, 30, parameters=lambda number: parameters, **protocol)
    assert statuses == ["done"] * 30
    assert footprints[-1].runs >= 30
    assert max(each.models for each in footprints) <= 1
    assert told == {}


def test_no_model_outlives_its_failure(footprints):
    statuses, _, _ = run(faulty("Raises"), 30, parameters=lambda number: {"fault": 1})
    assert statuses == ["failed"] * 30
    assert footprints[-1].runs >= 30
    assert max(each.models for each in footprints) <= 1


def test_no_model_outlives_its_set_up():
    statuses, finals, _ = run(
        faulty("AloneAndFailing"), 12, parameters=lambda number: {"fault": 0 if number < 11 else -1}
    )
    assert statuses == ["failed"] * 11 + ["done"]
    assert finals[11] == (0,)


def test_no_model_outlives_its_timeout(footprints):
    statuses, _, _ = run(
        faulty("Loops"), 6, parameters=lambda number: {"fault": 1 if number % 2 else -1}, timeout=0.5
    )
    assert statuses == ["done", "timed out"] * 3
    assert footprints[-1].runs >= 6
    assert max(each.models for each in footprints) <= 1


def test_a_leaking_model_is_named_and_its_worker_replaced(monkeypatch, footprints):
    monkeypatch.setattr(memory, "available_memory", lambda: 80 * MIB)
    model = leaking("KeepsAgents")
    statuses, finals, told = run(model, 60, parameters=lambda number: {"ballast": 2.0}, outcomes=("drawn",))
    assert statuses == ["done"] * 60
    assert max(each.runs for each in footprints) <= 30
    _, plain, _ = run(model, 60, outcomes=("drawn",))
    assert finals == plain
    assert told.keys() == {"memory"}
    assert f"The model '{model}' keeps about 2.0 MiB of memory for each run" in told["memory"]
    assert "models were still there when their runs were over" in told["memory"]
    assert re.search(r"replaced (once|\d times) to free it. The results are not affected.", told["memory"])


def test_a_leak_of_other_things_than_models_is_likely_at_least():
    model = leaking("KeepsNumbers")
    statuses, _, told = run(model, 60, parameters=lambda number: {"count": 40_000})
    assert statuses == ["done"] * 60
    assert f"The model '{model}' seems to keep about" in told["memory"]
    assert "replaced" not in told["memory"]


def test_what_is_loaded_once_is_no_leak():
    statuses, _, told = run(leaking("LoadsOnce"), 300)
    assert (statuses, told) == (["done"] * 300, {})


def test_a_leaking_worker_is_not_kept_for_the_next_stream():
    pool.end_idle()
    _, _, told = run(leaking("KeepsAgents"), 40)
    assert "some memory" in told["memory"] or "KiB of memory" in told["memory"]
    assert pool._idle == []


def test_a_study_says_what_its_model_keeps(tmp_path):
    path = tmp_path / "leak.study"
    experiment = Experiment(leaking("KeepsAgents"), replications=40, max_steps=1, outcomes=("drawn",))
    with pytest.warns(UserWarning, match="KeepsAgents' keeps"):
        ml.run(experiment, path, n_jobs=1, progress=False)
    study = ml.open_study(path)
    (notice,) = study.status().notices
    assert study.sessions()[-1]["notices"] == (notice,)
    assert study.sessions()[-1]["settings"].keys() == {"n_jobs", "backend", "retry_failed", "launched"}
    shown = CliRunner().invoke(cli, ["status", str(path)])
    assert f"Note: {notice}" in shown.output


def test_code_that_changes_while_it_runs_is_said(tmp_path):
    file = tmp_path / "edited.py"
    text = (FIXTURES / "leaking_models.py").read_text()
    file.write_text(text)
    told = {}
    tasks = [Task(i, i, 0, i, {}) for i in range(2)]
    batches = stream(Protocol(f"{file}:LoadsOnce", max_steps=1), iter(tasks), 1, tell=told.__setitem__)
    next(batches)
    file.write_text(text + "\n")
    (worker,) = [
        process for process in psutil.Process().children() if "popen_loky_posix" in str(process.cmdline())
    ]
    worker.kill()
    list(batches)
    assert f"'{file}' was changed while it ran" in told["code"]


# What counts as a leak.


def sizes(values, blocks=lambda run: 1000 + run):
    return [Footprint(run, 0, blocks(run), int(size * MIB)) for run, size in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "per_run"),
    [
        ([100 + run for run in range(60)], 1),
        ([100 + run + (run % 7) * 5 for run in range(120)], 1),
        ([100 + min(run, 5) * 50 for run in range(60)], None),
        ([100 + (200 if run > 30 else 0) for run in range(60)], None),
        ([100 + 80 * (1 - 0.9**run) for run in range(60)], None),
        ([100 + (run * 37) % 90 for run in range(60)], None),
        ([100 + run * 0.1 for run in range(60)], None),
        ([100 + run * 10 for run in range(8)], None),
    ],
    ids=["steady", "noisy", "start", "jump", "saturates", "up and down", "little", "too soon"],
)
def test_only_steady_growth_counts(values, per_run):
    found = growth_per_run(sizes(values))
    assert (found is None) if per_run is None else found == pytest.approx(per_run * MIB, rel=0.1)


def test_memory_that_only_the_allocator_keeps_does_not_count():
    assert growth_per_run(sizes([100 + run for run in range(60)], blocks=lambda run: 1000)) is None


def test_a_worker_with_models_that_are_kept_on_purpose_is_left_alone():
    watch = MemoryWatch("m:M", 1)
    for run_ in range(1000):
        assert not watch.is_full(1, Footprint(run_, min(run_, 10), 1000, 100 * MIB))
    assert watch.notice is None


def test_long_streams_are_judged_by_few_samples():
    watch = MemoryWatch("m:M", 2)
    for run_ in range(50_000):
        watch.is_full(1, Footprint(run_, 0, 1000 + run_, 100 * MIB + run_ * 1024))
    assert len(watch._kept[1]) <= 65
    assert "seems to keep about 1.0 KiB of memory for each run" in watch.notice


def test_the_memory_of_a_container_counts(monkeypatch, tmp_path):
    assert 0 < memory.available_memory() <= psutil.virtual_memory().total
    for name, text in {
        "memory.max": "1000000",
        "memory.current": "900000",
        "memory.stat": "anon 5\ninactive_file 100000\n",
    }.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "_GROUPS", tmp_path)
    assert memory.available_memory() == 200_000
    (tmp_path / "memory.max").write_text("max")
    assert memory.available_memory() > 200_000
