"""A study that is shown is deleted or renamed in another tab: said on whatever page shows it, with the way to its new name.

Stands beside the frame because several pages share it and `app/components/` is full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

import solara

from mesa_lab.app.components.html import tag
from mesa_lab.app.components.links import PageLink
from mesa_lab.app.hooks.use_background import use_fresh, use_reader
from mesa_lab.errors import MesaLabError
from mesa_lab.workspace.study_names import StudyRef
from mesa_lab.workspace.workspace import Workspace

__all__ = ["Gone", "use_gone"]

_LOOK_SECONDS: Final = 2.0


def use_gone(paths: Sequence[Path]) -> Path | None:
    """Return the file of those that a page goes by which has been there and is no longer; None while all are; a hook.

    Args:
        paths: The files; one that has not been made yet is not missed.
    """
    gone, set_gone = solara.use_state(None)
    seen: set[Path] = solara.use_memo(set, dependencies=[])

    def look() -> float:
        seen.update(path for path in paths if path.exists())
        set_gone(next((path for path in paths if path in seen and not path.exists()), None))
        return _LOOK_SECONDS

    use_reader(look, [tuple(paths)])
    return gone


@solara.component
def Gone(
    workspace: Workspace,
    ref: StudyRef,
    page: str,
    *,
    said: str = "",
    on_follow: Callable[[], None] | None = None,
) -> None:
    """Say that a study is no longer there, and lead to its new name where it has one.

    Args:
        workspace: The studies of the user.
        ref: The study.
        page: The page that shows it, as "/results".
        said: What else is known of it, such as where its results were saved.
        on_follow: Called before the page of the new name is shown.
    """

    def read() -> tuple[StudyRef | None, str]:
        try:
            workspace.find(ref.key)
        except MesaLabError as error:
            return workspace.now_called(ref), str(error)
        return workspace.now_called(ref), f"The study '{ref.name}' was renamed."

    new, why = use_fresh(read, 0, topic=ref).value or (None, f"The study '{ref.name}' is no longer here.")
    with tag("section", "ml-empty", role="alert", aria_label="Study gone"):
        tag("h1", "", ref.name)
        tag("p", "ml-quiet", why)
        if said:
            tag("p", "ml-error-text", said)
        with tag("div", "ml-actions"):
            if new is not None:
                link = PageLink(f"{page}?study={quote(new.key)}", classes=["ml-primary"], on_follow=on_follow)
                with link:
                    tag("span", "", f"Go on with “{new.name}”")
            with PageLink("/studies", classes=["ml-button" if new is not None else "ml-primary"]):
                tag("span", "", "See all studies")
