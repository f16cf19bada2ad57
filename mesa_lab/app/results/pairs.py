"""Which two are compared: two points, two levels of a parameter or two studies, as a choice and as text for an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.formatting import label, shorten, show

if TYPE_CHECKING:
    from mesa_lab.workspace.shared_results import Opened

__all__ = ["KINDS", "Pair", "levels_of_pair", "point_words", "where"]

KINDS: Final = (("points", "Two points"), ("levels", "Two levels"), ("studies", "Two studies"))


@dataclass(frozen=True)
class Pair:
    """What is compared.

    Attributes:
        kind: "points", "levels" or "studies".
        first: The number of the first point or level, -1 for none yet.
        second: That of the second.
        name: The parameter whose levels, or the key of the study with which this one is compared.
    """

    kind: str = ""
    first: int = -1
    second: int = -1
    name: str = ""

    def to_text(self) -> str:
        """Return it as one text, for an address.

        Example:
            >>> Pair("levels", 0, 2, "wolf gain").to_text()
            'levels 0 2 wolf gain'
        """
        return f"{self.kind} {self.first} {self.second} {self.name}".rstrip() if self.kind else ""

    @classmethod
    def from_text(cls, text: str) -> Pair:
        """Read it; what makes no sense is as if nothing had been chosen.

        Example:
            >>> Pair.from_text("points 3 x")
            Pair(kind='points', first=3, second=-1, name='')
            >>> Pair.from_text("<b>")
            Pair(kind='', first=-1, second=-1, name='')
        """
        kind, first, second, name = (*text.split(" ", 3), "", "", "", "")[:4]
        if kind not in dict(KINDS):
            return cls()
        return cls(kind, _number(first), _number(second), name)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1


def levels_of_pair(levels: Mapping[str, Sequence[Any]], pair: Pair) -> Pair:
    """Return the levels that a pair means: at first the two ends of the range of the first parameter.

    Args:
        levels: The parameters to choose from with their levels; at least one.
        pair: What was chosen, as far as it was.

    Example:
        >>> levels_of_pair({"density": [0.6, 0.7, 0.8]}, Pair("levels", 1, 9))
        Pair(kind='levels', first=1, second=2, name='density')
    """
    name = pair.name if pair.name in levels else next(iter(levels))
    last = len(levels[name]) - 1
    first = pair.first if 0 <= pair.first <= last else 0
    second = pair.second if 0 <= pair.second <= last else last
    return Pair("levels", first, second, name)


def where(opened: Opened, point: int) -> dict[str, Any]:
    """Return the varied parameters of a point."""
    points, columns = opened.results.points, opened.results.columns
    return {name: points[columns[name]].loc[point] for name in opened.parameters}


def point_words(opened: Opened, point: int) -> str:
    """Return what a point is, in words."""
    parts = [
        f"{shorten(label(name), 30)} {shorten(show(value), 30)}"
        for name, value in where(opened, point).items()
    ]
    more = len(parts) - 6
    return f"Point {point}: {', '.join(parts[:6])}" + (f" and {more} more" if more > 0 else "")
