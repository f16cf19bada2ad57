"""Outcomes that are no reporters of the model: statistics, attributes, functions, and entries of what is reported.

They are measured without changing the run: Mesa's own data collection would not evaluate them, so random generators are as they were
after each of them, and none depends on which others there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Final

from mesa_lab.preparation.outcome_kinds import source_of
from mesa_lab.preparation.outcome_kinds.reported_entry import MOST_ENTRIES, Member, entries
from mesa_lab.preparation.outcomes import Outcome
from mesa_lab.running.cells import LONGEST_TEXT, PLAIN, UnstorableError, cell
from mesa_lab.running.collection.notes import Notes
from mesa_lab.running.collection.outcome_values import Measure, describe_agents
from mesa_lab.running.collection.random_states import RandomStates
from mesa_lab.study.records import Cell

__all__ = ["OtherOutcomes", "ReportedEntries", "value_of"]

_LONGEST_AT_END: Final = 4_000_000
"""Characters of what is kept once for a run."""


class OtherOutcomes:
    """The outcomes of one run that are no reporters of its model.

    Args:
        asked: Outcomes by name, each with the function of the model that measures it.
        notes: Where to note what cannot be measured.
    """

    def __init__(self, asked: Mapping[str, tuple[Outcome, Measure]], notes: Notes) -> None:
        self._asked = {name: pair for name, pair in asked.items() if not pair[0].parsed.at_end}
        self._at_end = {name: pair for name, pair in asked.items() if pair[0].parsed.at_end}
        self._notes = notes
        self._types: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._asked)

    @property
    def names(self) -> frozenset[str]:
        """The names of the outcomes."""
        return frozenset([*self._asked, *self._at_end])

    def measure(self, model: Any, step: int) -> Iterator[tuple[str, Cell]]:
        """Yield the name and the value of each outcome; None where it cannot be measured."""
        return self._all(self._asked, model, step)

    def measure_at_end(self, model: Any, step: int) -> Iterator[tuple[str, Cell]]:
        """Yield those that are measured at the end of a run only."""
        return self._all(self._at_end, model, step, _LONGEST_AT_END)

    def _all(
        self,
        asked: Mapping[str, tuple[Outcome, Measure]],
        model: Any,
        step: int,
        longest: int = LONGEST_TEXT,
    ) -> Iterator[tuple[str, Cell]]:
        states: RandomStates | None = None
        for name, (outcome, measure) in asked.items():
            if outcome.parsed.leaves_no_trace(model):
                found = self._measure(name, outcome, measure, model, step, longest)
            else:
                states = states or RandomStates(model)
                with states:
                    found = self._measure(name, outcome, measure, model, step, longest)
            yield from found

    def describe(self, model: Any, step: int) -> Iterator[tuple[str, Cell]]:
        """Yield what can be said of any model: counts of its agents by type, and means of their numbers."""
        for name, value in describe_agents(model, self._types).items():
            yield name, kept(value, name, step, self._notes)

    def _measure(
        self, name: str, outcome: Outcome, measure: Measure, model: Any, step: int, longest: int
    ) -> list[tuple[str, Cell]]:
        try:
            value = measure(model)
            if outcome.is_spread:
                return list(spread(outcome.prefix, value, step, self._notes))
        except Exception as error:
            self._notes.add(name, step, error)
            return [] if outcome.is_spread else [(name, None)]
        return [(name, kept(value, name, step, self._notes, longest))]


class ReportedEntries:
    """The outcomes of one run that are entries of what reporters give.

    Args:
        asked: Outcomes by collector and reporter.
        notes: Where to note what cannot be measured.
    """

    def __init__(self, asked: Mapping[tuple[str, str], Sequence[Outcome]], notes: Notes) -> None:
        self._notes = notes
        self._asked = asked
        self._met: set[tuple[str, str]] = set()

    def __len__(self) -> int:
        return len(self._asked)

    def take(self, collector: str, reporter: str, value: Any, step: int) -> dict[str, Cell]:
        """Return what is asked for of what a reporter gave."""
        found: dict[str, Cell] = {}
        where = collector, reporter
        if where not in self._asked:
            return found
        self._met.add(where)
        for outcome in self._asked[where]:
            try:
                part = outcome.parsed.within(value) if isinstance(outcome.parsed, Member) else value
                if outcome.is_spread:
                    found.update(spread(outcome.prefix, part, step, self._notes))
                else:
                    found[outcome.name] = kept(part, outcome.name, step, self._notes)
            except Exception as error:
                self._notes.add(outcome.name, step, error)
        return found

    def note_plain(self, collector: str, values: Mapping[str, Cell], step: int) -> None:
        """Note where a reporter gave a plain value, of which no entry can be taken; None is nothing to note."""
        for where, outcomes in self._asked.items():
            label, reporter = where
            if label == collector and where not in self._met and values.get(reporter) is not None:
                kind = type(values[reporter]).__name__
                error = LookupError(f"{reporter} is of type {kind}, which has no entries")
                for outcome in outcomes:
                    self._notes.add(outcome.name, step, error)
        self._met.clear()


def kept(value: Any, name: str, step: int, notes: Notes, longest: int = LONGEST_TEXT) -> Cell:
    """Return what a cell holds of the value of an outcome; None where that is noted to be nothing."""
    if type(value) in PLAIN:
        return value  # type: ignore[no-any-return]
    try:
        found = cell(value, longest)
    except Exception as error:
        notes.add(name, step, error)
        return None
    notes.form(name, value)
    return found


def spread(prefix: str, value: Any, step: int, notes: Notes) -> Iterator[tuple[str, Cell]]:
    """Yield the name and the value of each entry of a dict.

    Raises:
        LookupError: If it has none.
        UnstorableError: If it has too many.
    """
    found = entries(value, prefix)
    if len(found) > MOST_ENTRIES:
        raise UnstorableError(
            f"a {type(value).__name__} of {len(found):,} items is too large to be spread into columns: name those that matter, "
            f"such as '{prefix}.{next(iter(found))}'"
        )
    for key, entry in found.items():
        name = f"{prefix}.{key}"
        yield name, kept(entry, name, step, notes)


def value_of(name: str, model: Any) -> Any:
    """Return what a name stands for that is no reporter: an attribute of the model, or a statistic.

    Raises:
        AttributeError: If the model has no such attribute.
    """
    source = source_of(name)
    with nullcontext() if source.leaves_no_trace(model) else RandomStates(model):
        return source.measure(model)
