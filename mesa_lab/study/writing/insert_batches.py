"""How batches become rows: results, series, agents' data and failures, inside the writer's transaction.

It remembers what the file holds (columns, types of values, runs that did not succeed) so that taking a batch in
asks the file nothing. It looks at values only as far as SQLite needs; series pass through unread.
"""

from __future__ import annotations

import json
import math
import sqlite3
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from mesa_lab.errors import StudyError
from mesa_lab.study.database import copies, digests, schema
from mesa_lab.study.database.schema import KINDS

__all__ = ["BatchLike", "Intake", "clean"]


_INT64: Final = range(-(2**63), 2**63)


class BatchLike(Protocol):
    """What runs left behind, as plain tuples and Arrow streams; `running.recording.Batch` is one."""

    @property
    def runs(self) -> Sequence[Sequence[Any]]: ...  # noqa: D102
    @property
    def outcome_names(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def finals(self) -> Sequence[Sequence[Any]]: ...  # noqa: D102
    @property
    def series(self) -> bytes | None: ...  # noqa: D102
    @property
    def agents(self) -> Mapping[str, bytes]: ...  # noqa: D102
    @property
    def failures(self) -> Sequence[Sequence[Any]]: ...  # noqa: D102
    @property
    def outputs(self) -> Sequence[tuple[int, int, bytes]]: ...  # noqa: D102
    @property
    def forms(self) -> Sequence[tuple[str, str, str]]: ...  # noqa: D102
    @property
    def code(self) -> tuple[str, Sequence[tuple[str, str]]] | None: ...  # noqa: D102


class Intake:
    """Takes batches into a study.

    Args:
        connection: A connection that writes.
        path: The study, for messages.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self.load()

    def load(self) -> None:
        """Learn what the file holds; again after a transaction that was rolled back."""
        ask = self._connection.execute
        self._insert: dict[tuple[str, ...], str] = {}
        self._undigested: list[tuple[int, Sequence[Sequence[Any]], Sequence[int]]] = []
        self._columns = {name: position for position, name in ask("SELECT position, name FROM outcomes")}
        self._kinds: dict[str, int] = dict(ask("SELECT name, kinds FROM outcomes"))
        unfinished = ask("SELECT run_id, status, attempt FROM runs WHERE status <> 'done'")
        self._retried = {run_id: (status, attempt) for run_id, status, attempt in unfinished}
        self._forms = set(ask("SELECT scope, name, form FROM forms"))
        self._codes = {row[0] for row in ask("SELECT digest FROM code")}
        self._block: int = ask("SELECT coalesce(max(block), 0) FROM blocks").fetchone()[0]

    def take(self, batches: Sequence[BatchLike]) -> Counter[str]:
        """Write batches, inside the caller's transaction.

        Returns:
            How many more runs there are of each status; fewer, where a retried run has changed it.
        """
        tally: Counter[str] = Counter()
        kinds = dict(self._kinds)
        self._make_columns(batches)
        for batch in batches:
            self._write(batch, tally)
        self._add_digests()
        if kinds != self._kinds:
            copies.note(self._connection, "outcomes")
        return tally

    def _make_columns(self, batches: Sequence[BatchLike]) -> None:
        new = [name for batch in batches for name in batch.outcome_names if name not in self._columns]
        for name in dict.fromkeys(new):
            position = len(self._columns)
            if position >= schema.MAX_OUTCOMES:
                raise StudyError(
                    f"'{self._path}' cannot hold more than {schema.MAX_OUTCOMES} outcomes; '{name}' is one too many. "
                    "Name the outcomes that you need in the experiment."
                )
            self._connection.execute("INSERT INTO outcomes VALUES(?, ?, 0)", (position, name))
            self._connection.execute(f"ALTER TABLE runs ADD COLUMN o{position}")
            self._columns[name] = position
            self._kinds[name] = 0
        if new:
            schema.rewrite_view(self._connection)

    def _add_digests(self) -> None:
        """Write the digests of the blocks that were written since the last time."""
        blocks, self._undigested = self._undigested, []
        digests.add_blocks(self._connection, blocks)

    def _write(self, batch: BatchLike, tally: Counter[str]) -> None:
        self._block += 1
        block = self._block
        names = tuple(batch.outcome_names)
        finals = self._settle(names, batch.finals) if names else [()] * len(batch.runs)
        attempts: dict[int, int] = {}
        if self._retried:
            for run in batch.runs:
                if (before := self._retried.pop(run[0], None)) is not None:
                    attempts[run[0]] = before[1] + 1
                    tally[before[0]] -= 1
            if attempts:
                self._add_digests()
                digests.take_out(self._connection, list(attempts))
        rows = [
            (*run[:9], run[9] or None, attempts.get(run[0], 1), block, *final)
            for run, final in zip(batch.runs, finals, strict=True)
        ]
        taken = self._connection.executemany(self._statement(names), rows).rowcount == len(rows)
        tally.update([run[4] for run in batch.runs] if taken else self._statuses(batch, block))
        positions = tuple(self._columns[name] for name in names)
        self._undigested.append(
            (block, rows, positions) if taken else digests.rows_of(self._connection, block)
        )
        series = batch.series
        self._connection.execute(
            "INSERT INTO blocks(block, runs, superseded, checksum, series) VALUES(?, ?, ?, ?, ?)",
            (block, len(rows), not taken, None if series is None else zlib.crc32(series), series),
        )
        for agent_type, data in batch.agents.items():
            self._connection.execute(
                "INSERT INTO agent_blocks VALUES(?, ?, ?, ?)", (block, agent_type, zlib.crc32(data), data)
            )
        for failure in batch.failures:
            run_id, *texts = failure
            self._connection.execute(
                "INSERT OR REPLACE INTO failures VALUES(?, ?, ?, ?, ?, ?)",
                (run_id, attempts.get(run_id, 1), *map(clean, texts)),
            )
        for run_id, left_out, data in batch.outputs:
            values = run_id, attempts.get(run_id, 1), left_out, zlib.crc32(data), data
            self._connection.execute("INSERT OR REPLACE INTO outputs VALUES(?, ?, ?, ?, ?)", values)
        for form in batch.forms:
            if form not in self._forms:
                self._forms.add(form)
                self._connection.execute(
                    "INSERT OR IGNORE INTO forms VALUES(?, ?, ?)", tuple(map(clean, form))
                )
        if batch.code is not None:
            digest, files = batch.code
            if digest not in self._codes:
                self._codes.add(digest)
                listed = json.dumps({clean(name): part for name, part in files})
                self._connection.execute("INSERT OR IGNORE INTO code VALUES(?, ?)", (digest, listed))
            self._connection.execute("INSERT INTO block_code VALUES(?, ?)", (block, digest))
        for run in batch.runs:
            if run[4] != "done":
                self._retried[run[0]] = (run[4], attempts.get(run[0], 1))

    def _statuses(self, batch: BatchLike, block: int) -> list[str]:
        """Return the statuses of those runs of a batch that are new; a cluster may deliver a run twice."""
        query = "SELECT status FROM runs JOIN json_each(?) ON run_id = value WHERE block = ?"
        return [
            row[0]
            for row in self._connection.execute(query, (json.dumps([run[0] for run in batch.runs]), block))
        ]

    def _statement(self, names: tuple[str, ...]) -> str:
        if names not in self._insert:
            columns = "run_id, point, replication, seed, status, steps, time, init_seconds, run_seconds, notes, attempt, block"
            listed = "".join(f", o{self._columns[name]}" for name in names)
            marks = ", ".join("?" * (12 + len(names)))
            self._insert[names] = f"INSERT OR IGNORE INTO runs({columns}{listed}) VALUES({marks})"
        return self._insert[names]

    def _settle(self, names: Sequence[str], finals: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """Note the types of the outcomes' values, and make storable what SQLite would refuse."""
        columns = list(zip(*finals, strict=True))
        changed = False
        for index, (name, column) in enumerate(zip(names, columns, strict=True)):
            types = set(map(type, column))
            if not types <= KINDS.keys() or str in types or (int in types and not _fits(column)):
                columns[index] = tuple(map(_storable, column))
                types = set(map(type, columns[index]))
                changed = True
            kinds = self._kinds[name]
            for kind in types:
                kinds |= KINDS[kind]
            if kinds != self._kinds[name]:
                self._kinds[name] = kinds
                self._connection.execute("UPDATE outcomes SET kinds = ? WHERE name = ?", (kinds, name))
        return list(zip(*columns, strict=True)) if changed else finals


def _fits(column: Sequence[Any]) -> bool:
    return all(value in _INT64 for value in column if type(value) is int)


def _storable(value: Any) -> Any:
    """Return a value that SQLite takes: whole numbers beyond 64 bits become floats, broken text is mended."""
    if isinstance(value, str):
        return clean(value)
    if type(value) is int and value not in _INT64:
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if type(value) in KINDS:
        return value
    item = value.item() if hasattr(value, "item") else str(value)
    return item if type(item) in KINDS else str(item)


def clean(text: str) -> str:
    """Return text that can be written: lone surrogates, which no encoding has, become question marks."""
    return str(text).encode("utf-8", "replace").decode("utf-8")
