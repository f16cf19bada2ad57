"""Statistics over agents, such as count(Wolf) and mean(Wolf.energy), over those that are alive."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, override

from mesa_lab.errors import OutcomeError, suggest
from mesa_lab.preparation.outcome_kinds.kind import OutcomeKind, Source
from mesa_lab.preparation.outcome_kinds.over_time import advice
from mesa_lab.preparation.outcome_kinds.plain_attributes import are_plain

__all__ = [
    "KIND",
    "STATISTICS",
    "AgentStatistic",
    "agents_of_type",
    "like_types",
    "refuse_unknown",
    "summarize",
]

STATISTICS: Final = ("count", "sum", "mean", "median", "sd", "min", "max")

_STATISTIC: Final = re.compile(
    r"(?P<statistic>\w+)\(\s*(?P<agent_type>\w+)\s*(?:\.\s*(?P<attribute>\w+)\s*)?\)"
)


@dataclass(frozen=True, slots=True)
class AgentStatistic(Source):
    """One number over all agents of a type: `count(Wolf)`, `mean(Wolf.energy)`.

    Attributes:
        statistic: One of `STATISTICS`.
        agent_type: The name of an agent class; `Agent` means every agent.
        attribute: The agents' attribute, None for `count`.
    """

    statistic: str
    agent_type: str
    attribute: str | None = None

    @override
    def measure(self, model: Any) -> Any:
        groups = agents_of_type(model, self.agent_type)
        if self.attribute is None:
            return sum(len(agents) for agents in groups)
        return summarize(self.statistic, self.attribute, [agent for agents in groups for agent in agents])

    @override
    def check(self, model: Any) -> None:
        if near := like_types(self.agent_type, model):
            of = f".{self.attribute}" if self.attribute else ""
            raise OutcomeError(
                f"Outcome '{self.statistic}({self.agent_type}{of})' counts no agents: there is no '{self.agent_type}'.{near}"
            )

    @override
    def leaves_no_trace(self, model: Any) -> bool:
        if self.attribute is None:
            return True
        return all(are_plain(agents, [self.attribute]) for agents in agents_of_type(model, self.agent_type))


def _parse(text: str) -> AgentStatistic | None:
    match = _STATISTIC.fullmatch(text)
    if match is None or match.group("statistic") not in STATISTICS:
        return None
    statistic, agent_type, attribute = match.group("statistic", "agent_type", "attribute")
    if (statistic == "count") != (attribute is None):
        fix = f"count({agent_type})" if statistic == "count" else f"{statistic}({agent_type}.attribute)"
        over_steps = advice(statistic, agent_type) if attribute is None else ""
        raise OutcomeError(
            f"Outcome '{text}' should read '{fix}'{' for agents' if over_steps else ''}.{over_steps}"
        )
    return AgentStatistic(statistic, agent_type, attribute)


KIND: Final = OutcomeKind("statistic over agents", _parse)


def refuse_unknown(text: str) -> None:
    """Refuse a text that reads as a statistic, and is none of any kind.

    Raises:
        OutcomeError: If it does.
    """
    if match := _STATISTIC.fullmatch(text):
        statistic = match.group("statistic")
        raise OutcomeError(
            f"Unknown statistic '{statistic}' in outcome '{text}'. "
            f"There are: {', '.join(STATISTICS)}.{suggest(statistic, STATISTICS)}{_over_steps(match)}"
        )


def _over_steps(match: re.Match[str]) -> str:
    """Advice for who wrote `time_of_max(infected)` or the like."""
    statistic = match["statistic"].replace("_", " ").lower()
    statistic = {
        "argmax": "time of max",
        "argmin": "time of min",
        "avg": "mean",
        "average": "mean",
        "std": "sd",
    }.get(statistic, statistic)
    return advice(statistic, match["agent_type"]) if match["attribute"] is None else ""


def agents_of_type(model: Any, name: str) -> Iterator[Any]:
    """Yield the agent sets of the classes of that name and of their subclasses; "Agent" means all."""
    if name == "Agent":
        yield model.agents
        return
    for kind, agents in model.agents_by_type.items():
        if kind.__name__ == name or any(base.__name__ == name for base in kind.__mro__):
            yield agents


def like_types(name: str, model: Any) -> str:
    """Return a sentence when there are no agents of this type but some of a like name, else nothing: they may be born yet."""
    kinds = {base.__name__ for kind in model.agent_types for base in kind.__mro__}
    return "" if name in kinds else suggest(name, {kind.__name__ for kind in model.agent_types})


def summarize(statistic: str, attribute: str, agents: Sequence[Any]) -> Any:
    """Return a number over those agents that have the attribute; None over nobody, except that a sum is 0."""
    values = [value for agent in agents if (value := getattr(agent, attribute, None)) is not None]
    if not values:
        if agents and not any(hasattr(agent, attribute) for agent in agents):
            known = [name for name in getattr(agents[0], "__dict__", ()) if not name.startswith("_")]
            raise AttributeError(
                f"no {type(agents[0]).__name__} has an attribute '{attribute}'.{suggest(attribute, known)}"
            )
        return 0 if statistic == "sum" else None
    match statistic:
        case "sum":
            return sum(values)
        case "mean":
            return sum(values) / len(values)
        case "min":
            return min(values)
        case "max":
            return max(values)
        case "median":
            return statistics.median(values)
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
