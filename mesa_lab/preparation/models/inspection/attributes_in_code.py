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
    own = _own(classes)
    if any(name in _names_in(function.__code__)[0] for function in _functions_near(own)):
        return True
    steps = (function for kind in own for function in _methods(kind) if function.__name__ != "__init__")
    return None if any(not _UNTOLD.isdisjoint(_names_in(step.__code__)[1]) for step in steps) else False


def calls_in_methods(model_cls: type[Any], name: str) -> bool:
    """Whether a method of a model's authors, other than the constructor, or code of its module speaks of this name.

    Args:
        model_cls: The class.
        name: A global's name, such as that of a class of Mesa's.
    """
    return any(
        name in _names_in(function.__code__)[1]
        for function in _functions_near(_own([model_cls]))
        if function.__name__ != "__init__"
    )


def _own(classes: Iterable[type[Any]]) -> set[type[Any]]:
    """Some classes and those that they build upon, without Mesa's own."""
    return {
        base
        for kind in classes
        for base in kind.__mro__
        if base.__module__ != "builtins" and not _is_mesas(base.__module__)
    }


def _functions_near(own: set[type[Any]]) -> Iterator[Any]:
    """The functions of some classes and of the modules in which they are."""
    near = set(own)
    for name in {kind.__module__ for kind in own} & sys.modules.keys():
        for value in list(vars(sys.modules[name]).values()):
            if isinstance(value, type) and value.__module__ == name:
                near.add(value)
            elif isinstance(value, FunctionType) and value.__module__ == name:
                yield inspect.unwrap(value)
    for kind in near:
        yield from _methods(kind)


def _methods(kind: type[Any]) -> Iterator[Any]:
    for member in list(vars(kind).values()):
        for function in _functions(member):
            if isinstance(getattr(function, "__code__", None), CodeType):
                yield function


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
