"""The tables of results: runs, series, agents, failures, and statistics over replications.

What `Results` adds to them, from files to conclusions, stands above and reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mesa_lab.errors import OutcomeError, suggest
from mesa_lab.formatting import records
from mesa_lab.processing.run_records import RunRecords
from mesa_lab.processing.statistics import summary
from mesa_lab.processing.tables import column_names as tables
from mesa_lab.processing.tables.contents import in_one_snapshot
from mesa_lab.processing.tables.long_table import one_text

__all__ = ["ResultTables"]


class ResultTables(RunRecords):
    """What the runs of a study left behind, as tidy tables."""

    @cached_property
    @in_one_snapshot
    def runs(self) -> pd.DataFrame:
        """One row per run.

        Columns: run_id, point, replication, seed, the varied parameters, the outcomes' final values, steps, time,
        status ("done", "failed" or "timed out"), init_seconds and run_seconds (wall-clock). An outcome that is named
        like one of these is called `"<name> (outcome)"`, such a parameter `"<name> (parameter)"`.
        """
        self.read_all()
        columns: dict[str, Any] = {
            name: self.recorded(name) for name in ("run_id", "point", "replication", "seed")
        }
        columns |= self.parameters_of(columns["point"])
        columns |= {
            column: self.values(name) for name, column in tables.outcome_columns(self.outcomes).items()
        }
        columns |= {
            name: self.recorded(name) for name in ("steps", "time", "status", "init_seconds", "run_seconds")
        }
        return pd.DataFrame(columns)

    @in_one_snapshot
    def series(
        self,
        outcomes: str | Sequence[str] | None = None,
        points: int | Iterable[int] | None = None,
        runs: int | Iterable[int] | None = None,
    ) -> pd.DataFrame:
        """Return what was collected over the steps.

        Args:
            outcomes: Which outcomes; None means all that have a value for each step.
            points: Only runs of these design points, by their numbers.
            runs: Only these runs. Those that have no result yet have no rows.

        Returns:
            One row per run and collected step: run_id, point, replication, the varied parameters, step, time, outcomes.

        Raises:
            OutcomeError: If an outcome is unknown.
            ParameterError: If the study has no such point or run.
        """
        names = self.outcome_list(outcomes, series=True)
        renamed = tables.outcome_columns(names)
        blocks = self.series_blocks(names, self.run_ids(points, runs))
        always = pa.schema([("run_id", pa.int64()), ("step", pa.int64()), ("time", pa.float64())])
        frame = self.long_frame(blocks, lambda name: renamed.get(name, name), tables.SERIES_KEYS, always)
        columns = renamed.values()
        for column in columns:
            if column not in frame:
                frame[column] = np.nan
        return frame[[*(name for name in frame if name not in columns), *columns]]

    @in_one_snapshot
    def agents(self, type: str | None = None) -> pd.DataFrame:  # noqa: A002
        """Return agent-level data.

        Args:
            type: The name of an agent type; None means all agents, told apart by a column `agent_type`.

        Returns:
            One row per run, step and agent: run_id, point, replication, the varied parameters, step, agent_id, and what
            was measured. Empty when the experiment asked for no agents.

        Raises:
            OutcomeError: If there are no data of this type.
        """
        known = [name for name in self.agent_types if name]
        if type is not None and type not in self.agent_types:
            listed = ", ".join(known) or "none; ask for them with Experiment(agents=True)"
            raise OutcomeError(
                f"There are no agent data of '{type}'. There are: {listed}.{suggest(type, known)}"
            )
        frames = []
        for name in self.agent_types if type is None else (type,):
            always = pa.schema([(key, pa.int64()) for key in ("run_id", "step", "agent_id")])
            blocks = self.study.agent_blocks(name)
            frame = self.long_frame(blocks, self.agent_column, tables.AGENT_KEYS, always)
            if frame.empty:
                continue
            if type is None and name:
                frame = frame.rename(columns={"agent_type": "agent_type (parameter)"})
                place = list(frame.columns).index("agent_id") + 1
                frame.insert(place, "agent_type", one_text(name, len(frame)))
            frames.append(frame)
        if not frames:
            return pd.DataFrame(
                {"run_id": [], "point": [], "replication": [], "step": [], "agent_id": []}, dtype="int64"
            )
        return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)

    @cached_property
    @in_one_snapshot
    def failures(self) -> pd.DataFrame:
        """One row per run that failed or timed out: which one, its parameters, and what went wrong.

        Columns: run_id, point, replication, seed, the varied parameters, status, stage, error_type, message, traceback.
        """
        raw = self.study.failures_frame().drop_duplicates("run_id", keep="last").set_index("run_id")
        rows = np.flatnonzero(~self.done)  # a run that a later attempt finished has not failed
        columns: dict[str, Any] = {
            name: self.recorded(name).iloc[rows].reset_index(drop=True)
            for name in ("run_id", "point", "replication", "seed")
        }
        reason = ("stage", "error_type", "message", "traceback")
        columns |= {
            f"{name} (parameter)" if name in reason else name: values
            for name, values in self.parameters_of(columns["point"]).items()
        }
        columns["status"] = self.recorded("status").iloc[rows].reset_index(drop=True)
        reasons = raw.reindex(columns["run_id"]).reset_index(drop=True)
        columns |= {name: reasons[name].fillna("").astype("str") for name in reason}
        return pd.DataFrame(columns)

    def aggregate(
        self,
        outcomes: str | Sequence[str] | None = None,
        by: str | Sequence[str] | None = "point",
        over: str = "final",
        level: float = 0.95,
        quantiles: Sequence[float] = summary.QUANTILES,
    ) -> pd.DataFrame:
        """Summarise outcomes over the runs that came to their end.

        Args:
            outcomes: One outcome, several, or None for all that are numbers. What is recorded of every run can be
                summarised too: `steps`, `time`, `init_seconds`, `run_seconds`.
            by: What to keep apart: "point" (the default), "replication", the names of parameters, or a list of these.
                An empty list puts all runs together.
            over: "final" for the values at the end of each run, "series" for every step.
            level: Level of the confidence interval.
            quantiles: Which quantiles to add, beside the median.

        Returns:
            One row per group and outcome (and step): what it is grouped by (with a point, its parameters), `step`,
            `outcome`, `n_points` (unless by point), `n` (runs with a value), `n_failed` (runs that failed or timed out),
            `n_missing` (finished runs without a value, such as those that stopped before this step), `mean`, `sd` (ddof
            = 1), `ci_low`, `ci_high`, `median`, and quantiles as `q05`. Below n = 2 there is no interval (NaN). The mean
            of a yes-or-no outcome is a share, and its interval Wilson's. `attrs["averaged_over"]` names the varied
            parameters whose differences went into the averages. The interval of a group of several points takes all its
            runs for one sample: it holds the differences between the points as well as chance.

        Raises:
            OutcomeError: If an outcome is unknown or not a number.
            ParameterError: If `by` names something unknown.
        """
        return summary.aggregate(self, outcomes, by, over, level, quantiles)

    def to_records(self) -> list[dict[str, Any]]:
        """Return `runs` as a list of dicts of plain Python values; what is missing is None."""
        return list(records(self.runs))
