"""From the typed form of a design to the design, whatever its fields are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mesa_lab.drafts.design_fields import FormField, designs, fields_of, label_of
from mesa_lab.drafts.field_errors import Mistakes
from mesa_lab.drafts.points_csv import parse_points
from mesa_lab.drafts.value_text import parse_value
from mesa_lab.errors import DesignError, MesaLabError, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mesa_lab.drafts.draft import DesignDraft

__all__ = ["place_of", "read_design"]


def read_design(typed: DesignDraft, parameters: Mapping[str, Any], mistakes: Mistakes) -> Any:
    """Return the design that was typed; mistakes are noted at "design" or at one of its fields.

    Args:
        typed: The form.
        parameters: The experiment's parameters, for fields that have a value for each.
        mistakes: Where to note them.

    Returns:
        The design, or None.
    """
    kinds = designs()
    if typed.kind not in kinds:
        listed = ", ".join(kinds)
        mistakes.note(
            "design", f"There is no design '{typed.kind}'.{suggest(typed.kind, kinds)} There are: {listed}."
        )
        return None
    values: dict[str, Any] = {}
    before = len(mistakes)
    for field in fields_of(kinds[typed.kind]):
        place = f"design.{field.name}"
        if field.kind == "points":
            value = mistakes.attempt("design.points", parse_points, typed.points)
        elif field.kind == "designs":
            value = mistakes.attempt(place, _parts, typed, parameters)
        elif field.kind == "each":
            value = _each(field, typed, parameters, mistakes)
        else:
            value = mistakes.attempt(place, field.read, typed.text(field.name))
        if value is not None and (field.required or value != field.default):
            values[field.name] = value
    if len(mistakes) > before:
        return None
    try:
        return kinds[typed.kind](**values)
    except MesaLabError as error:
        mistakes.note(place_of(str(error), typed.kind), str(error))
        return None


def place_of(message: str, kind: str) -> str:
    """Return the field of which a design complains: the first that its message names, else the design itself."""
    names = [field.name for field in fields_of(designs()[kind])] if kind in designs() else []
    places = {message.find(f"{name}="): name for name in names}
    named = min((place for place in places if place >= 0), default=None)
    return "design" if named is None else f"design.{places[named]}"


def _parts(typed: DesignDraft, parameters: Mapping[str, Any]) -> Any:
    from mesa_lab.preparation.designs.union import Part

    if not typed.parts:
        raise DesignError("There are no designs to put together yet. Add one.")
    parts = []
    for number, part in enumerate(typed.parts, start=1):
        inner = Mistakes()
        design = read_design(part, parameters, inner)
        held = {name: inner.attempt(name, parse_value, text) for name, text in part.fixed if text.strip()}
        if inner:
            message = next(iter(inner.values()))
            raise DesignError(f"Design {number} ({label_of(part.kind)}): {message}")
        parts.append(Part(design, fixed=held, vary=part.vary or None) if held or part.vary else design)
    return tuple(parts)


def _each(field: FormField, typed: DesignDraft, parameters: Mapping[str, Any], mistakes: Mistakes) -> Any:
    """One value for all parameters, or values by name, or the default.

    Where both were typed, the common one holds for the ranges that have none of their own: listed
    values are all taken anyway.
    """
    from mesa_lab.preparation.parameters.space import Integer, Parameter, Real

    place = f"design.{field.name}"
    common = typed.text(field.name).strip()
    shared = mistakes.attempt(place, field.read, common) if common else None
    varied = [name for name, parameter in parameters.items() if isinstance(parameter, Parameter)]
    own = {
        name: mistakes.attempt(f"{place}.{name}", field.read, text)
        for name in varied
        if (text := typed.text(f"{field.name}.{name}")).strip()
    }
    if not own:
        return shared
    ranges = [name for name in varied if isinstance(parameters[name], Real | Integer)]
    filled = {name: shared for name in ranges if name not in own} if common else {}
    return {name: own.get(name, filled.get(name)) for name in varied if name in own or name in filled}
