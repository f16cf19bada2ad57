"""What a model is: its description, its parameters, what it reports."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import solara

from mesa_lab.app.components.html import icon, tag
from mesa_lab.formatting import cell_text, model_label

if TYPE_CHECKING:
    from mesa_lab.preparation.models import ModelDescription, ParameterInfo

__all__ = ["ModelFacts", "ModelView", "about_text", "default_text", "meaning", "range_text"]


def about_text(doc: str) -> str:
    """Return a model's documentation without its list of arguments, which stands in the table."""
    return re.split(r"\n\s*(?:Args|Arguments|Parameters|Attributes)\s*:?\s*\n", f"{doc}\n", maxsplit=1)[
        0
    ].strip()


def meaning(info: ParameterInfo) -> str:
    """Return what a parameter is, as far as its model says more than its name."""
    said = info.doc or info.label
    return "" if said.lower() == info.name.replace("_", " ").strip().lower() else said


def default_text(info: ParameterInfo) -> str:
    """Return a parameter's default as text."""
    from mesa_lab.preparation.models import REQUIRED

    return "required" if info.default is REQUIRED else cell_text(info.default)


def range_text(info: ParameterInfo) -> str:
    """Return the suggested range of a parameter as text, empty when there is none."""
    if info.choices:
        return ", ".join(cell_text(choice) for choice in info.choices)
    if info.low is None or info.high is None:
        return ""
    low, high = (f"{end:g}" for end in (info.low, info.high))
    return f"{low} to {high}"


@solara.component
def ModelView(description: ModelDescription, children: list[solara.Element] = []) -> None:  # noqa: B006
    """Show a model.

    Args:
        description: The model's.
        children: Actions, at the top right.
    """
    about = about_text(description.doc)
    with tag("section", "ml-panel", aria_label=model_label(description.name)):
        with tag("div", "ml-panel-head"):
            with tag("div"):
                tag("h1", "", model_label(description.name))
                tag("p", "ml-code ml-quiet", description.reference)
            tag("div", "", *children)
        tag("p", "ml-about", about or "This model has no description.")
        for problem in description.problems:
            with tag("p", "ml-warning"):
                icon("mdi-alert-outline")
                tag("span", "", problem)


@solara.component
def ModelFacts(description: ModelDescription) -> None:
    """Show what a model takes and what it reports."""
    with tag("section", "ml-panel", aria_label="Parameters and outcomes"):
        tag("h2", "", "Parameters")
        if description.parameters:
            ParameterTable(description.parameters)
        else:
            tag("p", "ml-quiet", "This model takes no parameters.")
        tag("h2", "", "What it reports")
        Reporters(description)


@solara.component
def ParameterTable(parameters: tuple[ParameterInfo, ...]) -> None:
    """Show parameters with their types, defaults and suggested ranges."""
    head = [
        ("Parameter", ""),
        ("Type", ""),
        ("Default", "ml-number"),
        ("Suggested range", "ml-number"),
        ("Meaning", "ml-wide"),
    ]
    frame = tag("div", "ml-table-frame", tabindex="0", role="region", aria_label="Parameters")
    with frame, tag("table", "ml-table"):
        with tag("thead"), tag("tr"):
            for text, name in head:
                tag("th", name, text, scope="col")
        with tag("tbody"):
            for info in parameters:
                numeric = "ml-number" if info.kind in ("real", "integer") else ""
                with tag("tr"):
                    tag("th", "ml-code", info.name, scope="row")
                    tag("td", "ml-quiet", info.type)
                    tag("td", f"ml-number {numeric}", default_text(info))
                    tag("td", f"ml-number {numeric}", range_text(info) or "–")
                    tag("td", "ml-wide ml-quiet", meaning(info) or "–")


@solara.component
def Reporters(description: ModelDescription) -> None:
    """Show what a model reports about itself and its agents."""
    by_type = [
        f"{name} ({kind})" for kind, names in description.agenttype_reporters.items() for name in names
    ]
    rows = [
        (
            "About the model",
            description.model_reporters,
            "nothing: counts and means over its agents can be measured",
        ),
        ("About each agent", (*description.agent_reporters, *by_type), "nothing by itself"),
        ("Types of agents", description.agent_types, "none at the start"),
    ]
    on_request = (*(() if description.model_reporters else description.numbers), *description.layers)
    rows += [
        (title, names, "")
        for title, names in (("As outcomes, when named", on_request), ("Tables", description.tables))
        if names
    ]
    with tag("dl", "ml-facts"):
        for title, names, nothing in rows:
            tag("dt", "", title)
            with tag("dd"):
                for name in names:
                    tag("span", "ml-tag", name)
                if not names:
                    tag("span", "ml-quiet", nothing)
