"""Checksums of the rows of runs, by which a changed byte in the table is noticed: SQLite's pages have none.

Each run has a number that depends on all its values, and the checksum of a block is the sum of its runs' numbers, so
that a run can be taken out and rows can be read in any order. What may rightly differ in another study counts
for nothing: where a run stands (run_id, point, replication, which are checked against the plan; block). Values count as SQLite returns them, under the names of the outcomes. This room knows tables and numbers only.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.study.layout import RunPlan, plan

__all__ = ["Sums", "changed_blocks", "count_attempt", "fields", "note", "of_rows", "places", "take_out"]

_COLUMNS: Final = (
    "run_id", "point", "replication", "seed", "status", "steps", "time", "init_seconds", "run_seconds", "notes",
    "attempt", "block",
)  # fmt: skip
_ATTEMPT: Final = _COLUMNS.index("attempt")
_COUNTED: Final = slice(_COLUMNS.index("seed"), _ATTEMPT + 1)
_BLOCK: Final = _COLUMNS.index("block")
_OUTCOMES: Final = len(_COLUMNS)

# 62 bits: a sum or difference of two still fits SQLite's integers, and "&" brings it back.
_BITS: Final = 2**62 - 1
_MIX: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_ROW: Final = np.uint64(0x94D049BB133111EB)
_FOLD: Final = np.uint64(31)
_FLOAT: Final = np.uint64(0x5851F42D4C957F2D)  # one bit in a row's head makes a whole number of a float
_REAL: Final = [_COLUMNS[_COUNTED].index(name) for name in ("time", "init_seconds", "run_seconds")]
_STEPS: Final = _COLUMNS[_COUNTED].index("steps")
_NONE, _WHOLE, _NUMBER = {type(None)}, {int, bool}, {float, type(None)}
_AT_A_TIME: Final = 10_000


def of_rows(outcomes: Sequence[str], rows: Sequence[Sequence[Any]]) -> npt.NDArray[np.uint64]:
    """Return the number of each of some runs.

    Args:
        outcomes: Names of the outcomes that are given; one without a value is as one that is not given.
        rows: The columns of `runs` as the schema has them, then those outcomes.
    """
    columns = list(zip(*rows, strict=True))
    return (
        _of_columns(outcomes, columns[_COUNTED] + columns[_OUTCOMES:]) if columns else np.zeros(0, np.uint64)
    )


def _of_columns(outcomes: Sequence[str], columns: Sequence[Sequence[Any]]) -> npt.NDArray[np.uint64]:
    keys = _keys(tuple(outcomes))
    cells = np.empty((len(keys), len(columns[0])), np.uint64)
    for place, (column, key) in enumerate(zip(columns, keys, strict=True)):
        if place == _STEPS and float in map(type, column):
            column = [_whole(value) for value in column]  # as SQLite keeps it in this column
        _fill(cells[place], column, key, real=place in _REAL)
    # Each step is one to one: a single changed value always changes the number.
    cells ^= keys[:, None]
    cells *= _MIX
    cells ^= cells >> _FOLD
    cells *= keys[:, None]
    rows = cells.sum(axis=0, dtype=np.uint64)
    rows ^= rows >> _FOLD
    rows *= _MIX_ROW
    rows ^= rows >> _FOLD
    return rows


@lru_cache(maxsize=64)
def _keys(outcomes: tuple[str, ...]) -> npt.NDArray[np.uint64]:
    """Return an odd number for each column, so that equal values under two names count differently."""
    names = [*_COLUMNS[_COUNTED], *(f"outcome {name}" for name in outcomes)]
    digests = b"".join(hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names)
    return np.frombuffer(digests, "<u8").astype(np.uint64) | np.uint64(1)


def _fill(cells: npt.NDArray[np.uint64], column: Sequence[Any], key: np.uint64, real: bool) -> None:
    """Write a column's values as 64 bits each; the key itself stands for no value, and then counts for nothing."""
    if real:
        try:
            _fill_numbers(cells, column, key)
        except (ValueError, TypeError):  # only damage puts anything else there
            _fill_any(cells, column, key)
        return
    types = set(map(type, column))
    if types == _NONE:
        cells[:] = key
    elif types <= _WHOLE:
        cells[:] = np.array(column, np.int64).view(np.uint64)
    elif types <= _NUMBER:
        _fill_numbers(cells, column, key)
    else:
        _fill_any(cells, column, key)


def _fill_numbers(cells: npt.NDArray[np.uint64], column: Sequence[Any], key: np.uint64) -> None:
    numbers = np.array(column, np.float64)  # None becomes NaN
    numbers += 0.0  # SQLite may return -0.0 as 0.0
    np.bitwise_xor(numbers.view(np.uint64), _FLOAT, out=cells)
    missing = numbers != numbers  # SQLite has no NaN
    if missing.any():
        cells[missing] = key


def _fill_any(cells: npt.NDArray[np.uint64], column: Sequence[Any], key: np.uint64) -> None:
    if len(set(column)) == 1 and type(column[0]) is str:
        cells[:] = _of_bytes(column[0].encode("utf-8", "replace"))
        return
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


class Sums:
    """The checksums of blocks, while rows go by in any order.

    Args:
        last: The highest number of a block.
    """

    def __init__(self, last: int) -> None:
        self._sums = np.zeros(last + 1, np.uint64)

    def add(self, blocks: npt.NDArray[np.int64], numbers: npt.NDArray[np.uint64]) -> None:
        """Count runs, given the block of each and what `of_rows` returned."""
        there = (blocks >= 0) & (blocks < len(self._sums))
        np.add.at(self._sums, blocks[there], numbers[there])

    def note(self, connection: sqlite3.Connection, blocks: Iterable[int], shift: int) -> None:
        """Write the checksums of blocks, whose numbers are so much higher in the study that is written."""
        connection.executemany(
            "INSERT INTO run_checksums VALUES(?, ?)", [(int(block) + shift, self[block]) for block in blocks]
        )

    def __getitem__(self, block: int) -> int:
        return int(self._sums[block]) & _BITS

    def changed(self, connection: sqlite3.Connection) -> list[int]:
        """Return the blocks of a study whose rows are not those that were written, when all its rows have gone by."""
        return [block for block, checksum in _noted(connection) if self[block] != checksum]


def _noted(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """Return the checksums that a study has; runs that an older version wrote have none."""
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'run_checksums'").fetchone()
    if there is None:
        return []
    return connection.execute("SELECT block, checksum FROM run_checksums").fetchall()


def note(
    connection: sqlite3.Connection, block: int, outcomes: Sequence[str], rows: Sequence[Sequence[Any]] | None
) -> None:
    """Write the checksum of a new block.

    Args:
        connection: A connection that writes.
        block: Its number.
        outcomes: The outcomes that its runs have.
        rows: Its rows: the columns of `runs` as the schema has them, then the outcomes. None asks the study for them.
    """
    if rows is None:
        outcomes, columns = fields(connection)
        rows = connection.execute(f"SELECT {columns} FROM runs WHERE block = ?", (block,)).fetchall()
    checksum = int(of_rows(outcomes, rows).sum(dtype=np.uint64)) & _BITS
    connection.execute("INSERT INTO run_checksums VALUES(?, ?)", (block, checksum))


def take_out(connection: sqlite3.Connection, run_ids: Sequence[int]) -> None:
    """Delete runs whose place others take, and count them out of their blocks."""
    which = json.dumps(list(run_ids))
    outcomes, columns = fields(connection)
    query = f"SELECT {columns} FROM runs JOIN json_each(?) ON run_id = value"
    rows = connection.execute(query, (which,)).fetchall()
    numbers = of_rows(outcomes, rows).tolist()
    connection.execute("DELETE FROM runs WHERE run_id IN (SELECT value FROM json_each(?))", (which,))
    blocks = [row[_BLOCK] for row in rows]
    connection.executemany(
        "UPDATE blocks SET superseded = 1 WHERE block = ?", [(block,) for block in set(blocks)]
    )
    _add(connection, blocks, [-number for number in numbers])


def count_attempt(connection: sqlite3.Connection, run_id: int, attempt: int) -> None:
    """Note that a run was tried more often than was known."""
    outcomes, columns = fields(connection)
    row = connection.execute(f"SELECT {columns} FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    connection.execute("UPDATE runs SET attempt = ? WHERE run_id = ?", (attempt, run_id))
    before, after = of_rows(outcomes, [row, (*row[:_ATTEMPT], attempt, *row[_ATTEMPT + 1 :])]).tolist()
    _add(connection, [row[_BLOCK]], [after - before])


def _add(connection: sqlite3.Connection, blocks: Sequence[int], numbers: Sequence[int]) -> None:
    connection.executemany(
        f"UPDATE run_checksums SET checksum = (checksum + ?) & {_BITS} WHERE block = ?",
        [(number & _BITS, block) for number, block in zip(numbers, blocks, strict=True)],
    )


def fields(connection: sqlite3.Connection) -> tuple[list[str], str]:
    """Return the names of the outcomes that a study has, and all columns of its table of runs."""
    outcomes = connection.execute("SELECT position, name FROM outcomes ORDER BY position").fetchall()
    return [name for _, name in outcomes], ", ".join([*_COLUMNS, *(f"o{place}" for place, _ in outcomes)])


def changed_blocks(connection: sqlite3.Connection) -> list[int]:
    """Return the blocks of which rows are not those that were written, in one look at all runs.

    Args:
        connection: A connection to the study, in a transaction.
    """
    layout = connection.execute("SELECT value FROM meta WHERE key = 'layout'").fetchone()[0]
    whole = plan(json.loads(layout))
    outcomes, columns = fields(connection)
    last = connection.execute("SELECT coalesce(max(block), 0) FROM blocks").fetchone()[0]
    sums, astray = Sums(last), set[int]()
    cursor = connection.execute(f"SELECT {columns} FROM runs ORDER BY run_id")
    while rows := cursor.fetchmany(_AT_A_TIME):
        _, blocks, right = places(whole, last, rows)
        sums.add(blocks, of_rows(outcomes, rows))
        astray.update(blocks[~right].tolist())
    return sorted(astray.union(sums.changed(connection)))


def places(
    whole: RunPlan, last: int, rows: Sequence[Sequence[Any]]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return where runs stand: their numbers, their blocks, and whether both are what they may be.

    Args:
        whole: All runs that the study may have.
        last: The highest number of a block.
        rows: The columns of `runs` as the schema has them.

    Returns:
        Three arrays. What is no number any more is -1.
    """
    run_id, point, replication, blocks = (
        _numbers(row[column] for row in rows) for column in (0, 1, 2, _BLOCK)
    )
    known = (run_id >= 0) & (run_id < len(whole)) & (blocks > 0) & (blocks <= last)
    place = np.where(known, run_id, 0)
    return run_id, blocks, known & (whole.point[place] == point) & (whole.replication[place] == replication)


def _numbers(values: Iterable[Any]) -> npt.NDArray[np.int64]:
    return np.array([value if type(value) is int else -1 for value in values], np.int64)
