"""What results are read from, as a list of methods: a study has them, and so can anything else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.study import Shard

__all__ = ["Block", "ResultsSource"]


class Block(Protocol):
    """What was collected over the steps of some runs, not yet unpacked. `mesa_lab.study.reading.series_blocks.Block` is one."""

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns, as `read` returns them."""

    def read(self, first: int | None = None) -> pa.Table:
        """The columns, or only the first of them; stretches of one value may be run-end encoded, texts a dictionary."""

    def table(self) -> pa.Table:
        """All columns as plain ones."""


class ResultsSource(Protocol):
    """The tables of a study. `mesa_lab.study.Study` says what is in each.

    A source that may change while it is read has two more methods, which are not asked of others: `snapshot()`, a context in which
    all that is read belongs to one moment, and `edition()`, what changes when results that were there are replaced by others. One that
    knows them has `sessions()`, `notes()`, `table_names` with `table_blocks(name)`, `output(run_id)`, `code_versions()`,
    `model_defaults` and `rebuild(run_id, step)`.
    """

    @property
    def experiment(self) -> Experiment:
        """What was asked for."""

    @property
    def shard(self) -> Shard | None:
        """The part of the experiment's runs that it asks for, None for all."""

    @property
    def outcome_names(self) -> Sequence[str]:
        """Outcomes that at least one run reported."""

    @property
    def agent_types(self) -> Sequence[str]:
        """Types of agents that have data; the empty name stands for data over all agents."""

    def runs_frame(self, outcomes: Sequence[str] | None = None, columns: Sequence[str] = ...) -> pd.DataFrame:
        """One row per run that has a result: the columns about the run that are asked for, then outcomes."""

    def points_frame(self) -> pd.DataFrame:
        """The design points: index `point`, one column per parameter."""

    def series_blocks(self, run_ids: Any = None, outcomes: Sequence[str] | None = None) -> Iterator[Block]:
        """Series, some runs at a time: run_id, step, time, then outcomes."""

    def agent_blocks(self, agent_type: str = "") -> Iterator[Block]:
        """Agents' data, some runs at a time: run_id, step, agent_id, then what was collected."""

    def failures_frame(self) -> pd.DataFrame:
        """One row per failed attempt: run_id, attempt, stage, error_type, message, traceback."""
