"""Share: give others a link to a study, where a server is for many. Nobody can guess the link, and it can be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import solara

from mesa_lab.app.controls import Action
from mesa_lab.errors import MesaLabError

if TYPE_CHECKING:
    from mesa_lab.app.naming import StudyRef
    from mesa_lab.app.workspace import Workspace

__all__ = ["Share"]


@solara.component_vue("share.vue")
def _Link(path: str) -> None:
    pass


@solara.component
def Share(workspace: Workspace, ref: StudyRef) -> None:
    """Offer a link to a study by which others can look at it, and nothing more.

    Args:
        workspace: Whose it is.
        ref: The study.
    """
    key, set_key = solara.use_state(solara.use_memo(lambda: workspace.shared_key(ref), dependencies=[ref]))
    problem, set_problem = solara.use_state("")

    def change(share: bool) -> None:
        try:
            set_key(workspace.share(ref) if share else None)
            if not share:
                workspace.unshare(ref)
        except MesaLabError as error:
            set_problem(str(error))

    with solara.v.Html(tag="section", class_="ml-panel ml-share", attributes={"aria-label": "Share"}):
        with solara.v.Html(tag="div"):
            solara.v.Html(tag="h2", children=["Share"])
            said = (
                "Who has the link can look at this study." if key else "Only this browser can see this study."
            )
            solara.v.Html(tag="p", class_="ml-quiet", children=[said])
        with solara.v.Html(tag="div", class_="ml-actions"):
            if key:
                _Link(path=f"/run?study={quote(key)}")
                Action("Stop sharing", lambda: change(False), icon="mdi-link-off")
            else:
                Action("Make a link", lambda: change(True), icon="mdi-link")
        if problem:
            solara.v.Html(tag="p", class_="ml-error-text", attributes={"role": "alert"}, children=[problem])
