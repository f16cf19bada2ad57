"""Save what can be read of a damaged study into a new one, from which the rest can be run again.

What can be read is found by `database/tolerant_reader.py`. A run counts as saved only when all that belongs to it is, and when
its block has the digest that was noted for it (`database/digests.py`): a block of which a row is changed or gone is given up. The others are missing in the new study, so that
`resume` runs just them. Runs of an older version have no digests: of these all rows are saved that can be read.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesa_lab.errors import StudyError, StudyFormatError
from mesa_lab.files import path_of
from mesa_lab.study import batches
from mesa_lab.study.database import connection as storage
from mesa_lab.study.database import (
    copies,
    digests,
    lease,
    limits,
    metadata,
    schema,
    stale_files,
    tolerant_reader,
)
from mesa_lab.study.database.new_file import Draft
from mesa_lab.study.reading.arrow_stream import is_sound
from mesa_lab.study.records import STATUSES
from mesa_lab.study.run_numbers import plan

__all__ = ["Rescued", "rescue"]

_OF_THE_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
_BEGINNING = b"SQLite format 3\0" + struct.pack(">H6B", 4096, 2, 2, 0, 64, 32, 32)  # of all studies
_LAST = 2**62
_MOST_LOST = 1000  # times what is there: a file that says that more is missing is not believed


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
        StudyBusyError: If the study is being run.
        StudyError: If the new study cannot be written.

    Example:
        >>> rescue("broken.study", "saved.study")  # doctest: +SKIP
        Rescued(path=PosixPath('saved.study'), runs=912, lost=48)
    """
    path = path_of(path, "study", StudyError)
    target = path_of(target, "new study", StudyError)
    storage.look(path)
    storage.check_new_name(target)
    if target.exists():
        raise storage.exists_already(target)
    with contextlib.suppress(StudyFormatError):
        lease.refuse_if_driven(path)
    copy = stale_files.hidden(target, "damaged")
    try:
        copy.touch(exist_ok=False)
    except OSError as error:
        raise StudyError(
            f"'{target}' could not be written: {error.strerror}. Choose a folder that is there and that you may write to."
        ) from error
    try:
        with storage.translate_errors(path):
            _copy(path, copy)
        source = sqlite3.connect(copy, isolation_level=None, factory=limits.LimitedConnection)
        try:
            source.limit(str(copy))
            _refuse_replaced(source, path)
            with storage.translate_errors(target), Draft(target) as connection:
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


def _refuse_replaced(source: sqlite3.Connection, path: Path) -> None:
    with contextlib.suppress(
        sqlite3.DatabaseError
    ):  # the list of tables is damaged: what can be read is read
        if names := schema.replaced_tables(source):
            raise StudyFormatError(
                f"Nothing can be saved of '{path}': its {names[0]} is no table as studies have it. It was made to do harm, or by "
                "another program."
            )


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
            reason = answer.stderr.strip().splitlines()[-1].partition("] ")
            raise StudyError(f"'{part}' could not be copied: {reason[2] or reason[0]}.")
    with copy.open("r+b") as file:
        header = file.read(100)
        if len(header) < 100 or not (header.startswith(_BEGINNING[:16]) or storage.is_signed(header)):
            raise StudyFormatError(
                f"Nothing can be saved of '{path}': its beginning is no study's. Use a backup."
            )
        if not storage.is_in_order(header):
            header = _BEGINNING + header[len(_BEGINNING) :]
            file.seek(0)
            file.write(header)
        page_size, pages = struct.unpack(">H10xI", header[16:32])
        expected = (65536 if page_size == 1 else page_size) * pages
        if (size := file.seek(0, os.SEEK_END)) < expected <= _MOST_LOST * size:
            file.truncate(expected)


def _transfer(source: sqlite3.Connection, connection: sqlite3.Connection, path: Path) -> tuple[int, int]:
    try:
        copies.restore(source, connection, "meta")
        layout = metadata.layout_of(connection)
        copies.restore(source, connection, "points", layout[-1][0])
        columns = [row[1] for row in source.execute("PRAGMA table_info(runs)")]
        n_outcomes = len([name for name in columns if re.fullmatch(r"o\d+", name)])
        copies.restore(source, connection, "outcomes", n_outcomes)
        search = batches.read_state(connection)
        if search is not None:
            batches.make_tables(connection)
            copies.restore(source, connection, "batches", search.batches)
    except StudyFormatError as error:
        raise StudyFormatError(f"Nothing can be saved of '{path}': {error}. Use a backup.") from None
    if problem := metadata.foreign_file(metadata.meta(connection, "experiment")):
        raise StudyFormatError(
            f"Nothing can be saved of '{path}': it is no study as Mesa Lab makes them. {problem}"
        )
    for place in range(n_outcomes):
        connection.execute(f"ALTER TABLE runs ADD COLUMN o{place}")
    _insert(connection, "sessions", _texts(source, connection, "sessions"))
    _take_blocks(source, connection)
    had, whole = tolerant_reader.counted(source), plan(layout)
    columns = [*digests.COLUMNS, *(f"o{place}" for place in range(n_outcomes))]
    place, status = columns.index("block"), columns.index("status")
    sound = {row[0] for row in connection.execute("SELECT block FROM blocks")}
    runs = tolerant_reader.rows(source, "runs", ", ".join(columns), 0, len(whole) - 1)
    _insert(connection, "runs", (row for row in runs if row[place] in sound and row[status] in STATUSES))
    noted = tolerant_reader.rows(source, "digests", "block, digest", 1, _LAST)
    _insert(connection, "digests", (row for row in noted if row[0] in sound and _all(int, *row)))
    changed = json.dumps(sorted(digests.Sums(connection, whole).add_all().changed))
    connection.execute("DELETE FROM runs WHERE block IN (SELECT value FROM json_each(?))", (changed,))
    connection.execute("DELETE FROM blocks WHERE block NOT IN (SELECT block FROM runs)")
    connection.execute("DELETE FROM agent_blocks WHERE block NOT IN (SELECT block FROM runs)")
    saved = "SELECT block FROM blocks JOIN (SELECT block, count(*) AS saved FROM runs GROUP BY block) USING (block) WHERE saved = runs"
    connection.execute(f"UPDATE blocks SET superseded = 1 WHERE block NOT IN ({saved})")
    _insert(connection, "failures", _texts(source, connection, "failures"))
    connection.execute("INSERT INTO tally SELECT status, count(*) FROM runs GROUP BY status")
    digests.Sums(connection, whole).add_all().write()
    copies.note(connection, "meta", "points", "outcomes", *(["batches"] if search is not None else []))
    schema.rewrite_view(connection)
    return connection.execute("SELECT count(*) FROM runs").fetchone()[0], had


def _take_blocks(source: sqlite3.Connection, connection: sqlite3.Connection) -> None:
    """Take the blocks of which all data are whole."""
    for row in tolerant_reader.rows(source, "blocks", "block, runs, superseded, checksum, series", 0, _LAST):
        # Without numbers, what stands here came from another page.
        if _all(int, *row[:3]) and (row[4] is None or is_sound(row[4], row[3])):
            connection.execute("INSERT OR REPLACE INTO blocks VALUES(?, ?, ?, ?, ?)", row)
    columns = "rowid, block, agent_type, checksum, data"
    for row in tolerant_reader.rows(source, "agent_blocks", columns, 0, tolerant_reader.at_most(source, 100)):
        if is_sound(row[4], row[3]):
            connection.execute("INSERT OR REPLACE INTO agent_blocks VALUES(?, ?, ?, ?)", row[1:])
        else:
            connection.execute("DELETE FROM blocks WHERE block = ?", (row[1],))


def _texts(source: sqlite3.Connection, connection: sqlite3.Connection, table: str) -> Iterator[Sequence[Any]]:
    """Yield those rows of a table of texts that can be read and hold what belongs there."""
    columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))
    last = tolerant_reader.at_most(source, 10)
    rows = (row[1:] for row in tolerant_reader.rows(source, table, f"rowid, {columns}", 0, last))
    kinds = tolerant_reader.kinds(connection, table)
    return (row for row in rows if tolerant_reader.fits(kinds, row))


def _insert(connection: sqlite3.Connection, table: str, rows: Iterator[Sequence[Any]]) -> None:
    for row in rows:
        with contextlib.suppress(sqlite3.IntegrityError):  # what stands here came from another page
            connection.execute(f"INSERT OR REPLACE INTO {table} VALUES({', '.join('?' * len(row))})", row)


def _all(kind: type, *values: Any) -> bool:
    return all(isinstance(value, kind) for value in values)
