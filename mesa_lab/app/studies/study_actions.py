"""What can be done with a study in the list: go on, extend, duplicate, rename, design from it, delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import solara

from mesa_lab.app.components.controls import Action, TextInput
from mesa_lab.app.components.html import tag
from mesa_lab.app.hooks.use_action import Doing, use_doing
from mesa_lab.drafts.value_text import parse_number
from mesa_lab.errors import MesaLabError, StudyError
from mesa_lab.formatting import plural
from mesa_lab.workspace.extend import size_label, why_no_points, why_no_replications
from mesa_lab.workspace.study_state import Entry

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.workspace.study_names import StudyRef
    from mesa_lab.workspace.workspace import Workspace

__all__ = ["StudyDrawer"]


@solara.component
def StudyDrawer(
    workspace: Workspace,
    entry: Entry,
    *,
    on_study: Callable[[str], None],
    on_design: Callable[[Experiment, str], None] | None = None,
    on_gone: Callable[[str, str], None] = lambda key, new: None,
    on_change: Callable[[], None] = lambda: None,
) -> None:
    """Show what can be done with a study.

    Args:
        workspace: Whose it is.
        entry: The study.
        on_study: Called with its key when it is to be the one at hand.
        on_design: Called with its experiment, to design from it.
        on_gone: Called with its key, and the one that it has now; empty when it was deleted.
        on_change: Called when the list has changed.
    """
    form, set_form = solara.use_state("")
    doing = use_doing()
    ref, standing = entry.ref, entry.standing
    driven = standing is not None and standing.is_active
    readable = standing is not None

    def toggle(name: str) -> None:
        doing.clear()
        set_form("" if form == name else name)

    def done() -> None:
        set_form("")
        on_change()

    def rename(name: str) -> None:
        on_gone(ref.key, workspace.rename(ref, name).key)

    def design() -> None:
        if on_design is not None:
            on_design(experiment_of(ref), f"The study '{ref.name}'")

    with tag("div", "ml-drawer", role="group", aria_label=f"What to do with {ref.name}"):
        with tag("div", "ml-actions"):
            if standing is not None and standing.state in ("new", "stopped", "interrupted") and not driven:
                start = "Continue" if standing.status.finished else "Start"
                go = lambda: doing.do("start", lambda: workspace.start(ref), on_change)  # noqa: E731
                Action(start, go, icon="mdi-play", kind="tonal", disabled=bool(doing.busy))
            if readable:
                Action("Extend", lambda: toggle("extend"), icon="mdi-plus", disabled=driven)
                Action("Duplicate", lambda: toggle("duplicate"), icon="mdi-content-copy")
                Action("Rename", lambda: toggle("rename"), icon="mdi-pencil-outline", disabled=driven)
                if on_design is not None:
                    Action("Design from it", lambda: doing.do("design", design), icon="mdi-tune")
            Action("Delete", lambda: toggle("delete"), icon="mdi-trash-can-outline", disabled=driven)
            if driven:
                tag("span", "ml-quiet", "It runs or waits: stop it to change it.")
        if form == "extend":
            Extend(workspace, entry, doing, on_done=lambda: (on_study(ref.key), done()))
        elif form == "duplicate":
            Named(
                "Duplicate",
                "Name of the copy",
                workspace.free_name(ref.name),
                doing,
                lambda name: workspace.duplicate(ref, name),
                done,
            )
        elif form == "rename":
            Named("Rename", "New name", ref.name, doing, rename, done)
        elif form == "delete":
            gone = lambda: (on_gone(ref.key, ""), done())  # noqa: E731
            Delete(workspace, entry, doing, on_done=gone, on_keep=lambda: set_form(""))
        if doing.problem:
            tag("p", "ml-error-text", doing.problem, role="alert")


def experiment_of(ref: StudyRef) -> Experiment:
    """Read the experiment of a study."""
    from mesa_lab.study import Study

    with Study.open(ref.path) as study:
        return study.experiment


@solara.component
def Named(
    verb: str,
    label: str,
    first: str,
    doing: Doing,
    action: Callable[[str], object],
    on_done: Callable[[], None],
) -> None:
    """Ask for a name, then do something with it."""
    name, set_name = solara.use_state(first)
    with tag("div", "ml-actions ml-drawer-form"):

        def go(called: str) -> None:
            if called.strip() and not doing.busy:
                doing.do(verb, lambda: action(called), on_done)

        TextInput(label, name, set_name, classes="ml-drawer-name", on_enter=go)
        Action(verb, lambda: go(name), kind="primary", disabled=bool(doing.busy) or not name.strip())


@solara.component
def Delete(
    workspace: Workspace,
    entry: Entry,
    doing: Doing,
    on_done: Callable[[], object],
    on_keep: Callable[[], None],
) -> None:
    """Ask before a study is deleted."""
    runs = entry.standing.status.finished if entry.standing else 0
    what = f" and the results of {plural(runs, 'run')}" if runs else ""
    with tag("div", "ml-actions ml-drawer-form", role="alertdialog", aria_label="Delete?"):
        tag("span", "", f"Delete '{entry.ref.name}'{what} for good?")
        go = lambda: doing.do("delete", lambda: workspace.delete(entry.ref), on_done)  # noqa: E731
        Action("Delete it", go, icon="mdi-trash-can-outline", kind="danger", disabled=bool(doing.busy))
        Action("Keep it", on_keep)


@solara.component
def Extend(workspace: Workspace, entry: Entry, doing: Doing, on_done: Callable[[], object]) -> None:
    """Ask how far a study shall grow, and have the new runs run."""
    assert entry.standing is not None
    status = entry.standing.status
    size = entry.facts.size if entry.facts else None
    times, set_times = solara.use_state(str(status.replications))
    points, set_points = solara.use_state("" if size is None else str(size))
    limits = solara.use_memo(lambda: _limits(entry.ref), dependencies=[entry.ref])
    replications, wrong_times = _whole(times, status.replications)
    larger, wrong_points = _whole(points, size or 0) if size is not None else (None, "")
    grows = (replications or 0) > status.replications or (larger or 0) > (size or 0)

    def extend() -> None:
        workspace.extend(entry.ref, replications, larger)
        workspace.start(entry.ref)

    with tag("div", "ml-drawer-form ml-extend"):
        if limits[0]:
            tag("p", "ml-quiet", limits[0])
        else:
            TextInput("Replications", times, set_times, hint="", error=wrong_times, classes="ml-narrow")
        if limits[1]:
            tag("p", "ml-quiet ml-extend-why", limits[1])
        else:
            TextInput(limits[2], points, set_points, hint="", error=wrong_points, classes="ml-narrow")
        disabled = bool(doing.busy or wrong_times or wrong_points) or not grows
        go = lambda: doing.do("extend", extend, on_done)  # noqa: E731
        Action("Extend and run", go, icon="mdi-play", kind="primary", disabled=disabled)


def _limits(ref: StudyRef) -> tuple[str, str, str]:
    """Why there can be no more replications, why no more points, empty texts where there can; what a size counts."""
    try:
        experiment = experiment_of(ref)
    except MesaLabError as error:
        return str(error), "", ""
    return why_no_replications(experiment), why_no_points(experiment), size_label(experiment)


def _whole(text: str, least: int) -> tuple[int | None, str]:
    try:
        count = int(parse_number(text, whole=True))
        if count < least:
            raise StudyError(f"At least {least:,}")
    except MesaLabError as error:
        return None, str(error)
    return count, ""
