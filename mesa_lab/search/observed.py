"""What the runs of a search gave, as numbers by point and replication, read from the study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import OutcomeError, suggest
from mesa_lab.formatting import listing, number, plural
from mesa_lab.preparation.limits import shortened
from mesa_lab.processing.analysis.calibration.readings import values_after
from mesa_lab.processing.statistics.measurements import numbers
from mesa_lab.processing.tables.nothing_to_show import SEE_FAILURES
from mesa_lab.running.simulation.time_limit import RunTimeoutError
from mesa_lab.search.estimates import LARGEST
from mesa_lab.search.history import RECORDED, Floats, History

if TYPE_CHECKING:
    from mesa_lab.search.method import Method
    from mesa_lab.study import Study

__all__ = ["Observed"]

_FEW: Final = 10
"""Runs that have to fail, and no other, before a search is given up."""


class Observed:
    """Reads the outcomes that a method looks at.

    Args:
        study: The study of the search.
        method: The method.
    """

    def __init__(self, study: Study, method: Method) -> None:
        self.study = study
        self.method = method
        self._point: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._replication: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._values: dict[str, Floats] = {}
        self._done: npt.NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._series: dict[int, dict[str, float]] = {}

    def read(self) -> set[int]:
        """Read the study, and return which runs have a result, as point << 32 | replication."""
        reported = self.study.outcome_names
        names = [name for name in self.method.outcomes if name in reported]
        recorded = [name for name in RECORDED if name in self.method.outcomes and name not in reported]
        frame = self.study.runs_frame(names, ("run_id", "point", "replication", "status", *recorded))
        self._point = frame["point"].to_numpy(np.int64)
        self._replication = frame["replication"].to_numpy(np.int64)
        self._done = (frame["status"] == "done").to_numpy(np.bool_)
        self._values = {}
        for name in self.method.outcomes:
            if name in names or name in recorded:
                values = _floats(frame[name], name)
                values[~self._done] = np.nan
            else:
                values = np.full(len(frame), np.nan)
            self._values[name] = values
        if self.method.readings:
            self._read_series(frame["run_id"].to_numpy(np.int64))
        return set((self._point << 32 | self._replication).tolist())

    def _read_series(self, run_ids: npt.NDArray[np.int64]) -> None:
        """Read what the runs gave after some steps; those that were read before are kept."""
        readings = self.method.readings
        new = [int(number) for number in run_ids[self._done] if int(number) not in self._series]
        if new:
            self._series |= values_after(self.study, readings, new)
        nothing = dict.fromkeys(readings, np.nan)
        for name in readings:
            self._values[name] = np.array(
                [self._series.get(int(number), nothing)[name] for number in run_ids], np.float64
            )

    def arrays(self, shape: tuple[int, int]) -> dict[str, Floats]:
        """Return the values of each outcome by point and replication, as of the last time that the study was read.

        Args:
            shape: How many points and replications there are.
        """
        inside = (self._point < shape[0]) & (self._replication < shape[1])
        at = self._point[inside], self._replication[inside]
        found = {}
        for name, values in self._values.items():
            matrix = np.full(shape, np.nan)
            matrix[at] = values[inside]
            found[name] = matrix
        return found

    def trouble(self, history: History) -> str:
        """Why the search cannot go on whatever is tried, as a sentence; empty while it can."""
        ended = int(history.ended.sum())
        if not ended or (ended < _FEW and history.has_pending):
            return ""
        shown = history.ended[self._point, self._replication] if len(self._point) else np.zeros(0, np.bool_)
        done = int((self._done & shown).sum())
        if not done:
            kinds = self.study.failure_kinds(1)
            late = sum(kind.count for kind in kinds if kind.error_type == RunTimeoutError.__name__)
            if 2 * late > ended:
                return self._too_slow(ended, min(late, ended))
            which = "The only run" if ended == 1 else f"All {plural(ended, 'run')}"
            return (
                f"{which} failed: {self._why()} {SEE_FAILURES} Mend the model or narrow the "
                "ranges, and start the search anew."
            )
        for name in (*self.method.outcomes, *self.method.readings):
            if (np.abs(history.values[name]) < LARGEST).any():
                continue
            if name in self.method.readings:
                outcome, step = self.method.readings[name]
                return (
                    f"No run has a number for '{outcome}' after step {step:,}. It is compared with a series: let the runs collect one "
                    "(no over=, and a period above 0), and go on to that step."
                )
            reported = sorted(self.study.outcome_names)
            if name not in reported and name not in RECORDED:
                return f"No run reported '{name}'.{suggest(name, reported)} The runs report: {listing(reported) or 'nothing'}."
            return self._no_number(name, shown)
        return ""

    def _no_number(self, name: str, shown: npt.NDArray[np.bool_]) -> str:
        """What an outcome is that no run can be compared by, and what to do about it."""
        reported = name in self.study.outcome_names
        frame = self.study.runs_frame(
            [name] if reported else [], ("run_id",) if reported else ("run_id", name)
        )
        column = frame[name][self._done & shown]
        is_text = column.map(lambda value: isinstance(value, str)).to_numpy(np.bool_)
        n_texts, done = int(is_text.sum()), len(column)
        kind, instead = _kind_of(column[is_text] if n_texts else column)
        where = f"all {plural(done, 'run')}" if done > 1 else "the only run"
        if 0 < n_texts < done:
            where = f"{n_texts:,} of {plural(done, 'run')}"
        return f"'{name}' is {kind.format(where=where)}: there is nothing to search for. {instead}"

    def _too_slow(self, ended: int, late: int) -> str:
        """What to say where most runs were stopped by their time limit, and none came to its end."""
        limit = self.study.experiment.timeout
        which = f"All {plural(ended, 'run')}" if late == ended else f"{late} of {plural(ended, 'run')}"
        which = "The only run" if ended == 1 else which
        rest = "" if late == ended else ", and the others failed"
        return (
            f"{which} took longer than the time limit of {limit or 0:g} s{rest}. Raise timeout, ask for fewer steps, or narrow the "
            "ranges to what is quick, and start the search anew."
        )

    def _why(self) -> str:
        kinds = self.study.failure_kinds(1)
        if not kinds:
            return "nothing says why."
        latest = kinds[0].latest
        said = f"{kinds[0].error_type}: {latest[0].message if latest else '':.200}"
        return said if said.endswith((".", "!", "?")) else f"{said}."


def _floats(column: Any, name: str) -> Floats:
    """A column of results as numbers; where it is none, as NaN throughout."""
    try:
        return np.array(numbers(column, name)[0], np.float64)
    except OutcomeError:
        return np.full(len(column), np.nan)


def _kind_of(column: pd.Series[Any]) -> tuple[str, str]:
    """What values are that cannot be compared, with a place for where, and what to report instead; texts only, or none."""
    if pd.api.types.is_numeric_dtype(column.dtype) or not column.notna().any():
        values = column.to_numpy(np.float64, na_value=np.nan)
        if np.isnan(values).all():
            return (
                "None or NaN in {where}",
                "Let the model report a number, 0 where there is nothing to count.",
            )
        if not np.isfinite(values).any():
            kind = "infinite, None or NaN" if np.isnan(values).any() else "infinite"
            return f"{kind} in {{where}}", "Let the model report something that stays finite."
        return (
            f"beyond {number(LARGEST)} in {{where}}",
            "Let the model report it in another unit, or its logarithm.",
        )
    some = column.dropna().iloc[0]
    if not isinstance(some, str):
        return (
            f"a date or a time in {{where}}, such as {some}",
            "Let the model report a number, such as days.",
        )
    shown = shortened(some).strip("'").replace("{", "{{").replace("}", "}}")
    if some.startswith("{"):
        return (
            f"a dict in {{where}}, such as {shown}",
            "Let the model report its entries as outcomes of their own.",
        )
    if some.startswith("["):
        return f"a list in {{where}}, such as {shown}", "Let the model report a number, such as its length."
    return (
        f"a text in {{where}}, such as '{shown}'",
        "Let the model report a number: a count, or 1 for yes and 0 for no.",
    )
