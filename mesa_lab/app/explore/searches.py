"""Searches that begin at what is explored: started here, and what they found brought back here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import solara

from mesa_lab.app.components.controls import Action, Choose, TextInput
from mesa_lab.app.components.html import tag
from mesa_lab.app.components.links import PageLink
from mesa_lab.app.components.study_progress import Bar, headline
from mesa_lab.app.hooks.use_action import use_doing
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.app.hooks.use_study import use_watch
from mesa_lab.errors import ExperimentError, MesaLabError
from mesa_lab.exploring.follow_ups import (
    BUDGET,
    PRECISION,
    finding_of,
    search_for_best,
    search_until_precise,
)
from mesa_lab.formatting import label, number
from mesa_lab.workspace.study_names import first_name
from mesa_lab.workspace.study_state import facts_of

if TYPE_CHECKING:
    from mesa_lab.exploring.session import Session
    from mesa_lab.search.search import Search
    from mesa_lab.workspace.study_names import StudyRef
    from mesa_lab.workspace.workspace import Workspace

__all__ = ["Searches"]

_GOALS: Final = [
    ("max", "the highest"),
    ("min", "the lowest"),
]


@solara.component
def Searches(
    session: Session,
    workspace: Workspace,
    outcomes: Sequence[str],
    on_move: Callable[[Mapping[str, Any]], None],
) -> None:
    """Have a search begin here, and show what those found that did.

    Args:
        session: The session.
        workspace: Where the study of a search goes.
        outcomes: The outcomes to choose from.
        on_move: Called with a setting to go to.
    """
    outcome, set_outcome = solara.use_state(outcomes[0])
    goal, set_goal = solara.use_state("max")
    budget, set_budget = solara.use_state(str(BUDGET))
    width, set_width = solara.use_state(number(100 * PRECISION))
    doing = use_doing()
    outcome = outcome if outcome in outcomes else outcomes[0]

    def begin(kind: str, search: Callable[[], Search]) -> None:
        def start() -> None:
            wanted = search()
            model = first_name(facts_of(session.experiment).model)
            ref = workspace.make_search(workspace.free_name(f"{model}_{kind}{workspace.mark}"), wanted)
            session.hand_over(ref.path)
            workspace.start(ref)

        doing.do(kind, start)

    def best() -> Search:
        text = budget.strip()
        return search_for_best(session.experiment, outcome, goal, int(text) if text.isdigit() else text)

    def precise() -> Search:
        return search_until_precise(session.experiment, session.setting, outcome, _share(width))

    with tag("div", "ml-ex-choices"):
        Choose("Outcome", outcome, set_outcome, [(name, label(name)) for name in outcomes])
        Choose("Look for", goal, set_goal, _GOALS)
        TextInput("Runs at most", budget, set_budget, hint="Or a time, such as 20 min.")
        TextInput("Mean known to", width, set_width, suffix="% of the mean")
    with tag("div", "ml-actions"):
        Action(
            "Find the best setting",
            lambda: begin("best", best),
            icon="mdi-magnify",
            kind="tonal",
            disabled=bool(doing.busy),
        )
        Action(
            "Run this setting until precise",
            lambda: begin("precise", precise),
            icon="mdi-target",
            disabled=bool(doing.busy),
        )
    if doing.problem:
        tag("p", "ml-error-text", doing.problem, role="alert")
    for name in reversed(session.searches):
        try:
            ref = workspace.find(name.removesuffix(session.path.suffix))
        except MesaLabError:
            continue  # it was deleted, or has another name by now
        _Begun(session, workspace, ref, on_move).key(name)


@solara.component
def _Begun(
    session: Session,
    workspace: Workspace,
    ref: StudyRef,
    on_move: Callable[[Mapping[str, Any]], None],
) -> None:
    """How a search stands that began here, and what it found."""
    watch = use_watch(workspace, ref)
    standing = watch.standing.value
    finished, quiet = watch.finished.value, watch.quiet.value
    found = use_fresh(
        lambda: finding_of(ref.path, session.dials), (finished, quiet), topic=ref.path, least=2.0
    )

    def take_in() -> None:
        if standing is not None and quiet and finished:
            session.take_in(ref.path)

    solara.use_effect(take_in, [quiet, finished if quiet else 0])
    with tag("div", "ml-ex-search"):
        with PageLink(f"/run?study={quote(ref.key)}", classes=["ml-running-name"]):
            tag("span", "", ref.name)
        if standing is not None:
            tag("span", "ml-quiet", headline(standing))
            Bar(standing, label=f"Progress of {ref.name}")
        if found.value is not None:
            tag("p", "", found.value.sentence)
            if quiet and found.value.setting is not None:
                Action("Go there", lambda: on_move(found.value.setting or {}), icon="mdi-arrow-right")


def _share(text: str) -> float:
    try:
        return float(text.strip().removesuffix("%")) / 100
    except ValueError:
        raise ExperimentError(f"The precision is '{text.strip():.40}'. Type a number, such as 5.") from None
