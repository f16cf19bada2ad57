"""What is imported before somebody waits for it."""

from __future__ import annotations

import importlib
import threading
from typing import Final

__all__ = ["import_soon"]

_WANTED_LATER: Final = ("scipy.optimize", "scipy.stats", "sklearn.gaussian_process")
_IDLE_SECONDS: Final = 8.0


def import_soon(seconds: float = _IDLE_SECONDS) -> threading.Timer:
    """Import, a while from now, what the curves of Explore and the answers need: more than a second, which nobody waits for then.

    Args:
        seconds: How long to leave the processor to the first page.

    Returns:
        What waits; cancel it when it is not wanted any more.
    """

    def work() -> None:
        for name in _WANTED_LATER:
            importlib.import_module(name)

    timer = threading.Timer(seconds, work)
    timer.daemon = True
    timer.name = "mesa-lab-imports"
    timer.start()
    return timer
