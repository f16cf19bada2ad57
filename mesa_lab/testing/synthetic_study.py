"""Results of a real experiment whose outcomes are computed by functions, in memory: what `Results` reads, without a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import pyarrow as pa

    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.processing.results import Results

__all__ = ["SyntheticStudy", "synthetic_results"]


@dataclass(frozen=True)
class _Block:
    """Series that are in memory."""

    rows: pa.Table

    @property
    def schema(self) -> pa.Schema:
        return self.rows.schema

    def read(self, first: int | None = None) -> pa.Table:
        """The table, or its first columns."""
        return self.rows.select(range(self.rows.num_columns if first is None else first))

    def table(self) -> pa.Table:
        """The table."""
        return self.rows


class SyntheticStudy:
    """A study in memory whose outcomes are computed by functions: what `Results` reads, and nothing else.

    Args:
        experiment: The experiment; its model is never looked for.
        outcomes: For each outcome a function of (runs, rng) that returns one value per run: `runs` has one row per run with
            a column for each varied parameter and `replication`.
        failed: Numbers of runs that failed; all points count once, then the next replication.
        seed: Of the functions' generator.
        steps: How many steps each run took. Its series has the start, the middle and the end: a number grows evenly from 0.
    """

    shard = None
    agent_types: tuple[str, ...] = ()

    def __init__(
        self,
        experiment: Experiment,
        outcomes: Mapping[str, Callable[[pd.DataFrame, np.random.Generator], Any]],
        failed: Sequence[int] = (),
        seed: int = 1,
        steps: int = 100,
    ) -> None:
        self.experiment = experiment
        self.outcome_names = tuple(outcomes)
        self._steps = steps
        self._points = experiment.design_matrix()
        n = len(self._points)
        run_id = np.arange(n * experiment.replications)
        status = np.full(len(run_id), "done", dtype=object)
        status[list(failed)] = "failed"
        self._runs = pd.DataFrame(
            {
                "run_id": run_id,
                "point": run_id % max(n, 1),
                "replication": run_id // max(n, 1),
                "seed": run_id,
                "status": status,
                "steps": steps,
                "time": float(steps),
                "init_seconds": 0.01,
                "run_seconds": 0.1,
                "notes": "",
            }
        )
        runs = self._points.iloc[self._runs["point"]].reset_index(drop=True)
        runs["replication"] = self._runs["replication"]
        rng = np.random.default_rng(seed)
        self._finals = pd.DataFrame(index=self._runs.index)
        for name, function in outcomes.items():
            values = pd.Series(function(runs, rng), dtype=None, index=self._runs.index)
            if len(failed):
                values = values.astype(object)
                values.iloc[list(failed)] = None
            self._finals[name] = values

    def runs_frame(
        self, outcomes: Sequence[str] | None = None, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """One row per run: the columns that are asked for, then outcomes."""
        names = self.outcome_names if outcomes is None else outcomes
        runs = self._runs if columns is None else self._runs[[name for name in self._runs if name in columns]]
        return pd.concat([runs, *(self._finals[[name]] for name in names)], axis=1)

    def points_frame(self) -> pd.DataFrame:
        """The design points."""
        return self._points.copy()

    def series_blocks(self, run_ids: Any = None, outcomes: Sequence[str] | None = None) -> Iterator[_Block]:
        """All series of the runs that came to their end, as one block."""
        import pyarrow as pa

        kept = self._runs["status"].to_numpy() == "done"
        if run_ids is not None:
            kept &= self._runs["run_id"].isin(list(run_ids)).to_numpy()
        steps = np.array(sorted({0, self._steps // 2, self._steps}))
        share = steps / max(self._steps, 1)
        columns: dict[str, Any] = {
            "run_id": np.repeat(self._runs["run_id"].to_numpy()[kept], len(steps)),
            "step": np.tile(steps, int(kept.sum())),
        }
        columns["time"] = columns["step"].astype(float)
        for name in self.outcome_names if outcomes is None else outcomes:
            values = self._finals[name].to_numpy()[kept]
            if values.dtype.kind in "if":
                columns[name] = (values[:, None] * share).ravel()
            else:
                columns[name] = pa.array([_part(value, each) for value in values for each in share])
        yield _Block(pa.table(columns))

    def agent_blocks(self, agent_type: str = "") -> Iterator[_Block]:
        """No agents' data."""
        return iter(())

    def failures_frame(self) -> pd.DataFrame:
        """One row per run that failed."""
        failed = self._runs[self._runs["status"] != "done"]
        return pd.DataFrame(
            {
                "run_id": failed["run_id"],
                "attempt": 1,
                "stage": "stepping",
                "error_type": "ValueError",
                "message": "no reason",
                "traceback": "ValueError: no reason",
            }
        )


def _part(value: Any, share: float) -> Any:
    """A share of a final value; of what is no finite number, the value itself."""
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return value * share if is_number and np.isfinite(value) else value


def synthetic_results(
    experiment: Experiment,
    outcomes: Mapping[str, Callable[[pd.DataFrame, np.random.Generator], Any]],
    **options: Any,
) -> Results:
    """Return results of an experiment whose outcomes are computed by functions; no model runs.

    Args:
        experiment: The experiment; its model is never looked for.
        outcomes: For each outcome a function of (runs, rng) that returns one value per run.
        options: Those of `SyntheticStudy`.

    Example:
        >>> import mesa_lab as ml
        >>> experiment = ml.Experiment("none:None", {"x": [1, 2]}, replications=2)
        >>> results = synthetic_results(experiment, {"y": lambda runs, rng: 3 * runs["x"]})
        >>> results.aggregate("y")["mean"].tolist()
        [3.0, 6.0]
    """
    from mesa_lab.processing.results import Results

    return Results(SyntheticStudy(experiment, outcomes, **options))
