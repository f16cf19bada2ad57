"""CSV files: text in UTF-8, one header line, values as they are.

A text that starts with "=" stays one, where a spreadsheet may take it for a formula (import it as text).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mesa_lab.processing.export.export_format import ExportFormat, Parts

__all__ = ["FORMAT"]


def _write(path: Path, tables: Mapping[str, Parts]) -> None:
    [parts] = tables.values()
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, part in enumerate(parts()):
            part.to_csv(file, index=False, header=number == 0, lineterminator="\n")


FORMAT: Final = ExportFormat("csv", (".csv",), _write, is_text=True)
