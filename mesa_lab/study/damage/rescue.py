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
from mesa_lab.study.checksums import rows as checksums
from mesa_lab.study.checksums import tables
from mesa_lab.study.damage import tolerant_reader
from mesa_lab.study.damage.restore_metadata import restore
from mesa_lab.study.damage.verify_points import give_up_the_rest
from mesa_lab.study.database import connection as storage
from mesa_lab.study.database import lease, schema, stale_files
from mesa_lab.study.database.new_file import Draft
from mesa_lab.study.extension import meta

__all__ = ["Rescued", "rescue"]

_OF_THE_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
_BEGINNING = b"SQLite format 3\0" + struct.pack(">H6B", 4096, 2, 2, 0, 64, 32, 32)  # of all studies
_STATUSES = ("done", "failed", "timed out")


@dataclass(frozen=True, slots=True)
class Rescued:
    """What could be saved.

    Attributes:
        path: The new study.
        runs: Runs in the new study.
        lost: Runs that the old one had and the new one has not.
        lost_points: Design points that are damaged and that nothing but the code of the design's function could make
            again, which a rescue does not run. Going on with the new study does.
    """

    path: Path
    runs: int
    lost: int
    lost_points: int = 0


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
    path, target = Path(path), Path(target)
    storage.look(path)
    storage.check_name(target)
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
        with storage.speaking(path):
            _copy(path, copy)
        source = sqlite3.connect(copy, isolation_level=None)
        try:
            with storage.speaking(target), Draft(target) as connection:
                schema.lay_out(connection)
                try:
                    runs, had, lost_points = _transfer(source, connection, path)
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
    return Rescued(target, runs, max(had - runs, 0), lost_points)


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
        if file.seek(0, os.SEEK_END) < expected:
            file.truncate(expected)


def _transfer(source: sqlite3.Connection, connection: sqlite3.Connection, path: Path) -> tuple[int, int, int]:
    try:
        has_all_points = restore(source, connection)
    except StudyFormatError as error:
        raise StudyFormatError(f"Nothing can be saved of '{path}': {error}. Use a backup.") from None
    outcomes, fields = checksums.fields(connection)
    for place in range(len(outcomes)):
        connection.execute(f"ALTER TABLE runs ADD COLUMN o{place}")
    names = fields.split(", ")
    _insert(connection, "sessions", _texts(source, connection, "sessions"))

    had, planned, highest = tolerant_reader.extent(source, meta(connection, "layout"))
    sound: set[int] = set()
    for row in tolerant_reader.rows(
        source, "blocks", "block, runs, superseded, checksum, series", 0, highest
    ):
        block, n_runs, superseded, checksum, series = row
        if not _all(int, block, n_runs, superseded):
            continue  # what stands here came from another page
        if series is None or (_all(bytes, series) and zlib.crc32(series) == checksum):
            sound.add(block)
            connection.execute("INSERT OR REPLACE INTO blocks VALUES(?, ?, ?, ?, ?)", row)
    listed = "rowid, block, agent_type, checksum, data"
    for _, *part in tolerant_reader.rows(
        source, "agent_blocks", listed, 0, tolerant_reader.at_most(source, 100)
    ):
        if not _all(bytes, part[3]) or zlib.crc32(part[3]) != part[2]:
            sound.discard(part[0])
        elif part[0] in sound:
            connection.execute("INSERT OR REPLACE INTO agent_blocks VALUES(?, ?, ?, ?)", part)
    place, status = names.index("block"), names.index("status")
    runs = tolerant_reader.rows(source, "runs", ", ".join(names), 0, planned)
    _insert(connection, "runs", (row for row in runs if row[place] in sound and row[status] in _STATUSES))
    if source.execute("SELECT 1 FROM sqlite_master WHERE name = 'run_checksums'").fetchone():
        noted = tolerant_reader.rows(source, "run_checksums", "block, checksum", 0, highest)
        _insert(connection, "run_checksums", (row for row in noted if row[0] in sound and _all(int, *row)))
    changed = json.dumps(checksums.changed_blocks(connection))
    connection.execute("DELETE FROM runs WHERE block IN (SELECT value FROM json_each(?))", (changed,))
    lost_points = 0 if has_all_points else give_up_the_rest(connection)
    connection.execute("DELETE FROM run_checksums WHERE block NOT IN (SELECT block FROM runs)")
    connection.execute("DELETE FROM blocks WHERE block NOT IN (SELECT block FROM runs)")
    connection.execute("DELETE FROM agent_blocks WHERE block NOT IN (SELECT block FROM runs)")
    whole = "SELECT block FROM blocks JOIN (SELECT block, count(*) AS saved FROM runs GROUP BY block) USING (block) WHERE saved = runs"
    connection.execute(f"UPDATE blocks SET superseded = 1 WHERE block NOT IN ({whole})")
    _insert(connection, "failures", _texts(source, connection, "failures"))
    checksums.note_columns(connection)
    connection.execute("INSERT INTO tally SELECT status, count(*) FROM runs GROUP BY status")
    tables.note(connection, "meta", "points", "outcomes")
    schema.rewrite_view(connection)
    return connection.execute("SELECT count(*) FROM runs").fetchone()[0], had, lost_points


def _texts(source: sqlite3.Connection, connection: sqlite3.Connection, table: str) -> Iterator[Sequence[Any]]:
    """Yield those rows of a table of texts that can be read and hold what belongs there."""
    columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))
    last = tolerant_reader.at_most(source, 10)
    rows = (row[1:] for row in tolerant_reader.rows(source, table, f"rowid, {columns}", 0, last))
    return (row for row in rows if tolerant_reader.fits(connection, table, row))


def _insert(connection: sqlite3.Connection, table: str, rows: Iterator[Sequence[Any]]) -> None:
    for row in rows:
        with contextlib.suppress(sqlite3.IntegrityError):  # what stands here came from another page
            connection.execute(f"INSERT OR REPLACE INTO {table} VALUES({', '.join('?' * len(row))})", row)


def _all(kind: type, *values: Any) -> bool:
    return all(isinstance(value, kind) for value in values)
