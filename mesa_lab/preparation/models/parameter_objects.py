"""Models that take all their parameters as one object: a dataclass, a pydantic or attrs class, a named tuple.

Its fields are the model's parameters, as those of Mesa's own `Scenario` are (`scenarios.py`).
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
import types
from collections.abc import Mapping
from typing import Any

from mesa_lab.preparation.models.declarations import (
    REQUIRED,
    Slot,
    annotations_of,
    make_slot,
    members,
    parameters_of,
    resolved,
    with_factory,
)

__all__ = ["SEEDS", "field_values", "find_parameter_object", "object_slots", "seeds_of"]

SEEDS = ("seed", "rng")
"""Fields of this name take the seed of the run."""


def find_parameter_object(
    arguments: Mapping[str, tuple[inspect.Parameter, Any]],
) -> tuple[str, type[Any] | None]:
    """Find the argument that takes an object of parameters, and its class.

    Args:
        arguments: The parameters of the constructor, each with its hint.

    Returns:
        The keyword and the class; None where there is none, or where a field has the name of another argument.
    """
    found = [
        (name, kind)
        for name, (parameter, hint) in arguments.items()
        if name not in SEEDS and (kind := _kind_of(parameter, hint)) is not None
    ]
    if len(found) != 1:
        return "", None
    name, kind = found[0]
    others = arguments.keys() - {name} - {*SEEDS}
    fields = {parameter.name for parameter in _fields(kind)}
    return (name, kind) if fields and not fields & others else ("", None)


def _kind_of(parameter: inspect.Parameter, hint: Any) -> type[Any] | None:
    default = parameter.default if isinstance(parameter.default, type) else type(parameter.default)
    for kind in (*members(hint), default):
        if isinstance(kind, type) and _is_parameter_object(kind):
            return kind
    return None


def _is_parameter_object(kind: type[Any]) -> bool:
    return (
        dataclasses.is_dataclass(kind)
        or hasattr(kind, "model_fields")  # pydantic
        or hasattr(kind, "__attrs_attrs__")
        or (issubclass(kind, tuple) and hasattr(kind, "_fields"))
    ) and not kind.__module__.startswith("mesa.")


def _fields(kind: type[Any]) -> list[inspect.Parameter]:
    plain = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [with_factory(kind, each) for each in parameters_of(kind) if each.kind not in plain]


def object_slots(kind: type[Any], default: Any) -> list[Slot]:
    """Return the parameters that are fields of an object, without its seed.

    Args:
        kind: The class of the object.
        default: The object that is the argument's default; its values go before those of the class.
    """
    namespace = vars(sys.modules.get(kind.__module__, types))
    hints: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        hints |= annotations_of(base) if base is not object else {}
    given = field_values(default, kind)
    slots = []
    for parameter in _fields(kind):
        name = parameter.name
        if name in SEEDS:
            continue
        value = given.get(name, parameter.default)
        if type(value).__name__ in ("_HAS_DEFAULT_FACTORY_CLASS", "Factory", "_Nothing"):
            value = REQUIRED
        hint = resolved(hints.get(name, parameter.annotation), namespace, vars(kind))
        slots.append(make_slot(name, value, hint, "scenario"))
    return slots


def seeds_of(kind: type[Any]) -> tuple[str, ...]:
    """Return the fields of an object of parameters that take a seed."""
    return tuple(parameter.name for parameter in _fields(kind) if parameter.name in SEEDS)


def field_values(value: Any, kind: type[Any]) -> dict[str, Any]:
    """Return the fields of an object of parameters by name, without its seed; none of anything else.

    Args:
        value: What may be such an object.
        kind: Its class.
    """
    if not isinstance(value, kind):
        return {}
    names = [each.name for each in _fields(kind)]
    return {name: getattr(value, name) for name in names if name not in SEEDS and hasattr(value, name)}
