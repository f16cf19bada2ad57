"""Which agents' data are taken when one of a model's data collectors collects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mesa_lab.preparation.models.collectors import data_set_reporters
from mesa_lab.preparation.outcomes import AgentSelection

__all__ = ["reports_agents", "selection_for", "whole_selection"]


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
