"""Distributions of scipy.stats by name: checked, turned into values, and kept as plain data.

A parameter holds a distribution's name and numbers, never the scipy object, so that it can be
compared and written to a file. scipy.stats takes most of a second to import: only here, and late.

To name a distribution costs nothing, whatever its arguments: it is checked by its support alone. Values may take long,
for some distributions for ever (`zipf(1.0001)`), and are worked out when points are made; `is_quick` tells which do not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from mesa_lab.errors import ParameterError, suggest
from mesa_lab.preparation.limits import shortened
from mesa_lab.preparation.parameters.value_keys import is_finite

__all__ = [
    "arguments_of",
    "check_cut",
    "describe",
    "find",
    "is_discrete",
    "is_quick",
    "quantiles",
    "ranks",
    "support",
    "whole_range",
]

TAIL = 1e-6
"""Where an infinite tail is cut when a design asks for the very end of a distribution."""

FAR = 0.01
"""Share of a distribution below which the part between two cuts is far out in a tail."""

_QUICK = frozenset(
    [
        "norm",
        "uniform",
        "triang",
        "lognorm",
        "expon",
        "gamma",
        "beta",
        "weibull_min",
        "weibull_max",
        "truncnorm",
        "t",
        "chi2",
        "cauchy",
        "logistic",
        "laplace",
        "pareto",
        "gumbel_r",
        "gumbel_l",
        "halfnorm",
        "rayleigh",
        "loguniform",
        "reciprocal",
        "powerlaw",
        "geom",
        "poisson",
        "binom",
        "nbinom",
        "randint",
    ]
)
"""Their quantiles and ranks take some microseconds each, as long as their shape is no extreme one."""
_SHAPES = (1e-6, 1e6)

_EVERYDAY = {
    "exponential": "expon",
    "gaussian": "norm",
    "lognormal": "lognorm",
    "log-normal": "lognorm",
    "normal": "norm",
    "negative binomial": "nbinom",
    "triangular": "triang",
    "truncated normal": "truncnorm",
    "weibull": "weibull_min",
}

type Arguments = tuple[tuple[str, Any], ...]


def arguments_of(arguments: Mapping[str, Any]) -> Arguments:
    """Return a distribution's arguments in a form that can be hashed, in order of their names."""
    return tuple(sorted(arguments.items()))


def find(name: str, arguments: Arguments = ()) -> Any:
    """Return the frozen scipy distribution.

    Raises:
        ParameterError: If scipy.stats has none of that name, or it does not take these arguments.
    """
    given: Any = name
    if not isinstance(given, str):
        _named(given)  # which says what is wrong with it
    for argument, value in arguments:
        if not is_finite(value):
            raise ParameterError(
                f"{argument} of the distribution '{name}' is {shortened(value)}. Give a finite number."
            )
    return _frozen(name, arguments)


@lru_cache(maxsize=256)
def _frozen(name: str, arguments: Arguments) -> Any:
    distribution = _named(name)
    given = dict(arguments)
    shapes = [part.strip() for part in (distribution.shapes or "").split(",") if part.strip()]
    known = [*shapes, "loc", *([] if is_discrete(name) else ["scale"])]
    for argument in given:
        if argument not in known:
            raise ParameterError(
                f"The distribution '{name}' takes no '{argument}'.{suggest(argument, known)} It takes: {', '.join(known)}."
            )
    missing = [shape for shape in shapes if shape not in given]
    if missing:
        raise ParameterError(f"The distribution '{name}' needs a value for {' and '.join(missing)}.")
    try:
        frozen = distribution(**given)
        exists = not np.isnan(frozen.support()).any()
    except (TypeError, ValueError, ArithmeticError):  # such as one that takes a list of numbers
        exists = False
    if not exists:
        said = ", ".join(f"{argument}={value}" for argument, value in given.items())
        raise ParameterError(
            f"The distribution '{name}' does not exist for {said}. See scipy.stats.{name} for the values it allows."
        )
    return frozen


def is_quick(name: str, arguments: Arguments) -> bool:
    """Whether values of a distribution are sure to be worked out in some microseconds each.

    Example:
        >>> is_quick("norm", ()), is_quick("poisson", (("mu", 3),)), is_quick("zipf", (("a", 1.0001),))
        (True, True, False)
    """
    shapes = [abs(value) for argument, value in arguments if argument not in ("loc", "scale")]
    return name in _QUICK and all(value == 0 or _SHAPES[0] <= value <= _SHAPES[1] for value in shapes)


def check_cut(name: str, arguments: Arguments, low: float | None, high: float | None) -> None:
    """Refuse ends between which a distribution has no values, as far as that is quick to see.

    Raises:
        ParameterError: If nothing lies between them.
    """
    least, most = support(name, arguments)
    if is_quick(name, arguments):
        _part(name, arguments, low, high)
    elif (low is not None and low > most) or (high is not None and high < least):
        raise _nothing_between(name, low, high)


def _nothing_between(name: str, low: float | None, high: float | None) -> ParameterError:
    return ParameterError(
        f"No part of the distribution '{name}' lies between low={low} and high={high}. Widen the cut."
    )


def _named(name: str) -> Any:
    from scipy import stats

    found = getattr(stats, name, None) if isinstance(name, str) else None
    if isinstance(found, stats.rv_continuous | stats.rv_discrete):
        return found
    made = getattr(name, "dist", None)
    if isinstance(made, stats.rv_continuous | stats.rv_discrete):
        raise ParameterError(
            f"A distribution is given by its name here, such as '{made.name}', with its numbers beside it. One that scipy.stats has "
            f"made already is taken by from_distribution(stats.{made.name}(…), low=…, high=…)."
        )
    known = [
        each
        for each in dir(stats)
        if isinstance(getattr(stats, each), stats.rv_continuous | stats.rv_discrete)
    ]
    everyday = _EVERYDAY.get(str(name).lower())
    hint = f" Did you mean '{everyday}'?" if everyday else suggest(str(name), known)
    raise ParameterError(
        f"Unknown distribution {shortened(name)}.{hint} Any of scipy.stats will do: norm, lognorm, triang, beta, poisson …"
    )


def is_discrete(name: str) -> bool:
    """Whether a distribution gives whole numbers.

    Raises:
        ParameterError: If scipy.stats has none of that name.
    """
    from scipy import stats

    return isinstance(_named(name), stats.rv_discrete)


def support(name: str, arguments: Arguments) -> tuple[float, float]:
    """Return the lowest and highest value, infinite where a tail has no end."""
    low, high = find(name, arguments).support()
    return float(low), float(high)


def quantiles(
    name: str, arguments: Arguments, low: float | None, high: float | None, unit: Any
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Turn numbers in [0, 1] into values, by the inverse of the distribution function.

    Args:
        name: The distribution.
        arguments: Its arguments.
        low: Cut off what lies below; None for nothing.
        high: Cut off what lies above; None for nothing.
        unit: The numbers.

    Returns:
        The values. An end in an infinite tail gives the quantile at one in a million of what lies between the cuts.

    Raises:
        ParameterError: If nothing lies between the ends, or scipy cannot work the values out.
    """
    frozen = find(name, arguments)
    part = _part(name, arguments, low, high)
    ends = frozen.support()
    # Only far out is the tail measured by the part that is left: elsewhere one in a million of the whole is as good, and
    # existing studies recognise their points by every digit of these values.
    tail = TAIL * part.size if part.far else TAIL
    floor = tail if part.below == 0 and not np.isfinite(ends[0]) else 0.0
    ceiling = tail if part.above == 0 and not np.isfinite(ends[1]) else 0.0
    share = np.asarray(unit, dtype=float) * part.size
    if part.upper:  # counted from the upper end, where 1 - 1e-20 would be 1
        values = frozen.isf(np.clip(part.above + (part.size - share), ceiling, 1.0 - floor))
    else:
        values = frozen.ppf(np.clip(part.below + share, floor, 1.0 - ceiling))
    if not np.isfinite(values).all():
        raise ParameterError(
            f"scipy finds no finite values of the distribution '{name}' with these arguments. Choose others, or cut its tails "
            "off with low and high."
        )
    lowest = ends[0] if low is None else max(low, ends[0])
    highest = ends[1] if high is None else min(high, ends[1])
    return np.clip(np.asarray(values, dtype=float), lowest, highest)


def ranks(name: str, arguments: Arguments, low: float | None, high: float | None, values: Any) -> Any:
    """Turn values into numbers in [0, 1]: the share of the distribution that lies below each."""
    part = _part(name, arguments, low, high)
    frozen = find(name, arguments)
    given = np.asarray(values, dtype=float)
    below = part.size - (frozen.sf(given) - part.above) if part.upper else frozen.cdf(given) - part.below
    return np.clip(below / part.size, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class _Part:
    """The part of a distribution between two cuts, as shares of the whole."""

    below: float
    above: float
    size: float
    far: bool

    @property
    def upper(self) -> bool:
        """Whether it is better counted from the upper end."""
        return self.far and self.above < self.below


@lru_cache(maxsize=256)
def _part(name: str, arguments: Arguments, low: float | None, high: float | None) -> _Part:
    frozen = find(name, arguments)
    first = None if low is None else low - 1 if is_discrete(name) else low
    below = 0.0 if first is None else float(frozen.cdf(first))
    above = 0.0 if high is None else float(frozen.sf(high))
    size = (1.0 if high is None else float(frozen.cdf(high))) - below
    if far := size < FAR:
        # A difference of two numbers near 1 has few digits left: in the upper tail the shares above are subtracted.
        upper = (1.0 if first is None else float(frozen.sf(first))) - above
        size = upper if above < below else size
    if not size > 0:
        raise _nothing_between(name, low, high)
    return _Part(below, above, size, far)


def whole_range(low: int | None, high: int | None, arguments: Mapping[str, Any]) -> tuple[int, int]:
    """Return the lowest and the highest value of scipy's `randint`, which excludes its upper end.

    Args:
        low: Cut off what lies below; the distribution's own `low` where `arguments` has none.
        high: Cut off what lies above; the distribution's own `high` where `arguments` has none.
        arguments: `low`, `high` and `loc`, as scipy takes them.

    Raises:
        ParameterError: If an end is missing, or an argument is unknown.
    """
    own = {end: arguments.get(end, given) for end, given in (("low", low), ("high", high))}
    least, most = support(
        "randint", arguments_of({**arguments, **{k: v for k, v in own.items() if v is not None}})
    )
    if low is not None and "low" in arguments:
        least = max(least, low)
    if high is not None and "high" in arguments:
        most = min(most, high)
    return int(least), int(most)


def describe(frozen: Any) -> tuple[str, dict[str, float]]:
    """Return the name and arguments of a frozen scipy distribution.

    Raises:
        ParameterError: If it is none.
    """
    distribution = getattr(frozen, "dist", None)
    name = getattr(distribution, "name", None)
    if distribution is None or not isinstance(name, str):
        raise ParameterError(
            f"{frozen!r} is no distribution with its arguments. Give one as scipy.stats.norm(loc=0, scale=1), or by name."
        )
    shapes = [part.strip() for part in (distribution.shapes or "").split(",") if part.strip()]
    order = [*shapes, "loc", *([] if is_discrete(name) else ["scale"])]
    arguments = dict(zip(order, frozen.args, strict=False)) | dict(frozen.kwds)
    return name, {argument: _plain(value) for argument, value in arguments.items()}


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
