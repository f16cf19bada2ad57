"""What a model's code says about itself: whether its data collection may be thinned out unnoticed.

Leaving out a reporter that nobody asked for is only exact when evaluating it has no effect on the run: it must
not draw random numbers nor change the model, and the model must not read its own records back. This room
reads the compiled code, never runs it, and errs on the safe side: a doubt costs speed, not exactness. The
answer depends on the code alone, so that a run gives the same rows wherever and after whatever it is run.
"""

from __future__ import annotations

import dis
import functools
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

import mesa

__all__ = ["Traits", "is_quiet", "traits_of"]

_RECORDS = frozenset(
    {
        "model_vars",
        "_agent_records",
        "_agenttype_records",
        "_collection_steps",
        "get_model_vars_dataframe",
        "get_agent_vars_dataframe",
        "get_agenttype_vars_dataframe",
    }
)

_GENERATOR_STATES = frozenset({"getstate", "setstate", "get_state", "set_state"})

# Names of attributes and globals whose use may draw a random number, or change something.
_DRAWS = re.compile("random|rng|seed|shuffle|choice|sample|randint|permut|uniform|gauss|normal").search
_CHANGES = re.compile(
    "add|append|appendleft|clear|collect|delattr|discard|do|extend|insert|integers|move_to|next|open|pop|popitem"
    "|popleft|print|put|register|remove|reverse|run_for|run_until|schedule_event|send|set|setattr|setdefault|sort"
    "|step|add_table_row|to_csv|to_parquet|update|write"
).fullmatch
_EFFECT_OPS = frozenset(
    {"STORE_ATTR", "DELETE_ATTR", "STORE_SUBSCR", "DELETE_SUBSCR", "STORE_GLOBAL", "STORE_SLICE"}
)
_CORE = re.compile(
    r"(mesa(?!\.examples\.)|numpy|scipy|pandas|networkx|math|statistics|builtins|collections|itertools)(\..*)?"
).fullmatch


@dataclass(frozen=True, slots=True)
class Traits:
    """What the code of a model and of its agents does.

    Attributes:
        collects: It calls a data collector.
        reads_records: It reads what the data collector stored.
        stops_itself: It sets `running` outside of its constructor.
        handles_generators: It reads or sets states of random generators, so that these do not tell who drew.
    """

    collects: bool
    reads_records: bool
    stops_itself: bool
    handles_generators: bool


@functools.lru_cache(maxsize=256)
def traits_of(model_cls: Any) -> Traits:
    """Read the code of a model class and of the modules it comes from.

    Args:
        model_cls: A subclass of `mesa.Model`.

    Returns:
        The traits, cached per class.
    """
    own = list(_codes_of_model(model_cls))
    nearby = [code for cls in _nearby_classes(model_cls) for code in _codes_of_class(cls)]
    functions = [
        value.__code__
        for module in _modules(model_cls)
        for value in vars(module).values()
        if type(value) is FunctionType
    ]
    every = [*own, *nearby, *functions]
    return Traits(
        collects=any("collect" in code.co_names for code in every),
        reads_records=any(not _RECORDS.isdisjoint(code.co_names) for code in every),
        stops_itself=any(_stores_running(code) for code in every if code.co_name != "__init__"),
        handles_generators=any(not _GENERATOR_STATES.isdisjoint(code.co_names) for code in every),
    )


def is_quiet(reporters: Iterable[Any], model_cls: Any) -> bool:
    """Whether evaluating these reporters surely leaves no trace in the run.

    Args:
        reporters: Functions, attribute names or [function, arguments] lists, as a data collector takes them.
        model_cls: The model's class, whose properties and methods the reporters may use.

    Returns:
        False when one of them may draw random numbers, change something or read records back.
    """
    return all(_quiet(part, model_cls) for reporter in reporters for part in _parts(reporter))


def _parts(reporter: Any) -> Iterator[Any]:
    if isinstance(reporter, list | tuple):
        yield reporter[0] if reporter else None
    elif isinstance(reporter, functools.partial):
        yield from _parts(reporter.func)
    else:
        yield getattr(reporter, "__func__", reporter)


def _quiet(reporter: Any, model_cls: Any) -> bool:
    if isinstance(reporter, str):
        return _attribute_is_quiet(reporter, model_cls)
    if type(reporter) is not FunctionType:
        return False
    cells = [cell.cell_contents for cell in reporter.__closure__ or () if _filled(cell)]
    # A data collector wraps an attribute's name in a closure of its own.
    if reporter.__module__ == "mesa.datacollection":
        return all(
            _quiet(part, model_cls) for cell in cells for part in _parts(cell) if callable(cell)
        ) and all(_attribute_is_quiet(cell, model_cls) for cell in cells if isinstance(cell, str))
    return _function_is_quiet(reporter.__code__, _Globals(reporter.__globals__), model_cls) and all(
        _quiet(getattr(cell, "__func__", cell), model_cls)
        for cell in cells
        if callable(cell) and not _core(cell)
    )


class _Globals:
    """A namespace that hashes by identity, to be part of a cache's key."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace

    def __hash__(self) -> int:
        return id(self.namespace)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Globals) and other.namespace is self.namespace


@functools.lru_cache(maxsize=4096)
def _attribute_is_quiet(name: str, model_cls: Any) -> bool:
    return all(
        _function_is_quiet(function.__code__, _Globals(function.__globals__), model_cls)
        for function in _members(name, model_cls)
    )


@functools.lru_cache(maxsize=4096)
def _function_is_quiet(code: CodeType, namespace: _Globals, model_cls: Any) -> bool:
    """Walk the code, the functions it names, and the properties and methods its attribute names may mean."""
    seen: set[CodeType] = set()
    todo = [(code, namespace.namespace)]
    while todo:
        code, names = todo.pop()
        if code in seen:
            continue
        seen.add(code)
        if len(seen) > 200 or not _code_is_quiet(code):
            return False
        todo += [(constant, names) for constant in code.co_consts if isinstance(constant, CodeType)]
        for name in code.co_names:
            target = names.get(name)
            if type(target) is FunctionType and not _core(target):
                todo.append((target.__code__, target.__globals__))
            todo += [(function.__code__, function.__globals__) for function in _members(name, model_cls)]
    return True


def _code_is_quiet(code: CodeType) -> bool:
    for name in code.co_names:
        if name in _RECORDS or _CHANGES(name) or _DRAWS(name):
            return False
    return not any(instruction.opname in _EFFECT_OPS for instruction in dis.get_instructions(code))


def _members(name: str, model_cls: Any) -> list[FunctionType]:
    """Every property or method of that name, of the model, its agents and what else its modules define."""
    return _members_by_name(model_cls).get(name, [])


@functools.lru_cache(maxsize=256)
def _members_by_name(model_cls: Any) -> dict[str, list[FunctionType]]:
    found: dict[str, list[FunctionType]] = {}
    classes = [*_own_classes(model_cls), *_nearby_classes(model_cls)]
    # By identity, since a class may have an idea of its own of being equal.
    for cls in {id(cls): cls for cls in classes}.values():
        for name, value in vars(cls).items():
            for function in _functions(value):
                found.setdefault(name, []).append(function)
    return found


def _functions(member: Any) -> Iterator[FunctionType]:
    if isinstance(member, property):
        member = member.fget
    elif isinstance(member, functools.cached_property):
        member = member.func
    member = getattr(member, "__func__", member)
    member = getattr(member, "__wrapped__", member)
    if type(member) is FunctionType:
        yield member


def _codes_of_model(model_cls: type[Any]) -> Iterator[CodeType]:
    """The code that an instance runs: an overridden method only counts where it is still called."""
    classes = _own_classes(model_cls)
    callers = ("super", *(cls.__name__ for cls in classes))
    for name in dict.fromkeys(name for cls in classes for name in vars(cls)):
        for cls in classes:
            if name in vars(cls):
                codes = [
                    code for function in _functions(vars(cls)[name]) for code in _nested(function.__code__)
                ]
                yield from codes
                if not any(caller in code.co_names for code in codes for caller in callers):
                    break


def _codes_of_class(cls: type[Any]) -> Iterator[CodeType]:
    for member in vars(cls).values():
        for function in _functions(member):
            yield from _nested(function.__code__)


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def _own_classes(model_cls: type[Any]) -> list[type[Any]]:
    return [cls for cls in model_cls.__mro__ if cls is not object and not _core(cls)]


def _nearby_classes(model_cls: type[Any]) -> list[type[Any]]:
    """Classes that the model's modules define or import, such as its agents; other models are no part of it."""
    return [
        base
        for module in _modules(model_cls)
        for value in vars(module).values()
        if isinstance(value, type) and not issubclass(value, mesa.Model)
        for base in value.__mro__
        if base is not object and not _core(base)
    ]


def _modules(model_cls: type[Any]) -> list[ModuleType]:
    names = dict.fromkeys(cls.__module__ for cls in _own_classes(model_cls))
    return [module for name in names if (module := sys.modules.get(name)) is not None]


def _core(thing: type[Any] | Callable[..., Any]) -> bool:
    return _CORE(getattr(thing, "__module__", None) or "builtins") is not None


def _filled(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True


def _stores_running(code: CodeType) -> bool:
    return "running" in code.co_names and any(
        instruction.opname == "STORE_ATTR" and instruction.argval == "running"
        for instruction in dis.get_instructions(code)
    )
