"""What `ml.Explore` shows in a notebook's cell: the page, without the app around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import solara

from mesa_lab.app.explore.page import ExploreView, Styles
from mesa_lab.app.notebook.widgets import NotebookFrame

if TYPE_CHECKING:
    from mesa_lab.exploring.session import Session

__all__ = ["NotebookExplore"]


@solara.component
def NotebookExplore(session: Session) -> None:
    """Show a session."""
    with NotebookFrame():
        Styles()
        ExploreView(session, session.path.stem)
