"""Limits of a box as people write them: phrases, constraints for an experiment file, and narrower parameters.

A limit lies between the last value outside and the first inside: the shortest number there is taken, which leaves the points
where they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import ExperimentError, MesaLabError
from mesa_lab.formatting import number, shorten, show
from mesa_lab.preparation.expressions.parse import compile_expression
from mesa_lab.preparation.parameters.space import Choice, Integer, Levels, Real
from mesa_lab.processing.analysis.boxes.prim import Box, Space
from mesa_lab.processing.analysis.observations import Factor

__all__ = ["Limit", "limits_of", "narrowed", "short_between", "unit_limits", "written"]

_WRITABLE: Final = (bool, int, float, str, type(None))


@dataclass(frozen=True)
class Limit:
    """What a box asks of one parameter.

    Attributes:
        name: The parameter.
        text: The limit as a phrase, such as "wolf_gain_from_food is above 31".
        constraint: The same as an expression; empty where its values cannot be written in one.
        low: The lower end, None for none, and `high` the upper one; for numbers.
        values: The values inside; for choices, and for yes and no.
    """

    name: str
    text: str
    constraint: str
    low: float | None = None
    high: float | None = None
    values: tuple[Any, ...] = ()


def limits_of(factors: tuple[Factor, ...], space: Space, box: Box) -> list[Limit]:
    """Return what a box asks of each parameter that it restricts."""
    return [_limit(factors[at], box, at) for at in box.restricted(space)]


def _limit(factor: Factor, box: Box, at: int) -> Limit:
    kept = box.kept[at]
    if kept is not None:
        return _of_values(factor, [factor.levels[code] for code in np.flatnonzero(kept)])
    low, high = int(box.low[at]), int(box.high[at])
    if not factor.is_number:
        return _of_values(factor, list(factor.levels[low : high + 1]))
    whole = all(float(level).is_integer() for level in factor.levels)
    lower = upper = None
    if low > 0:
        inside, outside = float(factor.levels[low]), float(factor.levels[low - 1])
        lower = inside if whole else short_between(outside, inside)
    if high < len(factor.levels) - 1:
        inside, outside = float(factor.levels[high]), float(factor.levels[high + 1])
        upper = inside if whole else -short_between(-outside, -inside)
    name, shown = written(factor.name), shorten(factor.name)
    sign, back = (">=", "<=") if whole else (">", "<")
    if low == high and whole:
        only = float(factor.levels[low])
        return Limit(factor.name, f"{shown} is {_figure(only)}", f"{name} == {_exact(only)}", lower, upper)
    if lower is not None and upper is not None:
        text = f"{shown} is between {_figure(lower)} and {_figure(upper)}"
        constraint = f"{_exact(lower)} {back} {name} {back} {_exact(upper)}"
    elif lower is not None:
        text = f"{shown} is {_figure(lower)} or more" if whole else f"{shown} is above {_figure(lower)}"
        constraint = f"{name} {sign} {_exact(lower)}"
    else:
        assert upper is not None
        text = f"{shown} is {_figure(upper)} or less" if whole else f"{shown} is below {_figure(upper)}"
        constraint = f"{name} {back} {_exact(upper)}"
    return Limit(factor.name, text, constraint, lower, upper)


def _of_values(factor: Factor, values: list[Any]) -> Limit:
    shown = [shorten(show(value), 24) for value in values]
    name = written(factor.name)
    if len(values) == 1:
        text = f"{shorten(factor.name)} is {shown[0]}"
        constraint = f"{name} is {values[0]!r}" if values[0] is None else f"{name} == {values[0]!r}"
    else:
        text = f"{shorten(factor.name)} is {', '.join(shown[:-1])} or {shown[-1]}"
        constraint = f"{name} in ({', '.join(repr(value) for value in values)})"
    if not all(type(value) in _WRITABLE for value in values):
        constraint = ""
    return Limit(factor.name, text, constraint, values=tuple(values))


def short_between(outside: float, inside: float) -> float:
    """Return the shortest number from `outside` on that lies below `inside`, which is larger.

    Example:
        >>> short_between(0.31234, 0.3187), short_between(-2.0, 7.5), short_between(1e-7, 2e-7)
        (0.316, 0.0, 1e-07)
    """
    if outside < 0 < inside:
        return 0.0
    middle = outside + (inside - outside) / 2
    for digits in range(1, 18):
        candidate = float(f"{middle:.{digits}g}")
        if outside <= candidate < inside:
            return candidate
    return outside


def _figure(value: float) -> str:
    return number(value, 6)


def _exact(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 2**53 else repr(float(value))


def narrowed(parameter: Any, limit: Limit) -> Any:
    """Return a parameter that keeps within a limit: a narrower range, fewer values, or the one value that is left.

    Args:
        parameter: `Real`, `Integer`, `Choice` or `Levels`.
        limit: What a box asks of it.

    Returns:
        The parameter, None where it cannot be made narrower.
    """
    try:
        if isinstance(parameter, Real | Integer):
            low = parameter.low if limit.low is None else limit.low
            high = parameter.high if limit.high is None else limit.high
            if isinstance(parameter, Integer):
                low, high = (None if end is None else int(end) for end in (low, high))
                if low is not None and low == high:
                    return low
                step = {} if parameter.distribution else {"step": parameter.step}
                return Integer(
                    low, high, distribution=parameter.distribution, arguments=parameter.arguments, **step
                )
            return Real(low, high, parameter.log, parameter.distribution, parameter.arguments)
        if isinstance(parameter, Choice | Levels):
            kept = [value for value in parameter.values if _holds(value, limit)]
            if len(kept) == 1:
                return kept[0]
            return type(parameter)(kept) if kept else None
    except MesaLabError:
        return None
    return None


def _holds(value: Any, limit: Limit) -> bool:
    if limit.values:
        return any(value is each or (type(value) is type(each) and value == each) for each in limit.values)
    return (limit.low is None or value >= limit.low) and (limit.high is None or value <= limit.high)


def unit_limits(factor: Factor, box: Box, at: int) -> tuple[float, float]:
    """Return where a box lies between the lowest and the highest value of a number, each as a share of its range."""
    unit = np.zeros(len(factor.levels))
    unit[factor.codes] = factor.unit
    low, high = _range(unit)
    span = high - low or 1.0
    return float((unit[box.low[at]] - low) / span), float((unit[box.high[at]] - low) / span)


def _range(unit: npt.NDArray[np.float64]) -> tuple[float, float]:
    return float(unit.min()), float(unit.max())


def written(name: str) -> str:
    """Return a name as an expression has it: in backticks where it is no plain name.

    Example:
        >>> written("Wolves"), written("R over S"), written("count(Wolf)")
        ('Wolves', '`R over S`', 'count(Wolf)')
    """
    try:
        if compile_expression(name).names == (name,):
            return name
    except ExperimentError:
        pass
    return f"`{name}`"
