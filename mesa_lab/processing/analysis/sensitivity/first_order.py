"""First-order indices from any set of points, corrected for chance: RBD-FAST in its cosine form, or level by level.

How much of the variance between points goes with one parameter alone? A continuous parameter is expanded in cosines of
its rank, whose first few harmonics hold what is smooth (Tarantola, Gatelli and Mara, 2006, Reliability Engineering and
System Safety 91: 717-727; in cosines, Plischke, 2012, Environmental Modelling and Software 35: 188-191); one with few
levels, or without an order, in its levels (the correlation ratio). What any number of functions explains by chance is taken
out, as in the adjusted R² (Tissot and Prieur, 2012, Reliability Engineering and System Safety 107: 205-213). Means over
replications hold noise, which shrinks every share: the variance is divided by without it.

The standard errors are those of the influence of each point (a delta method), which holds for any distribution of the
outcome and costs no resampling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.analysis.cancellation import check_cancelled
from mesa_lab.processing.analysis.observations import Factor, Observations

__all__ = ["FirstOrder", "basis", "first_order"]

type Floats = npt.NDArray[np.float64]

_POINTS_PER_FUNCTION: Final = 10
_FEWEST, _MOST = 3, 10


@dataclass(frozen=True, eq=False)
class FirstOrder:
    """First-order indices; arrays have one entry per parameter, NaN where the points are too few.

    Attributes:
        first: Share of the variance between points that each parameter explains alone.
        low: Lower ends of the intervals, and `high` the upper ones.
        p: Could a parameter without influence explain as much? An F test.
        firsts: How often each parameter has the largest share, over what the intervals allow.
        chance: Share of all variation that is chance, with interval; NaN without replications.
        dummy: What a parameter without influence is found to explain in 95 of 100 studies at most.
        variance: Variance between points, corrected.
        variance_low: Lower end of its interval.
        corrected: Whether chance is taken out.
        over_seeds: Whether the intervals hold the choice of the common seeds too.
    """

    first: Floats
    low: Floats
    high: Floats
    p: Floats
    firsts: Floats
    chance: tuple[float, float, float]
    dummy: float
    variance: float
    variance_low: float
    corrected: bool
    over_seeds: bool


@dataclass(frozen=True, eq=False)
class _Means:
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


def first_order(
    observations: Observations, *, sampled: bool = False, seed: int = 1, level: float = 0.95
) -> FirstOrder:
    """Estimate first-order indices.

    Args:
        observations: The outcome at the points; those without a value are left out.
        sampled: Whether the points are a random sample, rather than spread evenly: intervals are then wider.
        seed: Of the draws for `firsts`.
        level: Level of confidence.
    """
    from scipy.special import ndtri

    measured = observations.measured()
    means = _means(measured)
    n, k = len(means.mean), len(measured.factors)
    balanced = bool(means.noise.any()) and not means.paired and _is_balanced(measured)
    raw, noise = float(means.mean.var(ddof=1)), float(means.noise.mean())
    variance = raw - noise
    influence = np.zeros((n, k))
    first, second_order, p = (np.full(k, np.nan) for _ in range(3))
    widths = np.zeros(k)
    for place, factor in enumerate(measured.factors):
        check_cancelled()
        functions = basis(factor)
        width = functions.shape[1]
        if n - 1 - width < max(2, width // 2) or width == 0:
            continue
        if balanced:
            first[place], p[place], influence[:, place], second_order[place] = _of_grid(
                means, functions, measured
            )
            widths[place] = width
            continue
        explained = _explained(means, functions, raw)
        first[place] = explained.variance / variance if variance > 0 else np.nan
        p[place] = explained.p
        fitted, left = explained.fitted, explained.left
        both = 2 * fitted * left
        with np.errstate(all="ignore"):
            share = first[place]
            influence[:, place] = (
                both - share * (both + left**2 - explained.residual - (means.noise - noise))
            ) / variance
            if sampled:
                influence[:, place] += (1 - share) * (fitted**2 - (fitted**2).mean()) / variance
            second_order[place] = (
                2 * width * ((1 - min(max(share, 0.0), 1.0)) * explained.residual / variance / n) ** 2
            )
        widths[place] = width
    influence = np.nan_to_num(influence)
    # Fits follow noise: that is in the influence already, somewhat more than enough, which few points need.
    from_points, from_fits = (influence**2).mean(axis=0) / n, np.nan_to_num(second_order)
    se2 = from_points + from_fits if balanced else np.maximum(from_points, from_fits)
    over_seeds = means.paired and means.y.shape[1] >= 3
    if over_seeds:
        se2 = se2 + _over_seeds(measured, means)
        with np.errstate(
            all="ignore"
        ):  # an effect in every seed that differs between seeds is none on average
            p = np.fmax(p, 1 - _normal(first / np.sqrt(se2)))
    half = ndtri((1 + level) / 2) * np.sqrt(se2)
    half[np.isnan(first)] = np.nan
    if balanced:  # chance is in the runs alone
        total_influence = n * 2 * (means.mean - means.mean.mean()) * np.sqrt(means.noise) / (n - 1)
    else:
        total_influence = (means.mean - means.mean.mean()) ** 2 - raw - (means.noise - noise)
    variance_low = variance - ndtri((1 + level) / 2) * float(total_influence.std(ddof=1)) / np.sqrt(n)
    return FirstOrder(
        first=first,
        low=first - half,
        high=first + half,
        p=p,
        firsts=_firsts(first, influence, se2, seed),
        chance=_chance(measured, means, variance, total_influence, level, balanced),
        dummy=_dummy(widths[np.isfinite(first)], n, raw, variance, noise if balanced else None),
        variance=variance,
        variance_low=variance_low,
        corrected=bool(means.noise.any()),
        over_seeds=over_seeds,
    )


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
class _Explained:
    """What the functions of one parameter explain: variance, residual variance, fit and residuals at the points, and p."""

    variance: float
    residual: float
    fitted: Floats
    left: Floats
    p: float


def _explained(means: _Means, functions: Floats, raw: float) -> _Explained:
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
    return _Explained(variance, residual, fitted, left * np.sqrt(n / freedom), p)


def _is_balanced(measured: Observations) -> bool:
    """Whether the points are a grid of levels: at each level of a parameter the others take all of theirs equally often."""
    if not all(factor.by_level for factor in measured.factors) or measured.n_points > 20_000:
        return False
    functions = [basis(factor) for factor in measured.factors]
    together = np.hstack(functions)
    gram = together.T @ together
    return bool(np.abs(gram - np.eye(len(gram))).max() < 1e-6)


def _of_grid(means: _Means, functions: Floats, measured: Observations) -> tuple[float, float, Floats, float]:
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


def _means(measured: Observations) -> _Means:
    scaled = measured.standardised()
    within = scaled.variance
    paired = scaled.common and scaled.values.shape[1] > 1 and bool(np.isfinite(scaled.values).all())
    centred = scaled.centred_by_seed() if scaled.common else scaled
    variance = centred.variance
    if not centred.replicated:
        return _Means(centred.values, centred.mean, np.zeros(centred.n_points), within, False)
    noise = np.where(np.isfinite(variance), variance, centred.within) / centred.count
    return _Means(centred.values, centred.mean, noise, within, paired)


def _over_seeds(measured: Observations, means: _Means) -> Floats:
    """The variance of the indices that the choice of the common seeds adds: the jackknife over replications."""
    r = means.y.shape[1]
    shares = []
    for each in range(r):
        y = np.delete(means.y, each, axis=1)
        mean = y.mean(axis=1)
        noise = y.var(axis=1, ddof=1) / y.shape[1]
        part = _Means(y, mean, noise, means.within, True)
        raw = float(mean.var(ddof=1))
        variance = raw - float(noise.mean())
        shares.append(
            [_explained(part, basis(factor), raw).variance / variance for factor in measured.factors]
        )
    found = np.array(shares)
    return np.asarray((r - 1) / r * ((found - found.mean(axis=0)) ** 2).sum(axis=0))


def _chance(
    measured: Observations,
    means: _Means,
    variance: float,
    influence: Floats,
    level: float,
    balanced: bool,
) -> tuple[float, float, float]:
    """Share of all variation that is chance, with an interval on the logit scale, which stays between 0 and 1."""
    from scipy.special import expit, logit, ndtri

    known = means.within[np.isfinite(means.within)]
    if not len(known):
        return (np.nan, np.nan, np.nan)
    within = float(known.mean())
    between = max(variance, 0.0)
    share = within / (between + within) if within > 0 else 0.0
    if share in (0.0, 1.0):  # also where one is so small beside the other that the share is rounded
        return (share, share if share == 0 else np.nan, share)
    moved = np.where(np.isfinite(means.within), means.within, within) - within
    if balanced:  # a variance of n runs has a standard error of its square root of 2 / (n - 1)
        size = np.where(np.isfinite(means.within), means.within, within)
        moved = size * np.sqrt(2 / np.maximum(measured.count - 1, 1))
        change = np.hypot(moved * between, within * influence) / (between + within) ** 2
        se = float(np.sqrt((change**2).mean() / len(change))) / (share * (1 - share))
        half = ndtri((1 + level) / 2) * se
        return share, float(expit(logit(share) - half)), float(expit(logit(share) + half))
    change = (moved * between - within * influence) / (between + within) ** 2
    se = float(change.std(ddof=1)) / np.sqrt(len(change)) / (share * (1 - share))
    half = ndtri((1 + level) / 2) * se
    return share, float(expit(logit(share) - half)), float(expit(logit(share) + half))


def _dummy(widths: Floats, n: int, raw: float, variance: float, noise: float | None) -> float:
    """What the widest expansion explains of an outcome that does not depend on its parameter, at most, in 95 of 100 cases."""
    from scipy.special import fdtri

    if not len(widths) or variance <= 0:
        return float("nan")
    width = float(widths.max())
    if noise is not None:  # on a grid only noise gives shares to parameters without influence
        from scipy.special import chdtri

        return float((chdtri(width, 0.05) - width) * noise / (n - 1) / variance)
    freedom = n - 1 - width
    if freedom < 1:
        return float("nan")
    ratio = fdtri(width, freedom, 0.95)
    share = width * ratio / (width * ratio + freedom)
    return float((1 - (1 - share) * (n - 1) / freedom) * raw / variance)


def _firsts(first: Floats, influence: Floats, se2: Floats, seed: int) -> Floats:
    """How often each parameter comes out first when the indices move as far as their standard errors say."""
    known = np.flatnonzero(np.isfinite(first))
    shares = np.full(len(first), np.nan)
    if not len(known):
        return shares
    n = len(influence)
    covariance = influence[:, known].T @ influence[:, known] / n**2
    np.fill_diagonal(covariance, se2[known] + 1e-300)
    values, vectors = np.linalg.eigh(covariance)
    noise = np.random.default_rng(seed).standard_normal((1000, len(known))) * np.sqrt(np.maximum(values, 0))
    drawn = first[known] + noise @ vectors.T
    shares[known] = np.bincount(drawn.argmax(axis=1), minlength=len(known)) / len(drawn)
    return shares


def _normal(z: Floats) -> Floats:
    from scipy.special import ndtr

    return np.asarray(ndtr(z))
