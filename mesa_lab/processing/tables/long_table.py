"""One long table out of many blocks of runs.

Millions of rows cost what the memory costs that they touch for the first time. So each column is laid out at once, and
blocks are unpacked one after the other, straight to where the rows of their runs belong. This module knows Arrow, numpy and
pandas, and no study.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mesa_lab.processing.tables import column_names
from mesa_lab.processing.tables.source import Block

__all__ = ["Assembled", "assemble", "one_text", "rows_of_runs"]

_KEYS: Final = 2  # run_id and step
_SAME: Final = 65_536
_PIECES: Final = 1_000

type Numbers = npt.NDArray[np.int64]


class Assembled(NamedTuple):
    """The columns of a long table.

    Attributes:
        run_id: The runs that have rows, ascending.
        counts: How many rows each of them has.
        columns: Values by name, `step` and what comes after it, in the order of runs and steps.
    """

    run_id: Numbers
    counts: Numbers
    columns: dict[str, Any]


@dataclass(slots=True)
class _Part:
    """A block and where the rows of its runs belong."""

    block: Block
    schema: pa.Schema
    run_id: Numbers
    counts: Numbers
    starts: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))

    def place(self) -> tuple[slice | Numbers, npt.NDArray[np.bool_] | None]:
        """Return where the rows go, and which of them are meant, None for all."""
        chosen = self.starts >= 0
        starts, counts = self.starts[chosen], self.counts[chosen]
        rows = None if chosen.all() else np.repeat(chosen, self.counts)
        if len(starts) and (starts[1:] == starts[:-1] + counts[:-1]).all():
            return slice(int(starts[0]), int(starts[-1] + counts[-1])), rows
        own = np.cumsum(counts) - counts
        return np.repeat(starts - own, counts) + np.arange(counts.sum()), rows


def assemble(
    blocks: Iterable[Block],
    rename: Callable[[str], str],
    runs: Numbers,
    keys: Sequence[str],
    schema: pa.Schema | None = None,
) -> Assembled | None:
    """Put the rows of all blocks below each other, in the order of runs and steps.

    Args:
        blocks: Blocks that begin with run_id and step.
        rename: What a column is called that is no key.
        runs: The runs whose rows are meant.
        keys: With what columns the blocks begin.
        schema: Columns that there are in any case.

    Returns:
        The columns, each of the widest type that it has in any block; None when a run's rows do not stand together in
        one block, or not in the order of its steps.
    """
    parts: list[_Part] = []
    stored = plain = pa.schema([])
    for block in blocks:
        stretches = _stretches(block.read(_KEYS))
        if stretches is None:
            return None
        if len(stretches[0]):
            if block.schema != stored:  # most are alike
                stored, plain = block.schema, _plain_schema(block.schema, rename, keys)
            parts.append(_Part(block, plain, *stretches))
    parts.sort(key=lambda part: part.run_id[0])
    nothing = np.zeros(0, np.int64)
    run_id = np.concatenate([nothing, *(part.run_id for part in parts)])
    counts = np.concatenate([nothing, *(part.counts for part in parts)])
    chosen = np.flatnonzero(np.isin(run_id, runs))
    order = chosen[np.argsort(run_id[chosen], kind="stable")]
    if (np.diff(run_id[order]) == 0).any():
        return None
    ends = np.cumsum(counts[order])
    starts = np.full(len(run_id), -1, np.int64)
    starts[order] = ends - counts[order]
    bounds = np.cumsum([0, *(len(part.run_id) for part in parts)]).tolist()
    for part, (first, last) in zip(parts, pairwise(bounds), strict=True):
        part.starts = starts[first:last]
    whole = column_names.unified_schema(
        [*([] if schema is None else [schema]), *(part.schema for part in parts)]
    )
    columns = [_column(kind, int(ends[-1]) if len(ends) else 0) for kind in whole][1:]
    for part in parts:
        _fill(part, whole, columns)
    names = whole.names[1:]
    values = {name: column.values() for name, column in zip(names, columns, strict=True)}
    return Assembled(run_id[order], counts[order], values)


def _fill(part: _Part, whole: pa.Schema, columns: Sequence[_Numeric | _Text]) -> None:
    where, rows = part.place()
    if isinstance(where, slice) and where.stop == where.start:
        return
    table = part.block.read()
    places = {name: place for place, name in enumerate(part.schema.names)}
    for kind, column in zip(list(whole)[1:], columns, strict=True):
        if kind.name in places:
            values = _single(table.column(places[kind.name]))
            column.put(where, values if rows is None else _plain(values).filter(pa.array(rows)))
        else:
            column.put(where, None)


def _stretches(keys: pa.Table) -> tuple[Numbers, Numbers] | None:
    """Return the runs of a block and how many rows each has; None when steps go back within a run."""
    run_id, counts = _runs_of(keys.column(0))
    step, lengths = _runs_of(keys.column(1))
    back = np.cumsum(lengths)[:-1][step[1:] < step[:-1]]
    ends = np.cumsum(counts)
    return (run_id, counts) if (ends[np.searchsorted(ends, back)] == back).all() else None


def rows_of_runs(block: Block) -> tuple[Numbers, Numbers]:
    """Return the runs of a block and how many rows each stretch of them has; other columns are not decompressed."""
    return _runs_of(block.read(1).column(0))


def _runs_of(column: pa.ChunkedArray) -> tuple[Numbers, Numbers]:
    """Return the values of a column that stand together, and how many rows each stretch has."""
    values = _single(column)
    if pa.types.is_run_end_encoded(values.type) and not values.offset:
        return values.values.to_numpy(), np.diff(values.run_ends.to_numpy(), prepend=0)
    plain = _plain(values).to_numpy()
    starts, counts = column_names.stretches(plain)
    return plain[starts], counts


def _single(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _plain(values: pa.Array) -> pa.Array:
    if pa.types.is_run_end_encoded(values.type):
        return pc.run_end_decode(values)
    return values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values


def _plain_schema(schema: pa.Schema, rename: Callable[[str], str], keys: Sequence[str]) -> pa.Schema:
    packed = (pa.types.is_run_end_encoded, pa.types.is_dictionary)
    kinds = [kind.value_type if any(test(kind) for test in packed) else kind for kind in schema.types]
    return pa.schema(list(zip(column_names.new_names(schema.names, rename, keys), kinds, strict=True)))


class _Numeric:
    """A column of numbers or booleans."""

    def __init__(self, kind: pa.DataType, size: int) -> None:
        self._kind = kind
        self._values = np.empty(size, kind.to_pandas_dtype())
        self._gaps: npt.NDArray[np.bool_] | None = None

    def put(self, where: slice | Numbers, values: pa.Array | None) -> None:
        floating = pa.types.is_floating(self._kind)
        if values is not None and pa.types.is_run_end_encoded(values.type) and not values.offset:
            lengths = np.diff(values.run_ends.to_numpy(), prepend=0)
            self._values[where] = np.repeat(values.values.to_numpy(), lengths)
            return
        if values is None or values.null_count:
            if not floating:
                if self._gaps is None:
                    self._gaps = np.zeros(len(self._values), np.bool_)
                self._gaps[where] = (
                    True if values is None else values.is_null().to_numpy(zero_copy_only=False)
                )
            if values is None or pa.types.is_null(values.type):
                self._values[where] = np.nan if floating else 0
                return
        plain = column_names.widened(_plain(values), self._kind)
        if plain.null_count and not floating:
            plain = plain.fill_null(False if pa.types.is_boolean(self._kind) else 0)
        self._values[where] = plain.to_numpy(zero_copy_only=False)

    def values(self) -> Any:
        if self._gaps is None:
            return self._values
        if pa.types.is_boolean(self._kind):
            return pd.arrays.BooleanArray(self._values, self._gaps)
        return pd.arrays.IntegerArray(self._values, self._gaps)


class _Text:
    """A column of texts, in pieces until all are there; or of nothing at all."""

    def __init__(self, kind: pa.DataType, size: int) -> None:
        self._kind = pa.large_string() if pa.types.is_string(kind) else kind
        self._size = size
        self._only: set[str | None] = set()
        self._pieces: list[tuple[int, int, pa.Array | str]] = []

    def put(self, where: slice | Numbers, values: pa.Array | None) -> None:
        if pa.types.is_null(self._kind):
            return
        if isinstance(where, slice):
            stretches = [(where.start, 0, where.stop - where.start)]
        else:
            cuts = [0, *(np.flatnonzero(np.diff(where) != 1) + 1).tolist(), len(where)]
            stretches = [(int(where[a]), a, b - a) for a, b in pairwise(cuts)]
        if values is not None and _is_one_text(values):
            text = values.dictionary[0].as_py()
            self._only.add(text)
            self._pieces += [(start, size, text) for start, _, size in stretches]
            return
        self._only.add(None)
        size = sum(size for _, _, size in stretches)
        plain = (
            pa.nulls(size, self._kind) if values is None else column_names.widened(_plain(values), self._kind)
        )
        self._pieces += [(start, size, plain.slice(first, size)) for start, first, size in stretches]

    def values(self) -> Any:
        if pa.types.is_null(self._kind):
            return np.full(self._size, np.nan)
        if len(self._only) == 1 and (text := next(iter(self._only))) is not None:
            return one_text(text, self._size)
        pieces = [
            pa.repeat(pa.scalar(piece, self._kind), size) if isinstance(piece, str) else piece
            for _, size, piece in sorted(self._pieces, key=lambda piece: piece[0])
        ]
        if len(pieces) > _PIECES:
            groups = (pieces[first : first + _PIECES] for first in range(0, len(pieces), _PIECES))
            pieces = [pa.concat_arrays(group) for group in groups]
        return pa.chunked_array(pieces, self._kind).to_pandas().array


def _is_one_text(values: pa.Array) -> bool:
    return bool(
        pa.types.is_dictionary(values.type)
        and len(values.dictionary) == 1
        and not values.null_count
        and pa.types.is_string(values.dictionary.type)
    )


def _column(kind: pa.Field, size: int) -> _Numeric | _Text:
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    return (_Numeric if any(test(kind.type) for test in tests) else _Text)(kind.type, size)


def one_text(text: str, size: int) -> Any:
    """Return a column that has the same text in each row, which takes no memory to speak of."""
    same = pa.repeat(pa.scalar(text, pa.large_string()), min(size, _SAME))
    whole, rest = divmod(size, _SAME) if size > _SAME else (1, 0)
    return pa.chunked_array([*[same] * whole, same.slice(0, rest)], same.type).to_pandas().array
