"""What the teacher has the class do: an experiment, with a text that says what to find out.

Kept in the file of the roster, so that a restart loses none.
"""

from __future__ import annotations

import dataclasses
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import StudyError

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["Assignment", "Assignments"]

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS assignments(
  number INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, text TEXT NOT NULL, experiment TEXT NOT NULL,
  pooled INTEGER NOT NULL, seats INTEGER NOT NULL, given REAL NOT NULL, closed INTEGER NOT NULL DEFAULT 0,
  most_runs INTEGER NOT NULL DEFAULT 0);
"""
_MOST_SEATS: Final = 500


@dataclass(frozen=True)
class Assignment:
    """One assignment.

    Attributes:
        number: From 1.
        title: A few words.
        text: What to do or to find out.
        toml: The experiment, as an experiment file.
        is_pooled: Whether each student gets other runs of one experiment, that are put together; else each may change it.
        seats: How many students a pooled one has runs for.
        is_closed: Whether it is over.
        most_runs: How many runs an answer may have, of one that each may change; 0 for no limit but the class's.
    """

    number: int
    title: str
    text: str
    toml: str
    is_pooled: bool
    seats: int
    is_closed: bool = False
    most_runs: int = 0

    @cached_property
    def experiment(self) -> Experiment:
        """What each student runs."""
        from mesa_lab.preparation.experiment import Experiment

        return Experiment.from_toml(self.toml)

    @property
    def pooled_experiment(self) -> Experiment:
        """What all students run together: as many replications as each has, for every seat."""
        experiment = self.experiment
        return dataclasses.replace(experiment, replications=experiment.replications * self.seats)

    @property
    def study_name(self) -> str:
        """What a student's study of it is called."""
        return f"assignment {self.number}"


class Assignments:
    """The assignments of a class.

    Args:
        path: The file of its roster.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._connection() as connection:
            connection.executescript(_SCHEMA)
            known = {row[1] for row in connection.execute("PRAGMA table_info(assignments)")}
            if "most_runs" not in known:  # a class that was begun with an earlier version
                with connection:
                    connection.execute(
                        "ALTER TABLE assignments ADD COLUMN most_runs INTEGER NOT NULL DEFAULT 0"
                    )

    def give(
        self,
        title: str,
        text: str,
        experiment: Experiment,
        *,
        pooled: bool = True,
        seats: int = 40,
        most_runs: int = 0,
    ) -> Assignment:
        """Give the class an assignment.

        Args:
            title: A few words.
            text: What to do or to find out.
            experiment: What each student is to run; of one that is not pooled: what varies is free within its ranges.
            pooled: Whether all runs are to become one study; then each student has other seeds.
            seats: For how many students there are to be runs.
            most_runs: How many runs an answer may have, of one that is not pooled; 0 for no limit but the class's.

        Raises:
            StudyError: If it has no title, too many seats, or a limit that makes no sense.
        """
        title = " ".join(title.split())[:80]
        if not title:
            raise StudyError("Give the assignment a title.")
        if not 1 <= seats <= _MOST_SEATS:
            raise StudyError(f"An assignment has 1 to {_MOST_SEATS} seats, not {seats}.")
        if most_runs < 0:
            raise StudyError(f"An answer has at most {most_runs} runs. Give a number from 1, or none.")
        row = (title, text.strip()[:2000], experiment.to_toml(), pooled, seats, time.time(), most_runs)
        with self._connection() as connection, connection:
            number = connection.execute(
                "INSERT INTO assignments(title, text, experiment, pooled, seats, given, most_runs) "
                "VALUES(?, ?, ?, ?, ?, ?, ?)",
                row,
            ).lastrowid
        assert number is not None
        return self.get(number)

    def close(self, number: int) -> None:
        """End an assignment; what was run for it stays."""
        with self._connection() as connection, connection:
            connection.execute("UPDATE assignments SET closed = 1 WHERE number = ?", (number,))

    def get(self, number: int) -> Assignment:
        """Return one.

        Raises:
            StudyError: If there is none of that number.
        """
        for assignment in self.all():
            if assignment.number == number:
                return assignment
        raise StudyError(f"There is no assignment {number}.")

    def all(self) -> list[Assignment]:
        """Return all, the first one first."""
        with self._connection() as connection:
            rows: list[Any] = connection.execute(
                "SELECT number, title, text, experiment, pooled, seats, closed, most_runs FROM assignments "
                "ORDER BY number"
            ).fetchall()
        return [
            Assignment(number, title, text, toml, bool(pooled), seats, bool(closed), most_runs)
            for number, title, text, toml, pooled, seats, closed, most_runs in rows
        ]

    def open_ones(self) -> list[Assignment]:
        """Return those that are not over, the latest first."""
        return [each for each in reversed(self.all()) if not each.is_closed]

    def _connection(self) -> closing[sqlite3.Connection]:
        try:
            return closing(sqlite3.connect(self._path, timeout=10))
        except sqlite3.Error as error:
            raise StudyError(f"The assignments in '{self._path}' cannot be read: {error}.") from error
