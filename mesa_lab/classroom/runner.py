"""Runs of a whole class on the cores of one computer, in turns.

The app runs one study after the other, each in a process of its own. A class would wait for whoever came first; so here all
studies are under way at once, and the students take turns (`turns`). A few threads each look after one worker process; a thread
takes a turn of some student's study, has its worker carry out these runs, and takes the next. Runs that take longer than a
turn keep their worker; so that they do not keep all of them, further workers are started for the others.

To the pages this is the queue of the folder (`workspace.queue`). What is asked for stands in the registry until it is done, so
that a server that was killed goes on where it was.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mesa_lab.classroom.confined_workers import ConfinedWorkers
from mesa_lab.classroom.job import Job
from mesa_lab.classroom.limits import StudentLimits
from mesa_lab.classroom.own_code import OwnCode
from mesa_lab.classroom.roster import TEACHER, Roster
from mesa_lab.classroom.turns import Turns, runs_in_turn
from mesa_lab.errors import MesaLabError, StudyBusyError
from mesa_lab.workspace.queue import Queue
from mesa_lab.workspace.registry import Ticket

if TYPE_CHECKING:
    from mesa_lab.running.shared_worker import SharedWorker
    from mesa_lab.study.database.lease import Tenant

__all__ = ["ClassQueue", "Outlook"]

_LONG_SECONDS: Final = 3.0
"""A turn that takes longer no longer counts when it is asked whether a worker is free for the others."""
_LOOK_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a student who waits is told.

    Attributes:
        active: Students who have runs under way or waiting, oneself included.
        ahead: How many of them have their turn first.
        seconds: Seconds until one's study is done, as far as can be said; None before the first run is.
    """

    active: int
    ahead: int
    seconds: float | None


class ClassQueue(Queue):
    """The queue of a class: all studies at once, the students in turns.

    Args:
        root: The folder of the class.
        roster: Who takes part.
        limits: What each may use.
        processes: Worker processes; more are started while some are busy with long runs, up to twice as many.
        own_code: The files that students brought; None where they may not.
    """

    def __init__(
        self,
        root: Path,
        roster: Roster,
        limits: StudentLimits,
        processes: int,
        own_code: OwnCode | None = None,
    ) -> None:
        super().__init__(root, paused_holds=False)
        self.roster = roster
        self.limits = limits
        self.processes = processes
        self._confined = ConfinedWorkers(own_code)
        self._turns = Turns(first=(TEACHER,))
        self._jobs: dict[str, Job] = {}
        self._change = threading.Condition()
        self._threads: dict[threading.Thread, float | None] = {}
        self._is_open = True
        self._paused = False

    # ------------------------------------------------------------ what the pages do

    def add(self, ticket: Ticket) -> None:
        """Have a study run, in turns with all others."""
        student = student_of(ticket.study)
        if student != TEACHER:
            self.limits.check_disk((self.root / ticket.study).parent)
            self._check_runs(ticket.study)
        super().add(ticket)

    def admit(self, path: Path, student: str) -> None:
        """Refuse further runs of a study to a student who has used up what each may have.

        Raises:
            StudyError: If they have.
        """
        if student != TEACHER and path.exists():
            self.limits.check_disk(path.parent)
            self._check_runs(path.relative_to(self.root).as_posix())

    def take_in(self, job: Job) -> None:
        """Have runs carried out that are no study of the queue: they take their turns as all others."""
        with self._change:
            self._jobs[job.place] = job
        self.wake()
        with self._change:
            self._change.notify_all()

    def has(self, place: str) -> bool:
        """Whether something is still being run."""
        with self._change:
            return place in self._jobs

    def leave(self, study: str) -> None:
        """Have a study run no further."""
        super().leave(study)
        with self._change:
            job = self._jobs.get(study)
        if job is not None:
            job.is_dropped = True

    def wake(self) -> None:
        """Look after those who wait."""
        self._news.set()
        with self._lock:
            if self._is_open and self._thread is None:
                self._thread = _thread(self._watch, "mesa-lab-class")

    def holder(self) -> tuple[Path, Tenant] | None:
        """Nobody holds the cores: they are shared."""
        return None

    def outlook(self, place: str) -> Outlook | None:
        """Return what a student may expect of a study that is being run, None when it is not.

        Args:
            place: The study, as its path below the folder.
        """
        with self._change:
            job = self._jobs.get(place)
            if job is None:
                return None
            active = {each.student for each in self._jobs.values()}
            ahead = self._turns.before(job.student, active)
            seconds = None
            if job.seconds is not None:
                share = max(1.0, len(active) / self.processes)
                own = sum(
                    each.left * (each.seconds or job.seconds)
                    for each in self._jobs.values()
                    if each.student == job.student
                )
                seconds = own * share / (self.processes if len(active) == 1 else 1)
            return Outlook(len(active), ahead, seconds)

    def close(self) -> None:
        """End all runs; what is done is on disk, and the rest goes on when the class is started again."""
        with self._change:
            self._is_open = False
            jobs = list(self._jobs.values())
            for job in jobs:
                job.is_dropped = True
            self._change.notify_all()
            threads = list(self._threads)
        self._news.set()
        for thread in threads:
            thread.join(timeout=10)
        for job in jobs:
            self._finish(job, "stopped", keep_ticket=True)
        self._confined.close()

    # ------------------------------------------------------------ studies in and out

    def _check_runs(self, place: str) -> None:
        from mesa_lab.study import Study

        path = self.root / place
        asked = before = 0
        for other in path.parent.glob("*.study"):
            try:
                with Study.open(other) as study:
                    runs = study.status().n_runs
            except MesaLabError:
                continue
            if other == path:
                asked = runs
            else:
                before += runs
        self.limits.check_runs(asked, before)

    def _watch(self) -> None:
        """Take up what waits, drop what is done, and see to it that there are workers."""
        while self._is_open:
            self._news.clear()
            try:
                self._take_up()
                self._paused = self.roster.is_paused or self.roster.has_ended
            except MesaLabError:  # the roster or the registry is locked for a moment
                pass
            with self._change:
                done = [
                    job
                    for job in self._jobs.values()
                    if not job.under_way and (job.is_read or job.stopped() or job.writer.trouble)
                ]
            for job in done:
                self._finish(job, "stopped" if job.stopped() or not job.is_read else "finished")
            self._staff()
            with self._change:
                self._change.notify_all()
            self._news.wait(_LOOK_SECONDS)

    def _take_up(self) -> None:
        for ticket in self.registry.waiting():
            if ticket.study in self._jobs:
                continue
            self.starting = ticket.study
            try:
                job = self._job(ticket)
            except StudyBusyError:
                continue  # it was stopped this moment, or its last process is just ending
            except Exception as error:
                text = str(error) if isinstance(error, MesaLabError) else f"{type(error).__name__}: {error}"
                self.registry.note_problem(ticket.study, text)
            else:
                with self._change:
                    self._jobs[ticket.study] = job
            finally:
                self.starting = None

    def _job(self, ticket: Ticket) -> Job:
        from mesa_lab.preparation.code_permission import require_code
        from mesa_lab.running.workers.serialization import pack
        from mesa_lab.study import Study
        from mesa_lab.study.records import Task
        from mesa_lab.workspace.access import check

        with ExitStack() as stack:
            study = stack.enter_context(Study.open(self.root / ticket.study))
            experiment = study.experiment
            self._confined.check(experiment.model, student_of(ticket.study))
            check(experiment)
            protocol = experiment.protocol
            require_code(protocol.named_code)
            most = 60 * self.limits.minutes_per_run
            protocol = replace(
                protocol, timeout=most if protocol.timeout is None else min(most, protocol.timeout)
            )
            payload = pack(protocol, confined=True)
            settings = {"n_jobs": self.processes, "backend": "class", "retry_failed": ticket.retry}
            writer = stack.enter_context(study.writing(settings=settings))
            pending = study.pending(retry_failed=ticket.retry)
            tasks = map(Task._make, study.tasks(pending))
            return Job(
                ticket.study,
                student_of(ticket.study),
                study,
                writer,
                payload,
                tasks,
                len(pending),
                stack.pop_all(),
            )

    def _finish(self, job: Job, how: str, *, keep_ticket: bool = False) -> None:
        with self._change:
            if self._jobs.pop(job.place, None) is None:
                return
        if not keep_ticket:
            self.registry.dequeue(job.place)
        job.writer.ending = how
        try:
            if job.writer.trouble is None:
                job.writer.commit()
        except MesaLabError as error:
            self.registry.note_problem(job.place, str(error))
        finally:
            job.closing.close()

    # ------------------------------------------------------------ workers

    def _staff(self) -> None:
        """Start a thread, with its worker, for each core, and others in place of those that are on a long run."""
        moment = time.monotonic()
        with self._change:
            if not self._jobs:
                return
            long = sum(
                since is not None and moment - since > _LONG_SECONDS for since in self._threads.values()
            )
            wanted = self.processes + min(long, self.processes)
            for _ in range(wanted - len(self._threads)):
                thread = _thread(self._work, "mesa-lab-class-worker", start=False)
                self._threads[thread] = None
                thread.start()

    def _work(self) -> None:
        """Be one thread: take a turn, have the worker carry it out, take the next."""
        from mesa_lab.running.shared_worker import SharedWorker

        me = threading.current_thread()
        worker = SharedWorker(memory=int(self.limits.memory * 2**20))
        try:
            while (job := self._next(me)) is not None:
                self._carry_out(worker, job)
                with self._change:
                    job.under_way -= 1
                    self._threads[me] = None
                    if job.is_read or job.stopped():
                        self._news.set()
                    self._change.notify_all()
        finally:
            with self._change:
                self._threads.pop(me, None)
            worker.close()

    def _next(self, me: threading.Thread) -> Job | None:
        """Wait for the next turn; None when this thread is not needed any more."""
        idle = 0.0
        with self._change:
            while self._is_open:
                ready = {} if self._paused else self._ready()
                chosen = self._turns.next(ready)
                if chosen is not None:
                    job = ready[chosen]
                    job.under_way += 1
                    self._threads[me] = time.monotonic()
                    return job
                if (len(self._threads) > self.processes and idle > 5) or idle > 120:
                    return None
                self._change.wait(1.0)
                idle += 1.0
            return None

    def _ready(self) -> dict[str, Job]:
        """The students who have something to run and may now, each with the study that comes next."""
        found: dict[str, Job] = {}
        busy: dict[str, int] = {}
        for job in self._jobs.values():
            busy[job.student] = busy.get(job.student, 0) + job.under_way
        others = len(busy) > 1
        for job in sorted(self._jobs.values(), key=lambda each: not each.is_first):
            if job.is_read or job.stopped() or job.paused() or job.writer.trouble is not None:
                continue
            most = self.limits.runs_at_once if others else self.processes
            if busy[job.student] < most:
                found.setdefault(job.student, job)
        return found

    def _carry_out(self, worker: SharedWorker, job: Job) -> None:
        """Carry out one turn."""
        alone = len({each.student for each in list(self._jobs.values())}) == 1
        tasks = job.take(runs_in_turn(job.seconds, alone))
        if not tasks:
            return
        try:
            place = self._confined if job.payload.confined else worker
            for batch in place.carry_out(job.payload, tasks, job, job.writer.note):
                job.writer.add(batch)
                job.learn(batch)
        except Exception as error:
            self.registry.note_problem(job.place, str(error))
            job.writer.message = str(error)
            job.is_dropped = True


def student_of(place: str) -> str:
    """Return whose a study is.

    Example:
        >>> student_of("visitors/0a1b/wolves.study"), student_of("wolves.study")
        ('0a1b', 'teacher')
    """
    parts = Path(place).parts
    return parts[1] if len(parts) == 3 and parts[0] == "visitors" else TEACHER


def _thread(target: object, name: str, *, start: bool = True) -> threading.Thread:
    thread = threading.Thread(target=target, name=name, daemon=True)  # type: ignore[arg-type]
    thread.current_context = None  # type: ignore[attr-defined]  # else it would keep the page alive in which it was started
    if start:
        thread.start()
    return thread
