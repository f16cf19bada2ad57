"""What a model collects by itself: its data collectors and data sets, under whatever name it keeps them.

The one place that knows how they are found; descriptions, checks and runs ask here, so that what is offered is what is
measured. There are two kinds. A `DataCollector` reports by functions, whenever the model calls it. A data set of
`model.data_registry` (Mesa 3.5 and later; its data recorders store what these give) names attributes of the model or of
its agents.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

__all__ = [
    "Reporter",
    "agent_reporters_of",
    "collectors_of",
    "data_set_reporters",
    "model_reporters_of",
    "named_reporters",
    "tables_of",
]

USUAL: Final = "datacollector"


class Reporter(NamedTuple):
    """One model-level reporter.

    Attributes:
        collector: The name of the collector that has it; an empty text for a field of a data set.
        name: What the collector calls it.
        source: What it reports: a function, an attribute's name, a list of a function and its arguments.
    """

    collector: str
    name: str
    source: Any


def collectors_of(model: Any) -> dict[str, Any]:
    """Find the data collectors of a model.

    Args:
        model: A model, perhaps not completely set up; None has no collectors.

    Returns:
        The collectors by the name of the attribute that holds them, that called `datacollector` first. Those in a list or
        dict of the model are among them, as `collectors[0]`. A collector of another kind counts where it has the usual name
        and keeps its records as Mesa's does.

    Example:
        >>> from mesa.examples import Schelling
        >>> list(collectors_of(Schelling()))
        ['datacollector']
    """
    from mesa.datacollection import DataCollector

    found: dict[str, Any] = {}
    usual = getattr(model, USUAL, None)
    if isinstance(usual, DataCollector) or isinstance(getattr(usual, "model_vars", None), dict):
        found[USUAL] = usual
    # Asked thrice in each run, so nothing is called for an attribute that is neither a collector nor a container.
    kinds = (DataCollector, dict, list, tuple)
    for name, value in list(getattr(model, "__dict__", {}).items()):
        if not isinstance(value, kinds):
            continue
        if isinstance(value, DataCollector):
            _add(found, name, value)
        elif len(value) <= _FEW:
            pairs = list(value.items()) if isinstance(value, dict) else enumerate(value)
            for key, each in pairs:
                if isinstance(each, DataCollector):
                    _add(found, f"{name}[{key!r}]", each)
    return found


_FEW: Final = 20
"""What a container holds at most in which a model keeps its collectors."""


def _add(found: dict[str, Any], label: str, collector: Any) -> None:
    if not any(collector is known for known in found.values()):
        found[label] = collector


def named_reporters(collectors: Mapping[str, Any]) -> dict[str, Reporter]:
    """Name the model-level reporters of some collectors.

    Args:
        collectors: See `collectors_of`.

    Returns:
        The reporters by the name of their outcome: their own or, where an earlier collector has that name too, with the
        collector's behind it: `Gini (dc)`.
    """
    named: dict[str, Reporter] = {}
    for label, collector in collectors.items():
        reporters = (
            getattr(collector, "model_reporters", None) or getattr(collector, "model_vars", None) or {}
        )
        for name, source in reporters.items():
            outcome = str(name)  # Mesa takes a number for a name too
            named[outcome if outcome not in named else f"{name} ({label})"] = Reporter(label, name, source)
    return named


def model_reporters_of(model: Any) -> dict[str, Reporter]:
    """Return what a model reports about itself, by the name of the outcome: its collectors' reporters, then its data sets' fields."""
    named = named_reporters(collectors_of(model))
    return named | {field: Reporter("", field, field) for field in unreported_fields(model, named)}


def unreported_fields(model: Any, named: Mapping[str, Reporter]) -> list[str]:
    """Return the fields of a model's data sets about the model itself that none of its collectors reports, under any name."""
    sources = [reporter.source for reporter in named.values() if isinstance(reporter.source, str)]
    return [field for field in data_set_reporters(model)[0] if field not in named and field not in sources]


def tables_of(model: Any) -> list[str]:
    """Return the names of the tables to whose rows a model adds with `add_table_row`."""
    collectors = collectors_of(model).values()
    return list(dict.fromkeys(name for each in collectors for name in getattr(each, "tables", None) or ()))


def agent_reporters_of(model: Any) -> dict[type[Any], list[str]]:
    """Return the names of what a model reports of its agents, by the class for whose agents; `object` stands for all.

    Where no collector reports agents, these are the fields of its data sets.
    """
    found: dict[type[Any], list[str]] = {}
    for collector in collectors_of(model).values():
        general = getattr(collector, "agent_reporters", None) or {}
        special = getattr(collector, "agenttype_reporters", None) or {}
        for kind, names in ((object, general), *special.items()):
            known = found.setdefault(kind, [])
            known += [name for name in map(str, names or ()) if name not in known]
    found = {kind: names for kind, names in found.items() if names}
    return found or data_set_reporters(model)[1]


def data_set_reporters(model: Any) -> tuple[list[str], dict[type[Any], list[str]]]:
    """Return the fields of a model's data sets: those of the model, and those of its agents by the class; `object` stands for all.

    Args:
        model: A model. Before Mesa 3.5 there are no data sets.
    """
    data_sets = getattr(getattr(model, "data_registry", None), "datasets", None)
    of_model: list[str] = []
    of_agents: dict[type[Any], list[str]] = {}
    if not isinstance(data_sets, dict) or not data_sets:
        return of_model, of_agents
    from mesa.experimental.data_collection import AgentDataSet, ModelDataSet, NumpyAgentDataSet

    for data_set in data_sets.values():
        fields = getattr(data_set, "_attributes", None) or ()
        if isinstance(data_set, ModelDataSet):
            of_model += [field for field in fields if field not in of_model]
        elif isinstance(data_set, AgentDataSet | NumpyAgentDataSet):
            known = of_agents.setdefault(_class_of(data_set, model), [])
            known += [field for field in fields if field not in (*known, "unique_id")]
    return of_model, of_agents


def _class_of(data_set: Any, model: Any) -> type[Any]:
    """The class whose agents a data set is of: `object` where it may be of several."""
    kind = getattr(data_set, "agent_type", None)
    if isinstance(kind, type):
        return kind
    agents = getattr(data_set, "agents", None)
    if agents is model.agents:
        return object
    kinds = {type(agent) for agent in agents or ()}
    return kinds.pop() if len(kinds) == 1 else object
