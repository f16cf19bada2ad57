"""How much of the variance between points functions of one parameter explain, with the noise of the means taken out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.analysis.factor import Factor
from mesa_lab.processing.analysis.observations import Observations

__all__ = ["Explained", "Means", "basis", "explained_by", "is_balanced", "means_of", "share_of_grid"]

type Floats = npt.NDArray[np.float64]

_POINTS_PER_FUNCTION: Final = 10
_FEWEST, _MOST = 3, 10


@dataclass(frozen=True, eq=False)
class Means:
    """The points' means with the noise in them.

    Attributes:
        y: One row per point, one column per replication, standardised and free of what common seeds share.
        mean: The mean of each point.
        noise: The variance of that mean for each point, 0 where it is not known at any.
        within: The variance between the runs of each point.
        paired: Whether replications are complete and share their seeds.
    """

    y: Floats
    mean: Floats
    noise: Floats
    within: Floats
    paired: bool


def basis(factor: Factor) -> Floats:
    """Return orthonormal functions of one parameter at the points, without the constant.

    Args:
        factor: The parameter.

    Returns:
        One row per point, one column per function: all levels but one, or cosines of the rank.
    """
    n = len(factor.codes)
    if factor.by_level:
        present, codes = np.unique(factor.codes, return_inverse=True)
        functions = np.zeros((n, len(present)))
        functions[np.arange(n), codes] = 1.0
        functions = functions[:, 1:]
    else:
        harmonics = int(np.clip(n // _POINTS_PER_FUNCTION, _FEWEST, _MOST))
        # The mean rank of equal values: points with one value have one place, whatever their order.
        counts = np.bincount(factor.codes)
        ends = np.cumsum(counts)
        place = (ends - counts / 2)[factor.codes] / n
        functions = np.cos(np.pi * place[:, None] * np.arange(1, harmonics + 1))
    centred = functions - functions.mean(axis=0)
    orthonormal, triangle = np.linalg.qr(centred)
    return np.asarray(orthonormal[:, np.abs(np.diag(triangle)) > 1e-8])


@dataclass(frozen=True, eq=False)
class Explained:
    """What the functions of one parameter explain: variance, residual variance, fit and residuals at the points, and p."""

    variance: float
    residual: float
    fitted: Floats
    left: Floats
    p: float


def explained_by(means: Means, functions: Floats, raw: float) -> Explained:
    """Say what the functions of one parameter explain of the points' means."""
    from scipy.special import fdtrc

    n, width = functions.shape
    freedom = n - 1 - width
    centred = means.mean - means.mean.mean()
    weights = functions.T @ centred
    fitted = functions @ weights
    left = centred - fitted
    residual = float(left @ left) / freedom
    with np.errstate(all="ignore"):
        ratio = float(weights @ weights) / width / residual if residual > 0 else np.inf
    p = float(fdtrc(width, freedom, ratio)) if weights @ weights > 1e-20 else 1.0
    variance = raw - residual
    if means.paired:  # products of different seeds hold no noise
        r = means.y.shape[1]
        of_seeds = functions.T @ (means.y - means.y.mean(axis=0))
        noise_in_fit = float(((of_seeds - of_seeds.mean(axis=1, keepdims=True)) ** 2).sum()) / (r * (r - 1))
        clean_fit = float(weights @ weights) - noise_in_fit
        clean_all = float(centred @ centred) - float(means.noise.sum()) * (n - 1) / n
        clean_residual = (clean_all - clean_fit) / freedom
        variance = (clean_fit - width * clean_residual) / (n - 1)
    return Explained(variance, residual, fitted, left * np.sqrt(n / freedom), p)


def is_balanced(measured: Observations) -> bool:
    """Whether the points are a grid of levels: at each level of a parameter the others take all of theirs equally often."""
    if not all(factor.by_level for factor in measured.factors) or measured.n_points > 20_000:
        return False
    functions = [basis(factor) for factor in measured.factors]
    together = np.hstack(functions)
    gram = together.T @ together
    return bool(np.abs(gram - np.eye(len(gram))).max() < 1e-6)


def share_of_grid(
    means: Means, functions: Floats, measured: Observations
) -> tuple[float, float, Floats, float]:
    """Return the share of one parameter of a grid, its p-value, the influence of the noise in each point, and a variance.

    The variance is what fits take from noise in any case.

    The points of a grid are all there are: other parameters are balanced out, and chance is in the runs alone.
    """
    from scipy.special import fdtrc

    n, width = functions.shape
    noise = float(means.noise.mean())
    centred = means.mean - means.mean.mean()
    weights = functions.T @ centred
    squares, between = float(weights @ weights), float(centred @ centred) - (n - 1) * noise
    freedom = int((measured.count - 1).sum())
    if between <= 0:
        return np.nan, 1.0, np.zeros(n), 0.0
    share = (squares - width * noise) / between
    p = float(fdtrc(width, freedom, squares / width / noise)) if noise > 0 else float(squares <= 0)
    fitted = functions @ weights
    moved = 2 * (fitted - share * centred) * np.sqrt(means.noise) / between
    return share, p, n * moved, 2 * width * (noise / between) ** 2


def means_of(measured: Observations) -> Means:
    """Return the means of the points with the noise in them, standardised, and free of what common seeds share."""
    scaled = measured.standardised()
    within = scaled.variance
    paired = scaled.common and scaled.values.shape[1] > 1 and bool(np.isfinite(scaled.values).all())
    centred = scaled.centred_by_seed() if scaled.common else scaled
    variance = centred.variance
    if not centred.replicated:
        return Means(centred.values, centred.mean, np.zeros(centred.n_points), within, False)
    noise = np.where(np.isfinite(variance), variance, centred.within) / centred.count
    return Means(centred.values, centred.mean, noise, within, paired)
