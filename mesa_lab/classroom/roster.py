"""Who takes part in a class, and what the teacher has told it: on disk, so that a restart of the server loses nobody.

A browser is known by the digest of its session, whose id only the server makes and signs. Joining ties a browser to a student;
the teacher's address ties one to the teacher. A student who comes back from another browser gives the return word that the
first one was shown, or the teacher lets them in.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import sqlite3
import time
import unicodedata
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mesa_lab.classroom.join_code import clean_code, new_code
from mesa_lab.errors import StudyError

__all__ = ["TEACHER", "JoinError", "Roster", "Student", "browser_of"]

FILE: Final = ".mesa-lab-class.sqlite"
TEACHER: Final = "teacher"
"""The name of the teacher's folder and of their turns; students' are digests."""
_LONGEST: Final = 40
_AWAY_SECONDS: Final = 20.0
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS class(
  only INTEGER PRIMARY KEY CHECK(only = 1), code TEXT NOT NULL, teacher TEXT NOT NULL, opened REAL NOT NULL,
  ended REAL, paused INTEGER NOT NULL DEFAULT 0, message TEXT NOT NULL DEFAULT '', shown TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS students(
  student TEXT PRIMARY KEY, name TEXT NOT NULL, folded TEXT NOT NULL UNIQUE, word TEXT NOT NULL, number INTEGER NOT NULL,
  joined REAL NOT NULL, seen REAL NOT NULL, page TEXT NOT NULL DEFAULT '', readmit INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS browsers(session TEXT PRIMARY KEY, student TEXT NOT NULL) WITHOUT ROWID;
"""


class JoinError(StudyError):
    """Somebody could not join, or the class has ended."""


@dataclass(frozen=True, slots=True)
class Student:
    """One who has joined.

    Attributes:
        id: What their folder is called.
        name: As they gave it.
        number: In the order in which they joined, from 1.
        word: What lets them in again from another browser.
        joined: When, in seconds since 1970.
        seen: When a page of theirs was last open.
        page: The page that they are on.
    """

    id: str
    name: str
    number: int
    word: str
    joined: float
    seen: float
    page: str

    @property
    def is_here(self) -> bool:
        """Whether a page of theirs is open."""
        return time.time() - self.seen < _AWAY_SECONDS


class Roster:
    """The class of one folder of studies; made when there is none.

    Args:
        folder: The folder. Its owner alone can read the roster.

    Raises:
        StudyError: If it cannot be read or made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / FILE
        with contextlib.suppress(FileExistsError), self._errors():
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with self._changing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO class(only, code, teacher, opened) VALUES(1, ?, ?, ?)",
                (new_code(), secrets.token_urlsafe(12), time.time()),
            )

    # ------------------------------------------------------------ the class

    @property
    def code(self) -> str:
        """The join code."""
        return str(self._class("code"))

    @property
    def teacher_key(self) -> str:
        """What stands in the teacher's address; nobody can guess it."""
        return str(self._class("teacher"))

    @property
    def is_paused(self) -> bool:
        """Whether the teacher has all runs wait."""
        return bool(self._class("paused"))

    @property
    def has_ended(self) -> bool:
        """Whether the class is over: nobody can join, and nothing new is run."""
        return self._class("ended") is not None

    @property
    def message(self) -> str:
        """What the teacher says to all, empty when nothing."""
        return str(self._class("message"))

    @property
    def shown(self) -> str:
        """The key of the study that the teacher shows to all, empty when none."""
        return str(self._class("shown"))

    def pause(self, paused: bool) -> None:
        """Have all runs wait, or go on."""
        self._set("paused", int(paused))

    def say(self, message: str) -> None:
        """Say something to all; an empty text takes it back."""
        self._set("message", message.strip()[:500])

    def show(self, key: str) -> None:
        """Show a study to all; an empty key takes it back."""
        self._set("shown", key)

    def end(self) -> None:
        """End the class."""
        self._set("ended", time.time())

    def reopen(self) -> None:
        """Go on with a class that was ended, with a new join code."""
        self._set("ended", None)
        self._set("code", new_code())

    # ------------------------------------------------------------ people

    def join(self, browser: str, code: str, name: str, word: str = "") -> Student:
        """Let somebody in.

        Args:
            browser: The digest of the session of their browser.
            code: The join code as they typed it.
            name: What they want to be called.
            word: Their return word, when they have joined before from another browser.

        Raises:
            JoinError: If the code is wrong, the class is over, or the name is no name or another's.
        """
        if not hmac.compare_digest(clean_code(code).encode(), self.code.encode()):
            raise JoinError("This is not the code of this class. It stands where the teacher shows it.")
        if self.has_ended:
            raise JoinError("The class has ended.")
        name = clean_name(name)
        folded = unicodedata.normalize("NFKC", name).casefold()
        with self._changing() as connection:
            row = connection.execute(
                "SELECT student, word, readmit FROM students WHERE folded = ?", (folded,)
            ).fetchone()
            if row is None:
                student = secrets.token_hex(16)
                connection.execute(
                    "INSERT INTO students(student, name, folded, word, number, joined, seen) "
                    "VALUES(?, ?, ?, ?, 1 + (SELECT COALESCE(MAX(number), 0) FROM students), ?, ?)",
                    (student, name, folded, new_code(), time.time(), time.time()),
                )
            else:
                student, kept, readmit = row
                here = connection.execute(
                    "SELECT student FROM browsers WHERE session = ?", (browser,)
                ).fetchone() == (student,)
                if not (here or readmit or hmac.compare_digest(clean_code(word).encode(), kept.encode())):
                    raise JoinError(
                        f"'{name}' has joined already. If that is you, type your return word, which stands on your first "
                        "page, or ask the teacher to let you in again. If not, take another name."
                    )
                connection.execute("UPDATE students SET readmit = 0 WHERE student = ?", (student,))
            self._bind(connection, browser, student)
        found = self.student(student)
        assert found is not None
        return found

    def teach(self, browser: str, key: str) -> None:
        """Make a browser the teacher's.

        Raises:
            JoinError: If this is not the teacher's address.
        """
        if not hmac.compare_digest(key.encode(), self.teacher_key.encode()):
            raise JoinError(
                "This is not the teacher's address. It stands in the terminal that the class was started in."
            )
        with self._changing() as connection:
            self._bind(connection, browser, TEACHER)

    def who(self, browser: str) -> str | None:
        """Return the id of the student whose browser this is, `TEACHER` for the teacher's, None for a stranger's."""
        rows = self._ask("SELECT student FROM browsers WHERE session = ?", browser)
        return str(rows[0][0]) if rows else None

    def student(self, student: str) -> Student | None:
        """Return a student, None if there is no such."""
        return next((each for each in self.students() if each.id == student), None)

    def students(self) -> list[Student]:
        """Return all who have joined, in the order in which they did."""
        rows = self._ask(
            "SELECT student, name, number, word, joined, seen, page FROM students ORDER BY number"
        )
        return [Student(*row) for row in rows]

    def saw(self, student: str, page: str) -> None:
        """Note that a page of a student is open now."""
        with self._changing() as connection:
            connection.execute(
                "UPDATE students SET seen = ?, page = ? WHERE student = ?", (time.time(), page[:40], student)
            )

    def readmit(self, student: str) -> None:
        """Let a student in once more by name alone, from another browser."""
        with self._changing() as connection:
            connection.execute("UPDATE students SET readmit = 1 WHERE student = ?", (student,))

    def remove(self, student: str) -> None:
        """Send a student's browsers out; their studies stay, and the name is free once more when they are deleted."""
        with self._changing() as connection:
            connection.execute("DELETE FROM browsers WHERE student = ?", (student,))

    # ------------------------------------------------------------ inside

    @staticmethod
    def _bind(connection: sqlite3.Connection, browser: str, student: str) -> None:
        connection.execute(
            "INSERT INTO browsers VALUES(?, ?) ON CONFLICT(session) DO UPDATE SET student = excluded.student",
            (browser, student),
        )

    def _class(self, column: str) -> Any:
        return self._ask(f"SELECT {column} FROM class")[0][0]

    def _set(self, column: str, value: Any) -> None:
        with self._changing() as connection:
            connection.execute(f"UPDATE class SET {column} = ?", (value,))

    def _ask(self, statement: str, *values: Any) -> list[Any]:
        with self._errors(), closing(sqlite3.connect(self.path, timeout=10)) as connection:
            return connection.execute(statement, values).fetchall()

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._errors(), closing(sqlite3.connect(self.path, timeout=10)) as connection:
            connection.executescript(_SCHEMA)
            with connection:
                yield connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Say in our words what SQLite and the file system say."""
        try:
            yield
        except FileExistsError:
            raise
        except JoinError:
            raise
        except (sqlite3.Error, OSError) as error:
            raise StudyError(f"The roster of the class, '{self.path}', cannot be used: {error}.") from error


def clean_name(name: str) -> str:
    """Return a student's name without spaces around it.

    Raises:
        JoinError: If it is empty, too long, or has characters that cannot be read.

    Example:
        >>> clean_name("  Ada  L. ")
        'Ada L.'
    """
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for letter in name):
        raise JoinError("This name has characters that cannot be shown. Use letters, digits and spaces.")
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name:
        raise JoinError("Type your name, so that the teacher knows who you are.")
    if len(name) > _LONGEST:
        raise JoinError(f"This name has {len(name)} characters; at most {_LONGEST} fit.")
    if name.casefold() == TEACHER:
        raise JoinError("This name is the teacher's. Take another one.")
    return name


def browser_of(session: str) -> str:
    """Return the digest by which a browser's session is known here: the session itself opens the door, and is written nowhere."""
    return hashlib.sha256(f"mesa-lab class {session}".encode()).hexdigest()[:32]
