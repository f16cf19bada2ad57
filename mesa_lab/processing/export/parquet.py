"""Parquet files, written part by part: what does not fit into memory can still be written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.formatting import plain
from mesa_lab.processing.export.export_format import ExportFormat, Parts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMAT"]


def _write(path: Path, tables: Mapping[str, Parts]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    [parts] = tables.values()
    writer: Any = None
    try:
        for part in parts():
            table = pa.Table.from_pandas(_storable(part), preserve_index=False)
            if writer is None:
                writer = pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table.cast(writer.schema))
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        pq.write_table(pa.table({}), path)


def _storable(part: pd.DataFrame) -> pd.DataFrame:
    """Columns of several kinds of values, which Parquet has no type for, become text."""
    import pandas as pd

    part = part.copy(deep=False)
    for name in [name for name, values in part.items() if values.dtype == object]:
        part[name] = pd.Series(
            [None if plain(v) is None else str(v) for v in part[name]], index=part.index, dtype="str"
        )
    return part


FORMAT: Final = ExportFormat("parquet", (".parquet", ".pq"), _write)
