"""Outcomes that are entries of what a reporter gives: `wealth.mean`, or `counts.*` for each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesa_lab.preparation.outcome_kinds.member import Member
from mesa_lab.preparation.outcomes import Outcome
from mesa_lab.running.collection.notes import Notes
from mesa_lab.running.collection.other_outcomes import kept, spread
from mesa_lab.study.records import Cell

__all__ = ["ReportedEntries"]


class ReportedEntries:
    """The outcomes of one run that are entries of what reporters give.

    Args:
        notes: Where to note what cannot be measured.
    """

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._asked: dict[str, list[Outcome]] = {}
        self._met: set[str] = set()

    def __len__(self) -> int:
        return len(self._asked)

    def __contains__(self, reporter: str) -> bool:
        return reporter in self._asked

    def ask(self, reporter: str, outcome: Outcome) -> None:
        """Ask for an outcome."""
        self._asked.setdefault(reporter, []).append(outcome)

    def take(self, reporter: str, value: Any, step: int) -> dict[str, Cell]:
        """Return what is asked for of what a reporter gave."""
        self._met.add(reporter)
        found: dict[str, Cell] = {}
        for outcome in self._asked[reporter]:
            try:
                part = outcome.parsed.within(value) if isinstance(outcome.parsed, Member) else value
                if outcome.is_spread:
                    found.update(spread(outcome.prefix, part, step, self._notes))
                else:
                    found[outcome.name] = kept(part, outcome.name, step, self._notes)
            except Exception as error:
                self._notes.add(outcome.name, step, error)
        return found

    def note_plain(self, values: Mapping[str, Cell], step: int) -> None:
        """Note where a reporter gave a plain value, of which no entry can be taken; None is nothing to note."""
        for reporter, outcomes in self._asked.items():
            if reporter not in self._met and values.get(reporter) is not None:
                kind = type(values[reporter]).__name__
                error = LookupError(f"{reporter} is of type {kind}, which has no entries")
                for outcome in outcomes:
                    self._notes.add(outcome.name, step, error)
        self._met.clear()
