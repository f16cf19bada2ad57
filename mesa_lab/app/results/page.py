"""The fourth step: see what came out, from the whole to a single run.

Everything is read from the study file, also while it runs; a page shows what was there when it was
opened, and says when there is more, so that nothing changes while it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import solara

from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.downloads import StudyDownloads
from mesa_lab.app.components.html import Style, tag
from mesa_lab.app.components.links import PageLink
from mesa_lab.app.components.run_styles import RunLook
from mesa_lab.app.hooks.use_action import use_doing
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.app.hooks.use_study import use_watch
from mesa_lab.app.results.answers.choices import chosen_for_report
from mesa_lab.app.results.answers.panel import AnswersPanel
from mesa_lab.app.results.charts import ChartPanel, Tabs
from mesa_lab.app.results.compare import ComparePanel
from mesa_lab.app.results.notices import Going, News, Remarks
from mesa_lab.app.results.pairs import Pair
from mesa_lab.app.results.run_details import STUDY_KEY
from mesa_lab.app.results.tables import TablesPanel
from mesa_lab.app.state.result_view import TABLES, ResultView
from mesa_lab.app.study_gone import Gone
from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import plural
from mesa_lab.preparation.questions import answered_by
from mesa_lab.workspace.shared_results import Opened, open_results

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.processing.analysis.conclusion import Conclusion
    from mesa_lab.workspace.study_names import StudyRef
    from mesa_lab.workspace.workspace import Workspace

__all__ = ["ResultsPage", "ResultsView"]

TABS: Final = [
    ("answers", "Answers"),
    ("charts", "Charts"),
    ("runs", "Runs"),
    ("points", "Points"),
    ("compare", "Compare"),
]
_STYLE: Final = Path(__file__).with_name("results.css")


@solara.component
def ResultsPage(
    workspace: Workspace,
    value: str,
    view: ResultView,
    on_view: Callable[[ResultView], None],
    on_design: Callable[[Experiment, str], None] | None = None,
) -> None:
    """Show the results of a study.

    Args:
        workspace: The studies of the user.
        value: The key of the study; empty for none.
        view: What is looked at.
        on_view: Called when something else is looked at.
        on_design: Called with an experiment that would answer better, and where it comes from, to go on with its design.
    """
    RunLook()
    again, set_again = solara.use_state(0)
    found, problem = solara.use_memo(lambda: _find(workspace, value), dependencies=[workspace, value, again])
    with tag("div", "ml-stack"):
        if found is not None:
            shown = Watched(workspace, found, view, on_view, on_design, lambda: set_again(again + 1))
            shown.key(str(found.path))
            return
        with tag("section", "ml-empty", aria_label="No results yet"):
            tag("h1", "", "No results yet")
            tag(
                "p",
                "ml-error-text" if problem else "ml-quiet",
                problem or "Run an experiment, or open a study.",
            )
            with tag("div", "ml-actions"):
                with PageLink("/studies", classes=["ml-primary"]):
                    tag("span", "", "Open a study")
                with PageLink("/run", classes=["ml-button"]):
                    tag("span", "", "Go to the run")


def _whose(workspace: Workspace, ref: StudyRef) -> str:
    """Say whose study is shown where several people have studies, as one name may stand for a study of each."""
    if workspace.local:
        return ""
    if not ref.own:
        return "A study of somebody else, who shared it by a link."
    return "Your own study. Others who open this address see one of theirs or none; the run page makes a link to this one."


def _find(workspace: Workspace, key: str) -> tuple[StudyRef | None, str]:
    try:
        return (workspace.find(key) if key else None), ""
    except MesaLabError as error:
        return None, str(error)


@solara.component
def Watched(
    workspace: Workspace,
    ref: StudyRef,
    view: ResultView,
    on_view: Callable[[ResultView], None],
    on_design: Callable[[Experiment, str], None] | None,
    on_find: Callable[[], None],
) -> None:
    """Show the results of a study that may still be running, and have it grow where an answer asks for it."""
    STUDY_KEY.provide(ref.key)
    watch = use_watch(workspace, ref)
    doing = use_doing()

    def grow(experiment: Experiment) -> None:
        workspace.grow(ref, experiment)
        workspace.start(ref)

    def go_on(conclusion: Conclusion) -> None:
        experiment = conclusion.next
        if experiment is None:
            return
        if conclusion.next_grows:
            doing.do("grow", lambda: grow(experiment), watch.poke)
        elif on_design is not None:
            asked = answered_by(conclusion.name) or experiment.question
            on_design(replace(experiment, question=asked), f"The study “{ref.name}”")

    standing = watch.standing.value
    if watch.gone.value:
        Gone(workspace, ref, "/results", said=watch.displaced.value, on_follow=on_find)
        return
    if standing is None:
        with tag("div", "ml-empty", role="alert" if watch.problem.value else "status"):
            tag("h1", "", ref.name)
            tag("p", "ml-quiet", watch.problem.value or "Opening the study …")
        return
    if watch.displaced.value:
        with tag("div", "ml-notice ml-notice-error", role="alert"):
            tag("span", "", watch.displaced.value)
    status = standing.status
    if doing.problem:
        with tag("div", "ml-notice ml-notice-error", role="alert"):
            tag("span", "", doing.problem)
            Action("Dismiss", doing.clear)
    if standing.is_active or doing.busy:
        Going(status.finished, status.n_runs).key("going")
    shown = ResultsView(
        ref.path,
        ref.name,
        status.finished,
        view,
        on_view,
        failed=status.failed + status.timed_out,
        running=standing.is_active or bool(doing.busy),
        on_next=go_on if ref.own else None,
        studies=lambda: [each for each in workspace.studies() if each.path != ref.path],
        whose=_whose(workspace, ref),
    )
    shown.key("results")  # in its place, whatever stands above it
    with shown, PageLink(f"/run?study={quote(ref.key)}", classes=["ml-button"]):
        tag("span", "", "Back to the run")


@solara.component
def ResultsView(
    path: Path,
    name: str,
    finished: int,
    view: ResultView,
    on_view: Callable[[ResultView], None],
    *,
    failed: int = 0,
    running: bool = False,
    on_next: Callable[[Conclusion], None] | None = None,
    studies: Callable[[], list[StudyRef]] = list,
    whose: str = "",
    children: list[solara.Element] = [],  # noqa: B006  reacton hands in a new list
) -> None:
    """Show the results of a study file.

    Args:
        path: The file.
        name: What the study is called.
        finished: How many runs have a result by now.
        view: What is looked at.
        on_view: Called when something else is looked at.
        failed: How many of these failed or timed out; fewer once they have been tried again.
        running: Whether there will be more.
        on_next: Called with a conclusion whose next runs are wanted; None where nothing can be run.
        studies: Gives the other studies that this one can be compared with.
        whose: Whose study it is, where that is to be said.
        children: What else can be done with the study.
    """
    now = finished, failed
    seen, set_seen = solara.use_state(now)
    reopened, reopen = solara.use_state(0)

    def follow() -> None:
        # The first results and the last come by themselves, what is between when it is asked for.
        if now != seen and (not seen[0] or not running):
            set_seen(now)

    solara.use_effect(follow, [now, running, seen])
    fresh = use_fresh(lambda: open_results(path), (seen, reopened), topic=path)
    opened: Opened | None = fresh.value
    Style(_STYLE)
    with tag("section", "ml-panel", aria_label="Results"):
        with tag("div", "ml-panel-head"):
            with tag("div"):
                tag("h1", "", name)
                tag("p", "ml-quiet", _said(opened))
                if whose:
                    tag("p", "ml-quiet", whose)
            with tag("div", "ml-actions", *children):
                pass
        if opened is not None and opened.finished:
            pair, goals = Pair.from_text(view.pair), dict(view.goals)
            chosen = partial(chosen_for_report, opened, pair, goals)
            StudyDownloads(opened, name, chosen)
        if opened is not None and running and now != seen:
            more = finished - seen[0]
            said = (
                f"{plural(more, 'more run')} came in since."
                if more > 0
                else "Failed runs were tried again since."
            )
            with tag("div", "ml-notice", role="status"):
                tag("span", "", said)
                Action("Show them", lambda: set_seen(now), icon="mdi-refresh")
    if opened is not None:
        News(opened, lambda: reopen(lambda times: times + 1)).key(f"news {id(opened)}")
    if opened is not None and opened.finished:
        Remarks(opened).key(f"remarks {id(opened)}")
    if fresh.problem:
        tag("p", "ml-error-text", fresh.problem, role="alert")
    elif opened is None:
        tag("p", "ml-nothing ml-quiet", "Reading the results …", role="status")
    elif not opened.finished:
        said = "The first results will appear here." if running else "No run of this study has a result yet."
        tag("p", "ml-nothing ml-quiet", said, role="status")
    else:
        Shown(opened, view, on_view, on_next, running, studies)


def _said(opened: Opened | None) -> str:
    if opened is None:
        return "…"
    parts = [opened.model_name, plural(opened.points, "design point"), plural(opened.finished, "run")]
    return ", ".join(parts) + (f", {opened.failed:,} of them failed" if opened.failed else "")


@solara.component
def Shown(
    opened: Opened,
    view: ResultView,
    on_view: Callable[[ResultView], None],
    on_next: Callable[[Conclusion], None] | None,
    running: bool,
    studies: Callable[[], list[StudyRef]],
) -> None:
    """Show results: answers, charts with the runs behind their marks, tables, comparisons; one at a time."""
    latest = solara.use_ref(view)
    latest.current = view
    others = solara.use_memo(
        lambda: studies() if view.tab == "compare" else [], dependencies=[id(opened), view.tab]
    )

    def change(**changes: Any) -> None:
        # Two events of one moment must not undo each other.
        latest.current = replace(latest.current, **changes)
        on_view(latest.current)

    def narrow(chosen: Sequence[int] | None) -> None:
        change(points=tuple(chosen) if chosen is not None else None, run=None)

    def choose(chart: str, name: str, value: str | None) -> None:
        latest.current = latest.current.with_option(chart, name, value)
        on_view(latest.current)

    def set_goal(outcome: str, goal: str) -> None:
        latest.current = latest.current.with_goal(outcome, goal)
        on_view(latest.current)

    def open_run(run: int | None) -> None:
        change(run=run)

    Tabs(view.tab, lambda tab: change(tab=tab), TABS, "Results")
    if view.tab == "answers":
        AnswersPanel(
            opened,
            view.outcome,
            lambda outcome: change(outcome=outcome),
            on_next=on_next,
            running=running,
            pair=Pair.from_text(view.pair),
            on_pair=lambda pair: change(pair=pair.to_text()),
            goals=dict(view.goals),
            on_goal=set_goal,
        )
        return
    if view.tab == "compare":
        ComparePanel(
            opened,
            view.outcome,
            lambda outcome: change(outcome=outcome),
            pair=Pair.from_text(view.pair),
            on_pair=lambda pair: change(pair=pair.to_text()),
            studies=others,
            on_next=on_next,
            running=running,
        )
        return
    if view.tab == "charts":
        ChartPanel(
            opened,
            view.outcome,
            lambda outcome: change(outcome=outcome),
            kind=view.chart,
            on_kind=lambda chart: change(chart=chart),
            options=view.chosen,
            on_option=choose,
            on_points=narrow,
            on_run=open_run,
        )
    TablesPanel(
        opened,
        view.outcome,
        name={"runs": "failures" if view.table == "failures" else "runs", "points": "points"}.get(
            view.tab, view.table
        ),
        on_name=lambda name: change(table=name),
        points=view.points,
        on_points=narrow,
        run=view.run,
        on_run=open_run,
        offered={"runs": ("runs", "failures"), "points": ("points",)}.get(view.tab, TABLES),
        on_point=lambda point: change(
            tab="charts" if view.tab == "charts" else "runs", table="runs", points=(point,), run=None
        ),
    ).key(view.tab)
