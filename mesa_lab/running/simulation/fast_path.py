"""Runs of simple models, with as little as possible beside the model: one recorder for many runs, results straight in columns.

`simulation` is ready for anything that a run may do, which takes a fifth of the time of a run of 0.3 ms. Once a run has
shown there that its model makes a row of all reporters at each collection, and nothing else is wanted, those
that follow are done here. One that turns out to be different is done again by `simulation`, from its seed, as are all
that come after it: the rows are the same either way.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa

from mesa_lab.preparation.models import build
from mesa_lab.running.collection.arrow_columns import encode_columns
from mesa_lab.running.collection.collection_plan import Plan
from mesa_lab.running.collection.data_collector import (
    RestartError,
    adopt,
    adoptable,
    take_shortcut,
    watch,
)
from mesa_lab.running.collection.outcome_values import PLAIN, Measure, cell, reporter_function, stored
from mesa_lab.running.collection.recorder import time_of
from mesa_lab.running.simulation.cleanup import Surroundings
from mesa_lab.running.simulation.global_random_state import fingerprint
from mesa_lab.running.simulation.simulate import Run, carry_out, end_of
from mesa_lab.running.simulation.step import stepper
from mesa_lab.running.simulation.time_limit import time_limit
from mesa_lab.study.records import Batch, RunRecord, Scalar, Task

__all__ = ["SimpleRuns"]


class SimpleRuns:
    """The runs of one batch whose models are simple.

    Args:
        plan: What all runs share.
        surroundings: What each finds, and what others shall find after it.
        own_process: Whether this process is a worker, whose signals are ours.
        see: Called with each model after its run, or with None when it could not be set up.

    Attributes:
        records: One for each run that was recorded here.
    """

    __slots__ = (
        "_collected_at",
        "_collector",
        "_columns",
        "_ends",
        "_finals",
        "_model",
        "_odd",
        "_own_process",
        "_plan",
        "_ready",
        "_reporters",
        "_see",
        "_sources",
        "_stage",
        "_started",
        "_step",
        "_steps",
        "_surroundings",
        "_times",
        "records",
    )

    def __init__(
        self,
        plan: Plan,
        surroundings: Surroundings,
        own_process: bool = False,
        see: Callable[[Any], None] = lambda model: None,
    ) -> None:
        self.records: list[RunRecord] = []
        self._plan = plan
        self._surroundings = surroundings
        self._own_process = own_process
        self._see = see
        self._sources = plan.sources or {}
        self._columns: dict[str, list[Scalar]] = {name: [] for name in self._sources}
        self._ends = [0]  # the rows of each run end where those of the next begin
        self._steps = array("q")
        self._times: list[float | None] = []
        self._finals: list[tuple[Scalar, ...]] = []
        # Of the run that is under way:
        self._model: Any = None
        self._collector: Any = None
        self._reporters: list[tuple[Callable[[Scalar], None], Measure]] = []
        self._stage = ""
        self._step = 0
        self._collected_at = -1
        self._started = 0.0
        self._ready: float | None = None
        self._odd = False

    # ------------------------------------------------------------ for the worker

    def carry_out(self, task: Task) -> Run | None:
        """Carry out one run, within `adoption.installed`.

        Args:
            task: The run.

        Returns:
            None when it is done and recorded here; otherwise what it left, as `simulation` tells it.

        Raises:
            KeyboardInterrupt: If the user interrupts it.
        """
        plan = self._plan
        if plan.sources is not self._sources or plan.draws is None:
            return self._by_simulation(task)
        drawn = None if plan.draws else fingerprint()
        record = failed = None
        try:
            if plan.protocol.timeout is None:
                record = self._run(task)
            else:
                with time_limit(plan.protocol.timeout, self._own_process):
                    record = self._run(task)
        except RestartError:
            self._odd = True
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            failed = self._failed(task, error)
        finally:
            self._surroundings.restore(self._model)
            self._see(self._model)
            self._model = self._collector = None
        if drawn is not None and fingerprint() != drawn:
            # It drew from the global generators, which no run before it did: they were not seeded.
            self._odd = plan.draws = True
        if record is not None and not self._odd:
            self._ends.append(len(self._steps))
            self._finals.append(tuple([stored(column[-1]) for column in self._columns.values()]))
            self.records.append(record)
            return None
        rows = self._ends[-1]
        columns: list[list[Any] | array[int]] = [self._steps, self._times, *self._columns.values()]
        for column in columns:
            del column[rows:]
        if failed is not None and not self._odd:
            return failed
        plan.sources = None
        return self._by_simulation(task)

    def encode(self) -> Batch:
        """Encode what was recorded here as one batch."""
        run_ids = pa.array(np.repeat([record.run_id for record in self.records], np.diff(self._ends)))
        steps = pa.array(np.array(self._steps))
        series = {"run_id": run_ids, "step": steps, "time": self._times, **self._columns}
        return Batch(
            runs=tuple(self.records),
            outcome_names=tuple(self._columns),
            finals=tuple(self._finals),
            series=encode_columns(series),
        )

    # ------------------------------------------------------------ for the model's collector

    def adopts(self, collector: Any, model: Any) -> bool:
        """Take over the model's collector, if it reports what is expected."""
        kind: Any = type(collector)
        own: Any = getattr(model, "datacollector", None)
        if collector is not own or not adoptable(kind):
            return False
        reporters, sources = collector.model_reporters, self._sources
        others = self._plan.protocol.outcomes is None and reporters.keys() != sources.keys()
        if others or self._collector is not None or not self._plan.is_quiet(collector):
            self.is_read()
        self._collector, self._model = collector, model
        try:
            self._reporters = [
                (column.append, reporter_function(reporters[source]))
                for column, source in zip(self._columns.values(), sources.values(), strict=True)
            ]
        except KeyError:
            self.is_read()
        adopt(collector, self)
        take_shortcut(collector, self._collect)
        return True

    def collect(self, collector: Any, model: Any) -> None:
        """Do what `collector.collect(model)` has to do."""
        if collector is not self._collector:
            self.is_read()
        self._collect(model)

    def is_read(self) -> None:
        """Give the run back: more is wanted than a row of all reporters."""
        self._odd = True
        raise RestartError

    def _collect(self, model: Any) -> None:
        step = self._step
        if model is not self._model or self._odd:
            self.is_read()
        if self._collected_at == step:  # the last collection of a step counts
            for column in self._columns.values():
                column.pop()
        self._collected_at = step
        try:
            for append, measure in self._reporters:
                value = measure(model)
                append(value if type(value) in PLAIN else cell(value))
        except Exception:
            self.is_read()

    # ------------------------------------------------------------ the run itself

    def _run(self, task: Task) -> RunRecord:
        """Do what `simulation` does in the simplest case; raise `RestartError` where it is not."""
        plan = self._plan
        self._stage, self._step, self._collected_at, self._ready = "setting up", 0, -1, None
        started = self._started = perf_counter()
        watch(self)
        try:
            model = build(plan.model_cls, task.parameters, task.seed, bool(plan.draws))
        finally:
            watch(None)
        if (
            model is not self._model
            or self._collected_at != 0
            or getattr(model, "datacollector", None) is not self._collector
        ):
            self.is_read()
        ready = self._ready = perf_counter()
        advance = stepper(model)
        limit, max_time, step = plan.limit, plan.protocol.max_time, 0
        while True:
            self._stage = "measuring"
            if self._odd:  # and the model caught the exception that said so
                raise RestartError
            time = time_of(model)
            last = (
                step >= limit
                or not getattr(model, "running", True)
                or (max_time is not None and (time or 0.0) >= max_time)
            )
            if self._collected_at == step:
                self._steps.append(step)
                self._times.append(time)
            if last:
                break
            self._stage = "stepping"
            self._step = step = step + 1
            advance()
        done = perf_counter()
        return RunRecord(*task[:4], "done", step, time, ready - started, done - ready, "")

    def _failed(self, task: Task, error: BaseException) -> Run:
        """Tell what a run left that did not come to its end: the rows of the steps that it completed."""
        now = perf_counter()
        ready = now if self._ready is None else self._ready
        status, failure = end_of(error, self._stage, self._plan)
        rows = slice(self._ends[-1], len(self._steps))
        return Run(
            task,
            status=status,
            steps=self._step - (self._stage == "stepping"),
            time=time_of(self._model),
            init_seconds=ready - self._started,
            run_seconds=now - ready,
            failure=failure,
            row_steps=self._steps[rows],
            row_times=self._times[rows],
            columns={name: column[rows] for name, column in self._columns.items()} if self._collector else {},
        )

    def _by_simulation(self, task: Task) -> Run:
        return carry_out(self._plan, task, self._surroundings, self._own_process, self._see)
