"""From a model to one value: how each kind of outcome is evaluated, and what a cell of a table can hold.

Reporters are called as Mesa's DataCollector calls them; statistics go over the agents that are alive. When
and how often something is measured is `collection`'s business, not this room's.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import functools
import importlib
import json
import math
import statistics
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np

from mesa_lab.errors import OutcomeError, suggest
from mesa_lab.preparation.outcomes import AgentStatistic, Outcome
from mesa_lab.study.records import Scalar

__all__ = [
    "PLAIN",
    "Measure",
    "UnstorableError",
    "agents_of_type",
    "cell",
    "describe_agents",
    "function_of",
    "numeric_attributes",
    "reporter_function",
    "stored",
]

type Measure = Callable[[Any], Any]

PLAIN = frozenset({bool, int, float, str, types.NoneType})
"""The types that a cell holds as they are."""

_LONGEST_TEXT = 10_000
_INSTEAD = ": report a number, a text or a short list of them"


class UnstorableError(TypeError):
    """A value that no cell of a table can hold."""


def cell(value: Any) -> Scalar:
    """Turn what a reporter returned into what a cell holds.

    Args:
        value: Anything. NumPy scalars become Python's, members of an Enum their name, dates ISO text, short
            lists, dicts and arrays compact JSON; None, NaN and infinities stay.

    Returns:
        A bool, int, float, str or None.

    Raises:
        UnstorableError: If it is something else, or a collection too large for a cell.

    Example:
        >>> cell(np.float64(0.5)), cell((1, 2))
        (0.5, '[1,2]')
    """
    if type(value) in PLAIN:
        return value  # type: ignore[no-any-return]
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, np.generic | np.ndarray) and value.ndim == 0:
        return cell(value.item()) if not isinstance(value.item(), np.generic) else float(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float | decimal.Decimal | fractions.Fraction):
        return float(value)
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat() if value == value else None  # pandas' NaT is no time
    if isinstance(value, Mapping | Sequence | Set | np.ndarray):
        return _as_json(value)
    raise UnstorableError(f"a {_type_name(value)} fits in no cell of a table{_INSTEAD}")


def stored(value: Scalar) -> Scalar:
    """Fit a cell into 64 bits and valid Unicode, which is what files hold."""
    if type(value) is int and not -(2**63) <= value < 2**63:
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if type(value) is str and not value.isascii():
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value


def _as_json(value: Any) -> str:
    if len(value) > _LONGEST_TEXT or (isinstance(value, np.ndarray) and value.size > _LONGEST_TEXT):
        raise UnstorableError(
            f"a {_type_name(value)} of {len(value)} items is too large for a cell{_INSTEAD}"
        )
    try:
        text = json.dumps(_jsonable(value), separators=(",", ":"), ensure_ascii=False)
    except (ValueError, RecursionError) as error:
        raise UnstorableError(
            f"a {_type_name(value)} that contains itself fits in no cell of a table{_INSTEAD}"
        ) from error
    if len(text) > _LONGEST_TEXT:
        raise UnstorableError(
            f"a {_type_name(value)} of {len(value)} items is too large for a cell{_INSTEAD}"
        )
    return text


def _jsonable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(_jsonable(key)): _jsonable(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _jsonable(value.tolist())
    if isinstance(value, Set):
        return sorted((_jsonable(item) for item in value), key=repr)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_jsonable(item) for item in value]
    return cell(value)


def _type_name(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


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


def function_of(outcome: Outcome) -> Measure:
    """Return the function of the model behind an outcome that is no reporter.

    Args:
        outcome: A statistic, an attribute of the model, a function or a reference to one.

    Returns:
        A function of the model that raises when there is nothing to measure.

    Raises:
        OutcomeError: If a reference leads nowhere.
    """
    if callable(outcome.source):
        return outcome.source
    if outcome.statistic is not None:
        return functools.partial(_statistic, outcome.statistic)
    if outcome.is_reference:
        return load_function(outcome.source)
    return functools.partial(_attribute, outcome.source.strip())


def load_function(reference: str) -> Callable[[Any], Any]:
    """Import the function that "package.module:function" names."""
    module, _, name = reference.partition(":")
    try:
        target: Any = importlib.import_module(module)
        for part in name.split("."):
            target = getattr(target, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise OutcomeError(f"No function '{reference}': {error}.") from error
    if not callable(target):
        raise OutcomeError(f"'{reference}' is a {type(target).__name__} and no function.")
    return target  # type: ignore[no-any-return]


def _attribute(name: str, model: Any) -> Any:
    try:
        return getattr(model, name)
    except AttributeError as error:
        if hasattr(type(model), name):
            raise
        reporters = getattr(getattr(model, "datacollector", None), "model_reporters", ())
        known = [*reporters, *(key for key in vars(model) if not key.startswith("_"))]
        raise AttributeError(f"no reporter or attribute '{name}' here.{suggest(name, known)}") from error


def agents_of_type(model: Any, name: str) -> Iterator[Any]:
    """Yield the agent sets of the classes of that name and of their subclasses; "Agent" means all."""
    if name == "Agent":
        yield model.agents
        return
    for kind, agents in model.agents_by_type.items():
        if kind.__name__ == name or any(base.__name__ == name for base in kind.__mro__):
            yield agents


def _statistic(statistic: AgentStatistic, model: Any) -> Any:
    groups = agents_of_type(model, statistic.agent_type)
    if statistic.attribute is None:
        return sum(len(agents) for agents in groups)
    return _summary(
        statistic.statistic, statistic.attribute, [agent for agents in groups for agent in agents]
    )


def _summary(statistic: str, attribute: str, agents: Sequence[Any]) -> Any:
    """A number over those agents that have the attribute; None over nobody, except that a sum is 0."""
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


def numeric_attributes(agents: Iterable[Any]) -> tuple[str, ...]:
    """Names of the public attributes that hold a number, judged by the first few agents."""
    found: dict[str, bool] = {}
    for agent, _ in zip(agents, range(10), strict=False):
        for name in (*getattr(agent, "__dict__", ()), *getattr(type(agent), "__slots__", ())):
            if name.startswith("_") or name in ("unique_id", "model", "pos") or found.get(name):
                continue
            value = getattr(agent, name, None)
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
            values[f"mean({name}.{attribute})"] = _summary("mean", attribute, members) if members else None
    return values
