"""The driver's pen: results go in by the batch, at least once a second, whole or not at all.

A result counts only once it is on disk: rows, series and counters change in one transaction, which also looks at
the lease, so that a driver that was taken for dead can do no harm. A thread keeps the heart beating and writes
what waits while the driver waits for its workers.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import socket
import sqlite3
import sys
import threading
import time
import zlib
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from mesa_lab.errors import StudyBusyError, StudyError, StudyFormatError
from mesa_lab.study import lease, sessions, storage

__all__ = ["KINDS", "BatchLike", "Writer"]

KINDS: Final[Mapping[type, int]] = {int: 1, float: 2, bool: 4, str: 8, type(None): 16}
"""What types of value an outcome has had, as bits: SQLite itself knows no booleans."""

_COMMIT_SECONDS: Final = 0.4
_LISTEN_SECONDS: Final = 0.2
_STATES: Final = {"run": "running", "pause": "paused", "stop": "stopping"}
_COMMIT_RUNS: Final = 20_000
_COMMIT_BYTES: Final = 64 * 2**20
_RATE_SECONDS: Final = 30.0
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


class Writer:
    """Writes results into a study while it holds the lease. Made by `Study.writing`.

    Args:
        path: The study.
        token: Name for the lease, when somebody waits for it.
        settings: What to note about this session: workers, backend.
        on_request: Called from the writing thread when another process asks for something else than before.
        durable: Wait for the disk at each commit; a study that nobody keeps need not.

    Raises:
        StudyBusyError: If another process drives the study.
        StudyError: If it cannot be written.
    """

    def __init__(
        self,
        path: Path,
        *,
        token: str | None = None,
        settings: Mapping[str, Any] | None = None,
        on_request: Callable[[str], None] | None = None,
        durable: bool = True,
    ) -> None:
        self.path = path
        self.request = "run"
        """What the driver is to do: "run", "pause" or "stop". Others ask; when writing fails it is "stop"."""
        self.notices: list[str] = []
        self.trouble: Exception | None = None
        self.ending = "finished"
        """How the session ends when nothing goes wrong: "finished", "stopped" or "interrupted"."""
        self.message: str | None = None
        self._on_request = on_request
        self._waiting: list[BatchLike] = []
        self._size = self._rows = 0
        self._written = 0
        self._samples: deque[tuple[float, int]] = (
            deque()
        )  # from the first result on: workers take time to start
        self._queue = threading.Lock()
        self._writing = threading.RLock()
        self._over = threading.Event()
        self._insert: dict[tuple[str, ...], str] = {}
        self._kinds: dict[str, int] = {}
        self._session = 0
        self._connection, _ = storage.connect(path, write=True)
        try:
            with storage.speaking(path):
                if not durable:
                    self._connection.execute("PRAGMA synchronous = OFF")
                self._check()
                self._lease = lease.take(self._connection, path, token)
                self._begin(settings or {})
        except BaseException:
            self._connection.close()
            raise
        self._thread = threading.Thread(target=self._keep_alive, name="mesa-lab-study-writer", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------ what the driver does

    def add(self, batch: BatchLike) -> None:
        """Take a batch in; it is written within a second.

        Raises:
            StudyError: If an earlier batch could not be written.
        """
        self.raise_trouble()
        with self._queue:
            self._waiting.append(batch)
            self._rows += len(batch.runs)
            self._size += len(batch.series or b"") + sum(map(len, batch.agents.values()))
            full = self._rows >= _COMMIT_RUNS or self._size >= _COMMIT_BYTES
        if full:
            self.commit()

    def commit(self) -> None:
        """Write what waits, and hear what others ask for.

        Raises:
            StudyError: If it cannot be written; what was committed before is safe.
            StudyBusyError: If another process has taken the study over.
        """
        self.raise_trouble()
        with self._writing:
            with self._queue:
                batches, self._waiting = self._waiting, []
                self._size = self._rows = 0
            try:
                with storage.speaking(self.path):
                    self._transact(batches)
            except Exception as error:  # whatever it is: nothing is written any more, and it must be heard of
                self.trouble = error
                self.request = "stop"
                raise
            except BaseException:  # Ctrl-C: what did get in is not taken twice
                with self._queue:
                    self._waiting[:0] = batches
                raise

    def close(self, ending: str, message: str | None = None) -> None:
        """Write what waits, note how the session ended, and give the lease back. Never raises for a full disk.

        Args:
            ending: "finished", "stopped", "interrupted" or "failed".
            message: More about it.
        """
        if self._over.is_set():
            return
        self._over.set()
        self._thread.join()
        try:
            with contextlib.suppress(Exception):
                self.commit()
            if self.trouble is not None:
                ending, message = "failed", str(self.trouble)
            with contextlib.suppress(sqlite3.Error):  # the next driver sees that this process has let go
                self._end(ending, message)
        finally:
            self._lease.forget()
            self._connection.close()

    # ------------------------------------------------------------ inside

    def raise_trouble(self) -> None:
        """Raise what has kept results from being written, if anything has."""
        if self.trouble is not None:
            raise self.trouble

    def _keep_alive(self) -> None:
        last, heard = time.monotonic(), self.request
        while not self._over.wait(_LISTEN_SECONDS):
            silence = time.monotonic() - last
            try:
                if silence > (_COMMIT_SECONDS if self._waiting else lease.BEAT_SECONDS):
                    self.commit()
                    last = time.monotonic()
                else:
                    self._listen()
                if self.request != heard and self._state != _STATES.get(heard):
                    self.commit()  # others see that the request was heard
            except Exception:
                if self.trouble is None:  # it could not even look
                    continue
            if self.request != heard:
                heard = self.request
                if self._on_request is not None:
                    self._on_request(heard)
            if self.trouble is not None:
                return

    @property
    def _state(self) -> str:
        return _STATES.get(self.request, "running")

    def _listen(self) -> None:
        """Look at the control table without writing anything."""
        with self._writing, storage.speaking(self.path):
            self.request = self._connection.execute("SELECT request FROM control").fetchone()[0]

    def _check(self) -> None:
        problem = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise StudyFormatError(
                f"'{self.path}' is damaged ({problem.splitlines()[-1]}): nothing more is written to it. Use a backup, "
                "or save what can be read with `mesa_lab.study.rescue`."
            )

    def _begin(self, settings: Mapping[str, Any]) -> None:
        reference = json.loads(self._meta("settings"))["model"]
        source = sessions.model_source(reference)
        self.notices += self._changes(source)
        with self._transaction():
            cursor = self._connection.execute(
                "INSERT INTO sessions(started, host, pid, settings, python, packages, machine, model_source) "
                "VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    lease.now(),
                    socket.gethostname(),
                    os.getpid(),
                    json.dumps(dict(settings)),
                    sys.version.split()[0],
                    json.dumps(sessions.packages()),
                    json.dumps(sessions.machine()),
                    json.dumps(source),
                ),
            )
            self._session = cursor.lastrowid or 0
            self._connection.execute("UPDATE driver SET session = ?", (self._session,))
        self._columns = {
            name: position
            for position, name in self._connection.execute("SELECT position, name FROM outcomes")
        }
        self._kinds = dict(self._connection.execute("SELECT name, kinds FROM outcomes"))
        self._retried = {
            run_id: (status, attempt, block)
            for run_id, status, attempt, block in self._connection.execute(
                "SELECT run_id, status, attempt, block FROM runs WHERE status <> 'done'"
            )
        }
        self._block = self._connection.execute("SELECT coalesce(max(block), 0) FROM blocks").fetchone()[0]

    def _changes(self, source: Mapping[str, Any]) -> list[str]:
        """Say what is not as it was when the last results were made."""
        last = self._connection.execute(
            "SELECT packages, model_source FROM sessions WHERE runs > 0 ORDER BY session DESC LIMIT 1"
        ).fetchone()
        if last is None:
            return []
        versions, before = json.loads(last[0]), json.loads(last[1])
        notices = []
        if before.get("sha256") and source.get("sha256") and before["sha256"] != source["sha256"]:
            notices.append(
                f"The code of {source['reference']} has changed since the last results of '{self.path}': "
                "its new runs may differ from the old ones. Both sessions are noted in the study."
            )
        ours = sessions.packages()
        if versions.get("mesa") != ours.get("mesa"):
            notices.append(
                f"The last results of '{self.path}' were made with Mesa {versions.get('mesa')}, this is {ours.get('mesa')}."
            )
        return notices

    def _meta(self, key: str) -> str:
        return str(self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()[0])

    def _transaction(self) -> storage.Transaction:
        return storage.Transaction(self._connection)

    def _transact(self, batches: Sequence[BatchLike]) -> None:
        kinds, columns, block = dict(self._kinds), dict(self._columns), self._block
        tally: Counter[str] = Counter()
        replaced: dict[int, tuple[str, int, int]] = {}
        try:
            with self._transaction():
                if not self._lease.holds(self._connection):
                    raise StudyBusyError(
                        f"'{self.path}' was taken over by another process, because this one did not answer for long. "
                        "Its results so far are in; the other process goes on."
                    )
                self._make_columns(batches)
                for batch in batches:
                    self._write(batch, tally, replaced)
                self._count(tally)
                rate = self._rate(tally.total())
                self.request = self._connection.execute("SELECT request FROM control").fetchone()[0]
                self._lease.beat(self._connection, self._state, rate)
        except BaseException:
            self._kinds, self._columns, self._block = kinds, columns, block
            self._insert.clear()
            self._retried |= replaced
            raise
        self._written += tally.total()

    def _make_columns(self, batches: Sequence[BatchLike]) -> None:
        new = [name for batch in batches for name in batch.outcome_names if name not in self._columns]
        for name in dict.fromkeys(new):
            position = len(self._columns)
            if position >= storage.MAX_OUTCOMES:
                raise StudyError(
                    f"'{self.path}' cannot hold more than {storage.MAX_OUTCOMES} outcomes; '{name}' is one too many. "
                    "Name the outcomes that you need in the experiment."
                )
            self._connection.execute("INSERT INTO outcomes VALUES(?, ?, 0)", (position, name))
            self._connection.execute(f"ALTER TABLE runs ADD COLUMN o{position}")
            self._columns[name] = position
            self._kinds[name] = 0
        if new:
            storage.rewrite_view(self._connection)

    def _write(
        self, batch: BatchLike, tally: Counter[str], replaced: dict[int, tuple[str, int, int]]
    ) -> None:
        self._block += 1
        block = self._block
        names = tuple(batch.outcome_names)
        finals = self._settle(names, batch.finals) if names else [()] * len(batch.runs)
        attempts: dict[int, int] = {}
        if self._retried:
            for run in batch.runs:
                if (before := self._retried.pop(run[0], None)) is not None:
                    replaced[run[0]] = before
                    attempts[run[0]] = before[1] + 1
                    tally[before[0]] -= 1
                    self._connection.execute("DELETE FROM runs WHERE run_id = ?", (run[0],))
                    self._connection.execute("UPDATE blocks SET superseded = 1 WHERE block = ?", (before[2],))
        rows = [
            (*run[:9], run[9] or None, attempts.get(run[0], 1), block, *final)
            for run, final in zip(batch.runs, finals, strict=True)
        ]
        taken = self._connection.executemany(self._statement(names), rows).rowcount == len(rows)
        tally.update([run[4] for run in batch.runs] if taken else self._statuses(batch, block))
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
                (run_id, attempts.get(run_id, 1), *map(_clean, texts)),
            )
        for run in batch.runs:
            if run[4] != "done":
                self._retried[run[0]] = (run[4], attempts.get(run[0], 1), block)

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

    def _count(self, tally: Counter[str]) -> None:
        if not tally:
            return
        self._connection.executemany(
            "INSERT INTO tally VALUES(?, ?) ON CONFLICT(status) DO UPDATE SET runs = runs + excluded.runs",
            tally.items(),
        )
        self._connection.execute(
            "UPDATE sessions SET runs = runs + ?, updated = ? WHERE session = ?",
            (sum(count for count in tally.values() if count > 0), lease.now(), self._session),
        )

    def _rate(self, runs: int) -> float | None:
        """Runs per second over the last half minute."""
        if not runs and not self._samples:
            return None
        moment = time.monotonic()
        self._samples.append((moment, self._written + runs))
        while len(self._samples) > 2 and moment - self._samples[1][0] > _RATE_SECONDS:
            self._samples.popleft()
        (start, before), (end, after) = self._samples[0], self._samples[-1]
        return (after - before) / (end - start) if end > start and after > before else None

    def _end(self, ending: str, message: str | None) -> None:
        with self._writing, self._transaction():
            if not self._lease.holds(self._connection):
                return
            self._connection.execute(
                "UPDATE sessions SET ended = ?, ending = ?, message = ? WHERE session = ?",
                (lease.now(), ending, _clean(message) if message else None, self._session),
            )
            self._lease.give_back(self._connection)
        self._connection.execute("PRAGMA busy_timeout = 0")  # readers may keep the log busy for as long as they like
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _fits(column: Sequence[Any]) -> bool:
    return all(value in _INT64 for value in column if type(value) is int)


def _storable(value: Any) -> Any:
    """Return a value that SQLite takes: whole numbers beyond 64 bits become floats, broken text is mended."""
    if isinstance(value, str):
        return _clean(value)
    if type(value) is int and value not in _INT64:
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if type(value) in KINDS:
        return value
    item = value.item() if hasattr(value, "item") else str(value)
    return item if type(item) in KINDS else str(item)


def _clean(text: str) -> str:
    return str(text).encode("utf-8", "replace").decode("utf-8")
