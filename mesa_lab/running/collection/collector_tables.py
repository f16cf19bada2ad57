"""The tables of a model's data collector: rows that a model adds one by one (`add_table_row`), read once when its run ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mesa_lab.running.collection.cells import PLAIN, cell, stored
from mesa_lab.running.collection.notes import Notes
from mesa_lab.study.records import TABLE, Cell

__all__ = ["CollectorTables", "TableRows"]

_KEYS: Final = ("run_id", "step")


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of one table.

    Attributes:
        steps: The step at which each row was added.
        columns: Values by column.
    """

    steps: Sequence[int]
    columns: Mapping[str, list[Cell]]


class CollectorTables:
    """Notes at which steps rows are added to the tables of one collector.

    Args:
        collector: The collector. Rows that it has already were added while the model was set up.
    """

    def __init__(self, collector: Any) -> None:
        self._steps: dict[str, list[int]] = {
            name: [0] * _length(columns) for name, columns in _tables(collector).items()
        }

    def add(self, name: str, step: int) -> None:
        """Note that a row was added."""
        self._steps.setdefault(name, []).append(step)

    def read(self, collector: Any, step: int, notes: Notes) -> dict[str, TableRows]:
        """Return the tables that have rows.

        Args:
            collector: The collector.
            step: The last step of the run: that of rows of which it is not known when they were added.
            notes: Where to note what cannot be kept.
        """
        found = {}
        for name, columns in _tables(collector).items():
            length = _length(columns)
            if not length:
                continue
            steps = self._steps.get(name, [])
            if len(steps) != length:  # the model writes into the lists itself
                steps = [step] * length
            kept: dict[str, list[Cell]] = {}
            for column, values in columns.items():
                key = f"{column} (column)" if column in _KEYS else str(column)
                cells = [
                    _cell(f"{name}.{column}", f"{TABLE}{name}", key, value, step, notes) for value in values
                ]
                kept[key] = cells + [None] * (length - len(cells))
            found[str(name)] = TableRows(steps, kept)
        return found


def _tables(collector: Any) -> Mapping[Any, Mapping[Any, Sequence[Any]]]:
    tables = getattr(collector, "tables", None)
    if not isinstance(tables, Mapping):
        return {}
    return {
        name: columns
        for name, columns in tables.items()
        if isinstance(columns, Mapping) and all(isinstance(values, list) for values in columns.values())
    }


def _length(columns: Mapping[Any, Sequence[Any]]) -> int:
    return max(map(len, columns.values()), default=0)


def _cell(title: str, scope: str, column: str, value: Any, step: int, notes: Notes) -> Cell:
    if type(value) in PLAIN:
        return stored(value)
    try:
        found = stored(cell(value))
    except Exception as error:
        notes.add(title, step, error)
        return None
    notes.form(column, value, scope)
    return found
