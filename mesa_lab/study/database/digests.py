"""Digests of the rows of runs, by which a changed byte in them is noticed: SQLite's pages have none.

Each block of runs has one, written with its rows. A cell is a 64-bit number (`codes`) that counts as often as the weight of its run
and of its column say, so that values which changed places are noticed too; a digest is their sum modulo 2**64. Sums are made in any
order, and a run can be taken out of one. Block 0 stands for all runs and has a digest for each column, by which a reader of one
column knows whether it is as it was written. A study that was begun before there were digests has no block 0.
"""

from __future__ import annotations

import json
import sqlite3
import struct
import zlib
from collections.abc import Mapping, Sequence
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.study.database import tolerant_reader
from mesa_lab.study.database.schema import MAX_OUTCOMES
from mesa_lab.study.run_numbers import RunPlan
from mesa_lab.study.shards import mixed

__all__ = ["COLUMNS", "Sums", "add_blocks", "agree", "codes", "rows_of", "take_out", "totals_of", "weights"]

type Numbers = npt.NDArray[np.int64]
type Rows = Sequence[Sequence[Any]]

COLUMNS: Final = (
    "run_id", "point", "replication", "seed", "status", "steps", "time", "init_seconds", "run_seconds", "notes", "attempt", "block"
)  # fmt: skip
"""The columns of `runs`; the outcomes come after them."""

_COUNTED: Final = COLUMNS[3:11]  # where a run stands may differ in another study
_BLOCK: Final = COLUMNS.index("block")
_NUMBERS: Final = ("steps", "time", "init_seconds", "run_seconds")  # SQLite makes 3.0 of 3 there, or 3 of 3.0
_ALL: Final = 0
_LAST: Final = 2**62
_AT_A_TIME: Final = 10_000
_WHOLE: Final = 0x2545F4914F6CDD1D  # tell 0 from 0.0 and from nothing
_FLOAT: Final = 0x5851F42D4C957F2D


def weights(numbers: Numbers) -> Numbers:
    """Return an odd number for each of some numbers of runs."""
    return mixed(numbers).view(np.int64) | 1


_KEYS: Final = weights(-1 - np.arange(len(_COUNTED) + MAX_OUTCOMES))  # the weights of columns


def codes(values: Any, column: str = "") -> Numbers:
    """Return a 64-bit number for each value, as SQLite returns it; 0 for none.

    Args:
        values: A list or tuple; an array of whole numbers, or of floats, where all of them are that or missing.
        column: Its name, where SQLite gives values the type of their column.
    """
    if not isinstance(values, np.ndarray):
        kinds = set(map(type, values))
        if kinds <= {int, bool}:
            values = np.array(values, np.int64)
        elif len(kinds) == 1 and values.count(values[0]) == len(values):
            return np.full(len(values), _code(values[0]), np.int64)
        elif kinds <= {float, type(None)} or (column in _NUMBERS and kinds <= {float, int, type(None)}):
            values = np.array(values, np.float64)  # None becomes NaN, which SQLite does not have
        else:
            cells = list(zip(map(type, values), values, strict=True))
            known = {cell: _code(cell[1]) for cell in set(cells)}
            return np.fromiter(map(known.__getitem__, cells), np.int64, len(cells))
    if column in _NUMBERS:
        values = values.astype(np.float64, copy=False)
    numbers: Numbers = values
    if values.dtype == np.int64:
        return numbers ^ _WHOLE
    values = values + 0.0  # SQLite may return -0.0 as 0.0
    numbers = values.view(np.int64) ^ _FLOAT
    numbers[np.isnan(values)] = 0
    return numbers


def _code(value: Any) -> int:
    if value is None or value != value:
        return 0
    if isinstance(value, float):
        return int(struct.unpack("<q", struct.pack("<d", value + 0.0))[0]) ^ _FLOAT
    if isinstance(value, int):
        return value ^ _WHOLE
    data = value if isinstance(value, bytes) else value.encode("utf-8", "replace")
    return _wrapped(zlib.crc32(data, 1) << 32 | zlib.crc32(data[::-1], 2))


def _wrapped(number: int) -> int:
    """Return a number modulo 2**64, as SQLite's integers have it."""
    return (number + 2**63) % 2**64 - 2**63


def _of_rows(rows: Rows, outcomes: Sequence[int]) -> tuple[Numbers, Numbers]:
    """Return what each row counts for in the digest of its block, and all of them in the digest of each column.

    Args:
        rows: One at least, of `COLUMNS` and then outcomes.
        outcomes: The positions of those outcomes; one without a value is as one that is not given.
    """
    run_id, _, _, *columns = zip(*rows, strict=True)
    del columns[_BLOCK - 3]
    places = [*range(len(_COUNTED)), *(len(_COUNTED) + position for position in outcomes)]
    cells = np.empty((len(places), len(rows)), np.int64)
    for place, column in enumerate(columns):
        cells[place] = codes(column, _COUNTED[place] if place < len(_COUNTED) else "")
    cells *= weights(_whole(run_id))
    totals = np.zeros(len(_KEYS), np.int64)
    totals[places] = cells.sum(axis=1)
    return (cells * _KEYS[places, None]).sum(axis=0), totals


def _whole(values: Sequence[Any]) -> Numbers:
    """Return values as whole numbers; what is none any more is -1."""
    try:
        return np.array(values, np.int64)
    except (ValueError, TypeError, OverflowError):  # only damage puts anything else there
        return np.array([value if type(value) is int else -1 for value in values], np.int64)


def add_blocks(connection: sqlite3.Connection, blocks: Sequence[tuple[int, Rows, Sequence[int]]]) -> None:
    """Write the digests of new blocks.

    Args:
        connection: A connection that writes.
        blocks: Of each its number, its rows (`COLUMNS`, then outcomes) and the positions of those outcomes.
    """
    for outcomes, alike in groupby((block for block in blocks if block[1]), key=itemgetter(2)):
        numbers, rows, _ = zip(*alike, strict=True)
        counts, totals = _of_rows(list(chain(*rows)), outcomes)
        sums = np.add.reduceat(counts, np.cumsum([0, *map(len, rows[:-1])]))
        connection.executemany("INSERT INTO digests VALUES(?, ?)", zip(numbers, sums.tolist(), strict=True))
        _add_totals(connection, totals)


def rows_of(connection: sqlite3.Connection, block: int) -> tuple[int, Rows, Sequence[int]]:
    """Return what `add_blocks` takes of a block that is in the study."""
    outcomes, columns = _fields(connection)
    rows = connection.execute(f"SELECT {columns} FROM runs WHERE block = ?", (block,)).fetchall()
    return block, rows, outcomes


def take_out(connection: sqlite3.Connection, run_ids: Sequence[int]) -> None:
    """Delete runs whose place others take, and count them out of their blocks."""
    outcomes, columns = _fields(connection)
    which = json.dumps(list(run_ids))
    query = f"SELECT {columns} FROM runs JOIN json_each(?) ON run_id = value"
    rows = connection.execute(query, (which,)).fetchall()
    if not rows:
        return
    numbers, totals = _of_rows(rows, outcomes)
    _add_totals(connection, -totals)
    ask = connection.execute
    for row, number in zip(rows, numbers.tolist(), strict=True):
        block = row[_BLOCK]
        ask("UPDATE blocks SET superseded = 1 WHERE block = ?", (block,))
        for (digest,) in ask("SELECT digest FROM digests WHERE block = ?", (block,)).fetchall():
            ask("UPDATE digests SET digest = ? WHERE block = ?", (_wrapped(digest - number), block))
    ask("DELETE FROM runs WHERE run_id IN (SELECT value FROM json_each(?))", (which,))


def _add_totals(connection: sqlite3.Connection, totals: Numbers) -> None:
    known = totals_of(connection)
    if known is not None:
        data = (known + totals).astype("<i8").tobytes().rstrip(b"\0")
        connection.execute("UPDATE digests SET digest = ? WHERE block = ?", (data, _ALL))


def totals_of(connection: sqlite3.Connection) -> Numbers | None:
    """Return the digests of a study's columns; None when it was begun before there were any."""
    row = None
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'digests'").fetchone():
        row = connection.execute("SELECT digest FROM digests WHERE block = ?", (_ALL,)).fetchone()
    if row is None:
        return None
    if not isinstance(row[0], bytes) or len(row[0]) > 8 * len(_KEYS):
        raise tolerant_reader.MalformedError("the digest of all runs is none")
    return np.frombuffer(row[0].ljust(8 * len(_KEYS), b"\0"), "<i8")


def agree(connection: sqlite3.Connection, seen: Mapping[str | int, int]) -> bool:
    """Tell whether columns that were read of all runs are those that were written, as far as that was noted.

    Args:
        connection: A connection to the study, in the transaction in which its runs were read.
        seen: By the names of columns and the positions of outcomes, the sum of their `codes` times the `weights` of the runs.
    """
    noted = totals_of(connection)
    places = [_COUNTED.index(key) if isinstance(key, str) else len(_COUNTED) + key for key in seen]
    sums = map(_wrapped, seen.values())
    return noted is None or noted[places].tolist() == list(sums)


def _fields(connection: sqlite3.Connection) -> tuple[range, str]:
    """Return the positions of the outcomes that a study has, and all columns of its table of runs."""
    positions = [row[0] for row in connection.execute("SELECT position FROM outcomes ORDER BY position")]
    if positions != [*range(len(positions))]:
        raise tolerant_reader.MalformedError("its outcomes are not numbered one after the other")
    return range(len(positions)), ", ".join([*COLUMNS, *(f"o{place}" for place in positions)])


class Sums:
    """The digests of a study, made anew while its rows go by in any order.

    Args:
        connection: A connection to the study.
        whole: All runs that it may have.

    Attributes:
        columns: What `add` takes of `runs`.
        totals: The digests of the columns.
    """

    def __init__(self, connection: sqlite3.Connection, whole: RunPlan) -> None:
        self._connection, self._whole = connection, whole
        self._outcomes, self.columns = _fields(connection)
        noted = tolerant_reader.rows(connection, "digests", "block, digest", 1, _LAST)
        self._noted = {block: digest for block, digest in noted if type(digest) is int}
        blocks = {row[0] for row in tolerant_reader.rows(connection, "blocks", "block", 1, _LAST)}
        self._blocks = np.array(sorted(blocks | self._noted.keys()), np.int64)
        self._counts, self._sums = np.zeros((2, len(self._blocks)), np.int64)
        self._astray = set[int]()
        self.totals = np.zeros(len(_KEYS), np.int64)

    def add(self, rows: Rows) -> tuple[Numbers, npt.NDArray[np.bool_]]:
        """Count rows; return their run_id, and whether each is the point and the replication of that number, in a block that is."""
        numbers, totals = _of_rows(rows, self._outcomes)
        run_id, point, replication, block = (
            _whole([row[column] for row in rows]) for column in (0, 1, 2, _BLOCK)
        )
        place = np.searchsorted(self._blocks, block)
        right = (run_id >= 0) & (run_id < len(self._whole)) & (place < len(self._blocks))
        which = run_id[right]
        right[right] = (
            (self._blocks[place[right]] == block[right])
            & (self._whole.point[which] == point[right])
            & (self._whole.replication[which] == replication[right])
        )
        self._astray.update(block[~right].tolist())
        np.add.at(self._counts, place[right], 1)
        np.add.at(self._sums, place[right], numbers[right])
        self.totals += totals
        return run_id, right

    def add_all(self) -> Sums:
        """Count all rows of the study."""
        cursor = self._connection.execute(f"SELECT {self.columns} FROM runs")
        while rows := cursor.fetchmany(_AT_A_TIME):
            self.add(rows)
        return self

    def write(self) -> None:
        """Write the digests into the study, which is a new one, and all its rows have gone by."""
        there = self._counts > 0
        self._connection.execute("DELETE FROM digests WHERE block <> ?", (_ALL,))
        digests = zip(self._blocks[there].tolist(), self._sums[there].tolist(), strict=True)
        self._connection.executemany("INSERT INTO digests VALUES(?, ?)", digests)
        _add_totals(self._connection, self.totals)

    @property
    def counts(self) -> dict[int, int]:
        """How many runs of each block have gone by."""
        return dict(zip(self._blocks.tolist(), self._counts.tolist(), strict=True))

    @property
    def changed(self) -> set[int]:
        """The blocks whose rows are not those that were written, when all rows have gone by."""
        now = dict(zip(self._blocks.tolist(), self._sums.tolist(), strict=True))
        return self._astray | {block for block, noted in self._noted.items() if now[block] != noted}

    @property
    def unknown(self) -> set[int]:
        """The blocks of which rows have gone by, and which have no digest."""
        return {block for block, count in self.counts.items() if count} - self._noted.keys()
