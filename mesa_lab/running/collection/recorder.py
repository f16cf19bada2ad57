"""Columnar data collection inside a run.

A recorder measures one run and keeps one list per outcome. It takes over the model's data collectors
(`adopted_collector.py`) and evaluates their reporters whenever Mesa would, and in Mesa's order, whichever outcomes are asked for: a
reporter may draw numbers or change the model. Only names of plain attributes of agents are left alone where they are not asked for
(`reporters`). What Mesa would not evaluate is measured so that random generators are as they were
(`random_states`). So what is asked for never changes the run.

Records are kept for models that read them back. Where that turns out too late, or that a model collects by itself after
all, or makes a collector in a step, `RestartError` asks for the run to be done again: with the same seed it is the same run.

A model without a collector, or one that never calls it, is measured after set-up and after each step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesa_lab.preparation.models.collectors import (
    collectors_of,
    named_reporters,
    unreported_fields,
)
from mesa_lab.running.collection.adopted_collector import (
    AdoptedCollector,
    reports_agents,
    selection_for,
    whole_selection,
)
from mesa_lab.running.collection.agent_tables import AgentTables, merged
from mesa_lab.running.collection.arrow_columns import Chunk
from mesa_lab.running.collection.collection_plan import Plan
from mesa_lab.running.collection.data_collector import RestartError, adopt, adoptable
from mesa_lab.running.collection.notes import Notes
from mesa_lab.running.collection.observed_collectors import ObservedCollectors
from mesa_lab.running.collection.other_outcomes import OtherOutcomes, value_of
from mesa_lab.running.collection.outcome_values import UnstorableError, cell, reporter_function
from mesa_lab.running.collection.over_time import Summaries
from mesa_lab.running.collection.random_states import RandomStates
from mesa_lab.running.collection.reporters import AgentReporters, collect_for_another
from mesa_lab.running.collection.series import Series, time_of
from mesa_lab.study.records import Scalar

__all__ = ["Recorder"]


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
        must_restart: The run has to be done again.
        measures_more: There is something to be measured after each step.
    """

    def __init__(self, plan: Plan, is_final: bool = False) -> None:
        self.plan = plan
        self.step = 0
        self.latest: dict[str, Scalar] = {}
        self.series = Series()
        self.notes = Notes()
        self.must_restart = False
        self.measures_more = True
        self._protocol = plan.protocol
        self._is_final = is_final
        self._keeps_records = plan.reads_records
        self._waits_for_late = bool(plan.late)
        # The model and its collectors: those that are taken over, those of another kind.
        self._model: Any = None
        self._has_begun = False
        self._adopted: dict[str, AdoptedCollector] = {}
        self._observed = ObservedCollectors(self.notes)
        self._collects_for_model = False
        self._is_waiting = False  # no collector has collected yet
        self._agents_in_place: AgentTables | None = None
        self._unstorable: set[str] = set()
        # What the model reports, and which outcomes are such reporters, each with its collector and its name there; and what
        # else is measured.
        self._all: dict[str, tuple[str, str]] = {}
        self._asked: dict[str, tuple[str, str]] = {}
        self._others = OtherOutcomes({}, self.notes)
        self._over_time = Summaries({name: outcome for name, (outcome, _) in plan.own.items()}, self.notes)
        self._describes_agents = False
        self._current: dict[str, Scalar] = {}
        self._last_row: tuple[int, float | None] | None = None  # with a period of -1
        self._last_values: dict[str, Scalar] = {}

    # ------------------------------------------------------------ for the model's collectors

    def adopts(self, collector: Any, model: Any) -> bool:
        """Take over this collector, if it is the model's own and can be."""
        kind: Any = type(collector)
        if not adoptable(kind) or not isinstance(model, self.plan.model_cls):
            return False
        if model is not self._model:
            if self._has_begun:
                return False
            # One that the model's author built on the way: the last one that is built is the one that runs.
            self._model, self._adopted, self._current = model, {}, {}
        found = collectors_of(model)
        label = next((name for name, each in found.items() if each is collector), None)
        self._take_over(label or f"collector {len(self._adopted) + 1}", collector)
        measured_in_place = self._describes_agents, self._others.names
        self._settle(found)
        if self._has_begun:
            self._begin_measuring()
            if measured_in_place != (self._describes_agents, self._others.names):
                self._restart_for_later_one()
        return True

    def _take_over(self, label: str, collector: Any) -> None:
        self._let_go(label)
        adopted = AdoptedCollector(collector, self)
        self._adopted[label] = adopted
        adopt(collector, adopted)

    def _let_go(self, label: str) -> None:
        """Forget a collector in whose place there is another."""
        if label in self._adopted:
            for name in self._adopted.pop(label).asked:
                self._current.pop(name, None)

    def _restart_for_later_one(self) -> None:
        """A collector was made after set-up: what was measured in its place until then is not what the model reports."""
        if not self.plan.late and not self._is_final:
            self.plan.late = frozenset(self._all)
            self._restart()

    def is_read(self) -> None:
        """Answer for the collectors' records, which the model is about to read."""
        if not self._keeps_records:
            self.plan.reads_records = True
            self._restart()

    def collect(self, adopted: AdoptedCollector, model: Any) -> None:
        """Do what `collector.collect(model)` has to do."""
        if model is not self._model or adopted not in self._adopted.values():
            self.is_read()
            collect_for_another(adopted.collector, model, lambda name, error: None)
            return
        if self._collects_for_model:
            # It was measured in place of collecting by itself, which it does after all.
            self.plan.collects = True
            if not self._is_final:
                self._restart()
            self._collects_for_model = False
        self._collect(adopted, model, self._keeps_records)

    def _collect(self, adopted: AdoptedCollector, model: Any, keeps_records: bool) -> None:
        if not adopted.is_settled:  # a reporter was added since
            self._settle(collectors_of(model))
        self._is_waiting = False
        self._current.update(adopted.evaluate(model, keeps_records, not self._collects_for_model))
        asked = self._protocol.agents
        if asked is not False or reports_agents(adopted.collector):
            if adopted.agents is None and asked is not False:
                collectors = [each.collector for each in self._adopted.values()]
                asked = selection_for(adopted.collector, collectors, asked, model)
            adopted.collect_agents(model, asked, keeps_records)

    # ------------------------------------------------------------ for the run

    def begin(self, model: Any) -> None:
        """Look at a model that was just set up."""
        if model is not self._model:
            self._model, self._adopted, self._current = model, {}, {}
        self._has_begun = True
        found = collectors_of(model)
        known = [adopted.collector for adopted in self._adopted.values()]
        for label, collector in found.items():
            if any(collector is each for each in known):
                continue
            kind: Any = type(collector)
            if adoptable(kind):
                self._take_over(label, collector)
            elif isinstance(getattr(collector, "model_vars", None), dict):
                # A collector of another kind is read after each step, if it keeps records as Mesa's does.
                self._observed.collectors[label] = collector
        self._settle(found)
        self._begin_measuring()

    def _begin_measuring(self) -> None:
        adopted = self._adopted.values()
        self._is_waiting = bool(adopted) and all(each.collected_at < 0 for each in adopted)
        self._collects_for_model = self._is_waiting and self.plan.collects is False
        self.measures_more = (
            not adopted
            or bool(self._observed.collectors)
            or self._collects_for_model
            or self._describes_agents
            or bool(self._others)
        )

    def measure(self, model: Any, last: bool) -> None:
        """Measure what is due after a step and was not collected in it; of no use unless `measures_more`.

        Args:
            model: The model.
            last: It is known that no other step will follow.
        """
        if self._observed.collectors:
            self._current.update(self._observed.read(self._asked, self.step))
        if not (last or self.plan.stop is not None or self._over_time or self._is_due()):
            return
        if self._collects_for_model:
            with RandomStates(model):
                for adopted in self._adopted.values():
                    self._collect(adopted, model, keeps_records=False)
        self._current.update(self._others.measure(model, self.step))
        if self._protocol.agents is not False and not self._adopted and not self._waits_for_late:
            self._take_agents(model)
        if self._unstorable and self._unstorable == self._asked.keys():
            # Not one reporter's value fits a table: describe the agents instead.
            self._describes_agents = True
            self._asked, self._current = {}, {}
            for adopted in self._adopted.values():
                adopted.settle({})
        if self._describes_agents:
            self._current.update(self._others.describe(model, self.step))

    def _take_agents(self, model: Any) -> None:
        if self._agents_in_place is None:
            collector = next(iter(self._observed.collectors.values()), None)
            reporters = AgentReporters(collector, lambda name, error: self.notes.add(name, self.step, error))
            selection = whole_selection((), self._protocol.agents, model)
            self._agents_in_place = AgentTables(selection, reporters, model, self.notes)
        self._agents_in_place.take(model, self.step, {})

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
        if self._is_waiting:
            self._wait_for_collection(model, last)
        if last:
            if self._waits_for_late and not self._adopted and not self._is_final:
                self.plan.late = frozenset()
                self._restart()
            self._collect_the_rest(model)
        due = last or self._is_due()
        for adopted in self._adopted.values():
            adopted.close_agents(model, due)
        if self._agents_in_place is not None:
            (self._agents_in_place.keep if due else self._agents_in_place.drop)()
        if self._over_time:
            self._over_time.take(self._current, self.step, lambda name: self.value_of(name, model))
            if last:
                self.latest.update(self._over_time.results(self.step, self.plan.limit))
        if self._current:
            self.latest.update(self._current)
            if self._protocol.period < 0:
                self._last_row = self.step, time_of(model)
                self._last_values.update(self._current)
            elif due:
                # Of a type of agents that did not exist until now there were none.
                missing_count = 0 if self._describes_agents else None
                self.series.append(self.step, time_of(model), self._current, missing_count)
            self._current = {}
        if last and self._last_row is not None:
            self.series.append(*self._last_row, self._last_values)

    def must_fail_again(self) -> bool:
        """Whether a run that failed has to be done again, to be measured in place of a model that did not collect."""
        if self._is_final:
            return self.must_restart
        if self._is_waiting and not self._collects_for_model:
            self.plan.collects = False
            self.must_restart = True
        if self._waits_for_late and self._has_begun and not self._adopted:
            self.plan.late = frozenset()
            self.must_restart = True
        return self.must_restart

    def _wait_for_collection(self, model: Any, last: bool) -> None:
        """Measure in place of a model that does not collect, from the beginning on."""
        if not (last or (self.step == 1 and self.plan.collects is None)):
            return
        self.plan.collects = False
        if not self._is_final:
            self._restart()

    def _collect_the_rest(self, model: Any) -> None:
        """Measure at the end what was never collected; one of several collectors may be called by nobody."""
        for adopted in self._adopted.values():
            if adopted.collected_at < 0:
                with RandomStates(model):
                    self._collect(adopted, model, keeps_records=False)

    def agent_chunks(self) -> dict[str, list[Chunk]]:
        """The agents' data that were kept, by table."""
        return merged([tables.chunks() for tables in self._agent_tables()])

    def missing_agents(self) -> list[str]:
        """What was asked for of the agents and never found, one sentence each."""
        return [line for tables in self._agent_tables() for line in tables.missing()]

    def _agent_tables(self) -> list[AgentTables]:
        tables = [*(adopted.agents for adopted in self._adopted.values()), self._agents_in_place]
        return [each for each in tables if each is not None]

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
        where = self._asked.get(name) or self._all.get(name)
        if where is None:
            return value_of(name, model)
        label, reporter = where
        if where in self._observed.values:
            return self._observed.values[where]
        adopted = self._adopted.get(label)
        if adopted is None:
            return value_of(reporter, model)
        if reporter in adopted.reporters.values:
            return adopted.reporters.values[reporter]
        with RandomStates(model):  # it was not collected yet
            return reporter_function(adopted.collector.model_reporters[reporter])(model)

    # ------------------------------------------------------------ what there is to be measured

    def _settle(self, found: Mapping[str, Any]) -> None:
        """Settle where each outcome comes from: a reporter, or a function of the model."""
        for label, each in found.items():
            if label in self._adopted and self._adopted[label].collector is not each:
                self._let_go(label)
        observed = self._observed.collectors
        collectors = {
            label: self._adopted[label].collector if label in self._adopted else observed[label]
            for label in dict.fromkeys([*found, *self._adopted])
            if label in self._adopted or label in observed
        }
        self._adopted = {label: self._adopted[label] for label in collectors if label in self._adopted}
        named = named_reporters(collectors)
        self._all = {name: (reporter.collector, reporter.name) for name, reporter in named.items()}
        fields = unreported_fields(self._model, named)
        self._asked, others = self.plan.sources(self._all, fields, self._waits_for_late)
        if self._protocol.outcomes is None:
            self._describes_agents = not named and not fields and not self._waits_for_late
        self._others = OtherOutcomes(others, self.notes)
        for label, adopted in self._adopted.items():
            adopted.settle({name: source for name, (where, source) in self._asked.items() if where == label})

    def _is_due(self) -> bool:
        return self._protocol.period > 0 and self.step % self._protocol.period == 0

    def _restart(self) -> None:
        self.must_restart = True
        raise RestartError

    def cell(self, adopted: AdoptedCollector, reporter: str, value: Any) -> Scalar:
        """Convert what a reporter gave, also where it is not asked for: that may run code of the model's."""
        try:
            return cell(value)
        except Exception as error:
            self.note(adopted, reporter, error)
            if isinstance(error, UnstorableError) and self._protocol.outcomes is None and not self.latest:
                self._unstorable |= {name for name, source in adopted.asked.items() if source == reporter}
                self.measures_more = True
            return None

    def note(self, adopted: AdoptedCollector, reporter: str, error: Exception) -> None:
        """Note that a reporter has no value, where it is asked for."""
        for name, source in adopted.asked.items():
            if source == reporter:
                self.notes.add(name, self.step, error)
