"""One run: build a model, advance it until it stops, measure it, and tell what happened. Never raises.

Steps are counted here, since not every Mesa release counts them. How runs are spread over processes is not
this room's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from mesa_lab.preparation.models import build, load_model, seed_generators
from mesa_lab.preparation.run_configuration import RunConfiguration
from mesa_lab.running.collection.arrow_columns import (
    SERIES_KEYS,
    Chunk,
    agent_columns,
    decode_table,
    encode_columns,
)
from mesa_lab.running.collection.collection_plan import Plan
from mesa_lab.running.collection.data_collector import RestartError, installed, watch
from mesa_lab.running.collection.outcome_values import stored
from mesa_lab.running.collection.recorder import Recorder, time_of
from mesa_lab.running.simulation.cleanup import Surroundings
from mesa_lab.running.simulation.failure import failure_from
from mesa_lab.running.simulation.global_random_state import fingerprint
from mesa_lab.running.simulation.step import stepper
from mesa_lab.running.simulation.time_limit import RunTimeoutError, time_limit
from mesa_lab.study.records import Failure, RunResult, Scalar, Task

__all__ = ["Run", "carry_out", "end_of", "simulate"]


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
    finals: dict[str, Scalar] = field(default_factory=dict)
    row_steps: Sequence[int] = ()
    row_times: Sequence[float | None] = ()
    columns: Mapping[str, list[Scalar]] = field(default_factory=dict)
    agents: Mapping[str, list[Chunk]] = field(default_factory=dict)


def simulate(configuration: RunConfiguration) -> RunResult:
    """Carry out one run in this process.

    Args:
        configuration: What to run, until when, and what to measure.

    Returns:
        The result. A model that raises, or takes longer than its timeout, gives one whose `failure` says where.
        Outcomes are the values at the end of the run; a run that did not come to its end has none, but keeps
        its series.

    Example:
        >>> from mesa.examples import Schelling
        >>> from mesa_lab.preparation.run_configuration import RunConfiguration
        >>> result = simulate(RunConfiguration(Schelling, 0, 0, {"density": 0.5}, max_steps=3, seed=1))
        >>> result.status, result.steps, sorted(result.outcomes)
        ('done', 3, ['happy', 'minority_pct', 'pct_happy', 'population'])
    """
    task = Task(
        configuration.run_id,
        configuration.point,
        configuration.iteration,
        configuration.seed,
        configuration.parameters,
    )
    try:
        protocol = configuration.protocol
        with installed():
            run = carry_out(Plan(load_model(protocol.model), protocol), task, Surroundings())
    except Exception as error:
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
    )


def carry_out(
    plan: Plan,
    task: Task,
    surroundings: Surroundings,
    own_process: bool = False,
    see: Callable[[Any], None] | None = None,
) -> Run:
    """Carry out one run; to be called within `adoption.installed`.

    Args:
        plan: What the run shares with others.
        task: What is its own.
        surroundings: What it finds, and what others shall find after it.
        own_process: Whether this process is a worker, whose signals are ours.
        see: Called with each model after its run, or with None when it could not be set up.

    Returns:
        The run, done, failed or timed out.

    Raises:
        KeyboardInterrupt: If the user interrupts it.
    """
    while True:
        run = Run(task)
        attempt = _Attempt(plan, run)
        before = fingerprint() if plan.draws is False else None
        try:
            if plan.protocol.timeout is None:
                attempt.go()
            else:
                with time_limit(plan.protocol.timeout, own_process):
                    attempt.go()
        except RestartError:
            continue
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            run.status, run.failure = end_of(error, attempt.stage, plan)
        finally:
            surroundings.restore(attempt.model)
            if see is not None:
                see(attempt.model)
            attempt.collect()
            del attempt
        if plan.draws is None:
            plan.draws = _has_drawn(task.seed)
        elif before is not None and fingerprint() != before:
            # No run before it drew from the global generators: they were not seeded.
            plan.draws = True
            continue
        return run


def end_of(error: BaseException, stage: str, plan: Plan) -> tuple[str, Failure]:
    """Tell the status of a run that this ended, and what happened."""
    if isinstance(error, RunTimeoutError):
        message = f"The run was stopped after {plan.protocol.timeout:g} s, its timeout."
        return "timed out", failure_from(error, stage, message)
    return "failed", failure_from(error, stage)


def _has_drawn(seed: int | None) -> bool:
    """Whether the run that was just made drew from the global generators, which it found seeded."""
    after = fingerprint()
    if after is None or seed is None:
        return True
    seed_generators(seed)
    return fingerprint() != after


class _Attempt:
    __slots__ = ("model", "plan", "ready", "recorder", "run", "stage", "started")

    def __init__(self, plan: Plan, run: Run) -> None:
        self.plan = plan
        self.run = run
        self.stage = "setting up"
        self.model: Any = None
        self.recorder = Recorder(plan)
        self.started = perf_counter()
        self.ready: float | None = None

    def go(self) -> None:
        recorder, run, plan = self.recorder, self.run, self.plan
        task = run.task
        watch(recorder)
        try:
            model = self.model = build(plan.model_cls, task.parameters, task.seed, plan.draws is not False)
        finally:
            watch(None)
        recorder.begin(model)
        self.ready = perf_counter()
        advance = stepper(model)
        limit, max_time, step = plan.limit, plan.protocol.max_time, 0
        while True:
            self.stage = "measuring"
            last = (
                step >= limit
                or not getattr(model, "running", True)
                or (max_time is not None and (time_of(model) or 0.0) >= max_time)
            )
            recorder.measure(model, last)
            if plan.stop is not None and not last and step > 0:
                last = plan.stop(lambda name: recorder.value_of(name, model), model)
            recorder.close(model, last)
            if last:
                break
            self.stage = "stepping"
            recorder.step = step = step + 1
            advance()
            run.steps = step
        run.finals = {name: stored(value) for name, value in recorder.latest.items()}

    def collect(self) -> None:
        """Keep what was measured so far, and let go of the model."""
        now = perf_counter()
        run, recorder = self.run, self.recorder
        run.init_seconds = (self.ready or now) - self.started
        run.run_seconds = now - self.ready if self.ready else 0.0
        run.time = time_of(self.model)
        if recorder.notes:
            run.notes += recorder.notes.lines()
        run.row_steps, run.row_times, run.columns = recorder.row_steps, recorder.row_times, recorder.columns
        if not (SERIES_KEYS.isdisjoint(recorder.columns) and SERIES_KEYS.isdisjoint(recorder.latest)):
            run.columns, run.finals = _clear_of_keys(run.columns), _clear_of_keys(run.finals)
        if recorder.agents is not None:
            run.agents = recorder.agents.chunks()
        if run.status == "done":
            self.plan.sources = recorder.sources
        self.model = None


def _clear_of_keys[V](columns: Mapping[str, V]) -> dict[str, V]:
    return {f"{name} (outcome)" if name in SERIES_KEYS else name: column for name, column in columns.items()}
