"""Columns of values as Arrow data: how series and agent tables leave the worker.

Nobody declares the type of an outcome, so a column has the narrowest type that holds its values, and joining
columns widens them: null, bool, int64, double, string. This module knows neither Mesa nor joblib.
"""

from __future__ import annotations

import marshal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

__all__ = [
    "AGENT_KEYS",
    "SERIES_KEYS",
    "Chunk",
    "agent_columns",
    "array_of",
    "array_of_small_integers",
    "concatenated",
    "decode_table",
    "encode_columns",
]


SERIES_KEYS = frozenset({"run_id", "step", "time"})
"""Columns of every series; an outcome of that name is called "step (outcome)"."""

AGENT_KEYS = frozenset({"run_id", "step", "agent_id", "agent_type"})
"""Columns of agent tables; a reporter of that name is called "agent_type (reporter)"."""


_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)  # the cores have their workers
_TYPES = pa.dictionary(pa.int32(), pa.string())
_OCCURRENCES = 4


@dataclass(slots=True)
class Chunk:
    """One table's rows of one step: as many values in each column as there are agents."""

    step: int
    agent_id: pa.Array
    agent_type: pa.Array | None
    columns: dict[str, pa.Array]


def encode_columns(columns: Mapping[str, Sequence[Any] | pa.Array]) -> bytes:
    """Encode columns of scalars as one Arrow stream.

    Args:
        columns: Values by column name, all of the same length.

    Returns:
        An Arrow IPC stream (compressed with LZ4) of one record batch.

    Example:
        >>> decode_table(encode_columns({"step": [0, 1], "Gini": [0.0, 0.25]})).to_pydict()
        {'step': [0, 1], 'Gini': [0.0, 0.25]}
    """
    arrays = [values if isinstance(values, pa.Array) else array_of(values) for values in columns.values()]
    batch = pa.record_batch(arrays, names=list(columns))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=_OPTIONS) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def decode_table(data: bytes) -> pa.Table:
    """Decode what `encode_columns` encoded; packed columns are plain again."""
    from mesa_lab.study.reading.series_blocks import plain

    return plain(pa.ipc.open_stream(data).read_all())


def array_of(values: Sequence[Any]) -> pa.Array:
    """Return an Arrow array of the narrowest type that holds all these scalars.

    A reporter may answer with different types at different steps: False and then 3, or 3 and then "many".
    """
    try:
        return pa.array(values)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        pass
    if any(isinstance(value, str) for value in values):
        texts = [
            None if value is None else str(value).encode("utf-8", "backslashreplace") for value in values
        ]
        return pa.array(texts, pa.binary()).cast(pa.string())
    return pa.array([None if value is None else _to_float(value) for value in values], pa.float64())


def array_of_small_integers(values: list[Any]) -> pa.Array | None:
    """Return the array of integers of 32 bits in half of Arrow's time; None when any value is something else.

    Python's own `marshal` writes such an integer as the letter i and four bytes, and only those: no boolean, no float,
    no member of an Enum.
    """
    try:
        data = marshal.dumps(values, 2)
    except ValueError:
        return None
    count = len(values)
    if len(data) != 5 + 5 * count or data[5::5] != b"i" * count:
        return None
    return pa.array(np.ndarray(count, "<i4", data, 6, (5,)).astype(np.int64))


def concatenated(arrays: Sequence[pa.Array]) -> pa.Array:
    """Join chunks of one column whose types may differ into one array of the widest type."""
    kinds = {array.type for array in arrays}
    if len(kinds) > 1:
        kinds.discard(pa.null())
        widest = kinds.pop() if len(kinds) == 1 else pa.string() if pa.string() in kinds else pa.float64()
        arrays = [_cast(array, widest) for array in arrays]
    return pa.concat_arrays(arrays) if arrays else pa.nulls(0)


def _cast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_boolean(array.type) and pa.types.is_floating(kind):
        array = array.cast(pa.int8())
    if pa.types.is_string(kind) and not pa.types.is_string(array.type) and not pa.types.is_null(array.type):
        return pa.array([None if value is None else str(value) for value in array.to_pylist()], kind)
    return array.cast(kind, safe=False)


def _to_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def agent_columns(runs: Sequence[tuple[int, Sequence[Chunk]]]) -> dict[str, pa.Array]:
    """Join the chunks of several runs into the columns of one table.

    Args:
        runs: Pairs of a run's number and the chunks of one of its tables.

    Returns:
        Columns run_id, step, agent_id, agent_type where known, and what was asked for; `mesa_lab.study.reading.series_blocks` says how
        they are packed.
    """
    chunks = [chunk for _, kept in runs for chunk in kept]
    sizes = [len(chunk.agent_id) for chunk in chunks]
    columns = {
        "run_id": _stretches(
            [run_id for run_id, _ in runs], [sum(len(chunk.agent_id) for chunk in kept) for _, kept in runs]
        ),
        "step": _stretches([chunk.step for chunk in chunks], sizes),
        "agent_id": concatenated([chunk.agent_id for chunk in chunks]),
    }
    if any(chunk.agent_type is not None for chunk in chunks):
        types = [
            pa.nulls(size, _TYPES) if chunk.agent_type is None else chunk.agent_type
            for chunk, size in zip(chunks, sizes, strict=True)
        ]
        columns["agent_type"] = pa.chunked_array(types, _TYPES).unify_dictionaries().combine_chunks()
    for name in dict.fromkeys(name for chunk in chunks for name in chunk.columns):
        parts = [
            chunk.columns[name] if name in chunk.columns else pa.nulls(size)
            for chunk, size in zip(chunks, sizes, strict=True)
        ]
        columns[name] = _packed(concatenated(parts))
    return columns


def _stretches(values: Sequence[int], sizes: Sequence[int]) -> pa.Array:
    """Return a column in which each value is repeated so many times, packed as such."""
    filled = [(value, size) for value, size in zip(values, sizes, strict=True) if size]
    ends = np.cumsum([size for _, size in filled], dtype=np.int64)
    kept = pa.array([value for value, _ in filled], pa.int64())
    return pa.RunEndEncodedArray.from_arrays(pa.array(ends), kept)


def _packed(values: pa.Array) -> pa.Array:
    """Pack texts of which most occur again and again."""
    if not pa.types.is_string(values.type):
        return values
    packed = values.dictionary_encode()
    return packed if len(packed.dictionary) * _OCCURRENCES <= len(values) else values
