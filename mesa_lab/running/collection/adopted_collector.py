"""One data collector of a model that a recorder has taken over: what it reports, and what it collected last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from mesa_lab.preparation.models.collectors import data_set_reporters
from mesa_lab.preparation.outcomes import AgentSelection
from mesa_lab.running.collection.agent_tables import AgentTables
from mesa_lab.running.collection.notes import Notes
from mesa_lab.running.collection.reporters import AgentReporters, ModelReporters
from mesa_lab.study.records import Scalar

__all__ = ["AdoptedCollector", "Owner", "reports_agents", "selection_for", "whole_selection"]


class Owner(Protocol):
    """What an adopted collector belongs to: the recorder of the run."""

    step: int
    notes: Notes

    def collect(self, adopted: AdoptedCollector, model: Any) -> None:
        """Do what `collector.collect(model)` has to do."""

    def is_read(self) -> None:
        """Answer for the records, which the model is about to read."""

    def cell(self, adopted: AdoptedCollector, reporter: str, value: Any) -> Scalar:
        """Convert what a reporter gave into what a cell holds."""

    def note(self, adopted: AdoptedCollector, reporter: str, error: Exception) -> None:
        """Note that a reporter has no value."""


class AdoptedCollector:
    """One data collector of a model, taken over.

    Args:
        collector: The collector.
        owner: The recorder.

    Attributes:
        reporters: Its model-level reporters.
        asked: The reporters that are outcomes, by the outcome's name.
        is_all_asked: Each reporter is an outcome under its own name.
        collected_at: The step at which it collected last; -1 before it did.
        agents: The agent tables, once there are any.
    """

    def __init__(self, collector: Any, owner: Owner) -> None:
        self.collector = collector
        self.reporters = ModelReporters({})
        self.asked: dict[str, str] = {}
        self.is_all_asked = False
        self.collected_at = -1
        self.agents: AgentTables | None = None
        self._owner = owner
        self._agent_reporters: AgentReporters | None = None
        self._takes_records = False
        self._cell = lambda reporter, value: owner.cell(self, reporter, value)
        self._note = lambda reporter, error: owner.note(self, reporter, error)

    def settle(self, asked: Mapping[str, str]) -> None:
        """Settle which reporters are outcomes.

        Args:
            asked: Names of reporters by the name of the outcome.
        """
        reporters = self.collector.model_reporters
        if len(reporters) != len(self.reporters):
            self.reporters = ModelReporters(reporters)
        self.asked = dict(asked)
        self.is_all_asked = asked.keys() == reporters.keys() and all(
            name == source for name, source in asked.items()
        )

    @property
    def is_settled(self) -> bool:
        """Whether no reporter was added since."""
        return len(self.collector.model_reporters) == len(self.reporters)

    # ------------------------------------------------------------ called by the model

    def collect(self, model: Any) -> None:
        """Do what `collector.collect(model)` has to do."""
        self._owner.collect(self, model)

    def is_read(self) -> None:
        """Answer for the collector's records, which the model is about to read."""
        self._owner.is_read()

    # ------------------------------------------------------------ called by the recorder

    def evaluate(self, model: Any, keeps_records: bool, validates: bool) -> dict[str, Scalar]:
        """Call every model-level reporter, and return the values of those that are outcomes.

        Args:
            model: The model.
            keeps_records: Store them in the collector too, as Mesa does.
            validates: It is the model that collects, and Mesa would check the reporters before the first time.
        """
        if self.collected_at < 0 and validates:
            self.reporters.validate(self.collector, model)
        self.collected_at = self._owner.step
        records = self.collector.__dict__ if keeps_records else None
        values = self.reporters.evaluate(model, self._cell, self._note, records)
        if self.is_all_asked:
            return values
        return {name: values[source] for name, source in self.asked.items()}

    def record(self, model: Any) -> None:
        """Call every model-level reporter, and store what it gives in the collector as Mesa does."""
        if self.collected_at < 0:
            self.reporters.validate(self.collector, model)
        self.collected_at = self._owner.step
        self.reporters.evaluate(model, lambda name, value: None, self._note, self.collector.__dict__)

    def collect_agents(self, model: Any, selection: AgentSelection, keeps_records: bool) -> None:
        """Call every reporter of agents, and gather what is selected."""
        reporters = self._agent_reporters
        if reporters is None:
            reporters = self._agent_reporters = AgentReporters(self.collector, self._note_agents)
        if self.agents is None and selection is not False:
            self.agents = AgentTables(selection, reporters, model, self._owner.notes)
        reported = {}
        if keeps_records:
            reporters.record(self.collector, model)
        else:
            reported = reporters.evaluate(model, self.agents.asked if self.agents else {})
        if self.agents is not None:
            self.agents.take(model, self._owner.step, reported, keeps_records)
        self._takes_records = keeps_records

    def close_agents(self, model: Any, due: bool) -> None:
        """Complete the agents' rows of a step, and keep them where they are due."""
        tables = self.agents
        if tables is None:
            return
        if self._takes_records and self.collected_at == self._owner.step:
            records = self.collector.__dict__
            general = records["_agent_records"].get(model.time, ())
            special = records["_agenttype_records"].get(model.time, {})
            tables.take_records(
                lambda kind: general if kind is object else special.get(kind, ()), self._owner.step
            )
        (tables.keep if due else tables.drop)()

    def _note_agents(self, reporter: str, error: Exception) -> None:
        if self.agents is not None and any(reporter in names for names in self.agents.asked.values()):
            self._owner.notes.add(reporter, self._owner.step, error)


def reports_agents(collector: Any) -> bool:
    """Whether a data collector has reporters of agents."""
    return bool(collector.agent_reporters or collector.agenttype_reporters)


def selection_for(
    collector: Any, collectors: Sequence[Any], asked: AgentSelection, model: Any
) -> AgentSelection:
    """Return what is taken when a collector collects.

    The first one that reports agents brings all that is asked for, the others what they report of it.

    Args:
        collector: The collector.
        collectors: All collectors of the model, that one among them.
        asked: What the experiment asks for.
        model: The model.
    """
    reporting = [each for each in collectors if reports_agents(each)]
    if asked is False or collector is (reporting or collectors)[0]:
        return whole_selection(collectors, asked, model)
    if asked is True:
        return reports_agents(collector)
    names = set(collector.agent_reporters)
    if isinstance(asked, tuple):
        return tuple(name for name in asked if name in names) or False
    by_type = {kind.__name__: names.union(own) for kind, own in collector.agenttype_reporters.items()}
    own = {
        kind: tuple(name for name in listed if name in by_type.get(kind, names))
        for kind, listed in asked.items()
    }
    return {kind: listed for kind, listed in own.items() if listed} or False


def whole_selection(collectors: Sequence[Any], asked: AgentSelection, model: Any) -> AgentSelection:
    """Return all that is asked for: where no collector reports agents, the fields of the model's data sets stand for all."""
    fields = data_set_reporters(model)[1] if asked is True else {}
    if not fields or any(map(reports_agents, collectors)):
        return asked
    if object in fields:
        return tuple(dict.fromkeys(name for names in fields.values() for name in names))
    return {kind.__name__: tuple(names) for kind, names in fields.items()}
