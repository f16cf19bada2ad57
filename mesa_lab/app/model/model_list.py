"""The models to choose from: a list that can be searched, one card for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import solara

from mesa_lab.app.components.controls import TextInput
from mesa_lab.app.components.html import tag
from mesa_lab.app.wording import model_label

if TYPE_CHECKING:
    from mesa_lab.preparation.models import ModelEntry

__all__ = ["ModelList", "found"]


def found(models: Sequence[ModelEntry], search: str) -> list[ModelEntry]:
    """Return the models in whose name, summary or source all words of a search appear."""
    words = search.lower().split()
    return [
        model
        for model in models
        if all(
            word in f"{model.name} {model_label(model.name)} {model.summary} {model.source}".lower()
            for word in words
        )
    ]


@solara.component
def ModelList(models: Sequence[ModelEntry], value: str, on_value: Callable[[str], None]) -> None:
    """Show models to choose from.

    Args:
        models: The models.
        value: The reference of the chosen one.
        on_value: Called with the reference of another one.
    """
    search, set_search = solara.use_state("")
    shown = found(models, search)
    with tag("div", "ml-fill"):
        TextInput(
            "Search models", search, set_search, icon="mdi-magnify", clearable=True, classes="ml-search"
        )
        with tag("ul", "ml-cards", aria_label="Models"):
            for model in shown:
                with tag("li").key(model.reference):
                    ModelCard(model, chosen=model.reference == value, on_choose=on_value)
        if not shown:
            tag("p", "ml-quiet", f"No model matches “{search.strip()}”.")


@solara.component
def ModelCard(model: ModelEntry, chosen: bool, on_choose: Callable[[str], None]) -> None:
    """Show one model as a button."""
    card = tag(
        "button",
        "ml-card" + (" ml-card-chosen" if chosen else ""),
        tag("span", "ml-card-title", model_label(model.name)),
        tag(
            "span",
            "ml-card-text" + (" ml-error-text" if model.problem else ""),
            model.problem or model.summary or "No description.",
        ),
        *([tag("span", "ml-card-source", model.source)] if model.source != "mesa.examples" else []),
        attributes={
            "type": "button",
            "aria-pressed": "true" if chosen else "false",
            **({"disabled": "disabled"} if model.problem else {}),
        },
    )
    solara.v.use_event(card, "click", lambda *_: on_choose(model.reference))
