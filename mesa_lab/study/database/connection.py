"""The study file as SQLite sees it: how it is opened, and what its errors mean.

One file, in write-ahead mode, so that any number of readers look on while one driver writes. This module knows neither
the tables nor the experiment. Nothing else may open a study file: closing it would drop SQLite's locks.
"""

import contextlib
import json
import os
import sqlite3
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from mesa_lab.errors import MesaLabError, StudyBusyError, StudyError, StudyFormatError
from mesa_lab.files import check_path, shown
from mesa_lab.study.database import tolerant_reader
from mesa_lab.study.database.file_kinds import look_beside, size_of, special_kind
from mesa_lab.study.database.log_file import LOGS, Connection, beside, file_id, refuse_log_of_another
from mesa_lab.study.database.schema import APPLICATION_ID, VERSION, strange

__all__ = [
    "Transaction",
    "check_name",
    "check_new_name",
    "connect",
    "exists_already",
    "is_in_order",
    "is_signed",
    "look",
    "register_closer_look",
    "remove",
    "rows",
    "translate_errors",
    "wait_for_disk",
]


class Transaction:
    """A context for BEGIN IMMEDIATE … COMMIT, or ROLLBACK when it ends badly."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __enter__(self) -> None:
        if self.connection.in_transaction:  # Ctrl-C came between the last one and its end
            self.connection.execute("ROLLBACK")
        self.connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            self.connection.execute("ROLLBACK" if error is not None else "COMMIT")
        except sqlite3.Error:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            if error is None:
                raise


def exists_already(path: Path) -> StudyError:
    """Return the error for a file in the way."""
    return StudyError(f"'{path}' exists already. Open it to continue, or choose another name.")


def check_name(path: Path) -> None:
    """Refuse a path where no study can be, whether or not there is one.

    Raises:
        StudyError: If its name is too long, or it lies where nobody may look.
    """
    check_path(path, StudyError, beside="-wal")  # the longest that SQLite puts beside a study in use


_OTHER_ENDINGS: Final = {
    ending: kind
    for kind, endings in {
        "a table": "csv tsv xls xlsx ods parquet pq feather arrow",
        "an experiment or settings": "toml json jsonl yaml yml ini cfg",
        "a program": "py pyc pyi ipynb sh bat exe",
        "a text": "txt md rst tex log",
        "a page": "html htm xml css js",
        "a picture": "png svg jpg jpeg gif webp pdf",
        "data of other programs": "pickle pkl npz npy h5 hdf5 mat zip gz tar xz",
        "what SQLite keeps beside a study": "study-wal study-shm study-journal",
    }.items()
    for ending in endings.split()
}


def check_new_name(path: Path) -> None:
    """Refuse a path where no new study is to be made: no file can be there, or its name says that it is something else.

    Raises:
        StudyError: If its name ends like that of a table, an experiment, a program or the like.
    """
    check_name(path)
    if str(path) == "-" and not path.exists():
        raise StudyError("A study is a file, and cannot go to standard output. Give the name of a file.")
    kind = _OTHER_ENDINGS.get(path.suffix.lower().removeprefix("."))
    if kind is not None and not path.exists():
        raise StudyError(
            f"A study is not called '{shown(path)}': a name that ends in '{path.suffix}' is that of {kind}. "
            f"Call it '{shown(path.with_suffix('.study'))}'."
        )


def remove(path: Path) -> None:
    """Delete a study and the files that SQLite keeps beside it."""
    # The log first: one that is left without its study bars the way to a new study of that name.
    for suffix in (*LOGS, ""):
        beside(path, suffix).unlink(missing_ok=True)


_LIKE_A_STUDY: Final = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('meta', 'points', 'outcomes', 'tally')"


def look(path: Path) -> None:
    """Refuse what is not there or may not be read.

    Never opens the file: closing it again would drop the locks that SQLite holds on it for this process.
    """
    check_name(path)
    try:
        kind = path.stat()
    except FileNotFoundError:
        raise StudyError(
            f"There is no study '{path}'. Check the path, or run an experiment into it first."
        ) from None
    except OSError as error:
        raise StudyError(f"'{path}' cannot be read: {error.strerror or error}.") from None
    if what := special_kind(kind.st_mode):
        raise StudyError(f"'{path}' is {what}, not a study file.")
    if kind.st_size == 0:
        raise StudyFormatError(f"'{path}' is empty: it is no study. Delete it, or choose another name.")
    if not os.access(path, os.R_OK):
        raise StudyError(f"'{path}' may not be read by you. Change its permissions, or copy it.")
    look_beside(path)


def _recognise(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a database that is no study, one from a newer version, and one that holds more than studies do."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        if connection.execute(_LIKE_A_STUDY).fetchone() == (4,):
            raise _spoiled(path, "its first bytes make no sense")
        raise StudyFormatError(f"'{path}' is an SQLite database, but no study of Mesa Lab.")
    if version > 100 * VERSION:
        raise _spoiled(path, f"it would be of format {version}")
    if version > VERSION:
        raise StudyFormatError(
            f"'{path}' was written by a newer Mesa Lab (format {version}; this one reads up to {VERSION}). Update Mesa Lab."
        )
    if what := strange(connection):
        raise StudyFormatError(
            f"'{path}' is not read: {what}. It is damaged, another program has changed it, or it was made to do harm. "
            f"{tolerant_reader.last_resort(path)}"
        )
    connection.execute("SELECT value FROM meta LIMIT 1").fetchone()


def is_signed(header: bytes) -> bool:
    """Tell from its first hundred bytes whether a file is a study, or was one."""
    return header[68:72] == APPLICATION_ID.to_bytes(4, "big")


def is_in_order(header: bytes) -> bool:
    """Tell whether what SQLite keeps in a file's first bytes makes sense: its name, the size of pages, the formats."""
    (size,) = struct.unpack(">H", header[16:18])
    pages = size == 1 or (size >= 512 and size & (size - 1) == 0)
    formats = {*header[18:20]} <= {1, 2} and header[21:24] == bytes((64, 32, 32))
    return header.startswith(b"SQLite format 3\0") and pages and formats


def _diagnose(path: Path) -> None:
    """Say what is wrong with a file that SQLite cannot read, from its first hundred bytes."""
    with path.open("rb") as file:
        header, size = file.read(100), file.seek(0, os.SEEK_END)
    if is_signed(header) and not is_in_order(header):
        raise _spoiled(path, "its first bytes make no sense")
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
        raise StudyFormatError(
            f"'{path}' is no study file. Study files are made by `mesa-lab run` or `ml.run`."
        )
    page_size, pages = struct.unpack(">H10xI", header[16:32])
    expected = (65536 if page_size == 1 else page_size) * pages
    if size < expected:
        raise StudyFormatError(
            f"'{path}' is cut short: {size:,} of {expected:,} bytes are there. Copy it again from where it came, "
            f"or save what can be read with `mesa-lab rescue {path} -o {tolerant_reader.rescued(path)}`."
        )


def rows(
    path: Path, connection: sqlite3.Connection, query: str, *, at_a_time: int = 5000
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of a query, so many at a time; errors of reading name this file, whatever else is done meanwhile."""
    with translate_errors(path):
        cursor = connection.execute(query)
    while True:
        with translate_errors(path):
            some = cursor.fetchmany(at_a_time)
        if not some:
            return
        yield some


def wait_for_disk(connection: sqlite3.Connection) -> None:
    """Have each commit end only when it is on disk; NORMAL, which SQLite may be built for, does not with a log."""
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # macOS: elsewhere a sync empties the disk's cache anyway


def connect(path: Path, *, write: bool = False) -> tuple[Connection, str | None]:
    """Open a study file.

    Args:
        path: Where it is.
        write: For the driver. Readers open it so that the last one out tidies up, and fall back to looking only.

    Returns:
        The connection, and a notice for the user when not everything can be seen.

    Raises:
        StudyError: If it cannot be opened.
        StudyBusyError: If it has just taken the name of a study that is being run.
        StudyFormatError: If it is no study.
    """
    look(path)
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    if write:
        if not writable:
            raise StudyError(
                f"'{path}' cannot be written: it or its folder is read-only. Copy it to a folder of your own to continue it."
            )
        with translate_errors(path):
            connection = _open(path, "mode=rw")
            wait_for_disk(connection)
            connection.execute("PRAGMA wal_autocheckpoint = 4000")
        return connection, None
    if writable:
        with translate_errors(path):
            connection = _open(path, "mode=rw")
            connection.execute("PRAGMA query_only = ON")
        return connection, None
    with contextlib.suppress(sqlite3.OperationalError):
        return _open(path, "mode=ro"), None
    with translate_errors(path):
        connection = _open(path, "mode=ro&immutable=1")
    log = path.with_name(path.name + "-wal")
    if size_of(log):
        return connection, (
            f"'{log.name}' holds the latest results, which cannot be read in a read-only folder. "
            f"Copy it together with '{path.name}' to a folder of your own to see them."
        )
    return connection, None


def _open(path: Path, options: str) -> Connection:
    uri = f"file:{quote(str(path.absolute()))}?{options}"
    while True:
        file = file_id(path)
        connection = sqlite3.connect(
            uri, uri=True, isolation_level=None, timeout=30, check_same_thread=False, factory=Connection
        )
        try:
            connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)
            connection.limit(str(path))
            with connection.briefly():
                refuse_log_of_another(connection, path)
                _recognise(connection, path)
            connection.note_files(path)
        except sqlite3.DatabaseError as error:
            connection.close()
            if error.sqlite_errorcode in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                _diagnose(path)
            raise
        except BaseException:
            connection.close()
            raise
        if connection.files[""] == file:
            return connection
        connection.path = None  # another file has taken its name meanwhile: the log may be either's
        connection.close()


_OF_VALUES: Final = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
_BEYOND: Final = {
    sqlite3.SQLITE_INTERRUPT: "a table in it has no end. It is damaged, or was made to keep its readers busy",
    sqlite3.SQLITE_TOOBIG: "a value in it is larger than any that a study has there",
}
_MEANINGS: Final = {
    sqlite3.SQLITE_FULL: "the disk is full. Everything committed so far is safe; make room, then run it again to go on",
    sqlite3.SQLITE_READONLY: "it is read-only. Copy it to a folder of your own to continue it",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened. Check the permissions of the file and of its folder",
    sqlite3.SQLITE_PERM: "you may not open it. Check the permissions of the file and of its folder",
    sqlite3.SQLITE_IOERR: "the disk does not answer as it should (full, over quota, or disconnected). Everything committed so far is safe",
}


@contextlib.contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite or the system says about a study file into errors that name the file and the fix."""
    try:
        yield
    except MesaLabError:
        raise
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        # The last one says that a table is missing, or a column.
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):
            raise _damaged(path, error) from error
        if code in (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_TOOBIG):
            raise StudyFormatError(
                f"'{path}' is not read: {_BEYOND[code]}. {tolerant_reader.advice(path)}"
            ) from error
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StudyBusyError(
                f"'{path}' is kept locked by another process. Close what else has it open."
            ) from error
        if code not in _MEANINGS and (problem := _damage(path)) is not None:
            raise _damaged(path, problem) from error
        meaning = _MEANINGS.get(code, f"SQLite says: {error}")
        raise StudyError(f"The study '{path}' could not be used: {meaning}.") from error
    except OSError as error:
        raise StudyError(f"The study '{path}' could not be used: {error.strerror or error}.") from error
    except UnicodeEncodeError as error:
        raise StudyError(
            f"The study '{path}' cannot hold {error.object!r:.80}: it has a half of a character, which no encoding has. Take it out."
        ) from error
    except _OF_VALUES as error:
        # Pages that SQLite finds in order may hold what does not belong there.
        if problem := _damage(path):
            raise _damaged(path, problem) from error
        _look_closer(path)
        if isinstance(
            error, tolerant_reader.MalformedError | json.JSONDecodeError | UnicodeDecodeError | RecursionError
        ):
            raise _damaged(path, error) from error
        raise


def _spoiled(path: Path, problem: str) -> StudyFormatError:
    return StudyFormatError(f"'{path}' is damaged ({problem}). {tolerant_reader.last_resort(path)}")


def _damaged(path: Path, problem: object) -> StudyFormatError:
    return StudyFormatError(f"'{path}' is damaged ({problem}). {tolerant_reader.advice(path)}")


_closer_looks: list[Callable[[sqlite3.Connection, Path], object]] = []


def register_closer_look(look: Callable[[sqlite3.Connection, Path], object]) -> None:
    """Hand in what looks at a whole study where something read from it makes no sense, and raises what it finds wrong."""
    _closer_looks.append(look)


def _look_closer(path: Path) -> None:
    with (
        contextlib.closing(_open(path, "mode=ro")) as connection,
        contextlib.suppress(sqlite3.Error, *_OF_VALUES),
    ):
        for look in _closer_looks:
            look(connection, path)


def _damage(path: Path) -> str | None:
    """Return what SQLite finds wrong with a file when it looks at all of it."""
    try:
        with contextlib.closing(_open(path, "mode=ro")) as connection:
            said = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except (sqlite3.Error, MesaLabError, ValueError) as error:
        return str(error)
    return None if said == "ok" else said.splitlines()[-1]
