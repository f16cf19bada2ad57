"""Imports many large modules at once, as a worker process does before it can do anything, and does it quickly.

Only for a process that does nothing else meanwhile: for that moment, `inspect` finds out less than usual. Modules that
others import without using them are postponed. Nothing here knows what is imported.
"""

from __future__ import annotations

import gc
import importlib
import inspect
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import FrameType, ModuleType
from typing import Any

__all__ = ["import_all"]


def import_all(names: Sequence[str], postponed: Sequence[str] = ()) -> ModuleType:
    """Import modules in this order, and return the last one.

    Args:
        names: At least one full name.
        postponed: Full names of modules written in Python. Where others import these, their code runs when somebody first
            asks for something in them.
    """
    # Modules stay and leave next to no garbage: to look through them for some would take a tenth of the time.
    gc.disable()
    try:
        with _without_sources(), _postponing(postponed):
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


@contextmanager
def _postponing(names: Iterable[str]) -> Iterator[None]:
    finder = _Postponing(frozenset(names))
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Postponing(MetaPathFinder):
    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path) if name in self._names else None
        if spec is not None and spec.loader is not None:
            spec.loader = _Later(spec.loader)
        return spec


class _Later(Loader):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Postponed(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        assert spec is not None
        spec.loader = module.__loader__ = self._loader
        spec.loader_state = _State()
        # Its own modules come after its own code.
        module.__dict__.pop("__path__", None)


class _State:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.is_due = True


class _Postponed(ModuleType):
    """A module whose code runs when somebody first asks for something in it.

    Python has the like, `importlib.util.LazyLoader`. There a module that is interrupted by a run's time limit while it loads
    stays a fragment for ever, and a look at its file's name is enough to load it.
    """

    def __getattr__(self, name: str) -> Any:
        _load(self)
        return ModuleType.__getattribute__(self, name)

    def __dir__(self) -> Iterable[str]:
        _load(self)
        return ModuleType.__dir__(self)


def _load(module: ModuleType) -> None:
    spec = module.__spec__
    assert spec is not None
    assert spec.loader is not None
    state: _State = spec.loader_state
    with state.lock:
        if not state.is_due:
            return  # another thread has loaded it, or its own code asks for what it does not have yet
        state.is_due = False
        try:
            if spec.submodule_search_locations is not None:
                module.__path__ = spec.submodule_search_locations
            spec.loader.exec_module(module)
            module.__class__ = ModuleType
        except BaseException:
            state.is_due = True
            raise
