"""A study file that is moved, replaced or deleted while it is driven: noticed, and its results kept where they can be found.

Another program may do that at any time: a sync client, rsync, a user with `mv`. SQLite goes on writing into the file that it has open,
whatever that is called by then, and into a log that no longer has its name or stands beside another file. So the driver compares the
files that it has open with those that have their names, and ends when they differ. If its file has another name now, everything is
folded into it; else, all that the open connection holds is copied to a new file.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shlex
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mesa_lab.errors import MesaLabError, StudyError, StudyFormatError
from mesa_lab.study.damage import check
from mesa_lab.study.database import connection as storage
from mesa_lab.study.database import log_file
from mesa_lab.study.database.file_kinds import size_of
from mesa_lab.study.database.new_file import Draft
from mesa_lab.study.status import read_status

__all__ = ["Displaced", "Watch"]

_F_GETPATH: Final = 50  # of fcntl, on macOS


@dataclass(frozen=True, slots=True)
class Displaced:
    """What has become of the file of a study.

    Attributes:
        what: That in words, after the name of the study.
        there: The name under which the very file is found now, None when it has none, or may not be written any more.
        is_overwritten: Whether something else stands in the file, which is not ours to change.
    """

    what: str
    there: Path | None
    is_overwritten: bool = False


class Watch:
    """Watches over the file that a driver writes.

    Args:
        connection: The driver's, which holds the study's lease.
        path: The study, as it was named.
        token: Name of the lease.
    """

    def __init__(self, connection: log_file.Connection, path: Path, token: str) -> None:
        self._connection = connection
        self._path = path
        self._token = token
        self._stamp: tuple[int, int] | None = None
        self._is_known = False
        # So that the file knows this driver also without its log; a reader may put that off.
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        self._look_into()

    def look(self, *, ended: bool = False) -> Displaced | None:
        """Return what has become of the file, None while it is where it was; costs three looks at a folder.

        Args:
            ended: The lease has been given back, so that the file need not know this driver any more.
        """
        connection = self._connection
        assert connection.path is not None
        gone = connection.displaced()
        if "" in gone:
            is_there = log_file.file_id(connection.path) is not None
            if is_there and self._is_read_there():
                connection.note_files(connection.path)  # on some file systems a file's number changes
                return None
            there = _name_of(connection.files[""], near=connection.path)
            if there is None:
                return Displaced("was replaced by another file" if is_there else "was deleted", None)
            moved = f"was moved to '{self._shown(there)}'"
            return Displaced(f"{moved}, and another file has taken its name" if is_there else moved, there)
        if gone:
            logs = [log_file.beside(connection.path, suffix) for suffix in gone]
            named = " and ".join(f"'{log.name}'" for log in logs)
            # One that others have begun to write holds changes of pages that are older than ours.
            is_used = any(size_of(log) for log in logs if log.name.endswith("-wal"))
            what = f"was cut off from its log, as {named} {'was' if len(logs) == 1 else 'were'} deleted or replaced"
            return Displaced(what, None if is_used else connection.path)
        return None if ended else self._look_into()

    def _look_into(self) -> Displaced | None:
        """Look whether something else was written into the very file, once it has changed."""
        stamp = self._stamp_now()
        if stamp == self._stamp:
            return None
        is_known = self._is_known_there()  # mostly it was a checkpoint
        if self._is_known and not is_known:
            return Displaced("was overwritten", None, is_overwritten=True)
        if is_known and not self._is_known:
            # Not before: a log of another file is told by a file that does not know the log's driver (`log_file.py`).
            self._connection.execute("UPDATE driver SET file = ?", (log_file.shown_id(self._path),))
        self._is_known, self._stamp = is_known, stamp
        return None

    def _is_known_there(self) -> bool:
        """Tell whether the file knows this driver without its log."""
        for _ in range(5):
            try:
                known = log_file.known_driver(self._path)
            except (
                sqlite3.Error
            ):  # perhaps in the middle of a checkpoint of another process, which takes no time
                time.sleep(0.1)
                continue
            return known is not None and known[0] == self._token
        return False

    def _stamp_now(self) -> tuple[int, int] | None:
        try:
            found = self._path.absolute().stat()
        except OSError:
            return None
        return found.st_size, found.st_mtime_ns

    def _is_read_there(self) -> bool:
        """Tell whether what is written here is read under the name of the study."""
        with contextlib.suppress(sqlite3.Error), storage.Transaction(self._connection):
            self._connection.execute("UPDATE driver SET beat = beat + 1")
        with contextlib.suppress(sqlite3.Error):
            written = self._connection.execute("SELECT token, beat FROM driver").fetchone()
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            return written is not None and log_file.known_driver(self._path) == written
        return False

    def keep(
        self,
        displaced: Displaced,
        write: Callable[[], None],
        end: Callable[[sqlite3.Connection, str], None],
    ) -> str:
        """Keep all results, and end the session of the study that holds them.

        Args:
            displaced: What `look` has returned.
            write: Writes what waits to be written.
            end: Notes in a study, given by a connection to it, how its session has ended, and that it has no driver any more.

        Returns:
            What has happened, where the results are, and how to go on.
        """
        connection = self._connection
        connection.execute("PRAGMA busy_timeout = 2000")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        lost = ""
        try:
            write()
        except (sqlite3.Error, MesaLabError) as error:
            lost = f" The latest of them could not be written ({error})."
        if displaced.there is not None:
            said = self._said(displaced, f"are in '{self._shown(displaced.there)}'", displaced.there) + lost
            with contextlib.suppress(sqlite3.Error):
                end(connection, said)
                if connection.fold():
                    connection.remove_log()
                    return said
        try:
            saved = self._copy(
                lambda copy, name: end(copy, self._said(displaced, f"are saved in '{name}'", name) + lost)
            )
        except StudyError as error:
            return f"{self._said(displaced, 'could not be saved anywhere', None)} {error}{lost}"
        said = self._said(displaced, f"are saved in '{saved}'", saved) + lost
        with contextlib.suppress(sqlite3.Error):
            end(connection, said)  # for those who have the old file open
            if not displaced.is_overwritten:
                connection.fold()
        connection.remove_log()
        return said + _unsound(saved)

    def _said(self, displaced: Displaced, where: str, there: Path | None) -> str:
        try:
            status = read_status(self._connection, self._path)
            results = f"the results of {status.finished:,} of its {status.n_runs:,} runs"
        except (sqlite3.Error, ValueError, TypeError):
            results = "its results"
        said = f"'{self._path}' {displaced.what} while it was run, so the run was stopped: {results} {where}."
        return (
            said
            if there is None
            else f"{said} Go on with: mesa-lab resume {shlex.quote(str(self._shown(there)))}"
        )

    def _shown(self, path: Path) -> Path:
        """Return a name as the study was named: relative, where it lies in the same folder."""
        return self._path.with_name(path.name) if path.parent == self._path.absolute().parent else path

    def _copy(self, end: Callable[[sqlite3.Connection, Path], None]) -> Path:
        """Copy what the connection holds to a new file, and return its name.

        Raises:
            StudyError: If no new file can be written anywhere.
        """
        problems = []
        for name in self._names():
            if name.exists():
                continue
            shown = self._shown(name)
            try:
                with storage.translate_errors(name), Draft(name) as copy:
                    self._connection.backup(copy)
                    end(copy, shown)
            except StudyError as error:
                problems.append(str(error))
                continue
            return shown
        raise StudyError(problems[0])

    def _names(self) -> Iterator[Path]:
        """Yield where a copy may be written: beside the study, or where this process works, or where temporary files are."""
        folders = [self._path.absolute().parent]
        with contextlib.suppress(OSError):
            folders.append(Path.cwd())
        folders.append(Path(tempfile.gettempdir()))
        for folder in dict.fromkeys(folders):
            names = (
                f"{self._path.stem}-saved{'' if number == 1 else f'-{number}'}.study"
                for number in itertools.count(1)
            )
            yield next(folder / name for name in names if not (folder / name).exists())


def _unsound(saved: Path) -> str:
    """Return what to say when a copy does not hold all that was written; mostly nothing."""
    try:
        connection, _ = storage.connect(saved)
        with closing(connection):
            check.check(connection, saved)
    except StudyFormatError:
        return f" Not all of them could be saved: see `mesa-lab check {saved}`."
    except StudyError:
        pass
    return ""


def _name_of(file: tuple[int, int] | None, *, near: Path) -> Path | None:
    """Return a name of a file that this process has open, as far as the system can tell."""
    for name in itertools.chain(_names_of_open_files(file), _names_in(near.parent)):
        if file is not None and log_file.file_id(name) == file:
            return name
    return None


def _names_in(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from folder.iterdir()


def _names_of_open_files(file: tuple[int, int] | None) -> Iterator[Path]:
    """Yield the names that the system keeps of open files; Linux and macOS know them when they have changed, too."""
    for listed in ("/proc/self/fd", "/dev/fd"):
        try:
            numbers = [int(entry.name) for entry in Path(listed).iterdir()]
        except (OSError, ValueError):
            continue
        for number in numbers:
            with contextlib.suppress(OSError, ValueError):
                found = os.fstat(number)
                if (found.st_dev, found.st_ino) == file:
                    yield _path_of(number)
        return


def _path_of(number: int) -> Path:
    if sys.platform == "darwin":
        import fcntl

        return Path(os.fsdecode(fcntl.fcntl(number, _F_GETPATH, bytes(1024)).rstrip(b"\0")))
    return Path(f"/proc/self/fd/{number}").readlink()
