"""Taking over a model's DataCollector without the model noticing.

The instance gets a class of the same name whose `collect()` hands over to a recorder. A model that reads its records
back must find what Mesa would have stored there: a recorder that collects completely stores it, by Mesa's own
procedure (`collect_completely`); one that left something out asks for the run to be done again.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, Protocol

from mesa.datacollection import DataCollector

from mesa_lab.running.collection.outcome_values import reporter_function

__all__ = [
    "RestartError",
    "Taker",
    "adopt",
    "adoptable",
    "collect_completely",
    "installed",
    "take_shortcut",
    "watch",
]

_mesa_collect = DataCollector.collect
_RECORDS = ("model_vars", "_agent_records", "_agenttype_records", "_collection_steps")
_IMMUTABLE = (str, int, bool, float, tuple)
_OURS = ("_taker", "collect")

type Note = Callable[[str, Exception], None]


class RestartError(BaseException):
    """The run needs what was left out of its data collection, and has to be done again.

    Not an `Exception`, so that a model's own handlers let it pass.
    """


class Taker(Protocol):
    """What takes over a collector."""

    def adopts(self, collector: Any, model: Any) -> bool:
        """Take over this collector, if it is the model's own."""

    def collect(self, collector: Any, model: Any) -> None:
        """Do what `collector.collect(model)` has to do."""

    def is_read(self) -> None:
        """Answer for the records, which the model is about to read; raise RestartError if they are not complete."""


class _Adopted:
    """Mixed in before the collector's own class."""

    def collect(self, model: Any) -> None:
        self.__dict__["_taker"].collect(self, model)

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
        return self.__dict__[name]

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
    """Let a taker do what the collector did."""
    kind: Any = type(collector)
    collector.__dict__["_taker"] = taker
    collector.__class__ = _adopted_class(kind)


def take_shortcut(collector: Any, collect: Callable[[Any], None]) -> None:
    """Let an adopted collector call this function of the model directly."""
    collector.__dict__["collect"] = collect


@functools.lru_cache(maxsize=256)
def _adopted_class(kind: Any) -> type[Any]:
    return type(
        kind.__name__, (_Adopted, kind), {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    )


def collect_completely(collector: Any, model: Any, validate: bool, note: Note) -> dict[str, Any]:
    """Collect and store what Mesa's DataCollector would, in its order.

    A reporter that raises costs one cell, not the run.

    Args:
        collector: An adopted collector.
        model: Its model.
        validate: Evaluate each model reporter once more at the first collection, as Mesa does.
        note: Takes a reporter's name and what it raised.

    Returns:
        The values of the model reporters.
    """
    records = collector.__dict__
    values: dict[str, Any] = {}
    if collector.model_reporters:
        records.setdefault("_collection_steps", []).append(model.time)
        if validate and not collector._validated:
            _validate(collector, model)
        collector._validated = True
    for name, reporter in collector.model_reporters.items():
        try:
            values[name] = deepcopy(reporter_function(reporter)(model))
        except Exception as error:
            note(name, error)
            values[name] = None
        records["model_vars"][name].append(values[name])
    if collector.agent_reporters:
        records["_agent_records"][model.time] = _rows(model, model.agents, collector.agent_reporters, note)
    if collector.agenttype_reporters:
        by_type = records["_agenttype_records"][model.time] = {}
        for kind, reporters in collector.agenttype_reporters.items():
            agents = model.agents_by_type.get(kind)
            if agents is None:
                agents = [agent for agent in model.agents if isinstance(agent, kind)]
            by_type[kind] = _rows(model, agents, reporters, note)
    return values


def _validate(collector: Any, model: Any) -> None:
    for reporter in collector.model_reporters.values():
        if isinstance(reporter, list):
            continue
        for _ in range(2 if isinstance(reporter, str) else 1):  # Mesa calls hasattr, then getattr
            try:
                reporter_function(reporter)(model)
            except Exception:
                break


def _rows(model: Any, agents: Any, reporters: Mapping[str, Any], note: Note) -> list[tuple[Any, ...]]:
    rows = []
    for agent in agents:
        row = [model.time, agent.unique_id]
        for name, reporter in reporters.items():
            try:
                value = reporter(agent)
                row.append(value if isinstance(value, _IMMUTABLE) else deepcopy(value))
            except Exception as error:
                note(name, error)
                row.append(None)
        rows.append(tuple(row))
    return rows


_active = threading.local()
_lock = threading.Lock()
_installed = 0


def _dispatch(self: Any, model: Any) -> None:
    taker: Taker | None = getattr(_active, "taker", None)
    if taker is not None and taker.adopts(self, model):
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


def watch(taker: Taker | None) -> None:
    """Let a taker adopt the collector that a model uses while it is being set up in this thread, or nobody any more."""
    _active.taker = taker
