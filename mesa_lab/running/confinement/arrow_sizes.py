"""How large the tables of an Arrow stream are once they are decompressed, told before anything is decompressed.

Whoever made a stream may be a stranger, and a few kilobytes of zeros become as many gigabytes as their maker likes. Each buffer says at its
beginning how long it will be; pyarrow offers no way to ask, so the little that is needed of a message is read here, as the format
has it (Arrow columnar format 1.5, "Encapsulated message format" and "Compression", `Message.fbs`; FlatBuffers, "Internals").
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, Final

__all__ = ["size_when_decompressed", "size_when_plain"]

_BATCH, _DICTIONARY = 3, 2
"""Numbers of the kinds of messages that have buffers, in the union `MessageHeader`."""
_CELL_BYTES: Final = 8


def size_when_decompressed(data: bytes) -> int:
    """Return how many bytes all buffers of a stream take, decompressed.

    Raises:
        ValueError: If it is no stream of messages.
    """
    import pyarrow as pa

    total = 0
    for message in pa.ipc.MessageReader.open_stream(data):
        try:
            total += sum(_sizes(memoryview(message.metadata), memoryview(message.body or b"")))
        except (struct.error, IndexError) as error:
            raise ValueError(f"a message cannot be read ({error})") from error
    return total


def size_when_plain(table: Any) -> int:
    """Return how many bytes a table may take at most when each of its values stands for itself.

    Args:
        table: A `pyarrow.Table`, whose columns may be packed as Mesa Lab packs them: repeated values in stretches, texts by number.

    Raises:
        ValueError: If it has a column of a kind that no result has.
    """
    return sum(_plain_bytes(column) for column in table.columns)


def _plain_bytes(column: Any) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind, rows = column.type, len(column)
    if pa.types.is_run_end_encoded(kind):
        kind = kind.value_type
    elif pa.types.is_dictionary(kind):
        if not pa.types.is_string(kind.value_type):
            raise ValueError(f"a column is of the kind {kind}")
        longest = (pc.max(pc.binary_length(chunk.dictionary)).as_py() or 0 for chunk in column.chunks)
        return rows * (_CELL_BYTES + max(longest, default=0))
    if pa.types.is_string(kind):
        return int(column.nbytes) if pa.types.is_string(column.type) else _refuse(column.type)
    is_scalar = (
        pa.types.is_null(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_temporal(kind)
    )
    return rows * _CELL_BYTES if is_scalar else _refuse(column.type)


def _refuse(kind: Any) -> int:
    raise ValueError(f"a column is of the kind {kind}")


def _sizes(metadata: memoryview, body: memoryview) -> Iterator[int]:
    """The size of each buffer of a message."""
    message = _Table(metadata, _unsigned(metadata, 0))
    kind = message.number("<B", 1)
    if kind not in (_BATCH, _DICTIONARY):
        return
    header = message.table(2)
    batch = header.table(1) if kind == _DICTIONARY and header is not None else header
    if batch is None:
        return
    compressed = batch.table(3) is not None
    for offset, length in batch.pairs(2):
        if not compressed or length == 0:
            yield length
            continue
        # -1 for a buffer that did not become smaller and was left as it is.
        (size,) = struct.unpack_from("<q", body, offset)
        yield length if size == -1 else size
        if size < -1:
            raise ValueError("a buffer has less than nothing")


class _Table:
    """A table of FlatBuffers: fields by number, each at a place that the table's own list of places says."""

    def __init__(self, data: memoryview, at: int) -> None:
        self._data, self._at = data, at
        (back,) = struct.unpack_from("<i", data, at)
        self._places = at - back
        if self._places < 0:
            raise IndexError("a table lies before its beginning")
        (self._size,) = struct.unpack_from("<H", data, self._places)

    def _place(self, field: int) -> int | None:
        entry = 4 + 2 * field
        if entry + 2 > self._size:
            return None
        (offset,) = struct.unpack_from("<H", self._data, self._places + entry)
        return self._at + offset if offset else None

    def number(self, form: str, field: int) -> int:
        """A number, 0 where it is left out."""
        place = self._place(field)
        return 0 if place is None else int(struct.unpack_from(form, self._data, place)[0])

    def table(self, field: int) -> _Table | None:
        """Another table, None where it is left out."""
        place = self._place(field)
        return None if place is None else _Table(self._data, place + _unsigned(self._data, place))

    def pairs(self, field: int) -> Iterator[tuple[int, int]]:
        """A list of pairs of numbers of 64 bits, none of them negative."""
        place = self._place(field)
        if place is None:
            return
        start = place + _unsigned(self._data, place)
        for number in range(_unsigned(self._data, start)):
            first, second = struct.unpack_from("<qq", self._data, start + 4 + 16 * number)
            if first < 0 or second < 0:
                raise ValueError("a buffer lies before its beginning")
            yield first, second


def _unsigned(data: memoryview, at: int) -> int:
    return int(struct.unpack_from("<I", data, at)[0])
