"""The frame around every page: the name, the steps, the way to all studies, light or dark.

It also takes up the state at the start of a page load, and says what concerns all pages: a link that
would run code, or one that is broken.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import quote

import solara

from mesa_lab.app.classroom.join_page import JoinPage
from mesa_lab.app.classroom.member import Member, class_member
from mesa_lab.app.classroom.student_bar import StudentBar
from mesa_lab.app.code_question import CodeQuestion
from mesa_lab.app.components.browser import ThemeButton
from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.html import HtmlRoot, Style, icon, tag
from mesa_lab.app.components.links import PageLink
from mesa_lab.app.design_changed import Stale, changes, use_made
from mesa_lab.app.hooks.use_model import use_parsed
from mesa_lab.app.javascript import define_modules
from mesa_lab.app.state import draft_state
from mesa_lab.app.state.visitor import visitor_workspace
from mesa_lab.app.step_bar import STEPS, Steps, states_of
from mesa_lab.errors import MesaLabError
from mesa_lab.workspace.workspace import Workspace

__all__ = ["Layout", "Look"]

_STYLE: Final = Path(__file__).with_name("frame.css")


SAID_ON: Final = ("/", "/design", "/results")
"""Pages on which an earlier design is spoken of; that of the runs does it itself."""


PAGES: Final = {
    **{step.path: step.name for step in STEPS},
    "/explore": "Explore",
    "/watch": "Watch",
    "/studies": "Studies",
    "/class": "Class",
}
OF_A_STUDY: Final = ("/run", "/results")


def _title(path: str, study: str) -> str:
    """The title of a page, what tells it from others first."""
    return " – ".join(part for part in (study, PAGES.get(path, "No such page"), "Mesa Lab") if part)


@solara.component
def PageTitle(title: str, depth: int = 6) -> None:
    """Set the title. Of several Solara takes the one that lies deepest, and each page brings one of its own."""
    if depth:
        PageTitle(title, depth - 1)
    else:
        solara.Title(title)


@solara.component
def Look() -> None:
    """The styles and elements of the components; needed once around them, also in a notebook."""
    solara.use_memo(define_modules, dependencies=[])
    Style(_STYLE)


@solara.component
def Layout(children: list[solara.Element] = []) -> None:  # noqa: B006
    """Put a page into its frame; Solara calls it for each page. In a class, whoever has not joined is asked to.

    Args:
        children: The page.
    """
    joined, set_joined = solara.use_state(0)
    router = solara.use_router()
    solara.use_route()
    member = class_member()
    if member is None or member.who:
        Frame(children, member)
        return
    with HtmlRoot(), tag("div", "ml-app"):
        Look()
        with tag("main", "ml-main"):
            JoinPage(member.classroom, router.search, lambda: set_joined(joined + 1))


@solara.component
def Frame(children: list[solara.Element], member: Member | None) -> None:
    """The frame of a page.

    Args:
        children: The page.
        member: Who looks, in a class.
    """
    router = solara.use_router()
    solara.use_memo(lambda: draft_state.begin(router.search), dependencies=[])
    current = "/" + router.parts[0]
    solara.use_memo(
        lambda: draft_state.go_to(router.search) if current in OF_A_STUDY else None,
        dependencies=[current, router.search],
    )
    solara.use_effect(
        lambda: draft_state.note_designed(draft_state.draft.peek().model) if current == "/design" else None,
        [current],
    )
    draft = draft_state.draft.value
    parsed = use_parsed(draft)
    experiment = parsed.experiment if parsed else None
    made = use_made(_workspace(), draft_state.study.value, (current, draft_state.progress.value))
    given = member is not None and member.was_given(draft_state.study.value)
    changed = solara.use_memo(
        lambda: (
            changes(made.experiment, experiment, searched=made.searched)
            if made and experiment and not given
            else []
        ),
        dependencies=[made, experiment, given],
    )
    states = states_of(
        model=bool(draft.model),
        design=experiment is not None and (draft.model in draft_state.designed.value or made is not None),
        study=(draft_state.progress.value or made.state) if made else "",
        stale=bool(changed),
    )
    PageTitle(_title(current, made.name if made is not None and current in OF_A_STUDY else ""))
    with HtmlRoot(), tag("div", "ml-app"):
        Look()
        with tag("header", "ml-header"):
            with PageLink("/", classes=["ml-brand"], attributes={"aria-label": "Mesa Lab, to the start"}):
                tag("span", "ml-logo", aria_hidden="true")
                tag("span", "", "Mesa Lab")
            Steps(current, states)
            with tag("div", "ml-header-end"):
                with PageLink(
                    f"/explore?study={quote(draft_state.study.value)}" if made is not None else "/explore",
                    classes=["ml-nav"],
                    attributes={"aria-current": "page"} if current == "/explore" else {},
                ):
                    icon("mdi-tune")
                    tag("span", "", "Explore")
                here = {"aria-current": "page"} if current == "/studies" else {}
                if member is not None:
                    there = {"aria-current": "page"} if current == "/class" else {}
                    with PageLink("/class", classes=["ml-nav"], attributes=there):
                        icon("mdi-school-outline")
                        tag("span", "", "Class")
                with PageLink("/studies", classes=["ml-nav"], attributes=here):
                    icon("mdi-folder-outline")
                    tag("span", "", "Studies")
                ThemeButton()
        with tag("main", "ml-main", attributes={"id": "ml-main", "tabindex": "-1"}):
            Notices()
            if member is not None and member.student is not None:
                StudentBar(
                    member.classroom, member.student, current.strip("/") or "model", draft_state.study.value
                )
            if made is not None and changed and current in SAID_ON:
                Stale(made, changed)
            tag("div", "ml-page", *children)


def _workspace() -> Workspace | None:
    try:
        return visitor_workspace()
    except MesaLabError:  # a browser without cookies; the pages of studies say so
        return None


@solara.component
def Notices() -> None:
    """Say what concerns all pages."""
    if draft_state.notice.value:
        with tag("div", "ml-notice ml-notice-error", role="alert"):
            tag("span", "", draft_state.notice.value)
            Action("Dismiss", lambda: draft_state.notice.set(""))
    waiting = draft_state.offer.value
    if waiting is not None:
        many = "runs Python code" + ("" if len(waiting.code) > 1 else " of yours or of others")
        CodeQuestion(
            f"{waiting.source} {many}. Open it only if you know where it comes from.",
            waiting.code,
            ("Open it", draft_state.accept),
            ("Leave it", draft_state.decline),
        )
