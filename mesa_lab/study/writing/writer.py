"""Writes results into a study for its driver: by the batch, at least once a second, whole or not at all.

A result counts only once it is on disk: rows, series and counters change in one transaction, which also looks at
the lease, so that a driver that was taken for dead can do no harm. A thread keeps the heart beating and writes
what waits while the driver waits for its workers. It also sees to it that what is written is the file of that name (`displacement`).
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mesa_lab.errors import StudyBusyError, StudyError, StudyFormatError
from mesa_lab.study.damage import check
from mesa_lab.study.database import connection as storage
from mesa_lab.study.database import copies, lease, schema, tolerant_reader
from mesa_lab.study.records import STATES
from mesa_lab.study.writing import moved_file, running_sessions
from mesa_lab.study.writing.insert_batches import BatchLike, Intake

__all__ = ["Writer"]

_COMMIT_SECONDS: Final = 0.4
_LISTEN_SECONDS: Final = 0.2
_COMMIT_RUNS: Final = 20_000
_COMMIT_BYTES: Final = 64 * 2**20
_RATE_SECONDS: Final = 30.0


class Writer:
    """Writes results into a study while it holds the lease. Made by `Study.writing`.

    Args:
        path: The study.
        token: Name for the lease, when a caller waits for it.
        settings: What to note about this session: workers, backend.
        on_request: Called from the writing thread when another process asks for something else than before.
        durable: Wait for the disk at each commit; a study that is not kept need not.

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
        self.trouble: Exception | None = None
        self.ending = "finished"
        """How the session ends when nothing goes wrong: "finished", "stopped" or "interrupted"."""
        self.message: str | None = None
        self.committed = 0
        """Runs of this session that are on disk."""
        self.committed_failures = 0
        self._on_request = on_request
        self._notices: list[str] = []
        self._noted: dict[str, str] = {}
        self._unwritten: dict[str, str] = {}
        self._waiting: list[BatchLike] = []
        self._size = self._rows = 0
        self._written = 0
        # From the first result on: workers take time to start.
        self._samples: deque[tuple[float, int]] = deque()
        self._queue = threading.Lock()
        self._writing = threading.RLock()
        self._over = threading.Event()
        self.is_displaced = False
        """Whether the file has been moved, replaced or deleted; `trouble` says where its results are."""
        self._connection, _ = storage.connect(path, write=True)
        try:
            with storage.translate_errors(path):
                if not durable:
                    self._connection.execute("PRAGMA synchronous = OFF")
                self._check()
                self._lease = lease.take(self._connection, path, token)
                with storage.Transaction(self._connection):
                    if schema.raise_version(self._connection):
                        copies.note(self._connection, "meta", "points", "outcomes")
                self._session, self._notices = running_sessions.begin(self._connection, path, settings or {})
                self._intake = Intake(self._connection, path)
                self._watch = moved_file.Watch(self._connection, path, self._lease.token)
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

    def note(self, topic: str, text: str) -> None:
        """Note in the study what a reader of this session's results should know; written with the next batch.

        Args:
            topic: What it is about; a later text about the same takes its place.
            text: A sentence or more.
        """
        with self._queue:
            self._noted[topic] = self._unwritten[topic] = text

    @property
    def notices(self) -> list[str]:
        """What the user should know about this session."""
        return [*self._notices, *self._noted.values()]

    def commit(self) -> None:
        """Write what waits, and hear what others ask for.

        Raises:
            StudyError: If it cannot be written; what was committed before is safe. If the file has been moved, replaced or deleted,
                the message says where all results are.
            StudyBusyError: If another process has taken the study over.
        """
        self.raise_trouble()
        with self._writing:
            with self._queue:
                batches, self._waiting = self._waiting, []
                self._size = self._rows = 0
            try:
                with storage.translate_errors(self.path):
                    self._look_for_file(batches)
                    self._transact(batches)
            except Exception as error:  # whatever it is: nothing is written any more, and it must be heard of
                self.trouble = error
                self.request = "stop"
                raise
            except BaseException:  # Ctrl-C: what did get in is not taken twice
                with self._queue:
                    self._waiting[:0] = batches
                raise

    def change[T](self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Write what waits, then change what the study asks for, in a transaction of its own.

        Args:
            act: Does it, with a connection that writes. What it was decided on is on disk by then.

        Raises:
            StudyError: If it cannot be written.
            StudyBusyError: If another process has taken the study over.
        """
        self.commit()
        with self._writing, storage.translate_errors(self.path), storage.Transaction(self._connection):
            if not self._lease.holds(self._connection):
                raise StudyBusyError(f"'{self.path}' was taken over by another process. Open it again.")
            return act(self._connection)

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
            if not self.is_displaced:
                with contextlib.suppress(sqlite3.Error):  # the next driver sees that this process has let go
                    self._end(ending, message)
                with self._writing:  # nothing is said to be done of a file that cannot be found
                    self._look_once_more()
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
                if self.request != heard and self._state != STATES.get(heard):
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
        return STATES.get(self.request, "running")

    def _listen(self) -> None:
        """Look at the control table without writing anything, and whether the file is where it was."""
        with self._writing, storage.translate_errors(self.path):
            if self._watch.look() is not None:
                self.commit()
            self.request = self._connection.execute("SELECT request FROM control").fetchone()[0]

    def _check(self) -> None:
        check.look_at_tables(self._connection, self.path)
        problem = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise StudyFormatError(
                f"'{self.path}' is damaged ({problem.splitlines()[-1]}): nothing more is written to it. "
                f"{tolerant_reader.advice(self.path)}"
            )

    def _look_for_file(self, batches: Sequence[BatchLike], *, ended: bool = False) -> None:
        """Keep all results and end when the file no longer has its name.

        Raises:
            StudyError: Then; it says where they are.
        """
        displaced = self._watch.look(ended=ended)
        if displaced is None:
            return

        def write() -> None:
            with storage.Transaction(self._connection):
                self._count(self._intake.take(batches))

        def end(connection: sqlite3.Connection, message: str) -> None:
            with storage.Transaction(connection):
                running_sessions.end(connection, self._session, "failed", message)
                self._lease.give_back(connection)

        said = self._watch.keep(displaced, write, end)
        self.is_displaced = True
        raise StudyError(said)

    def _look_once_more(self) -> None:
        try:
            with storage.translate_errors(self.path):
                self._look_for_file((), ended=True)
        except Exception as error:
            self.trouble = error

    def _transact(self, batches: Sequence[BatchLike]) -> None:
        try:
            with storage.Transaction(self._connection):
                if not self._lease.holds(self._connection):
                    raise StudyBusyError(
                        f"'{self.path}' was taken over by another process, because this one did not answer for long. "
                        "Its results so far are in; the other process goes on."
                    )
                tally = self._intake.take(batches)
                self._count(tally)
                notices = dict(self._unwritten)
                if notices:
                    running_sessions.note(self._connection, self._session, notices)
                rate = self._rate(tally.total())
                self.request = self._connection.execute("SELECT request FROM control").fetchone()[0]
                self._lease.beat(self._connection, self._state, rate)
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._intake.load()
            raise
        self._written += tally.total()
        self.committed += sum(len(batch.runs) for batch in batches)
        self.committed_failures += sum(len(batch.failures) for batch in batches)
        with self._queue:
            self._unwritten = dict(self._unwritten.items() - notices.items())

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
        with self._writing, storage.Transaction(self._connection):
            if not self._lease.holds(self._connection):
                return
            running_sessions.end(self._connection, self._session, ending, message)
            self._lease.give_back(self._connection)
        self._connection.execute(
            "PRAGMA busy_timeout = 0"
        )  # readers may keep the log busy for as long as they like
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
