"""Reading a study: nothing before it is asked for, and then only the columns that are needed.

A chart of one outcome does not load fifty, and a million runs are held once. This room reads a study through
`ResultsSource`; it knows neither the file's format nor how runs are made.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import MesaLabError, OutcomeError, suggest
from mesa_lab.formatting import model_label
from mesa_lab.processing.tables import column_names
from mesa_lab.processing.tables.long_table import assemble
from mesa_lab.processing.tables.selection import check_known, numbers_of
from mesa_lab.processing.tables.source import Block, ResultsSource

if TYPE_CHECKING:
    import pyarrow as pa

    from mesa_lab.preparation.experiment import Experiment

__all__ = ["Reader"]

_BASE: Final = ("run_id", "point", "replication", "status")
_TIMES: Final = ("seed", "steps", "time", "init_seconds", "run_seconds")
_OWN: Final = "recorded: "
_OURS: Final = str(Path(__file__).parents[2])
_FIRST_OUTCOME: Final = 3  # after run_id, step and time


class Reader:
    """What is known about the runs of a study, column by column, read once and kept.

    Attributes:
        study: What is read.
    """

    def __init__(self, study: ResultsSource) -> None:
        self.study = study
        self._values: dict[str, pd.Series[Any]] = {}

    @property
    def damage(self) -> str:
        """What is damaged of the study, once something was read that is not what was written; else empty."""
        return getattr(self.study, "damage", "")

    @cached_property
    def experiment(self) -> Experiment:
        """What was asked for."""
        return self.study.experiment

    @cached_property
    def outcomes(self) -> tuple[str, ...]:
        """Names of the outcomes that the runs reported."""
        return tuple(self.study.outcome_names)

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters that vary."""
        return tuple(self.columns)

    @cached_property
    def agent_types(self) -> tuple[str, ...]:
        """Types of agents of which there is agent-level data; empty text stands for all agents together."""
        return tuple(self.study.agent_types)

    @cached_property
    def model_name(self) -> str:
        """The model's name, for people."""
        model = self.experiment.model
        return model_label(model.__name__ if isinstance(model, type) else model)

    @cached_property
    def columns(self) -> dict[str, str]:
        """The column of each varied parameter: its name, or `"<name> (parameter)"` where that is taken."""
        return column_names.parameter_columns(map(str, self._point_values), taken=self.outcomes)

    @cached_property
    def points(self) -> pd.DataFrame:
        """The design matrix: one row per design point (index `point`), one column per varied parameter."""
        return self._point_values.rename(columns=self.columns)

    @cached_property
    def _point_values(self) -> pd.DataFrame:
        raw = self.study.points_frame()
        if "point" in raw.columns and raw.index.name != "point":
            raw = raw.set_index("point")
        space = self.experiment.space
        names = [str(name) for name in raw.columns]
        varied = [
            name for name in names if name in space.varied or (name not in space.fixed or _differs(raw[name]))
        ]
        ordered = [name for name in space.varied if name in varied]
        ordered += [name for name in varied if name not in space.varied]
        frame = pd.DataFrame(
            {name: column_names.settle_parameter(raw[name]) for name in ordered}, index=raw.index
        )
        return frame.rename_axis("point")

    def level_order(self, name: str) -> tuple[Any, ...]:
        """The levels of a parameter in the order in which they were written, where there are such."""
        parameter = self.experiment.space.varied.get(name)
        if parameter is None:
            return ()
        try:
            return tuple(parameter.levels(None))
        except MesaLabError:  # a range has no levels
            return ()

    @cached_property
    def base(self) -> pd.DataFrame:
        """Which runs there are, in the order of their ids: run_id, point, replication, status.

        Runs of points or replications that the experiment no longer asks for stay in the study and are not results.
        """
        raw = self._runs_frame([], _BASE)
        asked = raw["point"].isin(self.points.index) & (raw["replication"] < self.experiment.replications)
        raw = raw[asked].sort_values("run_id", ignore_index=True)
        frame = pd.DataFrame({name: raw[name].astype("int64") for name in _BASE[:3]})
        frame["status"] = pd.Categorical(raw["status"], categories=column_names.STATUSES)
        return frame

    @cached_property
    def point_rows(self) -> npt.NDArray[np.int64]:
        """For each run the row of its point in `points`."""
        return self.points.index.get_indexer(pd.Index(self.base["point"])).astype(np.int64)

    @cached_property
    def done(self) -> npt.NDArray[np.bool_]:
        """For each run whether it came to its end."""
        return np.asarray(self.base["status"] == "done")

    @cached_property
    def status(self) -> dict[str, int]:
        """How many runs are done, failed and timed out."""
        counts = self.base["status"].value_counts()
        return {status: int(counts.get(status, 0)) for status in column_names.STATUSES}

    def values(self, name: str) -> pd.Series[Any]:
        """The final values of one outcome, or what is recorded of each run (such as `steps`), in the order of `base`."""
        if name in self.outcomes or name not in column_names.RECORDED:
            self.outcome_list(name)
            return self._read([name], [])[name]
        return self.recorded(name)

    def recorded(self, name: str) -> pd.Series[Any]:
        """What Mesa Lab recorded of each run under this name, in the order of `base`."""
        return self.base[name] if name in self.base else self._read([], [name])[f"{_OWN}{name}"]

    def read_all(self) -> None:
        """Read everything about the runs at once, which takes less time than column by column."""
        self._read(self.outcomes, _TIMES)

    def _read(self, outcomes: Sequence[str], recorded: Sequence[str]) -> dict[str, pd.Series[Any]]:
        """Read columns that are not there yet."""
        names = [name for name in outcomes if name not in self._values]
        own = [name for name in recorded if f"{_OWN}{name}" not in self._values]
        if names or own:
            raw = self._runs_frame(names, ["run_id", *own])
            first = raw.shape[1] - len(
                names
            )  # an outcome may be named like what is recorded: it stands behind
            rows = pd.Index(raw.iloc[:, list(raw.columns[:first]).index("run_id")]).get_indexer(
                self.base["run_id"]
            )
            for place, name in enumerate(names, first):
                self._values[name] = _taken(raw.iloc[:, place], rows)
            for name in own:
                self._values[f"{_OWN}{name}"] = _taken(
                    raw.iloc[:, list(raw.columns[:first]).index(name)], rows
                )
        return self._values

    def _runs_frame(self, outcomes: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
        known = self.damage
        frame = self.study.runs_frame(outcomes=outcomes, columns=columns)
        if self.damage != known:
            warnings.warn(self.damage, skip_file_prefixes=(_OURS,))  # where the results are asked for
        return frame

    def parameters_of(self, point: Any) -> dict[str, pd.Series[Any]]:
        """The parameter columns of runs, from the points that they belong to."""
        rows = self.points.index.get_indexer(pd.Index(point))
        return {column: values.iloc[rows].reset_index(drop=True) for column, values in self.points.items()}  # type: ignore[misc]

    def series_blocks(self, outcomes: Sequence[str], run_ids: Sequence[int] | None = None) -> Iterator[Block]:
        """Yield run_id, step, time and the outcomes, some runs at a time."""
        return self.study.series_blocks(run_ids=run_ids, outcomes=list(outcomes))

    def series_parts(
        self, outcomes: Sequence[str], run_ids: Sequence[int] | None = None
    ) -> Iterator[pa.Table]:
        """Yield run_id, step, time and the outcomes under their column names, part after part."""
        renamed = column_names.outcome_columns(outcomes)
        for block in self.series_blocks(outcomes, run_ids):
            yield column_names.renamed(block.table(), lambda name: renamed.get(name, name))

    def agent_parts(self, agent_type: str) -> Iterator[pa.Table]:
        """Yield what was measured of the agents of a type, part after part."""
        for block in self.study.agent_blocks(agent_type):
            yield column_names.renamed(block.table(), column_names.agent_column)

    def long_frame(
        self, blocks: Iterable[Block], rename: Callable[[str], str], schema: pa.Schema
    ) -> pd.DataFrame:
        """Put blocks into one frame, with point, replication and the parameters beside what belongs to a run.

        Args:
            blocks: Some runs each, beginning with run_id and step.
            rename: What a column is called that is not Mesa Lab's own.
            schema: Columns that there are in any case.
        """
        held = list(blocks)
        base = pd.Index(self.base["run_id"])
        whole = assemble(held, rename, base.to_numpy(), schema)
        if whole is None:
            parts = column_names.by_first_run(column_names.renamed(block.table(), rename) for block in held)
            return self.with_runs(column_names.to_frame(column_names.concat([schema.empty_table(), *parts])))
        own = self._of_runs(base.get_indexer(pd.Index(whole.run_id)).astype(np.int64), whole.counts)
        return pd.DataFrame(own | whole.columns, copy=False)

    def _of_runs(self, rows: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> dict[str, Any]:
        """Return the columns about runs, given by their rows in `base`, with so many rows for each."""
        columns: dict[str, Any] = {
            name: _repeated(self.base[name].to_numpy()[rows], counts) for name in _BASE[:3]
        }
        places = np.repeat(self.point_rows[rows], counts)
        return columns | {str(name): values.array.take(places) for name, values in self.points.items()}

    def with_runs(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Put point, replication and the parameters beside what belongs to a run, in order of runs and steps."""
        run_id, step = (frame[name].to_numpy(dtype=np.int64) for name in ("run_id", "step"))
        starts, counts = column_names.stretches(run_id)
        if not column_names.in_order(run_id, step, starts):
            order = np.lexsort((step, run_id))  # keeps the agents of a step in their order
            frame, run_id = frame.iloc[order].reset_index(drop=True), run_id[order]
            starts, counts = column_names.stretches(run_id)
        # What belongs to a run is looked up once for all its rows.
        rows = pd.Index(self.base["run_id"]).get_indexer(pd.Index(run_id[starts]))
        if (rows < 0).any():  # runs that came later, or are no longer asked for
            known = np.repeat(rows >= 0, counts)
            frame = frame[known].reset_index(drop=True)
            rows, counts = rows[rows >= 0], counts[rows >= 0]
        columns = self._of_runs(rows, counts)
        columns |= {str(name): frame[name].array for name in frame.columns if name != "run_id"}
        return pd.DataFrame(columns, copy=False)

    def steps_of(
        self, name: str, chosen: npt.NDArray[np.bool_], stride: int = 1
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], pd.Series[Any]]:
        """Read one outcome's series and nothing else.

        Args:
            name: The outcome.
            chosen: For each run in `base` whether it is wanted.
            stride: Keep the steps that are a multiple of this, and the experiment's last.

        Returns:
            Row of the run in `base`, step, and value, one each per kept step.
        """
        self.outcome_list(name)
        ids = pd.Index(self.base["run_id"])
        wanted = None if chosen.all() else ids[chosen].tolist()
        last = self.experiment.max_steps
        parts = []
        for part in self.series_parts([name], wanted):
            if part.num_columns <= _FIRST_OUTCOME:
                continue
            step = part.column(1).to_numpy()
            rows = ids.get_indexer(pd.Index(part.column(0).to_numpy()))
            keep = (rows >= 0) & chosen[rows]
            if stride > 1:
                keep &= (step % stride == 0) | (step == last)
            parts.append(
                part.select([0, 1, _FIRST_OUTCOME]).filter(keep).rename_columns(["run_id", "step", "value"])
            )
        frame = (
            column_names.to_frame(column_names.concat(parts))
            if parts
            else pd.DataFrame({"run_id": [], "step": [], "value": []})
        )
        row = ids.get_indexer(frame["run_id"].to_numpy(dtype=np.int64)).astype(np.int64)
        return row, frame["step"].to_numpy(dtype=np.int64), column_names.settle(frame["value"])

    def outcome_list(
        self, outcomes: str | Sequence[str] | None = None, *, measures: bool = False
    ) -> list[str]:
        """Check the names of outcomes.

        Args:
            outcomes: One name, several, or None for all.
            measures: Accept what is recorded of each run too, such as `steps`.

        Raises:
            OutcomeError: If one is unknown, naming the nearest.
        """
        if outcomes is None:
            return list(self.outcomes)
        names = [outcomes] if isinstance(outcomes, str) else list(outcomes)
        for name in names:
            if name in self.outcomes or (measures and name in column_names.MEASURES):
                continue
            known = ", ".join(self.outcomes) or "nothing yet"
            raise OutcomeError(
                f"Unknown outcome '{name}'. {self.model_name} reports: {known}.{suggest(name, self.outcomes)}"
            )
        return names

    def require_values(self, outcome: str) -> None:
        """Refuse to draw nothing.

        Raises:
            OutcomeError: If no run that came to its end reported the outcome.
        """
        self.outcome_list(outcome, measures=True)
        if not self.values(outcome)[self.done].notna().any():
            raise OutcomeError(f"No run that came to its end reported '{outcome}': there is nothing to draw.")

    def first_outcome(self) -> str:
        """Return the first outcome that is a number.

        Raises:
            OutcomeError: If there is none.
        """
        for name in self.outcomes:
            values = self.values(name)
            if pd.api.types.is_numeric_dtype(values.dtype) and values.notna().any():
                return name
        raise OutcomeError(
            f"{self.model_name} reported no outcome that is a number: there is nothing to draw."
        )

    def run_ids(
        self, points: int | Iterable[int] | None = None, runs: int | Iterable[int] | None = None
    ) -> list[int] | None:
        """Return the ids of those runs of some points, or of some runs, that have a result; None when all are meant.

        Raises:
            ParameterError: If the study has no such point, or asks for no such run.
        """
        if points is None and runs is None:
            return None
        keep = np.ones(len(self.base), dtype=bool)
        if points is not None:
            keep &= np.asarray(self.base["point"].isin(self.known_points(points)))
        if runs is not None:
            numbers, known = numbers_of(runs, "run"), self.base["run_id"].to_numpy()
            if not np.isin(numbers, known).all():  # they may have no result yet
                plan = getattr(self.study, "plan", None)
                check_known(numbers, plan().run_id if plan is not None else known, "run")
            keep &= np.isin(known, numbers)
        return [int(run_id) for run_id in self.base["run_id"][keep]]

    def known_points(self, points: int | Iterable[int]) -> list[int]:
        """Return the numbers of design points as a list.

        Raises:
            ParameterError: If the study has no such point.
        """
        numbers = numbers_of(points, "point")
        check_known(numbers, self.points.index.to_numpy(), "point")
        return [int(number) for number in numbers]


def _repeated(values: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Repeat each value; nothing but zeros takes no memory until it is written to."""
    return np.repeat(values, counts) if values.any() else np.zeros(counts.sum(), np.int64)


def _differs(values: pd.Series[Any]) -> bool:
    return len(column_names.level_codes(values)[1]) > 1


def _taken(values: pd.Series[Any], rows: npt.NDArray[Any]) -> pd.Series[Any]:
    """The values in the order of `base`; a running study may have grown since that was read."""
    return column_names.settle(values.iloc[rows].reset_index(drop=True))
