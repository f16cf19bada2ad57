"""Study: an experiment and its results in one file.

It joins the rooms below it: the file (`storage`), the numbers of the runs (`layout`, `growth`), the driver's
lease and pen (`lease`, `writer`), the tables (`reading`). It knows experiments, and neither Mesa nor joblib.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from mesa_lab.preparation.encoding import from_json
from mesa_lab.study import growth, lease, reading, storage
from mesa_lab.study.failing import FailureKind, failure_kinds
from mesa_lab.study.layout import RunPlan, plan
from mesa_lab.study.status import StudyStatus, read_status
from mesa_lab.study.writer import Writer

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from mesa_lab.preparation.experiment import Experiment

__all__ = ["RunTuple", "Study"]

type RunTuple = tuple[int, int, int, int, Mapping[str, Any]]
"""run_id, point, replication, seed, parameters: the fields of `running.recording.Task`."""

_CACHED_POINTS = 50_000


class Study:
    """An experiment and its results in one SQLite file.

    Any number of studies may be open on one file, in any process, while one driver writes. Nothing in the file is code,
    and opening it runs none.

    Args:
        path: An existing study file; `Study.create` makes one.

    Raises:
        StudyError: If there is none, or it may not be read.
        StudyFormatError: If the file is no study, is damaged, or comes from a newer version.

    Attributes:
        path: The file.
        notices: What the user should know about this file.
        is_temporary: Whether it is deleted when it is no longer used.

    Example:
        >>> study = Study("wolves.study")
        >>> study.status().done
        640
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._connection, notice = storage.connect(self.path)
        self.notices: list[str] = [notice] if notice else []
        self._close = weakref.finalize(self, self._connection.close)
        self._experiment: Experiment | None = None
        self.is_temporary = False
        self._numbered: tuple[str, RunPlan] | None = None
        self._points: dict[int, tuple[str, Mapping[str, Any] | None]] = {}

    # ------------------------------------------------------------ making, opening, growing

    @classmethod
    def create(cls, path: str | Path, experiment: Experiment, *, overwrite: bool = False) -> Self:
        """Make a study file for an experiment.

        Args:
            path: Where; the folder must exist.
            experiment: What is to be run.
            overwrite: Take the place of a study that is there, and of its results.

        Raises:
            StudyError: If there is a file already, or it cannot be written.
            StudyBusyError: If the study to be overwritten is being run.
        """
        path = Path(path)
        if path.exists():
            if not overwrite:
                raise storage.exists_already(path)
            cls._refuse_if_driven(path)
        with storage.speaking(path), storage.Draft(path, replace=overwrite) as connection:
            storage.lay_out(connection)
            growth.found(connection, experiment)
        study = cls(path)
        study._experiment = experiment
        return study

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a study file, to look at it or to go on with it."""
        return cls(path)

    @classmethod
    def temporary(cls, experiment: Experiment) -> Self:
        """Make a study that is deleted when it is no longer used, for runs that nobody asked to keep."""
        folder = tempfile.mkdtemp(prefix="mesa-lab-")
        study = cls.create(Path(folder, "temporary.study"), experiment)
        study.is_temporary = True
        close = study._close

        def clean() -> None:
            close()
            shutil.rmtree(folder, ignore_errors=True)

        study._close = weakref.finalize(study, clean)
        return study

    @classmethod
    def for_experiment(
        cls, experiment: Experiment, path: str | Path | None = None, *, overwrite: bool = False
    ) -> Self:
        """Return the study in which an experiment is to be run: made, opened and extended as need be.

        Args:
            experiment: The experiment.
            path: The file; None for a study that is deleted when it is no longer used.
            overwrite: Start afresh, without the results that are there.

        Raises:
            StudyMismatchError: If the file holds runs of an unlike experiment.
            StudyBusyError: If another process drives the study.
            StudyError: If the file cannot be made or used.
        """
        if path is None:
            return cls.temporary(experiment)
        if overwrite or not Path(path).exists():
            return cls.create(path, experiment, overwrite=overwrite)
        study = cls.open(path)
        study.extend(experiment)
        return study

    @staticmethod
    def _refuse_if_driven(path: Path) -> None:
        connection, _ = storage.connect(path)
        try:
            tenant = lease.read(connection)
        finally:
            connection.close()
        if tenant is not None and tenant.is_alive:
            raise lease.busy(path, tenant)

    def extend(self, experiment: Experiment) -> bool:
        """Ask for the runs of an experiment: the same one, or one with more replications or more points.

        Args:
            experiment: The experiment.

        Returns:
            Whether anything changed.

        Raises:
            StudyMismatchError: If it would mix unlike runs; the message names each difference.
            StudyBusyError: If another process drives the study.
        """
        connection, _ = storage.connect(self.path, write=True)
        try:
            with storage.speaking(self.path), storage.Transaction(connection):
                tenant = lease.read(connection)
                if tenant is not None and tenant.is_alive and not lease.is_ours(tenant):
                    raise lease.busy(self.path, tenant)
                changed = growth.grow(connection, self.path, experiment)
        finally:
            connection.close()
        self._experiment = experiment
        if changed:
            self._points.clear()
        return changed

    def close(self) -> None:
        """Close the file. A study that is no longer referred to closes by itself."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    # ------------------------------------------------------------ what it is of

    @property
    def experiment(self) -> Experiment:
        """The experiment, read from the file without running any code."""
        if self._experiment is None:
            from mesa_lab.preparation.experiment import Experiment

            with storage.speaking(self.path):
                text = growth.meta(self._connection, "experiment")
                source = json.loads(growth.meta(self._connection, "model"))
            self._experiment = self._with_model_file(Experiment.from_toml(text), source)
        return self._experiment

    def _with_model_file(self, experiment: Experiment, source: Mapping[str, Any]) -> Experiment:
        """Find the model's file when the study is opened from another folder."""
        where, _, name = source["reference"].rpartition(":")
        if not where.endswith(".py") or Path(where).expanduser().exists():
            return experiment
        for file in (self.path.parent / where, Path(source.get("file", where))):
            if file.exists():
                return experiment.replace(model=f"{file.as_posix()}:{name}")
        return experiment

    @property
    def outcome_names(self) -> tuple[str, ...]:
        """The outcomes that runs have had so far, in the order of their columns."""
        return tuple(row[0] for row in self._query("SELECT name FROM outcomes ORDER BY position"))

    @property
    def agent_types(self) -> tuple[str, ...]:
        """The types of agent that have data; the empty name stands for data over all agents."""
        return tuple(
            row[0] for row in self._query("SELECT DISTINCT agent_type FROM agent_blocks ORDER BY agent_type")
        )

    def sessions(self) -> list[dict[str, Any]]:
        """Return one dict per session of running: when, where, on what, and how it ended."""
        names = [row[1] for row in self._query("PRAGMA table_info(sessions)")]
        found = [
            dict(zip(names, row, strict=True))
            for row in self._query("SELECT * FROM sessions ORDER BY session")
        ]
        for session in found:
            for name in ("settings", "packages", "machine", "model_source"):
                session[name] = json.loads(session[name] or "{}")
        return found

    def status(self) -> StudyStatus:
        """Return how far the study is; quick whatever its size."""
        with storage.speaking(self.path):
            return read_status(self._connection, self.path)

    # ------------------------------------------------------------ what is to be run

    def plan(self) -> RunPlan:
        """Return the runs that the study asks for: all points once, then the next replication.

        The number of a run stays the same when the study grows.
        """
        layout = json.loads(self._query("SELECT value FROM meta WHERE key = 'layout'")[0][0])
        replications = json.loads(self._query("SELECT value FROM meta WHERE key = 'size'")[0][0])[1]
        wanted = np.ones(layout[-1][0], np.bool_)
        wanted[[row[0] for row in self._query("SELECT point FROM points WHERE NOT wanted")]] = False
        return plan(layout, wanted, replications)

    def _whole_plan(self) -> RunPlan:
        """Every run that the study ever asked for: the place of a run is its number."""
        layout = self._query("SELECT value FROM meta WHERE key = 'layout'")[0][0]
        if self._numbered is None or self._numbered[0] != layout:
            self._numbered = layout, plan(json.loads(layout))
        return self._numbered[1]

    def pending(self, *, retry_failed: bool = False) -> npt.NDArray[np.int64]:
        """Return the numbers of the runs that have no result yet.

        Args:
            retry_failed: Count runs that failed or timed out among them.
        """
        runs = self.plan().run_id
        condition = "WHERE status = 'done'" if retry_failed else ""
        with storage.speaking(self.path):
            cursor = self._connection.execute(f"SELECT run_id FROM runs {condition}")
            have = np.fromiter((row[0] for row in cursor), np.int64)
        return runs[~np.isin(runs, have, assume_unique=True)] if len(have) else runs

    def tasks(self, run_ids: Iterable[int]) -> Iterator[RunTuple]:
        """Yield what is needed to carry out runs, in the order given.

        Args:
            run_ids: Numbers of runs of this study.

        Yields:
            (run_id, point, replication, seed, parameters).
        """
        whole = self._whole_plan()
        numbers = np.asarray(run_ids if isinstance(run_ids, np.ndarray) else list(run_ids), np.int64)
        seed_of = self.experiment.seed_of
        for start in range(0, len(numbers), 2000):
            portion = numbers[start : start + 2000]
            points, replications = whole.point[portion], whole.replication[portion]
            self._load_points(points)
            for run_id, point, replication in zip(
                portion.tolist(), points.tolist(), replications.tolist(), strict=True
            ):
                key, parameters = self._points[point]
                if parameters is None:  # a model might change what it is given: each run gets its own
                    parameters = from_json(key.partition(":")[2])
                yield run_id, point, replication, seed_of(key.encode(), replication), parameters

    def _load_points(self, points: npt.NDArray[np.int64]) -> None:
        missing = [point for point in np.unique(points).tolist() if point not in self._points]
        if not missing:
            return
        if len(self._points) > _CACHED_POINTS:
            self._points.clear()
            missing = np.unique(points).tolist()
        query = "SELECT point, occurrence, parameters FROM points JOIN json_each(?) ON point = value"
        for point, occurrence, text in self._query(query, json.dumps(missing)):
            parameters = from_json(text)
            plain = not any(isinstance(value, list | dict | tuple) for value in parameters.values())
            self._points[point] = f"{occurrence}:{text}", parameters if plain else None

    # ------------------------------------------------------------ writing

    @contextmanager
    def writing(
        self,
        *,
        token: str | None = None,
        settings: Mapping[str, Any] | None = None,
        on_request: Callable[[str], None] | None = None,
    ) -> Iterator[Writer]:
        """Drive the study: hold its lease, and write results into it.

        Args:
            token: Name for the lease, when somebody waits for it.
            settings: What to note about this session, such as the number of workers.
            on_request: Called from another thread when somebody asks to pause, proceed or stop, or writing fails (stop).

        Yields:
            The writer: `add(batch)`, `commit()`, `request`. What it was given is on disk within a second, and when the
            context ends, however it ends.

        Raises:
            StudyBusyError: If another process drives the study.
            StudyError: If it cannot be written.
        """
        writer = Writer(
            self.path, token=token, settings=settings, on_request=on_request, durable=not self.is_temporary
        )
        try:
            yield writer
        except KeyboardInterrupt:
            writer.close("interrupted", "Ctrl-C")
            raise
        except BaseException as error:
            writer.close("failed", f"{type(error).__name__}: {error}")
            raise
        else:
            writer.close(writer.ending, writer.message)
            writer.raise_trouble()

    def driver(self) -> lease.Tenant | None:
        """Return who drives the study now, None when nobody does."""
        with storage.speaking(self.path):
            tenant = lease.read(self._connection)
        return tenant if tenant is not None and tenant.is_alive else None

    def driven_by(self, token: str) -> bool:
        """Tell whether the lease of this name is held."""
        tenant = self.driver()
        return tenant is not None and tenant.token == token

    def ask(self, request: str) -> None:
        """Ask the study's driver, in whatever process, to "run", "pause" or "stop"; it hears within a second."""
        connection, _ = storage.connect(self.path, write=True)
        try:
            with storage.speaking(self.path):
                connection.execute("UPDATE control SET request = ?", (request,))
        finally:
            connection.close()

    def copy(self, path: str | Path) -> None:
        """Copy the study as it is now into another file, also while it is being run.

        Copying the file itself would miss what SQLite keeps beside it.

        Raises:
            StudyError: If there is a file already, or it cannot be written.
        """
        path = Path(path)
        if path.exists():
            raise storage.exists_already(path)
        with storage.speaking(path), storage.Draft(path) as connection:
            self._connection.backup(connection)
            connection.execute("DELETE FROM driver")

    # ------------------------------------------------------------ reading

    def runs_frame(
        self, outcomes: Sequence[str] | None = None, columns: Sequence[str] = reading.RUN_COLUMNS
    ) -> pd.DataFrame:
        """Return one row per run that has a result, in the order of run_id.

        Args:
            outcomes: Names; None for all.
            columns: What else is wanted, of `RUN_COLUMNS`. Of a million runs each column takes a quarter of a second, but
                run_id, point, replication, status and attempt take next to nothing.

        Returns:
            These columns in the order of `RUN_COLUMNS`, then one per outcome. Whole numbers and booleans with gaps
            (failed runs have no outcomes) use pandas' nullable types.

        Raises:
            OutcomeError: If an outcome is unknown.
        """
        with storage.speaking(self.path):
            return reading.runs_frame(self._connection, self._whole_plan(), outcomes, columns)

    def points_frame(self) -> pd.DataFrame:
        """Return the design points: index `point`, one column per parameter, fixed ones too."""
        with storage.speaking(self.path):
            frame = reading.points_frame(self._connection)
        order = [name for name in self.experiment.parameters if name in frame.columns]
        return frame[[*order, *(name for name in frame.columns if name not in order)]]

    def failures_frame(self) -> pd.DataFrame:
        """Return one row per failed attempt: run_id, attempt, stage, error_type, message, traceback."""
        with storage.speaking(self.path):
            return reading.failures_frame(self._connection)

    def failure_kinds(self, latest: int = 5) -> tuple[FailureKind, ...]:
        """Return what goes wrong, the most frequent first, with the latest runs of each kind; quick however many failed."""
        with storage.speaking(self.path):
            return failure_kinds(self._connection, latest)

    def series_tables(self, run_ids: Any = None, outcomes: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield Arrow tables of series, each of some runs: run_id, step, time and one column per outcome.

        Args:
            run_ids: Runs to read; None for all.
            outcomes: Names; None for all. A table lacks the outcomes that its runs do not have.
        """
        with storage.speaking(self.path):
            yield from reading.series_tables(self._connection, self.path, run_ids, outcomes)

    def agent_tables(self, agent_type: str = "", run_ids: Any = None) -> Iterator[pa.Table]:
        """Yield Arrow tables of agents' data, each of some runs: run_id, step, agent_id and what was collected.

        Args:
            agent_type: Name of an agent class; the empty name for data over all agents.
            run_ids: Runs to read; None for all.
        """
        with storage.speaking(self.path):
            yield from reading.agent_tables(self._connection, self.path, agent_type, run_ids)

    def _query(self, statement: str, *values: Any) -> list[Any]:
        with storage.speaking(self.path):
            return self._connection.execute(statement, values).fetchall()
