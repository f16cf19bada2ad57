"""The columns of a study: nothing is read before it is asked for, and then only what is needed.

A chart of one outcome does not load fifty, and a million runs are held once. This module reads a study through
`ResultsSource`; it knows neither the file's format nor how runs are made.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import MesaLabError, OutcomeError, suggest
from mesa_lab.processing import tables
from mesa_lab.processing.selecting import check_known, numbers_of
from mesa_lab.processing.source import ResultsSource
from mesa_lab.processing.wording import model_label

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["RunColumns"]

_BASE: Final = ("run_id", "point", "replication", "status")
_TIMES: Final = ("seed", "steps", "time", "init_seconds", "run_seconds")
_OWN: Final = "recorded: "
_OURS: Final = str(Path(__file__).parents[1])


class RunColumns:
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
        """Names of the outcomes that the runs reported, then of those that were asked for and that no run reported."""
        asked = [outcome.name for outcome in self.experiment.outcomes or ()]
        return tuple(dict.fromkeys([*self._reported, *asked]))

    @cached_property
    def _reported(self) -> tuple[str, ...]:
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
        return tables.parameter_columns(map(str, self._point_values), taken=self.outcomes)

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
        frame = pd.DataFrame({name: tables.settle_parameter(raw[name]) for name in ordered}, index=raw.index)
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
        frame["status"] = pd.Categorical(raw["status"], categories=tables.STATUSES)
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
        return {status: int(counts.get(status, 0)) for status in tables.STATUSES}

    def values(self, name: str) -> pd.Series[Any]:
        """The final values of one outcome, or what is recorded of each run (such as `steps`), in the order of `base`."""
        if name in self.outcomes or name not in tables.RECORDED:
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
        for name in outcomes:
            if name not in self._reported and name not in self._values:
                self._values[name] = pd.Series(np.full(len(self.base), np.nan))
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
            if name in self.outcomes or (measures and name in tables.MEASURES):
                continue
            if not self.outcomes and len(self.base) and not self.done.any():
                raise OutcomeError(f"There is no '{name}'. {self._all_failed()}")
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
        values = self.values(outcome)[self.done]
        if pd.api.types.is_float_dtype(values.dtype):
            values = values.where(np.isfinite(values))
        if not values.notna().any():
            raise OutcomeError(self.nothing_reported(outcome))

    def nothing_reported(self, outcome: str) -> str:
        """Say that there is no value of an outcome, and why where all runs failed."""
        why = "" if self.done.any() or not len(self.base) else f" {self._all_failed()}"
        return f"No run that came to its end reported a value of '{outcome}': there is nothing to draw.{why}"

    def first_outcome(self) -> str:
        """Return the first outcome that is a number.

        Raises:
            OutcomeError: If there is none.
        """
        for name in self.outcomes:
            values = self.values(name)
            if pd.api.types.is_numeric_dtype(values.dtype) and values.notna().any():
                return name
        if len(self.base) and not self.done.any():
            raise OutcomeError(self._all_failed())
        raise OutcomeError(
            f"{self.model_name} reported no outcome that is a number: there is nothing to draw."
        )

    def _all_failed(self) -> str:
        """Say that no run came to its end, and what the first said."""
        failures = self.study.failures_frame()
        first = ""
        if len(failures):
            line = str(failures["message"].iloc[0]).strip().partition("\n")[0]
            first = f" The first said: {failures['error_type'].iloc[0]}: {line}."
        runs = "The only run" if len(self.base) == 1 else f"All {len(self.base):,} runs"
        return f"{runs} failed or timed out, so that nothing was measured.{first} See results.failures."

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


def _differs(values: pd.Series[Any]) -> bool:
    return len(tables.level_codes(values)[1]) > 1


def _taken(values: pd.Series[Any], rows: npt.NDArray[Any]) -> pd.Series[Any]:
    """The values in the order of `base`; a running study may have grown since that was read."""
    return tables.settle(values.iloc[rows].reset_index(drop=True))
