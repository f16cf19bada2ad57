"""Reading a study: nothing before it is asked for, and then only the columns that are needed.

A chart of one outcome does not load fifty, and a million runs are held once. Which runs there are is read first (`contents`), and what
is read later is read of these runs. This module reads a study through `ResultsSource`; it knows neither the file's format nor how runs
are made.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import OutcomeError, suggest
from mesa_lab.formatting import model_label, shorten, show
from mesa_lab.preparation.parameters.choice import Listed
from mesa_lab.processing.tables import column_names
from mesa_lab.processing.tables.contents import Snapshots, in_one_snapshot
from mesa_lab.processing.tables.long_table import assemble
from mesa_lab.processing.tables.nothing_to_show import nothing_ended, nothing_reported
from mesa_lab.processing.tables.search_record import SearchRecord, search_record
from mesa_lab.processing.tables.selection import check_known, numbers_of
from mesa_lab.processing.tables.source import Block, ResultsSource
from mesa_lab.study.records import STATUSES

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Reader"]

_RUN: Final = ("run_id", "point", "replication")
_TIMES: Final = ("seed", "steps", "time", "init_seconds", "run_seconds")
_OWN: Final = "recorded: "
_FIRST_OUTCOME: Final = 3  # after run_id, step and time


class Reader(Snapshots):
    """What is known about the runs of a study, column by column, read once and kept.

    Attributes:
        study: What is read.
    """

    def __init__(self, study: ResultsSource) -> None:
        super().__init__(study)
        self._values: dict[str, pd.Series[Any]] = {}

    def _forget(self) -> None:
        super()._forget()
        self._values.clear()

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters that vary."""
        return tuple(self.columns)

    @cached_property
    def model_name(self) -> str:
        """The model's name, for people."""
        model = self.experiment.model
        return model_label(model.__name__ if isinstance(model, type) else model)

    @cached_property
    def columns(self) -> dict[str, str]:
        """The column of each varied parameter: its name, or `"<name> (parameter)"` where that is taken."""
        return column_names.parameter_columns(map(str, self._contents.points), taken=self.outcomes)

    @cached_property
    def points(self) -> pd.DataFrame:
        """The design matrix: one row per design point (index `point`), one column per varied parameter."""
        return self._contents.points.rename(columns=self.columns)

    @property
    def searched(self) -> SearchRecord | None:
        """The search that these results come from; None where they are of a fixed design."""
        return search_record(self.study)

    @cached_property
    def held(self) -> dict[str, str]:
        """The parameters that were held fixed, with their values as text: those of the experiment, then the model's defaults."""
        defaults: dict[str, str] = getattr(self.study, "model_defaults", {})
        given = {name: shorten(show(value)) for name, value in self.experiment.space.fixed.items()}
        return {
            **given,
            **{name: text for name, text in defaults.items() if name not in self.experiment.parameters},
        }

    def level_order(self, name: str) -> tuple[Any, ...]:
        """The levels of a parameter in the order in which they were written, where there are such."""
        parameter = self.experiment.space.varied.get(name)
        return tuple(parameter.levels()) if isinstance(parameter, Listed) else ()

    @property
    def base(self) -> pd.DataFrame:
        """Which runs there are, in the order of their ids: run_id, point, replication, status.

        Runs of points or replications that the experiment no longer asks for stay in the study and are not results.
        """
        return self._contents.runs

    @cached_property
    def point_rows(self) -> npt.NDArray[np.int64]:
        """For each run the row of its point in `points`."""
        return column_names.rows_of(self.points.index, self.base["point"])

    @cached_property
    def done(self) -> npt.NDArray[np.bool_]:
        """For each run whether it came to its end."""
        return np.asarray(self.base["status"] == "done")

    @cached_property
    def status(self) -> dict[str, int]:
        """How many runs are done, failed and timed out."""
        counts = self.base["status"].value_counts()
        return {status: int(counts.get(status, 0)) for status in STATUSES}

    @in_one_snapshot
    def values(self, name: str) -> pd.Series[Any]:
        """The final values of one outcome, or what is recorded of each run (such as `steps`), in the order of `base`."""
        if not isinstance(name, str):
            raise OutcomeError(f"The outcome is {name!r}. Give the name of one, as text.")
        if name in self.outcomes or name not in column_names.RECORDED:
            self.outcome_list(name)
            return self._read([name], [])[name]
        return self.recorded(name)

    @in_one_snapshot
    def recorded(self, name: str) -> pd.Series[Any]:
        """What Mesa Lab recorded of each run under this name, in the order of `base`."""
        return self.base[name] if name in self.base else self._read([], [name])[f"{_OWN}{name}"]

    @in_one_snapshot
    def read_all(self) -> None:
        """Read everything about the runs at once, which takes less time than column by column."""
        self._read(self.outcomes, _TIMES)

    def _read(self, outcomes: Sequence[str], recorded: Sequence[str]) -> dict[str, pd.Series[Any]]:
        """Read columns that are not there yet."""
        unreported = [name for name in outcomes if name not in self._reported]
        self._values |= {name: pd.Series(np.full(len(self.base), np.nan)) for name in unreported}
        names = [name for name in outcomes if name not in self._values]
        own = [name for name in recorded if f"{_OWN}{name}" not in self._values]
        if names or own:
            base = self.base
            raw = self._runs_frame(names, ["run_id", *own])
            # An outcome may be named like what is recorded: it stands behind.
            first = raw.shape[1] - len(names)
            ids = raw.iloc[:, list(raw.columns[:first]).index("run_id")]
            rows = column_names.rows_of(pd.Index(ids), base["run_id"])  # there may be more by now
            for place, name in enumerate(names, first):
                self._values[name] = _taken(raw.iloc[:, place], rows)
            for name in own:
                self._values[f"{_OWN}{name}"] = _taken(
                    raw.iloc[:, list(raw.columns[:first]).index(name)], rows
                )
        return self._values

    def parameters_of(self, point: Any) -> dict[str, pd.Series[Any]]:
        """The parameter columns of runs, from the points that they belong to."""
        rows = column_names.rows_of(self.points.index, point)
        return {column: values.iloc[rows].reset_index(drop=True) for column, values in self.points.items()}  # type: ignore[misc]

    def series_blocks(self, outcomes: Sequence[str], run_ids: Sequence[int] | None = None) -> Iterator[Block]:
        """Yield run_id, step, time and the outcomes, some runs at a time."""
        reported = [name for name in outcomes if name in self._reported]
        return self.study.series_blocks(run_ids=run_ids, outcomes=reported)

    def series_parts(
        self, outcomes: Sequence[str], run_ids: Sequence[int] | None = None
    ) -> Iterator[pa.Table]:
        """Yield run_id, step, time and the outcomes under their column names, part after part."""
        renamed = column_names.outcome_columns(outcomes)
        for block in self.series_blocks(outcomes, run_ids):
            yield column_names.renamed(
                block.table(), lambda name: renamed.get(name, name), column_names.SERIES_KEYS
            )

    def agent_parts(self, agent_type: str) -> Iterator[pa.Table]:
        """Yield what was measured of the agents of a type, part after part."""
        for block in self.study.agent_blocks(agent_type):
            yield column_names.renamed(block.table(), self.agent_column, column_names.AGENT_KEYS)

    def agent_column(self, name: str) -> str:
        """The column of what was measured of agents; no parameter has it."""
        return column_names.agent_column(name, self.columns.values())

    @in_one_snapshot
    def long_frame(
        self, blocks: Iterable[Block], rename: Callable[[str], str], keys: Sequence[str], schema: pa.Schema
    ) -> pd.DataFrame:
        """Put blocks into one frame, with point, replication and the parameters beside what belongs to a run.

        Args:
            blocks: Some runs each, beginning with run_id and step.
            rename: What a column is called that is no key.
            keys: With what columns the blocks begin.
            schema: Columns that there are in any case.
        """
        held = list(blocks)
        base = pd.Index(self.base["run_id"])
        whole = assemble(held, rename, base.to_numpy(), keys, schema)
        if whole is None:
            renamed = (column_names.renamed(block.table(), rename, keys) for block in held)
            parts = column_names.by_first_run(renamed)
            return self.with_runs(column_names.to_frame(column_names.concat([schema.empty_table(), *parts])))
        own = self._of_runs(column_names.rows_of(base, whole.run_id), whole.counts, whole.columns)
        return pd.DataFrame(own | whole.columns, copy=False)

    def _of_runs(
        self, rows: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], beside: Container[str]
    ) -> dict[str, Any]:
        """Return the columns about runs, given by their rows in `base`, with so many rows for each.

        Beside the key of a table, such as `agent_id`, a parameter of that name is called `agent_id (parameter)`.
        """
        columns: dict[str, Any] = {name: _repeated(self.base[name].to_numpy()[rows], counts) for name in _RUN}
        places = np.repeat(self.point_rows[rows], counts)
        return columns | {
            f"{name} (parameter)" if name in beside else str(name): _levels(values, places)
            for name, values in self.points.items()
        }

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
        columns = self._of_runs(rows, counts, frame.columns)
        columns |= {str(name): frame[name].array for name in frame.columns if name != "run_id"}
        return pd.DataFrame(columns, copy=False)

    @in_one_snapshot
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
        self.outcome_list(name, series=True)
        ids = pd.Index(self.base["run_id"])
        wanted = None if chosen.all() else ids[chosen].tolist()
        last = self.experiment.max_steps
        parts = []
        for part in self.series_parts([name], wanted):
            if part.num_columns <= _FIRST_OUTCOME:
                continue
            step = part.column(1).to_numpy()
            rows = ids.get_indexer(pd.Index(part.column(0).to_numpy()))
            keep = rows >= 0
            keep[keep] = chosen[rows[keep]]
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
        row = column_names.rows_of(ids, frame["run_id"].to_numpy(dtype=np.int64))
        return row, frame["step"].to_numpy(dtype=np.int64), column_names.settle(frame["value"])

    def outcome_list(
        self, outcomes: str | Sequence[str] | None = None, *, measures: bool = False, series: bool = False
    ) -> list[str]:
        """Check the names of outcomes.

        Args:
            outcomes: One name, several, or None for all.
            measures: Accept what is recorded of each run too, such as `steps`.
            series: Accept only what has a value for each step.

        Raises:
            OutcomeError: If one is unknown, naming the nearest, or has no series.
        """
        if outcomes is None:
            return list(self.series_outcomes if series else self.outcomes)
        names = (
            list(outcomes) if isinstance(outcomes, Iterable) and not isinstance(outcomes, str) else [outcomes]
        )
        for name in names:
            if series and name in self.outcomes and name not in self.series_outcomes:
                known = ", ".join(self.series_outcomes) or "none of them has; measure one without over"
                raise OutcomeError(
                    f"'{name}' is one number for each run and has no series. With a series: {known}."
                )
            if name in self.outcomes or (measures and name in column_names.MEASURES):
                continue
            if not self.outcomes and nothing_ended(self):
                raise OutcomeError(f"There is no '{name}'. {nothing_ended(self)}")
            known = ", ".join(self.outcomes) or "nothing yet"
            raise OutcomeError(
                f"Unknown outcome '{name}'. {self.model_name} reports: {known}.{suggest(name, self.outcomes)}"
            )
        return names

    @in_one_snapshot
    def require_values(self, outcome: str) -> None:
        """Refuse to draw nothing.

        Raises:
            OutcomeError: If no run that came to its end reported a finite value of the outcome.
        """
        self.outcome_list(outcome, measures=True)
        values = self.values(outcome)[self.done]
        if not values.replace([np.inf, -np.inf], np.nan).notna().any():
            raise OutcomeError(nothing_reported(self, outcome))

    @in_one_snapshot
    def first_outcome(self) -> str:
        """Return the first outcome that is a number; where results come from a search, one that it was about.

        Raises:
            OutcomeError: If there is none.
        """
        searched = self.searched
        about = searched.outcomes if searched is not None else ()
        for name in (*(name for name in about if name in self.outcomes), *self.outcomes):
            values = self.values(name)
            if pd.api.types.is_numeric_dtype(values.dtype) and values.notna().any():
                return name
        none = f"{self.model_name} reported no outcome that is a number: there is nothing to draw."
        if not len(self.base):
            over = searched.over if searched is not None else None
            none = f"The search ended before its first run. {over}" if over else "No run has ended yet."
        raise OutcomeError(nothing_ended(self) or none)

    @in_one_snapshot
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


def _levels(values: pd.Series[Any], places: npt.NDArray[np.int64]) -> Any:
    """Return a parameter's values at some places, of the same type: of objects, pandas would guess one."""
    taken = values.array.take(places)
    return pd.Series(taken, dtype=object, copy=False) if values.dtype == object else taken


def _taken(values: pd.Series[Any], rows: npt.NDArray[Any]) -> pd.Series[Any]:
    """The values in these rows."""
    return column_names.settle(values.iloc[rows].reset_index(drop=True))
