"""Columnar data collection inside a run.

A recorder measures one run and keeps one list per outcome. It takes over the model's DataCollector (`adoption`) and
evaluates only what was asked for, at the steps that are wanted; reporters that are not surely without effect, and
models that read their records back (`traits`), get Mesa's complete procedure. Where the code did not tell in
advance, `RestartError` asks for the run to be done again, completely. The rows are the same either way.

A model without a collector, or one that never calls it, is measured after set-up and after each step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesa_lab.preparation.outcomes import Outcome
from mesa_lab.running.collection.agent_tables import AgentTables, Notes
from mesa_lab.running.collection.arrow_columns import SERIES_KEYS
from mesa_lab.running.collection.collection_plan import Plan
from mesa_lab.running.collection.data_collector import RestartError, adopt, adoptable, collect_completely
from mesa_lab.running.collection.outcome_values import (
    PLAIN,
    Measure,
    UnstorableError,
    cell,
    describe_agents,
    function_of,
    reporter_function,
)
from mesa_lab.study.records import Scalar

__all__ = ["Recorder", "time_of"]


class Recorder:
    """Measures one run.

    Args:
        plan: What is to be measured.

    Attributes:
        step: The step that is under way; 0 during set-up.
        latest: The most recent value of each outcome.
        row_steps: The step of each row of the series.
        row_times: The simulated time of each.
        columns: The series, one list per outcome.
        notes: What could not be measured.
        agents: The agent tables, once there are any.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.step = 0
        self.latest: dict[str, Scalar] = {}
        self.row_steps: list[int] = []
        self.row_times: list[float | None] = []
        self.columns: dict[str, list[Scalar]] = {}
        self.notes = Notes()
        self.agents: AgentTables | None = None
        self._protocol = plan.protocol
        self._current: dict[str, Scalar] = {}
        self._collector: Any = None
        self._adopted = False
        self._complete = plan.complete
        self._quiet = True
        self._measures_itself = False
        self._must_restart = False
        self._reporters: dict[str, tuple[str, Measure]] = {}
        self._own: dict[str, Measure] = {}
        self._types: dict[str, tuple[str, ...]] | None = None
        self._seen: dict[str, int] = {}
        self._unstorable: set[str] = set()
        self._collected_at = self._measured_at = self._skipped_at = -1
        self._model: Any = None
        self._collects_at_once = False

    def adopts(self, collector: Any, model: Any) -> bool:
        """Take over this collector, if it is the model's own and can be."""
        own: Any = getattr(model, "datacollector", None)
        kind: Any = type(collector)
        if collector is not own or collector is self._collector or not adoptable(kind):
            return False
        self._collector, self._model, self.agents = collector, model, None
        self._adopted = True
        self._collected_at = self._measured_at = self._skipped_at = -1
        self._quiet = self.plan.is_quiet(collector)
        self._complete = self.plan.complete or not self._quiet
        self._settle(collector.model_reporters)
        self._collects_at_once = False
        adopt(collector, self)
        return True

    def is_read(self) -> None:
        """Answer for the collector's records, which the model is about to read."""
        if not self._complete:
            self._must_restart = self.plan.complete = True
            raise RestartError

    def collect(self, collector: Any, model: Any) -> None:
        """Do what `collector.collect(model)` has to do."""
        if model is not self._model:
            self.is_read()
            collect_completely(collector, model, False, self._note)
            return
        self._collected_at = self.step
        if self._complete:
            values = collect_completely(collector, model, not self._quiet, self._note)
            for name, (source, _) in self._reporters.items():
                self._current[name] = self._cell(name, values.get(source))
        elif self._is_wanted(last=False):
            for name, (_, measure) in self._reporters.items():
                self._current[name] = self._measure(name, measure, model)
        else:
            self._skipped_at = self.step
            return
        self._measured_at = self.step
        self._take_agents(model)

    def begin(self, model: Any) -> None:
        """Look at a model that was just set up."""
        collector = getattr(model, "datacollector", None)
        if collector is not self._collector and not self.adopts(collector, model):
            self._adopted = False
            # A collector of another kind is read after each step, if it keeps records as Mesa's does.
            records = getattr(collector, "model_vars", None)
            self._collector = collector if isinstance(records, dict) else None
            self._settle(records if isinstance(records, dict) else {})
        elif collector is None:
            self._settle({})
        self._collects_at_once = self._adopted and self._collected_at == 0
        self._measures_itself = self._adopted and self._collected_at < 0 and not self.plan.traits.collects

    @property
    def sources(self) -> dict[str, str] | None:
        """The reporter behind each outcome, where each collection simply makes a row of all of them; else None."""
        simple = (
            self.plan.is_simple
            and self._collects_at_once
            and self._types is None
            and not (self._complete or self._own or self.notes)
            and SERIES_KEYS.isdisjoint(self._reporters)
        )
        return {name: source for name, (source, _) in self._reporters.items()} if simple else None

    def measure(self, model: Any, last: bool) -> None:
        """Measure what is due after a step.

        Args:
            model: The model.
            last: It is known that no other step will follow.

        Raises:
            RestartError: The run has to be done again.
        """
        if self._must_restart:  # and the model caught the exception that said so
            raise RestartError
        if self._measures_itself:
            self._collector.collect(model)
        elif self._collector is not None and not self._adopted:
            self._observe()
        if self._is_wanted(last):
            for name, measure in self._own.items():
                self._current[name] = self._measure(name, measure, model)
            if self._collector is None or not self._adopted:
                self._take_agents(model)
            if self._types is None and self._unstorable and self._unstorable == self._reporters.keys():
                # Not one reporter's value fits a table: describe the agents instead.
                self._types, self._reporters, self._current = {}, {}, {}
            if self._types is not None:
                self._describe(model, self._types)
        self.latest.update(self._current)

    def close(self, model: Any, last: bool) -> None:
        """Complete a step's row.

        Args:
            model: The model.
            last: No other step will follow.

        Raises:
            RestartError: The run has to be done again.
        """
        if last and self._skipped_at > self._measured_at:
            self.plan.unforeseen = True
            raise RestartError
        if last and self._adopted and self._collected_at < 0:
            # It never collected, though its code says that it may: at least the end is measured.
            self._collector.collect(model)
            self.latest.update(self._current)
        if self.agents is not None and self._adopted and self._complete and self._collected_at == self.step:
            records = self._collector.__dict__
            general = records["_agent_records"].get(model.time, ())
            special = records["_agenttype_records"].get(model.time, {})
            self.agents.take_records(
                lambda kind: general if kind is object else special.get(kind, ()), self.step
            )
        period = self._protocol.period
        due = last or (period > 0 and self.step % period == 0)
        if self.agents is not None:
            (self.agents.keep if due else self.agents.drop)()
        if due and period > 0 and self._current:
            self._append_row(model)
        self._current = {}

    def value_of(self, name: str, model: Any) -> Any:
        """Find what a stop rule means by a name.

        Args:
            name: An outcome, `step`, a reporter, or an attribute of the model.
            model: The model.

        Raises:
            AttributeError: If it is none of these.
        """
        if name in self.latest:
            return self.latest[name]
        if name in ("step", "steps"):
            return self.step
        reporters: Mapping[str, Any] = getattr(self._collector, "model_reporters", None) or {}
        if name in reporters:
            recorded = self._collector.__dict__["model_vars"][name] if self._complete else ()
            return recorded[-1] if recorded else reporter_function(reporters[name])(model)
        return function_of(Outcome(name, name))(model)

    def _settle(self, reporters: Mapping[str, Any]) -> None:
        """Settle where each outcome comes from: a reporter, or a function of the model."""
        self._reporters, self._own, self._current = {}, {}, {}
        if self._protocol.outcomes is None:
            self._reporters = {
                name: (name, reporter_function(reporter)) for name, reporter in reporters.items()
            }
            self._types = None if reporters else {}
            return
        for name, (outcome, measure) in self.plan.own.items():
            source = outcome.source.strip() if isinstance(outcome.source, str) else ""
            if source in reporters:
                self._reporters[name] = (source, reporter_function(reporters[source]))
            else:
                self._own[name] = measure

    def _is_wanted(self, last: bool) -> bool:
        """Whether this step's values may end up in a row or as final values."""
        period = self._protocol.period
        return (
            last
            or self.plan.unforeseen
            or (period > 0 and self.step % period == 0)
            or self.step == self._protocol.max_steps
        )

    def _take_agents(self, model: Any) -> None:
        if self._protocol.agents is False:
            return
        if self.agents is None:
            self.agents = AgentTables(self._protocol.agents, self._collector, model, self.notes)
        self.agents.take(model, self.step, recorded=self._adopted and self._complete)

    def _measure(self, name: str, measure: Measure, model: Any) -> Scalar:
        try:
            value = measure(model)
            return value if type(value) in PLAIN else cell(value)
        except Exception as error:
            self._note(name, error)
            if isinstance(error, UnstorableError) and self._protocol.outcomes is None and not self.latest:
                self._unstorable.add(name)
            return None

    def _cell(self, name: str, value: Any) -> Scalar:
        return value if type(value) in PLAIN else self._measure(name, lambda _: value, None)

    def _note(self, name: str, error: Exception) -> None:
        self.notes.add(name, self.step, error)

    def _describe(self, model: Any, types: dict[str, tuple[str, ...]]) -> None:
        for name, value in describe_agents(model, types).items():
            self._current[name] = self._cell(name, value)

    def _observe(self) -> None:
        """Read what a collector of another kind has stored since the last step."""
        records: Mapping[str, Any] = self._collector.model_vars
        for name, (source, _) in self._reporters.items():
            values: Sequence[Any] = records.get(source) or ()
            if len(values) > self._seen.get(source, 0):
                self._seen[source] = len(values)
                self._current[name] = self._cell(name, values[-1])

    def _append_row(self, model: Any) -> None:
        if self._current.keys() != self.columns.keys():
            for name in self._current:
                if name not in self.columns:
                    # Of a type that nobody had created yet there were none.
                    missing = 0 if self._types is not None and name.startswith("count(") else None
                    self.columns[name] = [missing] * len(self.row_steps)
        for name, column in self.columns.items():
            column.append(self._current.get(name))
        self.row_steps.append(self.step)
        self.row_times.append(time_of(model))


def time_of(model: Any) -> float | None:
    """The simulated time, None when the model has none."""
    try:
        return float(model.time)
    except (AttributeError, TypeError, ValueError):
        return None
