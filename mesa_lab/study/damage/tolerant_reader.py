"""What can still be read of a damaged study: SQLite stops at the first page that makes no sense, this goes around it.

It also knows what to tell the user to do about damage. It knows tables and rows, and neither files nor checksums.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

__all__ = ["advice", "at_most", "extent", "fits", "last_resort", "rescued", "rows"]

_OF_JSON: Final = ("settings", "packages", "machine", "model_source", "parameters")


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
    while ranges:
        low, high = ranges.pop()
        try:
            for row in source.execute(query, (low, high)):
                if not low <= row[0] <= high:  # a page points back, or to one of another table
                    raise sqlite3.DatabaseError(f"row {row[0]} is out of place")
                low = row[0] + 1
                yield row
        except (sqlite3.Error, UnicodeError) as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:  # the table lacks a column
                return
            if low < high:
                middle = (low + high) // 2
                ranges += [(middle + 1, high), (low, middle)]


def fits(source: sqlite3.Connection, table: str, row: Sequence[Any]) -> bool:
    """Tell whether a row holds what its table's columns say, and not what belongs to another page."""
    columns = source.execute(f"PRAGMA table_info({table})").fetchall()
    for (_, name, declared, *_), value in zip(columns, row, strict=True):
        if value is not None and not isinstance(value, int if declared == "INTEGER" else str):
            return False
        if name in _OF_JSON and isinstance(value, str):
            try:
                json.loads(value)
            except ValueError:
                return False
    return True


def at_most(source: sqlite3.Connection, row_bytes: int) -> int:
    """Return how many rows of so many bytes the file has room for: where all is lost, no more of them are asked for."""
    pages, size = (source.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages) * int(size) // row_bytes


def extent(source: sqlite3.Connection, layout: str) -> tuple[int, int, int]:
    """Return how many runs a study of this layout has had, the highest possible number of one, and that of a block."""

    def ask(query: str, otherwise: int) -> int:
        try:
            return int(source.execute(query).fetchone()[0] or 0)
        except (sqlite3.Error, TypeError, ValueError):
            return otherwise

    points, rounds = json.loads(layout)[-1]
    planned = points * rounds
    counted = ask("SELECT sum(runs) FROM tally", 0)
    return (
        counted,
        max(planned, ask("SELECT max(run_id) FROM runs", 0)),
        ask("SELECT max(block) FROM blocks", planned),
    )
