"""The fields of one parameter's row, for each way in which it can vary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import solara

from mesa_lab.app.components.controls import Choose, TextInput
from mesa_lab.app.components.html import icon, tag
from mesa_lab.app.components.model_view import default_text
from mesa_lab.drafts.distribution_names import DISTRIBUTIONS, arguments_of
from mesa_lab.drafts.draft import Row
from mesa_lab.drafts.value_text import join_values, show_value, split_values, value_text

if TYPE_CHECKING:
    from mesa_lab.preparation.models import ParameterInfo

__all__ = ["Chip", "RowFields"]

MOST_CHIPS: Final = 2_000
"""Characters of listed choices that are shown as chips; more stand in a field."""


@solara.component
def RowFields(
    row: Row,
    on_row: Callable[[Row], None],
    info: ParameterInfo | None,
    errors: Mapping[str, str],
    described_by: str = "",
) -> None:
    """Show the fields of a row.

    Args:
        row: What was typed.
        on_row: Called with the changed row.
        info: What is known of the parameter.
        errors: Mistakes of this row, by field.
        described_by: Id of the element that says what is wrong.
    """

    def text(label: str, name: str, placeholder: str = "", classes: str = "") -> None:
        TextInput(
            label,
            getattr(row, name),
            lambda typed: on_row(replace(row, **{name: typed})),
            error=errors.get(f"parameters.{row.name}.{name}", errors.get(f"parameters.{row.name}", "")),
            placeholder=placeholder,
            spoken=f"{row.name}: {label}",
            described_by=described_by,
            classes=classes,
        )

    with tag("div", "ml-row-fields"):
        if row.kind == "fixed":
            if info is not None and info.choices:
                FixedChoice(row, on_row, info)
            else:
                text("Value", "fixed", placeholder=default_text(info) if info else "")
        elif row.kind in ("real", "integer"):
            text("From", "low", classes="ml-number-field")
            text("To", "high", classes="ml-number-field")
            if row.kind == "integer":
                text("Step", "step", placeholder="1", classes="ml-number-field ml-short")
            else:
                Logarithmic(row, on_row)
        elif row.kind == "choice" and info is not None and info.choices and len(row.choices) <= MOST_CHIPS:
            Chips(row, on_row, info)
        elif row.kind in ("levels", "choice"):
            text("Values, separated by commas", "levels" if row.kind == "levels" else "choices")
        elif row.kind == "distribution":
            DistributionFields(row, on_row, info, errors, described_by)


@solara.component
def FixedChoice(row: Row, on_row: Callable[[Row], None], info: ParameterInfo) -> None:
    """Hold a parameter at one of the values that it can have."""
    items = [("", f"{default_text(info)} (default)")]
    items += [
        (show_value(choice), value_text(choice)) for choice in info.choices or () if choice != info.default
    ]
    known = {value for value, _ in items}
    typed = row.fixed if row.fixed in known or show_value(info.default) != row.fixed else ""
    if typed not in known:
        items.append((typed, typed))
    Choose(
        "Value", typed, lambda value: on_row(replace(row, fixed=value)), items, spoken=f"{row.name}: value"
    )


@solara.component
def Logarithmic(row: Row, on_row: Callable[[Row], None]) -> None:
    """Whether a range is logarithmic."""
    with tag("span", "ml-check"):
        solara.v.Checkbox(
            label="Log",
            v_model=row.log,
            on_v_model=lambda value: on_row(replace(row, log=value)),
            density="compact",
            color="primary",
            hide_details=True,
            attributes={"aria-label": f"{row.name}: logarithmic"},
        )


@solara.component
def Chips(row: Row, on_row: Callable[[Row], None], info: ParameterInfo) -> None:
    """Choose several of the values that a parameter can have."""
    chosen = split_values(row.choices)
    offered = [show_value(choice) for choice in info.choices or ()]
    every = [*offered, *(text for text in chosen if text not in offered)]

    def toggle(text: str) -> None:
        kept = [each for each in every if (each in chosen) != (each == text)]
        on_row(replace(row, choices=join_values(kept)))

    with tag("div", "ml-chips", role="group", aria_label=f"{row.name}: values"):
        for text in every:
            Chip(text, text in chosen, toggle).key(text)


@solara.component
def Chip(text: str, chosen: bool, on_toggle: Callable[[str], None]) -> solara.Element:
    """One value that can be taken or left."""
    chip = tag(
        "button",
        "ml-chip" + (" ml-chip-on" if chosen else ""),
        icon("mdi-check" if chosen else "mdi-plus"),
        tag("span", "", text),
        attributes={"title": text} if len(text) > 24 else None,
        type="button",
        aria_pressed="true" if chosen else "false",
    )
    solara.v.use_event(chip, "click", lambda *_: on_toggle(text))
    return chip


@solara.component
def DistributionFields(
    row: Row,
    on_row: Callable[[Row], None],
    info: ParameterInfo | None,
    errors: Mapping[str, str],
    described_by: str,
) -> None:
    """Draw a parameter from a distribution."""
    arguments = dict(row.arguments)
    place = f"parameters.{row.name}"

    def take(name: str, typed: str) -> None:
        changed = {**arguments, name: typed}
        on_row(replace(row, arguments=tuple((key, text) for key, text in changed.items() if text)))

    def choose(name: str) -> None:
        keep = {argument for argument, _ in arguments_of(name)}
        kept = tuple((key, text) for key, text in row.arguments if key in keep)
        on_row(replace(row, distribution=name, arguments=kept))

    whole = info is not None and info.kind == "integer"
    items = [(each.name, each.label) for each in sorted(DISTRIBUTIONS, key=lambda each: each.whole != whole)]
    items.append(("", "Other …"))
    known = row.distribution if row.distribution in {name for name, _ in items} else ""
    error = errors.get(f"{place}.distribution", "")
    with tag("div", "ml-row-fields"):
        Choose(
            "Distribution",
            known,
            choose,
            items,
            error=error if known else "",
            spoken=f"{row.name}: distribution",
            classes="ml-distribution",
        )
        if not known:
            TextInput(
                "Name in scipy.stats",
                row.distribution,
                lambda typed: on_row(replace(row, distribution=typed)),
                error=error,
                spoken=f"{row.name}: name of the distribution in scipy.stats",
                classes="ml-distribution",
            )
        for name, label in solara.use_memo(
            lambda: arguments_of(row.distribution), dependencies=[row.distribution]
        ):
            TextInput(
                label,
                arguments.get(name, ""),
                lambda typed, name=name: take(name, typed),
                error=errors.get(f"{place}.{name}", ""),
                spoken=f"{row.name}: {label}",
                described_by=described_by,
                classes="ml-number-field",
            ).key(f"{row.distribution} {name}")
