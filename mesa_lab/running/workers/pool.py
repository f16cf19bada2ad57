"""Worker processes of one stream, each in an executor of its own, so that one death concerns one worker only.

What a worker was sent, and what is left of that when it dies, is known here; how processes are made (`process.py`), and
how one ended (`crash.py`), is not. It is imported before the first worker is started, and imports little.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import queue
import shutil
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mesa_lab.errors import RunError
from mesa_lab.running.workers.parent_watch import make_folder

if TYPE_CHECKING:
    from mesa_lab.running.workers.crash import Death
    from mesa_lab.running.workers.serialization import Payload
    from mesa_lab.study.records import Task

__all__ = ["Worker", "WorkerPool", "end_idle", "make_ready", "woken"]

_IDLE_SECONDS = 120.0
_numbers = itertools.count()

type Start = Callable[[str], Executor]


class Worker:
    """One worker process, started when it is first needed and again after a death.

    Args:
        start: Makes an executor of one process that is a worker with this slot.
        slot: The file that tells what the process is doing.

    Attributes:
        sent: Batches that are under way, the first of them at work.
        alone: Whether the process has a run that is suspected of having killed another.
        is_full: Whether it gets no more tasks, and is replaced once it has answered.
        is_used: Whether the process has carried out runs before.
        sources: Files of the model's modules that the process has loaded, with their time stamps.
    """

    def __init__(self, start: Start, slot: str) -> None:
        self.slot = slot
        self.sent: list[list[Task]] = []
        self.alone = False
        self.is_full = False
        self.is_used = False
        self.sources: dict[str, int] = {}
        self._start = start
        self._executor: Executor | None = None
        self._known = ""

    def send(self, payload: Payload, tasks: list[Task], budget: float | None) -> Future[bytes]:
        """Send a batch."""
        from mesa_lab.running.workers.objects import pack_tasks
        from mesa_lab.running.workers.worker import work

        if payload.confined:
            raise RunError(f"The model '{payload.model}' runs in confined processes alone.")
        packed = pack_tasks(tasks)
        for attempt in range(3):
            _check_program()
            if self._executor is None:
                self._executor, self._known = self._start(self.slot), ""
            data = None if self._known == payload.digest else payload.data
            try:
                future = self._executor.submit(work, payload.digest, data, packed, budget)
            except BrokenProcessPool:  # it died while it had nothing to do
                self.end()
                if attempt == 2:
                    raise
                continue
            if self._known == "":
                _end_with_program(self)
            self._known = payload.digest
            self.sent.append(tasks)
            break
        return future

    def wake(self) -> None:
        """Start the process before there is something to do: importing Mesa takes it a second."""
        _check_program()
        self._executor = self._start(self.slot)
        self._executor.submit(os.getpid)
        _end_with_program(self)

    def forget(self) -> None:
        """Send the payload again with the next batch."""
        self._known = ""

    def bury(self, error: BaseException) -> tuple[Death, list[list[Task]]]:
        """Find out how the process ended and what it had to do; the next batch gets a new one."""
        from mesa_lab.running.workers.crash import find_out

        death = find_out(self.slot, error)
        self.end()
        lost, self.sent, self.alone, self.is_full = self.sent, [], False, False
        return death, lost

    def end(self) -> None:
        """End the process, whatever it is doing."""
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True, kill_workers=True)  # type: ignore[call-arg]
        self.is_full = self.is_used = False
        for file in (self.slot, f"{self.slot}.trace"):
            Path(file).unlink(missing_ok=True)

    @property
    def is_reusable(self) -> bool:
        """Whether the process lives, and the files of the model's modules are still those that it has loaded."""
        try:
            return self._executor is not None and all(
                Path(file).stat().st_mtime_ns == stamp for file, stamp in self.sources.items()
            )
        except OSError:
            return False


@dataclass
class WorkerPool:
    """The workers of one stream, for itself alone.

    Args:
        payload: The model and the protocol.
        size: How many workers.
        start: See `Worker`.
        workers_of_others: Whether to take over idle workers of earlier streams.
        workers: Workers that are there already.
    """

    payload: Payload
    size: int
    start: Start
    workers_of_others: bool = True
    workers: list[Worker] = field(default_factory=list)
    inbox: queue.SimpleQueue[tuple[Worker, list[Task], Future[bytes]]] = field(
        default_factory=queue.SimpleQueue
    )

    def __post_init__(self) -> None:
        if self.workers_of_others:
            self.workers = _take_idle(self.size)
        while len(self.workers) < self.size:
            self.workers.append(Worker(self.start, str(_folder() / str(next(_numbers)))))

    @property
    def is_busy(self) -> bool:
        """Whether a batch is under way."""
        return any(worker.sent for worker in self.workers)

    def send(self, worker: Worker, tasks: list[Task], budget: float | None) -> None:
        """Send a batch to a worker; the answer comes later."""
        future = worker.send(self.payload, tasks, budget)
        future.add_done_callback(lambda done: self.inbox.put((worker, tasks, done)))

    def answer(self, seconds: float) -> tuple[Worker, list[Task], Future[bytes]] | None:
        """Wait for the next answer; None when there is none within these seconds."""
        try:
            worker, tasks, future = self.inbox.get(timeout=seconds)
        except queue.Empty:
            return None
        _check_program()
        # When a process dies, all its batches come back; the first has told the story.
        return (worker, tasks, future) if any(tasks is sent for sent in worker.sent) else None

    def release(self, keep: bool = True) -> None:
        """End the workers that are at work, keep the others for the next stream.

        Args:
            keep: Whether they are worth keeping.
        """
        keep = keep and not _is_over
        kept = [worker for worker in self.workers if keep and not (worker.sent or worker.is_full)]
        _end_all([worker for worker in self.workers if worker not in kept])
        if kept:
            _keep_idle(kept)
        self.workers = []


_idle: list[Worker] = []
_idle_lock = threading.Lock()
_timer: threading.Timer | None = None
_living: weakref.WeakSet[Worker] = weakref.WeakSet()
_is_over = False
_folders: dict[int, Path] = {}


def _folder() -> Path:
    """A folder of this process for the workers' slots."""
    pid = os.getpid()
    if pid not in _folders:
        # A process that was forked has none of its parent's workers.
        _folders.clear()
        _idle.clear()
        _living.clear()
        _folders[pid] = make_folder()
        atexit.register(shutil.rmtree, _folders[pid], ignore_errors=True)
    return _folders[pid]


def make_ready(start: Start) -> None:
    """Start a worker for a pool that is about to come, unless one is idle."""
    with _idle_lock:
        if _idle:
            return
    _keep_idle([woken(start)])


def woken(start: Start) -> Worker:
    """Start a worker before there is something to do, and return it."""
    worker = Worker(start, str(_folder() / str(next(_numbers))))
    worker.wake()
    return worker


def _take_idle(size: int) -> list[Worker]:
    _folder()
    with _idle_lock:
        found = list(_idle)
        _idle.clear()
    fresh = [worker for worker in found if worker.is_reusable]
    _end_all([*fresh[size:], *(worker for worker in found if worker not in fresh)])
    return fresh[:size]


def _keep_idle(workers: list[Worker]) -> None:
    global _timer
    with _idle_lock:
        _idle.extend(worker for worker in workers if worker.is_reusable)
        if _timer is not None:
            _timer.cancel()
        _timer = threading.Timer(_IDLE_SECONDS, end_idle)
        _timer.daemon = True
        _timer.start()


def _end_with_program(worker: Worker) -> None:
    """See to it that the program can end while a worker is busy: loky would wait for it for ever."""
    _living.add(worker)
    # What was registered last is called first, and loky registers itself with the first task of each executor. The
    # function is not public, but what loky uses, and nothing public is called before threads are joined.
    register = getattr(threading, "_register_atexit", atexit.register)
    with contextlib.suppress(RuntimeError):  # the program is ending already
        register(_end_everything, os.getpid())


def _check_program() -> None:
    if _is_over:
        raise RunError("The program that carries out these runs is ending.")


def _end_everything(pid: int) -> None:
    global _is_over
    if pid == os.getpid():  # not in a copy of this process
        _is_over = True
        for worker in list(_living):  # no new threads at this stage
            worker.end()


def end_idle() -> None:
    """End all workers that no stream uses."""
    with _idle_lock:
        workers = list(_idle)
        _idle.clear()
    _end_all(workers)


def _end_all(workers: Sequence[Worker]) -> None:
    if workers and not _is_over:
        with ThreadPoolExecutor(min(len(workers), 32)) as threads:
            list(threads.map(Worker.end, workers))
