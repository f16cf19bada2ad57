"""How the runs of a study came about, as far as it matters for statistics.

Three questions decide what an interval over several design points may take for independent: are the points a sample
of the space or the very ones that are asked about, do points share their seeds, and which runs are the same run twice?
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.processing.tables.column_names import level_codes

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = [
    "grid_like",
    "point_identity",
    "points_are_drawn",
    "points_are_sampled",
    "repeated_runs",
    "shares_seeds",
]

_BY_POINTS: Final = ("Table", "FunctionDesign")


def shares_seeds(results: Reader) -> bool:
    """Whether all points have the same seeds in a replication: common random numbers, or an explicit list of seeds."""
    experiment = results.experiment
    return bool(experiment.common_random_numbers) or experiment.seeds is not None


def points_are_sampled(results: Reader) -> bool:
    """Whether the points stand for the whole space, as those of a Latin hypercube do, and not for themselves.

    What a design does not say of itself (tables of points, functions) is seen by the points: every combination of some
    levels, equally often, was chosen and not drawn.
    """
    said = points_are_drawn(results)
    return not grid_like(results.points) if said is None else said


def points_are_drawn(results: Reader) -> bool | None:
    """Whether the design draws its points at random or to fill the space; None where it does not say (tables, functions)."""
    return _drawn(results.experiment.design)


def _drawn(design: Any) -> bool | None:
    """Whether a design draws its points; None where only its points can tell."""
    kind = type(design).__name__
    if kind in _BY_POINTS:
        return None
    if kind == "SparseGrid":  # in the unit cube, but nothing of it is drawn
        return False
    members = getattr(design, "designs", None)
    if members is not None:  # a union
        said = [_drawn(member) for member in members]
        return True if True in said else None if None in said else False
    inner = getattr(design, "design", None)
    if inner is not None:  # a part of the space
        return _drawn(inner)
    return bool(getattr(design, "space_filling", False))


def grid_like(points: pd.DataFrame) -> bool:
    """Whether points are all combinations of the levels of their parameters, equally often.

    Example:
        >>> grid_like(pd.DataFrame({"a": [1, 1, 2, 2], "b": [5, 6, 5, 6]}))
        True
        >>> grid_like(pd.DataFrame({"a": [1, 1, 2, 2], "b": [5, 6, 7, 8]}))
        False
    """
    cells, combined = 1, np.zeros(len(points), dtype=np.int64)
    for name in points:
        codes, levels = level_codes(points[name])
        cells *= max(len(levels), 1)
        if cells > max(len(points), 1):
            return False
        combined = combined * max(len(levels), 1) + codes
    counts = np.bincount(combined, minlength=cells)
    return bool((counts == counts[0]).all())


def point_identity(points: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return for each point, in their order, the number of its values: the same for points that are alike."""
    combined = np.zeros(len(points), dtype=np.int64)
    for name in points:
        codes, levels = level_codes(points[name])
        combined = np.unique(combined * max(len(levels), 1) + codes, return_inverse=True)[1].astype(np.int64)
    return combined


def repeated_runs(
    results: Reader, *, across_points: bool, across_replications: bool
) -> npt.NDArray[np.bool_]:
    """Find runs that are another run once more: the same parameters and the same seed.

    Args:
        results: The results.
        across_points: Whether points of the same values count as one.
        across_replications: Whether replications with the same seed in an explicit list count as one.

    Returns:
        For each run whether it repeats one that counts. Of runs that are alike one counts that came to its end.
    """
    if not shares_seeds(results):  # a seed derives from the point's place among its likes, too
        return np.zeros(len(results.base), dtype=bool)
    identity = point_identity(results.points) if across_points else np.arange(len(results.points))
    seeds = results.experiment.seeds
    replication = results.base["replication"].to_numpy(dtype=np.int64)
    if seeds is not None and across_replications:  # a list may hold a seed twice
        first = {seed: place for place, seed in reversed(list(enumerate(seeds)))}
        replication = np.array([first[seed] for seed in seeds], dtype=np.int64)[replication]
    key = identity[results.point_rows] * (int(replication.max(initial=0)) + 1) + replication
    order = np.argsort(~results.done, kind="stable")  # those that came to their end first
    _, place = np.unique(key[order], return_index=True)
    repeated = np.ones(len(key), dtype=bool)
    repeated[order[place]] = False
    return repeated
