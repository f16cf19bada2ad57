"""Whose runs go next: the students take turns, whatever they ask for.

A turn is as many runs as fit into a moment, one at least. Who never had a turn comes first, then who has waited longest, so
that everybody has a first result before anybody has a hundredth, and a student with ten studies gets no more turns than one
with a single study. This is round robin over students (Nagle, 1987, "On packet switches with infinite storage"); the turns being
equal in time, it is deficit round robin (Shreedhar and Varghese, 1996) with a deficit of one run at most.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Final

__all__ = ["FIRST_RUNS", "Turns", "runs_in_turn"]

FIRST_RUNS: Final = 1
"""Runs of the first turn of a study, while nobody knows how long they take."""
_TURN_SECONDS: Final = 0.4
_ALONE_SECONDS: Final = 1.5
_MOST_RUNS: Final = 400


class Turns:
    """Who has had how recent a turn.

    Args:
        first: Who goes before all others whenever they have something to run, such as the teacher.

    Example:
        >>> turns = Turns()
        >>> [turns.next(["ada", "bob"]) for _ in range(3)]
        ['ada', 'bob', 'ada']
    """

    def __init__(self, first: Iterable[str] = ()) -> None:
        self._first = frozenset(first)
        self._last: dict[str, int] = {}
        self._count = itertools.count(1)

    def next(self, waiting: Iterable[str]) -> str | None:
        """Return who goes next of those who wait, and note the turn; None when nobody waits."""
        chosen = min(
            waiting, key=lambda name: (name not in self._first, self._last.get(name, 0)), default=None
        )
        if chosen is not None:
            self._last[chosen] = next(self._count)
        return chosen

    def before(self, name: str, waiting: Iterable[str]) -> int:
        """Return how many of those who wait have their turn before somebody."""
        mine = (name not in self._first, self._last.get(name, 0))
        return sum(
            (other not in self._first, self._last.get(other, 0)) < mine for other in waiting if other != name
        )


def runs_in_turn(seconds: float | None, alone: bool) -> int:
    """Return how many runs make one turn.

    Args:
        seconds: What a run takes, None while that is unknown.
        alone: Whether nobody else waits.

    Example:
        >>> runs_in_turn(0.02, alone=False), runs_in_turn(60.0, alone=False), runs_in_turn(None, alone=True)
        (20, 1, 1)
    """
    if seconds is None:
        return FIRST_RUNS
    moment = _ALONE_SECONDS if alone else _TURN_SECONDS
    return max(1, min(_MOST_RUNS, int(moment / max(seconds, 1e-6) + 1e-9)))
