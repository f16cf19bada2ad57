"""The third step: start a study, or watch one that is there, whoever started it and whenever.

The page only looks at the study file and leaves requests in it; what runs is a process of its own.
So a reload, another browser or another day shows the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import solara

from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.failures import FailuresPanel
from mesa_lab.app.components.html import icon, tag
from mesa_lab.app.components.links import PageLink
from mesa_lab.app.components.run_styles import RunLook
from mesa_lab.app.components.study_progress import ProgressPanel
from mesa_lab.app.design_changed import GROWING, changes
from mesa_lab.app.hooks.use_action import use_doing
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.app.hooks.use_study import Watch, use_watch
from mesa_lab.app.run.live_charts import LiveCharts
from mesa_lab.app.run.queue_panel import NowRunning
from mesa_lab.app.run.share import Share
from mesa_lab.app.run.start_form import StartForm
from mesa_lab.app.search.search_progress import SearchProgress
from mesa_lab.app.study_gone import Gone
from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import listing, plural

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.workspace.study_names import StudyRef
    from mesa_lab.workspace.test_run import Speed
    from mesa_lab.workspace.workspace import Workspace

__all__ = ["RunPage", "StudyView"]

MOST: Final = 4


@solara.component
def RunPage(
    workspace: Workspace,
    value: str,
    on_value: Callable[[str], None],
    *,
    experiment: Experiment | None = None,
    speed: Speed | None = None,
    on_started: Callable[[str], None] | None = None,
    on_state: Callable[[str, bool], None] = lambda state, stale: None,
    assigned: bool = False,
    on_points: Callable[[list[int]], None] | None = None,
) -> None:
    """Run the experiment at hand, or watch a study.

    Args:
        workspace: The studies of the user.
        value: The key of the study to watch; empty to start the experiment as a new one.
        on_value: Called with the key of another study.
        experiment: The experiment that the design page holds, None when it holds none that is complete.
        speed: What a run of it costs, from "Try it".
        on_started: Called with the key of a study that was started from it; None calls `on_value`.
        on_state: Called with the state of the watched study, and whether it was made from another experiment than this.
        assigned: Whether the study is one that a teacher has given, whatever the design page holds.
        on_points: Called with design points of the watched study that were chosen in a chart; None where nothing leads on.
    """
    RunLook()
    again, set_again = solara.use_state(0)
    found, problem = solara.use_memo(lambda: _find(workspace, value), dependencies=[workspace, value, again])
    if found is not None:
        with tag("div", "ml-stack"):
            view = StudyView(
                workspace,
                found,
                experiment=experiment,
                on_new=lambda: on_value(""),
                on_copy=on_value,
                on_state=on_state,
                assigned=assigned,
                on_find=lambda: set_again(again + 1),
                on_points=on_points,
            )
            view.key(str(found.path))
        return
    with tag("div", "ml-stack"):
        if problem:
            with tag("div", "ml-notice ml-notice-error", role="alert"):
                tag("span", "", problem)
                Action("Dismiss", lambda: on_value(""))
        if experiment is not None:
            StartForm(workspace, experiment, on_started or on_value, speed=speed)
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
    on_copy: Callable[[str], None] = lambda key: None,
    on_state: Callable[[str, bool], None] = lambda state, stale: None,
    assigned: bool = False,
    on_find: Callable[[], None] = lambda: None,
    on_points: Callable[[list[int]], None] | None = None,
) -> None:
    """Watch one study.

    Args:
        workspace: The studies of the user.
        ref: The study.
        experiment: The experiment that the design page holds.
        on_new: Called when that experiment is to be run instead.
        on_copy: Called with the key of the copy of a shared study.
        on_state: Called with the study's state, and whether it was made from another experiment than this.
        assigned: Whether a teacher has given it: then starting it is what to do, and another design is spoken of below.
        on_find: Called when a study that was renamed is to be found under its new name.
        on_points: Called with design points that were chosen in a chart.
    """
    watch = use_watch(workspace, ref)
    gone = watch.gone.value
    solara.use_effect(lambda: on_state("", False) if gone else None, [gone])
    if gone:
        Gone(workspace, ref, "/run", said=watch.displaced.value, on_follow=on_find)
        return
    if watch.problem.value and watch.standing.value is None:
        with tag("div", "ml-empty", role="alert"):
            tag("h1", "", ref.name)
            tag("p", "ml-error-text", watch.problem.value)
            with PageLink("/studies", classes=["ml-button"]):
                tag("span", "", "See all studies")
        return
    with tag("div", "ml-stack"):
        if ref.own and experiment is not None and not assigned:
            Changed(workspace, watch, ref, experiment, on_new, on_state)
        Head(workspace, ref, watch, on_copy, assigned)
        Search(ref, watch, on_points)
        Outcomes(ref, watch)
        Failures(workspace, ref, watch)
        if ref.own and not workspace.local:
            Share(workspace, ref)
        if ref.own and experiment is not None and assigned:
            Changed(workspace, watch, ref, experiment, on_new, on_state, assigned=True)


@solara.component
def Search(ref: StudyRef, watch: Watch, on_points: Callable[[list[int]], None] | None) -> None:
    """What a search knows; it follows what has ended and, before that, what is asked for."""
    standing = watch.standing.value
    asked = None if standing is None else (standing.status.n_points, standing.status.replications)
    SearchProgress(
        ref.path, watch.finished.value, running=not watch.ended.value, on_points=on_points, asked=asked
    )


@solara.component
def Head(
    workspace: Workspace, ref: StudyRef, watch: Watch, on_copy: Callable[[str], None], assigned: bool
) -> None:
    """Name and progress of a study."""
    doing = use_doing()

    def copy() -> None:
        on_copy(workspace.duplicate(ref, workspace.free_name(ref.name)).key)

    standing, facts = watch.standing.value, watch.facts.value
    with tag("section", "ml-panel", aria_label="Progress"):
        with tag("div", "ml-study-head"):
            tag("h1", "", ref.name)
            said = "…"
            if facts is not None and standing is not None:
                points = plural(standing.status.n_points, "point")
                times = plural(standing.status.replications, "replication")
                said = f"{facts.model_name}, {facts.design}: {points} × {times}"
                if standing.status.search is not None:  # whose points have different numbers of runs
                    said = f"{facts.model_name}, a search ({standing.status.search}): {points} with at most {times}"
                if standing.status.shard is not None:
                    number, of = standing.status.shard
                    said += f"; this is part {number:,} of {of:,}"
                    if assigned:  # a part of whole replications, which reads as a study of its own
                        each = standing.status.n_runs // max(1, standing.status.n_points)
                        said = f"{facts.model_name}, {facts.design}: {points} × {plural(each, 'replication')}, with seeds of your own"
            tag("p", "ml-quiet", said)
            if not ref.own:
                with tag("div", "ml-actions ml-shared"):
                    tag("span", "", "Shared with you to look at.")
                    go = lambda: doing.do("copy", copy)  # noqa: E731
                    Action("Copy to my studies", go, icon="mdi-content-copy", disabled=bool(doing.busy))
                    tag("span", "ml-error-text", doing.problem)
        if standing is None:
            with tag("p", "ml-quiet ml-progress-wait", role="status"):
                tag("span", "", "Opening the study …")
            return
        for said in (watch.displaced.value, watch.problem.value):
            if said and said != standing.status.message:
                tag("p", "ml-error-text", said, role="alert")
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
    doing = use_doing()
    quiet, failed = watch.quiet.value, watch.failed.value
    again = lambda: doing.do("retry", lambda: workspace.start(ref, retry_failed=True), watch.poke)  # noqa: E731
    may = ref.own and quiet and not doing.busy
    if not failed and not doing.problem:
        return
    with tag("div", "ml-stack"):
        if doing.problem:
            tag("p", "ml-error-text", doing.problem, role="alert")
        FailuresPanel(ref.path, failed, running=not quiet, on_retry=again if may else None)


@solara.component
def Changed(
    workspace: Workspace,
    watch: Watch,
    ref: StudyRef,
    experiment: Experiment,
    on_new: Callable[[], None],
    on_state: Callable[[str, bool], None],
    *,
    assigned: bool = False,
) -> None:
    """Say when the design page holds another experiment than the study, and offer to run that one.

    Of a study that a teacher has given this is said in passing: it was not made from the design page, and is what is to be run.
    """
    doing = use_doing()

    def differs() -> list[str]:
        from mesa_lab.study import Study

        with Study.open(ref.path) as study:
            return changes(study.experiment, experiment, searched=study.search is not None)

    def grow() -> None:
        workspace.grow(ref, experiment)
        workspace.start(ref)

    standing = watch.standing.value
    extent = standing and (standing.status.n_points, standing.status.replications)
    changed = use_fresh(differs, extent, topic=(ref.path, id(experiment))).value or []
    state = standing.state if standing is not None else ""
    stale = bool(changed) and not assigned
    solara.use_effect(lambda: on_state(state, stale) if state else None, [state, stale])
    if not changed:
        return
    if assigned:
        with tag("div", "ml-inline"):
            tag(
                "span",
                "ml-quiet",
                "The teacher has given this study. What you design yourself is a study of its own.",
            )
            Action("Run my own design", on_new)
        return
    with tag("div", "ml-notice", role="status"):
        with tag("span"):
            tag("span", "", "The design page holds another experiment than this study. ")
            tag("span", "ml-quiet", f"It differs in: {listing(changed, MOST)}.")
            if doing.problem:
                tag("p", "ml-error-text", doing.problem, role="alert")
        with tag("div", "ml-actions"):
            if set(changed) <= GROWING and watch.quiet.value:
                extend = lambda: doing.do("extend", grow, watch.poke)  # noqa: E731
                Action(
                    "Extend this study", extend, icon="mdi-plus", kind="primary", disabled=bool(doing.busy)
                )
                Action("Run as a new study", on_new, icon="mdi-arrow-right")
            else:
                Action("Run as a new study", on_new, icon="mdi-arrow-right", kind="primary")
