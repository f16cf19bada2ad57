"""Solara reports its use to its makers; inside Mesa Lab it does not.

The server is told so by its settings. In a notebook the kernel would send a message through Mixpanel
and the page would load two frames from solara.dev, the first time a component is shown; neither
has a switch that works once Solara is imported, as it may be when a notebook comes to Mesa Lab.
"""

import solara.checks
from solara.server import settings

__all__ = ["hush"]


def hush() -> None:
    """Turn off what Solara would send."""
    settings.telemetry.mixpanel_enable = False
    solara.checks.should_perform_jupyter_check = _never
    solara.checks.should_perform_solara_check = _never


def _never() -> bool:
    return False
