"""A table of design points as typed, pasted or uploaded text: CSV with one column for each parameter.

Parsed as data with limits on its size; a mistake is said with its line. Commas, semicolons and tabs
part the columns, as spreadsheets of different countries write them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from mesa_lab.drafts.value_text import parse_value, show_value
from mesa_lab.errors import DesignError, ParameterError
from mesa_lab.preparation.limits import CELLS, FILE_BYTES, PARAMETERS, POINTS

__all__ = ["LARGEST", "decode_upload", "parse_points", "points_text"]

LARGEST: Final = FILE_BYTES
"""Bytes of a table that a page takes; larger designs belong into a file beside the experiment."""
_DECIMAL: Final = re.compile(r"[+-]?\d+,\d+")


def decode_upload(data: bytes) -> str:
    """Return the text of an uploaded file.

    Raises:
        DesignError: If it is too large, or no text.
    """
    if len(data) > LARGEST:
        raise DesignError(
            f"The file has {len(data) / 1e6:.1f} MB; at most {LARGEST // 1_000_000} MB are read here. "
            "For larger designs write an experiment file with a Table, and run it from the terminal."
        )
    for encoding in ("utf-8-sig", "utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise DesignError("The file is no text in UTF-8. Save the table as CSV (UTF-8).")


@lru_cache(maxsize=4)  # a page reads the same table several times for each thing that is typed
def parse_points(text: str) -> list[dict[str, Any]]:
    r"""Read a table of points.

    Returns:
        One dict per row; not to be changed.

    Raises:
        DesignError: If there is no table or too large a one, a header is missing or doubled, or a row has other columns.

    Example:
        >>> parse_points("density, grid\n0.5, Moore\n0.8, Moore")
        [{'density': 0.5, 'grid': 'Moore'}, {'density': 0.8, 'grid': 'Moore'}]
    """
    text = text.strip()
    if not text:
        raise DesignError(
            "There are no points yet. Paste or upload a table: a header with parameter names, then one row per point."
        )
    if len(text) > LARGEST:
        raise DesignError(f"The table has {len(text):,} characters; at most {LARGEST:,} are read here.")
    header_line = text.partition("\n")[0]
    delimiter = max(",;\t", key=header_line.count)
    try:
        lines = list(
            csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
        )
    except csv.Error as error:
        raise DesignError(f"The table cannot be read: {error}.") from None
    header = [name.strip() for name in lines[0]]
    _check_header(header)
    body = [
        (number, cells)
        for number, cells in enumerate(lines[1:], start=2)
        if any(cell.strip() for cell in cells)
    ]
    most = min(POINTS, CELLS // len(header))
    if len(body) > most:
        raise DesignError(
            f"The table has {len(body):,} points; at most {most:,} are read here. For larger designs write an experiment "
            "file with a Table, and run it from the terminal."
        )
    rows: list[dict[str, Any]] = []
    for number, cells in body:
        if len(cells) != len(header):
            raise DesignError(f"Line {number} has {_cells(len(cells))}, the header {len(header)}.")
        if delimiter != ",":  # where commas are decimal, something else parts the columns
            cells = [cell.replace(",", ".") if _DECIMAL.fullmatch(cell.strip()) else cell for cell in cells]
        rows.append({name: _value(cell, name, number) for name, cell in zip(header, cells, strict=True)})
    if not rows:
        raise DesignError("The table has a header and no points. Add one row per point.")
    return rows


def points_text(columns: Mapping[str, Sequence[Any]]) -> str:
    r"""Write points as text that `parse_points` reads back.

    Example:
        >>> points_text({"density": [0.5, 0.8], "grid": ["Moore", None]})
        'density,grid\n0.5,Moore\n0.8,None\n'
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(map(show_value, row) for row in zip(*columns.values(), strict=True))
    return out.getvalue()


def _check_header(header: list[str]) -> None:
    if len(header) > PARAMETERS:
        raise DesignError(f"The table has {len(header):,} columns; at most {PARAMETERS} are read here.")
    if "" in header:
        raise DesignError(
            f"Column {header.index('') + 1} of the table has no name. Name the parameter that it holds."
        )
    for place, name in enumerate(header):
        if name in header[:place]:
            raise DesignError(f"The table has two columns called '{name}'. Give each parameter one column.")


def _value(cell: str, name: str, number: int) -> Any:
    if not cell.strip():
        raise DesignError(f"Line {number} has no value for '{name}'. Write None if that is meant.")
    try:
        return parse_value(cell)
    except ParameterError as error:
        raise DesignError(f"Line {number}, '{name}': {error}") from None


def _cells(count: int) -> str:
    return "1 value" if count == 1 else f"{count} values"
