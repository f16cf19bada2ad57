"""The formats that tables are exported to, one module for each.

`FORMATS` is the list. A package can add one through an entry point (group `mesa_lab.export_formats`) that leads to an
`ExportFormat`. What a format needs is imported when it is written, so that this list costs a command of the terminal nothing.
"""

from __future__ import annotations

from typing import Final

from mesa_lab.errors import ExportError
from mesa_lab.plug_ins import find_named, load_plug_ins
from mesa_lab.processing.export import csv, excel, json, parquet
from mesa_lab.processing.export.export_format import ExportFormat

__all__ = ["ENTRY_POINTS", "FORMATS", "all_formats", "find_format", "format_of"]

FORMATS: Final = (csv.FORMAT, parquet.FORMAT, excel.FORMAT, json.FORMAT)
ENTRY_POINTS: Final = "mesa_lab.export_formats"


def all_formats() -> tuple[ExportFormat, ...]:
    """Return the formats of Mesa Lab, then those of other packages.

    Raises:
        ExportError: If a package offers something else, or cannot be imported.
    """
    return (*FORMATS, *load_plug_ins(ENTRY_POINTS, "export format", ExportFormat, ExportError))


def find_format(name: str) -> ExportFormat:
    """Return a format by its name.

    Raises:
        ExportError: If there is none, naming the nearest.

    Example:
        >>> find_format("excel").ending
        '.xlsx'
    """
    return find_named(name, FORMATS, all_formats, "format", ExportError)


def format_of(ending: str) -> ExportFormat | None:
    """Return the format of files whose names end so, None if there is none.

    Example:
        >>> format_of(".PQ").name
        'parquet'
    """
    return next((kind for kind in all_formats() if ending.lower() in kind.endings), None) if ending else None
