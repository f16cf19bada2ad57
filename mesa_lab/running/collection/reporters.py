"""What a data collector reports of a model and its agents, evaluated as Mesa does it.

A reporter that is a function, or that names a property, may draw numbers or change the model. It is called whenever Mesa
would call it, for every agent and in Mesa's order: first those of the model, then agent by agent, and for each agent one
reporter after the other. What names a plain attribute of agents leaves no trace and is left to `agent_attributes.py`, which reads
it where it is asked for. For models that read their records back, everything is evaluated, and stored as Mesa stores it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from mesa.datacollection import DataCollector

from mesa_lab.preparation.outcome_kinds.plain_attributes import are_plain
from mesa_lab.running.collection.agent_attributes import attribute_or_none
from mesa_lab.running.collection.outcome_values import PLAIN, Measure, reporter_function
from mesa_lab.study.records import Scalar

__all__ = [
    "AgentReporters",
    "ModelReporters",
    "Note",
    "Reported",
    "Source",
    "agents_of",
    "collect_for_another",
]

type Note = Callable[[str, Exception], None]
"""Takes a reporter's name and what it raised, which costs one cell and not the run."""

type Source = str | Callable[[Any], Any]
"""The name of an attribute, or a function of the agent."""

_COUNTED = hasattr(DataCollector(), "_collection_steps")
"""Whether Mesa's collectors know when they collected (since 3.4.1); where they do not, it is kept for them."""

_IMMUTABLE = (str, int, bool, float, tuple)


class ModelReporters:
    """The model-level reporters of one data collector.

    Args:
        reporters: Reporters by name, as the collector has them.

    Attributes:
        values: The latest value of each, as a cell holds it.
    """

    def __init__(self, reporters: Mapping[str, Any]) -> None:
        self.values: dict[str, Scalar] = {}
        self._measures: dict[str, Measure] = {
            name: reporter_function(reporter) for name, reporter in reporters.items()
        }

    def __len__(self) -> int:
        return len(self._measures)

    def evaluate(
        self,
        model: Any,
        convert: Callable[[str, Any], Scalar],
        note: Note,
        records: dict[str, Any] | None = None,
    ) -> dict[str, Scalar]:
        """Call every reporter, in order.

        Args:
            model: The model.
            convert: Turns a value that is no plain scalar into what a cell holds, given the reporter's name.
            note: Where to note what a reporter raised.
            records: The collector's own, to be added to; None to keep none.

        Returns:
            The value of each, as a cell holds it.
        """
        values = self.values
        if records is not None and self._measures and (not _COUNTED or "_collection_steps" in records):
            records.setdefault("_collection_steps", []).append(model.time)
        for name, measure in self._measures.items():
            try:
                value = measure(model)
            except Exception as error:
                note(name, error)
                value = None
            if records is not None:
                records["model_vars"][name].append(_copied(value))
            values[name] = value if type(value) in PLAIN else convert(name, value)
        return values

    def validate(self, collector: Any, model: Any) -> None:
        """Evaluate each reporter once more before the first collection, as Mesa does to check them.

        Where Mesa would raise, the collection that follows tells what went wrong.

        Args:
            collector: The collector whose reporters these are; nothing is done when it was validated before.
            model: Its model.
        """
        if collector._validated or not self._measures:
            return
        collector._validated = True
        for name, reporter in collector.model_reporters.items():
            if isinstance(reporter, list):
                continue
            for _ in range(2 if isinstance(reporter, str) else 1):  # Mesa calls hasattr, then getattr
                try:
                    self._measures[name](model)
                except Exception:
                    break


@dataclass(slots=True)
class Reported:
    """What was reported of some agents at one moment: a value of each in every column."""

    agents: list[Any]
    columns: dict[str, list[Any]]


class AgentReporters:
    """The agent-level reporters of one data collector.

    Args:
        collector: The collector, or None.
        note: Where to note what a reporter raised.

    Attributes:
        sources: Reporters by name, by the class of the agents that they are evaluated for; `object` stands for all.
    """

    def __init__(self, collector: Any, note: Note) -> None:
        groups: Mapping[type[Any], Mapping[str, Any] | None] = {
            object: getattr(collector, "agent_reporters", None),
            **(getattr(collector, "agenttype_reporters", None) or {}),
        }
        self.sources: dict[type[Any], dict[str, Source]] = {
            kind: {name: _source(reporter) for name, reporter in reporters.items()}
            for kind, reporters in groups.items()
            if reporters
        }
        self._names = {
            kind: [source for source in sources.values() if isinstance(source, str)]
            for kind, sources in self.sources.items()
        }
        self._note = note

    def __len__(self) -> int:
        return sum(map(len, self.sources.values()))

    def evaluate(self, model: Any, asked: Mapping[type[Any], Collection[str]]) -> dict[type[Any], Reported]:
        """Call each reporter that is more than the name of a plain attribute.

        Args:
            model: The model.
            asked: Names of reporters whose values are wanted, by class as in `sources`.

        Returns:
            By class, what was asked for where at least one reporter was called. Classes of which all reporters name plain
            attributes are left out: these can be read as well, or not at all.
        """
        found = {}
        for kind, sources in self.sources.items():
            agents = model.agents if kind is object else agents_of(model, kind)
            names = self._names[kind]
            if len(names) < len(sources) or not are_plain(agents, names):
                found[kind] = self._call(sources, agents, asked.get(kind, ()))
        return found

    def _call(self, sources: Mapping[str, Source], agents: Iterable[Any], asked: Collection[str]) -> Reported:
        met: list[Any] = []
        columns: dict[str, list[Any]] = {name: [] for name in asked}
        forget = deque[Any](maxlen=0).append
        calls = [
            (
                attribute_or_none(source) if isinstance(source, str) else source,
                columns[name].append if name in columns else forget,
                name,
            )
            for name, source in sources.items()
        ]
        for agent in agents:
            met.append(agent)
            for source, keep, name in calls:
                try:
                    keep(source(agent))
                except Exception as error:
                    keep(None)
                    self._note(name, error)
        return Reported(met, columns)

    def record(self, collector: Any, model: Any) -> None:
        """Evaluate everything, and store it in the collector as Mesa does."""
        records = collector.__dict__
        if collector.agent_reporters:
            records["_agent_records"][model.time] = self._rows(model, model.agents, collector.agent_reporters)
        if collector.agenttype_reporters:
            by_type = records["_agenttype_records"][model.time] = {}
            for kind, reporters in collector.agenttype_reporters.items():
                by_type[kind] = self._rows(model, agents_of(model, kind), reporters)

    def _rows(self, model: Any, agents: Iterable[Any], reporters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        rows = []
        for agent in agents:
            row = [model.time, agent.unique_id]
            for name, reporter in reporters.items():
                try:
                    value = reporter(agent)
                except Exception as error:
                    self._note(name, error)
                    value = None
                row.append(value if isinstance(value, _IMMUTABLE) else _copied(value))
            rows.append(tuple(row))
        return rows


def collect_for_another(collector: Any, model: Any, note: Note) -> None:
    """Collect and store what Mesa's DataCollector would when it is called with a model that is not its own."""
    reporters = ModelReporters(collector.model_reporters)
    reporters.validate(collector, model)
    reporters.evaluate(model, lambda name, value: None, note, collector.__dict__)
    AgentReporters(collector, note).record(collector, model)


def agents_of(model: Any, kind: type[Any]) -> Iterable[Any]:
    """The agents that the reporters for an agent type are evaluated for: those of just this type where there is one."""
    agents: Iterable[Any] | None = model.agents_by_type.get(kind)
    return [agent for agent in model.agents if isinstance(agent, kind)] if agents is None else agents


def _copied(value: Any) -> Any:
    """A copy for the records, as Mesa makes it; None of what cannot be copied."""
    if type(value) in PLAIN:
        return value
    try:
        return deepcopy(value)
    except Exception:
        return None


def _source(reporter: Any) -> Source:
    """Return the attribute's name where a data collector made a function of it, else the reporter itself."""
    code = getattr(reporter, "__code__", None)
    if code is not None and code.co_name == "attr_reporter" and reporter.__module__ == "mesa.datacollection":
        cells = dict(zip(code.co_freevars, reporter.__closure__, strict=True))
        name = cells["attribute_name"].cell_contents
        if isinstance(name, str):
            return name
    return reporter  # type: ignore[no-any-return]
