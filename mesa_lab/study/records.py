"""The data that flow out of runs: what a run leaves behind, alone and in batches.

A worker answers with a `Batch`: plain tuples for what is one value per run, and Arrow bytes for what is one
row per step or per agent, so that the driver stores results without ever looking into them. `RunResult` is
the same for one run, as a person wants it. This module knows neither Mesa nor joblib nor the study file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "ACTIVE_STATES",
    "STAGES",
    "STATES",
    "STATUSES",
    "Batch",
    "Failure",
    "FailureRecord",
    "RunRecord",
    "RunResult",
    "Scalar",
    "Task",
]

Scalar = bool | int | float | str | None
"""What a cell of a results table may hold. `None` is a missing value; NaN and infinities are values."""

STATUSES: Final = ("done", "failed", "timed out")
"""Of runs that need not run again."""
STATES: Final = {"run": "running", "pause": "paused", "stop": "stopping"}
"""Of a study that has a driver, by what the driver is asked to do."""
ACTIVE_STATES: Final = tuple(STATES.values())
STAGES: Final = ("setting up", "stepping", "measuring", "saving", "worker")


class Task(NamedTuple):
    """One run to carry out: what differs between the runs of an experiment."""

    run_id: int
    point: int
    replication: int
    seed: int | None
    parameters: Mapping[str, Any]


class RunRecord(NamedTuple):
    """One row about one run; `notes` holds one note a line, and is empty when there is nothing to say."""

    run_id: int
    point: int
    replication: int
    seed: int | None
    status: str
    steps: int
    time: float | None
    init_seconds: float
    run_seconds: float
    notes: str


class FailureRecord(NamedTuple):
    """One row about why a run failed or was stopped by its time limit."""

    run_id: int
    stage: str
    error_type: str
    message: str
    traceback: str


@dataclass(frozen=True, slots=True)
class Batch:
    """The results of some runs, encoded: all of it is tuples, scalars and bytes.

    Attributes:
        runs: One record per run.
        outcome_names: The outcomes that at least one run of this batch has. Batches may differ: a model
            that creates a new type of agent half-way has a new count from there on.
        finals: Final values, one tuple per run in the order of `runs`, one cell per name in `outcome_names`.
        series: One Arrow stream for all runs with the columns run_id, step, time and one per outcome, or
            None when no series was collected. A column's type is that of its values: where batches differ
            (null, int64, double, string), the widest holds them all.
        agents: Arrow streams by type of agent, with the columns run_id, step, agent_id and what was asked
            for; under the empty name what was collected over all agents, with a column agent_type. Columns
            that repeat themselves are packed (`mesa_lab.study.reading.series_blocks`).
        failures: One record per run that failed or timed out.
        rows: For `batch_run` alone, which stores nothing: what was collected in each run, as the objects that reporters
            returned, or pickled where it comes from a worker; None for all other runs.
    """

    runs: tuple[RunRecord, ...]
    outcome_names: tuple[str, ...] = ()
    finals: tuple[tuple[Scalar, ...], ...] = ()
    series: bytes | None = None
    agents: Mapping[str, bytes] = field(default_factory=dict)
    failures: tuple[FailureRecord, ...] = ()
    rows: tuple[Any, ...] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        # Named tuples take four times as long to pickle as plain ones.
        plain = tuple(map(tuple, self.runs))
        others = (self.outcome_names, self.finals, self.series, self.agents, self.failures, self.rows)
        return _unpickled, (plain, *others)


def _unpickled(runs: Iterable[Iterable[Any]], *others: Any) -> Batch:
    return Batch(tuple(map(RunRecord._make, runs)), *others)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run did not come to its end.

    Attributes:
        stage: "setting up", "stepping", "measuring", "saving" or "worker" (the process died).
        error_type: Name of the exception's class.
        message: What it said.
        traceback: The model's own lines of the traceback; Mesa Lab's are left out.
    """

    stage: str
    error_type: str
    message: str
    traceback: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """What one run left behind.

    Attributes:
        run_id: Number of the run in its experiment.
        point: Number of the design point.
        iteration: Number of the replication.
        seed: The integer that reproduces the run.
        parameters: The model's parameters.
        status: "done", "failed" or "timed out".
        steps: Steps taken, counted from 0 after set-up.
        time: The model's simulated time at the end; None when the model has none.
        init_seconds: Wall-clock seconds of set-up.
        run_seconds: Wall-clock seconds of all steps and measurements.
        outcomes: Final values by name.
        failure: What went wrong, or None.
        notes: What a reader of these results should know, such as cells that could not be measured.
        series: One row per collected step, or None.
        agents: Tables by type of agent; under the empty name what was collected over all agents.
    """

    run_id: int
    point: int
    iteration: int
    seed: int | None
    parameters: Mapping[str, Any]
    status: str
    steps: int
    time: float | None
    init_seconds: float
    run_seconds: float
    outcomes: Mapping[str, Scalar] = field(default_factory=dict)
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    series: pa.Table | None = field(default=None, repr=False)
    agents: Mapping[str, pa.Table] = field(default_factory=dict, repr=False)
