"""Design points in tables and sentences of conclusions: their numbers, their parameters, what they are called."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.formatting import shorten, show
from mesa_lab.processing.analysis.observations import Observations

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["name_of", "names_axis", "names_of", "numbers_of", "parameter_columns"]

_NAMED: Final = 4
"""Parameters that a point is called by; one that takes more is called by its number."""

_LINE: Final = 44
_LINES: Final = 3
"""Letters in a line of a name on an axis, and how many lines it may have."""


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
    texts = [
        shorten(name_of(observed, row, number), _LINE * _LINES)
        for row, number in zip(rows, numbers, strict=True)
    ]
    if len(set(texts)) < len(texts):
        return [f"{text} (point {number})" for text, number in zip(texts, numbers, strict=True)]
    return texts


def names_axis(names: Sequence[str]) -> tuple[dict[str, Any], int]:
    """Return the options of an axis that bears names of points, broken into lines between parameters, and the pixels of a row.

    Names that differ in their last parameter only would be alike if they were cut.
    """
    lines = max((len(_lines(name)) for name in names), default=1)
    if lines == 1:
        return {"labelLimit": 300}, 26
    broken = rf"split(trim(replace(datum.label, /(.{{1,{_LINE}}})(?:, |$)/g, '$1\n')), '\n')"
    return {"labelLimit": 300, "labelExpr": broken, "labelLineHeight": 12}, 10 + 12 * lines


def _lines(name: str) -> list[str]:
    """A name as the axis breaks it."""
    return re.sub(rf"(.{{1,{_LINE}}})(?:, |$)", r"\1\n", name).strip().split("\n")
