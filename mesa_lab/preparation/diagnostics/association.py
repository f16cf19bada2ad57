"""How far two parameters change together over the points of a design, so that their effects are hard to tell apart."""

import itertools
from typing import Any, Final

import numpy as np

from mesa_lab.preparation.diagnostics.columns import Column
from mesa_lab.preparation.parameters import Choice, Levels

__all__ = ["cramers_v", "largest_correlation", "largest_v"]

_FEW: Final = 12
"""A column of so many values is taken for a category beside one that is."""

type Array = np.ndarray[Any, np.dtype[Any]]
type Pair = tuple[str, str]


def largest_correlation(columns: list[Column], n_points: int) -> tuple[float | None, Pair | None]:
    """Return the largest Pearson correlation between two parameters that have an order, without its sign, and theirs."""
    scores = {column.name: column.scores for column in columns if column.ordered}
    able = {name: numbers for name, numbers in scores.items() if len(numbers) and np.ptp(numbers) > 0}
    if n_points < 3 or len(able) < 2:
        return None, None
    matrix = np.abs(np.corrcoef(np.column_stack(list(able.values())), rowvar=False))
    np.fill_diagonal(matrix, -1)
    first, second = np.unravel_index(int(np.argmax(matrix)), matrix.shape)
    largest = min(float(matrix[first, second]), 1.0)
    return (0.0 if largest < 1e-12 else largest), (list(able)[first], list(able)[second])


def largest_v(columns: list[Column]) -> tuple[float | None, Pair | None, float]:
    """Return the largest Cramér's V between two categories, theirs, and the same V less what chance alone gives.

    Categories are choices and levels that are no numbers; a category is also held against another parameter of few values,
    unless both have an order, which is a matter of correlation.
    """
    largest: tuple[float | None, Pair | None, float] = (None, None, 0.0)
    few = [column for column in columns if 2 <= len(column.values) <= _FEW]
    for one, other in itertools.combinations(few, 2):
        if not (_category(one) or _category(other)) or (
            one.ordered and other.ordered and not _both(one, other)
        ):
            continue
        plain, corrected = cramers_v(one.codes, other.codes)
        if largest[0] is None or plain > largest[0]:
            largest = plain, (one.name, other.name), corrected
    return largest


def _both(one: Column, other: Column) -> bool:
    return _category(one) and _category(other)


def _category(column: Column) -> bool:
    return isinstance(column.parameter, Choice) or (
        isinstance(column.parameter, Levels) and not column.numeric
    )


def cramers_v(one: Array, other: Array) -> tuple[float, float]:
    """Return Cramér's V of two columns of category numbers, and the same with the bias of small samples taken off.

    Cramér (1946), Mathematical Methods of Statistics, page 282; Bergsma (2013), J. Korean Stat. Soc. 42: 323-328.

    Args:
        one: The number of each row's category, from 0; every number occurs.
        other: The same of the other column.

    Returns:
        Both from 0, when each category of one meets those of the other equally, to 1, when one tells the other.

    Example:
        >>> cramers_v(np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 0, 1]))
        (0.0, 0.0)
    """
    rows, across = int(one.max()) + 1, int(other.max()) + 1
    n = len(one)
    if min(rows, across) < 2:
        return 0.0, 0.0
    counts = np.bincount(one * across + other, minlength=rows * across).reshape(rows, across).astype(float)
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / n
    phi = float(((counts - expected) ** 2 / expected).sum() / n)
    plain = float(np.sqrt(phi / (min(rows, across) - 1)))
    free = (rows - 1) * (across - 1)
    corrected = max(0.0, phi - free / (n - 1)) if n > 1 else 0.0
    smaller = min(rows - (rows - 1) ** 2 / max(n - 1, 1), across - (across - 1) ** 2 / max(n - 1, 1)) - 1
    return min(plain, 1.0), float(np.sqrt(min(1.0, corrected / smaller))) if smaller > 0 else 0.0
