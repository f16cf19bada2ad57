"""What need not be imported, and what is imported before somebody waits for it.

Where JupyterLab is installed too, jsonschema, which altair imports, comes upon `rfc3987_syntax` and has it compile the
grammars of addresses in all alphabets: 2.5 s of a processor, to check a format of which no chart has any. jsonschema does
without it where it is missing.
"""

from __future__ import annotations

import importlib
import sys
import threading
from typing import Final

__all__ = ["import_soon", "spare_grammars"]

_GRAMMARS = "rfc3987_syntax"
_WANTED_LATER: Final = ("scipy.optimize", "scipy.stats", "sklearn.gaussian_process")
_IDLE_SECONDS: Final = 8.0


def spare_grammars() -> None:
    """Have altair imported without these grammars; for processes that are Mesa Lab's alone, such as its command and its server."""
    if _GRAMMARS not in sys.modules:
        sys.modules[_GRAMMARS] = None  # type: ignore[assignment]  # an import of it fails as if it were not installed


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
