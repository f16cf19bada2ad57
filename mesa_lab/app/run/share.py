"""Share: give others a link to a study, where a server is for many. Nobody can guess the link, and it can be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import solara

from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.html import tag
from mesa_lab.classroom.classroom import current
from mesa_lab.errors import MesaLabError

if TYPE_CHECKING:
    from mesa_lab.workspace.study_names import StudyRef
    from mesa_lab.workspace.workspace import Workspace

__all__ = ["Share"]


@solara.component_vue(esm_module="mesa-lab-browser", esm_export="ShareLink")
def _Link(path: str) -> None:
    pass


@solara.component
def Share(workspace: Workspace, ref: StudyRef) -> None:
    """Offer a link to a study by which others can look at it, and nothing more.

    Args:
        workspace: Whose it is.
        ref: The study.
    """
    first = solara.use_memo(lambda: _key(workspace, ref), dependencies=[ref])
    key, set_key = solara.use_state(first[0])
    problem, set_problem = solara.use_state(first[1])

    def change(share: bool) -> None:
        try:
            set_key(workspace.share(ref) if share else None)
            if not share:
                workspace.unshare(ref)
        except MesaLabError as error:
            set_problem(str(error))

    with tag("section", "ml-panel ml-share", aria_label="Share"):
        with tag("div"):
            tag("h2", "", "Share")
            alone = "Only this browser can see this study."
            classroom = current()
            if classroom is not None:
                others = "" if workspace.folder == classroom.folder else " and the teacher"
                alone = f"You{others} can see this study, nobody else."
            said = "Who has the link can look at this study." if key else alone
            tag("p", "ml-quiet", said)
        with tag("div", "ml-actions"):
            if key:
                _Link(path=f"/run?study={quote(key)}")
                Action("Stop sharing", lambda: change(False), icon="mdi-link-off")
            else:
                Action("Make a link", lambda: change(True), icon="mdi-link")
        if problem:
            tag("p", "ml-error-text", problem, role="alert")


def _key(workspace: Workspace, ref: StudyRef) -> tuple[str | None, str]:
    try:
        return workspace.shared_key(ref), ""
    except MesaLabError as error:
        return None, str(error)
