"""Is a study file whole? All of it is looked at: SQLite's pages and indices, and what was written, by its checksums.

What is damaged is said in the user's words: which runs, and what of them. Where pages cannot be read, the rest is looked at
all the same (`legible`). Nothing is changed.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import Final, NoReturn

import numpy as np

from mesa_lab.errors import StudyFormatError
from mesa_lab.study.checksums import (
    columns as column_checksums,
)
from mesa_lab.study.checksums import (
    rows as checksums,
)
from mesa_lab.study.checksums import (
    tables as table_checksums,
)
from mesa_lab.study.damage import tolerant_reader
from mesa_lab.study.extension import meta
from mesa_lab.study.reading.run_table import at_one_moment
from mesa_lab.study.run_numbers import plan, ranges

__all__ = ["Checked", "check", "described", "look_at_tables", "refuse", "suspecting"]

_MEANT: Final = {
    "meta": "the description of the experiment",
    "points": "the design points",
    "outcomes": "the names and types of the outcomes",
    "runs": "the rows of runs",
    "blocks": "the series",
    "agent_blocks": "the agents' data",
    "run_checksums": "the checksums of runs",
    "column_checksums": "the checksums of the columns of runs",
    "table_checksums": "the checksums of tables",
    "failures": "the messages of failed runs",
    "tally": "the counts of runs",
    "sessions": "the records of sessions",
    "control": "the requests to its driver",
    "driver": "the records of its driver",
}
_OF_TEXTS: Final = ("points", "outcomes", "failures", "sessions")
_NOT_IN_ALL: Final = ("run_checksums", "column_checksums", "table_checksums")  # an older version has none
_OTHER: Final = "are not those that were written"
_AT_A_TIME: Final = 10_000
_LAST: Final = 2**62
_TALLY: Final = "SELECT status, runs FROM tally WHERE runs"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found to be whole.

    Attributes:
        runs: Runs that have a result.
        unknown: Those of them that an older version wrote without checksums: a changed value would not be seen.
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
        changed = table_checksums.changed(connection)
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
    except (TypeError, ValueError, LookupError, ArithmeticError, sqlite3.IntegrityError):
        check(connection, path)
        raise


class _Found:
    """What a look at a study finds.

    Attributes:
        damage: What is damaged, a line each.
        runs: How many runs there are.
        unknown: How many of them have no checksum.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.damage: list[str] = []
        self.runs = self.unknown = 0
        self._pages = list(self._look_at_pages())
        self.damage += self._pages
        self.damage += self._look_at_tables()
        try:
            self._look_at_results()
        except (sqlite3.Error, TypeError, ValueError, LookupError, ArithmeticError):
            if not self.damage:
                raise
            self.damage.append("therefore its runs cannot be looked at")

    def _look_at_results(self) -> None:
        connection = self._connection
        self._had, planned, self._last_block = tolerant_reader.extent(connection, meta(connection, "layout"))
        self._last_run = planned if self._pages else _LAST
        self._count = np.zeros(self._last_block + 1, np.int64)
        changed, astray = self._look_at_runs()
        series, agents, lost = self._look_at_data()
        self._name("the results of", changed, _OTHER, astray)
        self._name("the series of", series, _OTHER)
        self._name("the agents' data of", agents, _OTHER)
        self._name("the series of", lost, "cannot be read")
        if self._had != self.runs:
            missing = self._had - self.runs
            self.damage.append(
                f"{_runs(missing)} cannot be read"
                if missing > 0
                else f"it has {_runs(self.runs)}, and has counted {self._had:,}"
            )
        elif not self.damage and not self._totals.agree(connection):
            self.damage.append(f"{_MEANT['column_checksums']} {_OTHER}")
        elif not self._pages and not changed and dict(self._ask(_TALLY)) != self._statuses():
            self.damage.append("it has not as many runs done and failed as it has counted")

    def _ask(self, query: str) -> list[tuple[object, int]]:
        try:
            return self._connection.execute(query).fetchall()
        except sqlite3.Error:
            return []

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
        changed = [] if self._pages else table_checksums.changed(self._connection)
        if entries := [name.removeprefix("meta ") for name in changed if name.startswith("meta ")]:
            yield f"{_MEANT['meta']} ({', '.join(entries)}) is not the one that was written"
        yield from (f"{_MEANT[name]} {_OTHER}" for name in _OF_TEXTS if name in changed)
        for table in _OF_TEXTS:
            if self._pages or table in changed:
                continue
            columns = ", ".join(row[1] for row in self._connection.execute(f"PRAGMA table_info({table})"))
            rows = tolerant_reader.rows(self._connection, table, f"rowid, {columns}", 0, _LAST)
            if not all(tolerant_reader.fits(self._connection, table, row[1:]) for row in rows):
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

    def _look_at_runs(self) -> tuple[set[int], set[int]]:
        """Return the blocks of which rows are not those that were written, and runs that stand where none should."""
        whole = plan(json.loads(meta(self._connection, "layout")))
        outcomes, columns = checksums.fields(self._connection)
        sums = checksums.Sums(self._last_block)
        changed, astray = set[int](), set[int]()
        self._totals = column_checksums.Totals()
        rows = tolerant_reader.rows(self._connection, "runs", columns, 0, self._last_run)
        for some in batched(rows, _AT_A_TIME):
            run_id, blocks, right = checksums.places(whole, self._last_block, some)
            sums.add(blocks, checksums.of_rows(outcomes, some, self._totals))
            changed.update(blocks[~right].tolist())
            astray.update(run_id[~right].tolist())
            known = blocks[(blocks >= 0) & (blocks <= self._last_block)]
            self._count += np.bincount(known, minlength=len(self._count))
            self.runs += len(some)
        noted: dict[int, int] = {}
        if self._has("run_checksums"):
            pairs = tolerant_reader.rows(
                self._connection, "run_checksums", "block, checksum", 0, self._last_block
            )
            noted = {block: checksum for block, checksum in pairs}  # noqa: C416
        changed |= {block for block, checksum in noted.items() if sums[block] != checksum}
        self.unknown = sum(
            self._count[block] for block in np.flatnonzero(self._count).tolist() if block not in noted
        )
        return changed, astray

    def _look_at_data(self) -> tuple[set[int], set[int], set[int]]:
        """Return the blocks of which series or agents' data are not those that were written, and those that are gone."""
        series, agents, seen = set[int](), set[int](), set[int]()
        columns = "block, runs, superseded, checksum, series"
        for block, runs, superseded, checksum, data in tolerant_reader.rows(
            self._connection, "blocks", columns, 0, self._last_block
        ):
            seen.add(block)
            # Without the mark, data of runs that have been run again count too.
            complete = superseded == 1 or (superseded == 0 and runs == self._count[block])
            if not complete or not _is_whole(data, checksum):
                series.add(block)
        columns = "rowid, block, checksum, data"
        last = tolerant_reader.at_most(self._connection, 100) if self._pages else _LAST
        for _, block, checksum, data in tolerant_reader.rows(
            self._connection, "agent_blocks", columns, 0, last
        ):
            if data is None or not _is_whole(data, checksum):
                agents.add(block)
        return series, agents, set(np.flatnonzero(self._count).tolist()) - seen

    def _statuses(self) -> dict[object, int]:
        """Return how many runs there are of each status; of those that are done the index knows nothing."""
        others = dict(self._ask("SELECT status, count(*) FROM runs WHERE status <> 'done' GROUP BY status"))
        done = self.runs - sum(others.values())
        return others | ({"done": done} if done else {})

    def _name(self, what: str, blocks: set[int], how: str, astray: Iterable[int] = ()) -> None:
        if not blocks:
            return
        also = set(astray)
        rows = tolerant_reader.rows(self._connection, "runs", "run_id, block", 0, self._last_run)
        concerned = [run_id for run_id, block in rows if block in blocks or run_id in also]
        if concerned:
            self.damage.append(f"{what} {_runs(len(concerned))} ({ranges(concerned)}) {how}")


def _is_whole(data: object, checksum: object) -> bool:
    return data is None or (isinstance(data, bytes) and zlib.crc32(data) == checksum)


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number:,} runs"
