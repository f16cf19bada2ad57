"""What a study has beside its results: notes on values, what runs printed, what code they are of.

Studies of older versions lack some or all of these tables, and have nothing to say then.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from dataclasses import dataclass
from typing import Final

from mesa_lab.formatting import plural
from mesa_lab.study.database.tolerant_reader import MalformedError
from mesa_lab.study.run_notes import Note, NoteTally, notes_of_forms

__all__ = [
    "CodeVersion",
    "code_notice",
    "code_of",
    "code_versions",
    "forms",
    "has",
    "notes",
    "output",
    "unpacked",
]

_MOST_FORMS: Final = 10_000
_MOST_BYTES: Final = 2**20  # of what one run printed, decompressed
_MOST_VERSIONS: Final = 100
_SHORT: Final = 8


@dataclass(frozen=True, slots=True)
class CodeVersion:
    """A version of the model's code that runs of a study are of.

    Attributes:
        digest: Equal for equal code.
        runs: How many runs are of it.
        files: A digest of each file, by its path from the folder of the model.
    """

    digest: str
    runs: int
    files: dict[str, str]


def has(connection: sqlite3.Connection, table: str) -> bool:
    """Tell whether a study has a table, which those of older versions lack."""
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return connection.execute(query, (table,)).fetchone() is not None


def forms(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """Return scope, name and form of each column that keeps its values in another form."""
    if not has(connection, "forms"):
        return []
    rows = connection.execute("SELECT scope, name, form FROM forms ORDER BY rowid LIMIT ?", (_MOST_FORMS,))
    found = rows.fetchall()
    if not all(isinstance(text, str) for row in found for text in row):
        raise MalformedError("what it says of the forms of values makes no sense")
    return found


def notes(connection: sqlite3.Connection) -> tuple[Note, ...]:
    """Return what runs have noted, counted, and in what forms values are kept."""
    tally = NoteTally()
    query = "SELECT notes, min(run_id), count(*) FROM runs WHERE notes IS NOT NULL GROUP BY notes ORDER BY 2"
    for text, run_id, runs in connection.execute(query):
        tally.add(run_id, str(text), runs)
    return (*tally.notes(), *notes_of_forms(forms(connection)))


def output(connection: sqlite3.Connection, run_id: int) -> str | None:
    """Return what the latest attempt at a run printed; None where nothing was kept."""
    if not has(connection, "outputs"):
        return None
    query = "SELECT left_out, checksum, data FROM outputs JOIN runs USING(run_id, attempt) WHERE run_id = ? LIMIT 1"
    row = connection.execute(query, (run_id,)).fetchone()
    if row is None:
        return None
    left_out, checksum, data = row
    text = unpacked(data, checksum)
    if text is None:
        raise MalformedError(f"what run {run_id} printed is not what was written")
    return f"[{left_out:,} bytes before this were not kept]\n{text}" if left_out else text


def unpacked(data: object, checksum: object) -> str | None:
    """Return what a run printed, None where it is not what was written, or more than runs print."""
    if not isinstance(data, bytes) or zlib.crc32(data) != checksum:
        return None
    reader = zlib.decompressobj()
    try:
        text = reader.decompress(data, _MOST_BYTES)
    except zlib.error:
        return None
    return text.decode("utf-8", "replace") if reader.eof else None


def code_versions(connection: sqlite3.Connection) -> tuple[CodeVersion, ...]:
    """Return the versions of the model's code that runs are of, in the order of their first runs."""
    if not has(connection, "block_code") or not has(connection, "code"):
        return ()
    known = connection.execute("SELECT digest, files FROM code LIMIT ?", (_MOST_VERSIONS,)).fetchall()
    if len(known) < 2:
        query = "SELECT count(*) FROM runs JOIN block_code USING(block)"
        counts = {digest: connection.execute(query).fetchone()[0] for digest, _ in known}
    else:
        query = "SELECT digest, count(*) FROM runs JOIN block_code USING(block) GROUP BY digest ORDER BY min(run_id)"
        counts = dict(connection.execute(query).fetchall())
    files = {digest: _files(text) for digest, text in known}
    return tuple(
        CodeVersion(str(digest), int(count), files.get(digest, {}))
        for digest, count in counts.items()
        if count
    )


def code_of(connection: sqlite3.Connection, run_id: int) -> CodeVersion | None:
    """Return what code a run is of, None where that was not recorded."""
    if not has(connection, "block_code") or not has(connection, "code"):
        return None
    query = (
        "SELECT digest, files FROM runs JOIN block_code USING(block) JOIN code USING(digest) WHERE run_id = ?"
    )
    row = connection.execute(query, (run_id,)).fetchone()
    return None if row is None else CodeVersion(str(row[0]), 1, _files(row[1]))


def _files(text: object) -> dict[str, str]:
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(digest, str) for digest in found.values()):
        raise MalformedError("what it says of the model's code makes no sense")
    return found


def code_notice(versions: tuple[CodeVersion, ...]) -> str:
    """Say that runs are of several versions of the model's code; empty where they are of one, or it is not known."""
    if len(versions) < 2:
        return ""
    counts = ", ".join(f"{plural(each.runs, 'run')} of {each.digest[:_SHORT]}" for each in versions[:5])
    more = ", …" if len(versions) > 5 else ""
    names = dict.fromkeys(name for each in versions for name in each.files)
    differing = [name for name in names if len({each.files.get(name) for each in versions}) > 1]
    files = (
        f" What differs: {', '.join(differing[:5])}{', …' if len(differing) > 5 else ''}."
        if differing
        else ""
    )
    return f"The runs are of {len(versions)} versions of the model's code ({counts}{more}): they may differ for that reason.{files}"
