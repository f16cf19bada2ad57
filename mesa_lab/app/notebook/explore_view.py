"""What `ml.Explore` shows in a notebook's cell: the page, without the app around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import solara

from mesa_lab.app.explore.page import ExploreView, Styles
from mesa_lab.app.notebook.widgets import NotebookFrame
from mesa_lab.formatting import model_label
from mesa_lab.preparation.models import reference_of

if TYPE_CHECKING:
    from mesa_lab.exploring.session import Session

__all__ = ["NotebookExplore"]


@solara.component
def NotebookExplore(session: Session) -> None:
    """Show a session."""
    with NotebookFrame():
        Styles()
        model = model_label(reference_of(session.experiment.model))
        ExploreView(session, model if session.base is None else session.base.stem)
