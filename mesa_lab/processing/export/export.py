"""Results as files: tables as CSV, Parquet, Excel or JSON records; charts as pictures are next door.

Series and agents' data go to CSV and Parquet part by part, so that what does not fit into memory can still be
written. Values are written as they are: a text that starts with "=" stays one in CSV, where a spreadsheet may take it
for a formula (import it as text); in Excel files it is marked as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from mesa_lab.errors import ExportError, suggest
from mesa_lab.files import check_path
from mesa_lab.formatting import plain, records
from mesa_lab.processing.export.atomic_write import whole_file, whole_folder
from mesa_lab.processing.export.chart_image import PICTURES, save_chart
from mesa_lab.processing.export.excel import Parts, write_excel
from mesa_lab.processing.tables import column_names as columns

if TYPE_CHECKING:
    import pyarrow as pa

    from mesa_lab.processing.results import Results

__all__ = ["FORMATS", "export", "save_chart"]

FORMATS: Final = {"csv": ".csv", "parquet": ".parquet", "excel": ".xlsx", "json": ".json"}
_SUFFIXES: Final = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet", ".xlsx": "excel", ".json": "json"}
_OF_A_CHART: Final = (
    " For a chart: --chart effect in the terminal, results.chart('effect').save(...) in Python."
)


def export(
    results: Results,
    path: str | Path,
    tables: str | Sequence[str] | None = None,
    format: str | None = None,  # noqa: A002
) -> list[Path]:
    """Write tables to one file or a folder.

    Args:
        results: What to write.
        path: A file (`.csv`, `.parquet`, `.json`: one table; `.xlsx`: a sheet per table), or a folder, which gets a file
            per table. What is there under the same names is replaced.
        tables: "runs", "points", "summary" (means and intervals by point), "series", "agents" (all types),
            "agents_<type>", "failures". None means all that have rows; in one CSV, Parquet or JSON file, "runs".
        format: "csv", "parquet", "excel" or "json"; None goes by the name of the file, CSV in a folder.

    Returns:
        The files that were written.

    Raises:
        ExportError: If the format or a table is unknown, a table does not fit into the format, or nothing can be written
            there. Nothing is left half written.

    Example:
        >>> export(results, "out", tables=["runs", "summary"], format="parquet")  # doctest: +SKIP
        [PosixPath('out/runs.parquet'), PosixPath('out/summary.parquet')]
    """
    path = Path(path)
    check_path(path, ExportError)
    if format is not None and format not in FORMATS:
        raise ExportError(
            f"Unknown format '{format}'. There are: {', '.join(FORMATS)}.{suggest(format, FORMATS)}"
        )
    by_name = _SUFFIXES.get(path.suffix.lower())
    if path.suffix and by_name is None and format is None and not path.is_dir():
        raise ExportError(
            f"'{path.name}' ends in '{path.suffix}'. Use {', '.join(FORMATS.values())}, or a folder's name."
            f"{_OF_A_CHART if path.suffix.lower() in PICTURES else ''}"
        )
    if format is not None and by_name not in (None, format) and not path.is_dir():
        raise ExportError(
            f"'{path.name}' ends in '{path.suffix}' but the format is {format}. Make them agree."
        )
    kind = format or by_name or "csv"
    single = kind == "excel" or (bool(path.suffix) and not path.is_dir())
    if single and not path.suffix:
        path = path.with_name(path.name + FORMATS[kind])
    names = _table_names(results, tables, first_only=single and kind != "excel")
    if single and kind != "excel" and len(names) != 1:
        raise ExportError(
            f"A {kind} file holds one table, not {len(names)} ({', '.join(names)}). Give a folder instead."
        )
    write = _WRITERS[kind]
    if single:
        with whole_file(path) as draft:
            if kind == "excel":
                write_excel(draft, {name: _parts(results, name) for name in names})
            else:
                write(draft, _parts(results, names[0]))
        return [path]
    with whole_folder(path) as folder:
        for name in names:
            write(folder / f"{_file_name(name)}{FORMATS[kind]}", _parts(results, name))
    return [path / f"{_file_name(name)}{FORMATS[kind]}" for name in names]


def _table_names(results: Results, tables: str | Sequence[str] | None, *, first_only: bool) -> list[str]:
    """Resolve which tables are meant."""
    agents = [f"agents_{agent_type}" if agent_type else "agents" for agent_type in results.agent_types]
    known = ["runs", "points", "summary", "series", *agents, "failures"]
    if tables is None:
        if first_only:
            return ["runs"]
        empty = {"failures"} if results.done.all() else set()
        empty |= {"points"} if not results.parameters else set()
        empty |= (
            {"series"} if next(iter(results.series_parts(list(results.outcomes))), None) is None else set()
        )
        return [name for name in known if name not in empty]
    names: list[str] = []
    for name in [tables] if isinstance(tables, str) else tables:
        if name == "agents":
            if not agents:
                raise ExportError("There are no agent data. Ask for them with Experiment(agents=True).")
            names += agents
        elif name in known:
            names.append(name)
        else:
            raise ExportError(f"Unknown table '{name}'. There are: {', '.join(known)}.{suggest(name, known)}")
    if not names:
        raise ExportError(f"No table was named. There are: {', '.join(known)}.")
    return list(dict.fromkeys(names))


def _file_name(table: str) -> str:
    return re.sub(r"[^\w.-]+", "_", table)


def _parts(results: Results, name: str) -> Parts:
    """Return a function that goes through a table part by part, as often as asked."""
    if name == "series":
        return lambda: _streamed(results, lambda: results.series_parts(list(results.outcomes)))
    if name.startswith("agents"):
        agent_type = name.removeprefix("agents").removeprefix("_")
        return lambda: _streamed(results, lambda: results.agent_parts(agent_type))
    wholes: dict[str, Callable[[], pd.DataFrame]] = {
        "runs": lambda: results.runs,
        "points": lambda: results.points.reset_index(),
        "summary": lambda: results.aggregate(),
        "failures": lambda: results.failures,
    }
    return lambda: iter([wholes[name]()])


def _streamed(results: Results, parts: Callable[[], Iterator[pa.Table]]) -> Iterator[pd.DataFrame]:
    """Yield parts that all have the same columns and types."""
    schema = columns.unified_schema(part.schema for part in parts())
    nullable = {field.name for field in schema if _can_be_missing(field)}
    for part in parts():
        frame = columns.to_frame(columns.conform(part, schema))
        for name in nullable & {str(column) for column in frame}:
            frame[name] = frame[name].astype(
                "Int64" if frame[name].dtype != "bool" and frame[name].dtype != "boolean" else "boolean"
            )
        yield results.with_runs(frame)


def _can_be_missing(field: pa.Field) -> bool:
    import pyarrow as pa

    return field.name not in columns.RECORDED and (
        pa.types.is_integer(field.type) or pa.types.is_boolean(field.type)
    )


def _write_csv(path: Path, parts: Parts) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, part in enumerate(parts()):
            part.to_csv(file, index=False, header=number == 0, lineterminator="\n")


def _write_parquet(path: Path, parts: Parts) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

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
    part = part.copy(deep=False)
    for name in [name for name, values in part.items() if values.dtype == object]:
        part[name] = pd.Series(
            [None if plain(v) is None else str(v) for v in part[name]], index=part.index, dtype="str"
        )
    return part


def _write_json(path: Path, parts: Parts) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        separator = "\n"
        for part in parts():
            for record in records(part):
                file.write(
                    separator + json.dumps(_finite(record), ensure_ascii=False, default=str, allow_nan=False)
                )
                separator = ",\n"
        file.write("\n]\n")


def _finite(record: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinities: they become text."""
    return {
        key: str(value) if isinstance(value, float) and value in (float("inf"), -float("inf")) else value
        for key, value in record.items()
    }


_WRITERS: Final[dict[str, Callable[[Path, Parts], None]]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
    "json": _write_json,
    "excel": lambda path, parts: write_excel(path, {"runs": parts}),
}
