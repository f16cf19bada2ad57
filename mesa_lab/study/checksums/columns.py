"""Checksums of the columns of runs, by which whoever reads a column of all runs knows whether it is as it was written.

A block's checksum (`checksums`) says which runs are changed, and needs all columns to be read. Those of the columns say only
that something is, and cost next to nothing beside reading. Each is the sum of the numbers of a column's cells
(`cells`) times that of their run, so that values which changed places are noticed; it changes with every batch.
A study that was begun before there were these has none. The attempt at a run is no result, and not among the columns.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.study.checksums import cells

__all__ = ["Comparison", "Totals", "factors", "noted"]

_NO_RESULT: Final = "attempt"


class Totals:
    """The checksums of columns, while rows go by in any order."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, ...], npt.NDArray[np.uint64]] = {}

    def add(
        self, outcomes: Sequence[str], run_ids: Sequence[int], numbers: npt.NDArray[np.uint64], times: int = 1
    ) -> None:
        """Count runs, given the outcomes that they have and what `cells.of_columns` returned; -1 times takes them out."""
        key = tuple(outcomes)
        sums = (numbers * factors(np.array(run_ids, np.int64))).sum(axis=1, dtype=np.uint64)
        known = self._sums.get(key)
        self._sums[key] = (np.zeros_like(sums) if known is None else known) + sums * np.uint64(times % 2**64)

    def by_column(self) -> dict[str, int]:
        """Return the checksum of each column of which runs went by."""
        found: dict[str, int] = {}
        for outcomes, sums in self._sums.items():
            names = (*cells.COUNTED, *map(cells.label, outcomes))
            for name, number in zip(names, sums.tolist(), strict=True):
                found[name] = (found.get(name, 0) + number) & cells.BITS
        found.pop(_NO_RESULT, None)
        return found

    def agree(self, connection: sqlite3.Connection) -> bool:
        """Tell whether these are the checksums that a study has, when all its runs went by."""
        known, now = noted(connection), self.by_column()
        return known is None or {name: number for name, number in known.items() if number} == {
            name: number for name, number in now.items() if number
        }

    def note(self, connection: sqlite3.Connection) -> None:
        """Count what went by into the checksums of a study, inside the caller's transaction."""
        if self._sums and noted(connection) is not None:
            connection.executemany(
                "INSERT INTO column_checksums VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE "
                f"SET checksum = (checksum + excluded.checksum) & {cells.BITS}",
                self.by_column().items(),
            )


class Comparison:
    """Are the columns that are read those that were written?

    Args:
        connection: A connection to the study, in the transaction in which its runs are read.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._noted = noted(connection)
        self._seen: dict[str, int] = {}

    def see(self, name: str, values: Sequence[Any] | npt.NDArray[Any], own: npt.NDArray[np.uint64]) -> None:
        """Take note of values of a column, which go by in portions.

        Args:
            name: The column.
            values: As `cells.of_column` takes them.
            own: The `factors` of the runs that they are of.
        """
        if self._noted is not None:
            self._add(name, cells.of_column(name, values), own)

    def see_statuses(
        self, statuses: Sequence[str], codes: npt.NDArray[np.int8], own: npt.NDArray[np.uint64]
    ) -> None:
        """Take note of the statuses of all runs, each given by its place among the statuses that there are."""
        if self._noted is not None:
            self._add("status", cells.of_column("status", statuses)[codes], own)

    def _add(self, name: str, numbers: npt.NDArray[np.uint64], own: npt.NDArray[np.uint64]) -> None:
        numbers *= own
        self._seen[name] = self._seen.get(name, 0) + int(numbers.sum(dtype=np.uint64))

    @property
    def agrees(self) -> bool:
        """Whether all columns that went by are those that were written, as far as that was noted."""
        known = self._noted or {}
        return self._noted is None or all(
            known.get(name, 0) == number & cells.BITS for name, number in self._seen.items()
        )


def noted(connection: sqlite3.Connection) -> dict[str, int] | None:
    """Return the checksums that a study has for its columns, None when it was begun before there were any."""
    query = "SELECT 1 FROM sqlite_master WHERE name = 'column_checksums'"
    if connection.execute(query).fetchone() is None:
        return None
    return dict(connection.execute("SELECT name, checksum FROM column_checksums").fetchall())


def factors(run_ids: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Return an odd number for each run, by which the numbers of its cells are multiplied."""
    own = run_ids.astype(np.uint64)
    own <<= np.uint64(1)
    own |= np.uint64(1)
    return own
