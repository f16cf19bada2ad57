"""An attribute of many agents, read at once: what most of agents' data are.

A call for each agent takes longer than all the rest. So attributes are read in one loop, also those that a reporter
asks for by `lambda agent: agent.wealth`. This room reads functions and calls none; it knows neither Mesa nor Arrow.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

__all__ = ["attribute_of", "reader_of"]


def _values_of(agents: Sequence[Any]) -> list[Any]:
    return [agent.attribute for agent in agents]


def _value_of(agent: Any) -> Any:
    return agent.attribute


_SIMPLE = _value_of.__code__


@functools.lru_cache(maxsize=1024)
def reader_of(name: str) -> Callable[[Sequence[Any]], list[Any]]:
    """Return what reads an attribute of many agents, in less than half the time of `operator.attrgetter`."""
    code = _values_of.__code__
    names = tuple(name if known == "attribute" else known for known in code.co_names)
    return FunctionType(code.replace(co_names=names), {})


def attribute_of(function: Any) -> str | None:
    """Return the name of the attribute that a function reads, None when it does anything else.

    Example:
        >>> attribute_of(lambda agent: agent.wealth)
        'wealth'
        >>> attribute_of(lambda agent: agent.wealth + 1)
    """
    if type(function) is not FunctionType:
        return None
    code = function.__code__
    alike = (
        code.co_code == _SIMPLE.co_code
        and code.co_argcount == len(code.co_varnames) == len(code.co_names) == 1
    )
    return code.co_names[0] if alike else None
