"""A study's results as the pages read them: opened for each reading, closed again, read by one thread at a time.

Panels read in threads of their own and come and go while somebody clicks. If they shared an open
file, each would have to know when the last of them is gone. Here nothing stays open; columns that
were read are kept by the results themselves. This room knows studies and results, and no page.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.processing.results import Results
    from mesa_lab.processing.tables.source import Block

__all__ = ["Opened", "StudyFile", "open_results"]


class StudyFile:
    """What results are read from (`ResultsSource`): a file that is open only while it is being read.

    Args:
        path: The study.

    Attributes:
        damage: What is damaged, once something was read that is not what was written; else empty.
        on_damage: Called by whoever reads when that becomes known, while it reads: must return at once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage = ""
        self.on_damage: Callable[[], None] = lambda: None

    @cached_property
    def experiment(self) -> Experiment:
        """What was asked for."""
        return self._ask("experiment")

    @cached_property
    def shard(self) -> Any:
        """The part of the experiment that was asked for."""
        return self._ask("shard")

    @cached_property
    def outcome_names(self) -> tuple[str, ...]:
        """What the runs reported."""
        return self._ask("outcome_names")

    @cached_property
    def agent_types(self) -> tuple[str, ...]:
        """Of which agents there are data."""
        return self._ask("agent_types")

    def sessions(self) -> list[dict[str, Any]]:
        """When, where and with what the runs were made."""
        with self._open() as study:
            return study.sessions()

    def status(self) -> Any:
        """How far the study is."""
        with self._open() as study:
            return study.status()

    def runs_frame(self, outcomes: Sequence[str] | None = None, **words: Any) -> pd.DataFrame:
        """One row per run that has a result."""
        with self._open() as study:
            study.damage = self.damage  # what is known need not be looked for again
            frame = study.runs_frame(outcomes, **words)
        if study.damage != self.damage:
            self.damage = study.damage
            self.on_damage()
        return frame

    def points_frame(self) -> pd.DataFrame:
        """The design points."""
        with self._open() as study:
            return study.points_frame()

    def failures_frame(self) -> pd.DataFrame:
        """One row per failed attempt."""
        with self._open() as study:
            return study.failures_frame()

    def series_blocks(self, run_ids: Any = None, outcomes: Sequence[str] | None = None) -> Iterator[Block]:
        """Series, part by part."""
        with self._open() as study:
            yield from study.series_blocks(run_ids, outcomes)

    def agent_blocks(self, agent_type: str = "", run_ids: Any = None) -> Iterator[Block]:
        """Agents' data, part by part."""
        with self._open() as study:
            yield from study.agent_blocks(agent_type, run_ids)

    def _open(self) -> Any:
        from mesa_lab.study import Study

        return Study.open(self.path)

    def _ask(self, name: str) -> Any:
        with self._open() as study:
            return getattr(study, name)


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
    """

    def __init__(self, file: StudyFile, results: Results) -> None:
        self.path = file.path
        self.file = file
        self.results = results
        self.lock = threading.RLock()
        self.parameters = tuple(results.parameters)
        self.finished = len(results.base)
        self.failed = self.finished - int(results.done.sum())
        self.points = len(results.points)
        self.model_name = results.model_name
        self.outcomes = tuple(name for name in results.outcomes if _is_number(results, name))

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
