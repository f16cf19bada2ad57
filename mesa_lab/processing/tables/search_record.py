"""What a study says of the search that it came from: its settings, its batches, why it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import OutcomeError

if TYPE_CHECKING:
    from mesa_lab.processing.tables.source import ResultsSource
    from mesa_lab.study.batches import AskedBatch

__all__ = ["SearchRecord", "goal_of", "search_record"]

_FOLLOWS: Final = {"optimise", "diversity", "calibrate", "refine"}
"""Methods that choose their points by what came out."""


@dataclass(frozen=True, eq=False)
class SearchRecord:
    """A search, as its study has it.

    Attributes:
        settings: The settings, as in the table `[search]` of an experiment file. They may come from anyone.
        batches: What was asked for, in order.
        budget: The largest number of runs, None where there is none.
        over: Why it has ended; None while it goes on.
    """

    settings: Mapping[str, Any]
    batches: Sequence[AskedBatch]
    budget: int | None = None
    over: str | None = None

    @property
    def method(self) -> str:
        """The name of the method."""
        return str(self.settings.get("method", ""))

    @property
    def goals(self) -> dict[str, str]:
        """The goal of each outcome that was optimised, "min" or "max"; empty where nothing was."""
        outcome = self.settings.get("outcome")
        if self.method not in ("optimise", "select"):
            return {}
        if isinstance(outcome, str):
            return {outcome: "max" if self.settings.get("goal") == "max" else "min"}
        if not isinstance(outcome, Mapping):
            return {}
        return {str(name): "max" if goal == "max" else "min" for name, goal in outcome.items()}

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes that the search was about, the first one first."""
        for key in ("outcome", "patterns", "targets"):
            found = self.settings.get(key)
            if isinstance(found, str):
                return (found,)
            if isinstance(found, Mapping | list | tuple):
                return tuple(str(name) for name in found)
        return ()

    @property
    def follows_results(self) -> bool:
        """Whether points were chosen by what came out, so that they lie close together where it looked."""
        return self.method in _FOLLOWS

    @property
    def n_runs(self) -> int:
        """How many runs were asked for."""
        return sum(batch.n_runs for batch in self.batches)

    def phase(self, name: str) -> AskedBatch | None:
        """Return the last batch that was asked for in a phase, None where there is none."""
        return next((batch for batch in reversed(self.batches) if batch.notes.get("phase") == name), None)

    def first_runs(self) -> dict[int, int]:
        """For each point how many runs of the search had been asked for when it was first asked for."""
        found: dict[int, int] = {}
        count = 0
        for batch in self.batches:
            for point, first, stop in batch.runs:
                found.setdefault(point, count)
                count += stop - first
        return found


def search_record(source: ResultsSource) -> SearchRecord | None:
    """Return what a study says of its search; None where it is none."""
    state: Any = getattr(source, "search", None)
    if state is None:
        return None
    batches: Any = getattr(source, "batches", ())
    return SearchRecord(state.search, tuple(batches), state.budget, state.over)


def goal_of(searched: SearchRecord | None, outcome: str, goal: str | None) -> str:
    """Say whether more or less of an outcome is better, as far as that was said.

    Args:
        searched: The search that the results come from, if any.
        outcome: The outcome.
        goal: "max", "min", or None for that of the search, else "max".

    Raises:
        OutcomeError: If the goal is neither.

    Example:
        >>> goal_of(None, "Cost", None), goal_of(None, "Cost", "min")
        ('max', 'min')
    """
    if goal is None:
        return "min" if searched is not None and searched.goals.get(outcome) == "min" else "max"
    if goal not in ("max", "min"):
        raise OutcomeError(f'goal is {goal!r}. Write "max" where more is better, "min" where less is.')
    return goal
