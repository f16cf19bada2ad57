"""Permutation importance: what a forest loses in predicting points that it has not seen when one parameter is shuffled.

Extra trees (Geurts et al., 2006, Machine Learning 63: 3-42) from scikit-learn, fitted to half of the points and asked about
the other half, both ways round. The loss in squared error, over twice the variance between points, is the total index of a
parameter where the forest is right, interactions included; where the forest explains little it is less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.analysis.cancellation import check_cancelled
from mesa_lab.processing.analysis.observations import Observations

__all__ = ["TreeImportance", "tree_features", "tree_importance"]

type Floats = npt.NDArray[np.float64]

MOST_POINTS: Final = 1200
_TREES: Final = 60
_SHUFFLES: Final = 5
FEWEST_POINTS: Final = 20


@dataclass(frozen=True, eq=False)
class TreeImportance:
    """Permutation importances; arrays have one entry per parameter.

    Attributes:
        importance: Loss in squared error over twice the variance between points.
        low: Lower ends of the intervals over points, for the forest as it is; `high` the upper ones.
        p: One-sided p-value: is there any loss?
        explained: Share of the variance between points that the forest explains at points it has not seen.
        n_points: How many points it was computed on: a sample where there are many.
    """

    importance: Floats
    low: Floats
    high: Floats
    p: Floats
    explained: float
    n_points: int


def tree_features(observations: Observations) -> tuple[Floats, list[list[int]]]:
    """Return the points as columns for trees, and which columns belong to each parameter.

    A number is one column; a choice without an order has one column of zeros and ones for each level.
    """
    columns: list[Floats] = []
    belongs: list[list[int]] = []
    for factor in observations.factors:
        if factor.categorical:
            mine = [np.asarray(factor.codes == code, dtype=np.float64) for code in range(len(factor.levels))]
        else:
            mine = [factor.unit]
        belongs.append(list(range(len(columns), len(columns) + len(mine))))
        columns += mine
    return np.column_stack(columns), belongs


def tree_importance(observations: Observations, variance: float, seed: int = 1) -> TreeImportance | None:
    """Compute permutation importances.

    Args:
        observations: The outcome at the points.
        variance: Of the outcome between points without the noise in it, in units of the variance of all runs.
        seed: Of the trees, the halves and the shuffles.

    Returns:
        The importances, None below 20 points or without variance.
    """
    from scipy.special import ndtr

    rng = np.random.default_rng(seed)
    measured = observations.measured().standardised()
    if measured.n_points > MOST_POINTS:
        measured = measured.at(np.sort(rng.choice(measured.n_points, MOST_POINTS, replace=False)))
    n, k = measured.n_points, len(measured.factors)
    if n < FEWEST_POINTS or not variance > 0:
        return None
    y = measured.mean
    features, belongs = tree_features(measured)
    order = rng.permutation(n)
    halves = (order[: n // 2], order[n // 2 :])
    loss, error = np.zeros((n, k)), np.zeros(n)
    for fitted, asked in (halves, halves[::-1]):
        forest = _forest(features[fitted], y[fitted], seed)
        check_cancelled()
        error[asked] = (y[asked] - forest.predict(features[asked])) ** 2
        # All shuffles are asked in one go: a forest answers a few large tables faster than many small ones.
        tables = []
        for columns in belongs:
            for _ in range(_SHUFFLES):
                shuffled = features[asked].copy()
                shuffled[:, columns] = shuffled[rng.permutation(len(asked))][:, columns]
                tables.append(shuffled)
        missed = (y[asked] - forest.predict(np.vstack(tables)).reshape(len(tables), -1)) ** 2
        loss[asked] = missed.reshape(k, _SHUFFLES, -1).mean(axis=1).T
        check_cancelled()
    worse = (loss - error[:, None]) / (2 * variance)
    importance, se = worse.mean(axis=0), worse.std(axis=0, ddof=1) / np.sqrt(n)
    with np.errstate(all="ignore"):
        p = np.where(se > 0, ndtr(-importance / se), 1.0)
    noise = y.var(ddof=1) - variance
    return TreeImportance(
        importance=importance,
        low=importance - 1.96 * se,
        high=importance + 1.96 * se,
        p=p,
        explained=float(np.clip(1 - (error.mean() - max(noise, 0.0)) / variance, 0.0, 1.0)),
        n_points=n,
    )


def _forest(features: Floats, y: Floats, seed: int) -> Any:
    from sklearn.ensemble import ExtraTreesRegressor

    return ExtraTreesRegressor(_TREES, min_samples_leaf=2, random_state=seed, n_jobs=1).fit(features, y)
