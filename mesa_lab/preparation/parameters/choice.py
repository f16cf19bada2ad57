"""Values that are written out: choices without an order, and levels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar, override

import numpy as np

from mesa_lab.errors import ParameterError, suggest
from mesa_lab.preparation.limits import shortened
from mesa_lab.preparation.parameters.integer import Integer
from mesa_lab.preparation.parameters.parameter import Array, Parameter, number_of_levels
from mesa_lab.preparation.parameters.real import Real
from mesa_lab.preparation.parameters.value_keys import key, plain, show

__all__ = ["Choice", "Levels", "Listed"]


class Listed(Parameter):
    """What `Choice` and `Levels` share: values that are written out."""

    values: Sequence[Any]
    _places: dict[Any, int]

    def __post_init__(self) -> None:
        name = type(self).__name__
        if isinstance(self.values, str | bytes | set | frozenset) or not isinstance(self.values, Iterable):
            raise ParameterError(
                f"{name} is given {shortened(self.values)}. Give a list of values, as in {self.example}."
            )
        values = tuple(plain(value) for value in self.values)
        if not values:
            raise ParameterError(f"{name} has no values. List at least one, as in {self.example}.")
        places: dict[Any, int] = {}
        for place, value in enumerate(values):
            if (alike := _alike(value)) in places:
                raise ParameterError(
                    f"{name} lists {shortened(values[places[alike]])} twice. Remove one of them."
                )
            places[alike] = place
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "_places", places)

    @property
    @override
    def count(self) -> int | None:
        return len(self.values)

    @property
    @override
    def base(self) -> Any:
        return self.values[0]

    @override
    def from_unit(self, unit: Any) -> list[Any]:
        share = np.clip(np.asarray(unit, dtype=float), 0.0, 1.0)
        places = np.minimum(np.floor(share * len(self.values)).astype(np.int64), len(self.values) - 1)
        return [self.values[place] for place in places]

    @override
    def to_unit(self, values: Iterable[Any]) -> Array:
        places = [self._places.get(_alike(value), 0) for value in values]
        return (np.array(places, dtype=float) + 0.5) / len(self.values)

    def levels(self, n: int | None = None) -> tuple[Any, ...]:
        """Return all values, whatever number is asked for: what is written out is what is meant."""
        if n is not None:
            number_of_levels(n)
        return tuple(self.values)

    @override
    def contains(self, value: Any) -> bool:
        return _alike(value) in self._places

    @override
    def parse(self, value: Any) -> Any:
        value = plain(value)
        place = self._places.get(_alike(value))
        if place is not None:
            return self.values[place]
        for each in self.values:
            if isinstance(value, str) and _reads_as(value, each):
                return each
        names = [each.name if isinstance(each, Enum) else str(each) for each in self.values]
        raise ParameterError(
            f"{shortened(value)} is none of {show(self.values)}.{suggest(str(value), names)}".rstrip(".")
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
