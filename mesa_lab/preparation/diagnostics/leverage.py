"""Points that carry a parameter alone: without such a point its effect could not be estimated at all."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mesa_lab.preparation.diagnostics.columns import Column

__all__ = ["Lone", "lone_points"]

_ALONE: Final = 1 - 1e-9
MOST_POINTS: Final = 5_000
MOST_TERMS: Final = 200
MOST_NAMED: Final = 50

type Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Lone:
    """A point that carries a parameter alone.

    Attributes:
        point: The row of the design matrix.
        parameter: The parameter whose effect, or that of one of its values, rests on this point.
        value: Its value there.
    """

    point: int
    parameter: str
    value: Any


def lone_points(columns: list[Column], n_points: int) -> list[Lone]:
    """Return the points without which the main effect of some parameter, or of one of its categories, is lost.

    They have a leverage of 1 in the model of main effects (Belsley, Kuh & Welsch 1980, Regression Diagnostics, section 2.1).
    There are none to name when the points are no more than the coefficients.
    """
    terms: list[Array] = [np.ones(n_points)]
    owners: list[Column | None] = [None]
    for column in columns:
        if len(column.values) < 2:
            continue
        if column.ordered:
            parts = [column.scores]
        else:
            parts = [(column.codes == code).astype(float) for code in range(1, len(column.values))]
        terms += parts
        owners += [column] * len(parts)
    if n_points > MOST_POINTS or not len(terms) < n_points or len(terms) > MOST_TERMS:
        return []
    model = np.column_stack(terms)
    spread = np.ptp(model, axis=0)
    model[:, 1:] = (model[:, 1:] - model[:, 1:].min(axis=0)) / np.where(spread[1:] > 0, spread[1:], 1)
    basis, sizes, _ = np.linalg.svd(model, full_matrices=False)
    leverage = (basis[:, sizes > 1e-10 * sizes.max()] ** 2).sum(axis=1)
    found = []
    for point in np.flatnonzero(leverage > _ALONE)[:MOST_NAMED]:
        owner = _lost(np.delete(model, point, axis=0), owners)
        if owner is not None:
            found.append(Lone(int(point), owner.name, owner.values[owner.codes[point]]))
    return found


def _lost(model: Array, owners: list[Column | None]) -> Column | None:
    """The parameter of the first column that the others now make up."""
    _, sizes, right = np.linalg.svd(
        model, full_matrices=False
    )  # with more rows than columns, all of the right side
    null = right[int((sizes > 1e-10 * sizes.max()).sum()) :]
    weights = np.abs(null).max(axis=0) if len(null) else np.zeros(model.shape[1])
    places = [place for place in np.flatnonzero(weights > 1e-6) if owners[place] is not None]
    return owners[min(places, key=lambda place: -weights[place])] if places else None
