"""Results as files: tables as CSV, Parquet, Excel or JSON records, charts as pictures.

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
from mesa_lab.processing import tables as columns
from mesa_lab.processing.saving import whole_file, whole_folder
from mesa_lab.processing.wording import plain, records

if TYPE_CHECKING:
    import altair as alt
    import pyarrow as pa

    from mesa_lab.processing.results import Results

__all__ = ["FORMATS", "export", "save_chart"]

FORMATS: Final = {"csv": ".csv", "parquet": ".parquet", "excel": ".xlsx", "json": ".json"}
_SUFFIXES: Final = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet", ".xlsx": "excel", ".json": "json"}
_SHEET_ROWS, _SHEET_COLUMNS = 1_048_576, 16_384
_EXACT: Final = 2**53  # spreadsheets keep numbers as floats
_ILLEGAL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

type Parts = Callable[[], Iterator[pd.DataFrame]]


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
    if format is not None and format not in FORMATS:
        raise ExportError(
            f"Unknown format '{format}'. There are: {', '.join(FORMATS)}.{suggest(format, FORMATS)}"
        )
    by_name = _SUFFIXES.get(path.suffix.lower())
    if path.suffix and by_name is None and format is None and not path.is_dir():
        raise ExportError(
            f"'{path.name}' ends in '{path.suffix}'. Use {', '.join(FORMATS.values())}, or a folder's name."
        )
    kind = format or by_name or "csv"
    single = by_name is not None or kind == "excel"
    if single and by_name is None and not path.suffix:
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
                _write_excel(draft, {name: _parts(results, name) for name in names})
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


def _write_excel(path: Path, sheets: dict[str, Parts]) -> None:
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
    except ImportError:
        raise ExportError(
            "Excel files need openpyxl, which is not installed. Run: pip install mesa-lab[excel]"
        ) from None
    book = Workbook(write_only=True)
    for name, parts in sheets.items():
        sheet = book.create_sheet(_sheet_name(name, book.sheetnames))
        sheet.freeze_panes = "A2"
        rows = 0
        for part in parts():
            if rows == 0:
                if part.shape[1] > _SHEET_COLUMNS:
                    raise ExportError(
                        f"The table '{name}' has {part.shape[1]:,} columns; a sheet holds {_SHEET_COLUMNS:,}. Write CSV or Parquet."
                    )
                sheet.append([_text_cell(WriteOnlyCell, sheet, str(column)) for column in part.columns])
                rows = 1
            rows += len(part)
            if rows > _SHEET_ROWS:
                raise ExportError(
                    f"The table '{name}' has more than {_SHEET_ROWS - 1:,} rows, which is all that an Excel sheet holds. "
                    "Write CSV or Parquet, or leave it out with tables=[…]."
                )
            for row in part.itertuples(index=False, name=None):
                sheet.append([_cell(WriteOnlyCell, sheet, plain(value)) for value in row])
    book.save(path)


def _cell(make: Any, sheet: Any, value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if -_EXACT <= value <= _EXACT else _text_cell(make, sheet, str(value))
    if isinstance(value, float):
        return value if value not in (float("inf"), -float("inf")) else str(value)
    return _text_cell(make, sheet, str(value))


def _text_cell(make: Any, sheet: Any, text: str) -> Any:
    """Text, and never a formula, whatever it starts with; without what a sheet cannot hold."""
    text = _ILLEGAL.sub(" ", text)[:32_767]
    if not text.startswith(("=", "+", "-", "@")):
        return text
    cell = make(sheet, value=text)
    cell.data_type = "s"
    cell.quotePrefix = True
    return cell


def _sheet_name(name: str, taken: Sequence[str]) -> str:
    name = re.sub(r"[\[\]:*?/\\]", "_", name)[:31]
    number = 2
    unique = name
    while unique.lower() in {other.lower() for other in taken}:
        unique = f"{name[:27]} ({number})"
        number += 1
    return unique


_WRITERS: Final[dict[str, Callable[[Path, Parts], None]]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
    "json": _write_json,
    "excel": lambda path, parts: _write_excel(path, {"runs": parts}),
}

PICTURES: Final = (".png", ".svg", ".pdf", ".html", ".json")


def save_chart(chart: alt.TopLevelMixin, path: str | Path, scale: float = 2.0) -> Path:
    """Write a chart as a picture or a page. Nothing is fetched from a network.

    Args:
        chart: Any altair chart.
        path: Ends in `.png`, `.svg`, `.pdf`, `.html` (interactive, complete in itself) or `.json` (Vega-Lite).
        scale: Pixels per point in a PNG.

    Returns:
        The path.

    Raises:
        ExportError: If the name ends in something else, or the file cannot be written.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in PICTURES:
        raise ExportError(
            f"'{path.name}' ends in '{path.suffix}'. Charts can be written as {', '.join(PICTURES)}."
        )
    content = render(chart, kind.removeprefix("."), scale)
    with whole_file(path) as draft:
        if isinstance(content, bytes):
            draft.write_bytes(content)
        else:
            draft.write_text(content, encoding="utf-8")
    return path


def render(chart: alt.TopLevelMixin, kind: str, scale: float = 2.0) -> bytes | str:
    """Return a chart as png or pdf bytes, or as svg, html or json text.

    Raises:
        ExportError: If the converter does not know altair's version of Vega-Lite.
    """
    import vl_convert

    spec = chart.to_dict(validate=False)  # altair has checked each part when it was made
    version = _vegalite_version(spec)
    if kind == "json":
        return json.dumps(spec, indent=1, ensure_ascii=False)
    if kind == "png":
        return bytes(vl_convert.vegalite_to_png(spec, vl_version=version, scale=scale))
    if kind == "pdf":
        return bytes(vl_convert.vegalite_to_pdf(spec, vl_version=version))
    if kind == "svg":
        return str(vl_convert.vegalite_to_svg(spec, vl_version=version))
    return str(vl_convert.vegalite_to_html(spec, vl_version=version, bundle=True, renderer="svg"))


def _vegalite_version(spec: dict[str, Any]) -> str:
    """Choose the converter's Vega-Lite that fits the chart: the same major version, and the nearest minor."""
    import vl_convert

    match = re.search(r"/v(\d+)\.(\d+)", str(spec.get("$schema", "")))
    known = [tuple(map(int, version.split("."))) for version in vl_convert.get_vegalite_versions()]
    if match is None:
        return ".".join(map(str, max(known)))
    major, minor = int(match[1]), int(match[2])
    fitting = sorted(
        (version for version in known if version[0] == major), key=lambda version: abs(version[1] - minor)
    )
    if not fitting:
        raise ExportError(
            f"The installed vl-convert does not know Vega-Lite {major}, which altair writes. Run: pip install -U vl-convert-python"
        )
    return ".".join(map(str, fitting[0]))
