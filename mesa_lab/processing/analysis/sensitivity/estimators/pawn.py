"""PAWN: how far the whole distribution of the outcome moves when one parameter is held in a part of its range.

The median over slices of the parameter of the Kolmogorov-Smirnov distance between the runs in the slice and all runs
(Pianosi and Wagener, 2018, Environmental Modelling and Software 108: 197-207). Of any finite sample it is above 0 for a
parameter without influence too, the more so the fewer points there are, so that it means nothing without a dummy: the same
parameter with its values dealt anew among the points (Khorashadi Zadeh et al., 2017, Environmental Modelling and Software
91: 210-222, advise one). The number of slices changes the value (Puy et al., 2020, Environmental Modelling and Software
127: 104667): it is fixed by the number of points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.analysis.cancellation import check_cancelled
from mesa_lab.processing.analysis.observations import Factor, Observations

__all__ = ["Pawn", "pawn"]

type Floats = npt.NDArray[np.float64]

MOST_POINTS: Final = 1000
MOST_RUNS: Final = 4000
_SLICES: Final = 10
_POINTS_PER_SLICE: Final = 8
_DUMMIES: Final = 400


@dataclass(frozen=True, eq=False)
class Pawn:
    """PAWN indices; arrays have one entry per parameter.

    Attributes:
        index: Median distance between the distributions in slices and that of all runs, 0 to 1.
        dummy: The mean of the same for dummies: what a parameter without influence gets here.
        p: How often a dummy gets as much.
        n_points: How many points it was computed on: a sample where there are many.
    """

    index: Floats
    dummy: Floats
    p: Floats
    n_points: int


def pawn(observations: Observations, seed: int = 1) -> Pawn:
    """Compute PAWN indices with dummies.

    Args:
        observations: The outcome at the points.
        seed: Of the sample of points, where there are many, and of the dummies.
    """
    rng = np.random.default_rng(seed)
    measured = observations.measured()
    if measured.n_points > MOST_POINTS:
        measured = measured.at(np.sort(rng.choice(measured.n_points, MOST_POINTS, replace=False)))
    values = measured.values[:, : max(1, MOST_RUNS // max(measured.n_points, 1))]
    known = np.isfinite(values)
    point, _ = np.nonzero(known)
    order = np.argsort(values[known], kind="stable")
    point, sorted_values = point[order], values[known][order]
    last = np.append(sorted_values[1:] != sorted_values[:-1], True)  # equal values make one step together
    k = len(measured.factors)
    index, dummy, p = np.full(k, np.nan), np.full(k, np.nan), np.full(k, np.nan)
    null: dict[tuple[int, ...], Floats] = {}
    for place, factor in enumerate(measured.factors):
        slices = _slices(factor)
        sizes = tuple(np.sort(np.bincount(slices)).tolist())
        if len(sizes) < 2:
            continue
        index[place] = _median_distance(slices[point], last, len(sizes))
        if sizes not in null:  # chance depends on the sizes of the slices alone
            null[sizes] = np.array([_dealt(slices, point, last, len(sizes), rng) for _ in range(_DUMMIES)])
        dummy[place] = null[sizes].mean()
        p[place] = _tail(index[place], null[sizes])
    return Pawn(index, dummy, p, measured.n_points)


def _dealt(
    slices: npt.NDArray[Any],
    point: npt.NDArray[Any],
    last: npt.NDArray[Any],
    n: int,
    rng: np.random.Generator,
) -> float:
    check_cancelled()
    return _median_distance(rng.permutation(slices)[point], last, n)


def _slices(factor: Factor) -> npt.NDArray[np.int64]:
    """Number the slice of each point: its level, or one of equally many points each."""
    n = len(factor.codes)
    if factor.by_level:
        return np.unique(factor.codes, return_inverse=True)[1].astype(np.int64)
    count = int(np.clip(n // _POINTS_PER_SLICE, 2, _SLICES))
    ranks = np.argsort(np.argsort(factor.codes, kind="stable"), kind="stable")
    return np.asarray(ranks * count // n, dtype=np.int64)


def _median_distance(slice_of_run: npt.NDArray[Any], last: npt.NDArray[Any], n: int) -> float:
    """The median over slices of the largest distance between distribution functions; runs are in ascending order."""
    runs = len(slice_of_run)
    reached = np.cumsum(slice_of_run[None, :] == np.arange(n)[:, None], axis=1, dtype=np.float64)
    total = reached[:, -1:]
    apart = np.abs(reached / np.maximum(total, 1) - np.arange(1, runs + 1) / runs)
    return float(np.median(apart[:, last].max(axis=1)))


def _tail(value: float, null: Floats) -> float:
    """How often chance gets as much; beyond what was drawn, by a normal tail through the dummies, but not below 1e-6."""
    from scipy.special import ndtr

    counted = (1 + float((null >= value).sum())) / (1 + len(null))
    spread = float(null.std(ddof=1))
    if counted > 2 / (1 + len(null)) or spread == 0:
        return counted
    # Distances lean to the right, so that the normal tail is widened by half.
    return float(np.clip(ndtr(-(value - null.mean()) / (1.5 * spread)), 1e-6, counted))
