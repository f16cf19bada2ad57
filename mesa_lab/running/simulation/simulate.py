"""One run: build a model, advance it until it stops, measure it, and tell what happened. Never raises.

Steps are counted here, since not every Mesa release counts them. How runs are spread over processes is not
known here.
"""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, TextIO

import pyarrow as pa

from mesa_lab.errors import ExperimentError
from mesa_lab.preparation.models import build, build_as_given, load_model
from mesa_lab.preparation.models.working_folder import find_another_folder, said_of_folder, working_folder
from mesa_lab.preparation.parameters.enum_members import with_members
from mesa_lab.preparation.run_configuration import RunConfiguration
from mesa_lab.running.cells import stored
from mesa_lab.running.collection.adopted_collector import TableRows
from mesa_lab.running.collection.arrow_columns import (
    SERIES_KEYS,
    Chunk,
    agent_columns,
    array_of,
    decode_table,
    encode_columns,
)
from mesa_lab.running.collection.collection_plan import Plan
from mesa_lab.running.collection.collector_rows import CollectedStep, CollectorRecorder
from mesa_lab.running.collection.data_collector import RestartError, installed, watch
from mesa_lab.running.collection.recorder import Recorder
from mesa_lab.running.collection.series import time_of
from mesa_lab.running.simulation.captured_output import MOST, Output, heard
from mesa_lab.running.simulation.cleanup import Surroundings
from mesa_lab.running.simulation.failure import failure_from
from mesa_lab.running.simulation.step import stepper
from mesa_lab.running.simulation.time_limit import RunTimeoutError, time_limit
from mesa_lab.study.records import Cell, Failure, OutputRecord, RunResult, Task

__all__ = ["MOST_ATTEMPTS", "Attempt", "Run", "carry_out", "simulate"]

MOST_ATTEMPTS = 4
"""So often a run may turn out to need what its recorder left out; then it is taken as it comes."""


@dataclass(slots=True)
class Run:
    """What a run left behind, not yet encoded."""

    task: Task
    status: str = "done"
    steps: int = 0
    time: float | None = None
    init_seconds: float = 0.0
    run_seconds: float = 0.0
    failure: Failure | None = None
    notes: list[str] = field(default_factory=list)
    finals: dict[str, Cell] = field(default_factory=dict)
    row_steps: Sequence[int] = ()
    row_times: Sequence[float | None] = ()
    columns: Mapping[str, list[Cell]] = field(default_factory=dict)
    agents: Mapping[str, list[Chunk]] = field(default_factory=dict)
    tables: Mapping[str, TableRows] = field(default_factory=dict)
    forms: Sequence[tuple[str, str, str]] = ()
    output: OutputRecord | None = None
    rows: list[CollectedStep] | None = None
    packed_rows: bytes | None = None


def simulate(configuration: RunConfiguration, *, raise_errors: bool = False) -> RunResult:
    """Carry out one run in this process.

    Args:
        configuration: What to run, until when, and what to measure.
        raise_errors: Raise what the model raises, where it raises it, for a debugger; errors of outcomes too, whatever the
            configuration's `on_error`.

    Returns:
        The result. A model that raises, or takes longer than its timeout, gives one whose `failure` says where.
        Outcomes are the values at the end of the run; a run that did not come to its end has none, but keeps
        its series.

    Raises:
        ExperimentError: If it is no run configuration.
        Exception: Anything that the model raises, with `raise_errors`.

    Example:
        >>> from mesa.examples import Schelling
        >>> from mesa_lab.preparation.run_configuration import RunConfiguration
        >>> result = simulate(RunConfiguration(Schelling, 0, 0, {"density": 0.5}, max_steps=3, seed=1))
        >>> result.status, result.steps, sorted(result.outcomes)
        ('done', 3, ['happy', 'minority_pct', 'pct_happy', 'population'])
    """
    if not isinstance(configuration, RunConfiguration):
        raise ExperimentError(f"simulate takes one run configuration, not {_described(configuration)}")
    task = Task(
        configuration.run_id,
        configuration.point,
        configuration.iteration,
        configuration.seed,
        configuration.parameters,
    )
    output = Output()
    try:
        protocol = configuration.protocol
        if raise_errors:
            protocol = replace(protocol, on_error="fail")
        with installed(), heard(output):
            plan = Plan(load_model(protocol.model), protocol)
            run = carry_out(plan, task, Surroundings(), output=output, raise_errors=raise_errors)
    except Exception as error:
        if raise_errors:
            raise
        run = Run(task, status="failed", failure=failure_from(error, "setting up"))
    series: dict[str, Any] | None = None
    if run.row_steps:
        run_ids = [task.run_id] * len(run.row_steps)
        series = {"run_id": run_ids, "step": run.row_steps, "time": run.row_times, **run.columns}
    return RunResult(
        run_id=task.run_id,
        point=task.point,
        iteration=task.replication,
        seed=task.seed,
        parameters=task.parameters,
        status=run.status,
        steps=run.steps,
        time=run.time,
        init_seconds=run.init_seconds,
        run_seconds=run.run_seconds,
        outcomes=run.finals,
        failure=run.failure,
        notes=tuple(run.notes),
        series=None if series is None else decode_table(encode_columns(series)),
        agents={
            key: decode_table(encode_columns(agent_columns([(task.run_id, chunks)])))
            for key, chunks in run.agents.items()
            if chunks
        },
        tables={
            name: pa.table({"step": array_of(rows.steps)} | {n: array_of(c) for n, c in rows.columns.items()})
            for name, rows in run.tables.items()
        },
        output=output.end(MOST),
    )


def _described(given: object) -> str:
    """What was given instead of a run configuration, and what to do with it."""
    if hasattr(given, "configurations"):  # an experiment
        return "an experiment. All of its runs: run(experiment); the first one: simulate(experiment.configurations()[0])."
    if isinstance(given, list | tuple) and all(isinstance(each, RunConfiguration) for each in given):
        return f"{len(given):,} of them. For all: BatchRunner(configurations).run_all(); for one: simulate(configurations[0])."
    name = given.__name__ if isinstance(given, type) else f"{given!r:.80}"
    return f"{name}. Make one: RunConfiguration(Model, run_id=0, iteration=0, parameters={{}}, max_steps=100, seed=1)."


def carry_out(
    plan: Plan,
    task: Task,
    surroundings: Surroundings,
    trace: TextIO | None = None,
    see: Callable[[Any], None] | None = None,
    output: Output | None = None,
    raise_errors: bool = False,
) -> Run:
    """Carry out one run; to be called within `adoption.installed`.

    Args:
        plan: What the run shares with others.
        task: What is its own.
        surroundings: What it finds, and what others shall find after it.
        trace: Where to write what a run was doing that does not heed its time limit, before this process is ended; None in a
            process that is not a worker.
        see: Called with each model after its run, or with None when it could not be set up.
        output: Where what it prints is kept; of a run that has to be done again, only the last attempt's.
        raise_errors: Raise what the model raises.

    Returns:
        The run, done, failed or timed out.

    Raises:
        KeyboardInterrupt: If the user interrupts it, in a process that is not a worker.
    """
    attempt: Attempt | None = None
    model: Any = None
    folders = {working_folder(plan.model_cls)}
    for number in itertools.count():
        if number:
            attempt = model = None  # its recorder may hold what the model collected
            if output is not None:
                output.forget()
            gc.collect()  # the model of the attempt before goes first
        attempt = Attempt(plan, task, is_final=number >= MOST_ATTEMPTS)
        status, failure = "done", None
        try:
            surroundings.enter(working_folder(plan.model_cls))
            if plan.protocol.timeout is None:
                attempt.go()
            else:
                with time_limit(plan.protocol.timeout, trace):
                    attempt.go()
        except RestartError:
            continue
        except BaseException as error:
            # A worker ignores what is pressed at the keyboard: there it is the model that raised this.
            if isinstance(error, KeyboardInterrupt) and trace is None:
                raise
            if attempt.recorder.must_restart:  # and the model made another exception of it
                continue
            if not isinstance(error, RunTimeoutError) and attempt.recorder.must_fail_again():
                continue
            if find_another_folder(error, plan.model_cls, folders, surroundings.folder):
                continue
            if raise_errors:
                raise
            status, failure = _end_of(error, attempt.stage, plan)
        finally:
            ended = perf_counter()
            attempt.read_rows(failure is None)
            surroundings.restore(attempt.model)
            if see is not None:
                see(attempt.model)
            time = time_of(attempt.model)
            model, attempt.model = attempt.model, None
        tables = attempt.recorder.tables(model)
        del model
        return attempt.result(status, failure, time, ended, tables)
    raise AssertionError


def _end_of(error: BaseException, stage: str, plan: Plan) -> tuple[str, Failure]:
    """Tell the status of a run that this ended, and what happened."""
    if isinstance(error, RunTimeoutError):
        message = f"The run was stopped after {plan.protocol.timeout:g} s, its timeout."
        return "timed out", failure_from(error, stage, message)
    return "failed", failure_from(error, stage)


class Attempt:
    """One attempt at a run, and how far it has come.

    Args:
        plan: What the run shares with others.
        task: What is its own.
        is_final: It is not to be done again for want of what its recorder left out.
    """

    __slots__ = ("model", "plan", "ready", "recorder", "rows", "stage", "started", "steps", "task")

    def __init__(self, plan: Plan, task: Task, is_final: bool) -> None:
        self.plan = plan
        self.task = task
        self.stage = "setting up"
        self.steps = 0
        self.model: Any = None
        rule = plan.protocol.rows
        self.recorder = (CollectorRecorder if rule is not None and rule.from_records else Recorder)(
            plan, is_final
        )
        self.rows: list[CollectedStep] | None = None
        self.started = perf_counter()
        self.ready: float | None = None

    def go(self) -> None:
        """Build the model and advance it until it stops.

        Raises:
            RestartError: If the run has to be done again.
            Exception: What the model raises.
        """
        watch(self.recorder)
        try:
            self._go()
        finally:
            watch(None)

    def _go(self) -> None:
        recorder, plan, task = self.recorder, self.plan, self.task
        rule = plan.protocol.rows
        construct = build_as_given if rule is not None and rule.as_given else build
        model = self.model = construct(plan.model_cls, with_members(task.parameters, plan.enums), task.seed)
        recorder.begin(model)
        self.ready = perf_counter()
        advance = stepper(model)
        limit, max_time, stop, step = plan.limit, plan.protocol.max_time, plan.stop, 0
        counted = recorder.counted_steps if isinstance(recorder, CollectorRecorder) else None
        while True:
            self.stage = "measuring"
            last = (
                (step if counted is None else counted(model, step)) >= limit
                or not getattr(model, "running", True)
                or (max_time is not None and (time_of(model) or 0.0) >= max_time)
            )
            if recorder.measures_more:
                recorder.measure(model, last)
            if stop is not None and not last and step > 0:
                last = stop(lambda name: recorder.value_of(name, model), model)
            recorder.close(model, last)
            if last:
                recorder.end(model)
                break
            self.stage = "stepping"
            recorder.step = step = step + 1
            advance()
            self.steps = step

    def read_rows(self, is_done: bool) -> None:
        """Make rows of what the model's collector has recorded, where they are asked for."""
        if isinstance(self.recorder, CollectorRecorder) and not self.recorder.must_restart:
            self.rows = self.recorder.rows(self.model, is_done)

    def result(
        self,
        status: str,
        failure: Failure | None,
        time: float | None,
        ended: float,
        tables: Mapping[str, TableRows],
    ) -> Run:
        """Return what it left, of the steps that it completed."""
        recorder, series = self.recorder, self.recorder.series
        columns: Mapping[str, list[Cell]] = series.columns
        finals = {}
        if failure is None:
            for name, value in recorder.latest.items():
                kept = finals[name] = stored(value)
                if type(kept) is float and type(value) is int:  # too large for a cell's 64 bits
                    recorder.notes.forms["", name, "number:int"] = None
        if not (SERIES_KEYS.isdisjoint(columns) and SERIES_KEYS.isdisjoint(finals)):
            columns, finals = _clear_of_keys(columns), _clear_of_keys(finals)
        notes = recorder.notes.lines()
        if status == "done":
            notes += recorder.missing_agents()
        if said := said_of_folder(self.plan.model_cls):
            notes.append(said)
        return Run(
            self.task,
            status,
            self.steps,
            time,
            (self.ready or ended) - self.started,
            ended - self.ready if self.ready else 0.0,
            failure,
            notes,
            finals,
            series.steps,
            series.times,
            columns,
            recorder.agent_chunks(),
            tables,
            tuple(recorder.notes.forms),
            rows=self.rows,
        )


def _clear_of_keys[V](columns: Mapping[str, V]) -> dict[str, V]:
    return {f"{name} (outcome)" if name in SERIES_KEYS else name: column for name, column in columns.items()}
