"""Which box to show: the choice on the trajectory, further boxes in what is left, and how far chance would have come.

A search among many boxes finds a dense one in any data. So the box that is chosen is judged three ways: by the same search on
points whose outcomes are dealt anew (could chance have found as much?), by searches on resampled points (which restrictions
come again?), and by the points that a resample left out (how dense is it where the search did not look?).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.analysis.boxes.prim import (
    Box,
    Space,
    find_boxes,
    likelihood_ratio,
    members,
    simplified,
)

__all__ = ["Judgement", "chosen", "judge", "search"]

type Floats = npt.NDArray[np.float64]

MOST_POINTS: Final = 600
"""Points of a repeated search."""
RESAMPLES: Final = 40
SHUFFLES: Final = 59
"""One in sixty is small enough to tell chance; more take a search each, and an answer is to be there in 3 s."""
MOST_BOXES: Final = 3
_WORTHWHILE: Final = 0.1
"""The share of all events that a further box must hold."""
_ONWARDS: Final = 3
"""How many peels in a row may bring no gain before the search for a box ends."""


@dataclass(frozen=True, eq=False)
class Judgement:
    """How far a box can be trusted.

    Attributes:
        p: How often the search finds as much in points whose outcomes are dealt anew.
        again: For each parameter in which share of resamples the box restricts it.
        fresh: Density at the points that resamples left out, in the boxes found without them.
        overlap: The share of the box's points that a box from a resample holds too, on average.
        n_points: Points of each repeated search.
    """

    p: float
    again: Floats
    fresh: float
    overlap: float
    n_points: int


def search(space: Space, density: float | None = None) -> tuple[list[Box], list[Box]]:
    """Find the boxes to show.

    Args:
        space: The points.
        density: The density that a box must have; None takes the one that tells inside
            from outside best.

    Returns:
        The chosen boxes, the first the most telling, and the trajectory that the first comes from.
    """
    total = float(space.share.sum())
    trajectory = find_boxes(space, onwards=_ONWARDS)
    first = simplified(space, chosen(trajectory, density))
    boxes = [first]
    left = np.flatnonzero(~members(space, first))
    base = total / len(space.share)
    while len(boxes) < MOST_BOXES and len(left) >= 20:
        rest = space.at(left)
        box = simplified(rest, chosen(find_boxes(rest, total, onwards=_ONWARDS), density), total)
        dense = box.density > max(base, 0.5 * first.density)
        if not box.restricted(rest) or box.coverage < _WORTHWHILE or not dense:
            break
        boxes.append(box)
        left = left[~members(rest, box)]
    return boxes, trajectory


def chosen(trajectory: list[Box], density: float | None = None) -> Box:
    """Choose a box on a trajectory.

    Args:
        trajectory: All boxes, from everything to the densest.
        density: Take the box of the largest coverage that is at least so dense, or else the densest; None takes the one that
            tells inside from outside best, by the likelihood ratio of the two shares.
    """
    if density is not None:
        dense = [box for box in trajectory if box.density >= density - 1e-12]
        if dense:
            return max(dense, key=lambda box: (box.coverage, box.density))
        return max(trajectory, key=lambda box: box.density)
    everything = trajectory[0]
    return max(trajectory, key=lambda box: likelihood_ratio(box, everything.n, everything.events))


def _gain(space: Space, density: float | None) -> float:
    """How well the box that a search finds tells inside from outside."""
    trajectory = find_boxes(space, onwards=_ONWARDS)
    found = simplified(space, chosen(trajectory, density))
    return likelihood_ratio(found, trajectory[0].n, trajectory[0].events)


def judge(space: Space, box: Box, density: float | None = None, seed: int = 1) -> Judgement:
    """Judge the first box that `search` found by searching again and again.

    Args:
        space: The points.
        box: The box.
        density: As it was searched for.
        seed: Of the resamples and shuffles.
    """
    rng = np.random.default_rng(seed)
    n = len(space.share)
    size = min(n, MOST_POINTS)
    small = space if size == n else space.at(np.sort(rng.choice(n, size, replace=False)))
    inside = members(space, box)
    again = np.zeros(len(space.levels))
    fresh, overlaps = [], []
    for _ in range(RESAMPLES):
        drawn = rng.integers(0, size, size)
        out = np.setdiff1d(np.arange(size), drawn)
        sample = small.at(drawn)
        found = simplified(sample, chosen(find_boxes(sample, onwards=_ONWARDS), density))
        again[found.restricted(sample)] += 1 / RESAMPLES
        held = members(small, found)
        if held[out].any():
            fresh.append(float(small.share[out][held[out]].mean()))
        if inside.any():
            overlaps.append(float(members(space, found)[inside].mean()))
    measured = _gain(small, density)
    reached = 0
    for _ in range(SHUFFLES):
        dealt = Space(small.codes, small.levels, small.unordered, rng.permutation(small.share))
        reached += _gain(dealt, density) >= measured
    return Judgement(
        p=(1 + reached) / (1 + SHUFFLES),
        again=again,
        fresh=float(np.mean(fresh)) if fresh else float("nan"),
        overlap=float(np.mean(overlaps)) if overlaps else float("nan"),
        n_points=size,
    )
