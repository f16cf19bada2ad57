"""What is measured, as data: names, agent statistics and functions, checked but not yet evaluated.

An outcome is written as a short text that a person can read in a file (`"Wolves"`, `"mean(Wolf.energy)"`),
or as a function of the model. `running.collection` evaluates them; this room never sees a model.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from mesa_lab.errors import OutcomeError, suggest
from mesa_lab.preparation.code_permission import CodeReference, parse_reference
from mesa_lab.preparation.limits import NAME_CHARACTERS, shortened

__all__ = ["STATISTICS", "AgentSelection", "AgentStatistic", "Outcome", "parse_agents", "parse_outcomes"]

STATISTICS: Final = ("count", "sum", "mean", "median", "sd", "min", "max")

_STATISTIC = re.compile(r"(?P<statistic>\w+)\(\s*(?P<agent_type>\w+)\s*(?:\.\s*(?P<attribute>\w+)\s*)?\)")
_REFERENCE = re.compile(r"[\w./\\-]+:[\w.<>]+")

type AgentSelection = bool | tuple[str, ...] | Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class AgentStatistic:
    """One number over all agents of a type: `count(Wolf)`, `mean(Wolf.energy)`.

    Attributes:
        statistic: One of `STATISTICS`.
        agent_type: The name of an agent class; `Agent` means every agent.
        attribute: The agents' attribute, None for `count`.
    """

    statistic: str
    agent_type: str
    attribute: str | None = None


@dataclass(frozen=True)
class Outcome:
    """One thing to measure at a step.

    Attributes:
        name: The column's name in every table.
        source: A model reporter's name, else a model attribute (`"Wolves"`); a statistic over agents (`"count(Wolf)"`,
            `"mean(Wolf.energy)"`, also sum, median, sd, min, max); a function of the model; or where to find one
            (`"package.module:function"`, `"path/file.py:function"`).

    Raises:
        OutcomeError: If the text is malformed.

    Example:
        >>> Outcome("wolves", "count(Wolf)").statistic
        AgentStatistic(statistic='count', agent_type='Wolf', attribute=None)
    """

    name: str
    source: str | Callable[[Any], Any]

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise OutcomeError(f"An outcome needs a name, not {shortened(self.name)}.")
        if len(self.name) > NAME_CHARACTERS or (
            isinstance(self.source, str) and len(self.source) > NAME_CHARACTERS
        ):
            raise OutcomeError(
                f"The outcome {shortened(self.name)} has more than {NAME_CHARACTERS:,} characters. Give it a shorter name."
            )
        if not callable(self.source):
            if not isinstance(self.source, str) or not self.source.strip():
                raise OutcomeError(
                    f"Outcome '{self.name}' is {shortened(self.source)}. Give a reporter's or attribute's name, "
                    'a statistic such as "mean(Wolf.energy)", or a function of the model.'
                )
            _ = self.statistic

    @cached_property
    def statistic(self) -> AgentStatistic | None:
        """The agent statistic that the text asks for, None when it asks for something else."""
        if callable(self.source):
            return None
        match = _STATISTIC.fullmatch(self.source.strip())
        if match is None:
            return None
        statistic, agent_type, attribute = match.group("statistic", "agent_type", "attribute")
        if statistic not in STATISTICS:
            raise OutcomeError(
                f"Unknown statistic '{statistic}' in outcome '{self.source}'. "
                f"There are: {', '.join(STATISTICS)}.{suggest(statistic, STATISTICS)}"
            )
        if (statistic == "count") != (attribute is None):
            fix = f"count({agent_type})" if statistic == "count" else f"{statistic}({agent_type}.attribute)"
            raise OutcomeError(f"Outcome '{self.source}' should read '{fix}'.")
        return AgentStatistic(statistic, agent_type, attribute)

    @property
    def is_reference(self) -> bool:
        """Whether the text names a function to import (`"package.module:function"`)."""
        return isinstance(self.source, str) and _REFERENCE.fullmatch(self.source) is not None

    @property
    def named_code(self) -> tuple[CodeReference, ...]:
        """The function that is loaded by name; empty for a name, a statistic, or a function that is given itself."""
        return (parse_reference(str(self.source), "function"),) if self.is_reference else ()

    @property
    def text(self) -> str:
        """The source as text; a function is named by where it can be found."""
        if isinstance(self.source, str):
            return self.source
        module = getattr(self.source, "__module__", None) or "__main__"
        name = getattr(self.source, "__qualname__", None) or type(self.source).__qualname__
        return f"{module}:{name}"


def parse_outcomes(outcomes: Any) -> tuple[Outcome, ...] | None:
    """Turn what a person writes into outcomes.

    Args:
        outcomes: None for every model reporter; a name, an `Outcome`, a function, or a sequence of them; or a mapping
            from name to source.

    Returns:
        The outcomes in their order, None for the default.

    Raises:
        OutcomeError: If one is malformed, unnamed, or named twice.

    Example:
        >>> [outcome.name for outcome in parse_outcomes(["Wolves", "count(Sheep)"])]
        ['Wolves', 'count(Sheep)']
    """
    if outcomes is None:
        return None
    if isinstance(outcomes, Mapping):
        parsed = tuple(Outcome(name, source) for name, source in outcomes.items())
    elif isinstance(outcomes, str | Outcome) or callable(outcomes):
        parsed = (_parse_one(outcomes),)
    elif isinstance(outcomes, Iterable):
        parsed = tuple(_parse_one(outcome) for outcome in outcomes)
    else:
        raise OutcomeError(
            f"outcomes is {outcomes!r}. Give a list of names, or a mapping from name to function."
        )
    if not parsed:
        raise OutcomeError(
            "outcomes is empty. Leave it out to measure every model reporter, or name at least one."
        )
    seen: set[str] = set()
    for outcome in parsed:
        if outcome.name in seen:
            raise OutcomeError(f"Two outcomes are named '{outcome.name}'. Give each its own name.")
        seen.add(outcome.name)
    return parsed


def _parse_one(outcome: Any) -> Outcome:
    if isinstance(outcome, Outcome):
        return outcome
    if isinstance(outcome, str):
        return Outcome(outcome.strip(), outcome.strip())
    if callable(outcome):
        name = getattr(outcome, "__name__", "<lambda>")
        if name == "<lambda>":
            raise OutcomeError(
                'A lambda has no name for its column. Write outcomes={"name": lambda model: ...}.'
            )
        return Outcome(name, outcome)
    raise OutcomeError(f"{outcome!r} is no outcome. Give a name, or a function of the model.")


def parse_agents(agents: Any) -> AgentSelection:
    """Turn what a person writes about agent-level data into a selection.

    Args:
        agents: False for none; True for all agent reporters of the model; names of agent reporters or attributes; or a
            mapping from the name of an agent type to such names.

    Returns:
        A bool, a tuple of names, or a dict from type name to a tuple of names.

    Raises:
        OutcomeError: If it is none of these.

    Example:
        >>> parse_agents({"Wolf": "energy"})
        {'Wolf': ('energy',)}
    """
    if isinstance(agents, bool):
        return agents
    if isinstance(agents, Mapping):
        return {str(agent_type): _names(names) for agent_type, names in agents.items()}
    return _names(agents)


def _names(names: Any) -> tuple[str, ...]:
    parsed = (names,) if isinstance(names, str) else tuple(names) if isinstance(names, Iterable) else ()
    if not parsed or not all(isinstance(name, str) and name for name in parsed):
        raise OutcomeError(
            f"agents is {names!r}. Write True, a list of attributes such as ['energy'], or {{'Wolf': ['energy']}}."
        )
    return parsed
