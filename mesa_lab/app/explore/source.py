"""What the page of exploring shows: the study that its address names, or the model at hand."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

import solara

from mesa_lab.app.classroom.member import class_member
from mesa_lab.app.code_question import CodeQuestion
from mesa_lab.app.components.browser import Address
from mesa_lab.app.components.html import tag
from mesa_lab.app.components.links import PageLink
from mesa_lab.app.explore.page import ExplorePage
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.classroom.guest import ClassPlace
from mesa_lab.errors import MesaLabError
from mesa_lab.exploring.session import Session
from mesa_lab.exploring.suggested import with_suggestions
from mesa_lab.exploring.workplace import OwnProcess, Workplace
from mesa_lab.formatting import model_label
from mesa_lab.preparation.encoding import to_json
from mesa_lab.study import Study
from mesa_lab.workspace.access import access, agree, check, is_allowed
from mesa_lab.workspace.study_names import first_name, name_of, path_in

if TYPE_CHECKING:
    from mesa_lab.preparation.code_permission import CodeReference
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.workspace.study_names import StudyRef
    from mesa_lab.workspace.workspace import Workspace

_OTHERS_BYTES: Final = 2 << 30
_OTHERS_SECONDS: Final = 120.0
_turns = threading.Semaphore(os.cpu_count() or 1)

__all__ = ["ExploreModel", "ExploreStudy", "Source"]


@solara.component
def Source(
    workspace: Workspace,
    search: str,
    experiment: Experiment | None,
    model: str,
    on_design: Callable[[Experiment, str], None] | None = None,
) -> None:
    """Find what is to be explored.

    Args:
        workspace: The studies of the user.
        search: The address behind the question mark.
        experiment: The design at hand, None while there is none.
        model: The model at hand, empty for none.
        on_design: Called with an experiment to go on with, and where it comes from.
    """
    first = solara.use_memo(lambda: parse_qs(search or ""), dependencies=[])
    kept, set_kept = solara.use_state("")
    here, set_here = solara.use_state(first.get("at", [""])[-1])
    key = first.get("study", [""])[-1]
    at = first.get("at", [""])[-1]

    def keep(session: Session) -> None:
        set_kept(name_of(session.path))

    def moved(setting: Mapping[str, Any]) -> None:
        set_here(to_json(setting))

    if key:
        ExploreStudy(workspace, key, at, keep, moved, on_design)
    elif experiment is not None:
        ExploreModel(workspace, experiment, model, at, keep, moved, on_design)
    elif model:
        tag("p", "ml-nothing ml-quiet", f"Opening {model_label(model)} …", role="status")
    else:
        with tag("section", "ml-empty", aria_label="Nothing to explore yet"):
            tag("h1", "", "Explore")
            tag(
                "p",
                "ml-quiet",
                "Choose a model, or open a study, to turn its parameters and see what changes.",
            )
            with tag("div", "ml-actions"):
                with PageLink("/", classes=["ml-primary"]):
                    tag("span", "", "Choose a model")
                with PageLink("/studies", classes=["ml-button"]):
                    tag("span", "", "Open a study")
    Address(name="study", value=kept or key).key("study")
    Address(name="at", value=here).key("at")


@solara.component
def ExploreStudy(
    workspace: Workspace, key: str, at: str, on_kept: Any, on_moved: Any, on_design: Any
) -> None:
    """Explore a study, once its code is agreed to."""
    place = workplace_here()
    agreed, set_agreed = solara.use_state(0)
    found, problem = solara.use_memo(lambda: _find(workspace, key), dependencies=[workspace, key])
    fresh = use_fresh(lambda: _untrusted(found) if found else (), agreed, topic=key)

    def accept() -> None:
        for reference in fresh.value or ():
            agree(reference)
        set_agreed(agreed + 1)

    if found is None or fresh.problem:
        tag("h1", "", "Explore")
        tag("p", "ml-error-text", problem or fresh.problem, role="alert")
    elif fresh.value is None:
        tag("p", "ml-nothing ml-quiet", "Opening the study …", role="status")
    elif fresh.value:
        CodeQuestion(
            "To explore a study its model is run, which runs Python code. Go on only if you know where it comes from.",
            fresh.value,
            ("Explore it", accept),
        )
    else:
        path = found.path

        def make() -> Session:
            with Study.open(path) as study:
                check(study.described_experiment)
            return Session.of_study(path, place)

        ExplorePage(path, make, found.name, at, on_kept, on_moved, on_design, workspace)


@solara.component
def ExploreModel(
    workspace: Workspace,
    experiment: Experiment,
    model: str,
    at: str,
    on_kept: Any,
    on_moved: Any,
    on_design: Any,
) -> None:
    """Explore a model from nothing, over the ranges of the design at hand and those that are suggested."""
    place = workplace_here()

    def file() -> Any:
        return path_in(workspace.folder, workspace.free_name(f"{first_name(model)}_explore"))

    path = solara.use_memo(file, dependencies=[model])

    def make() -> Session:
        check(experiment)
        return Session(with_suggestions(experiment), path, workplace=place)

    ExplorePage(path, make, model_label(model), at, on_kept, on_moved, on_design, workspace).key(str(path))


def workplace_here() -> Workplace:
    """Return where the visitor's runs are carried out: on the cores of the class, or in a process of their own.

    Call it where a page is drawn. In an app for others runs are limited, and no more are under way than there are cores.
    """
    member = class_member()
    if member is not None:
        return ClassPlace(member.classroom.queue, member.who)
    if access().local:
        return OwnProcess()
    return OwnProcess(_OTHERS_BYTES, _OTHERS_SECONDS, _turns)


def _find(workspace: Workspace, key: str) -> tuple[StudyRef | None, str]:
    try:
        found = workspace.find(key)
    except MesaLabError as error:
        return None, str(error)
    if not found.own:
        return None, f"'{found.name}' was shared with you to look at. Duplicate it to explore it."
    return found, ""


def _untrusted(ref: StudyRef) -> tuple[CodeReference, ...]:
    """The code that exploring would run and nobody has agreed to yet."""
    with Study.open(ref.path) as study:
        return tuple(code for code in study.described_experiment.named_code if not is_allowed(code))
