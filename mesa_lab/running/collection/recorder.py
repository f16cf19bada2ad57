"""Columnar data collection inside a run.

A recorder measures one run and keeps one list per outcome. It takes over the model's DataCollector (`adoption`) and
evaluates its reporters whenever Mesa would, and in Mesa's order, whichever outcomes are asked for: a reporter may draw
numbers or change the model. Only names of plain attributes of agents are left alone where they are not asked for
(`reporters`). What Mesa would not evaluate is measured so that random generators are as they were
(`random_states`). So what is asked for never changes the run.

Records are kept for models that read them back. Where that turns out too late, or that a model collects by itself after
all, `RestartError` asks for the run to be done again: with the same seed it is the same run.

A model without a collector, or one that never calls it, is measured after set-up and after each step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mesa_lab.running.collection.agent_tables import AgentTables
from mesa_lab.running.collection.collection_plan import Plan
from mesa_lab.running.collection.data_collector import RestartError, adopt, adoptable
from mesa_lab.running.collection.notes import Notes
from mesa_lab.running.collection.other_outcomes import OtherOutcomes, value_of
from mesa_lab.running.collection.outcome_values import PLAIN, UnstorableError, cell, reporter_function
from mesa_lab.running.collection.over_time import Summaries
from mesa_lab.running.collection.random_states import RandomStates
from mesa_lab.running.collection.reporters import AgentReporters, ModelReporters, collect_for_another
from mesa_lab.running.collection.series import Series, time_of
from mesa_lab.study.records import Scalar

__all__ = ["Recorder"]

_NO_REPORTERS = ModelReporters({})


class Recorder:
    """Measures one run.

    Args:
        plan: What is to be measured.
        is_final: The run is not to be done again for want of a row: a model that collects by itself in one attempt and not
            in the next is taken as it comes.

    Attributes:
        step: The step that is under way; 0 during set-up.
        latest: The most recent value of each outcome.
        series: The rows that are kept.
        notes: What could not be measured.
        agents: The agent tables, once there are any.
        must_restart: The run has to be done again.
        measures_more: There is something to be measured after each step.
    """

    def __init__(self, plan: Plan, is_final: bool = False) -> None:
        self.plan = plan
        self.step = 0
        self.latest: dict[str, Scalar] = {}
        self.series = Series()
        self.notes = Notes()
        self.agents: AgentTables | None = None
        self.must_restart = False
        self.measures_more = True
        self._protocol = plan.protocol
        self._is_final = is_final
        self._keeps_records = plan.reads_records
        # The model's collector, if any, and what it reports:
        self._collector: Any = None
        self._model: Any = None
        self._is_adopted = False
        self._collected_at = -1
        self._collects_for_model = False
        self._reporters = _NO_REPORTERS
        self._agent_reporters: AgentReporters | None = None
        self._takes_records = False
        self._seen: dict[str, int] = {}
        self._unstorable: set[str] = set()
        # What is asked for: reporters by the name of the outcome, and what else is measured.
        self._asked: dict[str, str] = {}
        self._asks_for_all = False
        self._others = OtherOutcomes({}, self.notes)
        self._over_time = Summaries({name: outcome for name, (outcome, _) in plan.own.items()}, self.notes)
        self._describes_agents = False
        self._current: dict[str, Scalar] = {}

    # ------------------------------------------------------------ for the model's collector

    def adopts(self, collector: Any, model: Any) -> bool:
        """Take over this collector, if it is the model's own and can be."""
        own: Any = getattr(model, "datacollector", None)
        kind: Any = type(collector)
        if collector is not own or collector is self._collector or not adoptable(kind):
            return False
        self._collector, self._model, self.agents = collector, model, None
        self._is_adopted = True
        self._collected_at = -1
        self._settle(collector.model_reporters)
        adopt(collector, self, self._collect_own)
        return True

    def is_read(self) -> None:
        """Answer for the collector's records, which the model is about to read."""
        if not self._keeps_records:
            self.plan.reads_records = True
            self._restart()

    def collect(self, collector: Any, model: Any) -> None:
        """Do what `collector.collect(model)` has to do."""
        if model is not self._model or collector is not self._collector:
            self.is_read()
            collect_for_another(collector, model, self._note)
            return
        if self._collects_for_model:
            # It was measured in place of collecting by itself, which it does after all.
            self.plan.collects = True
            if not self._is_final:
                self._restart()
            self._collects_for_model = False
        self._collect(model, self._keeps_records)

    def _collect_own(self, model: Any) -> None:
        """Do what the adopted collector's `collect(model)` has to do, the shortest way in the usual case."""
        if model is self._model and not self._collects_for_model:
            self._collect(model, self._keeps_records)
        else:
            self.collect(self._collector, model)

    def _collect(self, model: Any, keeps_records: bool) -> None:
        collector = self._collector
        if len(collector.model_reporters) != len(self._reporters):  # one was added since
            self._settle(collector.model_reporters)
        if self._collected_at < 0 and not self._collects_for_model:
            self._reporters.validate(collector, model)
        self._collected_at = self.step
        values = self._reporters.evaluate(
            model, self._cell, self._note, collector.__dict__ if keeps_records else None
        )
        if self._asks_for_all:
            self._current.update(values)
        else:
            self._current.update({name: values[source] for name, source in self._asked.items()})
        if collector.agent_reporters or collector.agenttype_reporters or self._protocol.agents is not False:
            self._collect_agents(model, keeps_records)

    def _collect_agents(self, model: Any, keeps_records: bool) -> None:
        reporters = self._agent_reporters
        if reporters is None:
            reporters = self._agent_reporters = AgentReporters(self._collector, self._note_agents)
        if self.agents is None and self._protocol.agents is not False:
            self.agents = AgentTables(self._protocol.agents, reporters, model, self.notes)
        reported = {}
        if keeps_records:
            reporters.record(self._collector, model)
        elif self._is_adopted:
            reported = reporters.evaluate(model, self.agents.asked if self.agents else {})
        if self.agents is not None:
            self.agents.take(model, self.step, reported, keeps_records)
        self._takes_records = keeps_records

    # ------------------------------------------------------------ for the run

    def begin(self, model: Any) -> None:
        """Look at a model that was just set up."""
        collector = getattr(model, "datacollector", None)
        if collector is not self._collector and not self.adopts(collector, model):
            self._is_adopted = False
            # A collector of another kind is read after each step, if it keeps records as Mesa's does.
            records = getattr(collector, "model_vars", None)
            self._collector = collector if isinstance(records, dict) else None
            self._settle(records if isinstance(records, dict) else {})
        elif collector is None:
            self._settle({})
        self._collects_for_model = self._is_adopted and self._collected_at < 0 and self.plan.collects is False
        self.measures_more = (
            not self._is_adopted or self._collects_for_model or self._describes_agents or bool(self._others)
        )

    def measure(self, model: Any, last: bool) -> None:
        """Measure what is due after a step and was not collected in it; of no use unless `measures_more`.

        Args:
            model: The model.
            last: It is known that no other step will follow.
        """
        if self._collector is not None and not self._is_adopted:
            self._observe()
        if not (last or self.plan.stop is not None or self._over_time or self._is_due()):
            return
        if self._collects_for_model:
            with RandomStates(model):
                self._collect(model, keeps_records=False)
        self._current.update(self._others.measure(model, self.step))
        if not self._is_adopted and self._protocol.agents is not False:
            self._collect_agents(model, keeps_records=False)
        if self._unstorable and self._unstorable == self._asked.keys():
            # Not one reporter's value fits a table: describe the agents instead.
            self._describes_agents, self._asks_for_all = True, False
            self._asked, self._current = {}, {}
        if self._describes_agents:
            self._current.update(self._others.describe(model, self.step))

    def close(self, model: Any, last: bool) -> None:
        """Complete a step's row.

        Args:
            model: The model.
            last: No other step will follow.

        Raises:
            RestartError: The run has to be done again.
        """
        if self.must_restart:  # and the model caught the exception that said so
            raise RestartError
        if self._collected_at < 0 and self._is_adopted:
            self._wait_for_collection(model, last)
        due = last or self._is_due()
        if self.agents is not None:
            self._close_agents(model, self.agents, due)
        if self._over_time:
            self._over_time.take(self._current, self.step, lambda name: self.value_of(name, model))
            if last:
                self.latest.update(self._over_time.results(self.step, self.plan.limit))
        if self._current:
            self.latest.update(self._current)
            if due and self._protocol.period > 0:
                # Of a type of agents that did not exist until now there were none.
                missing_count = 0 if self._describes_agents else None
                self.series.append(self.step, time_of(model), self._current, missing_count)
            self._current = {}

    def _close_agents(self, model: Any, tables: AgentTables, due: bool) -> None:
        if self._takes_records and self._collected_at == self.step:
            records = self._collector.__dict__
            general = records["_agent_records"].get(model.time, ())
            special = records["_agenttype_records"].get(model.time, {})
            tables.take_records(lambda kind: general if kind is object else special.get(kind, ()), self.step)
        (tables.keep if due else tables.drop)()

    def must_fail_again(self) -> bool:
        """Whether a run that failed has to be done again, to be measured in place of a model that did not collect."""
        is_waiting = self._is_adopted and self._collected_at < 0 and not self._collects_for_model
        if is_waiting and not self._is_final:
            self.plan.collects = False
            self.must_restart = True
        return self.must_restart

    def _wait_for_collection(self, model: Any, last: bool) -> None:
        """Measure in place of a model that does not collect, from the beginning on."""
        if not (last or (self.step == 1 and self.plan.collects is None)):
            return
        self.plan.collects = False
        if not self._is_final:
            self._restart()
        if last:
            with RandomStates(model):
                self._collect(model, keeps_records=False)

    def value_of(self, name: str, model: Any) -> Any:
        """Find what a stop rule means by a name, in the same way whichever outcomes are asked for.

        Args:
            name: An outcome, `step`, a reporter, or an attribute of the model.
            model: The model.

        Raises:
            AttributeError: If it is none of these.
        """
        for measured in (self._current, self.latest):
            if name in measured:
                return measured[name]
        if name in ("step", "steps"):
            return self.step
        name = self._asked.get(name, name)
        if name in self._reporters.values:
            return self._reporters.values[name]
        reporters: Mapping[str, Any] = getattr(self._collector, "model_reporters", None) or {}
        if name in reporters:  # it was not collected yet
            with RandomStates(model):
                return reporter_function(reporters[name])(model)
        return value_of(name, model)

    # ------------------------------------------------------------ what there is to be measured

    def _settle(self, reporters: Mapping[str, Any]) -> None:
        """Settle where each outcome comes from: a reporter, or a function of the model."""
        self._reporters, self._agent_reporters = ModelReporters(reporters), None
        self._current = {}
        if self._protocol.outcomes is None:
            self._asked = {name: name for name in reporters}
            self._asks_for_all, self._describes_agents = True, not reporters
            return
        self._asked, others = {}, {}
        for name, (outcome, measure) in self.plan.own.items():
            if outcome.over_time is not None and outcome.over_time.condition is not None:
                continue
            source = outcome.source.strip() if isinstance(outcome.source, str) else ""
            if source in reporters:
                self._asked[name] = source
            else:
                others[name] = outcome, measure
        self._others = OtherOutcomes(others, self.notes)

    def _is_due(self) -> bool:
        return self._protocol.period > 0 and self.step % self._protocol.period == 0

    def _restart(self) -> None:
        self.must_restart = True
        raise RestartError

    def _cell(self, reporter: str, value: Any) -> Scalar:
        """Convert what a reporter gave, also where it is not asked for: that may run code of the model's."""
        try:
            return cell(value)
        except Exception as error:
            self._note(reporter, error)
            if isinstance(error, UnstorableError) and self._protocol.outcomes is None and not self.latest:
                self._unstorable.add(reporter)
                self.measures_more = True
            return None

    def _note(self, reporter: str, error: Exception) -> None:
        for name, source in self._asked.items():
            if source == reporter:
                self.notes.add(name, self.step, error)

    def _note_agents(self, reporter: str, error: Exception) -> None:
        if self.agents is not None and any(reporter in names for names in self.agents.asked.values()):
            self.notes.add(reporter, self.step, error)

    def _observe(self) -> None:
        """Read what a collector of another kind has stored since the last step."""
        records: Mapping[str, Sequence[Any]] = self._collector.model_vars
        values = self._reporters.values
        for source, recorded in records.items():
            if len(recorded) > self._seen.get(source, 0):
                self._seen[source] = len(recorded)
                value = recorded[-1]
                values[source] = value if type(value) in PLAIN else self._cell(source, value)
                self._current |= {
                    name: values[source] for name, asked in self._asked.items() if asked == source
                }
