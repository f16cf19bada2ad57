"""Means over the levels of two parameters, for the charts of interactions, and the rows of the effect matrix."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mesa_lab.processing.analysis.effects.terms import TIMES, Model, main_name
from mesa_lab.processing.analysis.observations import Observations
from mesa_lab.processing.charts.axis_levels import unique_labels

__all__ = ["cell_means", "matrix_rows"]


def cell_means(observed: Observations, pair: tuple[int, int], level: float) -> pd.DataFrame:
    """Return the mean of each pair of levels.

    The points of a cell are fixed: their mean is as uncertain as the runs of each make it. With common seeds it is the mean
    over seeds of the cell's mean in each.

    Args:
        observed: The outcome at the points.
        pair: The numbers of the two parameters.
        level: Level of the intervals.

    Returns:
        One row per cell: x, line (labels of the levels), mean, low, high (NaN without replications).
    """
    from scipy.special import stdtrit

    one, other = (observed.factors[at] for at in pair)
    labels = [unique_labels(list(factor.levels)) for factor in (one, other)]
    whole = observed.common and bool(np.isfinite(observed.values).all())
    rows = []
    for line, line_label in enumerate(labels[1]):
        for x, x_label in enumerate(labels[0]):
            cell = np.flatnonzero((one.codes == x) & (other.codes == line))
            if not len(cell):
                continue
            mean, half = float(observed.mean[cell].mean()), float("nan")
            if whole and observed.values.shape[1] > 1:
                of_seeds = observed.values[cell].mean(axis=0)
                r = len(of_seeds)
                half = float(stdtrit(r - 1, (1 + level) / 2) * of_seeds.std(ddof=1) / np.sqrt(r))
            elif (observed.count[cell] > 1).all():
                variance = float((observed.variance[cell] / observed.count[cell]).sum()) / len(cell) ** 2
                freedom = int((observed.count[cell] - 1).sum())
                half = float(stdtrit(freedom, (1 + level) / 2) * np.sqrt(variance))
            rows.append((x_label, line_label, mean, mean - half, mean + half))
    return pd.DataFrame(rows, columns=["x", "line", "mean", "low", "high"])


def matrix_rows(observed: Observations, model: Model, table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the effect matrix: each main effect and two-way interaction of one number, both ways round."""
    effects = table.set_index("term")
    names = [main_name(factor) for factor in observed.factors]
    rows = []
    for one, across in enumerate(names):
        for other, down in enumerate(names):
            first, second = sorted((one, other))
            term = across if one == other else f"{names[first]}{TIMES}{names[second]}"
            if term not in effects.index:
                continue
            found = effects.loc[term]
            if isinstance(found, pd.DataFrame) or not np.isfinite(found["effect"]):
                continue
            rows.append(
                (across, down, found["effect"], found["low"], found["high"], bool(found["p_adjusted"] < 0.05))
            )
    return pd.DataFrame(rows, columns=["across", "down", "effect", "low", "high", "certain"])
