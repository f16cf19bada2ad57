"""What an export format is: how its files are named and written, and how many tables one of them holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ExportFormat", "Parts"]

type Parts = Callable[[], Iterator[pd.DataFrame]]
"""Goes through a table part by part, as often as it is called; all parts have the same columns and types."""


@dataclass(frozen=True)
class ExportFormat:
    """A format of files that tables are exported to, an entry of the list in `formats`.

    Attributes:
        name: How callers ask for it, such as "csv".
        endings: How names of its files end, such as ".csv"; the first is given to files that have none.
        write: Writes tables, by name, to a file that nobody reads before it is complete. It raises ExportError for a table that
            does not fit. Unless `holds_many`, there is one table.
        holds_many: One file holds several tables.
        is_text: A terminal can show it.
        check_rows: Called with a table's name and the lengths of its parts before anything is written, to refuse what does
            not fit. None where any number of rows does.
    """

    name: str
    endings: tuple[str, ...]
    write: Callable[[Path, Mapping[str, Parts]], None]
    holds_many: bool = False
    is_text: bool = False
    check_rows: Callable[[str, Iterable[int]], None] | None = None

    @property
    def ending(self) -> str:
        """How the names of new files end."""
        return self.endings[0]
