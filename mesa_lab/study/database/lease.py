"""Who drives a study: one process at a time, known by more than its number.

The driver's row names the process by what a clock that jumps or a recycled process number cannot imitate.
A dead driver's place is free at once; a living one is believed while its heart beats. Should two ever
believe they drive, the row's token settles it: the writer looks at it in every transaction.
"""

import math
import os
import socket
import sqlite3
import time
import uuid
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

import psutil

from mesa_lab.errors import StudyBusyError
from mesa_lab.study.database import connection as storage
from mesa_lab.study.database import log_file, tolerant_reader
from mesa_lab.study.records import ACTIVE_STATES

__all__ = [
    "BEAT_SECONDS",
    "PATIENCE_SECONDS",
    "Lease",
    "Tenant",
    "busy",
    "is_ours",
    "now",
    "process_mark",
    "read",
    "refuse_if_driven",
    "take",
]

BEAT_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 60.0
"""How long a driver that cannot be looked at directly is believed after its last heartbeat."""

_WATCH_SECONDS: Final = 3 * BEAT_SECONDS
_held: set[str] = set()  # tokens of the leases that this very process holds


@dataclass(frozen=True, slots=True)
class Tenant:
    """What the study file says about its driver.

    Attributes:
        token: The lease's own name.
        pid: Number of the process.
        process: What tells this process from others that had or will have its number.
        host: Name of the computer.
        machine: What tells this boot of this computer (and this container) from others.
        since: When it took the study, UTC.
        state: "running", "paused" or "stopping".
        beat: How often its heart has beaten.
        tick: The machine's monotonic clock at the last beat.
        clock: The wall clock at the last beat.
    """

    token: str
    pid: int
    process: str | None
    host: str
    machine: str
    since: str
    state: str
    beat: int
    tick: float
    clock: float

    def __post_init__(self) -> None:
        # The number of the process becomes part of a path.
        whole = all(type(value) is int and 0 <= value < 2**63 for value in (self.pid, self.beat))
        texts = (self.token, self.process or "", self.host, self.machine, self.since)
        clocks = (self.tick, self.clock)
        if not (
            whole
            and all(type(value) is str for value in texts)
            and all(type(value) in (int, float) and math.isfinite(value) for value in clocks)
            and self.state in ACTIVE_STATES
        ):
            raise tolerant_reader.MalformedError("the record of its driver is none")

    @property
    def is_local(self) -> bool:
        """Whether it runs where its process can be looked at."""
        return self.machine == machine_mark()

    @property
    def is_from_another_start(self) -> bool:
        """Whether it ran on this computer before that was started again, as after a power cut, or on one of the same name."""
        here, there = machine_mark().split(), self.machine.split()
        # The name, the start, the container.
        return len(here) == len(there) == 3 and here[::2] == there[::2] and here[1] != there[1]

    @property
    def is_gone(self) -> bool:
        """Whether the process is known to be dead."""
        if not self.is_local:
            return False
        mark = process_mark(self.pid)
        return mark is None or mark != self.process or self._is_ours_and_over

    @property
    def _is_ours_and_over(self) -> bool:
        """A lease of this process that could not be given back, as on a full disk."""
        return self.pid == os.getpid() and self.token not in _held

    @property
    def age(self) -> float:
        """Seconds since the last heartbeat; on another computer by the wall clocks, which may disagree."""
        return time.monotonic() - self.tick if self.is_local else time.time() - self.clock

    @property
    def is_alive(self) -> bool:
        """Whether it still drives, as far as can be told without waiting."""
        return not self.is_gone and -PATIENCE_SECONDS < self.age < PATIENCE_SECONDS

    @property
    def described(self) -> str:
        """The driver in words."""
        return f"process {self.pid} on {self.host} since {self.since}"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write a study, held by this process."""

    token: str

    def holds(self, connection: sqlite3.Connection) -> bool:
        """Tell whether no other process has taken the study over, inside the caller's transaction."""
        row = connection.execute("SELECT token FROM driver").fetchone()
        return row is not None and row[0] == self.token

    def beat(self, connection: sqlite3.Connection, state: str, rate: float | None) -> None:
        """Note that the driver is alive."""
        connection.execute(
            "UPDATE driver SET beat = beat + 1, tick = ?, clock = ?, state = ?, rate = ?",
            (time.monotonic(), time.time(), state, rate),
        )

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Free the study for the next driver, inside the caller's transaction."""
        connection.execute("DELETE FROM driver WHERE token = ?", (self.token,))

    def forget(self) -> None:
        """Stop claiming the lease in this process, whether or not it could be given back."""
        _held.discard(self.token)


def read(connection: sqlite3.Connection) -> Tenant | None:
    """Return what a study says about its driver, None when it has none."""
    row = connection.execute(
        "SELECT token, pid, process, host, machine, since, state, beat, tick, clock FROM driver"
    ).fetchone()
    return None if row is None else Tenant(*row)


def take(connection: log_file.Connection, path: Path, token: str | None = None) -> Lease:
    """Become the driver of a study.

    Args:
        connection: A connection that writes, outside a transaction.
        path: The study, for messages.
        token: The lease's name, when a caller waits for it; a new one otherwise.

    Raises:
        StudyBusyError: If another process drives it.
    """
    lease = Lease(token or uuid.uuid4().hex)
    ignored: tuple[str, int] | None = None
    while True:
        connection.execute("BEGIN IMMEDIATE")
        try:
            tenant = read(connection)
            free = tenant is None or tenant.is_gone or (tenant.token, tenant.beat) == ignored
            if free:
                connection.execute("DELETE FROM driver")
                connection.execute(
                    "INSERT INTO driver(id, token, pid, process, host, machine, since, state, beat, tick, clock) "
                    "VALUES(1, ?, ?, ?, ?, ?, ?, 'running', 0, ?, ?)",
                    (
                        lease.token,
                        os.getpid(),
                        process_mark(os.getpid()),
                        socket.gethostname(),
                        machine_mark(),
                        now(),
                        time.monotonic(),
                        time.time(),
                    ),
                )
                connection.execute("UPDATE control SET request = 'run'")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        if free:
            _refuse_if_replaced(connection, lease, path)
            _held.add(lease.token)
            return lease
        assert tenant is not None
        if (tenant.is_alive and not tenant.is_from_another_start) or ignored is not None:
            raise busy(path, tenant)
        # Its clock may be wrong or have jumped, and it may be of before a power cut: only a heart that does not beat while
        # we look counts as still.
        ignored = (tenant.token, tenant.beat)
        time.sleep(_WATCH_SECONDS)


def _refuse_if_replaced(connection: log_file.Connection, lease: Lease, path: Path) -> None:
    """Refuse a study that lost its place to another one after it was opened: its results would not be found."""
    is_there = not connection.displaced()
    if is_there:
        other, _ = storage.connect(path)
        with closing(other):
            is_there = lease.holds(other)
    else:  # what was written just now is not to be read into the other file
        connection.fold()
        connection.remove_log()
    if not is_there:
        raise StudyBusyError(f"'{path}' was replaced by another process just now. Open it again.")


def refuse_if_driven(path: Path) -> None:
    """Refuse to take the place of a study that is being run.

    Raises:
        StudyBusyError: If it is.
    """
    connection, _ = storage.connect(path)
    with closing(connection), storage.translate_errors(path):
        tenant = read(connection)
    if tenant is not None and tenant.is_alive:
        raise busy(path, tenant)


def is_ours(tenant: Tenant) -> bool:
    """Tell whether this process holds the lease."""
    return tenant.is_local and tenant.pid == os.getpid() and tenant.token in _held


def busy(path: Path, tenant: Tenant) -> StudyBusyError:
    """Return the error that says who drives a study."""
    ours = " (this very process)" if tenant.is_local and tenant.pid == os.getpid() else ""
    return StudyBusyError(
        f"'{path}' is being run by {tenant.described}{ours}. Watch it with `mesa-lab status`, "
        "or end it with `mesa-lab stop`, before you start it again."
    )


def now() -> str:
    """Return the time as UTC text."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def process_mark(pid: int) -> str | None:
    """Return what a process has that the next one with its number has not; None when there is no such process."""
    try:
        # The start in clock ticks since boot: unlike the time of day, it does not move when the clock is set.
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
        return None if fields[0] in "ZX" else fields[19]
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
    except (OSError, IndexError):
        pass
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.0f}"
    except psutil.Error:
        return None


@cache
def machine_mark() -> str:
    """Return what tells this boot of this computer, and this container, from others."""
    parts = [socket.gethostname()]
    for source in (Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")):
        try:
            parts.append(str(source.readlink()) if source.is_symlink() else source.read_text().strip())
        except OSError:
            continue
    return " ".join(parts)
