"""The question that is asked before code is loaded which a link, a file, a study or a field names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import solara

from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.html import tag

if TYPE_CHECKING:
    from mesa_lab.preparation.code_permission import CodeReference

__all__ = ["CodeQuestion"]


@solara.component
def CodeQuestion(
    text: str,
    references: Sequence[CodeReference],
    accept: tuple[str, Callable[[], None]],
    decline: tuple[str, Callable[[], None]] | None = None,
) -> None:
    """Name code, and ask whether to load it.

    Args:
        text: What names it, and what to consider.
        references: The code.
        accept: The label of the button that agrees, and what it does.
        decline: The same for the one that does not.
    """
    with tag("div", "ml-notice", role="alert"):
        with tag("div"):
            tag("strong", "", text)
            for name in dict.fromkeys(reference.text for reference in references):
                tag("div", "ml-code", name)
        with tag("div", "ml-actions"):
            Action(*accept, kind="tonal")
            if decline is not None:
                Action(*decline)
