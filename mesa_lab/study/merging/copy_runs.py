"""Take one study's runs over into another, with all that belongs to them: what a merge does for each of its inputs.

Rows go through in portions and blocks one by one, so that memory stays flat. A run keeps its number; where a study
numbered its runs otherwise, because it grew by other steps, they and their data are numbered anew.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import StudyMismatchError
from mesa_lab.study.damage import check
from mesa_lab.study.database import connection as storage
from mesa_lab.study.database import copies, digests, metadata, schema
from mesa_lab.study.database.digests import COLUMNS
from mesa_lab.study.database.metadata import layout_of
from mesa_lab.study.database.tolerant_reader import MalformedError
from mesa_lab.study.merging.conflicts import Side, settle
from mesa_lab.study.reading.arrow_stream import is_sound
from mesa_lab.study.reading.series_blocks import renumbered
from mesa_lab.study.run_numbers import RunPlan, plan

__all__ = ["Target", "transfer"]

_BLOCK: Final = COLUMNS.index("block")
_SESSION: Final = (
    "started", "host", "pid", "updated", "ended", "ending", "message", "runs", "settings", "python", "packages",
    "machine", "model_source",
)  # fmt: skip
_NAMED: Final = 5
_MOST_BLOCKS: Final = 2**40

type Row = tuple[Any, ...]
type Numbers = npt.NDArray[np.int64]


class Target:
    """A study that is being made of others.

    Args:
        connection: A connection that writes, in a transaction; the experiment and its points are in it.
        path: Its file, for messages.
        base: The study that its experiment is of, for messages.

    Attributes:
        plan: Its runs.
        sources: The studies that were taken over.
        origin: For each run the place among them of the one that it came from, or -1.
        blocks: The highest number of a block.
        repeated: How many runs a study (first) had that an earlier one (second) had too.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, base: Path) -> None:
        self.connection = connection
        self.path = path
        self.base = base
        self.plan = plan(layout_of(connection))
        self.sources: list[Path] = []
        self.origin = np.full(len(self.plan), -1, np.int32)
        self.blocks = 0
        self.repeated: Counter[tuple[Path, Path]] = Counter()
        self._outcomes: dict[str, str] = {}
        self._sessions: dict[Row, dict[str, Any]] = {}

    def columns(self, outcomes: Sequence[tuple[str, int]]) -> list[str]:
        """Return the columns of outcomes, given with the kinds of their values; new ones are made."""
        for name, kinds in outcomes:
            position = list(self._outcomes.values()).index(name) if name in self._outcomes.values() else None
            if position is None:
                position = len(self._outcomes)
                self._outcomes[f"o{position}"] = name
                self.connection.execute(f"ALTER TABLE runs ADD COLUMN o{position}")
            self.connection.execute(
                "INSERT INTO outcomes VALUES(?, ?, ?) ON CONFLICT(position) DO UPDATE SET kinds = kinds | excluded.kinds",
                (position, name, kinds),
            )
        places = {name: column for column, name in self._outcomes.items()}
        return [places[name] for name, _ in outcomes]

    def name_of(self, column: str) -> str:
        """Return what a column of runs holds."""
        return self._outcomes.get(column, column)

    def take_session(self, row: Row) -> None:
        """Take the record of a session; of two states of one session the later."""
        session = dict(zip(_SESSION, row, strict=True))
        metadata.read_session(session)  # which refuses what makes no sense
        known = self._sessions.get(row[:3])
        if known is None or _state(session) > _state(known):
            self._sessions[row[:3]] = session

    def finish(self) -> None:
        """Write what can only be known when all is there."""
        sessions = sorted(
            self._sessions.values(), key=lambda session: (session["started"], session["ended"] or "")
        )
        marks = ", ".join(f":{name}" for name in _SESSION)
        self.connection.executemany(f"INSERT INTO sessions({', '.join(_SESSION)}) VALUES({marks})", sessions)
        digests.Sums(self.connection, self.plan).add_all().write()
        copies.note(self.connection, "outcomes")
        self.connection.execute("INSERT INTO tally SELECT status, count(*) FROM runs GROUP BY status")
        schema.rewrite_view(self.connection)

    def notices(self) -> Iterator[str]:
        """Say what the user should know about where the runs came from."""
        for (path, first), count in self.repeated.items():
            if first != self.path:
                runs = "1 run is" if count == 1 else f"{count:,} runs are"
                yield f"{runs} in '{path}' as in '{first}', with the same results: they count once."
        worked = [metadata.read_session(session) for session in self._sessions.values() if session["runs"]]
        sources = [session["model_source"] for session in worked]
        if len({source["sha256"] for source in sources if source.get("sha256")}) > 1:
            yield (
                f"The code of {sources[0].get('reference', 'the model')} was not the same in all sessions: runs may differ for that reason. "
                "The study notes each session's."
            )
        versions = {session["packages"].get("mesa", "unknown") for session in worked}
        if len(versions) > 1:
            yield f"The runs were made with different releases of Mesa: {', '.join(sorted(versions))}."


def _state(session: dict[str, Any]) -> tuple[str, str]:
    return session["updated"] or "", session["ended"] or ""


def transfer(source: sqlite3.Connection, path: Path, target: Target) -> None:
    """Take a study's runs over.

    Args:
        source: A connection to the study, in a transaction: it may be written meanwhile, and what is read belongs together.
        path: Its file, for messages.
        target: Where they go.

    Raises:
        StudyMismatchError: If it has runs that the target does not ask for, or other results for the same runs.
        StudyFormatError: If it is damaged.
    """
    with storage.translate_errors(path):
        own = plan(layout_of(source))
        numbers = _numbers(source, path, own, target)
        last = source.execute("SELECT coalesce(max(block), 0) FROM blocks").fetchone()[0]
        if not 0 <= last < _MOST_BLOCKS:
            raise MalformedError(f"it has a block {last}")
    target.sources.append(path)
    kept = _transfer_runs(source, path, target, own, numbers)
    _transfer_blocks(source, path, target, numbers, kept)
    query = "SELECT run_id, attempt, stage, error_type, message, traceback FROM failures"
    for rows in storage.rows(path, source, query):
        target.connection.executemany(
            "INSERT OR IGNORE INTO failures VALUES(?, ?, ?, ?, ?, ?)",
            rows if numbers is None else [(int(numbers[row[0]]), *row[1:]) for row in rows],
        )
    for rows in storage.rows(path, source, f"SELECT {', '.join(_SESSION)} FROM sessions"):
        with storage.translate_errors(path):
            for row in rows:
                target.take_session(row)
    target.blocks += last


def _numbers(source: sqlite3.Connection, path: Path, own: RunPlan, target: Target) -> Numbers | None:
    """Return the target's number for each run of a study, -1 for none; None when all are the same."""
    points = _points(source, path, target)
    if int(own.point.max(initial=-1)) >= len(points):
        check.refuse(source, path)
    rounds = int(target.plan.replication.max(initial=-1)) + 1
    # The last row and the last column are for what is not there.
    table = np.full((int(target.plan.point.max(initial=-1)) + 2, rounds + 1), -1, np.int64)
    table[target.plan.point, target.plan.replication] = target.plan.run_id
    numbers: Numbers = table[points[own.point], np.minimum(own.replication, rounds)]
    return None if np.array_equal(numbers, own.run_id) else numbers


def _points(source: sqlite3.Connection, path: Path, target: Target) -> Numbers:
    """Return the target's point for each point of a study, -1 for none."""
    query = "SELECT occurrence, parameters FROM points ORDER BY point"
    theirs = target.connection.execute(query)
    if all(row == theirs.fetchone() for rows in storage.rows(path, source, query) for row in rows):
        (count,) = source.execute("SELECT count(*) FROM points").fetchone()
        return np.arange(count, dtype=np.int64)
    known = {row: point for point, row in enumerate(target.connection.execute(query))}
    points = [known.get(row, -1) for rows in storage.rows(path, source, query) for row in rows]
    return np.array(points, np.int64)


def _transfer_runs(
    source: sqlite3.Connection, path: Path, target: Target, whole: RunPlan, numbers: Numbers | None
) -> Counter[int]:
    """Take the rows of runs over, and return for each block how many of its runs are in, by its number there."""
    with storage.translate_errors(path):
        outcomes = source.execute("SELECT position, name, kinds FROM outcomes ORDER BY position").fetchall()
    columns = [*COLUMNS, *target.columns([(name, kinds) for _, name, kinds in outcomes])]
    insert = f"INSERT INTO runs({', '.join(columns)}) VALUES({', '.join('?' * len(columns))})"
    with storage.translate_errors(path):
        sums = digests.Sums(source, whole)
    kept: Counter[int] = Counter()
    strangers, astray = 0, False
    wrong: dict[int, str] = {}
    for rows in storage.rows(path, source, f"SELECT {sums.columns} FROM runs ORDER BY run_id"):
        own, right = sums.add(rows)
        astray = astray or not right.all()
        if astray:
            continue
        ids = own if numbers is None else numbers[own]
        strangers += int((ids < 0).sum())
        if strangers:
            continue
        points = target.plan.point[ids].tolist()
        moved = [
            (run_id, point, *row[2:_BLOCK], row[_BLOCK] + target.blocks, *row[_BLOCK + 1 :])
            for run_id, point, row in zip(ids.tolist(), points, rows, strict=True)
        ]
        known = target.origin[ids] >= 0
        fresh = [row for row, is_known in zip(moved, known, strict=True) if not is_known]
        if known.any():
            again = [row for row, is_known in zip(moved, known, strict=True) if is_known]
            there = Side(target.connection, target.path, ids[known].tolist())
            here = Side(source, path, own[known].tolist())
            better, unlike, alike = settle(there, here, columns, again, target.name_of)
            wrong |= unlike
            fresh += better
            target.repeated.update((path, target.sources[target.origin[run_id]]) for run_id in alike)
        target.connection.executemany(insert, fresh)
        target.origin[ids if len(fresh) == len(ids) else [row[0] for row in fresh]] = len(target.sources) - 1
        kept.update(map(itemgetter(_BLOCK), fresh))
    with storage.translate_errors(path):
        if astray or sums.changed:
            check.refuse(source, path)
    if strangers:
        raise StudyMismatchError(
            f"'{path}' has {strangers:,} runs that '{target.base}' does not ask for: other design points, or more replications. "
            "Run an experiment that contains both into one of them, then merge again."
        )
    if wrong:
        raise _disagreement(path, target, wrong)
    return kept


def _disagreement(path: Path, target: Target, wrong: dict[int, str]) -> StudyMismatchError:
    firsts = dict.fromkeys(str(target.sources[target.origin[run_id]]) for run_id in wrong)
    listed = "".join(
        f"\n  run {run_id} (point {target.plan.point[run_id]}, replication {target.plan.replication[run_id]}): {what}"
        for run_id, what in list(wrong.items())[:_NAMED]
    )
    more = f"\n  … and {len(wrong) - _NAMED:,} more" if len(wrong) > _NAMED else ""
    runs = "1 run" if len(wrong) == 1 else f"{len(wrong):,} runs"
    return StudyMismatchError(
        f"'{path}' has other results than '{"', '".join(firsts)}' for {runs}:{listed}{more}\n"
        "Runs of one seed should agree: was the model's code changed, or does it draw from what is not seeded? Merge without "
        "one of the two."
    )


def _transfer_blocks(
    source: sqlite3.Connection, path: Path, target: Target, numbers: Numbers | None, kept: Counter[int]
) -> None:
    """Take the series and agents' data over of those blocks of which a run is in."""
    query = "SELECT block, runs, superseded, checksum, series FROM blocks ORDER BY block"
    for rows in storage.rows(path, source, query, at_a_time=1):
        for block, runs, superseded, checksum, series in rows:
            if kept[block + target.blocks]:
                data = None if series is None else _checked(source, path, checksum, series, numbers)
                target.connection.execute(
                    "INSERT INTO blocks VALUES(?, ?, ?, ?, ?)",
                    (
                        block + target.blocks,
                        runs,
                        superseded or kept[block + target.blocks] < runs,
                        None if data is None else zlib.crc32(data),
                        data,
                    ),
                )
    query = "SELECT block, agent_type, checksum, data FROM agent_blocks ORDER BY rowid"
    for rows in storage.rows(path, source, query, at_a_time=1):
        for block, agent_type, checksum, data in rows:
            if kept[block + target.blocks]:
                data = _checked(source, path, checksum, data, numbers)
                target.connection.execute(
                    "INSERT INTO agent_blocks VALUES(?, ?, ?, ?)",
                    (block + target.blocks, agent_type, zlib.crc32(data), data),
                )


def _checked(
    source: sqlite3.Connection, path: Path, checksum: int, data: bytes, numbers: Numbers | None
) -> bytes:
    """Return a block's data as they are to be written; with the target's numbers, where these differ."""
    if not is_sound(data, checksum):
        check.refuse(source, path)
    return data if numbers is None else renumbered(data, numbers)
