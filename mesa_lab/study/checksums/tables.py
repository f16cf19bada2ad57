"""Checksums of the small tables: what a study says of its experiment, its design points, and its outcomes.

They are noted whenever one of these changes, which is seldom, and looked at before more is run, by a merge and by a check.
What is noted for the meta data is noted for each entry, so that the others are known to be right when one is not.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from typing import Any, Final

__all__ = ["changed", "note", "of"]

_TABLES: Final = {
    "meta": "SELECT key, value FROM meta ORDER BY key",
    "outcomes": "SELECT position, name, kinds FROM outcomes ORDER BY position",
    "points": "SELECT point, occurrence, wanted, parameters FROM points ORDER BY point",
}
_AT_A_TIME: Final = 10_000


def note(connection: sqlite3.Connection, *tables: str) -> None:
    """Note the checksums of tables as they are now, inside the caller's transaction.

    A study of an older version has no place for them until it is run.
    """
    for table in tables if _has_place(connection) else ():
        connection.execute("DELETE FROM table_checksums WHERE name = ?1 OR name LIKE ?1 || ' %'", (table,))
        connection.executemany("INSERT INTO table_checksums VALUES(?, ?)", of(connection, table))


def changed(connection: sqlite3.Connection) -> list[str]:
    """Return what is not as it was written: `points`, `outcomes`, `meta experiment` and so on, of what was noted."""
    if not _has_place(connection):
        return []
    noted = connection.execute("SELECT name, checksum FROM table_checksums ORDER BY name").fetchall()
    now: dict[str, int] = {}
    for table in _TABLES:
        try:
            now |= of(connection, table)
        except (sqlite3.Error, UnicodeError):  # a damaged page: what was noted is not found again
            continue
    return [name for name, checksum in noted if now.get(name) != checksum]


def of(connection: sqlite3.Connection, table: str) -> Iterator[tuple[str, int]]:
    """Yield the name and the checksum of a table as it is now, or of each entry of the meta data."""
    cursor = connection.execute(_TABLES[table])
    if table == "meta":
        for key, value in cursor:
            yield f"meta {key}", _number(hashlib.blake2b(repr(value).encode(), digest_size=8))
        return
    digest = hashlib.blake2b(digest_size=8)
    while rows := cursor.fetchmany(_AT_A_TIME):
        digest.update(repr(rows).encode("utf-8", "replace"))
    yield table, _number(digest)


def _number(digest: Any) -> int:
    return int.from_bytes(digest.digest(), "little") >> 1  # as SQLite's integers have a sign


def _has_place(connection: sqlite3.Connection) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE name = 'table_checksums'"
    return connection.execute(query).fetchone() is not None
