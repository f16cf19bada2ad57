"""Attributes of agents and models: which are plain values, and how those of many agents are read at once.

Reading a plain attribute runs no code but Python's own, so it can be left out, or done once more, without a trace. The
answer comes from the class alone; no code is read or run. This module knows neither Mesa nor Arrow.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from types import FunctionType, MemberDescriptorType
from typing import Any

__all__ = ["are_plain", "attribute_or_none", "is_plain", "reader_of"]


def _values_of(agents: Sequence[Any]) -> list[Any]:
    return [agent.attribute for agent in agents]


@functools.lru_cache(maxsize=1024)
def reader_of(name: str) -> Callable[[Sequence[Any]], list[Any]]:
    """Return what reads an attribute of many agents, in less than half the time of `operator.attrgetter`."""
    # A comprehension that names the attribute is specialised by the interpreter, a call for each agent is not.
    code = _values_of.__code__
    names = tuple(name if known == "attribute" else known for known in code.co_names)
    return FunctionType(code.replace(co_names=names), {})


def attribute_or_none(name: str) -> Callable[[Any], Any]:
    """Return what reads an attribute of one agent, and gives None for an agent that does not have it."""
    return lambda agent: getattr(agent, name, None)


def is_plain(kind: type[Any], name: str) -> bool:
    """Whether an attribute is a plain value of the instances of a class, or of the class.

    It is not when the class answers for it by code: a property or another descriptor, a method, `__getattr__` or
    `__getattribute__`. Classes may change while a model runs, so the answer is not kept.

    Args:
        kind: The class.
        name: The attribute's name.

    Returns:
        True if reading it has no effect.

    Example:
        >>> class Agent:
        ...     wealth = 1
        ...     @property
        ...     def luck(self):
        ...         return random.random()
        >>> is_plain(Agent, "wealth"), is_plain(Agent, "energy"), is_plain(Agent, "luck")
        (True, True, False)
    """
    is_defined = False
    for base in kind.__mro__:
        members = base.__dict__
        if base is not object and ("__getattr__" in members or "__getattribute__" in members):
            return False
        if not is_defined and name in members:
            is_defined = True
            member = type(members[name])
            # A member descriptor is what Python makes of a name in `__slots__`.
            if member is not MemberDescriptorType and hasattr(member, "__get__"):
                return False
    return True


def are_plain(agents: Iterable[Any], names: Iterable[str]) -> bool:
    """Whether each of these attributes is a plain value of each of these agents."""
    # What the agents are now: a model may give an agent another class, or a class another member.
    kinds = set(map(type, agents))
    return all(is_plain(kind, name) for name in names for kind in kinds)
