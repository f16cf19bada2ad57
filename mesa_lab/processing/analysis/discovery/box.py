"""Boxes in a space of points: what is inside, and how well a box tells inside from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Box", "Space", "likelihood_ratio", "members"]

type Floats = npt.NDArray[np.float64]
type Codes = npt.NDArray[np.int64]
type Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Space:
    """The points that boxes are made of.

    Attributes:
        codes: The number of each parameter's level at each point, of shape (points, parameters).
        levels: How many levels each parameter has.
        unordered: For each parameter whether its levels have no order.
        share: The share of each point's runs in which the event happened.
    """

    codes: Codes
    levels: Codes
    unordered: Mask
    share: Floats

    def at(self, rows: npt.NDArray[Any]) -> Space:
        """Return some of the points, perhaps several times."""
        return Space(self.codes[rows], self.levels, self.unordered, self.share[rows])


@dataclass(frozen=True, eq=False)
class Box:
    """A box, and what is in it.

    Attributes:
        low: The first level inside, for each parameter with an order.
        high: The last level inside.
        kept: For each parameter without an order which of its levels are inside; None for the others.
        n: How many points are inside.
        events: The sum of their shares.
        coverage: The share of all events that are inside.
        density: The mean share inside.
    """

    low: Codes
    high: Codes
    kept: tuple[Mask | None, ...]
    n: int
    events: float
    coverage: float
    density: float

    def restricted(self, space: Space) -> list[int]:
        """Return the numbers of the parameters that the box restricts."""
        found = []
        for at, kept in enumerate(self.kept):
            if kept is not None:
                if not kept.all():
                    found.append(at)
            elif self.low[at] > 0 or self.high[at] < space.levels[at] - 1:
                found.append(at)
        return found


def members(space: Space, box: Box) -> Mask:
    """Return which points are in a box."""
    inside = ((space.codes >= box.low) & (space.codes <= box.high)).all(axis=1)
    for at, kept in enumerate(box.kept):
        if kept is not None:
            inside &= kept[space.codes[:, at]]
    return np.asarray(inside)


def likelihood_ratio(box: Box, n: int, events: float) -> float:
    """The logarithm of the likelihood ratio of two shares, inside and outside of a box, to one share for all points.

    Args:
        box: The box.
        n: All points.
        events: The sum of all shares.
    """
    outside = n - box.n
    if outside <= 0 or box.n <= 0 or box.density <= events / n:
        return 0.0
    return (
        _likelihood(box.density, box.n)
        + _likelihood(max(events - box.events, 0.0) / outside, outside)
        - _likelihood(events / n, n)
    )


def _likelihood(share: float, n: int) -> float:
    from scipy.special import xlogy

    share = min(max(share, 0.0), 1.0)
    return n * float(xlogy(share, share) + xlogy(1 - share, 1 - share))
