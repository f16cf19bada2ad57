"""Studies of an experiment that nobody has to run: results are made up, so that what is in the file is known."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mesa_lab.preparation.experiment import Experiment
from mesa_lab.running.collection.arrow_columns import encode_columns
from mesa_lab.study import Study
from mesa_lab.study.database.schema import SIDE_TABLES
from mesa_lab.study.records import Batch, FailureRecord, RunRecord, Task

FIXTURES = Path(__file__).parents[1] / "fixtures"


def make_batch(tasks: Iterable[Any], failing: Iterable[int] = (), **outcomes: Callable[[int], Any]) -> Batch:
    """Make up results: series of three steps, and outcomes that are functions of the run's number."""
    outcomes = outcomes or {"happy": lambda run_id: run_id * 10}
    tasks = [Task(*task) for task in tasks]
    failed = {task.run_id for task in tasks} & set(failing)
    runs, finals, failures = [], [], []
    for task in tasks:
        status = "failed" if task.run_id in failed else "done"
        runs.append(RunRecord(*task[:4], status, 3, 3.0, 0.25, 0.5, ""))
        finals.append(
            tuple(None if status == "failed" else value(task.run_id) for value in outcomes.values())
        )
        if status == "failed":
            failures.append(FailureRecord(task.run_id, "stepping", "ValueError", "it broke", "Traceback …"))
    ids = [task.run_id for task in tasks for _ in range(3)]
    series = encode_columns(
        {
            "run_id": ids,
            "step": [0, 1, 2] * len(tasks),
            "time": [0.0, 1.0, 2.0] * len(tasks),
            "happy": [run_id * 100 + place % 3 for place, run_id in enumerate(ids)],
        }
    )
    agents = {"Wolf": encode_columns({"run_id": ids, "step": [0, 1, 2] * len(tasks), "agent_id": ids})}
    return Batch(tuple(runs), tuple(outcomes), tuple(finals), series, agents, tuple(failures))


@pytest.fixture
def batch_of() -> Callable[..., Batch]:
    return make_batch


def change_file(path: Path, *statements: str) -> None:
    """Change what is in a study behind its back."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def change() -> Callable[..., None]:
    return change_file


AS_BEFORE = [
    *(
        f"DROP TABLE {name}"
        for name in ("digests", "table_digests", "meta_copy", "points_copy", "outcomes_copy", *SIDE_TABLES)
    ),
    "ALTER TABLE driver DROP COLUMN file",
    "CREATE TABLE run_checksums(block INTEGER PRIMARY KEY, checksum INTEGER NOT NULL)",
    "CREATE TABLE column_checksums(name TEXT PRIMARY KEY, checksum INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE table_checksums(name TEXT PRIMARY KEY, checksum INTEGER NOT NULL) WITHOUT ROWID",
    "INSERT INTO run_checksums VALUES(1, 5)",
    "PRAGMA user_version = 2",
]
"""Make of a study one as version 2 wrote it, to the letter of its tables: before digests, forms, outputs and the driver's file."""


@pytest.fixture
def as_before() -> Callable[[Path], None]:
    return lambda path: change_file(path, *AS_BEFORE)


@pytest.fixture
def experiment() -> Experiment:
    return Experiment(
        "mesa.examples:Schelling",
        {"density": [0.5, 0.6, 0.7], "homophily": [0.25, 0.5], "width": 20},
        replications=2,
        max_steps=3,
        seed=7,
    )


@pytest.fixture
def study(tmp_path: Path, experiment: Experiment) -> Study:
    return Study.create(tmp_path / "schelling.study", experiment)


@pytest.fixture
def filled(study: Study) -> Study:
    """A study with all of its twelve runs."""
    with study.writing() as writer:
        writer.add(make_batch(study.tasks(study.pending())))
    return study


@pytest.fixture
def run_fixture() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a script from the folder of fixtures; it is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str, *arguments: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(FIXTURES / name), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
