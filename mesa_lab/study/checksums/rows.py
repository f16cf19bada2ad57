"""Checksums of the rows of runs, by which a changed byte in the table is noticed: SQLite's pages have none.

Each run has a number that depends on all its values, and the checksum of a block is the sum of its runs' numbers, so
that a run can be taken out and rows can be read in any order. What may rightly differ in another study counts
for nothing: where a run stands (run_id, point, replication, which are checked against the plan; block). Values count as SQLite returns them, under the names of the outcomes. This room knows tables and numbers only.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.study.checksums import cells
from mesa_lab.study.checksums.columns import Totals
from mesa_lab.study.run_numbers import RunPlan, plan

__all__ = [
    "Sums",
    "changed_blocks",
    "count_attempt",
    "fields",
    "note",
    "note_columns",
    "of_rows",
    "places",
    "take_out",
]

_COLUMNS: Final = ("run_id", "point", "replication", *cells.COUNTED, "block")
_ATTEMPT: Final = _COLUMNS.index("attempt")
_COUNTED: Final = slice(_COLUMNS.index("seed"), _ATTEMPT + 1)
_BLOCK: Final = _COLUMNS.index("block")
_OUTCOMES: Final = len(_COLUMNS)
_MIX: Final = np.uint64(0x94D049BB133111EB)
_FOLD: Final = np.uint64(31)
_AT_A_TIME: Final = 10_000


def of_rows(
    outcomes: Sequence[str], rows: Sequence[Sequence[Any]], totals: Totals | None = None, times: int = 1
) -> npt.NDArray[np.uint64]:
    """Return the number of each of some runs.

    Args:
        outcomes: Names of the outcomes that are given; one without a value is as one that is not given.
        rows: The columns of `runs` as the schema has them, then those outcomes.
        totals: Where the runs count for the checksums of columns.
        times: How often: once, or -1 where they are taken out.
    """
    columns = list(zip(*rows, strict=True))
    if not columns:
        return np.zeros(0, np.uint64)
    numbers = cells.of_columns(outcomes, columns[_COUNTED] + columns[_OUTCOMES:])
    if totals is not None:
        totals.add(outcomes, columns[0], numbers, times)
    # Each step is one to one, as those before.
    whole = numbers.sum(axis=0, dtype=np.uint64)
    whole ^= whole >> _FOLD
    whole *= _MIX
    whole ^= whole >> _FOLD
    return whole


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
        return int(self._sums[block]) & cells.BITS

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
    connection: sqlite3.Connection,
    block: int,
    outcomes: Sequence[str],
    rows: Sequence[Sequence[Any]] | None,
    totals: Totals,
) -> None:
    """Write the checksum of a new block.

    Args:
        connection: A connection that writes.
        block: Its number.
        outcomes: The outcomes that its runs have.
        rows: Its rows: the columns of `runs` as the schema has them, then the outcomes. None asks the study for them.
        totals: Where they count for the checksums of columns.
    """
    if rows is None:
        outcomes, columns = fields(connection)
        rows = connection.execute(f"SELECT {columns} FROM runs WHERE block = ?", (block,)).fetchall()
    checksum = int(of_rows(outcomes, rows, totals).sum(dtype=np.uint64)) & cells.BITS
    connection.execute("INSERT INTO run_checksums VALUES(?, ?)", (block, checksum))


def note_columns(connection: sqlite3.Connection) -> None:
    """Write the checksums of the columns of all runs that are there."""
    connection.execute("DELETE FROM column_checksums")
    outcomes, columns = fields(connection)
    totals = Totals()
    cursor = connection.execute(f"SELECT {columns} FROM runs")
    while rows := cursor.fetchmany(_AT_A_TIME):
        of_rows(outcomes, rows, totals)
    totals.note(connection)


def take_out(connection: sqlite3.Connection, run_ids: Sequence[int]) -> None:
    """Delete runs whose place others take, and count them out of their blocks."""
    which = json.dumps(list(run_ids))
    outcomes, columns = fields(connection)
    query = f"SELECT {columns} FROM runs JOIN json_each(?) ON run_id = value"
    rows = connection.execute(query, (which,)).fetchall()
    totals = Totals()
    numbers = of_rows(outcomes, rows, totals, times=-1).tolist()
    totals.note(connection)
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
        f"UPDATE run_checksums SET checksum = (checksum + ?) & {cells.BITS} WHERE block = ?",
        [(number & cells.BITS, block) for number, block in zip(numbers, blocks, strict=True)],
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
