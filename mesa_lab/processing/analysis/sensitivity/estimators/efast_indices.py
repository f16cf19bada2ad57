"""Indices from an eFAST design, corrected for chance.

One search curve for each parameter moves it at a high frequency and all others at low ones; what swings with the high one
and its harmonics is the first index, what does not swing at low frequencies the total one (Saltelli, Tarantola and Chan, 1999,
Technometrics 41: 39-56). Noise in the means lies evenly over all frequencies, so that its part in each sum is known and taken
out. The points of a curve are not exchangeable: resampling them gives no sound interval (SALib's warns of it). The intervals
here hold the noise alone, and say so; without replications there are none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.analysis.cancellation import check_cancelled
from mesa_lab.processing.analysis.inference import shrunk_variances
from mesa_lab.processing.analysis.sensitivity.estimators import salib_adapter

__all__ = ["EfastIndices", "efast_indices"]

type Floats = npt.NDArray[np.float64]

_SIMULATED: Final = 400


@dataclass(frozen=True, eq=False)
class EfastIndices:
    """eFAST indices; arrays have one entry per parameter, NaN where its curve has a point without a value.

    Attributes:
        first: Share of the variance that a parameter has alone.
        total: The same with all interactions.
        first_low: Lower ends of the intervals, which hold chance alone; NaN without replications. The others likewise.
        chance: Share of all variation that is chance; NaN without replications.
        dummy: Standard error of a total index from chance alone; NaN without replications.
        n_points: Points of a curve.
        n_dropped: Curves with a point without a value.
    """

    first: Floats
    first_low: Floats
    first_high: Floats
    total: Floats
    total_low: Floats
    total_high: Floats
    chance: float
    dummy: float
    n_points: int
    n_dropped: int


def efast_indices(
    values: Floats, k: int, *, harmonics: int = 4, seed: int = 1, level: float = 0.95
) -> EfastIndices:
    """Estimate eFAST indices.

    Args:
        values: The outcome, of shape (parameters x points of a curve, replications), curve after curve.
        k: The number of parameters.
        harmonics: How many harmonics the design was made for.
        seed: Of the simulated noise.
        level: Level of confidence.
    """
    from scipy.special import ndtri

    known = np.isfinite(values)
    count = known.sum(axis=1)
    with np.errstate(all="ignore"):
        mean = np.where(known, values, 0.0).sum(axis=1) / count
        squares = np.where(known, (values - mean[:, None]) ** 2, 0.0).sum(axis=1)
        within = np.where(count > 1, squares / (count - 1), np.nan)
        noise = shrunk_variances(within, count) / count
    curves, noises = mean.reshape(k, -1), noise.reshape(k, -1)
    n = curves.shape[1]
    unknown = np.full(k, np.nan)
    first, total = unknown.copy(), unknown.copy()
    ends = [unknown.copy() for _ in range(4)]
    ses, betweens = [], []
    rng = np.random.default_rng(seed)
    z = float(ndtri((1 + level) / 2))
    whole = np.isfinite(curves).all(axis=1)
    for place in np.flatnonzero(whole):
        check_cancelled()
        curve = curves[place]
        if np.ptp(curve) == 0:
            first[place] = total[place] = 0.0
            continue
        found = salib_adapter.analyse("fast", curve, 1, M=harmonics, num_resamples=2)
        spare = float(noises[place].mean()) if np.isfinite(noises[place]).all() else 0.0
        variance = float(curve.var())
        first[place], total[place] = _corrected(found["S1"][0], found["ST"][0], variance, spare, n, harmonics)
        betweens.append(variance - spare * (n - 1) / n)
        if spare > 0:
            drawn = curve + rng.standard_normal((_SIMULATED, n)) * np.sqrt(noises[place])
            moved = np.array(
                [
                    _corrected(*_spectrum(each, harmonics), float(each.var()), 2 * spare, n, harmonics)
                    for each in drawn
                ]
            )
            se = moved.std(axis=0, ddof=1)
            ses.append(float(se[1]))
            for at, (value, size, sign) in enumerate(
                (
                    (first[place], se[0], -1),
                    (first[place], se[0], 1),
                    (total[place], se[1], -1),
                    (total[place], se[1], 1),
                )
            ):
                ends[at][place] = value + sign * z * size
    replicated = np.isfinite(within).any()
    chance = float(np.nanmean(within)) if replicated else np.nan
    between = float(np.mean(betweens)) if betweens else np.nan
    return EfastIndices(
        first=first,
        first_low=ends[0],
        first_high=ends[1],
        total=total,
        total_low=ends[2],
        total_high=ends[3],
        chance=chance / (max(between, 0.0) + chance) if chance + max(between, 0.0) > 0 else 0.0,
        dummy=float(np.mean(ses)) if ses else np.nan,
        n_points=n,
        n_dropped=int((~whole).sum()),
    )


def _spectrum(curve: Floats, harmonics: int) -> tuple[float, float]:
    """First and total index of one curve, by its spectrum, as SALib computes them."""
    n = len(curve)
    frequency = math.floor((n - 1) / (2 * harmonics))
    power = np.abs(np.fft.fft(curve)[1 : math.ceil(n / 2)]) ** 2
    whole = power.sum()
    own = power[np.arange(1, harmonics + 1) * frequency - 1].sum()
    return float(own / whole), float(1 - power[: math.floor(frequency / 2)].sum() / whole)


def _corrected(
    first: float, total: float, variance: float, noise: float, n: int, harmonics: int
) -> tuple[float, float]:
    """Take out what white noise of this variance puts into each part of the spectrum."""
    frequency = math.floor((n - 1) / (2 * harmonics))
    per_frequency = 2 * noise / n  # each of the (n - 1)/2 frequencies holds as much
    clean = variance - per_frequency * (math.ceil(n / 2) - 1)
    if clean <= 0:
        return (math.nan, math.nan)
    own = first * variance - per_frequency * harmonics
    others = (1 - total) * variance - per_frequency * math.floor(frequency / 2)
    return own / clean, 1 - others / clean
