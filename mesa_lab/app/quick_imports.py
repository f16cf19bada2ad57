"""What is imported before somebody waits for it, and by one thread at a time.

Large packages import parts of themselves in circles, and altair and scikit-learn share narwhals. Two threads that import them
at once find modules that are half there, or Python reports a deadlock of its module locks and one of them fails.
"""

from __future__ import annotations

import importlib
import threading
from typing import Final

__all__ = ["ANSWERING", "DRAWING", "import_now", "import_soon"]

DRAWING: Final = ("altair",)
"""What charts need."""
ANSWERING: Final = (*DRAWING, "scipy.optimize", "scipy.stats", "sklearn.gaussian_process", "sklearn.ensemble")
"""What answers and the curves of Explore need."""
_IDLE_SECONDS: Final = 8.0

_importing = threading.Lock()
_done: Final[set[str]] = set()


def import_now(names: tuple[str, ...]) -> None:
    """Import modules while no other thread does; call it before code that imports them where it needs them.

    Args:
        names: `DRAWING` or `ANSWERING`.
    """
    for name in names:
        if name in _done:
            continue
        with _importing:
            if name not in _done:
                importlib.import_module(name)
                _done.add(name)


def import_soon(seconds: float = _IDLE_SECONDS) -> threading.Timer:
    """Import, a while from now, what the curves of Explore and the answers need: more than a second, which nobody waits for then.

    Args:
        seconds: How long to leave the processor to the first page.

    Returns:
        What waits; cancel it when it is not wanted any more.
    """
    timer = threading.Timer(seconds, import_now, (ANSWERING,))
    timer.daemon = True
    timer.name = "mesa-lab-imports"
    timer.start()
    return timer
