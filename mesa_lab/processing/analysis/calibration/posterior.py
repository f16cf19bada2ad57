"""What parameters fit observed numbers: a surface for each summary of the runs, and how far each place of the space is from the data.

History matching (Craig et al. 1997; Andrianakis et al. 2015, PLoS Comput Biol 11: e1003968) rules out places that miss the data by more
than three standard deviations. What is left is weighed by a Gaussian likelihood of the summaries (Wood 2010, Nature 466: 1102-1104) whose mean
comes from the surfaces and whose variance from the spread between runs, the tolerance, and what the surfaces do not know. Series are reduced to a
few principal components (Higdon et al. 2008, JASA 103: 570-583), since their values are not independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.preparation.parameters.space import ParameterSpace
from mesa_lab.processing.analysis.calibration.targets import Component, scales
from mesa_lab.processing.analysis.smooth_surface import Landscape, fit_landscape

__all__ = ["IMPLAUSIBLE", "Posterior", "Summaries", "fit_posterior", "summaries"]

type Floats = npt.NDArray[np.float64]

IMPLAUSIBLE: Final = 3.0
"""Standard deviations beyond which a place is ruled out (Pukelsheim 1994, for any distribution with one mode)."""

_MOST_SUMMARIES: Final = 5
_EXPLAINED: Final = 0.995
_POOL: Final = 4096
_DEEP: Final = 12.0
"""Log likelihoods below the best that matter."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """What fits.

    Attributes:
        pool: Places of the unit cube, drawn evenly from the part that matters.
        log_likelihood: Of each.
        uncertain: How large a share of the variance at each is what the surfaces do not know.
        everywhere: Places drawn evenly from the whole space.
        implausibility: How many standard deviations each of those misses the data by, in its worst summary.
        at_pool: The same of the places of the pool.
        predicted: The mean of each observed number at the places of the pool, shape (places, numbers).
        predicted_sd: The standard deviation of one run there, of each observed number.
        chance: The standard deviation between runs of each observed number.
        model: The surfaces.
    """

    pool: Floats
    log_likelihood: Floats
    uncertain: Floats
    everywhere: Floats
    implausibility: Floats
    at_pool: Floats
    predicted: Floats
    predicted_sd: Floats
    chance: Floats
    model: Any

    def holds(self, unit: Floats, level: float = 0.9) -> npt.NDArray[np.bool_]:
        """Tell for places of the unit cube whether they lie in the region that holds this share of the probability."""
        return np.asarray(self.model.log_likelihood(*self.model.at(unit))[0] >= self.threshold(level))

    @property
    def weight(self) -> Floats:
        """The posterior probability of each place of the pool; adds up to 1."""
        weight = np.exp(self.log_likelihood - self.log_likelihood.max())
        return np.asarray(weight / weight.sum())

    @property
    def share_left(self) -> float:
        """Which share of the space is not ruled out."""
        return float((self.implausibility <= IMPLAUSIBLE).mean())

    @property
    def nearest(self) -> float:
        """By how many standard deviations the nearest place misses the data."""
        return float(min(self.implausibility.min(), self.at_pool.min()))

    def draw(self, n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """Draw rows of the pool by their probability."""
        return rng.choice(len(self.pool), n, p=self.weight)

    def threshold(self, level: float = 0.9) -> float:
        """The log likelihood above which this share of the probability lies: the edge of the region of highest density."""
        order = np.argsort(-self.log_likelihood, kind="stable")
        reached = np.cumsum(self.weight[order])
        return float(self.log_likelihood[order[min(int(np.searchsorted(reached, level)), len(order) - 1)]])


@dataclass(frozen=True, eq=False)
class Summaries:
    """Runs reduced to a few numbers, with the data among them."""

    turn: Floats
    centre: Floats
    scale: Floats
    z: Floats
    observed: Floats
    tolerance: Floats


def summaries(components: Sequence[Component], vectors: Floats, means: Floats, distance: str) -> Summaries:
    """Reduce observed numbers to a few: themselves, or their principal components.

    Args:
        components: The observed numbers.
        vectors: What runs gave: one row for each run.
        means: The means of points, whose principal components are taken.
        distance: How misses are made comparable: see `targets.scales`.
    """
    scale = scales(components, vectors.std(axis=0), distance)
    centre = means.mean(axis=0)
    scaled = (means - centre) / scale
    most = min(_MOST_SUMMARIES, max(len(means) - 2, 1))
    if len(components) <= most:
        turn = np.eye(len(components))
    else:
        _, sizes, axes = np.linalg.svd(scaled, full_matrices=False)
        explained = np.cumsum(sizes**2) / max(float((sizes**2).sum()), 1e-300)
        turn = axes[: min(int(np.searchsorted(explained, _EXPLAINED)) + 1, most)]
    observed = turn @ ((np.array([each.value for each in components]) - centre) / scale)
    tolerance = turn @ np.diag((np.array([each.tolerance for each in components]) / scale) ** 2) @ turn.T
    return Summaries(turn, centre, scale, (vectors - centre) / scale @ turn.T, observed, tolerance)


def fit_posterior(
    space: ParameterSpace,
    unit: Floats,
    vectors: Floats,
    point: npt.NDArray[np.int64],
    components: Sequence[Component],
    *,
    distance: str = "standardised",
    observed_runs: int | None = 1,
    seed: int = 0,
) -> Posterior | None:
    """Say how well each place of a space fits observed numbers.

    Args:
        space: The parameters.
        unit: The points that were run, in the unit cube.
        vectors: What the runs gave: one row for each run, one column for each observed number; no NaN.
        point: The row of the point of each run.
        components: The observed numbers.
        distance: How misses are made comparable: see `targets.scales`.
        observed_runs: Of how many runs the observed numbers are the mean: 1 for what happened once; None where they hold no chance.
        seed: Of what is drawn.

    Returns:
        What fits; None where the points are too few for a surface.
    """
    used, code = np.unique(point, return_inverse=True)
    n = np.bincount(code).astype(float)
    if len(used) < max(6, len(space.varied) + 2):
        return None
    means = np.column_stack([np.bincount(code, column) for column in vectors.T]) / n[:, None]
    summed = summaries(components, vectors, means, distance)
    q = len(summed.observed)
    z = np.column_stack([np.bincount(code, column) for column in summed.z.T]) / n[:, None]
    gaps = summed.z - z[code]
    squares = np.zeros((len(used), q, q))
    np.add.at(squares, code, gaps[:, :, None] * gaps[:, None, :])
    df = n - 1
    replicated = df.sum() > 0
    pooled = squares.sum(axis=0) / df.sum() if replicated else np.zeros((q, q))
    surfaces: list[Landscape | None] = []
    for each in range(q):
        noise = pooled[each, each] / n if replicated else np.full(len(n), np.nan)
        surfaces.append(fit_landscape(space, unit[used], z[:, each], noise, seed))
    if not replicated:  # what the surfaces left over is all that is known of chance
        pooled = np.diag([0.0 if surface is None else surface.chance for surface in surfaces])
    floor = 1e-6 * np.eye(q) * max(float(z.var(axis=0).max()), 1e-12)
    share = 0.0 if observed_runs is None else 1.0 / observed_runs
    model = _Model(surfaces, z, summed, pooled * share + summed.tolerance + floor)
    if replicated and share:
        # Chance may differ over the space: what counts is that near the data.
        near = model.log_likelihood(*model.at(unit[used]))[0]
        weight = np.exp(np.maximum(near - near.max(), -200.0) / 4)
        effective = float((weight * df).sum())
        if effective > 0:
            local = (weight[:, None, None] * squares).sum(axis=0) / effective
            mix = effective / (effective + 2 * q)
            between = mix * local + (1 - mix) * pooled
            model = _Model(
                surfaces, z, summed, between * share + summed.tolerance + floor, max(effective, q + 3.0)
            )
    rng = np.random.default_rng(seed)
    everywhere = _drawn(space, _POOL, rng)
    if not len(everywhere):
        return None
    mean, sd = model.at(everywhere)
    implausibility = model.implausibility(mean, sd)
    pool, found = everywhere, model.log_likelihood(mean, sd)
    for _ in range(3):
        top = pool[found[0] > found[0].max() - _DEEP]
        low, high = top.min(axis=0), top.max(axis=0)
        margin = 0.25 * (high - low) + 0.5 / len(pool) ** (1 / pool.shape[1])
        low, high = np.maximum(low - margin, 0.0), np.minimum(high + margin, 1.0)
        if (high - low).prod() > 0.5:
            break
        closer = _drawn(space, _POOL, rng, low, high)
        if not len(closer):
            break
        pool = closer
        mean, sd = model.at(pool)
        found = model.log_likelihood(mean, sd)
    back = summed.turn * summed.scale  # summaries to observed numbers
    chance = np.sqrt(np.maximum(((back.T @ pooled) * back.T).sum(axis=1), 0.0))
    return Posterior(
        pool,
        found[0],
        found[1],
        everywhere,
        implausibility,
        model.implausibility(mean, sd),
        summed.centre + mean @ back,
        np.sqrt((sd**2) @ (back**2) + chance**2),
        chance,
        model,
    )


@dataclass(frozen=True, eq=False)
class _Model:
    """The surfaces of the summaries, and the covariance of the data about them."""

    surfaces: Sequence[Landscape | None]
    z: Floats
    summed: Summaries
    covariance: Floats
    df: float = np.inf
    """How many runs the covariance is known by: few make the tails of the likelihood heavier."""

    def at(self, unit: Floats) -> tuple[Floats, Floats]:
        """The mean of each summary at some places, and how surely that is known."""
        mean, sd = np.empty((len(unit), len(self.surfaces))), np.zeros((len(unit), len(self.surfaces)))
        for place, surface in enumerate(self.surfaces):
            if surface is None:  # the summary is the same everywhere
                mean[:, place] = self.z[:, place].mean()
            else:
                mean[:, place], sd[:, place] = surface.at(unit)
        return mean, sd

    def implausibility(self, mean: Floats, sd: Floats) -> Floats:
        """By how many standard deviations each place misses the data, in its worst summary."""
        total = np.sqrt(sd**2 + np.diag(self.covariance))
        return np.asarray((np.abs(mean - self.summed.observed) / total).max(axis=1))

    def log_likelihood(self, mean: Floats, sd: Floats) -> tuple[Floats, Floats]:
        """The log likelihood of each place, and which share of its variance the surfaces do not know."""
        gaps = self.summed.observed - mean
        full = self.covariance[None] + np.einsum("ij,jk->ijk", sd**2, np.eye(sd.shape[1]))
        _, size = np.linalg.slogdet(full)
        solved = np.linalg.solve(full, gaps[:, :, None])[:, :, 0]
        total = sd**2 + np.diag(self.covariance)
        far = (gaps * solved).sum(axis=1)
        if np.isfinite(self.df):  # Sellentin & Heavens (2016), MNRAS Letters 456: L132-L136
            far = (self.df + 1) * np.log1p(far / self.df)
        return -0.5 * (far + size), (sd**2 / total).max(axis=1)


def _drawn(
    space: ParameterSpace, n: int, rng: np.random.Generator, low: Any = 0.0, high: Any = 1.0
) -> Floats:
    """Draw places evenly from a box of the unit cube, as far as the constraints allow."""
    unit = low + (np.asarray(high) - low) * rng.random((n, len(space.varied)))
    if not space.constraints:
        return np.asarray(unit)
    return np.asarray(unit[np.asarray(space.allowed(space.from_unit(unit)))])
