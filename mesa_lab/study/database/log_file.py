"""The log that SQLite keeps beside a study while it is in use, and which file it belongs to.

SQLite finds a log by the name of the file alone. When another file takes the name of a study that is being run, it would read the log
of the one into the other, and write it there for good when it closes it. So each connection knows which files it began with, and
leaves a log alone that is not, or no longer, that of its file.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from mesa_lab.errors import StudyBusyError, StudyError
from mesa_lab.study.database.file_kinds import size_of
from mesa_lab.study.database.limits import LimitedConnection

__all__ = ["LOGS", "Connection", "beside", "file_id", "known_driver", "refuse_log_of_another", "shown_id"]

LOGS: Final = ("-wal", "-shm")
"""What SQLite adds to the name of a study that is in use: its log, and an index of that."""


class Connection(LimitedConnection):
    """A connection to a study, which when it is closed folds the log into the file only where they belong together.

    Attributes:
        path: The study, None before it is known.
        files: What tells the files from others, by what is added to the name.
    """

    path: Path | None = None
    files: Mapping[str, tuple[int, int] | None] = {}

    def note_files(self, path: Path) -> None:
        """Remember which files these are, now that they are open."""
        self.path = path.absolute()
        self.files = {suffix: file_id(beside(self.path, suffix)) for suffix in ("", *LOGS)}

    def displaced(self) -> list[str]:
        """Return which files no longer have their names, by what is added to the name."""
        if self.path is None:
            return []
        known = {suffix: found for suffix, found in self.files.items() if found is not None}
        return [suffix for suffix, found in known.items() if file_id(beside(self.path, suffix)) != found]

    def refuse_shared_log(self) -> None:
        """Refuse to go on with a file whose name another file has taken, while the log stands beside that one.

        Raises:
            StudyError: Then; what another process writes for the other file would be read into this one.
        """
        if self.path is not None and self.displaced() == [""] and file_id(self.path) is not None:
            raise StudyError(
                f"'{self.path}' has been replaced by another file since it was opened. Open it again."
            )

    def fold(self) -> bool:
        """Write into the file, wherever that is by now, what only its log has; returns whether readers let all of it through."""
        self.execute("PRAGMA busy_timeout = 2000")
        return not self.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]

    def remove_log(self) -> None:
        """Take the names of the log away, so that nothing reads it into another file."""
        for suffix in LOGS:
            if self.path is not None and self.files[suffix] is not None:
                name = beside(self.path, suffix)
                with contextlib.suppress(OSError):
                    if file_id(name) == self.files[suffix]:
                        name.unlink()

    def close(self) -> None:
        """Close it. The last one out folds the log into the file and removes it, if both are where they were."""
        if self.path is not None and not self.displaced():
            self.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, False)
        super().close()


def beside(path: Path, suffix: str) -> Path:
    """Return the name of a file that SQLite keeps beside a study."""
    return path.with_name(path.name + suffix)


def file_id(path: Path) -> tuple[int, int] | None:
    """Return what tells the file of a name from others that have had or will have that name; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def refuse_log_of_another(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse to read a study together with the log of another one, which had its name while a driver wrote it.

    Each heartbeat of a driver writes into the log which file it is, as soon as that file knows the driver without the log. So a file
    of another number that knows it is still the right one: it was copied with its log, or its number is not always the same.
    """
    log = beside(path, "-wal")
    try:
        if not size_of(log):
            return
        driven = connection.execute("SELECT token, pid, file FROM driver").fetchone()
        if driven is None or driven[2] in (None, shown_id(path)):
            return
        known = known_driver(path)
    except (
        OSError,
        sqlite3.DatabaseError,
    ):  # an older version's, or damaged, or in need of its log: said elsewhere
        return
    if known is not None and known[0] == driven[0]:
        return
    raise StudyBusyError(
        f"'{path}' has taken the name of a study that process {driven[1]} was running, and '{log.name}' is the log of that one. "
        "The process stops by itself; look again in a few seconds. If it is gone, put the log beside the study that it belongs to, "
        "under that one's name, or delete it."
    )


def shown_id(path: Path) -> str | None:
    """Return what tells the file of a name from others, as text."""
    found = file_id(path)
    return None if found is None else f"{found[0]}:{found[1]}"


def known_driver(path: Path) -> tuple[str, int] | None:
    """Return the token and the last heartbeat of its driver that a study file itself holds, without what only its log has.

    Raises:
        sqlite3.Error: If it makes no sense without its log, as in the middle of a checkpoint.
    """
    uri = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as alone:
        row: tuple[str, int] | None = alone.execute("SELECT token, beat FROM driver").fetchone()
    return row
