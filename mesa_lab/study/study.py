"""Study: an experiment and its results in one file, to be made, grown and driven.

It joins what is below it: reading (`reader.py`), the numbers of the runs (`run_numbers.py`, `extension.py`), the driver's
lease (`database/lease.py`) and its writing (`writing/writer.py`). It knows experiments, and neither Mesa nor joblib.
"""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import StudyError
from mesa_lab.files import path_of
from mesa_lab.preparation.encoding import from_json, from_jsons
from mesa_lab.study import extension, search_study
from mesa_lab.study.damage import check
from mesa_lab.study.database import connection as storage
from mesa_lab.study.database import lease, metadata, schema, temporary
from mesa_lab.study.database.new_file import Draft
from mesa_lab.study.reader import OpenedStudy
from mesa_lab.study.run_numbers import RunPlan
from mesa_lab.study.shards import Shard
from mesa_lab.study.writing.writer import Writer

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["RunTuple", "Study"]

type RunTuple = tuple[int, int, int, int, Mapping[str, Any]]
"""run_id, point, replication, seed, parameters: the fields of `running.recording.Task`."""

_CACHED_POINTS = 50_000


class Study(OpenedStudy):
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
        damage: What is damaged, when rows of runs were read that are not those that were written; else empty.
        is_temporary: Whether it is deleted when it is no longer used.

    Example:
        >>> study = Study("wolves.study")  # doctest: +SKIP
        >>> study.status().done  # doctest: +SKIP
        640
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self.is_temporary = False
        self._points: dict[int, tuple[str, Mapping[str, Any] | None]] = {}

    # ------------------------------------------------------------ making, opening, growing

    @classmethod
    def create(
        cls,
        path: str | Path,
        experiment: Experiment,
        *,
        overwrite: bool = False,
        shard: Shard | None = None,
    ) -> Self:
        """Make a study file for an experiment.

        Args:
            path: Where; the folder must exist.
            experiment: What is to be run.
            overwrite: Take the place of a study that is there, and of its results.
            shard: Ask for this part of the runs only; None asks for all.

        Raises:
            StudyError: If there is a file already, or it cannot be written.
            StudyBusyError: If the study to be overwritten is being run.
        """
        path = path_of(path, "study", StudyError)
        storage.check_new_name(path)
        if path.exists():
            if not overwrite:
                raise storage.exists_already(path)
            lease.refuse_if_driven(path)
        with storage.translate_errors(path), Draft(path, replace=overwrite) as connection:
            schema.lay_out(connection)
            extension.found(connection, experiment, shard)
            text = metadata.meta(connection, "experiment")
        study = cls(path)
        study._known_experiment = text, experiment
        return study

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a study file, to look at it or to go on with it."""
        return cls(path)

    @classmethod
    def temporary(cls, experiment: Experiment, *, shard: Shard | None = None) -> Self:
        """Make a study that is deleted when it is no longer used, for runs that are not to be kept."""
        folder = temporary.make_folder()
        study = cls.create(folder / "temporary.study", experiment, shard=shard)
        study.is_temporary = True
        study._close = weakref.finalize(study, partial(temporary.clear, study._close, folder))
        return study

    @classmethod
    def for_experiment(
        cls,
        experiment: Experiment,
        path: str | Path | None = None,
        *,
        overwrite: bool = False,
        shard: Shard | None = None,
    ) -> Self:
        """Return the study in which an experiment is to be run: made, opened and extended as need be.

        Args:
            experiment: The experiment.
            path: The file; None for a study that is deleted when it is no longer used.
            overwrite: Start afresh, without the results that are there.
            shard: The part of the runs that a new study asks for, None for all; one that is there stays what it is.

        Raises:
            StudyMismatchError: If the file holds runs of an unlike experiment, or is not the shard that is asked for.
            StudyBusyError: If another process drives the study.
            StudyError: If the file cannot be made or used.
        """
        if path is None:
            return cls.temporary(experiment, shard=shard)
        path = path_of(path, "study", StudyError)
        storage.check_name(path)
        if overwrite or not path.exists():
            return cls.create(path, experiment, overwrite=overwrite, shard=shard)
        study = cls.open(path)
        if shard is not None:
            extension.check_shard(study._connection, study.path, shard)
        study.extend(experiment)
        return study

    @classmethod
    def for_search(
        cls,
        experiment: Experiment,
        search: Mapping[str, Any],
        path: str | Path | None = None,
        *,
        budget: int | None = None,
        overwrite: bool = False,
    ) -> Self:
        """Return the study in which a search is carried out: made, or opened to go on.

        Args:
            experiment: What is searched.
            search: The settings of the search, as plain data.
            path: The file; None for a study that is deleted when it is no longer used.
            budget: The largest number of runs, None where there is none.
            overwrite: Start afresh, without the results that are there.

        Raises:
            StudyMismatchError: If the file holds runs of something else.
            StudyBusyError: If another process drives the study.
            StudyError: If the file cannot be made or used.
        """
        is_temporary = path is None
        folder = temporary.make_folder() if path is None else None
        path = folder / "temporary.study" if folder is not None else path_of(path, "study", StudyError)
        storage.check_new_name(path)
        if path.exists() and not overwrite:
            study = cls.open(path)
            study._change(
                lambda writes: search_study.continue_search(writes, path, experiment, search, budget)
            )
        else:
            if path.exists():
                lease.refuse_if_driven(path)
            with storage.translate_errors(path), Draft(path, replace=overwrite) as connection:
                schema.lay_out(connection)
                search_study.found_search(connection, experiment, search, budget)
            study = cls(path)
        with storage.translate_errors(path):
            study._known_experiment = metadata.meta(study._connection, "experiment"), experiment
        if is_temporary and folder is not None:
            study.is_temporary = True
            study._close = weakref.finalize(study, partial(temporary.clear, study._close, folder))
        return study

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
        changed, text = self._change(
            lambda connection: (
                extension.grow(connection, self.path, experiment),
                metadata.meta(connection, "experiment"),
            )
        )
        self._known_experiment = text, experiment  # its model may be one that no other process can find
        if changed:
            self._points.clear()
        return changed

    def _change[T](self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Change what the study asks for, in one transaction, unless another process drives it."""
        connection, _ = storage.connect(self.path, write=True)
        try:
            with storage.translate_errors(self.path), storage.Transaction(connection):
                tenant = lease.read(connection)
                if tenant is not None and tenant.is_alive and not lease.is_ours(tenant):
                    raise lease.busy(self.path, tenant)
                check.look_at_tables(connection, self.path)
                return act(connection)
        finally:
            connection.close()

    # ------------------------------------------------------------ what is to be run

    def plan(self) -> RunPlan:
        """Return the runs that the study asks for: all points once, then the next replication.

        The number of a run stays the same when the study grows.
        """
        with self.snapshot(), storage.translate_errors(self.path):
            return extension.asked(self._connection)

    def pending(self, *, retry_failed: bool = False) -> npt.NDArray[np.int64]:
        """Return the numbers of the runs that have no result yet.

        Args:
            retry_failed: Count runs that failed or timed out among them.
        """
        condition = "WHERE status = 'done'" if retry_failed else ""
        with self.snapshot(), storage.translate_errors(self.path):
            runs = self.plan().run_id
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
        described = self.described_experiment
        seed_of = described.seed_of
        with storage.translate_errors(self.path):
            unsaid = extension.unsaid(self._connection, described)
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
                yield run_id, point, replication, seed_of(key.encode(), replication, unsaid), parameters

    def _load_points(self, points: npt.NDArray[np.int64]) -> None:
        missing = [point for point in np.unique(points).tolist() if point not in self._points]
        if not missing:
            return
        if len(self._points) > _CACHED_POINTS:
            self._points.clear()
            missing = np.unique(points).tolist()
        query = "SELECT point, occurrence, parameters FROM points JOIN json_each(?) ON point = value"
        rows = self._query(query, json.dumps(missing))
        every = from_jsons([text for _, _, text in rows])
        for (point, occurrence, text), parameters in zip(rows, every, strict=True):
            plain = "[" not in text and text.rfind("{") == 0
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
            token: Name for the lease, when a caller waits for it.
            settings: What to note about this session, such as the number of workers.
            on_request: Called from another thread when another process asks to pause, proceed or stop, or writing fails (stop).

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
        except KeyboardInterrupt as error:
            writer.close("interrupted", str(error) or "Ctrl-C")
            if writer.is_displaced:
                writer.raise_trouble()
            raise
        except BaseException as error:
            writer.close("failed", f"{type(error).__name__}: {error}")
            if writer.is_displaced and writer.trouble is not error:
                raise StudyError(str(writer.trouble)) from error  # where the results are
            raise
        else:
            writer.close(writer.ending, writer.message)
            writer.raise_trouble()

    def ask(self, request: str) -> None:
        """Ask the study's driver, in whatever process, to "run", "pause" or "stop"; it hears within a second."""
        connection, _ = storage.connect(self.path, write=True)
        try:
            with storage.translate_errors(self.path):
                connection.execute("UPDATE control SET request = ?", (request,))
        finally:
            connection.close()

    def copy(self, path: str | Path) -> None:
        """Copy the study as it is now into another file, also while it is being run.

        Copying the file itself would miss what SQLite keeps beside it.

        Raises:
            StudyError: If there is a file already, or it cannot be written.
        """
        path = path_of(path, "copy", StudyError)
        storage.check_new_name(path)
        if path.exists():
            raise storage.exists_already(path)
        with storage.translate_errors(path), Draft(path) as connection:
            self._connection.backup(connection)
            connection.execute("DELETE FROM driver")
