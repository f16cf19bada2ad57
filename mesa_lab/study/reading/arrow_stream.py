"""Arrow streams out of a study file, checked before and after they are decoded: a file may come from anyone.

Arrow takes a stream's word for how long its columns are: a few hundred bytes can ask for more memory than there is. So the sizes
that it states are added up first, from the head of each message (https://arrow.apache.org/docs/format/Columnar.html,
"Encapsulated message format"), and types that runs never leave behind are refused. What was decoded is then validated in full.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.study.database.tolerant_reader import MalformedError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["decode", "is_sound", "schema_of", "unpacked"]

_KEYS: Final = ("run_id", "step")
_SMALL: Final = 2**26  # bytes; of fewer it is not asked whether they fit into memory
_CELL: Final = 8  # bytes of a decoded value
_DICTIONARY, _RECORDS = 2, 3  # kinds of messages with columns in them


def schema_of(data: bytes) -> pa.Schema:
    """Return the names and types of a stream's columns.

    Raises:
        MalformedError: If it is no stream, or has columns that no run leaves behind.
    """
    import pyarrow as pa

    with _making_sense():
        schema = pa.ipc.open_stream(data).schema.remove_metadata()
        names = schema.names
    odd = [field.name for field in schema if not _is_known(field.type)]
    keys_are_whole = all(pa.types.is_integer(_plain_type(field.type)) for field in list(schema)[:2])
    if tuple(names[:2]) != _KEYS or not keys_are_whole or len(set(names)) < len(names) or odd:
        raise MalformedError(f"columns such as {(odd or names)[:3]} are of no run")
    return schema


def decode(data: bytes, columns: Sequence[int] | None = None) -> pa.Table:
    """Return the columns of a stream, packed as they are.

    Args:
        data: The stream.
        columns: Places of those that are wanted, None for all; the others are not even decompressed.

    Raises:
        MalformedError: If it is no stream, is not in order, or does not fit into memory.
    """
    import pyarrow as pa

    schema_of(data)
    options = pa.ipc.IpcReadOptions(
        included_fields=None if columns is None else list(columns), use_threads=False
    )
    with _making_sense():
        _check_memory(sum(map(_stated_size, pa.ipc.MessageReader.open_stream(data))))
        table = pa.ipc.open_stream(data, options=options).read_all()
        table.validate(full=True)
        if any(table.column(place).null_count for place in _places(table, _KEYS)):
            raise MalformedError("rows belong to no run")
        for column in table.columns:
            if pa.types.is_dictionary(column.type):
                _check_memory(sum(map(_text_size, column.chunks)))
    return table.replace_schema_metadata(None)


def is_sound(data: object, checksum: object) -> bool:
    """Tell whether series or agents' data are those that were written, by their checksum, and can be decoded."""
    try:
        if not isinstance(data, bytes) or zlib.crc32(data) != checksum:
            return False
        decode(data)
    except MalformedError:
        return False
    return True


def unpacked(table: pa.Table) -> pa.Table:
    """Return a table with its packed columns unpacked."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for place, field in enumerate(table.schema):
        if pa.types.is_run_end_encoded(field.type):
            table = table.set_column(place, field.name, pc.run_end_decode(table.column(place)))
        elif pa.types.is_dictionary(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(field.type.value_type))
    return table


@contextmanager
def _making_sense() -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except MalformedError:
        raise
    except (pa.ArrowException, OSError, MemoryError, ValueError, LookupError, struct.error) as error:
        raise MalformedError(
            f"data of runs cannot be decoded: {str(error).partition('\n')[0]:.200}"
        ) from error


def _places(table: pa.Table, names: Sequence[str]) -> list[int]:
    return [place for place, name in enumerate(table.column_names) if name in names]


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of the values of a packed column."""
    import pyarrow as pa

    packed = pa.types.is_run_end_encoded(kind) or pa.types.is_dictionary(kind)
    return kind.value_type if packed else kind


def _is_known(kind: pa.DataType) -> bool:
    """Tell whether a column's type is one of plain values: no lists, no extension types."""
    import pyarrow as pa

    kind = _plain_type(kind)
    return any(
        is_one(kind)
        for is_one in (pa.types.is_null, pa.types.is_primitive, pa.types.is_string, pa.types.is_large_string)
    )


def _check_memory(needed: int) -> None:
    if needed > _SMALL:
        import psutil

        free = int(psutil.virtual_memory().available)
        if needed > free:
            raise MalformedError(
                f"data of some runs take {needed / 2**30:,.1f} GiB of memory, and {free / 2**30:,.1f} GiB are free"
            )


def _text_size(chunk: pa.DictionaryArray) -> int:
    """Return how many bytes the texts of a packed column take when each stands for itself."""
    import pyarrow.compute as pc

    lengths = pc.binary_length(chunk.dictionary)
    if len(chunk) * (pc.max(lengths).as_py() or 0) <= _SMALL:
        return 0
    return int(pc.sum(lengths.take(chunk.indices)).as_py() or 0)


def _stated_size(message: Any) -> int:
    """Return how much memory a message asks for: its columns decompressed, and their values one by one."""
    head = memoryview(message.metadata)
    root = _Record(head, struct.unpack_from("<I", head, 0)[0])
    kind = root.number("<B", 1)
    if kind not in (_DICTIONARY, _RECORDS):
        return 0
    columns = root.record(2)
    if kind == _DICTIONARY:
        columns = columns.record(1)
    length = columns.number("<q", 0)
    lengths = [length, *(rows for rows, _ in columns.pairs(1))]
    body = memoryview(message.body or b"")
    is_packed = columns.offset(3) is not None
    sizes = [_size_of(body, start, size, is_packed) for start, size in columns.pairs(2)]
    if min(lengths) < 0 or min(sizes, default=0) < 0:
        raise MalformedError("a column has less than no rows")
    return sum(sizes) + _CELL * sum(lengths)


def _size_of(body: memoryview, start: int, size: int, is_packed: bool) -> int:
    """Return the size of a part of a column, which states it when it is compressed."""
    if not size:
        return 0
    stated = struct.unpack_from("<q", body, start)[0] if is_packed and start >= 0 else -1
    return int(size if stated == -1 else stated)


class _Record:
    """A record of a FlatBuffers message (https://flatbuffers.dev/internals): fields by their numbers.

    Args:
        data: The message.
        start: Where the record is.
    """

    def __init__(self, data: memoryview, start: int) -> None:
        self.data = data
        self.start = start
        self._fields = start - struct.unpack_from("<i", data, start)[0]
        if not 0 <= self._fields < len(data):
            raise MalformedError("a message has no head")
        (self._size,) = struct.unpack_from("<H", data, self._fields)

    def offset(self, field: int) -> int | None:
        """Return where a field is; None when it is left out."""
        place = 4 + 2 * field
        found = struct.unpack_from("<H", self.data, self._fields + place)[0] if place + 2 <= self._size else 0
        return self.start + found if found else None

    def number(self, kind: str, field: int) -> int:
        """Return a number; 0 when it is left out."""
        place = self.offset(field)
        return 0 if place is None else int(struct.unpack_from(kind, self.data, place)[0])

    def record(self, field: int) -> _Record:
        """Return a record within this one."""
        return _Record(self.data, self._target(field))

    def pairs(self, field: int) -> Iterator[tuple[int, int]]:
        """Yield the pairs of numbers of a list."""
        if self.offset(field) is not None:
            start = self._target(field)
            (count,) = struct.unpack_from("<I", self.data, start)
            for place in range(start + 4, start + 4 + 16 * count, 16):
                yield struct.unpack_from("<qq", self.data, place)

    def _target(self, field: int) -> int:
        place = self.offset(field)
        if place is None:
            raise MalformedError("a message lacks a part")
        return int(place + struct.unpack_from("<I", self.data, place)[0])
