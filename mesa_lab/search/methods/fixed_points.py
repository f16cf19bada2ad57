"""What methods share that choose no points: those of the design, with what is known of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mesa_lab.preparation.encoding import canonical
from mesa_lab.search.estimates import estimates
from mesa_lab.search.method import Request

if TYPE_CHECKING:
    from mesa_lab.search.history import Floats, History

__all__ = ["FixedPoints"]


class FixedPoints:
    """The points of a design in a search, each once.

    Args:
        history: What is known.
        outcome: The outcome that is looked at.
    """

    def __init__(self, history: History, outcome: str) -> None:
        names = tuple(history.space.varied)
        numbers = {
            canonical({name: point[name] for name in names}): number
            for number, point in enumerate(history.points)
        }
        rows = {canonical(values): values for values in history.base}
        self.history = history
        self.rows: Sequence[Mapping[str, Any]] = list(rows.values())
        self.numbers = [numbers.get(text) for text in rows]
        self._found = estimates(history, outcome)

    def __len__(self) -> int:
        return len(self.rows)

    def asked(self, place: int) -> int:
        """How many runs of a point were asked for."""
        number = self.numbers[place]
        return 0 if number is None else int(self.history.asked[number])

    def ended(self, place: int) -> int:
        """How many of its runs have ended, failed ones too."""
        number = self.numbers[place]
        return 0 if number is None else int(self._found.n_ended[number])

    def row(self, place: int) -> Floats:
        """Its values by replication; NaN where there is none."""
        number = self.numbers[place]
        return np.zeros(0) if number is None else self._found.values[number]

    def values(self, place: int) -> Floats:
        """Its values in the order of the replications, without what is missing."""
        row = self.row(place)
        return row[np.isfinite(row)]

    def are_one_number(self, places: Sequence[int]) -> bool:
        """Whether all runs of some points gave the same number, two at least of each."""
        values = [self.values(place) for place in places]
        if min(map(len, values), default=0) < 2:
            return False
        together = np.concatenate(values)
        return float(together.min()) == float(together.max())

    def request(self, place: int, replications: int) -> Request:
        """Ask for further runs of it."""
        return Request(values=self.rows[place], replications=replications)

    def matrix(self, places: Sequence[int]) -> Floats:
        """Values of some points: one row for each, one column for each replication; NaN where there is none."""
        rows = [self.row(place) for place in places]
        width = max(map(len, rows), default=0)
        padded = [np.pad(row, (0, width - len(row)), constant_values=np.nan) for row in rows]
        return np.array(padded, np.float64).reshape(len(rows), width)
