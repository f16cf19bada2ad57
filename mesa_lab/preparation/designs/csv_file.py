"""CSV files as people make them: with a byte order mark, semicolons, quoted names, decimal commas."""

import csv
import io
import re
from pathlib import Path
from typing import Any

from mesa_lab.errors import DesignError, suggest
from mesa_lab.preparation.code_permission import require_file
from mesa_lab.preparation.parameters.decimal_sign import decimal_sign, plain_number

__all__ = ["read_csv"]

_INTEGER = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_CODE = re.compile(r"[+-]?0\d+")
"""007 is a name, not a number."""
_NAMED = 20
"""So many columns are named in a message."""


def read_csv(path: Path) -> tuple[dict[str, list[Any]], tuple[int, ...]]:
    """Read a CSV file with a line of names first.

    Args:
        path: The file. Commas, semicolons or tabs part its cells; where commas do not, numbers may have a decimal comma or parted
            thousands.

    Returns:
        The columns by name, and the line that each row is on. A column whose cells all read as whole numbers, numbers
        or true and false is of that type, any other is text; an empty cell is None.

    Raises:
        DesignError: If the file is missing, no text, empty or ragged, or has a number that can be read in two ways.
        NotAllowedError: If files may not be read here (see `code_permission`).
    """
    require_file(path)
    text = _text(path)
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise DesignError(f"'{path}' is empty. Write a line of parameter names, then one line per point.")
    separator = _separator(lines[0])
    if text.count('"') % 2:
        raise DesignError(f"'{path}' is no CSV file: a quotation mark has no partner. Add or remove one.")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    rows = [
        (reader.line_num, [cell.strip() for cell in row])
        for row in reader
        if any(cell.strip() for cell in row)
    ]
    names, *body = rows
    header = names[1]
    while (
        header
        and not header[-1]
        and all(len(row) < len(header) or not row[len(header) - 1] for _, row in body)
    ):
        header = header[:-1]  # a separator at the end of every line
    _check_names(path, header)
    cells: list[list[str]] = [[] for _ in header]
    for line, row in body:
        if len(row) > len(header) and not any(row[len(header) :]):
            row = row[: len(header)]
        if len(row) != len(header):
            raise DesignError(
                f"'{path}', line {line}, has {len(row)} cells, but the first line names {len(header)} columns: "
                f"{', '.join(header[:_NAMED])}{' …' if len(header) > _NAMED else ''}."
            )
        for column, cell in zip(cells, row, strict=True):
            column.append(cell)
    if not body:
        raise DesignError(f"'{path}' names columns but holds no points. Add one line per point.")
    lines_of_rows = tuple(line for line, _ in body)
    decimal, problem = ".", ""
    if separator != ",":  # where commas part cells, one within quotes belongs to a text
        numeric = [(name, column) for name, column in zip(header, cells, strict=True) if _is_numeric(column)]
        decimal, problem = decimal_sign(numeric, lines_of_rows, separator)
        cells = [
            [plain_number(cell, decimal) for cell in column] if _is_numeric(column) else column
            for column in cells
        ]
    if problem:
        raise DesignError(f"'{path}' cannot be read: {problem}.")
    return {name: _typed(column) for name, column in zip(header, cells, strict=True)}, lines_of_rows


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        raise DesignError(f"There is no file '{path}'.{suggest(path.name, beside)}") from None
    except OSError as error:
        raise DesignError(f"'{path}' cannot be read: {error.strerror}.") from None
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise DesignError(f"'{path}' is no text in UTF-8. Save it as 'CSV UTF-8'.") from None
    if "\0" in text:
        raise DesignError(f"'{path}' is no text file. Save the table as CSV.")
    return text


def _separator(header: str) -> str:
    bare = re.sub(r'"[^"]*"', "", header)
    return max((",", ";", "\t", "|"), key=bare.count)


def _check_names(path: Path, header: list[str]) -> None:
    seen: set[str] = set()
    for place, name in enumerate(header):
        if not name and place:
            raise DesignError(
                f"'{path}': column {place + 1} has no name. Name each column after a parameter."
            )
        if name in seen:
            raise DesignError(f"'{path}' has two columns called '{name}'. Remove or rename one of them.")
        seen.add(name)


def _is_numeric(cells: list[str]) -> bool:
    """Whether all cells are numbers, with one sign of decimals or the other."""
    return any(
        all(_NUMBER.fullmatch(plain_number(cell, sign)) for cell in cells if cell) for sign in (".", ",")
    )


def _typed(cells: list[str]) -> list[Any]:
    """The cells as numbers or truth values when all of them read so, else as text."""
    filled = [cell for cell in cells if cell]
    read: Any = str
    if filled and not any(_CODE.fullmatch(cell) for cell in filled):
        if all(_INTEGER.fullmatch(cell) for cell in filled):
            read = int
        elif all(_NUMBER.fullmatch(cell) for cell in filled):
            read = float
        elif all(cell.lower() in ("true", "false") for cell in filled):
            read = lambda cell: cell.lower() == "true"  # noqa: E731
    return [read(cell) if cell else None for cell in cells]
