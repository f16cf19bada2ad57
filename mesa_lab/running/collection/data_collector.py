"""Taking over a model's DataCollector without the model noticing.

The instance gets a class of the same name whose `collect()` hands over to a recorder. A model that reads its records
back must find what Mesa would have stored there: a recorder that keeps records stores it (`reporters`); one that does
not asks for the run to be done again.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, Protocol

from mesa.datacollection import DataCollector

__all__ = [
    "RestartError",
    "Taker",
    "Watcher",
    "adopt",
    "adoptable",
    "installed",
    "watch",
]

_mesa_collect = DataCollector.collect
_OURS = ("_taker", "collect")
_RECORDS = ("model_vars", "_agent_records", "_agenttype_records", "_collection_steps")


class RestartError(BaseException):
    """The run needs what was left out of its data collection, and has to be done again.

    Not an `Exception`, so that a model's own handlers let it pass.
    """


class Watcher(Protocol):
    """What is asked about each collector that collects and that nobody has taken over."""

    def adopts(self, collector: Any, model: Any) -> bool:
        """Take over this collector, if it is the model's own."""


class Taker(Protocol):
    """What takes over a collector."""

    def collect(self, model: Any) -> None:
        """Do what `collector.collect(model)` has to do."""

    def is_read(self) -> None:
        """Answer for the records, which the model is about to read; raise RestartError if they are not complete."""


class _Adopted:
    """Mixed in before the collector's own class."""

    def collect(self, model: Any) -> None:
        self.__dict__["_taker"].collect(model)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        self.__dict__["_taker"].is_read()
        kind: Any = type(self).__mro__[2]
        copied = memo[id(self)] = kind.__new__(kind)
        copied.__dict__.update(deepcopy(_state(self), memo))
        return copied

    def __reduce_ex__(self, protocol: Any) -> Any:
        self.__dict__["_taker"].is_read()
        return object.__new__, (type(self).__mro__[2],), _state(self)


def _state(collector: Any) -> dict[str, Any]:
    return {name: value for name, value in collector.__dict__.items() if name not in _OURS}


def _record(name: str) -> property:
    def get(self: Any) -> Any:
        self.__dict__["_taker"].is_read()
        try:
            return self.__dict__[name]
        except KeyError:  # the model took it away
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'") from None

    def put(self: Any, value: Any) -> None:
        self.__dict__["_taker"].is_read()
        self.__dict__[name] = value

    return property(get, put)


for _name in _RECORDS:
    setattr(_Adopted, _name, _record(_name))


@functools.lru_cache(maxsize=256)
def adoptable(kind: Any) -> bool:
    """Whether a collector's class is Mesa's DataCollector, or collects as it does."""
    return (
        issubclass(kind, DataCollector)
        and not issubclass(kind, _Adopted)
        and kind.collect in (_mesa_collect, _dispatch)
        and all(
            getattr(kind, name) is getattr(DataCollector, name)
            for name in ("_record_agents", "_record_agenttype")
        )
        and not any(hasattr(kind, name) for name in _RECORDS)
    )


def adopt(collector: Any, taker: Taker) -> None:
    """Let a taker do what the collector did.

    Args:
        collector: The collector.
        taker: What takes it over.
    """
    kind: Any = type(collector)
    collector.__dict__["_taker"] = taker
    collector.__dict__["collect"] = taker.collect
    collector.__class__ = _adopted_class(kind)


@functools.lru_cache(maxsize=256)
def _adopted_class(kind: Any) -> type[Any]:
    return type(
        kind.__name__, (_Adopted, kind), {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    )


_active = threading.local()
_lock = threading.Lock()
_installed = 0


def _dispatch(self: Any, model: Any) -> None:
    watcher: Watcher | None = getattr(_active, "watcher", None)
    if watcher is not None and watcher.adopts(self, model):
        self.collect(model)
    else:
        _mesa_collect(self, model)


@contextmanager
def installed() -> Iterator[None]:
    """Let takers adopt collectors meanwhile; when nobody does any more, Mesa is as it was."""
    global _installed
    with _lock:
        _installed += 1
        if _installed == 1:
            DataCollector.collect = _dispatch
    try:
        yield
    finally:
        with _lock:
            _installed -= 1
            if _installed == 0:
                DataCollector.collect = _mesa_collect


def watch(watcher: Watcher | None) -> None:
    """Let this be asked about the collectors that a model uses in this thread, or nothing any more."""
    _active.watcher = watcher
