"""Carries out what is asked for while one explores: one worker process, a few runs at a time, given up when one moves on.

What is asked for is written into the study just before it is carried out, so that a study that was left in the middle lacks a few runs at
most. The study is held for as long as there is something to do; nothing runs, and no process is kept for long, when nobody asks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import MesaLabError
from mesa_lab.exploring.measured import Ran
from mesa_lab.preparation.encoding import canonical
from mesa_lab.study.batches import AskedBatch
from mesa_lab.study.batches import add as add_batch
from mesa_lab.study.records import Batch, Task

if TYPE_CHECKING:
    from mesa_lab.exploring.workplace import Workplace
    from mesa_lab.study import Study, Writer

__all__ = ["LADDER", "Piece", "Runner", "State"]

LADDER: Final = (1, 3, 8, 25)
"""How many replications the setting at which one rests gets, step by step."""

_PIECE_SECONDS: Final = 0.25
_MOST_RUNS: Final = 50
_HOLD_SECONDS: Final = 2.0
"""How long the study is held when there is nothing to do."""
_KEEP_SECONDS: Final = 60.0
"""How long the worker process is kept."""
_PATIENCE_SECONDS: Final = 1.0
"""A run that is not wanted any more may take so long to its end: to end its process costs more than that."""


@dataclass(frozen=True)
class Piece:
    """Some runs of one setting.

    Attributes:
        setting: The values of the parameters.
        first: The number of the first replication.
        stop: The number after the last.
        notes: What is kept with them, as plain data.
    """

    setting: Mapping[str, Any]
    first: int
    stop: int
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """What a runner is doing.

    Attributes:
        running: Whether it carries out runs.
        why: What for, such as "this setting".
        done: Runs that are done of what is asked for now.
        asked: Runs that are asked for now.
        problem: What keeps it from running; empty when nothing does.
    """

    running: bool = False
    why: str = ""
    done: int = 0
    asked: int = 0
    problem: str = ""


@dataclass(eq=False)
class _Wish:
    next: Callable[[int], Piece | None]
    why: str
    asked: int
    done: int = 0
    dropped: float | None = None

    # What `SharedWorker` may ask.

    def stopped(self) -> bool:
        """Whether to give up the run that is under way."""
        return self.dropped is not None and time.monotonic() - self.dropped > _PATIENCE_SECONDS

    def paused(self) -> bool:
        """Whether no further run is to be started."""
        return self.dropped is not None


class Runner:
    """Carries out runs of a study whose points a person chooses.

    Args:
        study: Opens the study; called in the runner's thread, and closed there.
        on_run: Called with each run that has ended, in the runner's thread.
        on_state: Called with each new state, in the runner's thread or in the caller's.
        workplace: Where runs are carried out.
    """

    def __init__(
        self,
        study: Callable[[], Study],
        on_run: Callable[[Ran], None],
        on_state: Callable[[State], None],
        workplace: Workplace,
    ) -> None:
        self._study, self._on_run, self._on_state = study, on_run, on_state
        self._workplace = workplace
        self._news = threading.Condition()
        self._wish: _Wish | None = None
        self._notes: list[tuple[str, Mapping[str, Any]]] = []
        self._thread: threading.Thread | None = None
        self._ended: threading.Thread | None = None
        self._over = False
        self._cold = False
        self._seconds: float | None = None
        self.state = State()

    def ask(self, pieces: Callable[[int], Piece | None], why: str, runs: int) -> None:
        """Carry out runs in place of what was asked for before.

        Args:
            pieces: Called with the number of runs that fit into a quarter of a second; returns the next runs, None at the end.
            why: What for, in a few words.
            runs: How many there will be.
        """
        with self._news:
            self._drop()
            if not self._over:
                self._wish = _Wish(pieces, why, runs)
                self._begin()
        self._say(State(True, why, 0, runs))

    def prepare(self, *, early: bool = False) -> None:
        """Start what carries out runs; see `Workplace.prepare`."""
        with self._news:
            if not self._over and (not early or self._workplace.is_ones_own):
                self._cold = True
                self._begin()

    def leave(self) -> None:
        """Carry out nothing more."""
        with self._news:
            self._drop()
            self._news.notify_all()
        if self.state.running:
            self._say(State())

    def note(self, why: str, notes: Mapping[str, Any]) -> None:
        """Keep something in the study that is no run.

        Args:
            why: What it is, in words.
            notes: The thing, as plain data.
        """
        with self._news:
            if not self._over:
                self._notes.append((why, notes))
                self._begin()

    def close(self, patience: float = 10.0) -> None:
        """End the runs, the process and the thread; what is done is on disk."""
        with self._news:
            self._over = True
            self._drop()
            if self._wish is not None:
                self._wish.dropped = 0.0
            self._news.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(patience)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is asked for."""
        with self._news:
            return self._wish is None and not self._notes

    # ------------------------------------------------------------ inside

    def _drop(self) -> None:
        if self._wish is not None and self._wish.dropped is None:
            self._wish.dropped = time.monotonic()

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._work, args=[self._ended], name="mesa-lab-explore", daemon=True
            )
            # It outlives the page in which it was started.
            self._thread.current_context = None  # type: ignore[attr-defined]
            self._thread.start()
        self._news.notify_all()

    def _say(self, state: State) -> None:
        self.state = state
        self._on_state(state)

    def _work(self, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()  # it is ending the process that it had
        try:
            while self._await(_KEEP_SECONDS):
                if self._is_wanted:
                    self._warm_up()  # it starts while the study is opened
                try:
                    self._hold()
                except MesaLabError as error:
                    self._give_up(str(error))
                except Exception as error:  # whatever it is, it must be heard of
                    self._give_up(f"{type(error).__name__}: {error}")
        finally:
            self._workplace.close()

    def _give_up(self, problem: str) -> None:
        with self._news:
            self._wish = None
            self._notes.clear()
        self._say(State(problem=problem))

    def _await(self, seconds: float) -> bool:
        """Wait for something to do; return whether there is. A thread that waited in vain may end."""
        until = time.monotonic() + seconds
        while True:
            with self._news:
                if self._notes or self._is_wanted:
                    return True
                left = until - time.monotonic()
                cold, self._cold = self._cold, False
                if self._over or (left <= 0 and not cold):
                    if seconds >= _KEEP_SECONDS or self._over:
                        self._thread, self._ended = None, threading.current_thread()
                    return False
                if not cold:
                    self._news.wait(left)
                    continue
            self._warm_up()
            until = time.monotonic() + seconds

    @property
    def _is_wanted(self) -> bool:
        return self._wish is not None and self._wish.dropped is None and not self._over

    def _warm_up(self) -> None:
        with suppress(MesaLabError, OSError):  # what keeps it from starting is said where it is to run
            self._workplace.prepare()

    def _hold(self) -> None:
        """Hold the study and work while there is something to do."""
        from mesa_lab.running.workers.serialization import pack

        with ExitStack() as stack:
            study = stack.enter_context(self._study())
            writer = stack.enter_context(study.writing(settings={"n_jobs": 1, "backend": "explore"}))
            asked = _Asked(study, writer)
            payload = None
            while True:
                with self._news:
                    notes, self._notes = self._notes, []
                    wish = self._wish
                for why, note in notes:
                    asked.note(why, note)
                if wish is not None and wish.dropped is None:
                    if payload is None:
                        protocol = self._workplace.limited(study.described_experiment.protocol)
                        payload = pack(protocol, confined=True)
                    if not wish.done:
                        self._workplace.admit(study.path)
                    if not self._carry_out(wish, asked, payload):
                        with self._news:
                            if self._wish is wish:
                                self._wish = None
                        if wish.dropped is None:
                            self._say(State())
                elif not self._await(_HOLD_SECONDS):
                    return

    def _carry_out(self, wish: _Wish, asked: _Asked, payload: Any) -> bool:
        """Carry out the next runs of a wish; return whether there are more."""
        most = 1 if self._seconds is None else int(_PIECE_SECONDS / max(self._seconds, 1e-4))
        piece = wish.next(max(1, min(most, _MOST_RUNS)))
        if piece is None:
            return False
        tasks = asked.ask(piece, wish.why)
        for batch in self._workplace.carry_out(payload, tasks, wish, asked.writer.note):
            asked.writer.add(batch)
            for ran in _rans(batch, piece.setting):
                self._seconds = (
                    ran.seconds if self._seconds is None else 0.7 * self._seconds + 0.3 * ran.seconds
                )
                wish.done += 1
                self._on_run(ran)
        if wish.dropped is None:
            self._say(State(True, wish.why, wish.done, wish.asked))
        return True


class _Asked:
    """What a study asks for by now, while this process writes it."""

    def __init__(self, study: Study, writer: Writer) -> None:
        self.study, self.writer = study, writer
        self._batches = len(study.batches)
        self._planned: dict[int, int] = {}
        for batch in study.batches:
            for point, _, stop in batch.runs:
                self._planned[point] = max(self._planned.get(point, 0), stop)
        frame = study.points_frame()
        names = [str(name) for name in frame.columns]
        rows = zip(*(frame[name].tolist() for name in names), strict=True)
        self._numbers = {
            canonical(dict(zip(names, row, strict=True))): number for number, row in enumerate(rows)
        }

    def note(self, why: str, notes: Mapping[str, Any]) -> None:
        self._add((), why, (), notes)

    def ask(self, piece: Piece, why: str) -> list[Task]:
        """Ask for runs that were not asked for yet, and return the tasks of all that have no result."""
        whole = {**self.study.described_experiment.space.fixed, **piece.setting}
        text = canonical(whole)
        point, new = self._numbers.get(text), list[str]()
        if point is None:
            point = self._numbers[text] = len(self._numbers)
            new = [text]
        planned = self._planned.get(point, piece.first)
        if piece.stop > planned or new:
            self._add(((point, max(piece.first, planned), piece.stop),), why, new, piece.notes)
            self._planned[point] = piece.stop
        plan = self.study.plan()
        here = (plan.point == point) & (plan.replication >= piece.first) & (plan.replication < piece.stop)
        return [Task._make(each) for each in self.study.tasks(plan.run_id[here])]

    def _add(
        self,
        runs: Sequence[tuple[int, int, int]],
        why: str,
        new: Sequence[str],
        notes: Mapping[str, Any],
    ) -> None:
        batch = AskedBatch(self._batches, tuple(runs), why, dict(notes))
        self.writer.change(lambda connection: add_batch(connection, batch, new))
        self._batches += 1


def _rans(batch: Batch, setting: Mapping[str, Any]) -> Iterator[Ran]:
    """The runs of a batch."""
    failures = {each.run_id: f"{each.error_type}: {each.message}" for each in batch.failures}
    finals = {run.run_id: row for run, row in zip(batch.runs, batch.finals, strict=False)}
    for run in batch.runs:
        values = {}
        if run.status == "done":
            for name, value in zip(batch.outcome_names, finals.get(run.run_id, ()), strict=False):
                with suppress(TypeError, ValueError, OverflowError):
                    if value is not None and not isinstance(value, str):
                        values[name] = float(value)
        failed = "" if run.status == "done" else failures.get(run.run_id) or run.status
        yield Ran(setting, run.replication, values, failed, run.init_seconds + run.run_seconds)
