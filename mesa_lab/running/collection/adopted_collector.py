"""One data collector of a model that a recorder has taken over: what it reports, what it collected last, and its own tables.

Rows of those tables, which a model adds one by one (`add_table_row`), are read once, when its run ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from mesa_lab.preparation.models.collectors import data_set_reporters
from mesa_lab.preparation.outcomes import AgentSelection
from mesa_lab.running.cells import PLAIN, cell, stored
from mesa_lab.running.collection.agent_tables import AgentTables
from mesa_lab.running.collection.notes import Notes
from mesa_lab.running.collection.outcome_values import reporter_function
from mesa_lab.running.collection.random_states import RandomStates
from mesa_lab.running.collection.reporters import AgentReporters, ModelReporters
from mesa_lab.study.records import TABLE, Cell

_ROW_KEYS: Final = ("run_id", "step")

__all__ = [
    "AdoptedCollector",
    "CollectorTables",
    "Owner",
    "TableRows",
    "reports_agents",
    "rows_of_tables",
    "selection_for",
    "whole_selection",
]


class Owner(Protocol):
    """What an adopted collector belongs to: the recorder of the run."""

    step: int
    notes: Notes

    def collect(self, adopted: AdoptedCollector, model: Any) -> None:
        """Do what `collector.collect(model)` has to do."""

    def is_read(self) -> None:
        """Answer for the records, which the model is about to read."""

    def cell(self, adopted: AdoptedCollector, reporter: str, value: Any) -> Cell:
        """Convert what a reporter gave into what a cell holds."""


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
        tables: Notes when rows are added to the collector's own tables.
        label: The name under which the recorder knows it.
    """

    def __init__(self, collector: Any, owner: Owner) -> None:
        self.collector = collector
        self.reporters = ModelReporters({})
        self.asked: dict[str, str] = {}
        self.is_all_asked = False
        self.collected_at = -1
        self.agents: AgentTables | None = None
        self.tables = CollectorTables(collector)
        self.label = ""
        self._owner = owner
        self._agent_reporters: AgentReporters | None = None
        self._takes_records = False
        self._cell = lambda reporter, value: owner.cell(self, reporter, value)

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

    def added_row(self, table: str) -> None:
        """Note that a row was added to one of the collector's tables."""
        self.tables.add(table, self._owner.step)

    def is_read(self) -> None:
        """Answer for the collector's records, which the model is about to read."""
        self._owner.is_read()

    # ------------------------------------------------------------ called by the recorder

    def evaluate(self, model: Any, keeps_records: bool, validates: bool) -> dict[str, Cell]:
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
        values = self.reporters.evaluate(model, self._cell, self.note, records)
        if self.is_all_asked:
            return values
        return {name: values[source] for name, source in self.asked.items()}

    def value_of(self, reporter: str, model: Any) -> Any:
        """Return what a reporter gave last; where nothing was collected yet, what it gives now."""
        if reporter in self.reporters.values:
            return self.reporters.values[reporter]
        with RandomStates(model):
            return reporter_function(self.collector.model_reporters[reporter])(model)

    def note(self, reporter: str, error: Exception) -> None:
        """Note that a reporter has no value, where it is asked for."""
        for name, source in self.asked.items():
            if source == reporter:
                self._owner.notes.add(name, self._owner.step, error)

    def note_form(self, reporter: str, value: Any) -> None:
        """Note in what form the outcomes that are this reporter hold a value."""
        for name, source in self.asked.items():
            if source == reporter:
                self._owner.notes.form(name, value)

    def record(self, model: Any) -> None:
        """Call every model-level reporter, and store what it gives in the collector as Mesa does."""
        if self.collected_at < 0:
            self.reporters.validate(self.collector, model)
        self.collected_at = self._owner.step
        self.reporters.evaluate(model, lambda name, value: None, self.note, self.collector.__dict__)

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


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of one table.

    Attributes:
        steps: The step at which each row was added.
        columns: Values by column.
    """

    steps: Sequence[int]
    columns: Mapping[str, list[Cell]]


class CollectorTables:
    """Notes at which steps rows are added to the tables of one collector.

    Args:
        collector: The collector. Rows that it has already were added while the model was set up.
    """

    def __init__(self, collector: Any) -> None:
        self._steps: dict[str, list[int]] = {
            name: [0] * _length(columns) for name, columns in _tables(collector).items()
        }

    def add(self, name: str, step: int) -> None:
        """Note that a row was added."""
        self._steps.setdefault(name, []).append(step)

    def read(self, collector: Any, step: int, notes: Notes) -> dict[str, TableRows]:
        """Return the tables that have rows.

        Args:
            collector: The collector.
            step: The last step of the run: that of rows of which it is not known when they were added.
            notes: Where to note what cannot be kept.
        """
        found = {}
        for name, columns in _tables(collector).items():
            length = _length(columns)
            if not length:
                continue
            steps = self._steps.get(name, [])
            if len(steps) != length:  # the model writes into the lists itself
                steps = [step] * length
            kept: dict[str, list[Cell]] = {}
            for column, values in columns.items():
                key = f"{column} (column)" if column in _ROW_KEYS else str(column)
                cells = [
                    _cell(f"{name}.{column}", f"{TABLE}{name}", key, value, step, notes) for value in values
                ]
                kept[key] = cells + [None] * (length - len(cells))
            found[str(name)] = TableRows(steps, kept)
        return found


def _tables(collector: Any) -> Mapping[Any, Mapping[Any, Sequence[Any]]]:
    tables = getattr(collector, "tables", None)
    if not isinstance(tables, Mapping):
        return {}
    return {
        name: columns
        for name, columns in tables.items()
        if isinstance(columns, Mapping) and all(isinstance(values, list) for values in columns.values())
    }


def _length(columns: Mapping[Any, Sequence[Any]]) -> int:
    return max(map(len, columns.values()), default=0)


def _cell(title: str, scope: str, column: str, value: Any, step: int, notes: Notes) -> Cell:
    if type(value) in PLAIN:
        return stored(value)
    try:
        found = stored(cell(value))
    except Exception as error:
        notes.add(title, step, error)
        return None
    notes.form(column, value, scope)
    return found


def rows_of_tables(
    collectors: Mapping[str, Any], adopted: Mapping[str, AdoptedCollector], step: int, notes: Notes
) -> dict[str, TableRows]:
    """Return the tables of a model's collectors that have rows, when its run has ended.

    Args:
        collectors: The collectors by their names.
        adopted: Those of them that were taken over.
        step: The last step of the run.
        notes: Where to note what cannot be kept.
    """
    found: dict[str, TableRows] = {}
    for label, collector in collectors.items():
        try:
            if not getattr(collector, "tables", None):
                continue
            known = adopted[label].tables if label in adopted else CollectorTables(None)
            for name, rows in known.read(collector, step, notes).items():
                found[f"{label}.{name}" if name in found else name] = rows
        except Exception as error:  # a collector of another kind
            notes.add("tables", step, error)
    return found
