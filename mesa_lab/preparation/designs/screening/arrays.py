"""Orthogonal arrays by their names: what pydoe has, where it is what its name says, and what it lacks.

In an orthogonal array any two columns hold all pairs of their levels equally often. Levels are numbers from 0.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final

import numpy as np

from mesa_lab.errors import DesignError, suggest

__all__ = ["ARRAYS", "Array", "find_arrays"]

type Levels = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Array:
    """An orthogonal array: its name, its size, and how it is made.

    Attributes:
        name: Runs, and columns by their number of levels: `"L18(2^1 3^7)"`.
        runs: The number of rows.
        columns: The number of levels of each column.
        make: Returns the levels, an array of shape (runs, columns).
    """

    name: str
    runs: int
    columns: tuple[int, ...]
    make: Callable[[], Levels]


def _of_pydoe(name: str) -> Levels:
    import pydoe

    return np.asarray(pydoe.get_orthogonal_array(name), dtype=np.int64)


def _with_two_and_three() -> Levels:
    """L18 with Taguchi's columns: the one of six levels taken apart into one of two and one of three."""
    array = _of_pydoe("L18(6^1 3^6)")
    return np.column_stack([array[:, 0] // 3, array[:, 0] % 3, array[:, 1:]])


def _of_hadamard(order: int) -> Levels:
    """Two-level columns; pydoe's L64 has only 33 different rows."""
    from mesa_lab.preparation.designs.screening.hadamard import hadamard_of

    return (hadamard_of(order)[:, 1:] < 0).astype(np.int64)


def _array(name: str, make: Callable[[], Levels] | None = None) -> Array:
    runs, columns = _parsed(name)
    return Array(name, runs, columns, lru_cache(maxsize=1)(make or partial(_of_pydoe, name)))


def _parsed(name: str) -> tuple[int, tuple[int, ...]]:
    runs, _, inside = name.removeprefix("L").rstrip(")").partition("(")
    parts = [part.split("^") for part in inside.split()]
    return int(runs), tuple(int(levels) for levels, count in parts for _ in range(int(count)))


ARRAYS: Final[dict[str, Array]] = {
    array.name: array
    for array in (
        _array("L4(2^3)"),
        _array("L8(2^7)"),
        _array("L9(3^4)"),
        _array("L12(2^11)"),
        _array("L16(2^15)"),
        _array("L16(4^5)"),
        _array("L18(2^1 3^7)", _with_two_and_three),
        _array("L18(6^1 3^6)"),
        _array("L25(5^6)"),
        _array("L27(3^13)", partial(_of_pydoe, "L27(2^1 3^12)")),
        _array("L32(2^31)"),
        _array("L32(2^1 4^9)"),
        _array("L36(2^11 3^12)", partial(_of_pydoe, "L36(3^23)")),
        _array("L50(2^1 5^11)"),
        _array("L54(2^1 3^25)"),
        _array("L64(2^63)", partial(_of_hadamard, 64)),
        _array("L64(4^21)"),
        _array("L81(3^40)"),
    )
}
"""By name, from the fewest runs to the most.

Taguchi (1987), System of Experimental Design. Two of pydoe's names say what no array can be; they stand here under the names of
what they are.
"""

_MISNAMED: Final = {
    "L27(2^1 3^12)": "27 runs cannot hold two levels equally often; the array that goes by this name is L27(3^13)",
    "L36(3^23)": "36 runs have at most 13 columns of three levels; the array that goes by this name is L36(2^11 3^12)",
}


def find_arrays(name: str) -> list[Array]:
    """Return the arrays that a name may mean: `"L9"` is `"L9(3^4)"`, `"L16"` one of two.

    Raises:
        DesignError: If there is none.

    Example:
        >>> [array.name for array in find_arrays("L16")]
        ['L16(2^15)', 'L16(4^5)']
    """
    tidy = re.sub(r"\s*\(\s*", "(", re.sub(r"[\s,×x*]+", " ", name.strip().replace("**", "^")))
    tidy = tidy.replace(" )", ")").replace("l", "L")
    if tidy in _MISNAMED:
        raise DesignError(f"There is no orthogonal array {name}: {_MISNAMED[tidy]}.")
    if tidy == "L64(2^31)":
        tidy = "L64(2^63)"  # any columns of an array are an array
    if tidy in ARRAYS:
        return [ARRAYS[tidy]]
    if found := [array for array in ARRAYS.values() if array.name.partition("(")[0] == tidy]:
        return found
    raise DesignError(
        f"There is no orthogonal array '{name}'.{suggest(tidy, ARRAYS)} There are: {', '.join(ARRAYS)}."
    )
