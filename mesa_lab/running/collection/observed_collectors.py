"""Collectors of another kind than Mesa's: they are read after each step, if they keep their records as Mesa's does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesa_lab.preparation.outcomes import AgentSelection
from mesa_lab.running.cells import PLAIN, cell
from mesa_lab.running.collection.adopted_collector import whole_selection
from mesa_lab.running.collection.agent_tables import AgentTables
from mesa_lab.running.collection.notes import Notes
from mesa_lab.running.collection.reporters import AgentReporters
from mesa_lab.study.records import Cell

__all__ = ["ObservedCollectors"]


class ObservedCollectors:
    """The collectors of a model that cannot be taken over.

    Args:
        notes: Where to note what fits in no cell.

    Attributes:
        collectors: The collectors by their names.
        values: The latest value of each reporter, by the collector's name and its own.
        agents: The agent tables of a model whose collectors cannot be taken over, or that has none, once there are any.
    """

    def __init__(self, notes: Notes) -> None:
        self.collectors: dict[str, Any] = {}
        self.values: dict[tuple[str, str], Cell] = {}
        self.agents: AgentTables | None = None
        self._notes = notes
        self._step = 0
        self._seen: dict[tuple[str, str], int] = {}

    def read(self, asked: Mapping[str, tuple[str, str]], step: int) -> dict[str, Cell]:
        """Read what was stored since the last time.

        Args:
            asked: Outcomes, each with the collector's name and the reporter's.
            step: The step that is under way, for notes.

        Returns:
            The new values by outcome.
        """
        found: dict[str, Cell] = {}
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

    def take_agents(self, model: Any, asked: AgentSelection, step: int) -> None:
        """Gather the agents' data that are asked for."""
        self._step = step
        if self.agents is None:
            collector = next(iter(self.collectors.values()), None)
            reporters = AgentReporters(
                collector, lambda name, error: self._notes.add(name, self._step, error)
            )
            self.agents = AgentTables(whole_selection((), asked, model), reporters, model, self._notes)
        self.agents.take(model, step, {})

    def _cell(self, value: Any, names: list[str], step: int) -> Cell:
        if type(value) in PLAIN:
            return value  # type: ignore[no-any-return]
        try:
            found = cell(value)
        except Exception as error:
            for name in names:
                self._notes.add(name, step, error)
            return None
        for name in names:
            self._notes.form(name, value)
        return found
