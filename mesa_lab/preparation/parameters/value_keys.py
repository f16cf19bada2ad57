"""Parameter values as they are compared, counted and kept: True is not 1, and 1 is not 1.0.

Python calls `True == 1 == 1.0`, and dicts and lists have no hash. Frozen data that holds a user's
values cannot live with either, so parameters and designs compare by the keys made here.
"""

import dataclasses
import math
from collections.abc import Hashable, Iterable, Mapping
from enum import Enum
from typing import Any, Never

from mesa_lab.preparation.limits import shortened

__all__ = ["ByValue", "FrozenDict", "counted", "frozen", "is_finite", "key", "plain", "show"]


class FrozenDict(dict[Any, Any]):
    """A dict that cannot be changed, so that it can stand in frozen data.

    Example:
        >>> FrozenDict(a=1)["a"]
        1
    """

    def _refuse(self, *_: Any, **__: Any) -> Never:
        raise TypeError("This mapping belongs to frozen data and cannot be changed. Make a new one.")

    __setitem__ = __delitem__ = _refuse
    __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(key(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)


class ByValue:
    """Equality and hash of a frozen dataclass by the keys of its fields."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and key(self) == key(other)

    def __hash__(self) -> int:
        return hash(key(self))


def key(value: Any) -> Hashable:
    """Return something hashable that is equal for equal values of equal type, and for nothing else.

    Args:
        value: Any value; lists, dicts, arrays and dataclasses are compared by what they hold.

    Example:
        >>> key(True) == key(1), key([1, {"a": None}]) == key([1, {"a": None}])
        (False, True)
    """
    value = plain(value)
    kind = type(value)
    if kind is float and math.isnan(value):
        return ("float", "nan")
    if value is None or isinstance(value, bool | int | float | str | bytes | Enum):
        return (kind.__qualname__, value)
    if isinstance(value, Mapping):
        return ("dict", frozenset((key(name), key(item)) for name, item in value.items()))
    if isinstance(value, list | tuple):
        return (kind.__name__, tuple(key(item) for item in value))
    if isinstance(value, set | frozenset):
        return ("set", frozenset(key(item) for item in value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (field.name for field in dataclasses.fields(value) if field.compare)
        return (kind.__qualname__, tuple(key(getattr(value, name)) for name in fields))
    if hasattr(value, "tobytes") and hasattr(value, "dtype"):
        return ("array", str(value.dtype), value.shape, value.tobytes())
    try:
        hash(value)
    except TypeError:
        return (kind.__qualname__, id(value))
    return (kind.__qualname__, value)


def is_finite(value: Any) -> bool:
    """Whether a value is a number that a float can hold; True and False are none.

    Example:
        >>> is_finite(3), is_finite(float("inf")), is_finite(10**400), is_finite(True)
        (True, False, False, False)
    """
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False


def plain(value: Any) -> Any:
    """Return a numpy scalar as the Python value it stands for, and anything else as it is."""
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return value.item()
    return value


def frozen(value: Any) -> Any:
    """Return a mapping of values that cannot be changed, with numpy scalars made plain."""
    if isinstance(value, Mapping):
        return FrozenDict({name: plain(item) for name, item in value.items()})
    return value


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where there is not exactly one.

    Example:
        >>> counted(1, "parameter"), counted(2000, "point")
        ('1 parameter', '2,000 points')
    """
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def show(values: Iterable[Any], most: int = 6) -> str:
    """List values for a message, the first few only.

    Example:
        >>> show([1, "a", None])
        "1, 'a', None"
    """
    listed = list(values)
    text = ", ".join(shortened(value) for value in listed[:most])
    return f"{text}, … ({len(listed)} in all)" if len(listed) > most else text
