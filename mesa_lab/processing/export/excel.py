"""Excel files, row by row: text never turns into a formula, and whole numbers never lose their last digits."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mesa_lab.errors import ExportError
from mesa_lab.formatting import plain
from mesa_lab.processing.export.export_format import ExportFormat, Parts

__all__ = ["FORMAT", "check_rows"]

SHEET_ROWS: Final = 1_048_576
SHEET_COLUMNS: Final = 16_384
_EXACT: Final = 2**53  # spreadsheets keep numbers as floats
_ILLEGAL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def check_rows(name: str, counts: Iterable[int]) -> None:
    """Refuse a table that has more rows than a sheet, before anything of it is written.

    Args:
        name: The table, for the message.
        counts: How many rows its parts have; read only as far as need be.

    Raises:
        ExportError: If it has more.
    """
    if any(
        rows >= SHEET_ROWS for rows in itertools.accumulate(counts)
    ):  # the names of the columns are a row too
        raise ExportError(
            f"The table '{name}' has more than {SHEET_ROWS - 1:,} rows, which is all that an Excel sheet holds. "
            "Write CSV or Parquet, or leave it out: tables=[…], in the terminal --tables."
        )


def _write(path: Path, sheets: Mapping[str, Parts]) -> None:
    """Write tables as the sheets of an Excel file.

    Args:
        path: The file.
        sheets: For each sheet a function that goes through its table part by part.

    Raises:
        ExportError: If openpyxl is not installed, or a table does not fit.
    """
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
    except ImportError:
        raise ExportError(
            "Excel files need openpyxl, which is not installed. Run: pip install mesa-lab[excel]"
        ) from None
    book = Workbook(write_only=True)
    try:
        for name, parts in sheets.items():
            _fill(book.create_sheet(_sheet_name(name, book.sheetnames)), name, parts, WriteOnlyCell)
        book.save(path)
    except BaseException:
        for sheet in book.worksheets:  # each holds a temporary file open
            with contextlib.suppress(Exception):
                sheet.close()
                sheet._writer.cleanup()
        raise


def _fill(sheet: Any, name: str, parts: Parts, make: Any) -> None:
    sheet.freeze_panes = "A2"
    rows = 0
    for part in parts():
        if rows == 0:
            if part.shape[1] > SHEET_COLUMNS:
                raise ExportError(
                    f"The table '{name}' has {part.shape[1]:,} columns; an Excel sheet holds {SHEET_COLUMNS:,}. "
                    "Write CSV or Parquet."
                )
            sheet.append([_text_cell(make, sheet, str(column)) for column in part.columns])
            rows = 1
        rows += len(part)
        check_rows(name, [rows - 1])
        for row in part.itertuples(index=False, name=None):
            sheet.append([_cell(make, sheet, plain(value)) for value in row])


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


FORMAT: Final = ExportFormat("excel", (".xlsx",), _write, holds_many=True, check_rows=check_rows)
