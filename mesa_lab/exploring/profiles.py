"""Profiles: an outcome against one parameter, all others held where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import MesaLabError
from mesa_lab.exploring.measured import Summary, units
from mesa_lab.preparation.parameters.space import table

if TYPE_CHECKING:
    from mesa_lab.exploring.dials import Dial
    from mesa_lab.exploring.emulator import Emulator
    from mesa_lab.exploring.measured import Measured

__all__ = ["Mark", "Profile", "Reading", "Surface", "profiles_of", "reading_of", "surface_of"]

type Floats = npt.NDArray[np.float64]

CURVE: Final = 41
_MOST_LEVELS: Final = 40
SURFACE: Final = 25


@dataclass(frozen=True)
class Mark:
    """A setting on a profile that was measured: it differs from the current one in this parameter alone, if at all.

    Attributes:
        value: Of this parameter.
        place: Where it lies on the scale, from 0 to 1.
        summary: What was measured.
        is_current: Whether it is the current setting.
    """

    value: Any
    place: float
    summary: Summary
    is_current: bool


@dataclass(frozen=True, eq=False)
class Profile:
    """One outcome against one parameter through the current setting.

    Attributes:
        outcome: The outcome.
        parameter: The parameter.
        values: Its values along the curve.
        places: Where they lie on its scale, from 0 to 1.
        mean: What is predicted there; empty when nothing can be predicted yet.
        low: Lower end of the 95 % interval of the mean.
        high: Upper end.
        beyond: Which values lie beyond all that was measured.
        allowed: Which values keep the constraints.
        marks: What was measured on this line.
    """

    outcome: str
    parameter: str
    values: tuple[Any, ...]
    places: Floats
    mean: Floats
    low: Floats
    high: Floats
    beyond: npt.NDArray[np.bool_]
    allowed: npt.NDArray[np.bool_]
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Reading:
    """An outcome at the current setting.

    Attributes:
        outcome: The outcome.
        kind: "measured", "predicted", "beyond" (predicted, where nothing holds the surface), or "unknown".
        mean: The mean; NaN when it is unknown.
        low: Lower end of its 95 % interval.
        high: Upper end.
        n: Runs of this setting.
    """

    outcome: str
    kind: str
    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, eq=False)
class Surface:
    """One outcome over two parameters, all others held where they are.

    Attributes:
        outcome: The outcome.
        across: The parameter along the first axis of the arrays.
        up: The parameter along the second.
        across_values: Its values.
        up_values: Those of the other.
        mean: What is predicted, of shape (across, up); NaN where a constraint is broken.
        half: Half the width of the 95 % intervals.
        beyond: Where nothing holds the surface.
        points: Settings that were measured, anywhere.
    """

    outcome: str
    across: str
    up: str
    across_values: tuple[Any, ...]
    up_values: tuple[Any, ...]
    mean: Floats
    half: Floats
    beyond: npt.NDArray[np.bool_]
    points: tuple[Mapping[str, Any], ...]


def profiles_of(
    dials: Sequence[Dial],
    setting: Mapping[str, Any],
    outcomes: Sequence[str],
    emulators: Mapping[str, Emulator | None],
    measured: Measured,
) -> list[Profile]:
    """Return the profile of each outcome along each parameter, outcome by outcome.

    Args:
        dials: The parameters.
        setting: The current setting.
        outcomes: Of what.
        emulators: Their surfaces; None where there is none yet.
        measured: What was measured.
    """
    dials = tuple(dials)
    lines = [_line(dial) for dial in dials]
    current = units(measured.space, dials, [setting])[0]
    cubes = []
    for at, (_, places) in enumerate(lines):
        cube = np.repeat(current[None, :], len(places), axis=0)
        cube[:, at] = places
        cubes.append(cube)
    whole, cuts = np.vstack(cubes), np.cumsum([len(cube) for cube in cubes])[:-1]
    keeps = [
        _keeps(measured, dials, setting, dial, values) for dial, (values, _) in zip(dials, lines, strict=True)
    ]
    marks = _marks(dials, setting, current, measured)
    found = []
    for outcome in outcomes:
        emulator = emulators.get(outcome)
        if emulator is None:
            parts = [(np.zeros(0), np.zeros(0), np.zeros(0))] * len(dials)
            beyond = [np.zeros(len(cube), np.bool_) for cube in cubes]
        else:
            ends = emulator.at(whole)
            parts = list(zip(*(np.split(each, cuts) for each in ends), strict=True))
            beyond = np.split(emulator.is_beyond(whole), cuts)
        for at, dial in enumerate(dials):
            values, places = lines[at]
            mean, low, high = parts[at]
            here = tuple(
                Mark(value, place, summary, is_current)
                for value, place, row, is_current in marks[at]
                if (summary := measured.summary(row, outcome)) is not None
            )
            found.append(
                Profile(outcome, dial.name, values, places, mean, low, high, beyond[at], keeps[at], here)
            )
    return found


def reading_of(
    setting: Mapping[str, Any], outcome: str, emulator: Emulator | None, measured: Measured
) -> Reading:
    """Return an outcome at a setting: as it was measured, else as it is predicted."""
    summary = measured.summary(setting, outcome)
    if summary is not None and summary.n > 1:
        return Reading(outcome, "measured", summary.mean, summary.low, summary.high, summary.n)
    n = 0 if summary is None else summary.n
    if emulator is None:
        nan = float("nan")
        if summary is not None:
            return Reading(outcome, "measured", summary.mean, nan, nan, n)
        return Reading(outcome, "unknown", nan, nan, nan, n)
    unit = units(measured.space, measured.dials, [setting])
    mean, low, high = (float(each[0]) for each in emulator.at(unit))
    kind = "beyond" if emulator.is_beyond(unit)[0] else "predicted"
    return Reading(outcome, kind, mean, low, high, n)


def surface_of(
    dials: Sequence[Dial],
    setting: Mapping[str, Any],
    emulator: Emulator,
    measured: Measured,
    across: str,
    up: str,
    size: int = SURFACE,
) -> Surface:
    """Return an outcome over two parameters.

    Args:
        dials: The parameters.
        setting: The current setting; all others are held there.
        emulator: The surface of the outcome.
        measured: What was measured.
        across: One parameter.
        up: Another one.
        size: Values of each.
    """
    dials = tuple(dials)
    at = {dial.name: place for place, dial in enumerate(dials)}
    (first, first_places), (second, second_places) = (_line(dials[at[name]], size) for name in (across, up))
    cube = np.repeat(units(measured.space, dials, [setting]), len(first) * len(second), axis=0)
    cube[:, at[across]] = np.repeat(first_places, len(second))
    cube[:, at[up]] = np.tile(second_places, len(first))
    mean, low, high = emulator.at(cube)
    rows = {dial.name: [setting[dial.name]] * len(cube) for dial in dials}
    rows[across] = [value for value in first for _ in second]
    rows[up] = [value for _ in first for value in second]
    allowed = _allowed(measured, rows, len(cube))
    shape = len(first), len(second)
    return Surface(
        emulator.outcome,
        across,
        up,
        first,
        second,
        np.where(allowed, mean, np.nan).reshape(shape),
        ((high - low) / 2).reshape(shape),
        emulator.is_beyond(cube).reshape(shape),
        tuple(measured.settings),
    )


def _line(dial: Dial, count: int = CURVE) -> tuple[tuple[Any, ...], Floats]:
    """Values along a dial, and where they lie."""
    stops = dial.stops
    if not dial.is_number or len(stops) <= count:
        chosen = stops[:_MOST_LEVELS] if not dial.is_number else stops
        return tuple(chosen), dial.units[: len(chosen)]
    at = np.unique(np.linspace(0, len(stops) - 1, count).round().astype(np.int64))
    return tuple(stops[place] for place in at), dial.units[at]


def _marks(
    dials: tuple[Dial, ...], setting: Mapping[str, Any], current: Floats, measured: Measured
) -> list[list[tuple[Any, float, dict[str, Any], bool]]]:
    """For each parameter the settings that were measured on its line through the current one."""
    found: list[list[tuple[Any, float, dict[str, Any], bool]]] = [[] for _ in dials]
    every = measured.unit()
    if not len(every):
        return found
    apart = np.abs(every - current) > 1e-9
    for place in np.flatnonzero(apart.sum(axis=1) <= 1).tolist():
        row = measured.settings[place]
        differing = np.flatnonzero(apart[place])
        for at in differing.tolist() if len(differing) else range(len(dials)):
            name = dials[at].name
            found[at].append((row[name], float(every[place, at]), row, not len(differing)))
    return found


def _keeps(
    measured: Measured,
    dials: tuple[Dial, ...],
    setting: Mapping[str, Any],
    dial: Dial,
    values: tuple[Any, ...],
) -> npt.NDArray[np.bool_]:
    rows: dict[str, Any] = {each.name: [setting[each.name]] * len(values) for each in dials}
    rows[dial.name] = list(values)
    return _allowed(measured, rows, len(values))


def _allowed(measured: Measured, rows: Mapping[str, Any], count: int) -> npt.NDArray[np.bool_]:
    if not measured.space.constraints:
        return np.ones(count, np.bool_)
    try:
        return np.asarray(measured.space.allowed(table(rows, count)), np.bool_)
    except MesaLabError:  # a constraint that makes no sense at one of them
        return np.ones(count, np.bool_)
