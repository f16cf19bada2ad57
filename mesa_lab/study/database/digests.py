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

__all__ = [
    "COLUMNS",
    "Sums",
    "add_blocks",
    "agree",
    "changed_blocks",
    "codes",
    "fields",
    "has_totals",
    "of_column",
    "rows_of",
    "take_out",
    "weights",
    "write_all",
]

type Numbers = npt.NDArray[np.int64]
type Rows = Sequence[Sequence[Any]]

COLUMNS: Final = (
    "run_id", "point", "replication", "seed", "status", "steps", "time", "init_seconds", "run_seconds", "notes", "attempt",
    "block",
)  # fmt: skip
"""The columns of `runs`; the outcomes come after them."""

_COUNTED: Final = COLUMNS[3:11]  # where a run stands may differ in another study
_BLOCK: Final = COLUMNS.index("block")
_REAL: Final = ("time", "init_seconds", "run_seconds")
_ALL: Final = 0
_LAST: Final = 2**62
_AT_A_TIME: Final = 10_000
_WHOLES, _FLOATS, _TEXTS = {int, bool}, {float, type(None)}, {str, type(None)}
_NUMBERS: Final = {int, *_FLOATS}
_WHOLE: Final = 0x2545F4914F6CDD1D  # tell 0 from 0.0 and from nothing
_FLOAT: Final = 0x5851F42D4C957F2D


def weights(numbers: Numbers) -> Numbers:
    """Return an odd number for each of some numbers of runs."""
    return mixed(numbers).view(np.int64) | 1


_KEYS: Final = weights(-1 - np.arange(len(_COUNTED) + MAX_OUTCOMES))  # the weights of columns


def codes(values: Any, column: str = "") -> Numbers:
    """Return a 64-bit number for each value, as SQLite returns it; 0 for none.

    Args:
        values: A sequence; an array of whole numbers, or of floats, where all of them are that or missing.
        column: Its name, where SQLite gives values the type of their column.
    """
    if not isinstance(values, np.ndarray):
        kinds = set(map(type, values))
        if column == "steps" and float in kinds:
            values = [
                int(value) if type(value) is float and value.is_integer() else value for value in values
            ]
            kinds = set(map(type, values))
        if column in _REAL and kinds <= _NUMBERS:
            values = np.array(values, np.float64)  # None becomes NaN, which SQLite does not have
        elif kinds <= _WHOLES:
            values = np.array(values, np.int64)
        elif float in kinds and kinds <= _FLOATS:
            values = np.array(values, np.float64)
        else:
            plain = kinds <= _TEXTS
            cells = values if plain else list(zip(map(type, values), values, strict=True))
            known = {cell: _code(cell if plain else cell[1]) for cell in set(cells)}
            if len(known) == 1:
                return np.full(len(values), next(iter(known.values())), np.int64)
            return np.fromiter(map(known.__getitem__, cells), np.int64, len(values))
    numbers: Numbers
    if values.dtype == np.int64:
        numbers = values ^ np.int64(_WHOLE)
    else:
        values = values + 0.0  # SQLite may return -0.0 as 0.0
        numbers = values.view(np.int64) ^ np.int64(_FLOAT)
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
        rows: `COLUMNS`, then outcomes.
        outcomes: The positions of those outcomes; one without a value is as one that is not given.
    """
    totals = np.zeros(len(_KEYS), np.int64)
    if not rows:
        return np.zeros(0, np.int64), totals
    run_id, _, _, *columns = zip(*rows, strict=True)
    del columns[_BLOCK - 3]
    places = [*range(len(_COUNTED)), *(len(_COUNTED) + position for position in outcomes)]
    names = (*_COUNTED, *[""] * (len(places) - len(_COUNTED)))
    cells = np.empty((len(places), len(rows)), np.int64)
    for place, (column, name) in enumerate(zip(columns, names, strict=True)):
        cells[place] = codes(column, name)
    cells *= weights(_whole(run_id))
    totals[places] = cells.sum(axis=1)
    return (cells * _KEYS[places, None]).sum(axis=0), totals


def of_column(values: Any, own: Numbers, column: str = "") -> int:
    """Return the digest of a column of some runs, given their `weights`; values and name as for `codes`."""
    return int((codes(values, column) * own).sum())


def _whole(values: Sequence[Any]) -> Numbers:
    """Return values as whole numbers; what is none any more is -1."""
    try:
        return np.array(values, np.int64)
    except (ValueError, TypeError, OverflowError):  # only damage puts anything else there
        return np.array([value if type(value) is int else -1 for value in values], np.int64)


# ---------------------------------------------------------------- writing


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
    outcomes, columns = fields(connection)
    rows = connection.execute(f"SELECT {columns} FROM runs WHERE block = ?", (block,)).fetchall()
    return block, rows, outcomes


def _add_totals(connection: sqlite3.Connection, totals: Numbers) -> None:
    known = _totals(connection)
    if known is not None:
        data = (known + totals).astype("<i8").tobytes().rstrip(b"\0")
        connection.execute("UPDATE digests SET digest = ? WHERE block = ?", (data, _ALL))


def _totals(connection: sqlite3.Connection) -> Numbers | None:
    row = None
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'digests'").fetchone():
        row = connection.execute("SELECT digest FROM digests WHERE block = ?", (_ALL,)).fetchone()
    if row is None:
        return None
    if not isinstance(row[0], bytes) or len(row[0]) > 8 * len(_KEYS):
        raise tolerant_reader.MalformedError("the digest of all runs is none")
    return np.frombuffer(row[0].ljust(8 * len(_KEYS), b"\0"), "<i8")


def take_out(connection: sqlite3.Connection, run_ids: Sequence[int]) -> None:
    """Delete runs whose place others take, and count them out of their blocks."""
    outcomes, columns = fields(connection)
    which = json.dumps(list(run_ids))
    query = f"SELECT {columns} FROM runs JOIN json_each(?) ON run_id = value"
    rows = connection.execute(query, (which,)).fetchall()
    numbers, totals = _of_rows(rows, outcomes)
    _add_totals(connection, -totals)
    for row, number in zip(rows, numbers.tolist(), strict=True):
        connection.execute("UPDATE blocks SET superseded = 1 WHERE block = ?", (row[_BLOCK],))
        for (digest,) in connection.execute(
            "SELECT digest FROM digests WHERE block = ?", (row[_BLOCK],)
        ).fetchall():
            changed = (_wrapped(digest - number), row[_BLOCK])
            connection.execute("UPDATE digests SET digest = ? WHERE block = ?", changed)
    connection.execute("DELETE FROM runs WHERE run_id IN (SELECT value FROM json_each(?))", (which,))


def write_all(connection: sqlite3.Connection, whole: RunPlan) -> None:
    """Write the digests of all runs that a new study is made of."""
    sums = _all_rows(connection, whole)
    connection.execute("DELETE FROM digests WHERE block <> ?", (_ALL,))
    connection.executemany("INSERT INTO digests VALUES(?, ?)", sums.digests.items())
    _add_totals(connection, sums.totals)


# ---------------------------------------------------------------- looking


def fields(connection: sqlite3.Connection) -> tuple[range, str]:
    """Return the positions of the outcomes that a study has, and all columns of its table of runs."""
    positions = [row[0] for row in connection.execute("SELECT position FROM outcomes ORDER BY position")]
    if positions != [*range(len(positions))]:
        raise tolerant_reader.MalformedError("its outcomes are not numbered one after the other")
    return range(len(positions)), ", ".join([*COLUMNS, *(f"o{place}" for place in positions)])


def changed_blocks(connection: sqlite3.Connection, whole: RunPlan) -> set[int]:
    """Return the blocks whose rows are not those that were written."""
    return _all_rows(connection, whole).changed


def _all_rows(connection: sqlite3.Connection, whole: RunPlan) -> Sums:
    sums = Sums(connection, whole)
    cursor = connection.execute(f"SELECT {sums.columns} FROM runs")
    while rows := cursor.fetchmany(_AT_A_TIME):
        sums.add(rows)
    return sums


class Sums:
    """The digests of a study's blocks and columns, while its rows go by in any order.

    Args:
        connection: A connection to the study.
        whole: All runs that it may have.

    Attributes:
        columns: What `add` takes of `runs`.
        blocks: The numbers of its blocks, ascending.
        counts: How many runs of each have gone by.
        totals: The digests of the columns.
    """

    def __init__(self, connection: sqlite3.Connection, whole: RunPlan) -> None:
        noted = tolerant_reader.rows(connection, "digests", "block, digest", 1, _LAST)
        self._noted = {block: digest for block, digest in noted if type(digest) is int}
        blocks = {
            row[0] for row in tolerant_reader.rows(connection, "blocks", "block", 1, _LAST)
        } | self._noted.keys()
        self._outcomes, self.columns = fields(connection)
        self._whole = whole
        self._astray = set[int]()
        self.blocks = np.array(sorted(blocks), np.int64)
        self.counts = np.zeros(len(blocks), np.int64)
        self.totals = np.zeros(len(_KEYS), np.int64)
        self._sums = np.zeros(len(blocks), np.int64)

    def add(self, rows: Rows) -> tuple[Numbers, Numbers, npt.NDArray[np.bool_]]:
        """Count rows.

        Returns:
            Their run_id, the places of their blocks among `blocks`, and whether both are right: the number of a run says
            which point and replication it is.
        """
        numbers, totals = _of_rows(rows, self._outcomes)
        run_id, point, replication, block = (
            _whole([row[place] for row in rows]) for place in (0, 1, 2, _BLOCK)
        )
        place = np.searchsorted(self.blocks, block)
        right = (run_id >= 0) & (run_id < len(self._whole)) & (place < len(self.blocks))
        right[right] = (self.blocks[place[right]] == block[right]) & (
            (self._whole.point[run_id[right]] == point[right])
            & (self._whole.replication[run_id[right]] == replication[right])
        )
        self._astray.update(block[~right].tolist())
        np.add.at(self.counts, place[right], 1)
        np.add.at(self._sums, place[right], numbers[right])
        self.totals += totals
        return run_id, place, right

    @property
    def digests(self) -> dict[int, int]:
        """The digests of the blocks of which rows have gone by."""
        there = self.counts > 0
        return dict(zip(self.blocks[there].tolist(), self._sums[there].tolist(), strict=True))

    @property
    def changed(self) -> set[int]:
        """The blocks whose rows are not those that were written, when all rows have gone by."""
        found = self.digests
        return self._astray | {block for block, noted in self._noted.items() if found.get(block, 0) != noted}

    @property
    def unknown(self) -> set[int]:
        """The blocks of which rows have gone by, and which have no digest."""
        return self.digests.keys() - self._noted.keys()


def has_totals(connection: sqlite3.Connection) -> bool:
    """Tell whether all runs of a study have digests: whether it was begun since there are any."""
    return _totals(connection) is not None


def agree(connection: sqlite3.Connection, seen: Mapping[str | int, int] | Numbers) -> bool:
    """Tell whether digests of columns of all runs are those that a study has; one without any agrees.

    Args:
        connection: A connection to the study, in the transaction in which its runs were read.
        seen: The digests by name, or by the position of an outcome; or all of them.
    """
    noted = _totals(connection)
    if noted is None or isinstance(seen, np.ndarray):
        return noted is None or bool((noted == seen).all())
    places = {name: _COUNTED.index(name) if isinstance(name, str) else len(_COUNTED) + name for name in seen}
    return all(int(noted[places[name]]) == _wrapped(digest) for name, digest in seen.items())
