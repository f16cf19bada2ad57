"""Imports many large modules at once, as a worker process does before it can do anything, and does it quickly.

Only for a process that does nothing else meanwhile: for that moment, `inspect` finds out less than usual. Nothing here
knows what is imported.
"""

from __future__ import annotations

import gc
import importlib
import inspect
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any

__all__ = ["import_all"]


def import_all(names: Sequence[str]) -> ModuleType:
    """Import modules in this order, and return the last one.

    Args:
        names: At least one full name.
    """
    # Modules stay and leave next to no garbage: to look through them for some would take a tenth of the time.
    gc.disable()
    try:
        with _without_sources():
            *_, last = map(importlib.import_module, names)
        gc.freeze()
    finally:
        gc.enable()
    return last


@contextmanager
def _without_sources() -> Iterator[None]:
    """Spare `inspect` the search for the source of everything that is on the stack.

    Mesa asks for the stack while it is imported, to learn the name of one module. For every frame of it `inspect` looks
    through all modules that there are, and reads the file: an eighth of the time that importing Mesa takes.
    """
    module_of, describe = inspect.getmodule, inspect.getframeinfo

    def module_of_frame(thing: Any, *rest: Any) -> ModuleType | None:
        if isinstance(thing, FrameType):
            return sys.modules.get(thing.f_globals.get("__name__", ""))
        return module_of(thing, *rest)

    def describe_frame(frame: Any, context: int = 1) -> inspect.Traceback:
        return describe(frame, 0)

    inspect.getmodule, inspect.getframeinfo = module_of_frame, describe_frame  # type: ignore[assignment]
    try:
        yield
    finally:
        inspect.getmodule, inspect.getframeinfo = module_of, describe
