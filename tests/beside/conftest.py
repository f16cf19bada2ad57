"""A study that is written while it is read: by another process at full speed, or between any two questions to its file."""

from __future__ import annotations

import importlib.util
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from mesa_lab.processing.results import Results
from mesa_lab.study import Study
from mesa_lab.study.database import connection as storage

FIXTURES = Path(__file__).parents[1] / "fixtures"


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FIXTURES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GROWING = _load("growing_study")
MOST_WRITES = 60


@pytest.fixture
def growing() -> ModuleType:
    """The script that drives a growing study, as a module."""
    return GROWING


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A study with some runs: done, failed, and still to do."""
    path = tmp_path / "growing.study"
    with Study.create(path, GROWING.experiment(**GROWING.FIRST)) as study, study.writing() as writer:
        writer.add(GROWING.batch_of(study.tasks([0, 3, 5, 8, 11]), False))
    return path


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Have another process drive a study at full speed; it goes on until `communicate` is called."""
    started: list[subprocess.Popen[str]] = []

    def drive(path: Path, how: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(FIXTURES / "growing_study.py"), str(path), how]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "started\n"
        return process

    yield drive
    for process in started:
        process.kill()
        process.communicate()


class Interleaved:
    """Writes into a study before each question that a reader asks its file.

    Args:
        path: The study.
        retry: Try failed runs again, too; else it only grows.
        failing: Write only runs that fail.

    Attributes:
        writes: How often something was written.
    """

    def __init__(self, path: Path, *, retry: bool, failing: bool) -> None:
        self.path = path
        self.retry, self.failing = retry, failing
        self.writes = 0
        self.problem: Exception | None = None
        self.study = Study.open(path)
        self.study.is_temporary = True  # nobody waits for the disk
        self._chance = random.Random(1)
        self._extent = [GROWING.FIRST["densities"], GROWING.FIRST["replications"]]
        self._busy = False

    def write(self) -> None:
        """Write a little: new runs, failed ones once more, or a larger experiment."""
        pending = self._pending()
        grows = self.writes % 7 == 6
        while grows or len(pending) < 4:
            grows = False
            self._extent[self._chance.randrange(2)] += 1
            self._extent[0] = min(self._extent[0], len(GROWING.DENSITIES))
            self.study.extend(GROWING.experiment(*self._extent))
            pending = self._pending()
        some = self._chance.sample(pending, min(2, len(pending)))
        self.writer.add(GROWING.batch_of(self.study.tasks(sorted(some)), False))
        if self.retry:
            runs = self.study.runs_frame([], ["run_id", "status"])
            failed = runs["run_id"][runs["status"] == "failed"].tolist()
            if failed:
                self.writer.add(GROWING.batch_of(self.study.tasks(self._chance.sample(failed, 1)), True))
        self.writer.commit()
        self.writes += 1

    def _pending(self) -> list[int]:
        return [run for run in self.study.pending().tolist() if run % 11 == 3 or not self.failing]

    def goes_on(self, writes: int) -> bool:
        """Tell whether it has not written so often yet."""
        if self.problem is not None:
            raise self.problem
        return self.writes < writes

    def before(self, statement: str) -> None:
        """Called by SQLite before a reader's statement, which must not see an error."""
        if self._busy or self.writes >= MOST_WRITES or self.problem is not None:
            return
        self._busy = True
        try:
            self.write()
        except Exception as error:
            self.problem = error
        finally:
            self._busy = False


@pytest.fixture
def interleaved(path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a context in which the study is written before each question of a reader."""
    connect = storage.connect

    @contextmanager
    def write_between(*, retry: bool, failing: bool = False) -> Iterator[Interleaved]:
        between = Interleaved(path, retry=retry, failing=failing)
        own = {id(between.study._connection)}

        def connect_watched(file: Path, *, write: bool = False) -> Any:
            connection, notice = connect(file, write=write)
            if not write and Path(file) == path and not between._busy and id(connection) not in own:
                connection.set_trace_callback(between.before)
            return connection, notice

        with closing(between.study), between.study.writing() as between.writer:
            with monkeypatch.context() as patched:
                patched.setattr(storage, "connect", connect_watched)
                yield between
            if between.problem is not None:
                raise between.problem
            assert between.writes > 1

    return write_between


class AsItWas:
    """A finished study as it was when results were read of it: the same runs and nothing else (`ResultsSource`)."""

    def __init__(self, whole: Study, seen: Results) -> None:
        self.whole = whole
        self.ids = seen.base["run_id"].tolist()
        self.experiment, self.shard = seen.experiment, seen.shard
        self.outcome_names, self.agent_types = seen.outcomes, seen.agent_types
        self.seen_points, self.seen_sessions = seen.points.index, seen.sessions
        self.path, self.model_defaults = whole.path, whole.model_defaults

    def sessions(self) -> Any:
        return self.seen_sessions

    def points_frame(self) -> pd.DataFrame:
        return self.whole.points_frame().loc[self.seen_points]

    def runs_frame(self, outcomes: Any = None, **options: Any) -> pd.DataFrame:
        frame = self.whole.runs_frame(self.outcome_names if outcomes is None else outcomes, **options)
        return frame[self.whole.runs_frame([], ["run_id"])["run_id"].isin(self.ids)].reset_index(drop=True)

    def series_blocks(self, run_ids: Any = None, outcomes: Any = None) -> Any:
        return self.whole.series_blocks(self.ids if run_ids is None else run_ids, outcomes)

    def agent_blocks(self, agent_type: str = "") -> Any:
        return self.whole.agent_blocks(agent_type, self.ids)

    def failures_frame(self) -> pd.DataFrame:
        frame = self.whole.failures_frame()
        return frame[frame["run_id"].isin(self.ids)]


@pytest.fixture
def as_it_was() -> Callable[[Study, Results], Results]:
    """Return results of a finished study as it was when others were read of it."""
    return lambda whole, seen: Results(AsItWas(whole, seen))
