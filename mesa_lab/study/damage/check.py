"""Is a study file whole? All of it is looked at: SQLite's pages and indices, and what was written, by its digests.

What is damaged is said in the user's words: which runs, and what of them. Where pages cannot be read, the rest is looked at
all the same (`database/tolerant_reader.py`). Nothing is changed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import Final, NoReturn

import numpy as np

from mesa_lab.errors import StudyFormatError
from mesa_lab.study.database import copies, digests, metadata, tolerant_reader
from mesa_lab.study.database.connection import register_closer_look
from mesa_lab.study.reading.arrow_stream import is_sound
from mesa_lab.study.reading.run_table import at_one_moment
from mesa_lab.study.run_numbers import plan, ranges

__all__ = [
    "Checked",
    "check",
    "described",
    "look_at_tables",
    "refuse",
    "suspecting",
]

_MEANT: Final = {
    "meta": "the description of the experiment",
    "points": "the design points",
    "outcomes": "the names and types of the outcomes",
    "runs": "the rows of runs",
    "blocks": "the series",
    "agent_blocks": "the agents' data",
    "digests": "the digests of runs",
    "table_digests": "the digests of tables",
    "meta_copy": "the second copy of the description of the experiment",
    "points_copy": "the second copy of the design points",
    "outcomes_copy": "the second copy of the names and types of the outcomes",
    "batches": "the batches of the search",
    "batches_copy": "the second copy of the batches of the search",
    "failures": "the messages of failed runs",
    "tally": "the counts of runs",
    "sessions": "the records of sessions",
    "control": "the requests to its driver",
    "driver": "the records of its driver",
}
_OF_TEXTS: Final = ("points", "outcomes", "batches", "failures", "sessions")
_NOT_IN_ALL: Final = {  # an older version has none, and only a search has batches
    name for name in _MEANT if "digests" in name or "copy" in name or name == "batches"
}
_OTHER: Final = "are not those that were written"
_AT_A_TIME: Final = 10_000
_LAST: Final = 2**62
_COUNTS: Final = (
    "SELECT status, runs FROM tally WHERE runs ORDER BY status",
    "SELECT status, count(*) FROM runs GROUP BY status ORDER BY status",
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found to be whole.

    Attributes:
        runs: Runs that have a result.
        unknown: Those of them that an older version wrote without digests: a changed value would not be seen.
    """

    runs: int
    unknown: int


def check(connection: sqlite3.Connection, path: Path) -> Checked:
    """Look whether a study is whole.

    Args:
        connection: A connection to the study.
        path: Its file, for messages.

    Raises:
        StudyFormatError: If it is not; the message names what is damaged.
    """
    with at_one_moment(connection):
        found = _Found(connection)
    if found.damage:
        raise StudyFormatError(
            f"{_said(path, found.damage)}\n"
            f"Use a backup, or save the rest with `mesa-lab rescue {path} -o {tolerant_reader.rescued(path)}`: going on with "
            "the new study runs again what is missing."
        )
    return Checked(found.runs, found.unknown)


def described(connection: sqlite3.Connection, path: Path) -> str:
    """Return what to say of a study in which something other was read than was written; empty when it is whole after all."""
    with at_one_moment(connection):
        found = _Found(connection)
    if not found.damage:
        return ""
    return (
        f"{_said(path, found.damage)}\n"
        f"What is shown of these runs, and what is computed from them, may be wrong. {tolerant_reader.advice(path)}"
    )


def _said(path: Path, damage: list[str]) -> str:
    return "\n".join([f"'{path}' is damaged:", *(f"  - {line}" for line in damage)])


def look_at_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a study whose experiment, points or outcomes are not those that were written; quick whatever its size.

    Raises:
        StudyFormatError: If they are not.
    """
    with at_one_moment(connection):
        changed = copies.changed(connection)
    if changed:
        refuse(connection, path)


def refuse(connection: sqlite3.Connection, path: Path) -> NoReturn:
    """Raise the error for a study in which damage was met."""
    check(connection, path)
    raise StudyFormatError(f"'{path}' is damaged. {tolerant_reader.advice(path)}")


@contextmanager
def suspecting(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Say that a study is damaged where that explains an error: what it holds makes no sense then."""
    try:
        yield
    except (TypeError, ValueError, LookupError, ArithmeticError, sqlite3.IntegrityError) as error:
        check(connection, path)
        if isinstance(error, tolerant_reader.MalformedError):
            raise StudyFormatError(
                f"'{path}' is damaged ({error}). {tolerant_reader.advice(path)}"
            ) from error
        raise


class _Found:
    """What a look at a study finds.

    Attributes:
        damage: What is damaged, a line each.
        runs: How many runs there are.
        unknown: How many of them have no digest.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.damage: list[str] = []
        self.runs = self.unknown = 0
        self._pages = list(self._look_at_pages())
        self.damage += self._pages
        self.damage += self._look_at_tables()
        self.damage += [] if self.damage else self._look_at_experiment()
        try:
            self._look_at_results()
        except (sqlite3.Error, TypeError, ValueError, LookupError, ArithmeticError):
            if not self.damage:
                raise
            self.damage.append("therefore its runs cannot be looked at")

    def _look_at_experiment(self) -> Iterator[str]:
        try:
            metadata.experiment_in(metadata.meta(self._connection, "experiment"))
        except StudyFormatError as error:
            yield str(error)

    def _look_at_results(self) -> None:
        connection = self._connection
        layout = metadata.layout_of(connection)
        had = tolerant_reader.counted(connection)
        self._last_run = layout[-1][0] * layout[-1][1] if self._pages else _LAST
        sums = digests.Sums(connection, plan(layout))
        astray = set[int]()
        rows = tolerant_reader.rows(connection, "runs", sums.columns, 0, self._last_run)
        for some in batched(rows, _AT_A_TIME):
            run_id, right = sums.add(some)
            astray.update(run_id[~right].tolist())
            self.runs += len(some)
        counts, changed, unknown = sums.counts, sums.changed, sums.unknown
        series, agents, seen = self._look_at_data(counts)
        totals = digests.totals_of(connection)
        if totals is None:  # some runs are from before there were digests
            self.unknown = sum(counts[block] for block in unknown)
        else:
            changed |= unknown
        self._name("the results of", changed, _OTHER, astray)
        self._name("the series of", series, _OTHER)
        self._name("the agents' data of", agents, _OTHER)
        self._name("the series of", {block for block in counts if counts[block]} - seen, "cannot be read")
        if had != self.runs:
            missing = had - self.runs
            self.damage.append(
                f"{_runs(missing)} cannot be read"
                if missing > 0
                else f"it has {_runs(self.runs)}, and has counted {had:,}"
            )
        elif not self.damage and totals is not None and not np.array_equal(totals, sums.totals):
            self.damage.append(f"{_MEANT['digests']} {_OTHER}")
        elif not self._pages and not changed and len({*map(self._ask, _COUNTS)}) > 1:
            self.damage.append("it has not as many runs done and failed as it has counted")

    def _ask(self, query: str) -> tuple[object, ...]:
        return tuple(self._connection.execute(query).fetchall())

    def _look_at_pages(self) -> Iterator[str]:
        """Yield what SQLite says about the file's structure: of each table the first thing, with its indices."""
        missing = [name for name in _MEANT if name not in _NOT_IN_ALL and not self._has(name)]
        yield from (f"{_MEANT[name]} (table {name}) are missing" for name in missing)
        whole = self._integrity()
        if whole is None:
            return
        tables = {name: self._integrity(name) for name in _MEANT if self._has(name)}
        wrong = {name: said for name, said in tables.items() if said is not None}
        for name, said in wrong.items():
            what = f"the index of {_MEANT[name]}" if self._can_be_read(name) else _MEANT[name]
            yield f"{what} (table {name}): {said}"
        if not wrong:
            yield f"the file as SQLite sees it: {whole}"

    def _can_be_read(self, table: str) -> bool:
        try:
            for _ in self._connection.execute(f"SELECT * FROM {table} NOT INDEXED"):
                pass
        except (sqlite3.Error, UnicodeError):
            return False
        return True

    def _look_at_tables(self) -> Iterator[str]:
        """Yield which of the small tables do not hold what was written."""
        changed = [] if self._pages else copies.changed(self._connection)
        if "meta" in changed:
            entries = ", ".join(copies.differing_entries(self._connection)) or "its digest"
            yield f"{_MEANT['meta']} ({entries}) is not the one that was written"
        yield from (f"{_MEANT[name]} {_OTHER}" for name in _OF_TEXTS if name in changed)
        lost = [] if self._pages or changed else copies.changed(self._connection, "_copy")
        yield from (f"{_MEANT[f'{name}_copy']} is not as it was written" for name in lost)
        for table in _OF_TEXTS:
            if self._pages or table in changed or not self._has(table):
                continue
            columns = ", ".join(row[1] for row in self._connection.execute(f"PRAGMA table_info({table})"))
            rows = tolerant_reader.rows(self._connection, table, f"rowid, {columns}", 0, _LAST)
            kinds = tolerant_reader.kinds(self._connection, table)
            if not all(tolerant_reader.fits(kinds, row[1:]) for row in rows):
                yield f"{_MEANT[table]} {_OTHER}"

    def _integrity(self, table: str = "") -> str | None:
        try:
            pragma = f"PRAGMA integrity_check('{table}')" if table else "PRAGMA integrity_check(1)"
            said = str(self._connection.execute(pragma).fetchone()[0])
        except sqlite3.DatabaseError as error:
            said = str(error)
        return None if said == "ok" else said.splitlines()[-1]

    def _has(self, table: str) -> bool:
        query = "SELECT 1 FROM sqlite_master WHERE name = ?"
        return self._connection.execute(query, (table,)).fetchone() is not None

    def _look_at_data(self, counts: dict[int, int]) -> tuple[set[int], set[int], set[int]]:
        """Return the blocks of which series or agents' data are not those that were written, and all blocks that are there."""
        series, agents, seen = set[int](), set[int](), set[int]()
        columns = "block, runs, superseded, checksum, series"
        for block, runs, superseded, checksum, data in tolerant_reader.rows(
            self._connection, "blocks", columns, 0, _LAST
        ):
            seen.add(block)
            # Without the mark, data of runs that have been run again count too.
            complete = superseded == 1 or (superseded == 0 and runs == counts.get(block))
            if not complete or not (data is None or is_sound(data, checksum)):
                series.add(block)
        columns = "rowid, block, checksum, data"
        last = tolerant_reader.at_most(self._connection, 100) if self._pages else _LAST
        for _, block, checksum, data in tolerant_reader.rows(
            self._connection, "agent_blocks", columns, 0, last
        ):
            if not is_sound(data, checksum):
                agents.add(block)
        return series, agents, seen

    def _name(self, what: str, blocks: set[int], how: str, astray: Iterable[int] = ()) -> None:
        if not blocks:
            return
        also = set(astray)
        rows = tolerant_reader.rows(self._connection, "runs", "run_id, block", 0, self._last_run)
        concerned = [run_id for run_id, block in rows if block in blocks or run_id in also]
        if concerned:
            self.damage.append(f"{what} {_runs(len(concerned))} ({ranges(concerned)}) {how}")


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number:,} runs"


# What opens studies stands below this module, and knows it by what it is handed here.
register_closer_look(check)
