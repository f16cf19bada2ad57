"""Rank correlation, for parameters that push the outcome one way: direction and strength in one number.

Spearman's coefficient is blind to effects that rise and fall. It is given only where it explains nearly all that any
function of the parameter explains of the ranks, and the user is told where it does not.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.analysis.observations import Observations
from mesa_lab.processing.analysis.sensitivity.estimators.explained_variance import basis

__all__ = ["rank_correlations"]

type Floats = npt.NDArray[np.float64]

MONOTONE: Final = 0.8
"""The share of what a free function of the parameter explains that its rank must explain."""


def rank_correlations(observations: Observations) -> Floats:
    """Return the rank correlation of each parameter with the points' means.

    Returns:
        One number per parameter, -1 to 1; NaN where the effect is not monotone, nothing is explained, or the parameter has
        no order.
    """
    from scipy.stats import rankdata

    measured = observations.measured()
    n = measured.n_points
    ranks = rankdata(measured.mean)
    ranks = (ranks - ranks.mean()) / (ranks.std() or 1.0)
    found = np.full(len(measured.factors), np.nan)
    for place, factor in enumerate(measured.factors):
        functions = basis(factor)
        width = functions.shape[1]
        if factor.categorical or width == 0 or n - 1 - width < 2:
            continue
        free = float(((functions.T @ ranks) ** 2).sum()) / n
        adjusted = 1 - (1 - free) * (n - 1) / (n - 1 - width)
        own = rankdata(factor.codes)
        spread = own.std()
        if adjusted <= 0 or spread == 0:
            continue
        rho = float(((own - own.mean()) / spread * ranks).mean())
        if rho**2 >= MONOTONE * adjusted:
            found[place] = rho
    return found
