"""The parameters of a design: one row for each, saying whether and how it varies."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import solara

from mesa_lab.app.components.controls import Action, Choose, TextInput
from mesa_lab.app.components.html import tag
from mesa_lab.app.components.model_view import default_text, meaning, range_text
from mesa_lab.app.design.parameter_fields import RowFields
from mesa_lab.drafts.draft import Row, default_kind

if TYPE_CHECKING:
    from mesa_lab.preparation.models import ParameterInfo

__all__ = ["AddParameter", "ParameterRow", "ParameterRows", "kinds_for"]

_numbers = itertools.count(1)

LABELS: Final = {
    "fixed": "Fixed",
    "real": "Range",
    "integer": "Whole numbers",
    "levels": "Levels",
    "choice": "Choices",
    "distribution": "Distribution",
}
_FITTING: Final = {
    "real": ("fixed", "real", "integer", "levels", "choice", "distribution"),
    "integer": ("fixed", "integer", "levels", "choice", "distribution"),
    "choice": ("fixed", "choice", "levels"),
    "text": ("fixed", "choice", "levels"),
}
SEARCH_FROM: Final = 12
"""With so many parameters, the list can be searched."""


def kinds_for(info: ParameterInfo | None, row: Row) -> list[tuple[str, str]]:
    """Return the ways in which a parameter can vary, with the words for them; texts have no range to vary over."""
    is_text = info is not None and (isinstance(info.default, str) or info.type in ("str", "str | None"))
    fitting: Collection[str] = _FITTING.get("text" if is_text else info.kind if info else "", tuple(LABELS))
    kinds = [kind for kind in LABELS if kind in fitting or kind == row.kind]
    return [(kind, "Range" if kind == "integer" and "real" not in kinds else LABELS[kind]) for kind in kinds]


@solara.component
def ParameterRows(
    rows: Sequence[Row],
    on_row: Callable[[Row], None],
    infos: Mapping[str, ParameterInfo],
    errors: Mapping[str, str],
    columns: Collection[str] = (),
) -> None:
    """Show all parameters.

    Args:
        rows: What was typed.
        on_row: Called with a row that changed.
        infos: What is known of the parameters, by name.
        errors: Mistakes by field.
        columns: Parameters whose values come from a table of points.
    """
    search, set_search = solara.use_state("")
    shown = [row for row in rows if search.lower().strip() in row.name.lower()]
    if len(rows) >= SEARCH_FROM:
        TextInput(
            "Find a parameter", search, set_search, icon="mdi-magnify", clearable=True, classes="ml-search"
        )
    with tag("div", "ml-rows"):
        for row in shown:
            place = f"parameters.{row.name}"
            mine = {
                field: text
                for field, text in errors.items()
                if field == place or field.startswith(f"{place}.")
            }
            ParameterRow(row, on_row, infos.get(row.name), mine, row.name in columns).key(row.name)
    if not shown:
        text = f"No parameter matches “{search.strip()}”." if rows else "This model takes no parameters."
        tag("p", "ml-quiet", text)


@solara.component
def AddParameter(names: Collection[str], on_row: Callable[[Row], None]) -> None:
    """Add a parameter by its name, for models that take any.

    Args:
        names: The names that there are.
        on_row: Called with a row for a new one.
    """
    typed, set_typed = solara.use_state("")
    name = typed.strip()

    def add() -> None:
        on_row(Row(name, kind="levels"))
        set_typed("")

    with tag("div", "ml-inline"):
        error = "There is one of that name." if name in names else ""
        TextInput(
            "Another parameter",
            typed,
            set_typed,
            hint="This model takes parameters of any name.",
            error=error,
        )
        Action("Add", add, icon="mdi-plus", disabled=not name or bool(error))


@solara.component
def ParameterRow(
    row: Row,
    on_row: Callable[[Row], None],
    info: ParameterInfo | None,
    errors: Mapping[str, str],
    from_table: bool = False,
) -> None:
    """Show one parameter.

    Args:
        row: What was typed.
        on_row: Called with the changed row.
        info: What is known of the parameter.
        errors: Mistakes of this row, by field.
        from_table: Whether its values come from a table of points.
    """

    def take(kind: str) -> None:
        on_row(replace(row, kind=kind))

    # Not made from the name: a notebook may show two designs of one model on one page.
    message_id = solara.use_memo(lambda: f"ml-message-{next(_numbers)}", dependencies=[])
    message = next(iter(errors.values()), "")
    doc = meaning(info) if info else ""
    state = " ml-row-varied" if row.varied or from_table else ""
    with tag("div", f"ml-row{state}", role="group", aria_label=row.name):
        with tag("div", "ml-row-name"):
            tag("span", "ml-code", row.name)
            tag("span", "ml-hint", doc, title=doc)
        with tag("div", "ml-row-kind"):
            if from_table:
                tag("span", "ml-tag", "From the table")
            else:
                Choose("", row.kind, take, kinds_for(info, row), spoken=f"How {row.name} varies")
        with tag("div", "ml-row-body"):
            if not from_table:
                RowFields(row, on_row, info, errors, message_id)
            tag(
                "p",
                "ml-row-message" + (" ml-error-text" if message else " ml-hint"),
                message or _hint(row, info),
                id=message_id,
                aria_live="polite",
            )


def _hint(row: Row, info: ParameterInfo | None) -> str:
    if info is None:
        return ""
    default = default_text(info)
    if row.kind == "fixed":
        suggested = range_text(info)
        return f"Suggested range {suggested}" if suggested and info.kind != "choice" else ""
    return f"Default {default}" if default_kind(info) else ""
