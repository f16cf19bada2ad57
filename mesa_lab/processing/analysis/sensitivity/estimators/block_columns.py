"""What each Saltelli block adds to the means that indices are made of, noise and a dummy among it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

__all__ = ["BlockColumns", "block_columns"]

type Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BlockColumns:
    """What each block adds to the means that the indices are made of: one row per block.

    The columns: squares, means, noise of a mean, within-point variance, the dummy's, then V_i, T_i and pairs.
    """

    rows: Floats
    k: int
    n_pairs: int

    def indices(self, means: Floats) -> Floats:
        """Turn means of the columns (..., columns) into V, chance, dummy, first, total, second along the last axis."""
        square, mean, noise, within, dummy = (means[..., [at]] for at in range(5))
        k = self.k
        variance = square - mean**2 - noise
        with np.errstate(all="ignore"):
            first = means[..., 5 : 5 + k] / variance
            total = (means[..., 5 + k : 5 + 2 * k] - noise) / variance
            closed = means[..., 5 + 2 * k :] / variance
            parts = [variance, within / (np.maximum(variance, 0) + within), (dummy - noise) / variance]
        pairs = list(combinations(range(k), 2)) if self.n_pairs else []
        second = [closed[..., [at]] - first[..., [i]] - first[..., [j]] for at, (i, j) in enumerate(pairs)]
        return np.concatenate([*parts, first, total, *second], axis=-1)


def block_columns(
    whole: Floats, k: int, second_order: bool, common: bool, rng: np.random.Generator
) -> BlockColumns:
    """Compute what each block adds to the means that indices are made of.

    Args:
        whole: Blocks without a missing point, of shape (blocks, points of a block, replications).
        k: The number of parameters.
        second_order: Whether the blocks hold the points for second order indices.
        common: Whether all points have the same seed in a replication.
        rng: The source of chance of the dummy.
    """
    known = np.isfinite(whole)
    n = known.sum(axis=2)
    filled = np.where(known, whole, 0.0)
    mean = filled.sum(axis=2) / n
    squares = (np.where(known, whole - mean[:, :, None], 0.0) ** 2).sum(axis=2)
    variance = np.where(n > 1, squares / np.maximum(n - 1, 1), np.nan)
    pooled = float(np.nanmean(variance)) if (n > 1).any() else 0.0
    variance = np.where(np.isfinite(variance), variance, pooled)
    within = variance.mean(axis=1)
    if common and whole.shape[2] > 1:
        return _columns_of_common_seeds(whole, within, k, second_order)
    centre = (mean[:, 0].mean() + mean[:, -1].mean()) / 2
    mean = mean - centre
    a, b = mean[:, [0]], mean[:, [-1]]
    ab, ba = mean[:, 1 : k + 1], mean[:, k + 1 : 2 * k + 1]
    parts = [
        (a**2 + b**2) / 2,
        (a + b) / 2,
        (variance / n).mean(axis=1, keepdims=True),
        within[:, None],
        _dummy(whole[:, 0], known[:, 0], rng)[:, None],
        b * (ab - a),
        (a - ab) ** 2 / 2,
    ]
    if second_order:
        parts += [ba[:, [j]] * ab[:, [i]] - a * b for i, j in combinations(range(k), 2)]
    return BlockColumns(np.concatenate(parts, axis=1), k, k * (k - 1) // 2 if second_order else 0)


def _dummy(values: Floats, known: npt.NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """Half the squared difference between two means that differ by chance only.

    The runs of A are weighed with random numbers that add up to 0, such that the sum has the variance of a difference
    between two independent means of as many runs.
    """
    n = known.sum(axis=1, keepdims=True)
    drawn = np.where(known, rng.standard_normal(values.shape), 0.0)
    drawn = np.where(known, drawn - drawn.sum(axis=1, keepdims=True) / n, 0.0)
    size = np.sqrt((drawn**2).sum(axis=1, keepdims=True))
    with np.errstate(all="ignore"):
        weights = np.where(n > 1, drawn / size * np.sqrt(2.0 / n), 0.0)
    contrast = (weights * np.where(known, values, 0.0)).sum(axis=1)
    found = contrast**2 / 2
    several = n[:, 0] > 1
    return np.where(several, found, found[several].mean() if several.any() else 0.0)


def _columns_of_common_seeds(whole: Floats, within: Floats, k: int, second_order: bool) -> BlockColumns:
    """The same where replications are the independent units: every square is a product of two different ones."""
    r = whole.shape[2]
    centred = whole - (whole[:, 0].mean(axis=0) + whole[:, -1].mean(axis=0)) / 2

    def product(one: Floats, other: Floats) -> Floats:
        both = one.sum(axis=-1) * other.sum(axis=-1) - (one * other).sum(axis=-1)
        return np.asarray(both / (r * (r - 1)))

    a, b = centred[:, [0]], centred[:, [-1]]
    ab, ba = centred[:, 1 : k + 1], centred[:, k + 1 : 2 * k + 1]
    nothing = np.zeros((len(whole), 1))
    parts = [
        (product(a, a) + product(b, b)) / 2,
        nothing,
        nothing,
        within[:, None],
        nothing,  # a parameter without influence changes nothing at all under the same seed
        product(b, ab - a),
        product(a - ab, a - ab) / 2,
    ]
    if second_order:
        parts += [product(ba[:, [j]], ab[:, [i]]) - product(a, b) for i, j in combinations(range(k), 2)]
    return BlockColumns(np.concatenate(parts, axis=1), k, k * (k - 1) // 2 if second_order else 0)
