"""Import what a method will need while the first runs are carried out: workers would wait for it later."""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from collections.abc import Iterable

__all__ = ["import_ahead"]


def import_ahead(modules: Iterable[str]) -> threading.Thread | None:
    """Import modules in a thread of their own.

    Args:
        modules: Their names; one that is missing is left to whoever needs it.

    Returns:
        The thread; None where all of them are there already.
    """
    missing = [name for name in modules if name not in sys.modules]
    if not missing:
        return None

    def work() -> None:
        for name in missing:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)

    thread = threading.Thread(target=work, name="mesa-lab-search-imports", daemon=True)
    thread.start()
    return thread
