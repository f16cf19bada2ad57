"""Blocks of series and agents' data as they stand in a study: Arrow streams, each of some runs, with a checksum.

A column may be packed: stretches of one value as Arrow's run-end encoding, few different texts as its dictionary encoding.
`plain` undoes both. No read transaction outlives the reading of one block: a slow reader never holds up the driver.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import StudyFormatError
from mesa_lab.study.damage import tolerant_reader
from mesa_lab.study.reading.run_table import select_outcomes

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Block", "agent_blocks", "plain", "renumbered", "series_blocks"]

_FIRST_OUTCOME: Final = 3  # after run_id, step and time


@dataclass(frozen=True)
class Block:
    """The data of some runs, still compressed.

    Attributes:
        data: The Arrow stream.
        columns: Which of its columns are meant, None for all.
        runs: The runs whose rows count, None for all that are there.
    """

    data: bytes
    columns: tuple[int, ...] | None = None
    runs: npt.NDArray[np.int64] | None = None

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and types of the columns, as `read` returns them."""
        import pyarrow as pa

        whole = pa.ipc.open_stream(self.data).schema
        return whole if self.columns is None else pa.schema([whole.field(place) for place in self.columns])

    def read(self, first: int | None = None) -> pa.Table:
        """Return the rows that count, as plain columns or packed ones.

        Args:
            first: Only so many of the columns; the others are not even decompressed.
        """
        import pyarrow as pa

        columns = self.columns if first is None else tuple((self.columns or range(first))[:first])
        options = pa.ipc.IpcReadOptions(
            included_fields=None if columns is None else list(columns), use_threads=False
        )
        table = pa.ipc.open_stream(self.data, options=options).read_all()
        if self.runs is None:
            return table
        mask = np.isin(plain(table.select([0])).column(0).to_numpy(), self.runs)
        return table if mask.all() else plain(table).filter(pa.array(mask))

    def table(self) -> pa.Table:
        """Return the rows that count, as plain columns."""
        return plain(self.read())


def plain(table: pa.Table) -> pa.Table:
    """Return the table with its packed columns unpacked."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for place, field in enumerate(table.schema):
        if pa.types.is_run_end_encoded(field.type):
            table = table.set_column(place, field.name, pc.run_end_decode(table.column(place)))
        elif pa.types.is_dictionary(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(field.type.value_type))
    return table


def renumbered(data: bytes, numbers: npt.NDArray[np.int64]) -> bytes:
    """Return a block with other numbers for its runs.

    Args:
        data: The Arrow stream.
        numbers: The new number of each run.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    table = pa.ipc.open_stream(data).read_all()
    known = plain(table.select([0])).column(0).to_numpy()
    table = table.set_column(0, "run_id", pc.run_end_encode(pa.array(numbers[known])))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def series_blocks(
    connection: sqlite3.Connection, path: Path, run_ids: Any = None, outcomes: Sequence[str] | None = None
) -> Iterator[Block]:
    """Yield the blocks of series that have runs asked for: run_id, step, time, and those of the outcomes that they have."""
    chosen = None if outcomes is None else {name for _, name, _ in select_outcomes(connection, outcomes)}
    query = "SELECT checksum, series FROM blocks WHERE block = ?"
    for block, superseded in _blocks(connection, "blocks", run_ids, "series IS NOT NULL"):
        data = _checked(path, block, *connection.execute(query, (block,)).fetchone())
        whole = Block(data)
        if chosen is not None and not chosen.issuperset(whole.schema.names[_FIRST_OUTCOME:]):
            names = enumerate(whole.schema.names)
            columns = (place for place, name in names if place < _FIRST_OUTCOME or name in chosen)
            whole = Block(data, tuple(columns))
        yield _current(connection, whole, block, superseded, run_ids)


def agent_blocks(
    connection: sqlite3.Connection, path: Path, agent_type: str, run_ids: Any = None
) -> Iterator[Block]:
    """Yield the blocks of a type of agents that have runs asked for: run_id, step, agent_id and what was collected."""
    tables = "agent_blocks JOIN blocks USING (block)"
    query = "SELECT checksum, data FROM agent_blocks WHERE block = ? AND agent_type = ?"
    for block, superseded in _blocks(connection, tables, run_ids, "agent_type = ?", agent_type):
        data = _checked(path, block, *connection.execute(query, (block, agent_type)).fetchone())
        yield _current(connection, Block(data), block, superseded, run_ids)


def _blocks(
    connection: sqlite3.Connection, tables: str, run_ids: Any, condition: str, *values: Any
) -> list[tuple[int, bool]]:
    query = f"SELECT block, superseded FROM {tables} WHERE {condition}"
    if run_ids is not None:
        query += " AND block IN (SELECT block FROM runs JOIN json_each(?) ON run_id = value)"
        values = (*values, json.dumps(np.asarray(run_ids, np.int64).tolist()))
    return connection.execute(query + " ORDER BY block", values).fetchall()


def _checked(path: Path, block: int, checksum: int, data: bytes) -> bytes:
    if zlib.crc32(data) != checksum:
        raise StudyFormatError(
            f"'{path}' is damaged: among the series or agents' data are some that are not those that were written. "
            f"{tolerant_reader.advice(path)}"
        )
    return data


def _current(
    connection: sqlite3.Connection, whole: Block, block: int, superseded: bool, run_ids: Any
) -> Block:
    """Keep the rows of the runs asked for, and of none that a later attempt replaced."""
    keep: npt.NDArray[np.int64] | None = None if run_ids is None else np.asarray(run_ids, np.int64)
    if superseded:
        present = np.unique(plain(whole.read(1)).column(0).to_numpy())
        rows = connection.execute(
            "SELECT run_id FROM runs JOIN json_each(?) ON run_id = value WHERE block = ?",
            (json.dumps(present.tolist()), block),
        )
        valid = np.fromiter((row[0] for row in rows), np.int64)
        keep = valid if keep is None else np.intersect1d(valid, keep)
    return whole if keep is None else Block(whole.data, whole.columns, keep)
