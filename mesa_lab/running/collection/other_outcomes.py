"""Outcomes that are no reporters of the model: statistics, attributes and functions, measured without changing the run.

Mesa's own data collection would not evaluate them. So random generators are as they were after each of them, and none
depends on which others there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import Any

from mesa_lab.preparation.outcome_kinds import source_of
from mesa_lab.preparation.outcomes import Outcome
from mesa_lab.running.collection.notes import Notes
from mesa_lab.running.collection.outcome_values import (
    PLAIN,
    Measure,
    cell,
    describe_agents,
)
from mesa_lab.running.collection.random_states import RandomStates
from mesa_lab.study.records import Scalar

__all__ = ["OtherOutcomes", "value_of"]


class OtherOutcomes:
    """The outcomes of one run that are no reporters of its model.

    Args:
        asked: Outcomes by name, each with the function of the model that measures it.
        notes: Where to note what cannot be measured.
    """

    def __init__(self, asked: Mapping[str, tuple[Outcome, Measure]], notes: Notes) -> None:
        self._asked = asked
        self._notes = notes
        self._types: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._asked)

    @property
    def names(self) -> frozenset[str]:
        """The names of the outcomes."""
        return frozenset(self._asked)

    def measure(self, model: Any, step: int) -> Iterator[tuple[str, Scalar]]:
        """Yield the name and the value of each outcome; None where it cannot be measured."""
        states: RandomStates | None = None
        for name, (outcome, measure) in self._asked.items():
            if outcome.parsed.leaves_no_trace(model):
                yield name, self._measure(name, measure, model, step)
                continue
            states = states or RandomStates(model)
            with states:
                value = self._measure(name, measure, model, step)
            yield name, value

    def describe(self, model: Any, step: int) -> Iterator[tuple[str, Scalar]]:
        """Yield what can be said of any model: counts of its agents by type, and means of their numbers."""
        for name, value in describe_agents(model, self._types).items():
            yield name, self._measure(name, lambda value: value, value, step)

    def _measure(self, name: str, measure: Measure, model: Any, step: int) -> Scalar:
        try:
            value = measure(model)
            return value if type(value) in PLAIN else cell(value)
        except Exception as error:
            self._notes.add(name, step, error)
            return None


def value_of(name: str, model: Any) -> Any:
    """Return what a name stands for that is no reporter: an attribute of the model, or a statistic.

    Raises:
        AttributeError: If the model has no such attribute.
    """
    source = source_of(name)
    with nullcontext() if source.leaves_no_trace(model) else RandomStates(model):
        return source.measure(model)
