"""The ledger of a search: its batches and points, what a method may know of them, and what becomes of its answer.

Knows no study: `loop.py` keeps a ledger of one, and `mesa_lab.testing` plays a search on a function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import plural
from mesa_lab.preparation.encoding import canonical
from mesa_lab.preparation.parameters.space import table
from mesa_lab.search.history import Floats, History
from mesa_lab.search.method import Ask, Done, Request
from mesa_lab.search.sameness import is_enough, said_beside
from mesa_lab.study.batches import AskedBatch

if TYPE_CHECKING:
    from mesa_lab.search.search import Search

__all__ = ["Decision", "Ledger"]


@dataclass(frozen=True)
class Decision:
    """What happens next.

    Attributes:
        batch: The batch that is asked for; None when the search has ended.
        new_points: The parameters of points that are not in the study yet, as canonical text.
        over: Why the search has ended; empty while it goes on.
    """

    batch: AskedBatch | None = None
    new_points: tuple[str, ...] = ()
    over: str = ""


class Ledger:
    """The batches and points of a search.

    Args:
        search: What is searched, and how.
        batches: The batches that were asked for before.
        points: The parameters of the points that are there, fixed ones too, in the order of their numbers.
    """

    def __init__(
        self, search: Search, batches: Iterable[AskedBatch] = (), points: Iterable[Mapping[str, Any]] = ()
    ) -> None:
        self.search = search
        self.batches = list(batches)
        self.points: list[Mapping[str, Any]] = []
        self._numbers: dict[str, int] = {}
        for values in points:
            self._remember(values)

    @property
    def n_asked(self) -> int:
        """How many runs were asked for."""
        return sum(batch.n_runs for batch in self.batches)

    @property
    def shape(self) -> tuple[int, int]:
        """How many points there are, and how many replications the point with most of them has."""
        rounds = max((stop for batch in self.batches for _, _, stop in batch.runs), default=0)
        return len(self.points), rounds

    @property
    def shown(self) -> npt.NDArray[np.bool_]:
        """For each point and replication whether it belongs to a batch that may be looked at: all but the last one."""
        shown = np.zeros(self.shape, np.bool_)
        for batch in self.batches[:-1]:
            for point, first, stop in batch.runs:
                shown[point, first:stop] = True
        return shown

    def history(
        self, values: Mapping[str, Floats], seconds: float = 0.0, reported: Iterable[str] = ()
    ) -> History:
        """Return what the method may know.

        Args:
            values: The outcomes by point and replication; what may not be looked at is taken out.
            seconds: How long the search has been running.
            reported: Outcomes that the runs have reported.
        """
        search, shown = self.search, self.shown
        asked = np.zeros(len(self.points), np.int64)
        for batch in self.batches:
            for point, _, stop in batch.runs:
                asked[point] = max(asked[point], stop)
        return History(
            space=search.space,
            seed=search.experiment.seed,
            common=search.experiment.common_random_numbers,
            points=tuple(self.points),
            batches=tuple(self.batches),
            known=max(len(self.batches) - 1, 0),
            asked=asked,
            ended=shown,
            values={name: np.where(shown, matrix, np.nan) for name, matrix in values.items()},
            budget=search.budget_runs,
            spent=search.share_spent(self.n_asked, seconds),
            batch_runs=search.batch,
            least=search.experiment.replications,
            base=search.base_points,
            reported=frozenset(reported),
        )

    def decide(self, history: History, seconds: float = 0.0, trouble: str = "") -> Decision:
        """Ask the method, and take its batch into the ledger.

        Args:
            history: What it may know.
            seconds: How long the search has been running.
            trouble: Why it is not to be asked any more; empty while it is.
        """
        over = trouble or self._spent(history) or self._at_rest(history)
        try:
            answer = Done(over) if over else self.search.method.ask(history)
        except MesaLabError as error:
            answer = Done(str(error))
        if isinstance(answer, Done):
            if not history.has_pending:
                # Where nothing can be compared, a method has nothing to add.
                return Decision(over=trouble or self._with_clause(answer.reason, history))
            # What is under way may say otherwise: it is asked again when all results are there.
            answer = Ask(why="Waits for the runs under way.")
        parts, new = self._resolve(answer.requests)
        if not parts and answer.requests:
            over = (
                self._spent(history) or "None of the points that the method asked for keeps the constraints."
            )
            return Decision(over=self._with_clause(over, history))
        if not parts and not history.has_pending:
            return Decision(over=self._with_clause("Nothing more can be learned from further runs.", history))
        notes = dict(answer.notes)
        batch = AskedBatch(len(self.batches), tuple(parts), answer.why, notes, seconds)
        self.batches.append(batch)
        return Decision(batch, tuple(new))

    def _with_clause(self, reason: str, history: History) -> str:
        """Why it has ended, with what the method says beside it."""
        return said_beside(reason, self.search.method.beside_the_end(history))

    def _at_rest(self, history: History) -> str:
        """Say why points are not looked for any longer: so many gave the same; empty while they are."""
        method = self.search.method
        same = method.sameness(history) if method.chooses_points else ""
        if not same or not is_enough(history, (*method.outcomes, *method.readings)):
            return ""
        return f"{same[:1].upper()}{same[1:]}. Widen the ranges, or measure what varies."

    def _spent(self, history: History) -> str:
        if history.spent < 1.0:
            return ""
        budget = self.search.budget
        if isinstance(budget, int):
            return f"The budget of {plural(budget, 'run')} is used up."
        return f"The time of {budget} is over."

    def _resolve(self, requests: Iterable[Request]) -> tuple[list[tuple[int, int, int]], list[str]]:
        """Turn requests into (point, first, stop), and return them with the texts of new points; the budget cuts them off."""
        parts: list[tuple[int, int, int]] = []
        new: list[str] = []
        planned: dict[int, int] = {}
        for batch in self.batches:
            for point, _, stop in batch.runs:
                planned[point] = max(planned.get(point, 0), stop)
        left = self.search.budget_runs
        if left is not None:
            left -= self.n_asked
        for request in requests:
            count = request.replications if left is None else min(request.replications, left)
            if count < 1:
                continue
            number = request.point
            if number is None:
                assert request.values is not None, "a request names a point or gives its values"
                values = {name: request.values[name] for name in self.search.space.varied}
                columns = {name: [value] for name, value in values.items()}
                if not bool(self.search.space.allowed(table(columns, 1))[0]):
                    continue
                number, text = self._number_of(values)
                if text is not None:
                    new.append(text)
            first = max(request.first or 0, planned.get(number, 0))
            parts.append((number, first, first + count))
            planned[number] = first + count
            if left is not None:
                left -= count
        return parts, new

    def _number_of(self, values: Mapping[str, Any]) -> tuple[int, str | None]:
        """Return the number of a point, with its text when it is a new one."""
        whole = {**self.search.space.fixed, **values}
        text = canonical(whole)
        if text in self._numbers:
            return self._numbers[text], None
        self._remember(whole)
        return self._numbers[text], text

    def _remember(self, values: Mapping[str, Any]) -> None:
        self._numbers.setdefault(canonical(values), len(self.points))
        self.points.append(values)
