"""The kinds of parameters: Real, Integer, Choice and Levels.

A kind knows its values and their types, and how numbers in [0, 1] turn into them. It knows neither
its own name nor the other parameters of its space.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from decimal import Decimal, localcontext
from enum import Enum
from typing import Any, ClassVar, override

import numpy as np

from mesa_lab.errors import ParameterError, suggest
from mesa_lab.preparation import distributions
from mesa_lab.preparation.values import ByValue, FrozenDict, key, plain, show

__all__ = ["Choice", "Integer", "Levels", "Parameter", "Real", "from_distribution"]

type Array = np.ndarray[Any, np.dtype[Any]]


class Parameter(ByValue, ABC):
    """What every kind of parameter can do."""

    example: ClassVar[str]

    @property
    @abstractmethod
    def count(self) -> int | None:
        """How many values there are; None when they cannot be counted."""

    @property
    @abstractmethod
    def base(self) -> Any:
        """The middle value, or the first where values have no order: the base case unless one is given."""

    @abstractmethod
    def from_unit(self, unit: Any) -> Any:
        """Turn numbers in [0, 1] into values of the right type, so that even numbers give even values."""

    @abstractmethod
    def to_unit(self, values: Iterable[Any]) -> Array:
        """Turn values into numbers in [0, 1]; the centre of its share for a value that can be counted."""

    @abstractmethod
    def levels(self, n: int | None = None) -> tuple[Any, ...]:
        """Return different values, evenly spread over the range.

        Args:
            n: How many, or fewer where there are not so many; None for all.

        Raises:
            ParameterError: If all are asked for and they cannot be counted.
        """

    @abstractmethod
    def contains(self, value: Any) -> bool:
        """Whether a value has the right type and lies in the range."""

    @abstractmethod
    def parse(self, value: Any) -> Any:
        """Return a value, or the text of one from a file, as this parameter's type. Its range is not checked.

        Raises:
            ParameterError: If it is of another type.
        """

    def __repr__(self) -> str:
        parts = []
        for each in fields(self):  # type: ignore[arg-type]
            value = getattr(self, each.name)
            default = each.default if each.default_factory is MISSING else each.default_factory()
            if each.name == "arguments":
                parts += [f"{name}={_short(argument)}" for name, argument in value.items()]
            elif value != default:
                in_order = each.name in ("low", "high", "values")
                shown = list(value) if isinstance(value, tuple) else value
                parts.append(_short(shown) if in_order else f"{each.name}={_short(shown)}")
        return f"{type(self).__name__}({', '.join(parts)})"


@dataclass(frozen=True, eq=False, repr=False, init=False)
class Real(Parameter):
    """A real number: evenly over a range, evenly over its logarithm, or from a distribution.

    Args:
        low: The lowest value. With a distribution: cut off what lies below.
        high: The highest value. With a distribution: cut off what lies above.
        log: Spread values evenly over orders of magnitude; both ends must be above 0.
        distribution: The name of a continuous distribution of scipy.stats, such as `"norm"`.
        arguments: The distribution's arguments by name; they can also be given as keywords.

    Raises:
        ParameterError: If low is not below high, or the distribution or its arguments are unknown.

    Example:
        >>> Real(0.1, 0.5).levels(5)
        (0.1, 0.2, 0.3, 0.4, 0.5)
        >>> Real(1, 1000, log=True).levels(4)
        (1.0, 10.0, 100.0, 1000.0)
        >>> Real(distribution="norm", loc=10, scale=2).base
        10.0
    """

    low: float | None = field(default=None, metadata={"help": "The lowest value."})
    high: float | None = field(default=None, metadata={"help": "The highest value."})
    log: bool = field(default=False, metadata={"help": "Spread values evenly over orders of magnitude."})
    distribution: str | None = field(
        default=None, metadata={"help": "Draw from this distribution of scipy.stats, such as norm or triang."}
    )
    arguments: Mapping[str, float] = field(
        default_factory=FrozenDict,
        metadata={"help": "The distribution's arguments by name, such as loc and scale."},
    )

    example: ClassVar[str] = "Real(0, 1)"

    def __init__(
        self,
        low: float | None = None,
        high: float | None = None,
        log: bool = False,
        distribution: str | None = None,
        arguments: Mapping[str, float] | None = None,
        **more: float,
    ) -> None:
        if log is not True and log is not False:
            raise ParameterError(f"Real has log={log!r}. Give True or False.")
        settle = object.__setattr__
        settle(self, "low", None if low is None else _real("low", low))
        settle(self, "high", None if high is None else _real("high", high))
        settle(self, "log", log)
        settle(self, "distribution", distribution)
        settle(self, "arguments", _arguments(self, distribution, arguments, more))
        if distribution is not None:
            if log:
                raise ParameterError(
                    f"Real has log=True and the distribution '{distribution}'. Give one of them: "
                    "loguniform and lognorm are logarithmic by themselves."
                )
            if distributions.is_discrete(distribution):
                raise ParameterError(
                    f"The distribution '{distribution}' gives whole numbers. "
                    f"Use Integer(distribution='{distribution}', …)."
                )
        elif self.low is None or self.high is None:
            raise ParameterError(
                "Real needs a lowest and a highest value, as in Real(0, 1), or a distribution, "
                "as in Real(distribution='norm', loc=0, scale=1)."
            )
        _check_order(self)
        if log and self.low is not None and self.low <= 0:
            raise ParameterError(
                f"A logarithmic range starts above 0, but low is {self.low:g}. "
                "Give a small positive low, or leave log out."
            )

    @property
    @override
    def count(self) -> int | None:
        return None

    @property
    @override
    def base(self) -> float:
        if self.distribution is not None:
            return float(self.from_unit(np.array([0.5]))[0])
        return float(self._spread(3)[1])

    @override
    def from_unit(self, unit: Any) -> Array:
        if self.distribution is not None:
            return _quantiles(self, unit)
        low, high = self._ends
        share = np.clip(np.asarray(unit, dtype=float), 0.0, 1.0)
        if self.log:
            values = np.exp(math.log(low) * (1 - share) + math.log(high) * share)
        else:
            values = low * (1 - share) + high * share
        return np.clip(values, low, high)

    @override
    def to_unit(self, values: Iterable[Any]) -> Array:
        given = np.asarray(list(values), dtype=float)
        if self.distribution is not None:
            return _ranks(self, given)
        low, high = self._ends
        given = np.clip(given, low, high)
        if self.log:
            return (np.log(given) - math.log(low)) / (math.log(high) - math.log(low))
        return (given / 2 - low / 2) / (high / 2 - low / 2)

    @override
    def levels(self, n: int | None = None) -> tuple[float, ...]:
        if n is None:
            raise ParameterError(f"{self} has no finite number of levels. Say how many, or list them.")
        if _number_of_levels(n) == 1:
            return (self.base,)
        if self.distribution is not None:
            return tuple(dict.fromkeys(self.from_unit((np.arange(n) + 0.5) / n).tolist()))
        return tuple(dict.fromkeys(self._spread(n)))

    @override
    def contains(self, value: Any) -> bool:
        value = plain(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return False
        return _within(self, value)

    @override
    def parse(self, value: Any) -> float:
        value = plain(value)
        try:
            if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
                raise ValueError
            number = float(value)
            if not math.isfinite(number):
                raise ValueError
        except (ValueError, OverflowError):
            raise ParameterError(f"{value!r} is no real number") from None
        return number

    @property
    def _ends(self) -> tuple[float, float]:
        assert self.low is not None
        assert self.high is not None
        return self.low, self.high

    def _spread(self, n: int) -> list[float]:
        """Even steps in decimal arithmetic: 0.3, where binary steps of 0.1 give 0.30000000000000004."""
        with localcontext(prec=60):
            low, high = (Decimal(repr(end)) for end in self._ends)
            if self.log:
                start, width = low.ln(), high.ln() - low.ln()
                inner = [float((start + width * i / (n - 1)).exp()) for i in range(1, n - 1)]
            else:
                inner = [float(low + (high - low) * i / (n - 1)) for i in range(1, n - 1)]
        return [self._ends[0], *inner, self._ends[1]]


@dataclass(frozen=True, eq=False, repr=False, init=False)
class Integer(Parameter):
    """A whole number: evenly over a range, in steps, or from a discrete distribution.

    Args:
        low: The lowest value. With a distribution: cut off what lies below.
        high: The highest value that may be taken. With a distribution: cut off what lies above.
        step: From one value to the next.
        distribution: The name of a discrete distribution of scipy.stats, such as `"poisson"`.
        arguments: The distribution's arguments by name; they can also be given as keywords.

    Raises:
        ParameterError: If low is not below high, a number is not whole, or the distribution is unknown.

    Example:
        >>> Integer(10, 30, step=10).levels()
        (10, 20, 30)
        >>> Integer(1, 2).levels(3)
        (1, 2)
    """

    low: int | None = field(default=None, metadata={"help": "The lowest value."})
    high: int | None = field(default=None, metadata={"help": "The highest value."})
    step: int = field(default=1, metadata={"help": "From one value to the next."})
    distribution: str | None = field(
        default=None,
        metadata={"help": "Draw from this discrete distribution of scipy.stats, such as poisson."},
    )
    arguments: Mapping[str, float] = field(
        default_factory=FrozenDict, metadata={"help": "The distribution's arguments by name, such as mu."}
    )

    example: ClassVar[str] = "Integer(1, 10)"

    def __init__(
        self,
        low: int | None = None,
        high: int | None = None,
        step: int = 1,
        distribution: str | None = None,
        arguments: Mapping[str, float] | None = None,
        **more: float,
    ) -> None:
        settle = object.__setattr__
        settle(self, "low", None if low is None else _whole("low", low))
        settle(self, "high", None if high is None else _whole("high", high))
        settle(self, "step", _whole("step", step))
        settle(self, "distribution", distribution)
        settle(self, "arguments", _arguments(self, distribution, arguments, more))
        if self.step < 1:
            raise ParameterError(f"Integer has step={step!r}. Give a whole number from 1.")
        if distribution is not None:
            if self.step != 1:
                raise ParameterError("Integer has a step and a distribution. Give one of them.")
            if not distributions.is_discrete(distribution):
                raise ParameterError(
                    f"The distribution '{distribution}' gives real numbers. "
                    f"Use Real(distribution='{distribution}', …), or a discrete one such as poisson or binom."
                )
        elif self.low is None or self.high is None:
            raise ParameterError(
                "Integer needs a lowest and a highest value, as in Integer(1, 10), or a distribution, "
                "as in Integer(distribution='poisson', mu=3)."
            )
        _check_order(self)
        if self.low is not None and self.high is not None and self.step > self.high - self.low:
            raise ParameterError(
                f"The step {self.step} is larger than the range {self.low} to {self.high}, which leaves one value. "
                "Make it smaller, or hold the parameter fixed at a plain value."
            )

    @property
    @override
    def count(self) -> int | None:
        ends = self._ends
        return None if ends is None else (ends[1] - ends[0]) // self.step + 1

    @property
    @override
    def base(self) -> int:
        ends = self._ends
        if ends is None or self.distribution is not None:
            return int(_quantiles(self, np.array([0.5]))[0])
        return ends[0] + ((ends[1] - ends[0]) // self.step) // 2 * self.step

    @override
    def from_unit(self, unit: Any) -> Any:
        if self.distribution is not None:
            return np.rint(_quantiles(self, unit)).astype(np.int64)
        low, count = self._ladder
        rung = np.floor(np.clip(np.asarray(unit, dtype=float), 0.0, 1.0) * count)
        if count <= 2**53 and abs(low) + count * self.step < 2**62:
            return low + self.step * np.minimum(rung, count - 1).astype(np.int64)
        return [low + self.step * min(int(each), count - 1) for each in rung]

    @override
    def to_unit(self, values: Iterable[Any]) -> Array:
        given = np.asarray(list(values), dtype=float)
        if self.distribution is not None:
            below = _ranks(self, given - 1)
            return (below + _ranks(self, given)) / 2
        low, count = self._ladder
        return np.clip(((given - low) / self.step + 0.5) / count, 0.0, 1.0)

    @override
    def levels(self, n: int | None = None) -> tuple[int, ...]:
        if n is not None and _number_of_levels(n) == 1:
            return (self.base,)
        if n is not None and self.distribution is not None:
            return tuple(dict.fromkeys(self.from_unit((np.arange(n) + 0.5) / n).tolist()))
        count = self.count
        if count is None:
            raise ParameterError(f"{self} has no finite number of levels. Say how many, or list them.")
        low, _ = self._ladder
        if n is None or n >= count:
            return tuple(range(low, low + count * self.step, self.step))
        # Half up in whole numbers: floats would repeat or skip rungs of a very long ladder.
        return tuple(low + self.step * ((2 * i * (count - 1) + n - 1) // (2 * (n - 1))) for i in range(n))

    @override
    def contains(self, value: Any) -> bool:
        value = plain(value)
        if isinstance(value, bool) or not isinstance(value, int) or not _within(self, value):
            return False
        return self.low is None or (value - self.low) % self.step == 0

    @override
    def parse(self, value: Any) -> int:
        value = plain(value)
        try:
            if isinstance(value, bool):
                raise ValueError
            return int(value) if isinstance(value, str) else _whole("value", value)
        except ValueError:
            pass
        try:
            if isinstance(value, str):
                return _whole("value", float(value))
        except ValueError:
            pass
        raise ParameterError(f"{value!r} is no whole number") from None

    @property
    def _ends(self) -> tuple[int, int] | None:
        low, high = self.low, self.high
        if self.distribution is not None:
            least, most = distributions.support(self.distribution, distributions.arguments_of(self.arguments))
            low = low if math.isinf(least) else int(least) if low is None else max(low, int(least))
            high = high if math.isinf(most) else int(most) if high is None else min(high, int(most))
        return None if low is None or high is None else (low, high)

    @property
    def _ladder(self) -> tuple[int, int]:
        ends, count = self._ends, self.count
        assert ends is not None
        assert count is not None
        return ends[0], count


class Listed(Parameter):
    """What `Choice` and `Levels` share: values that are written out."""

    values: Sequence[Any]

    def __post_init__(self) -> None:
        name = type(self).__name__
        if isinstance(self.values, str | bytes | set | frozenset) or not isinstance(self.values, Iterable):
            raise ParameterError(
                f"{name} is given {self.values!r}. Give a list of values, as in {self.example}."
            )
        values = tuple(plain(value) for value in self.values)
        if not values:
            raise ParameterError(f"{name} has no values. List at least one, as in {self.example}.")
        seen: dict[Any, Any] = {}
        for value in values:
            if (alike := _alike(value)) in seen:
                raise ParameterError(f"{name} lists {seen[alike]!r} twice. Remove one of them.")
            seen[alike] = value
        object.__setattr__(self, "values", values)

    @property
    def count(self) -> int | None:
        return len(self.values)

    @property
    def base(self) -> Any:
        return self.values[0]

    def from_unit(self, unit: Any) -> list[Any]:
        share = np.clip(np.asarray(unit, dtype=float), 0.0, 1.0)
        places = np.minimum(np.floor(share * len(self.values)).astype(np.int64), len(self.values) - 1)
        return [self.values[place] for place in places]

    def to_unit(self, values: Iterable[Any]) -> Array:
        places = {_alike(value): place for place, value in enumerate(self.values)}
        return np.array([(places.get(_alike(value), 0) + 0.5) / len(self.values) for value in values])

    def levels(self, n: int | None = None) -> tuple[Any, ...]:
        """Return all values, whatever number is asked for: what is written out is what is meant."""
        if n is not None:
            _number_of_levels(n)
        return tuple(self.values)

    def contains(self, value: Any) -> bool:
        return any(_alike(value) == _alike(each) for each in self.values)

    def parse(self, value: Any) -> Any:
        value = plain(value)
        for each in self.values:
            if key(each) == key(value):
                return each
        for each in self.values:
            if _alike(each) == _alike(value) or (isinstance(value, str) and _reads_as(value, each)):
                return each
        names = [each.name if isinstance(each, Enum) else str(each) for each in self.values]
        raise ParameterError(
            f"{value!r} is none of {show(self.values)}.{suggest(str(value), names)}".rstrip(".")
        )


@dataclass(frozen=True, eq=False, repr=False)
class Choice(Listed):
    """One of several values that have no order: names, booleans, None, Enum members, tuples, dicts.

    Args:
        values: The values; the first is the base case.

    Raises:
        ParameterError: If there are none, or one is listed twice.

    Example:
        >>> Choice([True, False]).levels()
        (True, False)
    """

    values: Sequence[Any] = field(metadata={"help": "The values to choose from."})

    example: ClassVar[str] = "Choice(['a', 'b'])"


@dataclass(frozen=True, eq=False, repr=False)
class Levels(Listed):
    """Values written out one by one, in their order. A plain list among an experiment's parameters means this.

    Args:
        values: The values; the middle one is the base case when they are numbers, else the first.

    Raises:
        ParameterError: If there are none, or one is listed twice.

    Example:
        >>> Levels([10, 50, 200]).base
        50
        >>> Levels.steps(0.1, 0.5, 0.1).values
        (0.1, 0.2, 0.3, 0.4, 0.5)
    """

    values: Sequence[Any] = field(metadata={"help": "The levels, in order."})

    example: ClassVar[str] = "Levels([10, 50, 200])"

    @classmethod
    def steps(cls, start: float, stop: float, step: float) -> "Levels":
        """Return the levels from start to stop, stop included, in exact steps.

        Raises:
            ParameterError: If the step does not lead from start to stop.
        """
        first, last, by = (Decimal(repr(plain(number))) for number in (start, stop, step))
        if by == 0 or (last - first) / by < 0 or (last - first) / by > 1_000_000:
            raise ParameterError(f"Steps of {step} do not lead from {start} to {stop}. Change the step.")
        values = [first + by * i for i in range(int((last - first) / by) + 1)]
        whole = all(isinstance(plain(number), int) for number in (start, stop, step))
        return cls(tuple(int(value) if whole else float(value) for value in values))

    @property
    @override
    def base(self) -> Any:
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in self.values):
            return sorted(self.values)[(len(self.values) - 1) // 2]
        return self.values[0]

    @override
    def parse(self, value: Any) -> Any:
        try:
            return super().parse(value)
        except ParameterError:
            kinds = {type(each) for each in self.values}
            if kinds <= {int, float} and kinds:
                return Integer(0, 1).parse(value) if kinds == {int} else Real(0, 1).parse(value)
            raise


def from_distribution(source: Any, /, **arguments: Any) -> Real | Integer:
    """Return a parameter drawn from a distribution: an `Integer` for a discrete one, else a `Real`.

    Args:
        source: A distribution's name in scipy.stats, or a frozen distribution made by it.
        **arguments: The distribution's arguments; also `low` and `high`, to cut off its tails.

    Raises:
        ParameterError: If it is unknown, or does not take these arguments.

    Example:
        >>> from_distribution("poisson", mu=3)
        Integer(distribution='poisson', mu=3)
    """
    name, own = (source, {}) if isinstance(source, str) else distributions.describe(source)
    kind = Integer if distributions.is_discrete(name) else Real
    return kind(distribution=name, **{**own, **arguments})


def _real(name: str, value: Any) -> float:
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ParameterError(f"{name} is {value!r}. Give a number.")
    if not math.isfinite(value):
        raise ParameterError(f"{name} is {value!r}. Give a finite number.")
    return float(value)


def _whole(name: str, value: Any) -> int:
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ParameterError(f"{name} is {value!r}. Give a whole number.")
    if value != int(value):
        raise ParameterError(f"{name} is {value!r}. Give a whole number, or use Real for real numbers.")
    return int(value)


def _number_of_levels(n: Any) -> int:
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ParameterError(f"The number of levels is {n!r}. Give a whole number from 1.")
    return n


def _check_order(parameter: Real | Integer) -> None:
    low, high = parameter.low, parameter.high
    if low is None or high is None:
        if parameter.distribution is not None:
            _quantiles(parameter, np.array([0.5]))
        return
    if low > high:
        raise ParameterError(f"low is {low:g}, above high, which is {high:g}. Swap them.")
    if low == high:
        raise ParameterError(
            f"low and high are both {low:g}. To hold a parameter fixed, give the plain value instead of a range."
        )
    if parameter.distribution is not None:
        _quantiles(parameter, np.array([0.5]))


def _arguments(
    parameter: Parameter,
    distribution: str | None,
    arguments: Mapping[str, Any] | None,
    more: Mapping[str, Any],
) -> FrozenDict:
    name = type(parameter).__name__
    given = FrozenDict({argument: plain(value) for argument, value in {**(arguments or {}), **more}.items()})
    if given and distribution is None:
        unknown = next(iter(given))
        known = [each.name for each in fields(parameter)]  # type: ignore[arg-type]
        raise ParameterError(
            f"{name} takes no '{unknown}'.{suggest(unknown, known)} It takes: {', '.join(known)}, "
            "and with a distribution that distribution's arguments."
        )
    if distribution is not None:
        distributions.find(distribution, distributions.arguments_of(given))
    return given


def _quantiles(parameter: Real | Integer, unit: Any) -> Array:
    assert parameter.distribution is not None
    arguments = distributions.arguments_of(parameter.arguments)
    return distributions.quantiles(parameter.distribution, arguments, parameter.low, parameter.high, unit)


def _ranks(parameter: Real | Integer, values: Any) -> Array:
    assert parameter.distribution is not None
    arguments = distributions.arguments_of(parameter.arguments)
    return distributions.ranks(parameter.distribution, arguments, parameter.low, parameter.high, values)


def _within(parameter: Real | Integer, value: float) -> bool:
    low, high = parameter.low, parameter.high
    if parameter.distribution is not None:
        least, most = distributions.support(
            parameter.distribution, distributions.arguments_of(parameter.arguments)
        )
        if not least <= value <= most:
            return False
    return (low is None or low <= value) and (high is None or value <= high)


def _alike(value: Any) -> Any:
    """A key under which 1 and 1.0 are one value, but True is another."""
    value = plain(value)
    if isinstance(value, int | float) and not isinstance(value, bool | Enum) and value == value:
        return ("number", value)
    return key(value)


def _reads_as(text: str, value: Any) -> bool:
    """Whether this is how a file would spell the value."""
    text = text.strip()
    if isinstance(value, Enum):
        return text in (value.name, str(value), str(value.value))
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    if value is None:
        return text.lower() in ("", "none", "null")
    if isinstance(value, int | float):
        try:
            return float(text) == value
        except ValueError:
            return False
    return text == str(value)


def _short(value: Any) -> str:
    """0.0 as 0, for messages."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value)
