"""What happens in a worker process: batches of tasks in, encoded batches of results out.

A worker writes down which run is under way where its driver can read it after a sudden death (`parent_watch.py` ends it with
its driver), and tells what its memory holds after each batch. Its garbage collector, its standard
output and its signals are set up for many short-lived models.
"""

from __future__ import annotations

import faulthandler
import gc
import hashlib
import mmap
import os
import pickle
import random
import signal
import struct
import sys
import threading
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mesa_lab.preparation.models import load_model
from mesa_lab.preparation.models.files import extend_path, use_path
from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.running.collection.collection_plan import Plan
from mesa_lab.running.collection.data_collector import installed
from mesa_lab.running.simulation.captured_output import Output, heard
from mesa_lab.running.simulation.cleanup import Surroundings
from mesa_lab.running.simulation.simulate import Run, carry_out
from mesa_lab.running.workers.memory import Footprint, Witness
from mesa_lab.running.workers.model_code import model_code, things_of
from mesa_lab.running.workers.objects import pack_rows
from mesa_lab.running.workers.serialization import encode, encode_each
from mesa_lab.study.records import Batch, OutputRecord, Task

__all__ = [
    "Reply",
    "State",
    "begin",
    "encode",
    "plan_here",
    "prepare",
    "read_state",
    "run_here",
    "run_tasks",
    "work",
]

_NICENESS = 5
_STATE = struct.Struct("<qqq")
_GC_THRESHOLDS = (10_000, 20, 100)
_LONG_RUN_SECONDS = 0.005
_SHOWN = 400  # bytes of what a failed run printed last


class State(NamedTuple):
    """What a worker is doing, as its driver can read it at any time."""

    pid: int
    run_id: int
    loading: bool


class Reply(NamedTuple):
    """What a worker answers.

    Attributes:
        batches: The results; none when the plan was not known.
        done: How many tasks of the batch are done; the others are for others.
        seconds: How long they took.
        sources: Files of the model's own modules, with their time stamps; empty when told before.
        footprint: What the worker's memory holds after the batch.
        is_broken: Whether the last run changed the process in a way that later ones would suffer from.
    """

    batches: tuple[Batch, ...]
    done: int
    seconds: float
    sources: tuple[tuple[str, int], ...] = ()
    footprint: Footprint | None = None
    is_broken: bool = False


_plans: dict[str, Plan] = {}
_one_model_at_a_time = threading.Lock()


def prepare(digest: str, payload: bytes | None) -> Plan | None:
    """Load the model and the protocol that a payload holds, once.

    Args:
        digest: What the payload is known by.
        payload: Pickled search path, what imports of files left in it, working folder, reference of the model (None when the
            protocol holds the class itself), pickled protocol, and what code these are of (None when that is to be seen here);
            None if it should be known already.

    Returns:
        The plan, or None when it is not known.
    """
    if digest not in _plans and payload is not None:
        search_path, left, folder, reference, protocol, code = pickle.loads(payload)
        if _this is None:  # a worker of somebody else's, who set its path up
            extend_path(search_path, left)
        else:
            _plans.clear()
            use_path(search_path, left)
        if Path(folder).is_dir() and Path.cwd() != Path(folder):
            os.chdir(folder)
        # The model first: the protocol's functions may come from its module.
        model_cls = load_model(reference) if reference is not None else None
        loaded = pickle.loads(protocol)
        _plans.clear()
        kind = model_cls or loaded.model
        _plans[digest] = Plan(kind, loaded, code or model_code(things_of(kind, loaded)))
    return _plans.get(digest)


def plan_here(protocol: Protocol) -> Plan:
    """Return the plan for runs of this process itself, which is no worker."""
    model_cls = load_model(protocol.model)
    return Plan(model_cls, protocol, model_code(things_of(model_cls, protocol)))


def run_tasks(plan: Plan, tasks: Sequence[Task]) -> tuple[Batch, ...]:
    """Carry out tasks in a process that is not ours: it is left as it was, and one model lives at a time."""
    with _one_model_at_a_time:
        state, numpy_state = random.getstate(), np.random.get_state()
        surroundings = Surroundings()
        try:
            with installed():
                runs = [_carry_out_heard(plan, task, surroundings) for task in tasks]
        finally:
            random.setstate(state)
            np.random.set_state(numpy_state)
    return _encoded(plan, runs)


def _carry_out_heard(plan: Plan, task: Task, surroundings: Surroundings) -> Run:
    output = Output()
    with heard(output):
        run = carry_out(plan, task, surroundings, output=output)
    _keep(run, output)
    return run


def _keep(run: Run, output: Output) -> None:
    """Keep what a run has printed."""
    if (printed := output.take()) is not None:
        run.output = OutputRecord(run.task.run_id, *printed)


def run_here(payload: bytes, tasks: Sequence[Task]) -> tuple[Batch, ...]:
    """Carry out tasks in a worker that another program has started, such as a cluster's."""
    with _one_model_at_a_time:
        plan = prepare(hashlib.blake2b(payload, digest_size=16).hexdigest(), payload)
    assert plan is not None
    return run_tasks(plan, tasks)


class _Worker:
    """This process, once `begin` made it one."""

    def __init__(self, slot: str) -> None:
        Path(slot).write_bytes(bytes(_STATE.size))
        with Path(slot).open("r+b") as file:
            self.state = mmap.mmap(file.fileno(), _STATE.size)
        self.trace = Path(f"{slot}.trace").open("w", encoding="utf-8")  # noqa: SIM115 - open as long as the process
        self.pid = os.getpid()
        self.printed = Output()
        self.known = ""
        self.witness = Witness()
        self.threads: set[threading.Thread] = set()

    def tell(self, run_id: int, loading: bool = False) -> None:
        _STATE.pack_into(self.state, 0, self.pid, run_id, loading)


_this: _Worker | None = None


def read_state(slot: str) -> tuple[State, str]:
    """Read, in the driver, what a worker was doing and what it left as a trace."""
    try:
        pid, run_id, loading = _STATE.unpack(Path(slot).read_bytes())
    except (OSError, struct.error):
        pid, run_id, loading = 0, -1, True
    try:
        trace = Path(f"{slot}.trace").read_text(encoding="utf-8", errors="replace")
    except OSError:
        trace = ""
    return State(pid, run_id, bool(loading)), trace


def begin(slot: str) -> None:
    """Make this process a worker.

    Args:
        slot: The file that tells what this worker is doing.
    """
    global _this
    _this = _Worker(slot)
    _this.tell(-1, loading=True)
    faulthandler.enable(_this.trace)
    # An interrupt from the keyboard reaches every process of the terminal: the driver decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    _this.printed.listen()
    if hasattr(os, "nice"):
        os.nice(_NICENESS)


def work(digest: str, payload: bytes | None, tasks: bytes, budget: float | None) -> bytes:
    """Carry out a batch in a worker process.

    Args:
        digest: What the payload is known by.
        payload: See `prepare`.
        tasks: Pickled tasks, as plain tuples.
        budget: Seconds after which no other run is started.

    Returns:
        A pickled `Reply`, or the pickled message why the model cannot be loaded.
    """
    assert _this is not None
    batch = list(map(Task._make, pickle.loads(tasks)))
    sources: tuple[tuple[str, int], ...] = ()
    if _this.known != digest:
        _this.tell(batch[0].run_id, loading=True)
        _this.known = ""  # making a plan ready forgets the one before, also where it fails
        try:
            plan = prepare(digest, payload)
        except BaseException as error:
            return pickle.dumps(f"{error}" if isinstance(error, Exception) else repr(error))
        if plan is None:
            return pickle.dumps(Reply((), 0, 0.0))
        _this.known = digest
        sources = _own_sources()
        # What is loaded by now stays: the garbage collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLDS)
        _this.witness = Witness()
    plan = _plans[digest]
    started = time.perf_counter()
    runs: list[Run] = []
    surroundings = Surroundings()
    _this.threads = set(threading.enumerate())
    _this.printed.renew()
    with installed():
        for task in batch:
            _this.tell(task.run_id)
            runs.append(_carry_out(plan, task, surroundings, _this))
            if surroundings.broken or (budget is not None and time.perf_counter() - started > budget):
                break
    encoded = _encoded(plan, _with_packed_rows(runs) if plan.protocol.rows else runs)
    done = len(runs)
    del runs
    gc.collect()
    _this.tell(-1)
    seconds = time.perf_counter() - started
    broken = bool(surroundings.broken)
    footprint = None if broken else _this.witness.footprint()
    reply = Reply(encoded, done, seconds, sources, footprint, broken)
    return pickle.dumps(reply, protocol=5)


def _carry_out(plan: Plan, task: Task, surroundings: Surroundings, worker: _Worker) -> Run:
    worker.printed.listen()
    # Warnings that are shown once are shown once in each run.
    with warnings.catch_warnings():
        run = carry_out(plan, task, surroundings, worker.trace, worker.witness.see, worker.printed)
    if surroundings.broken:
        run.notes.append(f"{surroundings.broken} Later runs got another process.")
    threads, worker.threads = worker.threads, set(threading.enumerate())
    if run.failure is not None and (printed := worker.printed.end(_SHOWN).split()):
        run.notes.append(f"The model printed last: {' '.join(printed)}")
    _keep(run, worker.printed)
    if left := len(worker.threads - threads):  # those of earlier runs may have ended meanwhile
        run.notes.append(f"The model left {left} of its threads running, which may disturb later runs.")
    if run.init_seconds + run.run_seconds > _LONG_RUN_SECONDS:
        gc.collect()
    return run


def _with_packed_rows(runs: Sequence[Run]) -> Sequence[Run]:
    """The same runs, their rows pickled for the way back."""
    packed, lines = pack_rows([run.rows for run in runs])
    for run, rows, missing in zip(runs, packed, lines, strict=True):
        run.packed_rows, run.notes = rows, [*run.notes, *missing]
    return runs


def _encoded(plan: Plan, runs: Sequence[Run]) -> tuple[Batch, ...]:
    try:
        return (encode(runs, plan.code),) if runs else ()
    except Exception:
        return (encode_each(runs, plan.code),)


def _own_sources() -> tuple[tuple[str, int], ...]:
    """Files of loaded modules that are likely to be edited: neither installed nor of Python or Mesa Lab."""
    installed = tuple(
        {sys.prefix, sys.base_prefix, str(Path(os.__file__).parent), str(Path(__file__).parents[2])}
    )
    found = {}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and not file.startswith(installed):
            try:
                found[file] = Path(file).stat().st_mtime_ns
            except OSError:
                continue
    return tuple(found.items())
