"""Morris' screening: elementary effects along trajectories, beside what chance alone would show.

An elementary effect is the change of the outcome when one parameter takes a step, over the length of that step in the
parameter's range (Morris, 1991, Technometrics 33: 161-174). Their mean is mu, the mean of their sizes mu* (Campolongo et
al., 2007, Environmental Modelling and Software 22: 1509-1518), their standard deviation sigma. Chance lifts mu* and sigma of
every parameter, those without influence too: from the replications follows how far, which is the box at the origin of the
chart. A parameter counts as told from chance when its mu* lies beyond what noise of that size gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.analysis.inference import RESAMPLES, bootstrap_weights, shrunk_variances

__all__ = ["MorrisEffects", "morris_effects"]

type Floats = npt.NDArray[np.float64]

_SIMULATED: Final = 2000
_MANY: Final = 400
"""The mean of more effects than this is as good as normal: it need not be simulated."""


@dataclass(frozen=True, eq=False)
class MorrisEffects:
    """Elementary effects in the outcome's unit, for a move through the whole range of a parameter.

    Attributes:
        mu: Mean effect of each parameter; NaN for a choice without an order, whose steps have no direction.
        mu_low: Lower ends of its intervals, and `mu_high` the upper ones.
        mu_star: Mean size of the effects.
        mu_star_low: Lower ends of its intervals, and `mu_star_high` the upper ones.
        sigma: Standard deviation of the effects: interactions, bends, and chance.
        sigma_corrected: The same without chance; NaN without replications.
        n: How many effects of each parameter count.
        p: How often chance alone gives such a mu*; without replications, such a mu (Student's test, two-sided).
        firsts: In how many of the resamples each parameter has the largest mu*, as a share.
        noise_mu_star: The mu* that chance alone stays below in 95 of 100 cases; NaN without replications.
        noise_sigma: The same for sigma.
        noise_mu_star_mean: The mu* that chance alone gives on average.
        n_missing: Effects without a value at one of their points.
        n_trajectories: How many trajectories there are.
    """

    mu: Floats
    mu_low: Floats
    mu_high: Floats
    mu_star: Floats
    mu_star_low: Floats
    mu_star_high: Floats
    sigma: Floats
    sigma_corrected: Floats
    n: npt.NDArray[np.int64]
    p: Floats
    firsts: Floats
    noise_mu_star: float
    noise_sigma: float
    noise_mu_star_mean: float
    n_missing: int
    n_trajectories: int


def morris_effects(
    unit: Floats,
    values: Floats,
    *,
    step: float | None = None,
    unordered: npt.ArrayLike = (),
    common: bool = False,
    seed: int = 1,
    level: float = 0.95,
) -> MorrisEffects:
    """Compute elementary effects.

    Args:
        unit: The points in the unit cube, of shape (trajectories, parameters + 1, parameters): from one point of a
            trajectory to the next a single parameter moves.
        values: The outcome, of shape (trajectories, parameters + 1, replications); NaN where a run has no value.
        step: The length of a step in the unit cube; None takes each step as long as it is.
        unordered: For each parameter whether its levels have no order: a step is then one level in place of another.
        common: Whether all points have the same seed in a replication.
        seed: Of the resampling.
        level: Level of confidence.
    """
    rng = np.random.default_rng(seed)
    k = unit.shape[2]
    free = (
        np.broadcast_to(np.asarray(unordered, dtype=bool), (k,)) if np.size(unordered) else np.zeros(k, bool)
    )
    effects, noise, n_missing = _effects(unit, values, step, free, common)
    known = np.isfinite(effects)
    n = known.sum(axis=0)
    sizes = np.abs(effects)
    mu, mu_low, mu_high, sigma = _interval(effects, level)
    mu_star, star_low, star_high, _ = _interval(sizes, level)
    with np.errstate(all="ignore"):  # below, along the logarithm: a mean of sizes is above 0
        star_low = np.where(mu_star > 0, mu_star * np.exp(-(mu_star - star_low) / mu_star), star_low)
    mu, mu_low, mu_high = (np.where(free, np.nan, each) for each in (mu, mu_low, mu_high))
    p = _of_direction(mu, sigma, n)
    box = (np.nan, np.nan, np.nan)
    corrected = np.full(k, np.nan)
    if np.isfinite(noise).any():
        p, box = _against_noise(mu_star, noise, known, rng)
        spare = np.array([np.nanmean(noise[known[:, j], j]) if n[j] else np.nan for j in range(k)])
        corrected = np.sqrt(np.maximum(sigma**2 - spare, 0.0))
    return MorrisEffects(
        mu=mu,
        mu_low=mu_low,
        mu_high=mu_high,
        mu_star=mu_star,
        mu_star_low=np.maximum(star_low, 0.0),
        mu_star_high=star_high,
        sigma=sigma,
        sigma_corrected=corrected,
        n=n.astype(np.int64),
        p=p,
        firsts=_firsts(sizes, rng),
        noise_mu_star=box[0],
        noise_sigma=box[1],
        noise_mu_star_mean=box[2],
        n_missing=n_missing,
        n_trajectories=len(unit),
    )


def _effects(
    unit: Floats, values: Floats, step: float | None, unordered: npt.NDArray[np.bool_], common: bool
) -> tuple[Floats, Floats, int]:
    """Return effects and the variance of the noise in them, of shape (trajectories, parameters), and how many are missing."""
    trajectories, _, k = unit.shape
    known = np.isfinite(values)
    count = known.sum(axis=2)
    with np.errstate(all="ignore"):
        mean = np.where(known, values, 0.0).sum(axis=2) / count
        squares = np.where(known, (values - mean[:, :, None]) ** 2, 0.0).sum(axis=2)
        variance = np.where(count > 1, squares / (count - 1), np.nan)
        of_mean = shrunk_variances(variance.ravel(), count.ravel()).reshape(count.shape) / count
        moves = np.diff(unit, axis=1)
        change = np.diff(mean, axis=1)
        noise = of_mean[:, 1:] + of_mean[:, :-1]
        if common and values.shape[2] > 1:  # luck that two points share is in no difference between them
            pairs = np.diff(values, axis=1)
            both = np.isfinite(pairs).sum(axis=2)
            change = np.nanmean(np.where(both[:, :, None] > 0, pairs, 0.0), axis=2)
            change[both == 0] = np.nan
            spread = np.nanvar(np.where(both[:, :, None] > 1, pairs, 0.0), axis=2, ddof=1)
            spread[both < 2] = np.nan
            noise = shrunk_variances(spread.ravel(), both.ravel()).reshape(both.shape) / both
    moved = np.abs(moves) > 1e-12
    effects, variances = np.full((trajectories, k), np.nan), np.full((trajectories, k), np.nan)
    single = moved.sum(axis=2) == 1
    who = moved.argmax(axis=2)
    for place in range(moves.shape[1]):
        rows = np.flatnonzero(single[:, place])
        parameter = who[rows, place]
        length = moves[rows, place, parameter]
        length = length if step is None else np.sign(length) * step
        length = np.where(unordered[parameter], np.sign(length), length)  # one level in place of another
        effects[rows, parameter] = change[rows, place] / length
        variances[rows, parameter] = noise[rows, place] / length**2
    return effects, variances, int((~np.isfinite(effects)).sum())


def _interval(effects: Floats, level: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean, Student's interval and standard deviation of each column; trajectories are independent of each other."""
    from scipy.special import stdtrit

    known = np.isfinite(effects)
    n = known.sum(axis=0)
    with np.errstate(all="ignore"):
        mean = np.where(known, effects, 0.0).sum(axis=0) / n
        squares = np.where(known, (effects - mean) ** 2, 0.0).sum(axis=0)
        sd = np.where(n > 1, np.sqrt(squares / (n - 1)), np.nan)
        half = stdtrit(np.maximum(n - 1, 1), (1 + level) / 2) * sd / np.sqrt(n)
    return mean, mean - half, mean + half, sd


def _of_direction(mu: Floats, sigma: Floats, n: npt.NDArray[Any]) -> Floats:
    """Test whether effects have a direction: noise has none, and effects that go both ways are not seen."""
    from scipy.special import stdtr

    with np.errstate(all="ignore"):
        p = 2 * stdtr(np.maximum(n - 1, 1), -np.abs(mu) / (sigma / np.sqrt(n)))
    return np.where((n > 1) & (sigma > 0), p, np.where((n > 1) & (np.abs(mu) > 0), 0.0, 1.0))


def _against_noise(
    mu_star: Floats, noise: Floats, known: npt.NDArray[np.bool_], rng: np.random.Generator
) -> tuple[Floats, tuple[float, float, float]]:
    """Simulate effects that are chance alone: how often each mu* comes about, and the box that holds 95 % of them."""
    k = len(mu_star)
    p = np.full(k, np.nan)
    tops, spreads, means = [], [], []
    for j in range(k):
        sizes = np.sqrt(noise[known[:, j], j])
        sizes = sizes[np.isfinite(sizes)]
        if not len(sizes):
            continue
        if len(sizes) > _MANY:
            p[j], top, spread, mean = _of_many(float(mu_star[j]), sizes)
            tops.append(top)
            spreads.append(spread)
            means.append(mean)
            continue
        drawn = rng.standard_normal((_SIMULATED, len(sizes))) * sizes
        stars = np.abs(drawn).mean(axis=1)
        # Chance of exactly none: any effect is told from it.
        p[j] = (
            (1 + (stars >= mu_star[j] * (1 - 1e-12)).sum()) / (1 + _SIMULATED)
            if sizes.any()
            else float(not mu_star[j] > 0)
        )
        tops.append(np.quantile(stars, 0.95))
        means.append(stars.mean())
        if len(sizes) > 1:
            spreads.append(np.quantile(drawn.std(axis=1, ddof=1), 0.95))
    box = (
        (float(np.max(tops)), float(np.max(spreads)) if spreads else np.nan, float(np.mean(means)))
        if tops
        else (np.nan,) * 3
    )
    return p, (box[0], box[1], box[2])


def _of_many(mu_star: float, sizes: Floats) -> tuple[float, float, float, float]:
    """The same for many effects, from the moments of a half normal: p, mu* and sigma that 95 % stay below, mean mu*."""
    from scipy.special import ndtr, ndtri

    n, high = len(sizes), float(ndtri(0.95))
    mean = float(np.sqrt(2 / np.pi) * sizes.mean())
    error = float(np.sqrt((1 - 2 / np.pi) * (sizes**2).sum()) / n)
    p = (
        max(float(ndtr((mean - mu_star) / error)), 1 / (1 + _SIMULATED))
        if error > 0
        else float(not mu_star > 0)
    )
    square = float((sizes**2).mean()) + high * float(np.sqrt(2 * (sizes**4).sum())) / n
    return p, mean + high * error, float(np.sqrt(square)), mean


def _firsts(sizes: Floats, rng: np.random.Generator) -> Floats:
    known = np.isfinite(sizes)
    filled: Any = np.where(known, sizes, 0.0)
    wins = np.zeros(sizes.shape[1])
    for weights in bootstrap_weights(len(sizes), rng):
        with np.errstate(all="ignore"):
            stars = (weights @ filled) / (weights @ known)
        wins += np.bincount(np.nan_to_num(stars).argmax(axis=1), minlength=len(wins))
    return wins / RESAMPLES
