"""Light or dark: what drawings need to know about the place where they are shown.

On a page Solara knows the mode. A notebook has a mode of its own that Solara does not hear of, so
there a small Vue component looks at the surroundings and tells.
"""

from __future__ import annotations

from collections.abc import Callable

import solara
import solara.lab

__all__ = ["Surroundings", "notebook_mode", "use_dark"]

notebook_mode = solara.create_context(None)
"""Whether the notebook around is dark; None where no notebook is."""


@solara.component_vue(esm_module="mesa-lab-browser", esm_export="Surroundings")
def Surroundings(event_mode: Callable[[bool], None]) -> None:
    """Tell whether the place where this stands is dark, now and whenever that changes."""


def use_dark() -> bool:
    """Return whether to draw for a dark background; a hook."""
    notebook = solara.use_context(notebook_mode)
    page = solara.lab.use_dark_effective()
    return bool(page if notebook is None else notebook)
