"""Save what can be read of a damaged study into a new one, from which the rest can be run again.

What can be read is `legible`'s business. A run counts as saved only when all that belongs to it is, and when its block has the checksums that were noted for it
(`checksums`): a block of which a row is changed or gone is given up. The others are missing in the new study, so that
`resume` runs just them. Runs of version 1 have no checksums: of these all rows are saved that can be read.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesa_lab.errors import StudyError, StudyFormatError
from mesa_lab.study import checksums, legible, schema, storage
from mesa_lab.study.draft import Draft

__all__ = ["Rescued", "rescue"]

_OF_THE_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
_STATUSES = ("done", "failed", "timed out")


@dataclass(frozen=True, slots=True)
class Rescued:
    """What could be saved.

    Attributes:
        path: The new study.
        runs: Runs in the new study.
        lost: Runs that the old one had and the new one has not.
    """

    path: Path
    runs: int
    lost: int


def rescue(path: str | Path, target: str | Path) -> Rescued:
    """Save what can be read of a damaged study.

    Args:
        path: The damaged study, which is not touched.
        target: Where the new study goes; nothing may be there.

    Returns:
        How much was saved.

    Raises:
        StudyFormatError: If not even the experiment can be read.
        StudyError: If the new study cannot be written.

    Example:
        >>> rescue("broken.study", "saved.study")  # doctest: +SKIP
        Rescued(path=PosixPath('saved.study'), runs=912, lost=48)
    """
    path, target = Path(path), Path(target)
    if target.exists():
        raise storage.exists_already(target)
    copy = target.with_name(f".{target.name}.damaged")
    try:
        with storage.speaking(path):
            _copy(path, copy)
        source = sqlite3.connect(copy, isolation_level=None)
        try:
            with storage.speaking(target), Draft(target) as connection:
                schema.lay_out(connection)
                try:
                    runs, had = _transfer(source, connection, path)
                except (sqlite3.Error, ValueError, TypeError, LookupError) as error:
                    if getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_THE_DISK:
                        raise
                    raise StudyFormatError(
                        f"Nothing can be saved of '{path}': what it says of itself makes no sense ({error})."
                    ) from error
        finally:
            source.close()
    finally:
        for suffix in ("", "-wal", "-shm"):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)
    return Rescued(target, runs, max(had - runs, 0))


def _copy(path: Path, copy: Path) -> None:
    """Copy a study, made as long as it says it is."""
    for suffix in ("", "-wal"):
        part = path.with_name(path.name + suffix)
        if suffix and not part.exists():
            continue
        # In another process: closing the file here would drop the locks that SQLite holds on it for this one.
        code = "import shutil, sys; shutil.copyfile(*sys.argv[1:])"
        answer = subprocess.run(
            [sys.executable, "-I", "-c", code, str(part), str(copy.with_name(copy.name + suffix))],
            capture_output=True,
            text=True,
        )
        if answer.returncode:
            raise StudyError(f"'{part}' cannot be copied: {answer.stderr.strip().splitlines()[-1]}.")
    with copy.open("r+b") as file:
        header = file.read(100)
        if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
            raise StudyFormatError(f"Nothing can be saved of '{path}': its beginning is no study's.")
        page_size, pages = struct.unpack(">H10xI", header[16:32])
        expected = (65536 if page_size == 1 else page_size) * pages
        if file.seek(0, os.SEEK_END) < expected:
            file.truncate(expected)


def _transfer(source: sqlite3.Connection, connection: sqlite3.Connection, path: Path) -> tuple[int, int]:
    try:
        entries = source.execute("SELECT key, value FROM meta").fetchall()
        n_points = source.execute("SELECT max(point) + 1 FROM points").fetchone()[0]
        names = [row[1] for row in source.execute("PRAGMA table_info(runs)")]
    except sqlite3.Error as error:
        raise StudyFormatError(
            f"Nothing can be saved of '{path}': not even its experiment can be read ({error})."
        ) from None
    connection.executemany("INSERT INTO meta VALUES(?, ?)", entries)
    for table in ("sessions", "points", "outcomes"):
        listed = ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))
        rows = legible.rows(source, table, listed, 0, n_points - 1 if table == "points" else 4096)
        _insert(connection, table, (row for row in rows if legible.fits(source, table, row)))
    if connection.execute("SELECT count(*) FROM points").fetchone()[0] != n_points:
        raise StudyFormatError(f"Nothing can be saved of '{path}': its design points cannot all be read.")
    columns = [name for name in names if name.startswith("o") and name[1:].isdigit()]
    named = connection.execute("SELECT position, name, kinds FROM outcomes ORDER BY position").fetchall()
    if [f"o{position}" for position, _, _ in named] != columns or not all(
        _all(str, name) and _all(int, kinds) for _, name, kinds in named
    ):
        raise StudyFormatError(f"Nothing can be saved of '{path}': the names of its outcomes cannot be read.")
    for name in columns:
        connection.execute(f"ALTER TABLE runs ADD COLUMN {name}")

    had, planned, highest = legible.extent(source)
    sound: set[int] = set()
    for row in legible.rows(source, "blocks", "block, runs, superseded, checksum, series", 0, highest):
        block, n_runs, superseded, checksum, series = row
        if not _all(int, block, n_runs, superseded):
            continue  # what stands here came from another page
        if series is None or (_all(bytes, series) and zlib.crc32(series) == checksum):
            sound.add(block)
            connection.execute("INSERT OR REPLACE INTO blocks VALUES(?, ?, ?, ?, ?)", row)
    listed = "rowid, block, agent_type, checksum, data"
    for _, *row in legible.rows(source, "agent_blocks", listed, 0, 64 * (highest + 1)):
        if not _all(bytes, row[3]) or zlib.crc32(row[3]) != row[2]:
            sound.discard(row[0])
        elif row[0] in sound:
            connection.execute("INSERT OR REPLACE INTO agent_blocks VALUES(?, ?, ?, ?)", row)
    place, status = names.index("block"), names.index("status")
    runs = legible.rows(source, "runs", ", ".join(names), 0, planned)
    _insert(connection, "runs", (row for row in runs if row[place] in sound and row[status] in _STATUSES))
    if source.execute("SELECT 1 FROM sqlite_master WHERE name = 'row_checksums'").fetchone():
        noted = legible.rows(source, "row_checksums", "block, checksum", 0, highest)
        _insert(connection, "row_checksums", (row for row in noted if row[0] in sound and _all(int, *row)))
    changed = json.dumps(checksums.changed_blocks(connection))
    connection.execute("DELETE FROM runs WHERE block IN (SELECT value FROM json_each(?))", (changed,))
    connection.execute("DELETE FROM row_checksums WHERE block NOT IN (SELECT block FROM runs)")
    connection.execute("DELETE FROM blocks WHERE block NOT IN (SELECT block FROM runs)")
    connection.execute("DELETE FROM agent_blocks WHERE block NOT IN (SELECT block FROM runs)")
    whole = "SELECT block FROM blocks JOIN (SELECT block, count(*) AS saved FROM runs GROUP BY block) USING (block) WHERE saved = runs"
    connection.execute(f"UPDATE blocks SET superseded = 1 WHERE block NOT IN ({whole})")
    listed = "rowid, run_id, attempt, stage, error_type, message, traceback"
    failures = (row[1:] for row in legible.rows(source, "failures", listed, 0, planned))
    _insert(connection, "failures", (row for row in failures if legible.fits(source, "failures", row)))
    connection.execute("INSERT INTO tally SELECT status, count(*) FROM runs GROUP BY status")
    schema.rewrite_view(connection)
    return connection.execute("SELECT count(*) FROM runs").fetchone()[0], had


def _insert(connection: sqlite3.Connection, table: str, rows: Iterator[Sequence[Any]]) -> None:
    for row in rows:
        with contextlib.suppress(sqlite3.IntegrityError):  # what stands here came from another page
            connection.execute(f"INSERT OR REPLACE INTO {table} VALUES({', '.join('?' * len(row))})", row)


def _all(kind: type, *values: Any) -> bool:
    return all(isinstance(value, kind) for value in values)
