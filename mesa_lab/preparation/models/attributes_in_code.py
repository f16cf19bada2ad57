"""Which attributes the code of a model may set while a run is under way: what tells a later name from an unknown one.

Read from the compiled code of the classes and of their modules; nothing is run. An attribute may be set by an agent
(`self.model.outbreak = True`), and an agent's class may have no agents yet, so all of the modules counts.
"""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType
from typing import Any

__all__ = ["calls_in_methods", "may_set"]

# Code that names these sets attributes whose names only a run can tell. That of a constructor has run already.
_UNTOLD = frozenset({"setattr", "__dict__", "vars", "__setattr__"})


def may_set(name: str, classes: Iterable[type[Any]]) -> bool | None:
    """Whether code of these classes, or of the modules in which they are, sets an attribute of this name.

    Args:
        name: The attribute's name.
        classes: Classes of a model or its agents.

    Returns:
        True if some code does, False if none does, None if only a run can tell.

    Example:
        >>> from mesa.examples import Schelling
        >>> may_set("happy", [Schelling]), may_set("traffic", [Schelling])
        (True, False)
    """
    untold = False
    for function in _functions_near(classes):
        names, used = _names_in(function.__code__)
        if name in names:
            return True
        untold = untold or (function.__name__ != "__init__" and not _UNTOLD.isdisjoint(used))
    return None if untold else False


def calls_in_methods(model_cls: type[Any], name: str) -> bool:
    """Whether a method of a model's authors, other than the constructor, or code of its module speaks of this name.

    Args:
        model_cls: The class.
        name: A global's name, such as that of a class of Mesa's.
    """
    return any(
        name in _names_in(function.__code__)[1]
        for function in _functions_near([model_cls])
        if function.__name__ != "__init__"
    )


def _functions_near(classes: Iterable[type[Any]]) -> Iterator[Any]:
    """The functions of some classes and of their modules, without Mesa's own."""
    own = {base for kind in classes for base in kind.__mro__ if not _is_mesas(base.__module__)}
    modules = {kind.__module__ for kind in own}
    for name in modules - {"builtins"}:
        for value in list(vars(sys.modules.get(name, object())).values() if name in sys.modules else ()):
            if isinstance(value, type) and value.__module__ == name:
                own.add(value)
            elif isinstance(value, FunctionType) and value.__module__ == name:
                yield inspect.unwrap(value)
    for kind in own:
        for member in list(vars(kind).values()):
            yield from (
                each for each in _functions(member) if isinstance(getattr(each, "__code__", None), CodeType)
            )


def _is_mesas(module: str) -> bool:
    top, _, rest = module.partition(".")
    return top == "typing" or (top == "mesa" and not rest.startswith("examples"))


def _functions(member: Any) -> list[Any]:
    if isinstance(member, property):
        return [member.fget, member.fset]
    if isinstance(member, staticmethod | classmethod):
        member = member.__func__
    return [inspect.unwrap(member)] if isinstance(member, FunctionType) else []


def _names_in(code: CodeType) -> tuple[set[str], set[str]]:
    """Attributes that code sets, by name or by a text (`setattr(agent, "mood", 1)`); and the names that it uses."""
    found = {each.argval for each in dis.get_instructions(code) if each.opname == "STORE_ATTR"}
    used = set(code.co_names)
    texts: set[str] = set()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner, names = _names_in(constant)
            found |= inner
            used |= names
        else:
            listed = constant if isinstance(constant, tuple | frozenset) else (constant,)
            texts |= {each for each in listed if isinstance(each, str)}
    return (found if _UNTOLD.isdisjoint(used) else found | texts), used
