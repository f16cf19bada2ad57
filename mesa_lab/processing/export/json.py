"""JSON files: one list of records, one record for each row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mesa_lab.formatting import records
from mesa_lab.processing.export.export_format import ExportFormat, Parts

__all__ = ["FORMAT"]


def _write(path: Path, tables: Mapping[str, Parts]) -> None:
    [parts] = tables.values()
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        separator = "\n"
        for part in parts():
            for record in records(part):
                text = json.dumps(_finite(record), ensure_ascii=False, default=str, allow_nan=False)
                file.write(separator + text)
                separator = ",\n"
        file.write("\n]\n")


def _finite(record: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinities: they become text."""
    return {
        key: str(value) if isinstance(value, float) and value in (float("inf"), -float("inf")) else value
        for key, value in record.items()
    }


FORMAT: Final = ExportFormat("json", (".json",), _write, is_text=True)
