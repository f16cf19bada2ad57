"""What the words of an expression do, to single values and to whole columns.

Integers stay exact and bounded, columns do not wrap round, text is never added or multiplied.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

__all__ = [
    "ARITHMETIC",
    "COMPARISONS",
    "FUNCTIONS",
    "all_of",
    "any_of",
    "bounded",
    "compared",
    "is_column",
    "negate",
    "number",
]

type Values = Mapping[str, Any]
type Step = Callable[[Values], Any]

LARGEST_BITS: Final = 1024

FUNCTIONS: Final[dict[str, tuple[Callable[..., Any], Callable[..., Any]]]] = {
    # name: (on single values, on columns)
    "abs": (abs, np.abs),
    "ceil": (math.ceil, np.ceil),
    "exp": (math.exp, np.exp),
    "floor": (math.floor, np.floor),
    "len": (len, lambda column: np.array([len(value) for value in column])),
    "log": (math.log, lambda x, base=math.e: np.log(x) / np.log(base)),
    "max": (max, lambda *columns: _fold(np.maximum, columns)),
    "min": (min, lambda *columns: _fold(np.minimum, columns)),
    "round": (round, lambda x, digits=0: np.round(x, digits)),
    "sqrt": (math.sqrt, np.sqrt),
}

ARITHMETIC: Final[dict[type[ast.operator], tuple[str, Callable[[Any, Any], Any]]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.FloorDiv: ("//", operator.floordiv),
    ast.Mod: ("%", operator.mod),
    ast.Pow: ("**", operator.pow),
}

COMPARISONS: Final[dict[type[ast.cmpop], tuple[str, Callable[[Any, Any], Any]]]] = {
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
    ast.Eq: ("==", operator.eq),
    ast.NotEq: ("!=", operator.ne),
    ast.In: ("in", lambda left, right: _contains(left, right)),
    ast.NotIn: ("not in", lambda left, right: np.logical_not(_contains(left, right))),
    ast.Is: ("is", operator.eq),
    ast.IsNot: ("is not", operator.ne),
}


def all_of(parts: list[Step]) -> Step:
    """Return `and` over the parts; single values stop at the first that is false."""

    def run(values: Values) -> Any:
        result: Any = True
        for part in parts:
            value = part(values)
            if is_column(value) or is_column(result):
                result = np.logical_and(_truth(result), _truth(value))
            elif not value:
                return False
        return result

    return run


def any_of(parts: list[Step]) -> Step:
    """Return `or` over the parts; single values stop at the first that is true."""

    def run(values: Values) -> Any:
        result: Any = False
        for part in parts:
            value = part(values)
            if is_column(value) or is_column(result):
                result = np.logical_or(_truth(result), _truth(value))
            elif value:
                return True
        return result

    return run


def _truth(value: Any) -> Any:
    return value.astype(bool) if is_column(value) else bool(value)


def negate(value: Any) -> Any:
    """Return `not` of a value or of each in a column."""
    return np.logical_not(_truth(value)) if is_column(value) else not value


def _contains(value: Any, options: tuple[Any, ...]) -> Any:
    if not is_column(value):
        return value in options
    return np.any([np.asarray(value == option) for option in options], axis=0) if options else value != value


def compared(symbol: str, compare: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """Return a comparison.

    Raises:
        TypeError: If the two cannot be compared.
    """
    try:
        return compare(left, right)
    except TypeError:
        if is_column(left) or is_column(right):
            raise
        raise TypeError(f"'{symbol}' does not compare {_kind(left)} with {_kind(right)}") from None


def number(symbol: str, value: Any) -> Any:
    """Return a value that arithmetic may use.

    Raises:
        TypeError: If it is no number.
    """
    if isinstance(value, int | float | np.number | np.bool_):
        return value
    if is_column(value):
        return value.astype(np.int64) if value.dtype == np.bool_ else value
    raise TypeError(f"'{symbol}' needs numbers, not {_kind(value)}")


def bounded(symbol: str, left: Any, right: Any) -> tuple[Any, Any]:
    """Return two numbers whose product or power stays within bounds.

    Raises:
        ValueError: If it would not.
    """
    if is_column(left) or is_column(right):
        # Columns of integers would wrap round in silence where floats only round.
        return _as_float(left), _as_float(right)
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() * abs(right) if symbol == "**" else left.bit_length() + right.bit_length()
        if bits > LARGEST_BITS:
            raise ValueError(f"{left} {symbol} {right} is too large")
    elif symbol == "**" and left < 0 and right != int(right):
        raise ValueError(f"{left} ** {right} is no real number")
    return left, right


def _as_float(value: Any) -> Any:
    if is_column(value):
        return value if value.dtype == object else value.astype(float)
    return float(value)


def _fold(function: Callable[[Any, Any], Any], columns: tuple[Any, ...]) -> Any:
    result = columns[0]
    for column in columns[1:]:
        result = function(result, column)
    return result


def is_column(value: Any) -> bool:
    """Whether this is a column of values rather than a single one."""
    return isinstance(value, np.ndarray) and value.ndim > 0


def _kind(value: Any) -> str:
    return f"{value!r} (text)" if isinstance(value, str) else "None" if value is None else repr(value)
