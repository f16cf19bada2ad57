"""What every kind of parameter can do, and the numbers that all of them check."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np

from mesa_lab.errors import ParameterError
from mesa_lab.preparation.limits import shortened
from mesa_lab.preparation.parameters.value_keys import ByValue, is_finite, plain

__all__ = ["Array", "Parameter", "number_of_levels", "real", "whole"]

type Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False, repr=False)
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
        for each in fields(self):
            value = getattr(self, each.name)
            default = each.default if each.default_factory is MISSING else each.default_factory()
            if each.name == "arguments":
                parts += [f"{name}={_short(argument)}" for name, argument in value.items()]
            elif value != default:
                in_order = each.name in ("low", "high", "values")
                shown = list(value) if isinstance(value, tuple) else value
                parts.append(_short(shown) if in_order else f"{each.name}={_short(shown)}")
        return f"{type(self).__name__}({', '.join(parts)})"


def real(name: str, value: Any) -> float:
    """Check a finite number.

    Raises:
        ParameterError: If it is none.
    """
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ParameterError(f"{name} is {shortened(value)}. Give a number.")
    if not (value.is_finite() if isinstance(value, Decimal) else is_finite(value)):
        raise ParameterError(f"{name} is {shortened(value)}. Give a finite number.")
    return float(value)


def whole(name: str, value: Any) -> int:
    """Check a whole number; 3.0 is one.

    Raises:
        ParameterError: If it is none.
    """
    value = plain(value)
    if not is_finite(value):
        raise ParameterError(f"{name} is {shortened(value)}. Give a whole number.")
    if value != int(value):
        raise ParameterError(f"{name} is {value!r}. Give a whole number, or use Real for real numbers.")
    return int(value)


def number_of_levels(n: Any) -> int:
    """Check how many levels are asked for.

    Raises:
        ParameterError: If it is no whole number from 1.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ParameterError(f"The number of levels is {shortened(n)}. Give a whole number from 1.")
    return n


def _short(value: Any) -> str:
    """0.0 as 0, for messages."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value)
