"""What was measured at which setting: means, variances and numbers of runs, from studies and from runs as they come."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import OutcomeError, ParameterError
from mesa_lab.preparation.encoding import canonical
from mesa_lab.preparation.parameters.space import table
from mesa_lab.processing.analysis.surface.bounded import observed_bounds
from mesa_lab.processing.statistics.measurements import numbers

if TYPE_CHECKING:
    from mesa_lab.exploring.dials import Dial
    from mesa_lab.preparation.parameters.space import ParameterSpace
    from mesa_lab.study import Study

__all__ = ["Measured", "Ran", "Summary", "Taken"]

type Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ran:
    """One run that has ended.

    Attributes:
        setting: The values of the parameters.
        replication: Its number.
        values: Its outcomes by name; empty when it failed.
        failed: What went wrong; empty when nothing did.
        seconds: How long it took.
    """

    setting: Mapping[str, Any]
    replication: int
    values: Mapping[str, float]
    failed: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Summary:
    """An outcome at one setting.

    Attributes:
        n: Runs with a value.
        mean: Their mean.
        low: Lower end of the 95 % interval of the mean (Student's t); NaN below two runs.
        high: Upper end.
    """

    n: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Taken:
    """An outcome at the settings that have a value of it, at one moment.

    Attributes:
        space: The parameters.
        unit: The settings in the unit cube, one row for each.
        mean: The mean of each.
        variance: The variance of its runs; NaN below two.
        count: How many runs it has.
        bounds: What means stay between.
        version: What `Measured.version` was.
    """

    space: ParameterSpace
    unit: Floats
    mean: Floats
    variance: Floats
    count: npt.NDArray[np.int64]
    bounds: tuple[float, float]
    version: int


@dataclass
class _Sums:
    """Of one outcome: numbers of runs, means and sums of squares by point."""

    n: list[int] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)
    squares: list[float] = field(default_factory=list)
    least: float = math.inf
    most: float = -math.inf
    at_least: int = 0
    at_most: int = 0
    total: int = 0
    is_binary: bool = True

    def reach(self, points: int) -> None:
        missing = points - len(self.n)
        self.n += [0] * missing
        self.mean += [0.0] * missing
        self.squares += [0.0] * missing

    def add(self, point: int, value: float) -> None:
        """Take a value in (Welford, 1962)."""
        self.n[point] += 1
        step = value - self.mean[point]
        self.mean[point] += step / self.n[point]
        self.squares[point] += step * (value - self.mean[point])
        self.note_end(value, 1)

    def note_end(self, value: float, count: int) -> None:
        """Count how often the lowest and the highest value were reached: no mean lies beyond what many runs stop at."""
        self.total += count
        self.is_binary = self.is_binary and value in (0.0, 1.0)
        if value <= self.least:
            self.at_least = count + (self.at_least if value == self.least else 0)
            self.least = value
        if value >= self.most:
            self.at_most = count + (self.at_most if value == self.most else 0)
            self.most = value


class Measured:
    """What was measured, by settings of some parameters.

    Args:
        space: The parameters.
        dials: Those that vary.

    Attributes:
        settings: The settings that have a run, in the order in which they came.
        version: Grows with each run.
    """

    def __init__(self, space: ParameterSpace, dials: tuple[Dial, ...]) -> None:
        self.space, self.dials = space, dials
        self.settings: list[dict[str, Any]] = []
        self.version = 0
        self._places: dict[str, int] = {}
        self._sums: dict[str, _Sums] = {}
        self._asked: list[int] = []
        self._failed: list[int] = []
        self._why: dict[int, str] = {}
        self._unit: list[Floats] = []

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes that are numbers."""
        return tuple(self._sums)

    @property
    def n_runs(self) -> int:
        """How many runs there are, failed ones too."""
        return sum(self._asked)

    def place_of(self, setting: Mapping[str, Any]) -> int | None:
        """Return the number of a setting, None when nothing was measured there."""
        return self._places.get(_key(setting))

    def n_at(self, setting: Mapping[str, Any]) -> int:
        """Return how many runs were carried out at a setting, failed ones too."""
        place = self.place_of(setting)
        return 0 if place is None else self._asked[place]

    def next_at(self, setting: Mapping[str, Any]) -> int:
        """Return the number of the next replication at a setting."""
        return self.n_at(setting)

    def failures_at(self, setting: Mapping[str, Any]) -> tuple[int, str]:
        """Return how many runs failed at a setting, and what the last one said."""
        place = self.place_of(setting)
        return (0, "") if place is None else (self._failed[place], self._why.get(place, ""))

    def add(self, ran: Ran) -> None:
        """Take in a run that has ended."""
        place = self._place(ran.setting)
        self._asked[place] = max(self._asked[place], ran.replication + 1)
        if ran.failed:
            self._failed[place] += 1
            self._why[place] = ran.failed
        for name, value in ran.values.items():
            if math.isfinite(value):
                self._sums_of(name).add(place, value)
        self.version += 1

    def summary(self, setting: Mapping[str, Any], outcome: str) -> Summary | None:
        """Return what was measured of an outcome at a setting, None when nothing was."""
        place, sums = self.place_of(setting), self._sums.get(outcome)
        if place is None or sums is None or place >= len(sums.n) or not sums.n[place]:
            return None
        return _summary(sums.n[place], sums.mean[place], sums.squares[place])

    def arrays(self, outcome: str) -> tuple[npt.NDArray[np.int64], Floats, Floats, npt.NDArray[np.int64]]:
        """Return of an outcome the places that have a value, and there the means, variances (NaN below two runs) and counts."""
        sums = self._sums.get(outcome) or _Sums()
        n = np.array(sums.n, np.int64)
        places = np.flatnonzero(n)
        count = n[places]
        mean, squares = np.array(sums.mean)[places], np.array(sums.squares)[places]
        variance = np.where(count > 1, squares / np.maximum(count - 1, 1), np.nan)
        return places, mean, variance, count

    def unit(self) -> Floats:
        """The settings in the unit cube, one row for each."""
        return np.array(self._unit).reshape(len(self._unit), len(self.dials))

    def taken(self, outcome: str) -> Taken:
        """Return what is known of an outcome at this moment, to be looked at while runs come in."""
        places, mean, variance, count = self.arrays(outcome)
        unit = self.unit()[places] if len(places) else np.zeros((0, len(self.dials)))
        return Taken(self.space, unit, mean, variance, count, self.bounds(outcome), self.version)

    def bounds(self, outcome: str) -> tuple[float, float]:
        """Return what a mean stays between: 0 and 1 for a yes or no, else see `observed_bounds`."""
        sums = self._sums.get(outcome)
        if sums is None or not sums.total:
            return -math.inf, math.inf
        if sums.is_binary:
            return 0.0, 1.0
        return observed_bounds(sums.least, sums.most, sums.at_least, sums.at_most, sums.total)

    def read(self, study: Study) -> None:
        """Take in all runs of a study of the same model, at settings of these parameters.

        A run has its seed from its setting and its number, so that one which was taken in before, of another study, is not
        taken in again.
        """
        names = [dial.name for dial in self.dials]
        points = study.points_frame()
        missing = [name for name in names if name not in points.columns]
        if missing:
            return
        rows = zip(*(points[name].tolist() for name in names), strict=True)
        places: dict[int, int] = {}
        for point, row in zip(points.index.tolist(), rows, strict=True):
            try:
                setting = {dial.name: dial.read(value) for dial, value in zip(self.dials, row, strict=True)}
            except ParameterError:  # a table of points may go beyond the ranges
                continue
            places[point] = self._place(setting)
        runs = study.runs_frame(None, ("run_id", "point", "replication", "status"))
        runs = runs[runs["point"].isin(places)]
        at = np.array([places[point] for point in runs["point"].tolist()], np.int64)
        known = np.array(self._asked, np.int64)
        new = runs["replication"].to_numpy(np.int64) >= known[at] if len(at) else np.zeros(0, np.bool_)
        runs, at = runs[new], at[new]
        done = (runs["status"] == "done").to_numpy(np.bool_)
        for place, replication, ended in zip(
            at.tolist(), runs["replication"].tolist(), done.tolist(), strict=True
        ):
            self._asked[place] = max(self._asked[place], replication + 1)
            self._failed[place] += not ended
        for name in study.outcome_names:
            try:
                values, _ = numbers(runs[name], name)
            except OutcomeError:
                continue
            keep = done & np.isfinite(values)
            if keep.any():
                self._read_values(name, at[keep], values[keep])
        self.version += 1

    def _read_values(self, name: str, at: npt.NDArray[np.int64], values: Floats) -> None:
        sums = self._sums_of(name)
        count = np.bincount(at, minlength=len(self.settings))
        total = np.bincount(at, values, minlength=len(self.settings))
        mean = total / np.maximum(count, 1)
        squares = np.bincount(at, (values - mean[at]) ** 2, minlength=len(self.settings))
        for place in np.flatnonzero(count).tolist():
            before, more = sums.n[place], int(count[place])
            step = float(mean[place]) - sums.mean[place]
            n = before + more
            sums.squares[place] += float(squares[place]) + step**2 * before * more / n
            sums.mean[place] += step * more / n
            sums.n[place] = n
        for value in {float(values.min()), float(values.max())}:
            sums.note_end(value, int((values == value).sum()))
        sums.total = sum(sums.n)
        sums.is_binary = sums.is_binary and bool(np.isin(values, (0.0, 1.0)).all())

    def _sums_of(self, name: str) -> _Sums:
        sums = self._sums.setdefault(name, _Sums())
        sums.reach(len(self.settings))
        return sums

    def _place(self, setting: Mapping[str, Any]) -> int:
        key = _key(setting)
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self.settings)
            self.settings.append(dict(setting))
            self._asked.append(0)
            self._failed.append(0)
            self._unit.append(_unit(self.dials, setting))
            for sums in self._sums.values():
                sums.reach(place + 1)
        return place


def units(space: ParameterSpace, dials: tuple[Dial, ...], settings: Iterable[Mapping[str, Any]]) -> Floats:
    """Return settings as rows of the unit cube."""
    rows = list(settings)
    return space.to_unit(table({dial.name: [row[dial.name] for row in rows] for dial in dials}, len(rows)))


def _unit(dials: tuple[Dial, ...], setting: Mapping[str, Any]) -> Floats:
    return np.array([dial.unit([setting[dial.name]])[0] for dial in dials])


def _key(setting: Mapping[str, Any]) -> str:
    return canonical(setting)


def _summary(n: int, mean: float, squares: float) -> Summary:
    if n < 2:
        return Summary(n, mean, math.nan, math.nan)
    from scipy.special import stdtrit

    half = float(stdtrit(n - 1, 0.975)) * math.sqrt(max(squares, 0.0) / (n - 1) / n)
    return Summary(n, mean, mean - half, mean + half)
