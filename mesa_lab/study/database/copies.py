"""The small tables twice: what a study says of its experiment, its design points and its outcomes is in its file a second time.

Both copies are written together, with one digest, which is looked at before more is run, when points are read, by a merge and by a
check. A rescue takes whichever of the two is whole.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import batched
from typing import Any, Final

from mesa_lab.errors import StudyFormatError
from mesa_lab.study.database import tolerant_reader

__all__ = ["ENTRIES", "NEEDED", "changed", "differing_entries", "note", "restore"]

NEEDED: Final = ("experiment", "settings", "model", "created", "design", "layout", "size")
"""The keys of `meta` that all studies have."""
ENTRIES: Final = (*NEEDED, "shard", "unsaid", "search")

_COLUMNS: Final = {
    "meta": "key, value",
    "points": "point, occurrence, wanted, parameters",
    "outcomes": "position, name, kinds",
    "batches": "batch, asked, milliseconds, why, notes, runs",
}
_AT_A_TIME: Final = 10_000

type Row = tuple[Any, ...]


def note(connection: sqlite3.Connection, *tables: str) -> None:
    """Write the second copy and the digest of tables as they are now, inside the caller's transaction.

    A study of an older version has no place for them until it is run.
    """
    for table in tables if connection.execute("PRAGMA table_info(table_digests)").fetchone() else ():
        connection.execute(f"DELETE FROM {table}_copy")
        connection.execute(f"INSERT INTO {table}_copy SELECT * FROM {table}")
        connection.execute(
            "REPLACE INTO table_digests VALUES(?, ?)", (table, _digest(_all(connection, table)))
        )


def changed(connection: sqlite3.Connection, copy: str = "") -> list[str]:
    """Return which of the tables do not hold what was written, as far as that was noted; with "_copy", which second copies."""
    found = []
    for table, noted in _noted(connection).items():
        try:
            is_whole = _digest(_all(connection, f"{table}{copy}", _COLUMNS[table])) == noted
        except (sqlite3.Error, UnicodeError, LookupError):  # a damaged page
            is_whole = False
        found += [] if is_whole else [table]
    return found


def differing_entries(connection: sqlite3.Connection) -> list[str]:
    """Return the keys of `meta` that have another value in its second copy."""
    rows = {*_all(connection, "meta", _COLUMNS["meta"])} ^ {*_all(connection, "meta_copy", _COLUMNS["meta"])}
    return sorted({key for key, _ in rows})


def restore(
    source: sqlite3.Connection, target: sqlite3.Connection, table: str, count: int | None = None
) -> None:
    """Write a table of a damaged study into a new one, as it was written.

    Args:
        source: A connection to the damaged study.
        target: A connection to the new one, which has the table, empty.
        table: Which.
        count: How many rows it has, numbered from 0; None where the rows have no numbers.

    Raises:
        StudyFormatError: If neither the table nor its second copy is whole; the message says what cannot be read.
    """
    noted = _noted(source).get(table)
    needed = NEEDED if count is None else range(count)
    first, second = ({row[0]: row for row in _legible(source, table, copy, count)} for copy in ("", "_copy"))
    for rows in (first, second, second | first, first | second):
        ordered = [rows[key] for key in sorted(rows)]
        is_right = (first == second) if first and second else noted is None
        if rows.keys() >= {*needed} and (is_right or _digest(ordered) == noted):
            marks = ", ".join("?" * len(_COLUMNS[table].split()))
            target.executemany(f"INSERT INTO {table} VALUES({marks})", ordered)
            return
    raise StudyFormatError(
        {
            "meta": "the description of its experiment cannot be read",
            "points": "its design points cannot all be read",
            "outcomes": "the names of its outcomes cannot be read",
            "batches": "the batches of its search cannot all be read",
        }[table]
    )


def _legible(source: sqlite3.Connection, table: str, copy: str, count: int | None) -> Iterator[Row]:
    """Yield the rows that can be read and are of the types that belong there."""
    columns = _COLUMNS[table]
    if count is not None:
        rows = tolerant_reader.rows(source, f"{table}{copy}", columns, 0, count - 1)
        kinds = tolerant_reader.kinds(source, table)
        yield from (row for row in rows if tolerant_reader.fits(kinds, row))
        return
    for key in ENTRIES:
        with suppress(sqlite3.Error, UnicodeError):
            query = f"SELECT {columns} FROM {table}{copy} WHERE key = ?"
            yield from (row for row in source.execute(query, (key,)) if isinstance(row[1], str))


def _all(connection: sqlite3.Connection, table: str, columns: str = "*") -> Iterator[Row]:
    yield from connection.execute(f"SELECT {columns} FROM {table} ORDER BY 1")


def _noted(connection: sqlite3.Connection) -> dict[str, int]:
    try:
        noted = dict(connection.execute("SELECT name, digest FROM table_digests").fetchall())
    except (sqlite3.Error, UnicodeError):  # a damaged page, or an older version made it
        return {}
    return {table: noted[table] for table in _COLUMNS if table in noted}


def _digest(rows: Iterable[Row]) -> int:
    digest = hashlib.blake2b(digest_size=8)
    for some in batched(rows, _AT_A_TIME):
        digest.update(json.dumps(some, default=repr).encode())
    return int.from_bytes(digest.digest(), "little", signed=True)
