"""Limits for study files of unknown origin: what SQLite may do with one, and how much work one may cause.

A file from a stranger may hold SQL (views, triggers), values that are larger than memory, and pages that lead back to themselves, so
that a table has no end. `LimitedConnection` refuses the first, and ends a statement that takes more steps than a table of
the file's size can. Steps are counted rather than seconds, so that a slow disk ends nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from mesa_lab.study.database.file_kinds import size_of

__all__ = ["LimitedConnection", "without_code"]

_PORTION: Final = 1_000_000  # steps of SQLite's machine between two looks, a few hundredths of a second
_STEPS_PER_BYTE: Final = 50  # a check of a table takes 3 steps for each byte of it
_PORTIONS: Final = 200  # a small file may take as many: seconds
_BRIEF_PORTIONS: Final = 20
_BRIEF_LENGTH: Final = 2**24  # bytes of one value, when it is only looked at how far a study is


class _Budget:
    """How much work the statement at hand may cause.

    Attributes:
        files: The study and its log, whose size counts.
        portions: What it may take whatever the size; beyond that, only what the size warrants.
    """

    def __init__(self, files: tuple[str, ...]) -> None:
        self.files = files
        self.portions = _PORTIONS
        self._taken = 0

    def renew(self) -> None:
        """Begin with another statement."""
        self._taken = 0

    def is_spent(self) -> bool:
        """Count one portion; whether that is one too many. SQLite calls this."""
        self._taken += 1
        if self._taken <= self.portions:
            return False
        size = sum(size_of(file) for file in self.files)
        return self._taken > self.portions + size * _STEPS_PER_BYTE // _PORTION


class LimitedConnection(sqlite3.Connection):
    """A connection to a file that may come from anyone; `limit` has to be called before the first statement."""

    _budget: _Budget | None = None

    def limit(self, path: str) -> None:
        """Have the file run no SQL of its own, and no statement go on without end.

        Args:
            path: The file, whose size says how much a statement may take.
        """
        without_code(self)
        self._budget = _Budget((path, f"{path}-wal"))
        self.set_progress_handler(self._budget.is_spent, _PORTION)

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Execute a statement; each has the whole budget."""
        if self._budget is not None:
            self._budget.renew()
        return super().execute(sql, parameters)

    @contextmanager
    def briefly(self) -> Iterator[None]:
        """Allow only what takes next to no time with any study: to open one, and to ask how far it is."""
        assert self._budget is not None
        longest = self.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _BRIEF_LENGTH)
        self._budget.portions = _BRIEF_PORTIONS
        try:
            yield
        finally:
            self._budget.portions = _PORTIONS
            self.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, longest)


def without_code(connection: sqlite3.Connection) -> None:
    """Have SQLite run nothing that a file brings along, and trust nothing that it says of its own pages."""
    connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
    connection.setconfig(sqlite3.SQLITE_DBCONFIG_TRUSTED_SCHEMA, False)
    connection.setconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_TRIGGER, False)
    connection.setconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_VIEW, False)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA mmap_size = 0")
