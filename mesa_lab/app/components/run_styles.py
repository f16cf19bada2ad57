"""The styles of the pages about runs and studies."""

from pathlib import Path
from typing import Final

import solara

from mesa_lab.app.components.html import Style

__all__ = ["RunLook"]

_STYLE: Final = Path(__file__).with_name("run.css")


@solara.component
def RunLook() -> None:
    """Put the styles into the page; needed once."""
    Style(_STYLE)
