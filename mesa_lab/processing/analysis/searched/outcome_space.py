"""The space of the outcomes: which points no other one betters, and the cells that patterns lie in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Cells", "cells_of", "nondominated"]

type Floats = npt.NDArray[np.float64]
type Cells = list[tuple[int, ...] | None]


def nondominated(losses: Floats) -> npt.NDArray[np.int64]:
    """Return the rows that no other row is at least as good as in everything and better in something.

    Args:
        losses: One row for each point, small is good.

    Example:
        >>> nondominated(np.array([[0.0, 2.0], [1.0, 1.0], [2.0, 2.0]])).tolist()
        [0, 1]
    """
    kept = []
    for place, row in enumerate(losses):
        better = (losses <= row).all(axis=1) & (losses < row).any(axis=1)
        if not better.any():
            kept.append(place)
    return np.array(kept, np.int64)


def cells_of(
    medians: Floats, names: Sequence[str], cells: int | Mapping[str, Any]
) -> tuple[Cells, Floats, Floats]:
    """Return the cell of the outcome space that each pattern lies in.

    Args:
        medians: The patterns: one row for each point, one column for each outcome; NaN where there is none.
        names: The outcomes.
        cells: Into how many cells the range of each that was met is divided; or the width of a cell by outcome.

    Returns:
        For each point its cell, None where it has no pattern; where cells begin and how wide they are, by outcome.

    Example:
        >>> cells_of(np.array([[0.0], [9.0], [10.0]]), ["y"], 5)[0]
        [(0,), (4,), (4,)]
    """
    known = np.isfinite(medians).all(axis=1)
    if not known.any():
        return [None] * len(medians), np.zeros(len(names)), np.zeros(len(names))
    low, high = medians[known].min(axis=0), medians[known].max(axis=0)
    if isinstance(cells, Mapping):
        widths = np.array([float(cells[name]) for name in names])
        low = np.zeros(len(widths))
    else:
        with np.errstate(over="ignore"):
            widths = (high - low) / cells
    with np.errstate(all="ignore"):
        places = np.where(widths > 0, np.floor((medians - low) / np.where(widths > 0, widths, 1.0)), 0.0)
    if not isinstance(cells, Mapping):
        places = np.minimum(places, cells - 1)
    found: Cells = [
        tuple(int(each) for each in row) if there else None for row, there in zip(places, known, strict=True)
    ]
    return found, low, widths
