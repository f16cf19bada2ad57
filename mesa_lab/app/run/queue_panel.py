"""What runs or waits now, wherever it was started: so that who comes back finds it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

import solara

from mesa_lab.app.components.html import tag
from mesa_lab.app.components.links import PageLink
from mesa_lab.app.components.study_progress import Bar, headline
from mesa_lab.app.hooks.use_background import use_reader
from mesa_lab.errors import MesaLabError
from mesa_lab.workspace.study_state import Entry, entries

if TYPE_CHECKING:
    from mesa_lab.workspace.workspace import Workspace

__all__ = ["NowRunning"]


@solara.component
def NowRunning(workspace: Workspace, on_value: Callable[[str], None]) -> None:
    """List the studies that run or wait; nothing when there are none.

    Args:
        workspace: The studies of the user.
        on_value: Called with the key of the one to watch.
    """
    found: solara.Reactive[tuple[Entry, ...]] = solara.use_reactive(())

    def look() -> float:
        try:
            every = entries(workspace)
        except MesaLabError:
            return 5.0
        found.value = tuple(
            entry for entry in every if entry.standing is not None and entry.standing.is_active
        )
        return 1.0 if found.value else 3.0

    use_reader(look, [workspace])
    if not found.value:
        return
    with tag("section", "ml-panel", aria_label="Running now"):
        tag("h2", "", "Running now")
        with tag("ul", "ml-running"):
            for entry in found.value:
                with tag("li").key(entry.ref.key):
                    key = entry.ref.key
                    with PageLink(
                        f"/run?study={quote(key)}",
                        classes=["ml-running-name"],
                        on_follow=lambda key=key: on_value(key),
                    ):
                        tag("span", "", entry.ref.name)
                    tag("span", "ml-quiet", headline(entry.standing))
                    Bar(entry.standing, label=f"Progress of {entry.ref.name}")
