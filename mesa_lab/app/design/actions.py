"""What can be done with a design as a whole: load it, save it, take it along as Python or as a link."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import solara

from mesa_lab.app.components.browser import CopyButton, PickFile, SaveButton
from mesa_lab.app.components.html import tag
from mesa_lab.drafts.link import to_query
from mesa_lab.errors import ExperimentError, MesaLabError, NotAllowedError
from mesa_lab.preparation.code_permission import permitting
from mesa_lab.preparation.experiment_file.python_script import to_python
from mesa_lab.preparation.limits import FILE_BYTES
from mesa_lab.workspace.access import AGREED

if TYPE_CHECKING:
    from mesa_lab.drafts.draft import Draft
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["DesignActions", "read_file"]

LARGEST = FILE_BYTES


def read_file(name: str, data: bytes | None) -> Experiment:
    """Read an experiment from an uploaded file. Nothing in it is run, and no other file is looked at.

    Raises:
        ExperimentError: If it is too large, no text, or describes no experiment.
    """
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.experiment_file.read import from_toml

    if data is None:
        raise ExperimentError(
            f"'{name}' is larger than {LARGEST // 1_000_000} MB, so it is no experiment file."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ExperimentError(f"'{name}' is no text file, so it is no experiment file.") from None
    try:
        with permitting(AGREED):
            return from_toml(text, Experiment, source=f"'{name}'")
    except NotAllowedError:  # reading loads no code, so it is the path of a table
        raise ExperimentError(
            f"'{name}' takes its points from a file of their own, which is not here. "
            "Choose the design 'Table' on this page and upload that file."
        ) from None


@solara.component
def DesignActions(
    value: Draft,
    experiment: Experiment | None,
    on_load: Callable[[Experiment, str], None] | None,
    *,
    linked: bool = True,
) -> None:
    """Show the actions.

    Args:
        value: The draft, for the link.
        experiment: What it amounts to, None while something is wrong.
        on_load: Called with an experiment from a file, and the file's name; None when nothing can be loaded here.
        linked: Whether the address of the page holds the design; a notebook's does not.
    """
    problem, set_problem = solara.use_state("")
    texts = solara.use_memo(lambda: _texts(experiment), dependencies=[experiment])

    def load(name: str, data: bytes | None) -> None:
        try:
            loaded = read_file(name, data)
            if on_load is not None:
                on_load(loaded, f"'{name}'")
        except MesaLabError as error:
            set_problem(str(error))
        else:
            set_problem("")

    with tag("div", "ml-actions ml-actions-end"):
        if on_load is not None:
            PickFile("Load", load, accept=".toml", limit=LARGEST)
        toml, python, name = texts
        SaveButton(label="Save", text=toml, filename=f"{name}.toml", disabled=not toml)
        CopyButton(label="Copy as Python", text=python, icon="mdi-language-python", disabled=not python)
        if linked:
            CopyButton(
                label="Copy link",
                text="",
                icon="mdi-link-variant",
                done="Copied",
                disabled=to_query(value) is None,
            )
    if problem:
        with tag("p", "ml-error-text ml-actions-problem", role="alert"):
            tag("span", "", problem)


def _texts(experiment: Experiment | None) -> tuple[str, str, str]:
    """The experiment as TOML, as Python, and what to call its file."""
    if experiment is None:
        return "", "", "experiment"
    name = re.split(r"[:/.\\]", str(experiment.model))[-1]
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower() or "experiment"
    try:
        return experiment.to_toml(), to_python(experiment), snake
    except MesaLabError:
        return "", "", snake
