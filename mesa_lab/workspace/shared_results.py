"""A study's results as the pages read them: opened for each reading, closed again, read by one thread at a time.

Panels read in threads of their own and come and go while a user clicks. If they shared an open
file, each would have to know when the last of them is gone. Here nothing stays open; columns that
were read are kept by the results themselves. This module knows studies and results, and no page.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.processing.analysis.conclusion import Conclusion
    from mesa_lab.processing.results import Results
    from mesa_lab.processing.tables.source import Block
    from mesa_lab.study import Shard, Study
    from mesa_lab.study.batches import AskedBatch, SearchState
    from mesa_lab.study.reading.side_tables import CodeVersion
    from mesa_lab.study.run_notes import Note
    from mesa_lab.study.study import RunTuple

__all__ = ["Opened", "StudyFile", "open_results"]

MOST_LEVELS: Final = 50
"""Levels that a list offers; a parameter with more is compared by points."""


class StudyFile:
    """What results are read from (`ResultsSource`): a file that is open only while it is being read.

    Args:
        path: The study.

    Attributes:
        damage: What is damaged, once something was read that is not what was written; else empty.
        is_replaced: Whether results that were read have been replaced by others since.
        on_news: Called by the thread that reads when one of these becomes known, while it reads: must return at once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.damage = ""
        self.is_replaced = False
        self.on_news: Callable[[], None] = lambda: None
        self._edition: Hashable = None
        self._one_reader = threading.RLock()
        self._study: Study | None = None

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Have everything that is read within belong to one moment of one file."""
        with self._reading():
            yield

    @contextmanager
    def _reading(self) -> Iterator[Study]:
        from mesa_lab.study import Study

        with self._one_reader:
            if self._study is not None:
                yield self._study
                return
            with Study.open(self.path) as study, study.snapshot():
                self._study = study
                try:
                    yield study
                finally:
                    self._study = None

    def edition(self) -> Hashable:
        """What changes when results are replaced by others: by a retry, or by another file under the name."""
        with self._reading() as study:
            found = study.edition()
        if self._edition not in (None, found):
            self.is_replaced = True
            self.on_news()
        self._edition = found
        return found

    @property
    def experiment(self) -> Experiment:
        """What was asked for."""
        with self._reading() as study:
            return study.experiment

    @property
    def described_experiment(self) -> Experiment:
        """The same without the points that a search has found since."""
        with self._reading() as study:
            return study.described_experiment

    @property
    def search(self) -> SearchState | None:
        """What the study notes of its search."""
        with self._reading() as study:
            return study.search

    @property
    def batches(self) -> list[AskedBatch]:
        """The batches of a search."""
        with self._reading() as study:
            return study.batches

    @property
    def model_defaults(self) -> dict[str, str]:
        """The model's defaults that were noted."""
        with self._reading() as study:
            return study.model_defaults

    @property
    def shard(self) -> Shard | None:
        """The part of the experiment that was asked for."""
        with self._reading() as study:
            return study.shard

    @property
    def outcome_names(self) -> tuple[str, ...]:
        """What the runs reported."""
        with self._reading() as study:
            return study.outcome_names

    @property
    def agent_types(self) -> tuple[str, ...]:
        """Of which agents there are data."""
        with self._reading() as study:
            return study.agent_types

    @property
    def table_names(self) -> tuple[str, ...]:
        """Which tables of data collectors have rows."""
        with self._reading() as study:
            return study.table_names

    def table_blocks(self, name: str, run_ids: Any = None) -> Iterator[Block]:
        """Rows of a data collector's table, part by part."""
        with self._reading() as study:
            yield from study.table_blocks(name, run_ids)

    def notes(self) -> tuple[Note, ...]:
        """What is to be said of the values."""
        with self._reading() as study:
            return study.notes()

    def output(self, run_id: int) -> str | None:
        """What a run printed."""
        with self._reading() as study:
            return study.output(run_id)

    def code_versions(self) -> tuple[CodeVersion, ...]:
        """What code the runs are of."""
        with self._reading() as study:
            return study.code_versions()

    def sessions(self) -> list[dict[str, Any]]:
        """When, where and with what the runs were made."""
        with self._reading() as study:
            return study.sessions()

    def runs_frame(
        self, outcomes: Sequence[str] | None = None, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """One row per run that has a result."""
        with self._reading() as study:
            study.damage = self.damage  # what is known need not be looked for again
            frame = study.runs_frame(outcomes) if columns is None else study.runs_frame(outcomes, columns)
            found = study.damage
        if found != self.damage:
            self.damage = found
            self.on_news()
        return frame

    def tasks(self, run_ids: Iterable[int]) -> list[RunTuple]:
        """What is needed to carry out runs again."""
        with self._reading() as study:
            return list(study.tasks(run_ids))

    def points_frame(self) -> pd.DataFrame:
        """The design points."""
        with self._reading() as study:
            return study.points_frame()

    def failures_frame(self) -> pd.DataFrame:
        """One row per failed attempt."""
        with self._reading() as study:
            return study.failures_frame()

    def series_blocks(self, run_ids: Any = None, outcomes: Sequence[str] | None = None) -> Iterator[Block]:
        """Series, part by part."""
        with self._reading() as study:
            yield from study.series_blocks(run_ids, outcomes)

    def agent_blocks(self, agent_type: str = "", run_ids: Any = None) -> Iterator[Block]:
        """Agents' data, part by part."""
        with self._reading() as study:
            yield from study.agent_blocks(agent_type, run_ids)


class Opened:
    """Results, and the lock under which they are read.

    Attributes:
        path: The study.
        file: What they are read from.
        results: Its results; read them with `lock` held, and not while a page is drawn.
        lock: One reader at a time, so that no column is read twice.
        outcomes: Outcomes that are numbers, which charts can show.
        parameters: The varied parameters.
        finished: How many runs had a result when it was opened.
        failed: How many of them failed or timed out.
        points: How many design points there are.
        model_name: What the model is called.
        goals: What a search went for by outcome, "max" or "min"; nothing where the results come from none.
        question: The name of the question that the experiment was made for; empty for none.
        answers: Conclusions that were drawn from them, by outcome, question and what was chosen about it.
        answering: Held by whoever draws conclusions: one at a time.
    """

    def __init__(self, file: StudyFile, results: Results) -> None:
        self.path = file.path
        self.file = file
        self.results = results
        self.lock = threading.RLock()
        self.answers: dict[tuple[str, str, str], Conclusion] = {}
        self.answering = threading.Lock()
        self.question: str = getattr(results.experiment, "question", None) or ""
        with results.snapshot():
            self.parameters = tuple(results.parameters)
            searched = results.searched
            self.goals: dict[str, str] = dict(searched.goals) if searched is not None else {}
            self.finished = len(results.base)
            self.failed = self.finished - int(results.done.sum())
            self.points = len(results.points)
            self.model_name = results.model_name
            self.outcomes = tuple(name for name in results.outcomes if _is_number(results, name))

    @cached_property
    def apart(self) -> Results:
        """The same results once more, with a reader of their own: drawing conclusions takes long, and holds up no chart."""
        from mesa_lab.processing.results import Results

        file = StudyFile(self.path)

        def tell() -> None:
            self.file.damage = self.file.damage or file.damage
            self.file.is_replaced = self.file.is_replaced or file.is_replaced
            self.file.on_news()

        file.on_news = tell
        return Results(file)

    @cached_property
    def by_point(self) -> pd.DataFrame:
        """Mean and interval of each outcome at each point; a row per point and outcome."""
        with self.lock:
            table = self.results.aggregate(list(self.outcomes) or None)
            table.attrs = {}
            return table

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row per run."""
        with self.lock:
            return self.results.runs

    @cached_property
    def remarks(self) -> tuple[str, ...]:
        """Which outcomes have lost values and why, and that runs are of several versions of the model's code."""
        from mesa_lab.study.reading.side_tables import code_notice
        from mesa_lab.study.run_notes import notices

        with self.lock:
            said = code_notice(self.file.code_versions())
            return (*notices(self.file.notes(), self.finished), *([said] if said else []))

    @cached_property
    def levels(self) -> dict[str, list[Any]]:
        """The levels of each parameter that has few enough to choose from, in order."""
        from mesa_lab.processing.tables.column_names import level_codes

        results, found = self.results, {}
        for name in self.parameters:
            _, levels = level_codes(results.points[results.columns[name]], results.level_order(name))
            if 2 <= len(levels) <= MOST_LEVELS:
                found[name] = levels
        return found

    @cached_property
    def failures(self) -> pd.DataFrame:
        """One row per run that failed."""
        with self.lock:
            return self.results.failures


def open_results(path: Path) -> Opened:
    """Read what a page needs to know at once; the rest is read when it is asked for.

    Raises:
        StudyError: If there is no study, or it cannot be read.
    """
    from mesa_lab.processing.results import Results

    file = StudyFile(path)
    return Opened(file, Results(file))


def _is_number(results: Results, name: str) -> bool:
    from pandas.api.types import is_numeric_dtype

    values = results.values(name)
    return bool(is_numeric_dtype(values.dtype) and values.notna().any())
