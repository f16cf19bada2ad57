"""Tables of observed values as people write them: decimal commas, thousands separators, a byte order mark, a name twice.

A value that is read as another one is worse than one that is refused, so each cell is read rightly or named with its line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import ExperimentError
from mesa_lab.formatting import plural
from mesa_lab.preparation.limits import shortened
from mesa_lab.preparation.parameters.decimal_sign import decimal_sign, is_number_text, plain_number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["is_quantity", "place_of", "read_table"]

_MISSING: Final = {"", "na", "n/a", "#n/a", "nan", "null", "none"}
_SIGN: Final = str.maketrans({"−": "-"})
_UNIT: Final = re.compile(r"[$€£¥]?\s*[+-]?\d[\d.,]*\s*(%|‰|[$€£¥]|[^\W\d_]{1,4})?")


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a CSV file of observed values: a line of names, then numbers; a column with anything else in it keeps that as text.

    Columns are divided by commas, semicolons or tabs. The sign of decimals is found out from all cells together; thousands may be
    parted by spaces, apostrophes, or the other sign.

    Args:
        path: The file, in UTF-8.

    Returns:
        The table; its index, called "line", says on which line of the file a row is. Empty cells are NaN.

    Raises:
        ExperimentError: If the file cannot be read, has a name twice, has rows with more cells than names, or has a number that may
            be read in two ways; with the line.
    """
    import pandas as pd

    lines, rows, separator = _rows(path)
    names, lines, rows = _names(path, lines[0], rows), lines[1:], rows[1:]
    for line, row in zip(lines, rows, strict=True):
        if any(row[len(names) :]):
            raise _problem(
                path,
                f"line {line} has {len(row)} cells, and there are names for {plural(len(names), 'column')}",
            )
    cells = [
        [(row[at] if at < len(row) else "").translate(_SIGN) for row in rows] for at in range(len(names))
    ]
    decimal, problem = decimal_sign(zip(names, cells, strict=True), lines, separator)
    if problem:
        raise _problem(path, problem)
    columns = {
        name: [_read(cell, decimal) for cell in column]
        for name, column in zip(names, cells, strict=True)
        if name
    }
    return pd.DataFrame(columns, index=pd.Index(lines, name="line"))


def place_of(table: pd.DataFrame | pd.Series[Any], row: int) -> str:
    """Say where a row is: "line 7" of a file that was read here, else "row 6"."""
    return f"line {table.index[row]}" if table.index.name == "line" else f"row {row + 1}"


def is_quantity(cell: object) -> bool:
    """Whether a text is a number that could not be read, perhaps for its unit, and no name or date."""
    return isinstance(cell, str) and _UNIT.fullmatch(cell.strip()) is not None


def _problem(path: str | Path, said: str) -> ExperimentError:
    return ExperimentError(f"The targets cannot be read from '{path}': {said}.")


def _rows(path: str | Path) -> tuple[list[int], list[list[str]], str]:
    """The lines of rows that are not empty, their cells, and what divides these."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise _problem(path, "it is no text in UTF-8. Save it anew, as CSV in UTF-8") from None
    except (OSError, ValueError) as error:
        raise _problem(path, f"{error!s:.200}") from None
    if "\0" in text:
        raise _problem(path, "it is no text. Save the table as CSV in UTF-8")
    if text.count('"') % 2:
        raise _problem(path, "a quotation mark has no partner. Add or remove one")
    head = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=re.sub(r'"[^"]*"', "", head).count)
    lines: list[int] = []
    rows: list[list[str]] = []
    try:
        reader = csv.reader(StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
        for row in reader:
            if any(cell.strip() for cell in row):
                lines.append(reader.line_num)
                rows.append([cell.strip() for cell in row])
    except csv.Error as error:
        raise _problem(path, f"{error!s:.200}") from None
    if not rows:
        raise _problem(path, "it is empty")
    return lines, rows, separator


def _names(path: str | Path, line: int, rows: Sequence[Sequence[str]]) -> list[str]:
    """The names of the columns; empty for one that is left out: it has none, and holds nothing or numbers the rows."""
    names = list(rows[0])
    counted = [[str(number) for number in range(start, start + len(rows) - 1)] for start in (0, 1)]
    for at, name in enumerate(names):
        column = [row[at] if at < len(row) else "" for row in rows[1:]]
        if not name and any(column) and not (at == 0 and column in counted):
            raise _problem(path, f"column {at + 1} has no name in line {line}. Name it, or leave it out")
        if name and name in names[:at]:
            raise _problem(
                path,
                f"two columns are called {shortened(name, 40)} in line {line}. Rename or remove one of them",
            )
    if all(is_number_text(name) for name in names if name):
        raise _problem(
            path,
            f"line {line} has no names of columns, but {shortened(names[0], 40)}. Name them in the first line",
        )
    if len(rows) == 1:
        raise _problem(path, "there is nothing below the names of the columns")
    return names


def _read(cell: str, decimal: str) -> float | str:
    if cell.lower() in _MISSING:
        return float("nan")
    plain = plain_number(cell, decimal)
    try:
        return float(plain) if is_number_text(plain) else cell
    except ValueError:  # with the other sign
        return cell
