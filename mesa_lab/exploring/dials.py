"""Dials: what one turns to change a parameter, in steps that make sense for it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import ParameterError
from mesa_lab.formatting import number, plain, show
from mesa_lab.preparation.parameters.space import (
    Choice,
    Integer,
    Levels,
    Parameter,
    ParameterSpace,
    Real,
    table,
)

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["Dial", "broken_by", "dials_of", "explorable", "settled"]

type Floats = npt.NDArray[np.float64]

_STOPS: Final = 101
_MOST_STOPS: Final = 401
_TAIL: Final = 0.005
"""How much of each end of a distribution a dial leaves out: it may reach to infinity."""


@dataclass(frozen=True, eq=False)
class Dial:
    """One parameter to be turned.

    Attributes:
        name: The parameter.
        parameter: What it may be.
    """

    name: str
    parameter: Parameter

    @property
    def is_number(self) -> bool:
        """Whether it is turned along a scale; else it goes from value to value."""
        return isinstance(self.parameter, Real | Integer)

    @cached_property
    def stops(self) -> tuple[Any, ...]:
        """The values at which it stops, in order."""
        parameter = self.parameter
        if not self.is_number:
            return tuple(parameter.levels())
        count = parameter.count
        if count is not None and count <= _MOST_STOPS:
            return tuple(parameter.levels())
        low, high = (_TAIL, 1 - _TAIL) if getattr(parameter, "distribution", None) else (0.0, 1.0)
        values = plain_list(parameter.from_unit(np.linspace(low, high, _STOPS)))
        if isinstance(parameter, Real):
            inner = [_round(value, values) for value in values[1:-1]]
            values = [values[0], *inner, values[-1]]
        return tuple(dict.fromkeys(value for value in values if parameter.contains(value)))

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The stops in words."""
        return tuple(self.text(value) for value in self.stops)

    @cached_property
    def units(self) -> Floats:
        """The places of the stops in the unit interval."""
        return self.unit(self.stops)

    def unit(self, values: Any) -> Floats:
        """Return the places of values in the unit interval."""
        return np.asarray(self.parameter.to_unit(list(values)), dtype=np.float64)

    def stop_of(self, value: Any) -> int:
        """Return the number of the stop that lies nearest to a value."""
        return int(np.abs(self.units - self.unit([value])[0]).argmin())

    def text(self, value: Any) -> str:
        """Return a value in words."""
        return number(float(value), 4) if self.is_number else show(value)

    def read(self, value: Any) -> Any:
        """Return a value, or the text of one, as this parameter's type.

        Raises:
            ParameterError: If it is none, or lies outside of the range.
        """
        try:
            read = plain(self.parameter.parse(value))
        except ParameterError as error:
            raise ParameterError(f"{self.name}: {error}") from None
        if not self.parameter.contains(read):
            ends = f"from {self.text(self.stops[0])} to {self.text(self.stops[-1])}"
            raise ParameterError(f"{self.name} = {show(read)} lies outside of its range. It goes {ends}.")
        return read


def _round(value: float, values: list[float]) -> float:
    """A stop without digits that say nothing: to a hundredth of the distance to its neighbours."""
    spread = abs(values[-1] - values[0]) / len(values)
    finest = min(spread, abs(value)) if value else spread
    if not finest > 0 or not math.isfinite(finest):
        return value
    return round(value, max(0, 2 - math.floor(math.log10(finest))))


def plain_list(values: Any) -> list[Any]:
    """Return values of numpy as Python's own."""
    return values.tolist() if hasattr(values, "tolist") else list(values)


def dials_of(space: ParameterSpace) -> tuple[Dial, ...]:
    """Return a dial for each parameter that varies."""
    return tuple(Dial(name, parameter) for name, parameter in space.varied.items())


def explorable(experiment: Experiment) -> Experiment:
    """Return an experiment whose points a person may choose: without its design, and numbers in ranges.

    A parameter of which some numbers are listed may be any number between them. Seeds are those that the experiment gives to
    its points, so that a run that was carried out before is the same run; listed seeds are left out.

    Raises:
        ParameterError: If nothing varies.

    Example:
        >>> import mesa_lab as ml
        >>> from mesa_lab.exploring.dials import explorable
        >>> explorable(ml.Experiment("mesa.examples:Schelling", {"density": [0.5, 0.9]})).parameters
        {'density': Real(0.5, 0.9)}
    """
    parameters = {name: _in_range(value) for name, value in experiment.parameters.items()}
    changed = experiment.replace(
        parameters=parameters,
        design=None,
        replications=1,
        seeds=None,
        correlations=None,
        redraw=False,
        claims=(),
        question=None,
    )
    if not changed.space.varied:
        raise ParameterError(
            "There is nothing to turn: all parameters are held fixed. Give one a range, such as Real(0, 1)."
        )
    return changed


def _in_range(value: Any) -> Any:
    if not isinstance(value, Levels | Choice):
        return value
    levels = value.levels()
    if len(levels) < 2:
        return levels[0]
    kinds = {type(each) for each in levels}
    if kinds == {int}:
        return Integer(min(levels), max(levels))
    if kinds <= {int, float} and all(math.isfinite(each) for each in levels):
        return Real(min(levels), max(levels))
    return value


def settled(dials: tuple[Dial, ...], setting: Mapping[str, Any]) -> dict[str, Any]:
    """Return a setting with values of the parameters' own types.

    Raises:
        ParameterError: If a value is missing, unknown or out of range.
    """
    names = [dial.name for dial in dials]
    for name in setting:
        if name not in names:
            raise ParameterError(f"'{name}' cannot be turned here. There are: {', '.join(names)}.")
    missing = [name for name in names if name not in setting]
    if missing:
        raise ParameterError(f"There is no value for {', '.join(missing)}.")
    return {dial.name: dial.read(setting[dial.name]) for dial in dials}


def broken_by(space: ParameterSpace, setting: Mapping[str, Any]) -> str:
    """Return the constraints of which a setting breaks one; empty when it keeps all."""
    if not space.constraints:
        return ""
    row = table({name: [value] for name, value in setting.items()}, 1)
    return "" if bool(space.allowed(row)[0]) else ", ".join(space.constraints)
