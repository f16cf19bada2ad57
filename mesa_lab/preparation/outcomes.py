"""What is measured, as data: names, agent statistics and functions, checked but not yet evaluated.

An outcome is written as a short text that a person can read in a file (`"Wolves"`, `"mean(Wolf.energy)"`),
or as a function of the model. What a text may say is a list of kinds (`outcome_kinds`).
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from mesa_lab.errors import OutcomeError, suggest
from mesa_lab.preparation.code_permission import CodeReference
from mesa_lab.preparation.limits import NAME_CHARACTERS, shortened
from mesa_lab.preparation.outcome_kinds import Source, source_of
from mesa_lab.preparation.outcome_kinds.agent_statistic import AgentStatistic
from mesa_lab.preparation.outcome_kinds.function import FunctionReference
from mesa_lab.preparation.outcome_kinds.over_time import CARRY, OverTime, over_time, read_phrase, subject_of
from mesa_lab.preparation.outcome_kinds.reported_entry import Member

__all__ = ["AgentSelection", "Outcome", "parse_agents", "parse_outcomes", "typed_outcome"]

_NO_NAME: Final = re.compile("[\0\ud800-\udfff]")
"""What no column of a study can be called: the end of a text in C, and halves of a character."""

type AgentSelection = bool | tuple[str, ...] | Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Outcome:
    """One thing to measure at a step.

    Attributes:
        name: The column's name in every table.
        source: What is measured; None for what the name says. A model reporter's name, else a model attribute (`"Wolves"`); a statistic over agents (`"count(Wolf)"`,
            `"mean(Wolf.energy)"`, also sum, median, sd, min, max); an entry of a dict that is reported (`"wealth.mean"`),
            or each of them as an outcome of its own (`"counts.*"`); a number over a property layer (`"mean(layer(sugar))"`,
            `"share(layer(sugar) > 0.5)"`), or the layer itself at the end (`"layer(sugar)"`); a function of the model; or where to
            find one (`"package.module:function"`, `"path/file.py:function"`).
        over: One number for all steps of a run, in place of the value at its end: "mean", "max", "min", "sum", "sd", "time of
            max", "time of min", or 'first "Wolves == 0"', the step at which a condition first holds. With no source of its
            own the outcome is then called after it: "max of infected".
        warm_up: Steps at the beginning that are left out of it.
        after_end: "carry" lets a run that stops itself count with its last value until `max_steps`: the mean of an epidemic that
            died out is else that of the steps before. "stop" or None counts the steps that there were.

    Raises:
        OutcomeError: If the text is malformed, or `over` is something else.

    Example:
        >>> Outcome("wolves", "count(Wolf)").statistic
        AgentStatistic(statistic='count', agent_type='Wolf', attribute=None)
        >>> Outcome("infected", over="max").name, Outcome("peak", "infected", over="max").name
        ('max of infected', 'peak')
    """

    name: str
    source: str | Callable[[Any], Any] | None = None
    over: str | None = None
    warm_up: int = 0
    after_end: str | None = None

    def __post_init__(self) -> None:
        self._settle()
        if not isinstance(self.name, str) or not self.name.strip():
            raise OutcomeError(f"An outcome needs a name, not {shortened(self.name)}.")
        if _NO_NAME.search(self.name):
            raise OutcomeError(
                f"The outcome {shortened(self.name)} has a character that no study file can hold. Take it out of the name."
            )
        if len(self.name) > NAME_CHARACTERS or (
            isinstance(self.source, str) and len(self.source) > NAME_CHARACTERS
        ):
            raise OutcomeError(
                f"The outcome {shortened(self.name)} has more than {NAME_CHARACTERS:,} characters. Give it a shorter name."
            )
        is_text = isinstance(self.source, str) and bool(self.source.strip())
        if not callable(self.source) and not is_text:
            raise OutcomeError(
                f"Outcome '{self.name}' is {shortened(self.source)}. Give a reporter's or attribute's name, "
                'a statistic such as "mean(Wolf.energy)", or a function of the model.'
            )
        _ = self.parsed  # a malformed text is refused here; and it goes to workers with the outcome

    def _settle(self) -> None:
        """Complete what was left out: the source by the name, and the name of an outcome over time by what it says."""
        settle = object.__setattr__
        said = self.over_time
        if self.source is None:
            settle(self, "source", self.name)
            if said is not None and isinstance(self.name, str) and self.name.strip():
                settle(self, "name", said.phrase(self.name.strip()))
        if said is None:
            if self.warm_up != 0 or self.after_end is not None:
                given = "warm_up" if self.warm_up != 0 else "after_end"
                raise OutcomeError(
                    f"Outcome {shortened(self.name)} has {given}, but is the value at the end of a run. Say what over the steps it is, "
                    'such as over="mean".'
                )
            return
        settle(self, "over", said.over)
        settle(self, "after_end", CARRY if said.carried else None)

    @cached_property
    def over_time(self) -> OverTime | None:
        """What is said of it over the steps of a run; None for the value at the end."""
        return None if self.over is None else over_time(self.over, self.warm_up, self.after_end)

    @cached_property
    def parsed(self) -> Source:
        """What the source asks for, and how it is measured."""
        return source_of(self.given)

    @property
    def phrase(self) -> str:
        """What it asks for in one text, as a form shows it: the source, or "max of infected"."""
        return self.text if self.over_time is None else self.over_time.phrase(self.text)

    @property
    def given(self) -> str | Callable[[Any], Any]:
        """The source: a text or a function."""
        assert self.source is not None
        return self.source

    @property
    def statistic(self) -> AgentStatistic | None:
        """The agent statistic that the text asks for, None when it asks for something else."""
        return self.parsed if isinstance(self.parsed, AgentStatistic) else None

    @property
    def is_spread(self) -> bool:
        """Whether each entry of its value becomes an outcome of its own (`"counts.*"`)."""
        return self.name.endswith(".*") or (isinstance(self.parsed, Member) and self.parsed.spread)

    @property
    def prefix(self) -> str:
        """What the names of these outcomes begin with."""
        return self.name.removesuffix(".*")

    @property
    def is_reference(self) -> bool:
        """Whether the text names a function to import (`"package.module:function"`)."""
        return isinstance(self.parsed, FunctionReference)

    @property
    def named_code(self) -> tuple[CodeReference, ...]:
        """The code that is loaded by name to measure it; empty for a name, a statistic, or a function that is given itself."""
        return self.parsed.named_code

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
        outcomes: None for every model reporter; a name, an `Outcome`, its fields as a mapping, a function, or a sequence of
            them; or a mapping from name to source, or to fields.

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
        parsed = tuple(_parse_named(name, source) for name, source in outcomes.items())
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


def _parse_named(name: Any, given: Any) -> Outcome:
    if isinstance(given, Mapping):
        return _parse_fields({"name": name, **given})
    if isinstance(given, Outcome):
        return replace(given, name=name)
    return Outcome(name, given)


def _parse_fields(given: Mapping[str, Any]) -> Outcome:
    """Make an outcome of its fields as a file has them: { outcome = "infected", over = "max" }."""
    known = ("name", "outcome", "over", "warm_up", "after_end")
    for field in given:
        if field not in known:
            raise OutcomeError(
                f"An outcome has no '{field}'. There are: {', '.join(known)}.{suggest(str(field), known)}"
            )
    name, source, over = given.get("name"), given.get("outcome"), given.get("over")
    rest = {field: given[field] for field in ("warm_up", "after_end") if field in given}
    if source is None and over is not None and (said := over_time(over)).condition is not None:
        source = subject_of(said)  # the condition says what it is about
    if source is None:
        raise OutcomeError('An outcome needs an \'outcome\', as in { outcome = "infected", over = "max" }.')
    if name is None:
        return Outcome(source, over=over, **rest)
    return Outcome(name, source, over=over, **rest)


def _parse_one(outcome: Any) -> Outcome:
    if isinstance(outcome, Outcome):
        return outcome
    if isinstance(outcome, Mapping):
        return _parse_fields(outcome)
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


def typed_outcome(text: str, name: str = "", reporters: Collection[str] = ()) -> Outcome:
    """Make an outcome of what is typed into a form, where one over time is a phrase.

    Args:
        text: A source, or a phrase such as "max of infected", "mean of infected from step 100 carried on", "first Wolves == 0".
        name: What it is called; empty for what the text says.
        reporters: Names of the model's reporters, which come before phrases that read the same.

    Raises:
        OutcomeError: If the text is malformed.

    Example:
        >>> typed_outcome("max of infected").over, typed_outcome("max of infected", reporters=["max of infected"]).over
        ('max', None)
    """
    text, name = text.strip(), name.strip()
    said = None if text in reporters else read_phrase(text)
    if said is None:
        return Outcome(name or text, text)
    source, over = said
    after_end = CARRY if over.carried else None
    return Outcome(name or over.phrase(source), source, over.over, over.warm_up, after_end)


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
        return {_type_name(kind): _names(names, kind) for kind, names in agents.items()}
    return _names(agents)


def _type_name(kind: Any) -> str:
    name = kind.__name__ if isinstance(kind, type) else kind
    if not isinstance(name, str) or not name.strip():
        raise OutcomeError(
            f"agents asks for agents of type {kind!r:.60}. Give a type's name, such as 'Wolf'."
        )
    return name.strip()


def _names(names: Any, kind: Any = None) -> tuple[str, ...]:
    parsed = (names,) if isinstance(names, str) else tuple(names) if isinstance(names, Iterable) else ()
    if parsed and all(isinstance(name, str) and name for name in parsed):
        return parsed
    if kind is not None:
        name = _type_name(kind)
        raise OutcomeError(
            f"agents asks for {names!r:.80} of the agents of type '{name}'. Name what is measured: "
            f"{{'{name}': ['energy']}}."
        )
    of_one = f" Of one type: {{'{names.__name__}': ['energy']}}." if isinstance(names, type) else ""
    raise OutcomeError(
        f"agents is {names!r:.80}. Write True, False, a list of attributes such as ['energy'], or "
        f"{{'Wolf': ['energy']}}.{of_one}"
    )
