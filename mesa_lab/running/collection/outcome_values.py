"""How reporters are called, and what can be said of any model's agents. What a cell holds of their values is `cells`' business.

Reporters are called as Mesa's DataCollector calls them. How outcomes that are no reporters are evaluated is said in
`mesa_lab.preparation.outcome_kinds`; when and how often something is measured, in `recorder`.
"""

from __future__ import annotations

import enum
import functools
import types
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from mesa_lab.preparation.outcome_kinds.agent_statistic import summarize
from mesa_lab.preparation.outcome_kinds.plain_attributes import is_plain

__all__ = [
    "Measure",
    "describe_agents",
    "numeric_attributes",
    "reporter_function",
]

type Measure = Callable[[Any], Any]


def reporter_function(reporter: Any) -> Measure:
    """Turn a model reporter into a function of the model, by the rules of Mesa's DataCollector.

    Args:
        reporter: A function or partial (called with the model), an attribute's name, a list [function,
            arguments], or another callable such as a bound method (called with nothing).

    Returns:
        A function of the model that raises what the reporter raises.
    """
    if type(reporter) is types.FunctionType or isinstance(reporter, functools.partial):
        return reporter
    if isinstance(reporter, str):
        return lambda model: getattr(model, reporter)
    if isinstance(reporter, list):
        return lambda model: reporter[0](*reporter[1])
    return lambda model: reporter()


def numeric_attributes(agents: Iterable[Any]) -> tuple[str, ...]:
    """Names of the public, plain attributes that hold a number, judged by the first few agents."""
    found: dict[str, bool] = {}
    for agent, _ in zip(agents, range(10), strict=False):
        kind = type(agent)
        for name in (*getattr(agent, "__dict__", ()), *getattr(kind, "__slots__", ())):
            if name.startswith("_") or name in ("unique_id", "model", "pos") or found.get(name):
                continue
            # What code answers for is measured where it is asked for.
            value = getattr(agent, name, None) if is_plain(kind, name) else None
            found[name] = isinstance(value, int | float | np.number | np.bool_) and not isinstance(
                value, enum.Enum
            )
    return tuple(name for name, numeric in found.items() if numeric)


def describe_agents(model: Any, known: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """Measure what can be said of any model: counts of its agents by type, and means of their numbers.

    Args:
        model: The model.
        known: Attributes by name of type; types that are met for the first time are added.

    Returns:
        Values by outcome, such as `count(Wolf)` and `mean(Wolf.energy)`, also for known types that died out.
    """
    groups: dict[str, list[Any]] = {name: [] for name in known}
    for kind, agents in model.agents_by_type.items():
        groups.setdefault(kind.__name__, []).extend(agents)
    values: dict[str, Any] = {}
    for name, members in groups.items():
        if name not in known:
            known[name] = numeric_attributes(members)
        values[f"count({name})"] = len(members)
        for attribute in known[name]:
            values[f"mean({name}.{attribute})"] = summarize("mean", attribute, members) if members else None
    return values
