"""Sobol' indices from Saltelli's blocks, corrected for chance, with intervals from resampled blocks.

A block is a base row of a Saltelli design: the point A, one point for each parameter that takes this parameter alone from
B, and B. With r runs a point and noise of variance s2 the mean over runs has variance s2/r on top, which shrinks first
indices and lifts total ones, those of inert parameters too: (s2/r) / (V + s2/r). What the replications say of s2 is
therefore taken out of every square (products of different points hold none):

    V = mean of (a² + b²)/2 - mean² - s2/r,   V_i = mean of b (ab_i - a),   T_i = mean of (a - ab_i)²/2 - s2/r

First indices are Saltelli's of 2010 (Computer Physics Communications 181: 259-270), total ones Jansen's (1999, Computer
Physics Communications 117: 35-43). With common random numbers the points of a block share their luck, so squares are taken
as products of different replications, which are independent in any case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.processing.analysis.inference import RESAMPLES, bootstrap_weights, percentiles
from mesa_lab.processing.analysis.sensitivity.estimators.block_columns import block_columns

__all__ = ["SobolIndices", "sobol_indices"]

type Floats = npt.NDArray[np.float64]

FEWEST_BLOCKS: Final = 8


@dataclass(frozen=True, eq=False)
class SobolIndices:
    """First, total and perhaps second order indices, with intervals; arrays have one entry per parameter.

    Attributes:
        first: Shares of the variance between points that each parameter has alone.
        total: The same with all its interactions.
        first_low: Lower ends of the intervals; the others likewise.
        p: One-sided p-value of each total index: could a parameter without influence have it? Of each first index where
            total ones hold noise that cannot be taken out.
        firsts: In how many of the resamples each parameter has the largest total index, as a share.
        rank_low: The best rank by total index in 95 % of the resamples, and `rank_high` the worst.
        second: Second order indices of the pairs in `pairs`, None where they were not sampled.
        chance: Share of all variation that is chance, with interval; NaN without replications.
        dummy: The total index that a parameter without influence gets here, with interval; NaN without replications.
        uncorrected_dummy: What it would get without the correction.
        variance: Variance between points, corrected.
        variance_low: Lower end of its interval: where it is not above 0 there is nothing to divide.
        n_blocks: Blocks that count.
        n_dropped: Blocks with a point without a value.
        corrected: Whether the indices are free of chance: it is taken out, or there is none.
        over_seeds: Whether the intervals hold the choice of the common seeds too.
    """

    first: Floats
    first_low: Floats
    first_high: Floats
    total: Floats
    total_low: Floats
    total_high: Floats
    p: Floats
    firsts: Floats
    rank_low: Floats
    rank_high: Floats
    pairs: tuple[tuple[int, int], ...]
    second: Floats | None
    second_low: Floats | None
    second_high: Floats | None
    chance: tuple[float, float, float]
    dummy: tuple[float, float, float]
    uncorrected_dummy: float
    variance: float
    variance_low: float
    n_blocks: int
    n_dropped: int
    corrected: bool
    over_seeds: bool

    def pair_table(self, names: Sequence[str]) -> pd.DataFrame:
        """Return the second order indices: one row per pair with parameter, other, second, low, high."""
        return pd.DataFrame(
            {
                "parameter": [names[i] for i, _ in self.pairs],
                "other": [names[j] for _, j in self.pairs],
                "second": self.second,
                "low": self.second_low,
                "high": self.second_high,
            }
        )


def sobol_indices(
    values: Floats,
    k: int,
    *,
    second_order: bool = False,
    common: bool = False,
    seed: int = 1,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> SobolIndices:
    """Estimate Sobol' indices.

    Args:
        values: The outcome, of shape (blocks, points of a block, replications); NaN where a run has no value. The points
            of a block are A, AB_1 … AB_k, with second order BA_1 … BA_k, then B.
        k: The number of parameters.
        second_order: Whether the blocks hold BA_1 … BA_k.
        common: Whether all points have the same seed in a replication.
        seed: Of the resampling.
        level: Level of confidence.
        resamples: How many resamples the intervals stand on.

    Returns:
        The indices. Whole blocks are dropped where a point has no value: nothing is put in its place.

    Raises:
        ValueError: If fewer than 8 blocks are whole.
    """
    whole, n_dropped = _whole_blocks(values, common)
    if len(whole) < FEWEST_BLOCKS:
        raise ValueError(f"{len(whole)} blocks")
    rng = np.random.default_rng(seed)
    replicated = bool((np.isfinite(whole).sum(axis=2) > 1).any())
    corrected = replicated or (not common and _is_deterministic(whole, k))
    columns = block_columns(whole, k, second_order, common, rng)
    estimate = columns.indices(columns.rows.mean(axis=0))
    drawn = np.concatenate(
        [columns.indices(weights @ columns.rows) for weights in bootstrap_weights(len(whole), rng, resamples)]
    )
    low, high = percentiles(drawn, level)
    with np.errstate(over="ignore"):  # the variance is in squares of the outcome's unit
        sd = drawn.std(axis=0, ddof=1)
    over_seeds = common and whole.shape[2] >= 3
    if over_seeds:
        low, high, sd = _over_seeds(whole, k, second_order, estimate, low, high, sd, level, rng)
    at = slice(3 + k, 3 + 2 * k)
    tested = at if corrected else slice(3, 3 + k)
    firsts, rank_low, rank_high = _ranks(drawn[:, tested], level)
    pairs = tuple(combinations(range(k), 2)) if second_order else ()
    noise, square = columns.rows[:, 2].mean(), columns.rows[:, 0].mean() - columns.rows[:, 1].mean() ** 2
    unknown = (np.nan, np.nan, np.nan)
    return SobolIndices(
        first=estimate[3 : 3 + k],
        first_low=low[3 : 3 + k],
        first_high=high[3 : 3 + k],
        total=estimate[at],
        total_low=low[at],
        total_high=high[at],
        p=_p_values(estimate[tested], sd[tested], len(whole)),
        firsts=firsts,
        rank_low=rank_low,
        rank_high=rank_high,
        pairs=pairs,
        second=estimate[3 + 2 * k :] if pairs else None,
        second_low=low[3 + 2 * k :] if pairs else None,
        second_high=high[3 + 2 * k :] if pairs else None,
        chance=(float(estimate[1]), float(low[1]), float(high[1])) if replicated else unknown,
        dummy=(float(estimate[2]), float(low[2]), float(high[2])) if replicated else unknown,
        uncorrected_dummy=float(noise / square) if replicated and square > 0 else np.nan,
        variance=float(estimate[0]),
        variance_low=float(low[0]),
        n_blocks=len(whole),
        n_dropped=n_dropped,
        corrected=corrected,
        over_seeds=over_seeds,
    )


def _is_deterministic(whole: Floats, k: int) -> bool:
    """Whether a parameter changes nothing at all, in no block: with noise two runs would not agree so often."""
    a, ab = whole[:, [0]], whole[:, 1 : k + 1]
    return bool((a == ab).all(axis=(0, 2)).any())


def _whole_blocks(values: Floats, common: bool) -> tuple[Floats, int]:
    """Drop blocks with a point without a value; with common seeds also the replications that some of its points lack."""
    known = np.isfinite(values)
    if common:
        # Products of replications need both, at all points: what a few blocks lack costs these blocks, not the others.
        keep = known.all(axis=(1, 2))
        if keep.sum() < max(FEWEST_BLOCKS, 0.5 * len(values)):
            replications = known.all(axis=1).mean(axis=0) > 0.9
            if replications.any():
                values = values[:, :, replications]
                keep = np.isfinite(values).all(axis=(1, 2))
    else:
        keep = known.any(axis=2).all(axis=1)
    return values[keep], int((~keep).sum())


def _over_seeds(
    whole: Floats,
    k: int,
    second_order: bool,
    estimate: Floats,
    low: Floats,
    high: Floats,
    sd: Floats,
    level: float,
    rng: np.random.Generator,
) -> tuple[Floats, Floats, Floats]:
    """Widen intervals by what the choice of the common seeds adds: the jackknife over replications."""
    from scipy.special import stdtrit

    r = whole.shape[2]
    left_out = []
    for each in range(r):
        columns = block_columns(np.delete(whole, each, axis=2), k, second_order, True, rng)
        left_out.append(columns.indices(columns.rows.mean(axis=0)))
    deviations = np.array(left_out) - np.mean(left_out, axis=0)
    of_seeds = np.sqrt((r - 1) / r * (deviations**2).sum(axis=0))
    half = stdtrit(r - 1, (1 + level) / 2) * of_seeds
    return (
        estimate - np.hypot(estimate - low, half),
        estimate + np.hypot(high - estimate, half),
        np.hypot(sd, of_seeds),
    )


def _p_values(total: Floats, sd: Floats, n: int) -> Floats:
    from scipy.special import stdtr

    with np.errstate(all="ignore"):
        p = stdtr(n - 1, -total / sd)
    # Nothing moved in any resample: an effect of exactly 0 is none, any other is certain.
    return np.where(sd > 1e-12, p, np.where(total > 1e-12, 0.0, 1.0))


def _ranks(drawn: Floats, level: float) -> tuple[Floats, Floats, Floats]:
    order = np.argsort(np.argsort(-drawn, axis=1, kind="stable"), axis=1) + 1
    low, high = np.quantile(order, [(1 - level) / 2, (1 + level) / 2], axis=0, method="closest_observation")
    return (order == 1).mean(axis=0), low, high
