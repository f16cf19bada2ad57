"""The form of a design: which one, and what its own fields ask for.

Built from the dataclass of the design that is picked, so a design that another package adds appears here
with its fields, its help and its sentence on when to use it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

import solara

from mesa_lab.app.components.controls import Choose, TextInput, Toggle
from mesa_lab.app.components.html import tag
from mesa_lab.app.design.table_form import PointsForm
from mesa_lab.app.design.union_form import PartsForm
from mesa_lab.drafts.design_fields import FormField, fields_of, label_of, summary_of
from mesa_lab.drafts.design_fields import designs as known_designs
from mesa_lab.drafts.draft import DesignDraft
from mesa_lab.drafts.value_text import show_value
from mesa_lab.errors import MesaLabError

__all__ = ["DesignForm", "DesignPicker", "offered_designs"]

START_SIZE: Final = "20"
START_LEVELS: Final = "3"


def offered_designs(*, alone: bool = False, code: bool = True) -> list[type]:
    """Return the designs to pick from.

    Args:
        alone: Leave out those made of other designs.
        code: Whether designs that call a function of the user's may be picked.
    """
    from mesa_lab.preparation.designs import FunctionDesign, Part

    return [
        design
        for design in known_designs().values()
        if design is not Part
        and (code or design is not FunctionDesign)
        and not (alone and any(field.kind == "designs" for field in fields_of(design)))
    ]


def picked(value: DesignDraft, design: type) -> DesignDraft:
    """Return the draft with another design, and a start for what that one cannot do without."""
    if getattr(design, "in_blocks", False) != getattr(known_designs().get(value.kind), "in_blocks", False):
        # A size counts points here and blocks there, and levels are those of a grid: start anew.
        shared = {field.name for field in fields_of(design)}
        value = replace(value, fields=tuple(pair for pair in value.fields if pair[0] not in shared))
    value = replace(value, kind=design.__name__)
    starts = {"size": START_SIZE, "levels": START_LEVELS}
    for field in fields_of(design):
        if field.name in starts and not value.text(field.name) and (field.required or _needs_levels(design)):
            value = value.with_text(field.name, starts[field.name])
    return value


@cache
def _needs_levels(design: type) -> bool:
    """Whether a design asks how many levels to take of a range, and does not answer by itself."""
    from mesa_lab.preparation.parameters.space import ParameterSpace, Real

    try:
        design().n_points(ParameterSpace({"any": Real(0, 1)}))
    except (MesaLabError, TypeError, AttributeError):
        return True
    return False


@solara.component
def DesignForm(
    value: DesignDraft,
    on_value: Callable[[DesignDraft], None],
    *,
    varied: Sequence[str],
    errors: Mapping[str, str],
    designs: Sequence[type],
    parameters: Sequence[str] = (),
    current_points: Callable[[], str] | None = None,
    place: str = "design",
) -> None:
    """Pick a design and fill in its form.

    Args:
        value: What was typed.
        on_value: Called with the changed draft.
        varied: The names of the parameters that vary.
        errors: Mistakes by field.
        designs: What to pick from.
        parameters: The names of all parameters.
        current_points: Gives the points of the design so far as text, to start a table from.
        place: The field under which mistakes of this design are noted.
    """
    kinds = {design.__name__: design for design in designs}
    DesignPicker(
        value.kind, lambda kind: on_value(picked(value, kinds[kind])), designs, errors.get(place, "")
    )
    if value.kind not in kinds:
        return
    fields = fields_of(kinds[value.kind])
    with tag("div", "ml-grid"):
        for field in fields:
            if field.kind not in ("points", "designs", "each"):
                FieldControl(field, value, on_value, errors.get(f"{place}.{field.name}", "")).key(field.name)
    for field in fields:
        name = f"{place}.{field.name}"
        if field.kind == "each":
            EachControl(field, value, on_value, varied, errors, name).key(f"{value.kind} {field.name}")
        elif field.kind == "points":
            PointsForm(
                value.points,
                lambda text: on_value(replace(value, points=text)),
                error=errors.get(f"{place}.points", ""),
                parameters=parameters,
                current_points=current_points,
            ).key(field.name)
        elif field.kind == "designs":
            PartsForm(
                value.parts,
                lambda parts: on_value(replace(value, parts=parts)),
                error=errors.get(name, ""),
                varied=varied,
                designs=[design for design in designs if design in offered_designs(alone=True)],
                form=DesignForm,
            ).key(field.name)


@solara.component
def DesignPicker(
    value: str, on_value: Callable[[str], None], designs: Sequence[type], error: str = ""
) -> None:
    """Pick a design; below stands when to use it.

    Args:
        value: The name of the design's class.
        on_value: Called with another one's.
        designs: What to pick from.
        error: What is wrong with the design.
    """
    chosen = next((design for design in designs if design.__name__ == value), None)
    Choose(
        "Design",
        value,
        on_value,
        [(design.__name__, label_of(design.__name__)) for design in designs],
        notes=[summary_of(design) for design in designs],
        hint=summary_of(chosen) if chosen else "",
        error=error,
        classes="ml-design",
    )


@solara.component
def FieldControl(
    field: FormField, value: DesignDraft, on_value: Callable[[DesignDraft], None], error: str
) -> None:
    """The control of one field of a design."""
    text = value.text(field.name)

    def take(typed: str) -> None:
        on_value(value.with_text(field.name, typed))

    if field.kind == "flag":
        default = False if field.required else bool(field.default)
        on = text.lower() == "true" if text else default
        Toggle(field.label, on, lambda new: take("" if new == default else str(new)), hint=field.help)
    elif field.kind == "choice":
        default_text = "" if field.required else show_value(field.default)
        items: list[tuple[Any, str]] = [
            ("" if show_value(choice) == default_text else show_value(choice), _choice_text(choice))
            for choice in field.choices
        ]
        Choose(field.label, text, take, items, hint=field.help, error=error)
    else:
        TextInput(field.label, text, take, hint=field.help, error=error, placeholder=field.hint)


def _choice_text(choice: Any) -> str:
    return "None" if choice is None else str(choice).replace("_", " ")


@solara.component
def EachControl(
    field: FormField,
    value: DesignDraft,
    on_value: Callable[[DesignDraft], None],
    varied: Sequence[str],
    errors: Mapping[str, str],
    place: str,
) -> None:
    """A field with one value for all parameters, or one for each that varies."""
    own = any(value.text(f"{field.name}.{name}") for name in varied)
    opened, set_opened = solara.use_state(own or not field.common)
    if field.common:
        with tag("div", "ml-grid"):
            TextInput(
                field.label,
                value.text(field.name),
                lambda text: on_value(value.with_text(field.name, text)),
                hint=field.help,
                error=errors.get(place, ""),
                placeholder=field.hint,
            )
            if varied:
                Toggle("One by one", opened, set_opened, hint="Give single parameters a number of their own.")
    else:
        tag("h3", "", field.label)
        tag("p", "ml-hint", field.help)
    if opened and varied:
        with tag("div", "ml-grid ml-grid-small"):
            for name in varied:
                key = f"{field.name}.{name}"
                TextInput(
                    name,
                    value.text(key),
                    lambda text, key=key: on_value(value.with_text(key, text)),
                    hint="",
                    error=errors.get(f"{place}.{name}", ""),
                    placeholder=value.text(field.name) if field.common else "middle",
                    spoken=f"{field.label} of {name}",
                ).key(key)
