"""Results as files: which tables are written, and where. `formats` lists the formats; charts are in `chart_image`.

Series and agents' data are handed to a format part by part, so that what does not fit into memory can still be written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from mesa_lab.errors import ExportError, suggest
from mesa_lab.files import check_path, path_of
from mesa_lab.processing.export.atomic_write import whole_file, whole_folder
from mesa_lab.processing.export.chart_image import PICTURES, save_chart
from mesa_lab.processing.export.export_format import Parts
from mesa_lab.processing.export.formats import all_formats, find_format, format_of
from mesa_lab.processing.statistics.summary import is_number
from mesa_lab.processing.tables import column_names as columns
from mesa_lab.processing.tables.contents import in_one_snapshot
from mesa_lab.processing.tables.long_table import rows_of_runs

if TYPE_CHECKING:
    import pyarrow as pa

    from mesa_lab.processing.result_tables import ResultTables

__all__ = ["export", "save_chart"]

_TABLE: Final = "table_"
# In bytes; most file systems hold 255, and an ending and a number follow.
_LONGEST_NAME: Final = 200
_OF_A_CHART: Final = (
    " For a chart: --chart effect in the terminal, results.chart('effect').save(...) in Python."
)


@in_one_snapshot
def export(
    results: ResultTables,
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
            "agents_<type>", "table_<name>" (a table of the data collector), "failures", "notes" (on lost values). None means all that
            have rows; in one CSV, Parquet or JSON file, "runs".
        format: "csv", "parquet", "excel", "json", or one that a package adds; None goes by the name of the file, CSV in a
            folder.

    Returns:
        The files that were written.

    Raises:
        ExportError: If the format or a table is unknown, a table does not fit into the format, or nothing can be written
            there. Nothing is left half written.

    Example:
        >>> export(results, "out", tables=["runs", "summary"], format="parquet")  # doctest: +SKIP
        [PosixPath('out/runs.parquet'), PosixPath('out/summary.parquet')]
    """
    path = path_of(path, "export", ExportError)
    check_path(path, ExportError)
    asked = None if format is None else find_format(format)
    by_name = format_of(path.suffix)
    if path.suffix and by_name is None and asked is None and not path.is_dir():
        endings = ", ".join(each.ending for each in all_formats())
        raise ExportError(
            f"'{path.name}' ends in '{path.suffix}'. Use {endings}, or a folder's name."
            f"{_OF_A_CHART if path.suffix.lower() in PICTURES else ''}"
        )
    if asked is not None and by_name not in (None, asked) and not path.is_dir():
        raise ExportError(
            f"'{path.name}' ends in '{path.suffix}' but the format is {format}. Make them agree."
        )
    kind = asked or by_name or find_format("csv")
    single = kind.holds_many or (bool(path.suffix) and not path.is_dir())
    if single and not path.suffix:
        path = path.with_name(path.name + kind.ending)
    names = _table_names(results, tables, first_only=single and not kind.holds_many)
    if single and not kind.holds_many and len(names) != 1:
        raise ExportError(
            f"A {kind.name} file holds one table, not {len(names)} ({', '.join(names)}). Give a folder instead."
        )
    if kind.check_rows is not None:
        for name in names:
            kind.check_rows(name, _row_counts(results, name))
    if single:
        with whole_file(path) as draft:
            kind.write(draft, {name: _parts(results, name) for name in names})
        return [path]
    files = {name: f"{file}{kind.ending}" for name, file in _file_names(names).items()}
    with whole_folder(path) as folder:
        for name, file in files.items():
            kind.write(folder / file, {name: _parts(results, name)})
    return [path / file for file in files.values()]


def _table_names(results: ResultTables, tables: str | Sequence[str] | None, *, first_only: bool) -> list[str]:
    """Resolve which tables are meant."""
    agents = [f"agents_{agent_type}" if agent_type else "agents" for agent_type in results.agent_types]
    of_collector = [f"{_TABLE}{name}" for name in results.table_names]
    known = ["runs", "points", "summary", "series", *agents, *of_collector, "failures", "notes"]
    if tables is None:
        if first_only:
            return ["runs"]
        empty = {"failures"} if results.done.all() else set()
        empty |= {"notes"} if not len(results.notes) else set()
        empty |= {"points"} if not results.parameters else set()
        measured = (is_number(results.values(name)) for name in results.outcomes)
        empty |= {"summary"} if not any(measured) else set()
        empty |= (
            {"series"}
            if next(iter(results.series_parts(list(results.series_outcomes))), None) is None
            else set()
        )
        return [name for name in known if name not in empty]
    names: list[str] = []
    for name in tables if isinstance(tables, Iterable) and not isinstance(tables, str) else [tables]:
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


def _file_names(tables: Iterable[str]) -> dict[str, str]:
    """Name a file for each table: no two alike, not even where capitals are not told from small letters."""
    files: dict[str, str] = {}
    taken: set[str] = set()
    for table in tables:
        whole = re.sub(r"[^\w.-]+", "_", table)
        name = file = whole.encode()[:_LONGEST_NAME].decode(errors="ignore")
        number = 1
        while file.casefold() in taken:
            number += 1
            file = f"{name}_{number}"
        taken.add(file.casefold())
        files[table] = file
    return files


def _parts(results: ResultTables, name: str) -> Parts:
    """Return a function that goes through a table part by part, as often as asked."""
    if name == "series":
        return lambda: _streamed(results, lambda: results.series_parts(list(results.series_outcomes)))
    if name.startswith("agents"):
        return lambda: _streamed(results, lambda: results.agent_parts(_agent_type(name)))
    if name.startswith(_TABLE):
        return lambda: iter([results.tables(name.removeprefix(_TABLE))])
    wholes: dict[str, Callable[[], pd.DataFrame]] = {
        "runs": lambda: results.runs,
        "points": lambda: results.points.reset_index(),
        "summary": lambda: results.aggregate(),
        "failures": lambda: results.failures,
        "notes": lambda: results.notes,
    }
    return lambda: iter([wholes[name]()])


def _row_counts(results: ResultTables, name: str) -> Iterator[int]:
    """Yield how many rows the parts of a table have, without reading more of them than whose rows they are."""
    if name == "runs":
        yield len(results.base)
    elif name == "points":
        yield len(results.points)
    elif name == "series" or name.startswith("agents"):
        series = name == "series"
        blocks = (
            results.series_blocks(list(results.series_outcomes))
            if series
            else results.study.agent_blocks(_agent_type(name))
        )
        known = results.base["run_id"].to_numpy()
        for block in blocks:
            run_ids, counts = rows_of_runs(block)
            yield int(counts[np.isin(run_ids, known)].sum())


def _agent_type(name: str) -> str:
    return name.removeprefix("agents").removeprefix("_")


def _streamed(results: ResultTables, parts: Callable[[], Iterator[pa.Table]]) -> Iterator[pd.DataFrame]:
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
