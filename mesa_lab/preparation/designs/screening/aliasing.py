"""Which effects a design mixes up with each other, found from its points alone, whatever made them.

Nothing is taken from a design's name or generators: all words are tried, so a design that is not what it claims to be is
found out.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MOST_FACTORS", "Aliasing", "aliasing", "roman", "strength"]

MOST_FACTORS: Final = 64
LONGEST_WORD: Final = 5
_SAME: Final = 1 - 1e-9
_NONE: Final = 1e-9

type Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class Aliasing:
    """Which effects a design cannot tell apart.

    Attributes:
        resolution: The length of the shortest word of factors that are not free of each other: 3 when main effects are mixed
            with two-way interactions, 4 when two-way interactions are with one another. None when no word of up to five
            factors is, or when the levels are not balanced, as in a composite design.
        table: One row per main effect, two-way interaction and, with three levels and more, quadratic effect: `term`;
            `aliased_with`, those that cannot be told from it at all, with their sign, or an empty text; `in_part`, how many
            others it is correlated with; `largest`, the largest of these correlations without its sign.
    """

    resolution: int | None
    table: "pd.DataFrame"

    @property
    def mixed(self) -> "pd.DataFrame":
        """The rows of the table that are mixed up with another one entirely."""
        return self.table[self.table["aliased_with"] != ""]


def strength(codes: Mapping[str, Array], most: int = LONGEST_WORD) -> int:
    """Return how many columns at a time hold all combinations of their levels equally often.

    Args:
        codes: The number of each row's level, from 0, by parameter.
        most: Stop at so many columns.

    Returns:
        0 when a single column is not balanced; at most the number of columns.

    Example:
        >>> strength({"a": np.array([0, 0, 1, 1]), "b": np.array([0, 1, 0, 1]), "c": np.array([0, 1, 1, 0])})
        2
    """
    columns = [np.asarray(column, dtype=np.int64) for column in codes.values()]
    sizes = [int(column.max()) + 1 if len(column) else 0 for column in columns]
    for wide in range(1, min(most, len(columns)) + 1):
        for chosen in itertools.combinations(range(len(columns)), wide):
            cells = 1
            place = np.zeros(len(columns[0]), dtype=np.int64)
            for one in chosen:
                place = place * sizes[one] + columns[one]
                cells *= sizes[one]
            if not cells or len(place) % cells:
                return wide - 1
            counts = np.bincount(place, minlength=cells)
            if (counts != len(place) // cells).any():
                return wide - 1
    return min(most, len(columns))


def aliasing(codes: Mapping[str, Array], scores: Mapping[str, Array]) -> Aliasing:
    """Find out which effects of a design are mixed up with each other.

    Args:
        codes: The number of each row's level, from 0, by parameter: for the resolution.
        scores: Numbers for the levels of each row, by parameter, for those whose levels are two, or numbers: for the table.

    Example:
        >>> half = {"a": np.array([-1, -1, 1, 1]), "b": np.array([-1, 1, -1, 1]), "c": np.array([1, -1, -1, 1])}
        >>> found = aliasing({name: (column + 1) // 2 for name, column in half.items()}, half)
        >>> found.resolution, found.table["aliased_with"].head(3).tolist()
        (3, ['b × c', 'a × c', 'a × b'])
    """
    import pandas as pd

    wide = strength(codes)
    resolution = wide + 1 if 1 <= wide < min(len(codes), LONGEST_WORD) else None
    if resolution == 2 and not all(column.max(initial=0) == 1 for column in codes.values()):
        resolution = None  # levels of unlike number are rarely balanced, and the correlation says it better
    terms = _terms(scores)
    names = list(terms)
    rows: list[tuple[str, str, int, float]] = []
    if names:
        correlated = _correlations(np.column_stack(list(terms.values())))
        for place, name in enumerate(names):
            row = correlated[place]
            size = np.abs(row)
            same = [
                ("−" if row[other] < 0 else "") + names[other]
                for other in np.flatnonzero(size > _SAME)
                if other != place
            ]
            part = (size > _NONE) & (size <= _SAME)
            rows.append((name, " = ".join(same), int(part.sum()), float(size[part].max(initial=0.0))))
    table = pd.DataFrame(rows, columns=["term", "aliased_with", "in_part", "largest"])
    return Aliasing(resolution, table)


def _terms(scores: Mapping[str, Array]) -> dict[str, Array]:
    """The columns of a model with main effects, two-way interactions and quadratic effects; constant ones are left out."""
    centred = {name: _centred(column) for name, column in scores.items()}
    terms = dict(centred)
    for first, second in itertools.combinations(centred, 2):
        terms[f"{first} × {second}"] = centred[first] * centred[second]
    for name, column in centred.items():
        if len(np.unique(column)) > 2:
            terms[f"{name}²"] = column * column
    return {name: column for name, column in terms.items() if np.ptp(column) > _NONE}


def _centred(column: Array) -> Array:
    """Scores from -1 to 1, as interactions are defined about the middle of the range."""
    numbers = np.asarray(column, dtype=float)
    low, high = numbers.min(initial=np.inf), numbers.max(initial=-np.inf)
    return np.zeros(len(numbers)) if not high > low else (2 * numbers - low - high) / (high - low)


def _correlations(columns: Array) -> Array:
    around = columns - columns.mean(axis=0)
    around = around / np.sqrt((around**2).sum(axis=0))
    return np.clip(around.T @ around, -1, 1)


def roman(resolution: int) -> str:
    """Return a resolution as it is written.

    Example:
        >>> roman(4)
        'IV'
    """
    return ("", "I", "II", "III", "IV", "V", "VI")[resolution]
