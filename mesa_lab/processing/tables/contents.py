"""What a study has at one moment: read at once, since it may be written while it is read.

Rows of runs are only ever added, but for failed runs that are tried again. So all that belongs together is read in one transaction, the
list of runs is kept, and what is read later is read of these runs. Once a run of the list has been tried again, its result of then is
gone: then everything is read anew.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Final

import pandas as pd

from mesa_lab.errors import StudyError, StudyFormatError
from mesa_lab.processing.tables import column_names
from mesa_lab.processing.tables.source import ResultsSource
from mesa_lab.study.records import STATUSES

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.study import Shard

__all__ = ["Contents", "Snapshots", "in_one_snapshot"]

_LISTED: Final = ("run_id", "point", "replication", "status")
_OURS: Final = str(Path(__file__).parents[2])


@dataclass(frozen=True, eq=False)
class Contents:
    """What a study has at one moment, but for the values of its runs.

    Attributes:
        edition: What changes when results that are there are replaced.
        experiment: What is asked for.
        shard: The part of its runs that the study asks for, None for all.
        outcomes: The outcomes that runs have reported.
        agent_types: The types of agents that have data.
        tables: The tables of data collectors that have rows.
        points: The design points: index `point`, one column per parameter that varies.
        runs: The runs that have a result and are asked for, in the order of their ids: run_id, point, replication, status.
        sessions: When, where and with what the runs were made; None when that cannot be read.
    """

    edition: Hashable
    experiment: Experiment
    shard: Shard | None
    outcomes: tuple[str, ...]
    agent_types: tuple[str, ...]
    tables: tuple[str, ...]
    points: pd.DataFrame
    runs: pd.DataFrame
    sessions: Sequence[Mapping[str, Any]] | None


class Snapshots:
    """Reads a study so that everything belongs to one moment.

    That is when something was read first. Runs that come later do not appear. Only when runs of that moment have been tried again since
    is everything read anew, and never within a `snapshot`.

    Args:
        study: What is read.
    """

    def __init__(self, study: ResultsSource) -> None:
        if not hasattr(study, "runs_frame"):
            raise StudyError(
                f"Results are read from an open study, not {study!r:.80}. For a file: ml.open_study('name.study').results."
            )
        self.study = study
        self._depth = 0

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Have everything that is read within belong to one moment, also while the study is run. May be nested."""
        with ExitStack() as held:
            if hasattr(self.study, "snapshot") and not getattr(self.study, "is_closed", False):
                held.enter_context(self.study.snapshot())
                known: Contents | None = vars(self).get("_contents")
                if known is not None and not self._depth and known.edition != self._edition():
                    self._forget()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    def _forget(self) -> None:
        """Start anew."""
        kind = type(self)
        for name in [name for name in vars(self) if isinstance(getattr(kind, name, None), cached_property)]:
            delattr(self, name)

    def _edition(self) -> Hashable:
        edition = getattr(self.study, "edition", None)
        return None if edition is None else edition()

    @cached_property
    def _contents(self) -> Contents:
        with self.snapshot():
            experiment = self.study.experiment
            points = _varied(self.study.points_frame(), experiment)
            return Contents(
                self._edition(),
                experiment,
                self.study.shard,
                tuple(self.study.outcome_names),
                tuple(self.study.agent_types),
                tuple(getattr(self.study, "table_names", ())),
                points,
                _asked(self._runs_frame([], _LISTED), points, experiment),
                self._read_sessions(),
            )

    def _runs_frame(self, outcomes: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
        known = self.damage
        frame = self.study.runs_frame(outcomes=outcomes, columns=columns)
        if self.damage != known:
            warnings.warn(self.damage, skip_file_prefixes=(_OURS,))  # where the results are asked for
        return frame

    def _read_sessions(self) -> Sequence[Mapping[str, Any]] | None:
        read = getattr(self.study, "sessions", None)
        try:
            return read() if callable(read) else ()
        except StudyFormatError:  # said by those who ask for them
            return None

    @property
    def damage(self) -> str:
        """What is damaged of the study, once something was read that is not what was written; else empty."""
        return getattr(self.study, "damage", "")

    @property
    def experiment(self) -> Experiment:
        """What was asked for."""
        return self._contents.experiment

    @property
    def shard(self) -> Shard | None:
        """The part of the experiment's runs that the study asks for, None for all."""
        return self._contents.shard

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Names of the outcomes that the runs reported, then of those that were asked for and that no run reported."""
        asked = [outcome.name for outcome in self.experiment.outcomes or () if not outcome.is_spread]
        return tuple(dict.fromkeys([*self._reported, *asked]))

    @property
    def series_outcomes(self) -> tuple[str, ...]:
        """Names of the outcomes that have a value for each step; those over time have one for each run."""
        asked: Any = self.experiment.outcomes or ()
        over_time = {outcome.name for outcome in asked if getattr(outcome, "over", None)}
        return tuple(name for name in self.outcomes if name not in over_time)

    @property
    def _reported(self) -> tuple[str, ...]:
        return self._contents.outcomes

    @property
    def agent_types(self) -> tuple[str, ...]:
        """Types of agents of which there is agent-level data; empty text stands for all agents together."""
        return self._contents.agent_types

    @property
    def sessions(self) -> Sequence[Mapping[str, Any]]:
        """When, where, on what and with which versions the runs were made; empty when the source does not say.

        Raises:
            StudyFormatError: If that is damaged.
        """
        found = self._contents.sessions
        return self.study.sessions() if found is None else found  # type: ignore[attr-defined]


def in_one_snapshot[Results: Snapshots, **P, T](
    function: Callable[Concatenate[Results, P], T],
) -> Callable[Concatenate[Results, P], T]:
    """Have everything that a function reads of its first argument, some results, belong to one moment."""

    @wraps(function)
    def read(results: Results, /, *args: P.args, **options: P.kwargs) -> T:
        with results.snapshot():
            return function(results, *args, **options)

    return read


def _varied(raw: pd.DataFrame, experiment: Experiment) -> pd.DataFrame:
    """Return of the design points the parameters that vary."""
    if "point" in raw.columns and raw.index.name != "point":
        raw = raw.set_index("point")
    space = experiment.space
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


def _asked(raw: pd.DataFrame, points: pd.DataFrame, experiment: Experiment) -> pd.DataFrame:
    """Return of the runs those that are asked for: others stay in a study that asks for less than it did."""
    asked = raw["point"].isin(points.index) & (raw["replication"] < experiment.replications)
    raw = raw[asked].sort_values("run_id", ignore_index=True)
    frame = pd.DataFrame({name: raw[name].astype("int64") for name in _LISTED[:3]})
    frame["status"] = pd.Categorical(raw["status"], categories=STATUSES)
    return frame


def _differs(values: pd.Series[Any]) -> bool:
    return len(column_names.level_codes(values)[1]) > 1
