"""A study file to look at: what it is of, how far it is, and its tables.

Reading needs no lease and runs no code, and may go on while a driver writes. Nothing here changes the file.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from mesa_lab.errors import StudyError, StudyFormatError
from mesa_lab.files import KeptPath, path_of
from mesa_lab.study import batches
from mesa_lab.study.batches import AskedBatch, SearchState
from mesa_lab.study.damage import check as checking
from mesa_lab.study.damage.check import Checked
from mesa_lab.study.database import connection as storage
from mesa_lab.study.database import lease, metadata
from mesa_lab.study.database.tolerant_reader import making_sense
from mesa_lab.study.reading import run_table, side_tables
from mesa_lab.study.reading import series_blocks as blocks
from mesa_lab.study.reading.failure_summary import FailureKind, failure_kinds
from mesa_lab.study.reading.series_blocks import Block
from mesa_lab.study.reading.side_tables import CodeVersion
from mesa_lab.study.records import TABLE
from mesa_lab.study.run_notes import Note
from mesa_lab.study.run_numbers import Layout, RunPlan, plan
from mesa_lab.study.shards import Shard
from mesa_lab.study.status import StudyStatus, read_status

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from mesa_lab.preparation.experiment import Experiment

__all__ = ["OpenedStudy"]


class OpenedStudy:
    """The side of a study that only looks; see `Study`.

    Attributes:
        notices: What the user should know about this file.
        damage: What is damaged, when rows of runs were read that are not those that were written; else empty.
    """

    def __init__(self, path: str | Path) -> None:
        self._place = KeptPath(path_of(path, "study", StudyError))
        self._connection, notice = storage.connect(self.path)
        self.notices: list[str] = [notice] if notice else []
        self.damage = ""
        self._one_reader = threading.RLock()
        self._close = weakref.finalize(self, self._connection.close)
        self._known_experiment: tuple[str, Experiment] | None = None  # with its text in the file
        self._known_points: tuple[tuple[str, int, int], Experiment] | None = None  # of a search
        self._numbered: tuple[Layout, RunPlan] | None = None

    @property
    def path(self) -> Path:
        """The file: it stays the one that was opened, whatever folder one goes to."""
        return self._place.now

    def close(self) -> None:
        """Close the file. A study that is no longer referred to closes by itself."""
        self._close()

    @property
    def is_closed(self) -> bool:
        """Whether nothing more can be read of it."""
        return not self._close.alive

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Have everything that is read within belong to one moment, also while a driver writes.

        Snapshots may be nested: the outermost one counts. A thread that wants one waits until no other thread has one.
        The log beside the study grows for as long as a snapshot of a running study is held.
        """
        with self._one_reader, ExitStack() as held:
            with storage.translate_errors(self.path):
                self._connection.refuse_shared_log()
                held.enter_context(run_table.at_one_moment(self._connection))
            yield

    def edition(self) -> Hashable:
        """Return what changes when results that were there are replaced by others: by a retry, or by another file under the name."""
        with self.snapshot(), storage.translate_errors(self.path):
            made = self._connection.execute("SELECT value FROM meta WHERE key = 'created'").fetchone()
            return self._connection.files[""], made, run_table.replaced_results(self._connection)

    # ------------------------------------------------------------ what it is of

    @property
    def experiment(self) -> Experiment:
        """The experiment, read from the file without running any code; of a search with the points that it has by now."""
        described = self.described_experiment
        if self.is_closed:
            return described if self._known_points is None else self._known_points[1]
        with self.snapshot():
            return self._with_points(described)

    @property
    def described_experiment(self) -> Experiment:
        """The experiment as it was given: of a search without the points that were found since."""
        if self.is_closed and self._known_experiment is not None:
            return self._known_experiment[1]
        with self.snapshot():
            with storage.translate_errors(self.path):
                text = metadata.meta(self._connection, "experiment")
            if (
                self._known_experiment is None or self._known_experiment[0] != text
            ):  # it may have been extended
                self._known_experiment = text, self._read_experiment(text)
        return self._known_experiment[1]

    def _with_points(self, described: Experiment) -> Experiment:
        """Return the experiment of a search with its points so far as its design."""
        with storage.translate_errors(self.path):
            if batches.read_state(self._connection) is None:
                return described
            text = metadata.meta(self._connection, "experiment")
            points, rounds = metadata.size_of(self._connection)
            key = text, points, rounds
            if self._known_points is None or self._known_points[0] != key:
                experiment = described.replace(replications=max(rounds, 1))
                if points:
                    with making_sense("design points"):
                        frame = run_table.points_frame(self._connection)
                    varied = [name for name in described.parameters if name in described.space.varied]
                    experiment = experiment.replace(design=frame[varied] if varied else None)
                self._known_points = key, experiment
            return self._known_points[1]

    @property
    def model_defaults(self) -> dict[str, str]:
        """The model's defaults for parameters that the experiment does not name, as text; empty where they were not noted."""
        with storage.translate_errors(self.path):
            return dict(metadata.model_of(self._connection).get("defaults", {}))

    def _read_experiment(self, text: str) -> Experiment:
        with storage.translate_errors(self.path):
            source = metadata.model_of(self._connection)
        try:
            return self._with_model_file(metadata.experiment_in(text), source)
        except StudyFormatError as error:
            self._look_at_tables()  # damage says more
            raise StudyFormatError(f"'{self.path}' cannot be used: {error}") from error

    def _with_model_file(self, experiment: Experiment, source: Mapping[str, Any]) -> Experiment:
        """Find the model's file when the study is opened from another folder."""
        where, _, name = source["reference"].rpartition(":")
        with suppress(OSError, ValueError, RuntimeError):  # what no file can be called
            if not where.endswith(".py") or Path(where).expanduser().exists():
                return experiment
            for file in (self.path.parent / where, Path(source.get("file", where))):
                if file.exists():
                    return experiment.replace(model=f"{file.as_posix()}:{name}")
        return experiment

    @property
    def shard(self) -> Shard | None:
        """The part of the experiment that the study asks for, None when it asks for all runs."""
        with storage.translate_errors(self.path):
            return metadata.shard_of(self._connection)

    @property
    def search(self) -> SearchState | None:
        """What the study notes of its search; None when it is none."""
        with storage.translate_errors(self.path):
            return batches.read_state(self._connection)

    @property
    def batches(self) -> list[AskedBatch]:
        """The batches of a search, in the order in which they were asked for; none where the study is no search."""
        with self.snapshot(), storage.translate_errors(self.path), making_sense("the batches of its search"):
            return [] if batches.read_state(self._connection) is None else batches.read(self._connection)

    @property
    def outcome_names(self) -> tuple[str, ...]:
        """The outcomes that runs have had so far, in the order of their columns."""
        return tuple(row[0] for row in self._query("SELECT name FROM outcomes ORDER BY position"))

    @property
    def agent_types(self) -> tuple[str, ...]:
        """The types of agent that have data; the empty name stands for data over all agents."""
        return tuple(name for name in self._agent_tables() if not name.startswith(TABLE))

    @property
    def table_names(self) -> tuple[str, ...]:
        """The tables of data collectors that runs have added rows to."""
        return tuple(name.removeprefix(TABLE) for name in self._agent_tables() if name.startswith(TABLE))

    def _agent_tables(self) -> list[str]:
        query = "SELECT DISTINCT agent_type FROM agent_blocks ORDER BY agent_type"
        return [row[0] for row in self._query(query)]

    def sessions(self) -> list[dict[str, Any]]:
        """Return one dict per session of running: when, where, on what, how it ended, and what else to know of it."""
        with self.snapshot():
            names = [row[1] for row in self._query("PRAGMA table_info(sessions)")]
            rows = self._query("SELECT * FROM sessions ORDER BY session")
        found = [dict(zip(names, row, strict=True)) for row in rows]
        with storage.translate_errors(self.path):
            found = [metadata.read_session(session) for session in found]
            for session in found:
                session["notices"] = metadata.read_notices(session["settings"].pop("notices", None))
        return found

    def check(self) -> Checked:
        """Look whether the whole file is as it was written; for a million runs that takes some seconds.

        Returns:
            How many runs were looked at.

        Raises:
            StudyFormatError: If it is not; the message names what is damaged, such as the series of some runs.
        """
        with storage.translate_errors(self.path):
            connection, _ = storage.connect(self.path)
            with closing(connection):
                return checking.check(connection, self.path)

    def status(self) -> StudyStatus:
        """Return how far the study is; quick whatever its size."""
        with storage.translate_errors(self.path):
            return read_status(self._connection, self.path)

    def driver(self) -> lease.Tenant | None:
        """Return who drives the study now, None when no process does."""
        with storage.translate_errors(self.path):
            tenant = lease.read(self._connection)
        return tenant if tenant is not None and tenant.is_alive else None

    def driven_by(self, token: str) -> bool:
        """Tell whether the lease of this name is held."""
        tenant = self.driver()
        return tenant is not None and tenant.token == token

    # ------------------------------------------------------------ reading

    def runs_frame(
        self, outcomes: Sequence[str] | None = None, columns: Sequence[str] = run_table.RUN_COLUMNS
    ) -> pd.DataFrame:
        """Return one row per run that has a result, in the order of run_id.

        Args:
            outcomes: Names; None for all.
            columns: What else is wanted, of `RUN_COLUMNS`. Of a million runs each column takes a quarter of a second, but
                run_id, point, replication, status and attempt take next to nothing.

        Returns:
            These columns in the order of `RUN_COLUMNS`, then one per outcome. Whole numbers and booleans with gaps
            (failed runs have no outcomes) use pandas' nullable types. Where something other was read than was written,
            `damage` says so afterwards.

        Raises:
            OutcomeError: If an outcome is unknown.
        """
        with self.snapshot(), storage.translate_errors(self.path):
            with making_sense("rows of runs"):
                frame, is_sound = run_table.runs_frame(
                    self._connection, self._whole_plan(), outcomes, columns
                )
                forms = side_tables.forms(self._connection)
                first = sum(name in columns for name in run_table.RUN_COLUMNS)
                frame = run_table.with_times(frame, first, forms)
            if not is_sound and not self.damage:
                self.damage = checking.described(self._connection, self.path)
        return frame

    def points_frame(self) -> pd.DataFrame:
        """Return the design points: index `point`, one column per parameter, fixed ones too."""
        with self.snapshot():
            self._look_at_tables()
            with storage.translate_errors(self.path), making_sense("design points"):
                frame = run_table.points_frame(self._connection)
            parameters = self.experiment.parameters
        order = [name for name in parameters if name in frame.columns]
        return frame[[*order, *(name for name in frame.columns if name not in order)]]

    def failures_frame(self) -> pd.DataFrame:
        """Return one row per failed attempt: run_id, attempt, stage, error_type, message, traceback."""
        with storage.translate_errors(self.path), making_sense("the records of failures"):
            return run_table.failures_frame(self._connection)

    def failure_kinds(self, latest: int = 5) -> tuple[FailureKind, ...]:
        """Return what goes wrong, the most frequent first, with the latest runs of each kind; quick however many failed."""
        with self.snapshot(), storage.translate_errors(self.path):
            return failure_kinds(self._connection, latest)

    def series_blocks(self, run_ids: Any = None, outcomes: Sequence[str] | None = None) -> Iterator[Block]:
        """Yield series as they are stored, compressed, each block of some runs.

        Args:
            run_ids: Runs to read; None for all.
            outcomes: Names; None for all. A block lacks the outcomes that its runs do not have.

        Runs that are tried again while the blocks are gone through may be missing, unless a `snapshot` is held meanwhile.
        """
        with storage.translate_errors(self.path):
            yield from blocks.series_blocks(self._connection, self.path, run_ids, outcomes)

    def series_tables(self, run_ids: Any = None, outcomes: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield Arrow tables of series, each of some runs: run_id, step, time and one column per outcome.

        Args:
            run_ids: Runs to read; None for all.
            outcomes: Names; None for all. A table lacks the outcomes that its runs do not have.

        See `series_blocks` on runs that are tried again meanwhile.
        """
        for block in self.series_blocks(run_ids, outcomes):
            yield block.table()

    def agent_blocks(self, agent_type: str = "", run_ids: Any = None) -> Iterator[Block]:
        """Yield agents' data as they are stored, compressed, each block of some runs.

        Args:
            agent_type: Name of an agent class; the empty name for data over all agents.
            run_ids: Runs to read; None for all.
        """
        with storage.translate_errors(self.path):
            yield from blocks.agent_blocks(self._connection, self.path, agent_type, run_ids)

    def agent_tables(self, agent_type: str = "", run_ids: Any = None) -> Iterator[pa.Table]:
        """Yield Arrow tables of agents' data, each of some runs: run_id, step, agent_id and what was collected.

        Args:
            agent_type: Name of an agent class; the empty name for data over all agents.
            run_ids: Runs to read; None for all.
        """
        for block in self.agent_blocks(agent_type, run_ids):
            yield block.table()

    def table_blocks(self, name: str, run_ids: Any = None) -> Iterator[Block]:
        """Yield the rows of a data collector's table as they are stored, compressed, each block of some runs.

        Args:
            name: Name of the table.
            run_ids: Runs to read; None for all.
        """
        return self.agent_blocks(f"{TABLE}{name}", run_ids)

    # ------------------------------------------------------------ beside the results

    def notes(self) -> tuple[Note, ...]:
        """Return which outcomes have lost values and why, in what forms others are kept, and what else runs noted."""
        with self.snapshot(), storage.translate_errors(self.path), making_sense("notes of runs"):
            return side_tables.notes(self._connection)

    def output(self, run_id: int) -> str | None:
        """Return what a run printed, logged and warned of, the end of it; None where nothing was kept."""
        with self.snapshot(), storage.translate_errors(self.path), making_sense("what runs printed"):
            return side_tables.output(self._connection, run_id)

    def steps_of(self, run_id: int) -> int | None:
        """Return the steps that a run completed; None where it has no result."""
        rows = list(self._query("SELECT steps FROM runs WHERE run_id = ?", run_id))
        return int(rows[0][0] or 0) if rows else None

    def code_of(self, run_id: int) -> CodeVersion | None:
        """Return what code a run is of; None where that was not recorded."""
        with self.snapshot(), storage.translate_errors(self.path), making_sense("the records of code"):
            return side_tables.code_of(self._connection, run_id)

    def code_versions(self) -> tuple[CodeVersion, ...]:
        """Return the versions of the model's code that runs are of; empty for studies of older versions."""
        with self.snapshot(), storage.translate_errors(self.path), making_sense("the records of code"):
            return side_tables.code_versions(self._connection)

    def _look_at_tables(self) -> None:
        """Refuse what is not as it was written of the experiment, its points and its outcomes."""
        with storage.translate_errors(self.path):
            checking.look_at_tables(self._connection, self.path)

    def _whole_plan(self) -> RunPlan:
        """Every run that the study ever asked for: the place of a run is its number."""
        with storage.translate_errors(self.path):
            layout = metadata.layout_of(self._connection)
        if self._numbered is None or self._numbered[0] != layout:
            self._numbered = layout, plan(layout)
        return self._numbered[1]

    def _query(self, statement: str, *values: Any) -> list[Any]:
        with storage.translate_errors(self.path):
            return self._connection.execute(statement, values).fetchall()
