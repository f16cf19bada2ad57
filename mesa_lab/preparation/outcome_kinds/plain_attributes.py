"""Attributes of agents and models that are plain values.

Reading a plain attribute runs no code but Python's own, so it can be left out, or done once more, without a trace. The
answer comes from the class alone; no code is read or run.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MemberDescriptorType
from typing import Any

__all__ = ["are_plain", "is_plain"]


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
