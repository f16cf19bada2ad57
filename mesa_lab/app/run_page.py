"""The third step: start a study, or watch one that is there, whoever started it and whenever.

The page only looks at the study file and leaves requests in it; what runs is a process of its own.
So a reload, another browser or another day shows the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

import solara

from mesa_lab.app.controls import Action
from mesa_lab.app.failures_panel import FailuresPanel
from mesa_lab.app.fresh import use_fresh
from mesa_lab.app.links import PageLink
from mesa_lab.app.live_charts import LiveCharts
from mesa_lab.app.markup import icon, tag
from mesa_lab.app.now_running import NowRunning
from mesa_lab.app.progress_panel import ProgressPanel
from mesa_lab.app.run_look import RunLook
from mesa_lab.app.share import Share
from mesa_lab.app.start_form import StartForm
from mesa_lab.app.watching import Watch, use_watch
from mesa_lab.app.wording import plural
from mesa_lab.errors import MesaLabError

if TYPE_CHECKING:
    from mesa_lab.app.naming import StudyRef
    from mesa_lab.app.trial import Speed
    from mesa_lab.app.workspace import Workspace
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["RunPage", "StudyView"]


@solara.component
def RunPage(
    workspace: Workspace,
    value: str,
    on_value: Callable[[str], None],
    *,
    experiment: Experiment | None = None,
    speed: Speed | None = None,
    on_state: Callable[[str, bool], None] = lambda state, stale: None,
) -> None:
    """Run the experiment at hand, or watch a study.

    Args:
        workspace: The studies of whoever looks.
        value: The key of the study to watch; empty to start the experiment as a new one.
        on_value: Called with the key of another study.
        experiment: The experiment that the design page holds, None when it holds none that is complete.
        speed: What a run of it costs, from "Try it".
        on_state: Called with the state of the watched study, and whether it was made from another experiment than this.
    """
    RunLook()
    found, problem = solara.use_memo(lambda: _find(workspace, value), dependencies=[workspace, value])
    if found is not None:
        with tag("div", "ml-stack"):
            view = StudyView(
                workspace, found, experiment=experiment, on_new=lambda: on_value(""), on_state=on_state
            )
            view.key(found.key)
        return
    with tag("div", "ml-stack"):
        if problem:
            with tag("div", "ml-notice ml-notice-error", role="alert"):
                tag("span", "", problem)
                Action("Dismiss", lambda: on_value(""))
        if experiment is not None:
            StartForm(workspace, experiment, on_value, speed=speed)
        else:
            Nothing()
        NowRunning(workspace, on_value)


def _find(workspace: Workspace, key: str) -> tuple[StudyRef | None, str]:
    try:
        return (workspace.find(key) if key else None), ""
    except MesaLabError as error:
        return None, str(error)


@solara.component
def Nothing() -> None:
    """What stands there when there is nothing to run yet."""
    with tag("section", "ml-empty", aria_label="Nothing to run yet"):
        tag("h1", "", "Nothing to run yet")
        tag("p", "ml-quiet", "Choose a model and finish its design, or go on with a study.")
        with tag("div", "ml-actions"):
            with PageLink("/design", classes=["ml-primary"]):
                tag("span", "", "Go to the design")
            with PageLink("/studies", classes=["ml-button"]):
                tag("span", "", "Open a study")


@solara.component
def StudyView(
    workspace: Workspace,
    ref: StudyRef,
    *,
    experiment: Experiment | None = None,
    on_new: Callable[[], None] = lambda: None,
    on_state: Callable[[str, bool], None] = lambda state, stale: None,
) -> None:
    """Watch one study.

    Args:
        workspace: The studies of whoever looks.
        ref: The study.
        experiment: The experiment that the design page holds.
        on_new: Called when that experiment is to be run instead.
        on_state: Called with the study's state, and whether it was made from another experiment than this.
    """
    watch = use_watch(workspace, ref)
    if watch.problem.value and watch.standing.value is None:
        with tag("div", "ml-empty", role="alert"):
            tag("h1", "", ref.name)
            tag("p", "ml-error-text", watch.problem.value)
            with PageLink("/studies", classes=["ml-button"]):
                tag("span", "", "See all studies")
        return
    with tag("div", "ml-stack"):
        if ref.own and experiment is not None:
            Changed(watch, ref, experiment, on_new, on_state)
        Head(workspace, ref, watch)
        Outcomes(ref, watch)
        Failures(workspace, ref, watch)
        if ref.own and not workspace.local:
            Share(workspace, ref)


@solara.component
def Head(workspace: Workspace, ref: StudyRef, watch: Watch) -> None:
    """Name and progress of a study."""
    standing, facts = watch.standing.value, watch.facts.value
    with tag("section", "ml-panel", aria_label="Progress"):
        with tag("div", "ml-study-head"):
            tag("h1", "", ref.name)
            said = "…"
            if facts is not None and standing is not None:
                points = plural(standing.status.n_points, "point")
                times = plural(standing.status.replications, "replication")
                said = f"{facts.model_name}, {facts.design}: {points} × {times}"
            tag("p", "ml-quiet", said)
            if not ref.own:
                note = "Shared with you to look at. Duplicate it on the page of studies to go on with it."
                tag("p", "ml-quiet", note)
        if standing is None:
            with tag("p", "ml-quiet ml-progress-wait", role="status"):
                tag("span", "", "Opening the study …")
            return
        if watch.problem.value:
            tag("p", "ml-error-text", watch.problem.value, role="alert")
        ProgressPanel(
            standing,
            own=ref.own,
            start=lambda processes: workspace.start(ref, processes),
            pause=lambda: workspace.pause(ref),
            stop=lambda: workspace.stop(ref),
            on_change=watch.poke,
            more=[ToResults(ref, standing.state == "finished")] if standing.status.finished else [],
        )


@solara.component
def ToResults(ref: StudyRef, finished: bool) -> None:
    """Lead on to the results."""
    with PageLink(f"/results?study={quote(ref.key)}", classes=["ml-primary" if finished else "ml-button"]):
        tag("span", "", "See the results" if finished else "Results so far")
        icon("mdi-arrow-right")


@solara.component
def Outcomes(ref: StudyRef, watch: Watch) -> None:
    """The charts; they follow the number of results and nothing else."""
    LiveCharts(ref.path, watch.finished.value, running=not watch.ended.value)


@solara.component
def Failures(workspace: Workspace, ref: StudyRef, watch: Watch) -> None:
    """The failures; they follow the number of failed runs, and whether anything runs."""
    quiet = watch.quiet.value
    again = (lambda: retry(workspace, ref, watch)) if ref.own and quiet else None
    FailuresPanel(ref.path, watch.failed.value, running=not quiet, on_retry=again)


def retry(workspace: Workspace, ref: StudyRef, watch: Watch) -> None:
    """Have the failed runs of a study run again."""
    try:
        workspace.start(ref, retry_failed=True)
    except MesaLabError as error:
        watch.problem.value = str(error)
    watch.poke()


@solara.component
def Changed(
    watch: Watch,
    ref: StudyRef,
    experiment: Experiment,
    on_new: Callable[[], None],
    on_state: Callable[[str, bool], None],
) -> None:
    """Say when the design page holds another experiment than the study."""

    def differs() -> bool:
        from mesa_lab.study import Study

        with Study.open(ref.path) as study:
            return study.experiment != experiment

    standing = watch.standing.value
    extent = standing and (standing.status.n_points, standing.status.replications)
    stale = bool(use_fresh(differs, extent, topic=(ref.path, id(experiment))).value)
    state = standing.state if standing is not None else ""
    solara.use_effect(lambda: on_state(state, stale) if state else None, [state, stale])
    if stale:
        with tag("div", "ml-notice", role="status"):
            tag("span", "", "The design page holds another experiment than this study.")
            Action("Run that one", on_new, icon="mdi-arrow-right")
