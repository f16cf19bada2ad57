"""Axes: parameters' values as places between -1 (lowest in the study) and 1 (highest), and back.

Along the scale of the parameter, so that a logarithmic range is even in its logarithm. Whatever lies beyond the values that were
tried is refused: no surface says anything there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import MesaLabError, ParameterError, suggest
from mesa_lab.formatting import listing, number, plain, show
from mesa_lab.processing.analysis.observations import Factor

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["Axis", "axes_of"]

type Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Axis:
    """One parameter.

    Attributes:
        name: The parameter.
        levels: The values that were tried, numbers in ascending order.
        is_number: Whether it is a number.
        categorical: Whether its levels have no order.
        log: Whether its range is logarithmic.
        whole: Whether only whole numbers make sense.
        units: The places of the levels in the unit cube.
        parameter: What the experiment says it may be, None where it says nothing of the values in between.
    """

    name: str
    levels: tuple[Any, ...]
    is_number: bool
    categorical: bool
    log: bool
    whole: bool
    units: Floats
    parameter: Any

    @property
    def continuous(self) -> bool:
        """Whether values between those that were tried make sense."""
        return self.is_number and (self.parameter is None or hasattr(self.parameter, "low"))

    def places(self, values: Sequence[Any]) -> Floats:
        """Return values as places from -1 to 1, or as numbers of levels for a choice.

        Raises:
            ParameterError: If one lies outside of what was tried.
        """
        if not self.is_number:
            known = {_key(level): code for code, level in enumerate(self.levels)}
            for value in values:
                if _key(value) not in known:
                    raise ParameterError(
                        f"{self.name} = {show(value)} was not tried. There are: {listing([show(each) for each in self.levels], 8)}."
                    )
            codes = np.array([known[_key(value)] for value in values], dtype=np.float64)
            return codes if self.categorical else 2 * codes / max(len(self.levels) - 1, 1) - 1
        given = np.array([_number(self.name, value) for value in values])
        low, high = float(self.levels[0]), float(self.levels[-1])
        slack = 1e-9 * max(abs(low), abs(high), high - low)
        for value in given:
            if not low - slack <= value <= high + slack:
                raise ParameterError(
                    f"{self.name} = {number(float(value))} lies outside of what was tried, {number(low)} to {number(high)}. "
                    "A surface says nothing there: run points that reach so far."
                )
        return self._coded(self._unit(np.clip(given, low, high)))

    def values(self, places: Floats) -> list[Any]:
        """Return the values at places from -1 to 1, those nearest where only some values make sense."""
        if not self.is_number:
            scaled = places if self.categorical else (places + 1) / 2 * (len(self.levels) - 1)
            return [
                self.levels[int(np.clip(round(float(place)), 0, len(self.levels) - 1))] for place in scaled
            ]
        low, high = self.units[0], self.units[-1]
        units = low + (np.clip(places, -1, 1) + 1) / 2 * (high - low)
        found = self._value(units)
        if not self.continuous:
            known = np.array([float(level) for level in self.levels])
            return [self.levels[int(np.abs(known - value).argmin())] for value in found]
        found = np.clip(found, float(self.levels[0]), float(self.levels[-1]))
        return [round(value) for value in found.tolist()] if self.whole else found.tolist()

    def _coded(self, units: Floats) -> Floats:
        low, high = self.units[0], self.units[-1]
        return np.asarray(2 * (units - low) / (high - low) - 1)

    def _unit(self, values: Floats) -> Floats:
        """The place in the unit cube: as the levels have it, between them along the scale."""
        known = np.array([float(level) for level in self.levels])
        if self.log:
            return np.asarray(np.interp(np.log(values), np.log(known), self.units))
        if hasattr(self.parameter, "to_unit") and getattr(self.parameter, "distribution", None):
            try:
                return np.asarray(self.parameter.to_unit(values), dtype=np.float64)
            except MesaLabError:
                pass
        return np.asarray(np.interp(values, known, self.units))

    def _value(self, units: Floats) -> Floats:
        known = np.array([float(level) for level in self.levels])
        if self.log:
            return np.asarray(np.exp(np.interp(units, self.units, np.log(known))))
        if hasattr(self.parameter, "from_unit") and getattr(self.parameter, "distribution", None):
            return np.asarray(self.parameter.from_unit(units), dtype=np.float64)
        return np.asarray(np.interp(units, self.units, known))


def axes_of(results: Reader, factors: Sequence[Factor]) -> tuple[Axis, ...]:
    """Return the axes of the parameters at the points."""
    varied = results.experiment.space.varied
    found = []
    for factor in factors:
        parameter: Any = varied.get(factor.name)
        units = np.zeros(len(factor.levels))
        units[factor.codes] = factor.unit
        numbers = factor.is_number
        tried = [float(level) for level in factor.levels] if numbers else []
        in_range = parameter is not None and bool(
            numbers and hasattr(parameter, "from_unit") and hasattr(parameter, "low")
        )
        found.append(
            Axis(
                name=factor.name,
                levels=factor.levels,
                is_number=numbers,
                categorical=factor.categorical,
                log=bool(numbers and factor.log and min(tried) > 0),
                whole=bool(
                    numbers
                    and all(value.is_integer() for value in tried)
                    and type(parameter).__name__ != "Real"
                ),
                units=units,
                parameter=parameter if in_range or hasattr(parameter, "values") else None,
            )
        )
    return tuple(found)


def place_columns(axes: Sequence[Axis], points: pd.DataFrame | Mapping[str, Any]) -> Floats:
    """Return points as places, one row per point and one column per axis.

    Args:
        axes: The axes.
        points: A table with a column for each parameter, or one value or list of values by name.

    Raises:
        ParameterError: If a parameter is missing, unknown, or beyond what was tried.
    """
    table = (
        points
        if isinstance(points, pd.DataFrame)
        else pd.DataFrame({name: _listed(value) for name, value in points.items()})
    )
    names = [axis.name for axis in axes]
    for name in table.columns:
        if str(name) not in names:
            raise ParameterError(
                f"'{name}' did not vary in this study. Varied are: {', '.join(names)}.{suggest(str(name), names)}"
            )
    columns = []
    for axis in axes:
        if axis.name not in table:
            raise ParameterError(
                f"There is no value for '{axis.name}'. Give one for each of: {', '.join(names)}."
            )
        columns.append(axis.places(table[axis.name].tolist()))
    return np.column_stack(columns)


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list | tuple) or (hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1):
        return list(value)
    return [value]


def _key(value: Any) -> str:
    """Tell values apart: 1 is not True."""
    value = plain(value)
    return f"{type(value).__name__}:{value!r}"


def _number(name: str, value: Any) -> float:
    try:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise ParameterError(f"{name} = {value!r} is no number.") from None
