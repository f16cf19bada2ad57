"""Agent-level data of one run, gathered as columns.

One chunk of Arrow values per column and step, never one object per agent. Which steps are kept is
decided in `recorder.py`: a chunk is taken, replaced when the model collects again, and then kept or dropped. Reporters are
called by `reporters`; only attributes are read here.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mesa_lab.preparation.outcome_kinds.agent_statistic import agents_of_type
from mesa_lab.preparation.outcome_kinds.plain_attributes import are_plain
from mesa_lab.preparation.outcomes import AgentSelection
from mesa_lab.running.cells import PLAIN, UnstorableError, cell, stored
from mesa_lab.running.collection.agent_attributes import attribute_or_none, reader_of
from mesa_lab.running.collection.arrow_columns import (
    AGENT_KEYS,
    Chunk,
    array_of,
    array_of_small_integers,
)
from mesa_lab.running.collection.notes import AGENTS, Notes
from mesa_lab.running.collection.random_states import RandomStates
from mesa_lab.running.collection.reporters import AgentReporters, Reported, Source, agents_of

__all__ = ["AgentTables", "merged"]

_SCALARS = frozenset({pa.null(), pa.bool_(), pa.int64(), pa.float64(), pa.string()})


@dataclass(frozen=True, slots=True)
class _Column:
    """What to ask an agent for, and where a data collector reports it.

    Attributes:
        source: An attribute's name, or a function of the agent.
        reported: The class for whose agents the collector reports it; `object` for all agents, None when it does not.
        name: The reporter's name in the collector, where Mesa takes a number too.
        index: Its place among the reporters of that class.
    """

    source: Source
    reported: type[Any] | None = None
    name: str = ""
    index: int = -1


@dataclass(slots=True)
class _Table:
    agents: Callable[[Any], Iterable[Any]]
    columns: dict[str, _Column]
    group: type[Any] | None = None  # the class whose reporters are evaluated for just these agents
    chunks: list[Chunk] = field(default_factory=list)


class AgentTables:
    """The agent tables of one run.

    Args:
        selection: What was asked for.
        reporters: What the model's data collector reports of its agents.
        model: The model, just set up.
        notes: Where to note what cannot be measured.

    Attributes:
        asked: Names of the reporters that are asked for, by the class for which they are reported.
    """

    def __init__(
        self, selection: AgentSelection, reporters: AgentReporters, model: Any, notes: Notes
    ) -> None:
        self.tables = _tables(selection, reporters, model)
        self.asked: dict[type[Any], set[str]] = {}
        for table in self.tables.values():
            if not AGENT_KEYS.isdisjoint(table.columns):
                columns = table.columns.items()
                table.columns = {f"{n} (reporter)" if n in AGENT_KEYS else n: column for n, column in columns}
            for column in table.columns.values():
                if column.reported is not None:
                    self.asked.setdefault(column.reported, set()).add(column.name)
        self._notes = notes
        self._taken: dict[str, Chunk] = {}
        self._latest_ids: dict[str, tuple[list[int], pa.Array]] = {}
        self._latest_types: tuple[list[Any] | None, pa.Array | None] = None, None

    def take(
        self, model: Any, step: int, reported: Mapping[type[Any], Reported], recorded: bool = False
    ) -> None:
        """Gather the values of this moment, in place of those gathered before.

        Args:
            model: The model.
            step: The step it is at.
            reported: What the data collector's reporters were called for.
            recorded: Leave out what the data collector keeps by itself; `take_records` brings it.
        """
        for key, table in self.tables.items():
            group = reported.get(table.group) if table.group is not None else None
            agents = list(table.agents(model)) if group is None else group.agents
            columns = {}
            for name, column in table.columns.items():
                called = reported.get(column.reported) if column.reported is not None else None
                if recorded and column.reported is not None:
                    columns[name] = pa.nulls(len(agents))
                elif called is not None:
                    columns[name] = self._array(name, _picked(called, column.name, agents), step)
                else:
                    columns[name] = self._read(name, column.source, agents, model, step)
            types = None if key else self._types(agents, model)
            self._taken[key] = Chunk(step, self._ids(key, [a.unique_id for a in agents]), types, columns)

    def take_records(self, rows_of: Callable[[type[Any]], Iterable[Sequence[Any]]], step: int) -> None:
        """Add what the data collector recorded at this step, as the model may have changed it since."""
        for key, chunk in self._taken.items():
            table = self.tables[key]
            groups = {column.reported for column in table.columns.values() if column.reported}
            rows = {kind: {row[1]: row for row in rows_of(kind)} for kind in groups}
            if (
                table.group
                and groups == {table.group}
                and all(column.reported for column in table.columns.values())
            ):
                kept = rows[table.group]
                places = {agent: place for place, agent in enumerate(chunk.agent_id.to_pylist())}
                if chunk.agent_type is not None:
                    chunk.agent_type = chunk.agent_type.take(
                        pa.array([places.get(agent) for agent in kept], pa.int64())
                    )
                chunk.agent_id = pa.array(list(kept))
            for name, column in table.columns.items():
                if column.reported:
                    found = rows[column.reported]
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

    def missing(self) -> list[str]:
        """What was asked for by name and never found, one sentence each."""
        said = []
        for key, table in self.tables.items():
            if key and not any(len(chunk.agent_id) for chunk in table.chunks):
                said.append(f"There was no agent of type '{key}'.")
                continue
            for name, column in table.columns.items():
                values = [chunk.columns[name] for chunk in table.chunks]
                if isinstance(column.source, str) and all(part.null_count == len(part) for part in values):
                    said.append(f"No {key or 'agent'} had '{column.source}'.")
        return said

    def chunks(self) -> dict[str, list[Chunk]]:
        """All that was kept, by table."""
        return {key: table.chunks for key, table in self.tables.items()}

    def _read(self, name: str, source: Source, agents: Sequence[Any], model: Any, step: int) -> pa.Array:
        """Read what Mesa would not read now: what that draws is put back."""
        if isinstance(source, str) and are_plain(agents, [source]):
            return self._array(name, self._values(name, source, agents, step), step)
        with RandomStates(model):
            return self._array(name, self._values(name, source, agents, step), step)

    def _values(self, name: str, source: Source, agents: Sequence[Any], step: int) -> list[Any]:
        if not isinstance(source, str):
            return [self._value(name, source, agent, step) for agent in agents]
        try:
            return reader_of(source)(agents)
        except Exception:  # some agents may not have it
            return [self._value(name, attribute_or_none(source), agent, step) for agent in agents]

    def _value(self, name: str, source: Callable[[Any], Any], agent: Any, step: int) -> Any:
        try:
            return source(agent)
        except Exception as error:
            self._notes.add(name, step, error)
            return None

    def _array(self, name: str, values: list[Any], step: int) -> pa.Array:
        if values and type(values[0]) is int and (whole := array_of_small_integers(values)) is not None:
            return whole
        try:
            # An Enum's members are kept by their names, those that are integers or texts too.
            if not (values and isinstance(values[0], enum.Enum)):
                array = pa.array(values)
                if array.type in _SCALARS:
                    return array
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            pass
        return array_of([self._cell(name, value, step) for value in values])

    def _cell(self, name: str, value: Any, step: int) -> Any:
        if type(value) in PLAIN:
            return stored(value)
        try:
            found = stored(cell(value))
        except Exception as error:
            self._notes.add(name, step, error)
            return None
        self._notes.form(name, value, AGENTS)
        return found


def _picked(called: Reported, name: str, agents: Sequence[Any]) -> list[Any]:
    """The values that a reporter gave for these agents, None for those that it was not called for."""
    values = called.columns[name]
    if agents is called.agents:
        return values
    places = {id(agent): place for place, agent in enumerate(called.agents)}
    found = [places.get(id(agent)) for agent in agents]
    return [None if place is None else values[place] for place in found]


def _tables(selection: AgentSelection, reporters: AgentReporters, model: Any) -> dict[str, _Table]:
    columns = {
        kind: {
            str(name): _Column(source, kind, name, index)
            for index, (name, source) in enumerate(group.items())
        }
        for kind, group in reporters.sources.items()
    }
    general = columns.pop(object, {})
    if selection is False:
        return {}
    if selection is True:
        tables = {kind.__name__: _Table(_of_class(kind), own, kind) for kind, own in columns.items()}
        if general:
            tables[""] = _Table(_everyone, general, object)
        elif not tables:
            for kind, agents in model.agents_by_type.items():
                if names := _public_attributes(agents):
                    tables[kind.__name__] = _Table(_of_name(kind.__name__), {n: _Column(n) for n in names})
        return tables
    if isinstance(selection, tuple):
        return {"": _Table(_everyone, {name: general.get(name, _Column(name)) for name in selection}, object)}
    tables = {}
    for type_name, names in selection.items():
        known = dict(general)
        for kind, own in columns.items():
            if kind.__name__ == type_name:
                known |= own
        tables[type_name] = _Table(_of_name(type_name), {n: known.get(n, _Column(n)) for n in names})
    return tables


def _everyone(model: Any) -> Iterable[Any]:
    return model.agents  # type: ignore[no-any-return]


def _of_class(kind: type[Any]) -> Callable[[Any], Iterable[Any]]:
    return lambda model: agents_of(model, kind)


def _of_name(type_name: str) -> Callable[[Any], Iterable[Any]]:
    return lambda model: [agent for group in agents_of_type(model, type_name) for agent in group]


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


def merged(parts: Sequence[dict[str, list[Chunk]]]) -> dict[str, list[Chunk]]:
    """Join the tables of several data collectors: columns of the same agents at the same step stand side by side.

    Args:
        parts: Chunks by table, of each collector.
    """
    if len(parts) < 2:
        return dict(parts[0]) if parts else {}
    whole: dict[str, list[Chunk]] = {}
    for part in parts:
        for key, chunks in part.items():
            known = {chunk.step: chunk for chunk in whole.get(key, ())}
            for chunk in chunks:
                known[chunk.step] = _beside(known[chunk.step], chunk) if chunk.step in known else chunk
            whole[key] = [known[step] for step in sorted(known)]
    return whole


def _beside(left: Chunk, right: Chunk) -> Chunk:
    """One chunk of all agents of two; an agent that is not in both has nulls in the other's columns."""
    if left.agent_id.equals(right.agent_id):
        return Chunk(left.step, left.agent_id, left.agent_type, left.columns | right.columns)
    frames = [_as_table(chunk) for chunk in (left, right)]
    joined = frames[0].join(frames[1], "agent_id", join_type="full outer", right_suffix=" of the other")
    joined = joined.sort_by("agent_id").combine_chunks()
    types = None
    if left.agent_type is not None and right.agent_type is not None:
        names = [joined[name].cast(pa.string()) for name in ("agent_type", "agent_type of the other")]
        types = pc.coalesce(*names).combine_chunks().dictionary_encode()
    columns = {name: joined[name].combine_chunks() for name in left.columns | right.columns}
    return Chunk(left.step, joined["agent_id"].combine_chunks(), types, columns)


def _as_table(chunk: Chunk) -> pa.Table:
    types = {} if chunk.agent_type is None else {"agent_type": chunk.agent_type.cast(pa.string())}
    return pa.table({"agent_id": chunk.agent_id, **types, **chunk.columns})
