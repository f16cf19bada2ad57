"""The queue: several studies run one after the other instead of fighting for the cores.

What waits is on disk (`registry`), so a reload or a restart of the server changes nothing; one thread
for each folder starts the next study when the cores are free. The thread belongs to the process and
to no page. A study that was started from a terminal holds the cores like any other. Pages are
not known here.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mesa_lab.errors import MesaLabError, StudyBusyError
from mesa_lab.workspace.registry import Registry, Ticket

if TYPE_CHECKING:
    from mesa_lab.study.database.lease import Tenant

__all__ = ["Queue", "queue_of", "share_queue", "start_in_thread"]

_LOOK_SECONDS: Final = 0.5
_queues: dict[tuple[Path, bool], Queue] = {}
_making = threading.Lock()


def queue_of(root: Path, *, paused_holds: bool = True) -> Queue:
    """Return the queue of a folder, the same one for the whole process; goes on with what waits there.

    Args:
        root: The folder of the studies, and of the folders of visitors.
        paused_holds: Whether a paused study keeps the cores. So it should where all studies are one person's, who wants
            a quiet machine; among strangers it would let one of them stop all others.
    """
    with _making:
        queue = _queues.setdefault((root, paused_holds), Queue(root, paused_holds=paused_holds))
    queue.wake()
    return queue


def share_queue(queue: Queue) -> None:
    """Have a queue be that of its folder for the whole process, in place of the usual one."""
    with _making:
        _queues[queue.root, False] = queue
    queue.wake()


class Queue:
    """The queue of one folder; `queue_of` gives it.

    Attributes:
        root: The folder.
        registry: Its notes.
        starting: The study that is being started now, as its path below the folder.
    """

    def __init__(self, root: Path, *, paused_holds: bool = True) -> None:
        self.root = root
        self.registry = Registry(root)
        self.starting: str | None = None
        self._paused_holds = paused_holds
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._news = threading.Event()

    def add(self, ticket: Ticket) -> None:
        """Have a study run as soon as the cores are free."""
        self.registry.enqueue(ticket)
        self.wake()

    def leave(self, study: str) -> None:
        """Take a study out of the queue, with what is said about it there."""
        self.registry.dequeue(study)

    def wake(self) -> None:
        """Start the thread that looks after the studies that wait."""
        self._news.set()
        with self._lock:
            if self._thread is None and self.registry.waiting():
                thread = threading.Thread(target=self._look_after, name="mesa-lab-queue", daemon=True)
                # A thread that is started within a page would keep that page alive.
                thread.current_context = None  # type: ignore[attr-defined]
                self._thread = thread
                thread.start()

    def holder(self) -> tuple[Path, Tenant] | None:
        """Return the study that holds the cores, with its driver; None when they are free."""
        from mesa_lab.study import Study

        for path in self._open_files():
            try:
                with Study.open(path) as study:
                    tenant = study.driver()
            except MesaLabError:  # deleted this moment, or no study
                continue
            if tenant is not None and tenant.is_local and (tenant.state != "paused" or self._paused_holds):
                return path, tenant
        return None

    def _open_files(self) -> list[Path]:
        """Studies that some process has open: only those can be running, and there are few."""
        logs = [*self.root.glob("*.study-wal"), *self.root.glob("visitors/*/*.study-wal")]
        return [log.with_name(log.name.removesuffix("-wal")) for log in sorted(logs)]

    def _look_after(self) -> None:
        while True:
            self._news.clear()
            with self._lock:
                try:
                    waiting = self.registry.waiting()
                except MesaLabError:
                    waiting = []
                if not waiting:
                    self._thread = None
                    return
            holder = self.holder()
            if holder is None or holder[0] == self.root / waiting[0].study:
                self._start(waiting[0])
            else:
                self._news.wait(_LOOK_SECONDS)

    def _start(self, ticket: Ticket) -> None:
        self.starting = ticket.study
        try:
            start(self.root / ticket.study, ticket.processes, retry_failed=ticket.retry)
        except StudyBusyError:
            self.registry.dequeue(ticket.study)  # another process was quicker
        except MesaLabError as error:
            self.registry.note_problem(ticket.study, str(error))
        except Exception as error:
            self.registry.note_problem(ticket.study, f"{type(error).__name__}: {error}")
        else:
            self._settle(ticket)
        finally:
            self.starting = None

    def _settle(self, ticket: Ticket) -> None:
        """Strike a study that runs off the list, or end it if that was done while it was being started."""
        from mesa_lab.running import background

        if any(ticket.study == other.study for other in self.registry.tickets()):
            self.registry.dequeue(ticket.study)
        else:
            background.stop(self.root / ticket.study)


def start(path: Path, processes: int = -1, *, retry_failed: bool = False) -> None:
    """Run what a study lacks in a process of its own; return once it runs.

    A paused study goes on in the process that it has. A model that only this process can find, as one from a notebook's
    cell, is run from here.

    Raises:
        MesaLabError: Whatever keeps it from running.
    """
    from mesa_lab.preparation.models import importable, reference_of
    from mesa_lab.running import background
    from mesa_lab.study import Study
    from mesa_lab.workspace.access import check

    with Study.open(path) as study:
        check(study.experiment)
        driver = study.driver()
        reference = reference_of(study.experiment.model)
    if driver is not None and driver.state == "paused":
        background.proceed(path)
    elif importable(reference) or not reference.startswith("__main__:"):
        background.launch(path, n_jobs=processes, retry_failed=retry_failed)
    else:
        start_in_thread(path, processes, retry_failed=retry_failed)


def start_in_thread(path: Path, processes: int = -1, *, retry_failed: bool = False) -> None:
    """Run what a study lacks from a thread of this process, with workers as usual; return once it runs.

    Raises:
        MesaLabError: Whatever keeps it from running.
    """
    from mesa_lab.running.driver import drive
    from mesa_lab.study import Study

    running = threading.Event()
    trouble: list[Exception] = []

    def work() -> None:
        try:
            drive(
                Study.open(path),
                n_jobs=processes,
                progress=False,
                retry_failed=retry_failed,
                on_start=lambda _: running.set(),
            )
        except Exception as error:
            trouble.append(error)
        finally:
            running.set()

    thread = threading.Thread(target=work, name="mesa-lab-drive", daemon=True)
    thread.current_context = None  # type: ignore[attr-defined]
    thread.start()
    running.wait()
    if trouble:
        raise trouble[0]
