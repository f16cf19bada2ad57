"""Collectors of another kind than Mesa's: they are read after each step, if they keep their records as Mesa's does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesa_lab.running.collection.notes import Notes
from mesa_lab.running.collection.outcome_values import PLAIN, cell
from mesa_lab.study.records import Scalar

__all__ = ["ObservedCollectors"]


class ObservedCollectors:
    """The collectors of a model that cannot be taken over.

    Args:
        notes: Where to note what fits in no cell.

    Attributes:
        collectors: The collectors by their names.
        values: The latest value of each reporter, by the collector's name and its own.
    """

    def __init__(self, notes: Notes) -> None:
        self.collectors: dict[str, Any] = {}
        self.values: dict[tuple[str, str], Scalar] = {}
        self._notes = notes
        self._seen: dict[tuple[str, str], int] = {}

    def read(self, asked: Mapping[str, tuple[str, str]], step: int) -> dict[str, Scalar]:
        """Read what was stored since the last time.

        Args:
            asked: Outcomes, each with the collector's name and the reporter's.
            step: The step that is under way, for notes.

        Returns:
            The new values by outcome.
        """
        found: dict[str, Scalar] = {}
        for label, collector in self.collectors.items():
            for reporter, recorded in collector.model_vars.items():
                where = label, reporter
                if len(recorded) <= self._seen.get(where, 0):
                    continue
                self._seen[where] = len(recorded)
                names = [name for name, source in asked.items() if source == where]
                value = self.values[where] = self._cell(recorded[-1], names, step)
                found |= dict.fromkeys(names, value)
        return found

    def _cell(self, value: Any, names: list[str], step: int) -> Scalar:
        if type(value) in PLAIN:
            return value  # type: ignore[no-any-return]
        try:
            return cell(value)
        except Exception as error:
            for name in names:
                self._notes.add(name, step, error)
            return None
