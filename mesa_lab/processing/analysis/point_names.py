"""Design points in tables and sentences of conclusions: their numbers, their parameters, what they are called."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.formatting import shorten, show
from mesa_lab.processing.analysis.observations import Observations

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["name_of", "names_of", "numbers_of", "parameter_columns"]

_NAMED: Final = 4
"""Parameters that a point is called by; one that takes more is called by its number."""


def numbers_of(observed: Observations, results: Reader) -> list[int]:
    """Return the number of each point, as `results.runs` has it."""
    if observed.factors:
        return [int(number) for number in observed.factors[0].values.index]
    return [int(number) for number in results.points.index[: observed.n_points]]


def parameter_columns(observed: Observations, taken: Collection[str]) -> dict[str, Any]:
    """Return a column for each varied parameter; one whose name is taken is marked."""
    return {
        f"{factor.name} (parameter)" if factor.name in taken else factor.name: factor.values.to_numpy()
        for factor in observed.factors
    }


def name_of(observed: Observations, row: int, number: int) -> str:
    """Return what a point is called in a sentence: its values where these are few, else its number.

    Args:
        observed: The outcome at the points.
        row: The row of the point there.
        number: Its number.
    """
    parts = [
        f"{shorten(factor.name)} {shorten(show(factor.levels[factor.codes[row]]))}"
        for factor in observed.factors
    ]
    return ", ".join(parts) if 0 < len(parts) <= _NAMED else f"point {number}"


def names_of(observed: Observations, rows: Sequence[int], numbers: Sequence[int]) -> list[str]:
    """Return what points are called on an axis, no two alike."""
    texts = [shorten(name_of(observed, row, number), 60) for row, number in zip(rows, numbers, strict=True)]
    if len(set(texts)) < len(texts):
        return [f"{text} (point {number})" for text, number in zip(texts, numbers, strict=True)]
    return texts
