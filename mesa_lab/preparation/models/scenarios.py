"""Find the `Scenario` class that a model takes, and read its fields.

Mesa 3.5 and 4.0 let a model take its parameters as the fields of one object. What a class says
about it differs: a hint, a default that is an object, a default that is the class itself, or
nothing but `scenario=None` and a line in the constructor that makes one. Mesa 3.4 has no scenarios.
"""

import enum
import inspect
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from mesa_lab.preparation.models.declarations import (
    REQUIRED,
    Slot,
    annotations_of,
    is_mesa_base,
    is_silent,
    make_slot,
    members,
    parameters_of,
    passes_keyword,
    resolved,
)

__all__ = ["find_scenario", "scenario_slots", "scenario_values", "shadows_rng"]

# What Mesa's own Scenario keeps; never a user's parameter.
BOOKKEEPING = frozenset({"rng", "model", "scenario_id", "replication_id", "initial_rng_state"})
_DATA = (bool, int, float, str, tuple, list, dict, set, frozenset, enum.Enum, type(None))


def scenario_base() -> type[Any] | None:
    """Mesa's `Scenario`, or None under Mesa 3.4."""
    try:
        from mesa.experimental.scenarios import Scenario
    except ImportError:
        return None
    return typing.cast("type[Any]", Scenario)


def find_scenario(
    model_cls: type[Any],
    inits: list[tuple[type[Any], Any]],
    arguments: Mapping[str, tuple[inspect.Parameter, Any]],
) -> tuple[str, type[Any] | None]:
    """Find the keyword that takes a scenario, and the scenario's class.

    The hint and the default tell first. An unannotated `scenario=None` is looked up in the code of
    the constructor, then among the class's type arguments, then in its module.

    Args:
        model_cls: The model class.
        inits: Its constructors, see `declarations.constructors`.
        arguments: Their parameters.

    Returns:
        The keyword, and the class or None. Mesa's own `Scenario` stands for "fields unknown".
    """
    base = scenario_base()
    if base is None:
        return "scenario", None
    for name, (parameter, hint) in arguments.items():
        default = parameter.default if isinstance(parameter.default, type) else type(parameter.default)
        told = [kind for kind in (*members(hint), default) if _is_scenario(kind, base)]
        best = max(told, key=lambda kind: len(kind.__mro__), default=None)
        if best is not None and best is not base:
            return name, best
        unset = parameter.default is None or parameter.default is parameter.empty
        if best is None and not (name == "scenario" and unset and is_silent(hint)):
            continue
        near = (kind for kind in _nearby(model_cls, inits) if _is_scenario(kind, base) and kind is not base)
        best = next(near, best)
        if best is None and passes_keyword(model_cls, "scenario"):
            best = base
        if best is not None:
            return name, best
    if "scenario" not in arguments and is_mesa_base(inits[-1][0]):
        for kind in _type_arguments(model_cls):
            if _is_scenario(kind, base) and kind is not base:
                return "scenario", kind
    return "scenario", None


def _is_scenario(value: Any, base: type[Any]) -> bool:
    return isinstance(value, type) and issubclass(value, base)


def _nearby(model_cls: type[Any], inits: list[tuple[type[Any], Any]]) -> Iterator[Any]:
    for _, init in inits:
        names = getattr(getattr(init, "__code__", None), "co_names", ())
        namespace = getattr(init, "__globals__", {})
        found = [namespace[name] for name in names if name in namespace]
        yield from found
        for module in found:
            if isinstance(module, types.ModuleType):
                yield from (vars(module)[name] for name in names if name in vars(module))
    yield from _type_arguments(model_cls)
    module_values = vars(sys.modules.get(model_cls.__module__, types)).values()
    own = [
        kind for kind in module_values if isinstance(kind, type) and kind.__module__ == model_cls.__module__
    ]
    # Of several, the one that the others build upon.
    yield from sorted(own, key=lambda kind: len(kind.__mro__))


def _type_arguments(model_cls: type[Any]) -> Iterator[Any]:
    """`MyScenario` of `class MyModel(Model[MyAgent, MyScenario])`."""
    for cls in model_cls.__mro__:
        for generic in vars(cls).get("__orig_bases__", ()):
            yield from typing.get_args(generic)


def scenario_slots(scenario_class: type[Any] | None, given: Mapping[str, Any]) -> tuple[list[Slot], bool]:
    """The fields of a scenario class, and whether it takes others that it does not name.

    Args:
        scenario_class: The class, or None.
        given: Values of a scenario object that takes the place of the class's defaults.
    """
    base = scenario_base()
    if scenario_class is None or base is None:
        return [], False
    slots: dict[str, Slot] = {}
    for cls in reversed(scenario_class.__mro__):
        if _is_scenario(cls, base) and cls is not base:
            for slot in _declared(cls):
                old = slots.get(slot.name)
                hint = old.hint if old and slot.hint is None else slot.hint
                slots[slot.name] = make_slot(slot.name, slot.default, hint, "scenario")
    for name, value in given.items():
        if name not in slots and hasattr(scenario_class, name):
            continue  # a class variable
        slots[name] = make_slot(name, value, slots[name].hint if name in slots else None, "scenario")
    return list(slots.values()), not slots


def scenario_values(value: Any, kind: type[Any]) -> dict[str, Any]:
    """Return what a scenario holds by name, without its bookkeeping; nothing of anything else.

    Args:
        value: What may be a scenario.
        kind: Its class.
    """
    if not isinstance(value, kind):
        return {}
    return {name: held for name, held in vars(value).items() if name not in BOOKKEEPING and name[0] != "_"}


def _declared(cls: type[Any]) -> Iterator[Slot]:
    namespace = vars(sys.modules.get(cls.__module__, types))
    hints = annotations_of(cls)
    plain = [name for name, value in vars(cls).items() if isinstance(value, _DATA) and name not in hints]
    for name in (*hints, *plain):
        hint = resolved(hints.get(name, inspect.Parameter.empty), namespace, vars(cls))
        is_class_variable = hint is typing.ClassVar or typing.get_origin(hint) is typing.ClassVar
        if not (name.startswith("_") or name in BOOKKEEPING or is_class_variable):
            yield make_slot(name, vars(cls).get(name, REQUIRED), hint, "scenario")
    for parameter in (
        parameters_of(inspect.unwrap(vars(cls)["__init__"]))[1:] if "__init__" in vars(cls) else ()
    ):
        named = parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        if named and parameter.name not in BOOKKEEPING:
            hint = resolved(parameter.annotation, namespace, vars(cls))
            yield make_slot(parameter.name, parameter.default, hint, "scenario")


def shadows_rng(scenario_class: type[Any] | None) -> bool:
    """Whether a class-level `rng: int = 42` replaces the generator, as in EpsteinCivilViolence.

    Mesa 4.0.0a0 keeps the generator in a slot named `rng`, which such a class attribute hides: the
    model would get the number 42 for its generator.
    """
    base = inspect.getattr_static(scenario_base(), "rng", None)
    return base is not None and inspect.getattr_static(scenario_class, "rng", base) is not base
