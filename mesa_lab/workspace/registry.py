"""What the app notes beside the studies: which wait to be run, which links were given to others, what became of those that are gone.

One small SQLite file in the folder, made when there is something to note. So several servers and
browsers may use one folder, and what waits is still there after a restart. Studies are named by their
path below the folder. Nothing here knows what a study is, or runs one.

What waits is started without a question, so it counts in the very file that it was noted in: of a folder that was copied
from elsewhere nothing starts by itself.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mesa_lab.errors import StudyError

__all__ = ["Registry", "Ticket"]

FILE: Final = ".mesa-lab.sqlite"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS queue(
  place INTEGER PRIMARY KEY AUTOINCREMENT, study TEXT NOT NULL UNIQUE, processes INTEGER NOT NULL, retry INTEGER NOT NULL,
  problem TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS original(file INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS shares(token TEXT PRIMARY KEY, study TEXT NOT NULL UNIQUE) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gone(study TEXT PRIMARY KEY, new TEXT NOT NULL) WITHOUT ROWID;
"""


_COPIED: Final = "It waited in the folder that this one is a copy of. Start it again."


@dataclass(frozen=True, slots=True)
class Ticket:
    """A study's place in the queue.

    Attributes:
        study: Its path below the folder.
        processes: Worker processes; -1 for one on each core.
        retry: Whether failed runs are to run again.
        problem: Why it could not be started; such a study waits no longer.
    """

    study: str
    processes: int = -1
    retry: bool = False
    problem: str = ""


class Registry:
    """The notes of one folder of studies.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def tickets(self) -> list[Ticket]:
        """Return who waits, in order, and who could not be started."""
        rows = self._ask("SELECT study, processes, retry, problem FROM queue ORDER BY place")
        copied = "" if not rows or self._ask("SELECT file FROM original") == [(self._file(),)] else _COPIED
        return [
            Ticket(study, processes, bool(retry), problem or copied)
            for study, processes, retry, problem in rows
        ]

    def waiting(self) -> list[Ticket]:
        """Return who waits, the next one first."""
        return [ticket for ticket in self.tickets() if not ticket.problem]

    def enqueue(self, ticket: Ticket) -> None:
        """Put a study at the end of the queue. One that waits already keeps its place."""
        with self._changing() as connection:
            if connection.execute("SELECT file FROM original").fetchall() != [(self._file(),)]:
                connection.execute("DELETE FROM queue")
                connection.execute("DELETE FROM original")
                connection.execute("INSERT INTO original VALUES(?)", (self._file(),))
            connection.execute("DELETE FROM queue WHERE study = ? AND problem <> ''", (ticket.study,))
            connection.execute(
                "INSERT INTO queue(study, processes, retry) VALUES(?, ?, ?) "
                "ON CONFLICT(study) DO UPDATE SET processes = excluded.processes, retry = excluded.retry",
                (ticket.study, ticket.processes, ticket.retry),
            )

    def dequeue(self, study: str) -> None:
        """Take a study out of the queue."""
        self._change("DELETE FROM queue WHERE study = ?", study)

    def note_problem(self, study: str, problem: str) -> None:
        """Note why a study could not be started; it waits no longer."""
        self._change("UPDATE queue SET problem = ? WHERE study = ?", problem, study)

    def share(self, study: str) -> str:
        """Return the token by which others may see a study; nobody can guess it."""
        with self._changing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO shares VALUES(?, ?)", (secrets.token_urlsafe(18), study)
            )
            return str(connection.execute("SELECT token FROM shares WHERE study = ?", (study,)).fetchone()[0])

    def unshare(self, study: str) -> None:
        """Let a token lead nowhere from now on."""
        self._change("DELETE FROM shares WHERE study = ?", study)

    def token_of(self, study: str) -> str | None:
        """Return a study's token, None when it is not shared."""
        rows = self._ask("SELECT token FROM shares WHERE study = ?", study)
        return str(rows[0][0]) if rows else None

    def shared_by(self, token: str) -> str | None:
        """Return the study that a token leads to, None when it leads nowhere."""
        rows = self._ask("SELECT study FROM shares WHERE token = ?", token)
        return str(rows[0][0]) if rows else None

    def rename(self, study: str, new: str) -> None:
        """Note that a study has another name now."""
        with self._changing() as connection:
            connection.execute("UPDATE queue SET study = ? WHERE study = ?", (new, study))
            connection.execute("UPDATE shares SET study = ? WHERE study = ?", (new, study))
            connection.execute("INSERT OR REPLACE INTO gone VALUES(?, ?)", (study, new))

    def forget(self, study: str) -> None:
        """Drop all that is noted about a study, and note that it was deleted."""
        with self._changing() as connection:
            connection.execute("DELETE FROM queue WHERE study = ?", (study,))
            connection.execute("DELETE FROM shares WHERE study = ?", (study,))
            connection.execute("INSERT OR REPLACE INTO gone VALUES(?, '')", (study,))

    def became(self, study: str) -> str | None:
        """Return the name that a study was given last, an empty text when it was deleted, None when neither was done here."""
        rows = self._ask("SELECT new FROM gone WHERE study = ?", study)
        return str(rows[0][0]) if rows else None

    def _file(self) -> int:
        """The number that the file system gave this file: a copy has another one, which no sender can foresee."""
        number = self.path.stat().st_ino
        return number if number < 2**63 else number - 2**64  # as SQLite keeps whole numbers

    def _ask(self, statement: str, *values: Any) -> list[Any]:
        if not self.path.exists():
            return []
        with self._speaking(), closing(sqlite3.connect(self.path, timeout=10)) as connection:
            try:
                return connection.execute(statement, values).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):  # another process is just making it
                    return []
                raise

    def _change(self, statement: str, *values: Any) -> None:
        if self.path.exists():
            with self._changing() as connection:
                connection.execute(statement, values)

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._speaking(), closing(sqlite3.connect(self.path, timeout=10)) as connection:
            connection.executescript(_SCHEMA)
            with connection:
                yield connection

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StudyError(
                f"The list of waiting studies in '{self.path}' could not be used: {error}. "
                "Check that the folder can be written; the file may be deleted, then nothing waits."
            ) from error
