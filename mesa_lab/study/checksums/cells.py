"""Numbers of cells: what each value in the rows of runs counts for in a checksum.

A number says a value, its type and its column, and each step to it is one to one: another value always has another number.
What has no value counts for nothing. Values count as SQLite returns them. This room knows columns and numbers only.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["BITS", "COUNTED", "keys", "label", "of_column", "of_columns"]

COUNTED: Final = ("seed", "status", "steps", "time", "init_seconds", "run_seconds", "notes", "attempt")
"""The columns of `runs` that count, in the order of the schema; the outcomes come after them."""

# 62 bits: a sum or difference of two still fits SQLite's integers, and "&" brings it back.
BITS: Final = 2**62 - 1
_MIX: Final = np.uint64(0xBF58476D1CE4E5B9)
_FOLD: Final = np.uint64(31)
_FLOAT: Final = np.uint64(0x5851F42D4C957F2D)  # one bit in a row's head makes a whole number of a float
_REAL: Final = ("time", "init_seconds", "run_seconds")
_STEPS: Final = "steps"
_NONE, _WHOLE, _NUMBER, _TEXT = {type(None)}, {int, bool}, {float, type(None)}, {str, type(None)}


def label(outcome: str) -> str:
    """Return what an outcome's column is called here: an outcome may be named like a column of `runs`."""
    return f"outcome {outcome}"


def of_columns(outcomes: Sequence[str], columns: Sequence[Sequence[Any]]) -> npt.NDArray[np.uint64]:
    """Return the numbers of cells, a row for each column.

    Args:
        outcomes: Names of the outcomes that are given.
        columns: The values of `COUNTED`, then of those outcomes.
    """
    every = keys(tuple(outcomes))
    cells = np.empty((len(every), len(columns[0])), np.uint64)
    for place, (column, key) in enumerate(zip(columns, every, strict=True)):
        _fill(cells[place], column, key, COUNTED[place] if place < len(COUNTED) else "")
    return _mixed(cells, every[:, None])


def of_column(name: str, values: Sequence[Any] | npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Return the numbers of the cells of one column.

    Args:
        name: One of `COUNTED`, or the `label` of an outcome.
        values: As SQLite returned them; an array of whole numbers, or of floats, where all of them are that or missing.
    """
    key = _key(name)
    cells = np.empty(len(values), np.uint64)
    if not isinstance(values, np.ndarray):
        _fill(cells, values, key, name)
    elif values.dtype == np.int64:
        cells[:] = values.view(np.uint64)
    else:
        _fill_numbers(cells, values, key)
    return _mixed(cells, key)


def _mixed(cells: npt.NDArray[np.uint64], key: Any) -> npt.NDArray[np.uint64]:
    # Each step is one to one: a single changed value always changes the number.
    cells ^= key
    cells *= _MIX
    cells ^= cells >> _FOLD
    cells *= key
    return cells


@lru_cache(maxsize=64)
def keys(outcomes: tuple[str, ...]) -> npt.NDArray[np.uint64]:
    """Return an odd number for each column, so that equal values under two names count differently."""
    return np.array([_key(name) for name in (*COUNTED, *map(label, outcomes))], np.uint64)


@lru_cache(maxsize=4096)
def _key(name: str) -> np.uint64:
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little") | 1)


def _fill(cells: npt.NDArray[np.uint64], column: Sequence[Any], key: np.uint64, name: str) -> None:
    """Write a column's values as 64 bits each; the key itself stands for no value, and then counts for nothing."""
    if name in _REAL:
        try:
            _fill_numbers(cells, column, key)
        except (ValueError, TypeError):  # only damage puts anything else there
            _fill_any(cells, column, key)
        return
    types = set(map(type, column))
    if name == _STEPS and float in types:
        column = [_whole(value) for value in column]  # as SQLite keeps it in this column
        types = set(map(type, column))
    if types == _NONE:
        cells[:] = key
    elif types <= _WHOLE:
        cells[:] = np.array(column, np.int64).view(np.uint64)
    elif types <= _NUMBER:
        _fill_numbers(cells, column, key)
    elif types <= _TEXT:
        known = {text: int(key) if text is None else _bits(text) for text in set(column)}
        cells[:] = np.fromiter(map(known.__getitem__, column), np.uint64, len(column))
    else:
        _fill_any(cells, column, key)


def _fill_numbers(cells: npt.NDArray[np.uint64], column: Any, key: np.uint64) -> None:
    numbers = np.array(column, np.float64)  # None becomes NaN
    numbers += 0.0  # SQLite may return -0.0 as 0.0
    np.bitwise_xor(numbers.view(np.uint64), _FLOAT, out=cells)
    missing = numbers != numbers  # SQLite has no NaN
    if missing.any():
        cells[missing] = key


def _fill_any(cells: npt.NDArray[np.uint64], column: Sequence[Any], key: np.uint64) -> None:
    known = {cell: _bits(cell[1]) for cell in set(zip(map(type, column), column, strict=True))}
    bits = [known[cell] for cell in zip(map(type, column), column, strict=True)]
    cells[:] = np.array([int(key) if some is None else some for some in bits], np.uint64)


def _whole(value: Any) -> Any:
    return int(value) if type(value) is float and value.is_integer() and abs(value) < 2**63 else value


def _bits(value: Any) -> int | None:
    if value is None or value != value:
        return None
    if isinstance(value, float):
        return int.from_bytes(struct.pack("<d", value + 0.0), "little") ^ int(_FLOAT)
    if isinstance(value, int):
        return value & 0xFFFFFFFFFFFFFFFF
    return _of_bytes(value if isinstance(value, bytes) else str(value).encode("utf-8", "replace"))


def _of_bytes(data: bytes) -> int:
    return zlib.crc32(data, 1) << 32 | zlib.crc32(data[::-1], 2)
