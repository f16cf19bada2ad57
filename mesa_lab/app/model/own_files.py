"""A student's own models in a class that takes some: files are uploaded, and run in confined processes alone."""

from __future__ import annotations

from collections.abc import Callable

import solara

from mesa_lab.app.components.browser import PickFile
from mesa_lab.app.components.html import tag
from mesa_lab.app.state.visitor import visitor
from mesa_lab.classroom.classroom import current
from mesa_lab.classroom.own_code import LARGEST
from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import model_label
from mesa_lab.running.confinement.own_models import several_in

__all__ = ["OwnFiles"]


@solara.component
def OwnFiles(on_value: Callable[[str], None], problem: str, value: str) -> None:
    """Upload a file, and choose among those that were.

    Args:
        on_value: Called with the reference of a model.
        problem: Why the last one could not be opened.
        value: The reference of the chosen model.
    """
    refused, set_refused = solara.use_state("")
    classroom = current()
    try:
        student = visitor()
    except MesaLabError:
        return
    if (
        classroom is None or classroom.own_code is None or not student
    ):  # the teacher names models in the terminal
        return
    code = classroom.own_code

    def take(name: str, data: bytes | None) -> None:
        try:
            path = code.save(student, name, data)
        except MesaLabError as error:
            set_refused(str(error))
            return
        set_refused("")
        on_value(str(path))

    with tag("section", "ml-open", aria_label="A model of your own"):
        tag("h2", "", "A model of your own")
        tag(
            "p",
            "ml-quiet",
            "A Python file that holds a Mesa model, or several to choose from. It runs on the teacher's computer, without network and without other files.",
        )
        PickFile("Upload a Python file", take, accept=".py", limit=LARGEST)
        if refused or problem:
            tag("p", "ml-error-text", refused or problem, role="alert")
        files = code.files(student)
        if files:
            with tag("ul", "ml-cards", aria_label="Your files"):
                for path in files:
                    for model in several_in(path) or ("",):
                        with tag("li").key(f"{path.name}:{model}"):
                            reference = f"{path}:{model}" if model else str(path)
                            is_chosen = value == reference or (not model and value.startswith(f"{path}:"))
                            OwnCard(model or path.stem, path.name, reference, is_chosen, on_value)


@solara.component
def OwnCard(name: str, file: str, reference: str, chosen: bool, on_choose: Callable[[str], None]) -> None:
    """Show one model of a file as a button."""
    card = tag(
        "button",
        "ml-card" + (" ml-card-chosen" if chosen else ""),
        tag("span", "ml-card-title", model_label(name)),
        tag("span", "ml-card-source", file),
        attributes={"type": "button", "aria-pressed": "true" if chosen else "false"},
    )
    solara.v.use_event(card, "click", lambda *_: on_choose(reference))
