"""The first step: choose a model, read what it is, see it run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import solara

from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.html import icon, tag
from mesa_lab.app.components.links import PageLink, SkipLink
from mesa_lab.app.components.model_view import ModelFacts, ModelView
from mesa_lab.app.components.test_run_panel import TryIt
from mesa_lab.app.hooks.use_model import use_description
from mesa_lab.app.model.model_list import ModelList
from mesa_lab.app.model.own_files import OwnFiles
from mesa_lab.formatting import model_label
from mesa_lab.workspace.access import access
from mesa_lab.workspace.trust import is_trusted, offered_models, trust

if TYPE_CHECKING:
    from mesa_lab.preparation.models import ModelDescription
    from mesa_lab.workspace.test_run import Trial

__all__ = ["ModelPage", "OpenFile"]


@solara.component
def ModelPage(
    value: str,
    on_value: Callable[[ModelDescription], None],
    trials: Mapping[str, Trial],
    on_trial: Callable[[str, Trial], None],
    *,
    on_design: Callable[[], None] | None = None,
    recent: Sequence[str] = (),
) -> None:
    """Choose a model.

    Args:
        value: The reference of the chosen model, empty for none.
        on_value: Called with the description of another one.
        trials: What "Try it" showed, by reference.
        on_trial: Called with a reference and what trying it showed.
        on_design: Called to go on to the design; None links to the page for that.
        recent: Models of one's own that were opened before, the latest first.
    """
    picked, set_picked = solara.use_state("")
    typed = solara.use_ref(False)  # whether it was typed rather than chosen from the list
    current = value if is_trusted(value) else ""
    opening, chosen = use_description(picked), use_description(current)

    def pick(reference: str, by_hand: bool = False) -> None:
        typed.current = by_hand
        set_picked(reference)

    def settle() -> None:
        if picked and opening.description is not None:
            if opening.description.reference != value:
                trust(opening.description.reference)  # a file alone is opened; its class has a longer name
                on_value(opening.description)
            set_picked("")  # last, so that what stands there by now is not taken away for a moment

    solara.use_effect(settle, [opening.description, picked])
    refused = opening.problem if picked and typed.current else ""
    described, reference = (opening, picked) if picked and not refused else (chosen, current)
    description = described.description
    if on_design is None:
        # Also before a model is chosen: a link that comes and goes would have the fields after it made anew, and emptied.
        SkipLink("Skip the list of models", "ml-model")
    with tag("div", "ml-split"):
        with tag("aside", "ml-side", aria_label="Choose a model"):
            tag("h1", "", "Choose a model")
            ModelList(offered_models(), value=reference or value, on_value=pick)
            if access().uses_own is not None:
                OwnFiles(lambda reference: pick(reference, by_hand=True), refused, reference or value)
            if access().opens_code:
                OpenFile(
                    on_value=lambda reference: pick(reference, by_hand=True),
                    problem=refused,
                    value=reference or value,
                    recent=recent,
                    choices=opening.models if refused else (),
                )
        with tag(
            "div", "ml-body", attributes={"id": "ml-model", "tabindex": "-1"} if on_design is None else {}
        ):
            if not reference:
                Welcome()
            elif described.problem:
                with tag("div", "ml-empty", role="alert"):
                    tag("h2", "", "This model cannot be opened")
                    tag("p", "ml-error-text", described.problem)
            elif description is None:
                Opening(reference)
            else:
                with ModelView(description).key(description.reference):
                    ToDesign(on_design)
                TryIt(
                    description.reference,
                    value=_with_defaults(trials.get(description.reference)),
                    on_value=lambda trial: on_trial(description.reference, trial),
                ).key(f"try {description.reference}")
                ModelFacts(description)


@solara.component
def ToDesign(on_click: Callable[[], None] | None) -> None:
    """Lead on to the design."""
    if on_click is not None:
        Action("Design an experiment", on_click, icon="mdi-arrow-right", kind="primary")
        return
    with PageLink("/design", classes=["ml-primary"]):
        tag("span", "", "Design an experiment")
        icon("mdi-arrow-right")


def _with_defaults(trial: Trial | None) -> Trial | None:
    """A trial of another point of the space tells about time, but is not what this page shows."""
    return trial if trial is not None and not trial.parameters else None


@solara.component
def Welcome() -> None:
    """What stands there before a model is chosen."""
    with tag("div", "ml-empty"):
        tag("h2", "", "From a model to an answer in four steps")
        with tag("ol", "ml-how"):
            for title, text in (
                ("Model", "Choose one from the list and try it."),
                ("Design", "Say which parameters vary and how; the points are shown as you type."),
                ("Run", "Watch the runs on all cores; pause, stop and come back whenever you like."),
                (
                    "Results",
                    "See effects with their uncertainty, and take tables, charts and a report with you.",
                ),
            ):
                with tag("li"):
                    tag("strong", "", title)
                    tag("span", "", text)


@solara.component
def Opening(reference: str) -> None:
    """What stands there while a model is imported and looked at."""
    with tag("div", "ml-empty", role="status"):
        solara.v.ProgressCircular(indeterminate=True, color="primary", size=28, width=3)
        tag("p", "ml-quiet", f"Opening {model_label(Path(reference).name)} …")


@solara.component
def OpenFile(
    on_value: Callable[[str], None],
    problem: str = "",
    value: str = "",
    recent: Sequence[str] = (),
    choices: Sequence[str] = (),
) -> None:
    """Open a model of one's own: a Python file or a module on this machine. For local use only.

    Args:
        on_value: Called with its reference; opening it is agreed to.
        problem: Why the last one could not be opened.
        value: The reference of the chosen model; one of one's own stands in the field when the page comes back.
        recent: Models that were opened before, the latest first.
        choices: The models of the file that could not be opened, where it holds several.
    """
    own = value if value in recent else ""
    text, set_text = solara.use_state(own)
    latest = solara.use_ref(own)
    files = solara.use_memo(_files, dependencies=[])

    def take(typed: str | None) -> None:
        latest.current = typed or ""
        set_text(latest.current)

    def open_it(*_: object) -> None:
        reference = latest.current.strip()
        if reference:
            trust(reference)
            on_value(reference)

    def open_one(reference: str) -> None:
        take(reference)
        open_it()

    with tag("section", "ml-open", aria_label="Open a model of your own"):
        tag("h2", "", "A model of your own")
        field = solara.v.Combobox(
            label="Python file or module",
            v_model=text,
            on_v_model=take,
            items=files,
            placeholder="my_model.py",
            hint=f"my_model.py, my_model.py:MyModel or package.module:MyModel; files are looked for in {Path.cwd()}. "
            "Opening one runs its code.",
            persistent_hint=not problem,
            error_messages=[problem] if problem else [],
            density="compact",
            variant="outlined",
            menu_icon="mdi-chevron-down",
            hide_no_data=True,
        )
        solara.v.use_event(field, "keydown.enter", open_it)
        Action("Open", open_it, icon="mdi-file-code-outline", disabled=not text.strip())
        for title, references, choose in (
            ("Which one?", choices, open_one),
            ("Opened before", recent, on_value),
        ):
            if references:
                tag("h3", "", title)
                with tag("ul", "ml-cards", aria_label=title):
                    for reference in references:
                        with tag("li").key(reference):
                            OwnCard(reference, reference == value, choose)


@solara.component
def OwnCard(reference: str, chosen: bool, on_choose: Callable[[str], None]) -> None:
    """Show a model of one's own as a button."""
    place, _, name = reference.rpartition(":")
    card = tag(
        "button",
        "ml-card" + (" ml-card-chosen" if chosen else ""),
        tag("span", "ml-card-title", model_label(name)),
        tag("span", "ml-card-source", _seen_from_here(place)),
        attributes={"type": "button", "aria-pressed": "true" if chosen else "false"},
    )
    solara.v.use_event(card, "click", lambda *_: on_choose(reference))


def _seen_from_here(place: str) -> str:
    """A file by its path from the working folder, where it lies in it."""
    path = Path(place)
    return path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else place


def _files(most: int = 50, looked_at: int = 2_000) -> list[str]:
    """Return the Python files near the working folder that speak of Mesa."""
    import itertools
    import os

    found = []
    here = Path.cwd()
    walk = (
        (Path(folder), names)
        for folder, folders, names in os.walk(here)
        if not _prune(folders, Path(folder), here)
    )
    paths = (folder / name for folder, names in walk for name in sorted(names) if _may_hold_model(name))
    for path in itertools.islice(paths, looked_at):
        try:
            if path.stat().st_size < 500_000 and b"mesa" in path.read_bytes():
                found.append(path.relative_to(here).as_posix())
        except OSError:
            continue
        if len(found) >= most:
            break
    return found


def _may_hold_model(name: str) -> bool:
    """Whether a file is worth offering: not one that only starts, installs or tests a package."""
    return name.endswith(".py") and not name.startswith(("_", "test_", "conftest.", "setup."))


def _prune(folders: list[str], folder: Path, here: Path) -> bool:
    """Keep a walk shallow and out of other people's packages."""
    deep = len(folder.relative_to(here).parts) >= 2
    folders[:] = (
        [] if deep else sorted(name for name in folders if name[0] not in "._" and name != "node_modules")
    )
    return False
