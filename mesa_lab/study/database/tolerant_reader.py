"""What can still be read of a damaged study: SQLite stops at the first page that makes no sense, this goes around it.

It also knows what to tell the user to do about damage. It knows tables and rows, and neither files nor checksums.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from mesa_lab.errors import MesaLabError

__all__ = [
    "MalformedError",
    "advice",
    "at_most",
    "counted",
    "fits",
    "kinds",
    "last_resort",
    "making_sense",
    "rescued",
    "rows",
]

_SPLITS: Final = 100_000
_OF_JSON: Final = ("settings", "packages", "machine", "model_source", "parameters")


class MalformedError(ValueError):
    """What stands in a study is not what belongs there; `connection.translate_errors` says of which study."""


@contextmanager
def making_sense(what: str) -> Iterator[None]:
    """Say of values that are not of the types that belong there that they make no sense."""
    try:
        yield
    except MesaLabError:
        raise
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise MalformedError(f"{what} make no sense: {type(error).__name__}: {error!s:.100}") from error


def advice(path: Path) -> str:
    """Return what can be done about a damaged study."""
    return (
        f"Use a backup, or see what is damaged with `mesa-lab check {path}` and save the rest with "
        f"`mesa-lab rescue {path} -o {rescued(path)}`."
    )


def last_resort(path: Path) -> str:
    """Return what can be done about a study that cannot even be opened."""
    return f"Use a backup, or save what can be read with `mesa-lab rescue {path} -o {rescued(path)}`."


def rescued(path: Path) -> Path:
    """Return a name for what is saved of a study."""
    return path.with_name(f"{path.stem}-rescued.study")


def rows(
    source: sqlite3.Connection, table: str, columns: str, first: int, last: int
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows between two numbers, all but those that lie on damaged pages.

    Args:
        source: A connection to the study.
        table: Which table.
        columns: What is wanted of it. The first one is the row's number, by which SQLite finds it.
        first: The lowest number.
        last: The highest number.
    """
    key = columns.partition(",")[0]
    query = f"SELECT {columns} FROM {table} WHERE {key} BETWEEN ? AND ? ORDER BY {key}"
    ranges = [(first, last)]
    left = max(_SPLITS, at_most(source, 10))  # what asks for more has no rows there
    while ranges and (left := left - 1):
        low, high = ranges.pop()
        try:
            for row in source.execute(query, (low, high)):
                if not low <= row[0] <= high:  # a page points back, or to one of another table
                    raise sqlite3.DatabaseError(f"row {row[0]} is out of place")
                low = row[0] + 1
                yield row
        except (sqlite3.Error, UnicodeError) as error:
            code = getattr(error, "sqlite_errorcode", None)
            if code == sqlite3.SQLITE_ERROR:  # the table lacks a column
                return
            if code == sqlite3.SQLITE_INTERRUPT:  # it has no end
                raise
            if low < high:
                middle = (low + high) // 2
                ranges += [(middle + 1, high), (low, middle)]


def kinds(source: sqlite3.Connection, table: str) -> list[tuple[str, type]]:
    """Return the columns of a table and the type of their values."""
    columns = source.execute(f"PRAGMA table_info({table})")
    return [(name, int if declared == "INTEGER" else str) for _, name, declared, *_ in columns]


def fits(kinds: Sequence[tuple[str, type]], row: Sequence[Any]) -> bool:
    """Tell whether a row holds what its table's columns say (`kinds`), and not what belongs to another page."""
    for (name, kind), value in zip(kinds, row, strict=True):
        if value is not None and not isinstance(value, kind):
            return False
        if name in _OF_JSON and isinstance(value, str):
            try:
                json.loads(value)
            except (ValueError, RecursionError):
                return False
    return True


def at_most(source: sqlite3.Connection, row_bytes: int) -> int:
    """Return how many rows of so many bytes the file has room for: where all is lost, no more of them are asked for."""
    pages, size = (source.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages) * int(size) // row_bytes


def counted(source: sqlite3.Connection) -> int:
    """Return how many runs a study has had, by its own count."""
    try:
        return int(source.execute("SELECT sum(runs) FROM tally").fetchone()[0] or 0)
    except (sqlite3.Error, TypeError, ValueError):
        return 0
