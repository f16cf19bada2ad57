"""The designs within a design: a list to which designs are added, each with values of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import solara

from mesa_lab.app.components.controls import Action, TextInput
from mesa_lab.app.components.html import tag
from mesa_lab.drafts.draft import DesignDraft
from mesa_lab.drafts.value_text import parse_value, show_value, split_values
from mesa_lab.errors import ParameterError

__all__ = ["PartsForm", "fixed_text", "read_fixed"]


def fixed_text(fixed: Sequence[tuple[str, str]]) -> str:
    """Write values by name as one line.

    Example:
        >>> fixed_text((("grass", "True"), ("width", "30")))
        'grass = True, width = 30'
    """
    return ", ".join(f"{name} = {value}" for name, value in fixed)


def read_fixed(text: str) -> tuple[tuple[str, str], ...]:
    """Read values by name from one line; what is not finished yet is kept as it is.

    Example:
        >>> read_fixed("grass = True, width = 30")
        (('grass', 'True'), ('width', '30'))
    """
    pairs = (part.partition("=") for part in split_values(text))
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)


def _problem(fixed: Sequence[tuple[str, str]]) -> str:
    for name, value in fixed:
        try:
            parse_value(value)
        except ParameterError:
            return f"Write '{name} = value'."
    return ""


@solara.component
def PartsForm(
    value: tuple[DesignDraft, ...],
    on_value: Callable[[tuple[DesignDraft, ...]], None],
    *,
    error: str,
    varied: Sequence[str],
    designs: Sequence[type],
) -> None:
    """Put designs together.

    Args:
        value: The designs.
        on_value: Called with the changed list.
        error: What is wrong with them.
        varied: The parameters that vary.
        designs: What to pick from.
    """

    def change(place: int, part: DesignDraft) -> None:
        on_value(tuple(part if place == other else each for other, each in enumerate(value)))

    for place, part in enumerate(value):
        with tag("fieldset", "ml-part").key(str(place)):
            with tag("div", "ml-part-head"):
                tag("legend", "", f"Design {place + 1}")
                Action(
                    "",
                    lambda place=place: on_value(value[:place] + value[place + 1 :]),
                    icon="mdi-close",
                    spoken=f"Remove design {place + 1}",
                )
            PartForm(part, lambda changed, place=place: change(place, changed), varied, designs)
    with tag("div", "ml-actions"):
        Action("Add a design", lambda: on_value((*value, DesignDraft())), icon="mdi-plus")
        if error:
            tag("span", "ml-error-text", error, role="alert")


@solara.component
def PartForm(
    value: DesignDraft,
    on_value: Callable[[DesignDraft], None],
    varied: Sequence[str],
    designs: Sequence[type],
) -> None:
    """One design within another, with what it holds fixed."""
    from mesa_lab.app.design.design_form import DesignForm

    typed, set_typed = solara.use_state(fixed_text(value.fixed))
    if read_fixed(typed) != value.fixed:
        typed = fixed_text(value.fixed)

    def hold(text: str) -> None:
        set_typed(text)
        on_value(replace(value, fixed=read_fixed(text)))

    DesignForm(value, on_value, varied=varied, errors={}, designs=designs)
    with tag("div", "ml-grid"):
        example = f"{varied[0]} = {show_value(1)}" if varied else "name = value"
        TextInput("Hold fixed here", typed, hold, hint=f"Such as {example}", error=_problem(value.fixed))
        solara.v.Select(
            label="Vary only",
            v_model=list(value.vary),
            on_v_model=lambda names: on_value(replace(value, vary=tuple(names))),
            items=list(varied),
            multiple=True,
            clearable=True,
            density="compact",
            variant="outlined",
            color="primary",
            hint="Others stay at their middle value; empty for all.",
            persistent_hint=True,
        )
