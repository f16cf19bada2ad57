"""Agent-level data of one run, gathered as columns.

One chunk of Arrow values per column and step, never one object per agent. Which steps are kept is
`collection`'s business: a chunk is taken, replaced when the model collects again, and then kept or dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from mesa_lab.preparation.outcomes import AgentSelection
from mesa_lab.running.collection.agent_attributes import attribute_of, reader_of
from mesa_lab.running.collection.arrow_columns import (
    AGENT_KEYS,
    Chunk,
    array_of,
    array_of_small_integers,
)
from mesa_lab.running.collection.outcome_values import (
    PLAIN,
    UnstorableError,
    agents_of_type,
    cell,
    stored,
)

__all__ = ["AgentTables", "Notes"]

_SCALARS = frozenset({pa.null(), pa.bool_(), pa.int64(), pa.float64(), pa.string()})


class Notes:
    """What could not be measured: the first time in words, the others as a number."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._count: dict[str, int] = {}

    def add(self, name: str, step: int, error: Exception) -> None:
        """Note that this outcome could not be measured at this step."""
        if name not in self._first:
            kind = "" if isinstance(error, UnstorableError) else f"{type(error).__name__}: "
            self._first[name] = f"'{name}' is missing at step {step}: {kind}{str(error)[:300]}"
        self._count[name] = self._count.get(name, 0) + 1

    def __bool__(self) -> bool:
        return bool(self._first)

    def lines(self) -> list[str]:
        """The notes, one line for each outcome."""
        return [
            " ".join(
                f"{text}{f' (and {self._count[name] - 1} more)' if self._count[name] > 1 else ''}".split()
            )
            for name, text in self._first.items()
        ]


@dataclass(frozen=True, slots=True)
class _Column:
    """What to ask an agent for: an attribute's name or a function, and where a data collector records it."""

    source: str | Callable[[Any], Any]
    records: type[Any] | None = None
    index: int = -1


@dataclass(slots=True)
class _Table:
    agents: Callable[[Any], Iterable[Any]]
    columns: dict[str, _Column]
    every_agent: bool = True
    chunks: list[Chunk] = field(default_factory=list)


class AgentTables:
    """The agent tables of one run.

    Args:
        selection: What was asked for.
        collector: The model's data collector, or None.
        model: The model, just set up.
        notes: Where to note what cannot be measured.
    """

    def __init__(self, selection: AgentSelection, collector: Any, model: Any, notes: Notes) -> None:
        self.tables = _tables(selection, collector, model)
        for table in self.tables.values():
            if not AGENT_KEYS.isdisjoint(table.columns):
                columns = table.columns.items()
                table.columns = {f"{n} (reporter)" if n in AGENT_KEYS else n: column for n, column in columns}
        self._notes = notes
        self._taken: dict[str, Chunk] = {}
        self._latest_ids: dict[str, tuple[list[int], pa.Array]] = {}
        self._latest_types: tuple[list[Any] | None, pa.Array | None] = None, None

    def take(self, model: Any, step: int, recorded: bool = False) -> None:
        """Gather the values of this moment, in place of those gathered before.

        Args:
            model: The model.
            step: The step it is at.
            recorded: Leave out what the data collector records by itself; `take_records` brings it.
        """
        for key, table in self.tables.items():
            agents = list(table.agents(model))
            self._taken[key] = Chunk(
                step,
                self._ids(key, [agent.unique_id for agent in agents]),
                None if key else self._types(agents, model),
                {
                    name: pa.nulls(len(agents))
                    if recorded and column.records
                    else self._values(name, column.source, agents, step)
                    for name, column in table.columns.items()
                },
            )

    def take_records(self, rows_of: Callable[[type[Any]], Iterable[Sequence[Any]]], step: int) -> None:
        """Add what the data collector recorded at this step, as the model may have changed it since."""
        for key, chunk in self._taken.items():
            table = self.tables[key]
            sources = {column.records for column in table.columns.values() if column.records}
            rows = {kind: {row[1]: row for row in rows_of(kind)} for kind in sources}
            if table.every_agent and len(rows) == 1 and all(c.records for c in table.columns.values()):
                kept = next(iter(rows.values()))
                places = {agent: place for place, agent in enumerate(chunk.agent_id.to_pylist())}
                if chunk.agent_type is not None:
                    chunk.agent_type = chunk.agent_type.take(
                        pa.array([places.get(agent) for agent in kept], pa.int64())
                    )
                chunk.agent_id = pa.array(list(kept))
            for name, column in table.columns.items():
                if column.records:
                    found = rows[column.records]
                    values = [
                        row[column.index + 2] if (row := found.get(a)) else None
                        for a in chunk.agent_id.to_pylist()
                    ]
                    chunk.columns[name] = self._array(name, values, step)

    def _ids(self, key: str, ids: list[int]) -> pa.Array:
        """The numbers of the agents, as the array of the step before where nobody came or went."""
        latest, array = self._latest_ids.get(key, (None, None))
        if ids != latest:
            array = pa.array(ids)
            self._latest_ids[key] = ids, array
        return array

    def _types(self, agents: Sequence[Any], model: Any) -> pa.Array:
        """The types of the agents, as the array of the step before where they are the same."""
        kinds = [kind for kind, members in model.agents_by_type.items() if len(members)]
        # Where there is one type, it is that of all agents.
        types = [type(agent) for agent in agents] if len(kinds) > 1 else [kinds[:1], len(agents)]
        if types != self._latest_types[0]:
            codes = {kind: code for code, kind in enumerate(kinds)}
            places = [codes[kind] for kind in types] if len(kinds) > 1 else np.zeros(len(agents), np.int32)
            names = pa.array([kind.__name__ for kind in kinds], pa.string())
            array = pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), names)
            self._latest_types = types, array
        return self._latest_types[1]

    def keep(self) -> None:
        """Keep what was taken last."""
        for key, chunk in self._taken.items():
            self.tables[key].chunks.append(chunk)
        self._taken.clear()

    def drop(self) -> None:
        """Forget what was taken last."""
        self._taken.clear()

    def chunks(self) -> dict[str, list[Chunk]]:
        """All that was kept, by table."""
        return {key: table.chunks for key, table in self.tables.items()}

    def _values(
        self, name: str, source: str | Callable[[Any], Any], agents: Sequence[Any], step: int
    ) -> pa.Array:
        try:
            if (attribute := source if isinstance(source, str) else attribute_of(source)) is not None:
                values = reader_of(attribute)(agents)
            else:
                values = [source(agent) for agent in agents]  # type: ignore[operator]
        except Exception:
            values = [self._value(name, source, agent, step) for agent in agents]
        return self._array(name, values, step)

    def _array(self, name: str, values: list[Any], step: int) -> pa.Array:
        if values and type(values[0]) is int and (whole := array_of_small_integers(values)) is not None:
            return whole
        try:
            array = pa.array(values)
            if array.type in _SCALARS:
                return array
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            pass
        return array_of([self._cell(name, value, step) for value in values])

    def _value(self, name: str, source: str | Callable[[Any], Any], agent: Any, step: int) -> Any:
        if isinstance(source, str):
            return getattr(agent, source, None)
        try:
            return source(agent)
        except Exception as error:
            self._notes.add(name, step, error)
            return None

    def _cell(self, name: str, value: Any, step: int) -> Any:
        try:
            return stored(value if type(value) in PLAIN else cell(value))
        except UnstorableError as error:
            self._notes.add(name, step, error)
            return None


def _tables(selection: AgentSelection, collector: Any, model: Any) -> dict[str, _Table]:
    general = _columns(getattr(collector, "agent_reporters", None), object)
    by_type: Mapping[type[Any], Any] = getattr(collector, "agenttype_reporters", None) or {}
    if selection is False:
        return {}
    if selection is True:
        tables = {kind.__name__: _Table(_of_class(kind), _columns(rs, kind)) for kind, rs in by_type.items()}
        if general:
            tables[""] = _Table(_everyone, general)
        elif not tables:
            for kind, agents in model.agents_by_type.items():
                if names := _public_attributes(agents):
                    tables[kind.__name__] = _Table(
                        _of_name(kind.__name__), {n: _Column(n) for n in names}, False
                    )
        return tables
    if isinstance(selection, tuple):
        return {"": _Table(_everyone, {name: general.get(name, _Column(name)) for name in selection})}
    tables = {}
    for type_name, names in selection.items():
        known = dict(general)
        for kind, reporters in by_type.items():
            if kind.__name__ == type_name:
                known |= _columns(reporters, kind)
        tables[type_name] = _Table(_of_name(type_name), {n: known.get(n, _Column(n)) for n in names}, False)
    return tables


def _everyone(model: Any) -> Iterable[Any]:
    return model.agents  # type: ignore[no-any-return]


def _of_class(kind: type[Any]) -> Callable[[Any], Iterable[Any]]:
    def agents(model: Any) -> Iterable[Any]:
        if kind in model.agents_by_type:
            return model.agents_by_type[kind]  # type: ignore[no-any-return]
        return [agent for agent in model.agents if isinstance(agent, kind)]

    return agents


def _of_name(type_name: str) -> Callable[[Any], Iterable[Any]]:
    return lambda model: [agent for group in agents_of_type(model, type_name) for agent in group]


def _columns(reporters: Mapping[str, Any] | None, kind: type[Any]) -> dict[str, _Column]:
    return {
        name: _Column(_source(reporter), kind, index)
        for index, (name, reporter) in enumerate((reporters or {}).items())
    }


def _source(reporter: Any) -> str | Callable[[Any], Any]:
    """An attribute's name where the data collector wrapped one: reading it directly is much faster."""
    code = getattr(reporter, "__code__", None)
    if code is not None and code.co_name == "attr_reporter" and reporter.__module__ == "mesa.datacollection":
        cells = dict(zip(code.co_freevars, reporter.__closure__, strict=True))
        name = cells["attribute_name"].cell_contents
        return name if "." not in name else reporter  # type: ignore[no-any-return]
    return reporter  # type: ignore[no-any-return]


def _public_attributes(agents: Iterable[Any]) -> tuple[str, ...]:
    for agent in agents:
        found = {**getattr(agent, "__dict__", {})}
        hidden = ("unique_id", "model", "pos")
        return tuple(
            name
            for name, value in found.items()
            if not (name.startswith("_") or name in hidden) and _fits(value)
        )
    return ()


def _fits(value: Any) -> bool:
    try:
        cell(value)
    except UnstorableError:
        return False
    return True
