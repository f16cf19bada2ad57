"""Approximate Bayesian computation in steps: settings are drawn near those whose runs came nearest to the data, and weighed for it.

The nearest part of all runs is kept; new settings are drawn around them, by a normal kernel with twice their covariance, and a run that was drawn
where many are drawn counts less (adaptive population Monte Carlo: Lenormand, Jabot & Deffuant 2013, Computational Statistics 28: 2777-2796). A
weight is one over the density of all proposals together, so that none is large (Cornuet et al. 2012, Scandinavian Journal of Statistics 39:
798-812).

What fits is read from more runs than are drawn around: the nearest part of all, of all generations, moved along a local linear regression to where
the data lie, the nearer the more they count (Beaumont, Zhang & Balding 2002, Genetics 162: 2025-2035). A regression lies nearer to the runs that it
is of than to others, so that plain residuals are too small, and intervals made of them too narrow; here each is that of a regression without its own run
(Quenouille's jackknife, as in predictive intervals: Barber et al. 2021, Annals of Statistics 49: 486-507).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.preparation.parameters.space import Choice, ParameterSpace
from mesa_lab.processing.analysis.calibration.posterior import summaries
from mesa_lab.processing.analysis.calibration.targets import Component

if TYPE_CHECKING:
    from mesa_lab.study.batches import AskedBatch

__all__ = ["Particles", "Population", "first_size", "generations_of", "population_of", "read_particles"]

type Floats = npt.NDArray[np.float64]
type Whole = npt.NDArray[np.int64]

_STAYS: Final = 0.7
"""How often a choice without an order stays what it was."""
_NEAR: Final = 0.4
"""Share of all runs that what fits is read from."""
_EDGE: Final = 1e-3
"""How near to the ends of its range a parameter is told from them."""
_MOST_LEVERAGE: Final = 0.9
_TRIES: Final = 1024
"""Draws from a proposal that say which share of it lies in the space."""


@dataclass(frozen=True, eq=False)
class Particles:
    """Settings that were drawn, with what their runs gave.

    Attributes:
        point: The row of the point of each.
        batch: The number of the batch that each was asked for in.
        vectors: The observed numbers, by one run of each or by the mean of several; NaN where a run gave none.
    """

    point: Whole
    batch: Whole
    vectors: Floats

    def before(self, batch: int) -> Particles:
        """Return those of the batches before one."""
        here = self.batch < batch
        return Particles(self.point[here], self.batch[here], self.vectors[here])


def first_size(budget: int | None, runs: int) -> int:
    """Return how many settings the first generation has; those after it have half as many.

    Args:
        budget: Of the search, in runs; None where it has none.
        runs: How many runs of a setting are compared with the data.
    """
    return 120 if budget is None else max(budget // runs // 4, 8)


def generations_of(batches: Sequence[AskedBatch]) -> dict[int, int]:
    """Return for each generation after the first the number of its first batch, with how many batches were known then."""
    found = {}
    for batch in batches:
        known = batch.notes.get("known")
        if type(batch.notes.get("generation")) is int and type(known) is int and 0 < known <= batch.number:
            found[batch.number] = known
    return found


def read_particles(batches: Sequence[AskedBatch], values: Floats, runs: int) -> Particles:
    """Read the particles of a search.

    Args:
        batches: What it asked for.
        values: The observed numbers by point and replication: shape (points, replications, numbers); NaN where there is none.
        runs: How many runs make one particle.
    """
    point: list[int] = []
    number: list[int] = []
    vectors: list[Floats] = []
    for batch in batches:
        for row, first, stop in batch.runs:
            for start in range(first, stop - runs + 1, runs):
                point.append(row)
                number.append(batch.number)
                vectors.append(values[row, start : start + runs].mean(axis=0))
    found = np.array(vectors, np.float64).reshape(len(point), values.shape[2])
    return Particles(np.array(point, np.int64), np.array(number, np.int64), found)


@dataclass(frozen=True, eq=False)
class _Proposal:
    """Where settings are drawn from: evenly, or around those that came near."""

    space: ParameterSpace
    centres: Floats
    weight: Floats
    root: Floats
    inside: float

    @cached_property
    def _numeric(self) -> list[int]:
        return _numeric(self.space)

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw places, some of which may lie outside the unit cube."""
        if not len(self.centres):
            return rng.random((n, len(self.space.varied)))
        found = self.centres[rng.choice(len(self.centres), n, p=self.weight)]
        found[:, self._numeric] += rng.standard_normal((n, len(self._numeric))) @ self.root.T
        for place in _choices(self.space):
            found[:, place] = np.where(rng.random(n) < _STAYS, found[:, place], rng.random(n))
        return found

    def density(self, unit: Floats) -> Floats:
        """The density of a draw that lies in the space, where 1 is that of the unit cube."""
        if not len(self.centres):
            return np.full(len(unit), 1.0 / self.inside)
        found = np.zeros(len(unit))
        inverse = np.linalg.inv(self.root)
        scale = abs(float(np.linalg.det(inverse))) / (2 * np.pi) ** (len(self._numeric) / 2)
        for centre, weight in zip(self.centres, self.weight, strict=True):
            gaps = (unit[:, self._numeric] - centre[self._numeric]) @ inverse.T
            each = scale * np.exp(-0.5 * (gaps**2).sum(axis=1))
            for place, count in _choices(self.space).items():
                same = np.floor(unit[:, place] * count) == np.floor(centre[place] * count)
                each *= np.where(same, _STAYS * count, 0.0) + (1 - _STAYS)
            found += weight * each
        return np.asarray(found / self.inside)


def _numeric(space: ParameterSpace) -> list[int]:
    return [place for place, each in enumerate(space.varied.values()) if not isinstance(each, Choice)]


def _choices(space: ParameterSpace) -> dict[int, int]:
    return {
        place: len(each.values)
        for place, each in enumerate(space.varied.values())
        if isinstance(each, Choice)
    }


def _allowed(space: ParameterSpace, unit: Floats) -> npt.NDArray[np.bool_]:
    inside = ((unit >= 0) & (unit <= 1)).all(axis=1)
    if space.constraints and inside.any():
        inside[inside] = np.asarray(space.allowed(space.from_unit(unit[inside])))
    return np.asarray(inside, np.bool_)


@dataclass(frozen=True, eq=False)
class Population:
    """The settings whose runs came nearest to the data, after some generations.

    Attributes:
        space: The parameters.
        unit: All particles with numbers, in the unit cube.
        z: Their summaries less those of the data, in standard deviations of the first generation.
        distance: How far each is from the data.
        weight: What each counts; adds up to 1 over those that are kept.
        kept: The nearest ones.
        tolerance: How far the farthest of them is from the data.
        closer: Share of the last generation that came nearer than the tolerance of the one before; 1 before there is one.
        proposals: Where the settings of each generation were drawn from.
    """

    space: ParameterSpace
    unit: Floats
    z: Floats
    distance: Floats
    weight: Floats
    kept: Whole
    tolerance: float
    closer: float
    proposals: tuple[_Proposal, ...]

    @cached_property
    def near(self) -> Whole:
        """The runs that what fits is read from, the nearest first."""
        count = max(round(_NEAR * len(self.distance)), len(self.kept))
        return np.asarray(np.argsort(self.distance, kind="stable")[:count])

    @property
    def reach(self) -> float:
        """How far the farthest of them is from the data."""
        return float(self.distance[self.near].max())

    @cached_property
    def near_weight(self) -> Floats:
        """What each of them counts; adds up to 1."""
        reach = self.reach
        kernel = (
            np.maximum(1 - (self.distance[self.near] / (1.0001 * reach)) ** 2, 1e-6) if reach > 0 else 1.0
        )
        weight = self.weight[self.near] * kernel
        return np.asarray(weight / weight.sum())

    @property
    def effective(self) -> float:
        """How many runs of equal weight they are worth."""
        return 1.0 / max(float((self.near_weight**2).sum()), 1e-300)

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw places of the space from the last proposal."""
        found = np.zeros((0, len(self.space.varied)))
        for _ in range(20):
            more = self.proposals[-1].draw(2 * n, rng)
            found = np.vstack([found, more[_allowed(self.space, more)]])
            if len(found) >= n:
                break
        return found[:n]

    @cached_property
    def adjusted(self) -> Floats:
        """The settings of the near runs, moved along a local linear regression to where the data lie."""
        here = self.unit[self.near]
        numeric, gaps = _numeric(self.space), self.z[self.near]
        if len(here) < 4 * (gaps.shape[1] + 2) or not self.reach > 0:
            return here
        near = np.clip(here[:, numeric], _EDGE, 1 - _EDGE)
        turned = np.log(near / (1 - near))  # so that nothing leaves the ranges
        root = np.sqrt(self.near_weight)[:, None]
        columns = np.column_stack([np.ones(len(gaps)), gaps])
        slopes = np.linalg.lstsq(columns * root, turned * root, rcond=1e-6)[0]
        leverage = ((columns * root) * np.linalg.pinv(columns * root).T).sum(axis=1)
        left_out = (turned - columns @ slopes) / (1 - np.minimum(leverage, _MOST_LEVERAGE))[:, None]
        moved = here.copy()
        moved[:, numeric] = 1 / (1 + np.exp(-(slopes[0] + left_out)))
        return np.asarray(moved)


def population_of(
    space: ParameterSpace,
    unit: Floats,
    particles: Particles,
    generations: Mapping[int, int],
    components: Sequence[Component],
    *,
    first: int,
    distance: str = "standardised",
    seed: int = 0,
) -> Population | None:
    """Weigh the particles of a search.

    Args:
        space: The parameters.
        unit: The points in the unit cube.
        particles: Those that are known.
        generations: For each generation after the first the number of its first batch, with how many batches were known when it was asked for.
        components: The observed numbers.
        first: How many particles the first generation has; half as many are kept.
        distance: How misses are made comparable: see `targets.scales`.
        seed: Of what is drawn.

    Returns:
        The population; None while fewer than half of the first generation have numbers.
    """
    whole = np.isfinite(particles.vectors).all(axis=1) & (np.abs(particles.vectors) < 1e120).all(axis=1)
    known = Particles(particles.point[whole], particles.batch[whole], particles.vectors[whole])
    starts = sorted(generations)
    early = known.before(generations[starts[0]]) if starts else known
    keep = max(first // 2, 4)
    if len(early.point) < keep or not float(np.ptp(early.vectors, axis=0).max()) > 0:
        return None
    base = summaries(components, early.vectors, early.vectors, distance)
    z = (known.vectors - base.centre) / base.scale @ base.turn.T - base.observed
    if base.tolerance.any():  # the model's own error, drawn for each run (Wilkinson 2013)
        z = z + _errors(known, base.tolerance, seed)
    far = np.sqrt((z**2).mean(axis=1))
    place = unit[known.point]
    share = float(_allowed(space, np.random.default_rng(seed).random((4 * _TRIES, unit.shape[1]))).mean())
    proposals = [_even(space, share)]
    weight, kept, tolerance, closer = np.ones(len(far)), np.arange(len(far)), np.inf, 1.0
    ends = [*starts, None]
    of = (
        np.searchsorted(np.array(starts, np.int64), known.batch, side="right")
        if starts
        else np.zeros(len(far), int)
    )
    densities = [proposals[0].density(place)]
    for generation, end in enumerate(ends):
        here = np.flatnonzero(known.batch < generations[end]) if end is not None else np.arange(len(far))
        before = tolerance
        counts = np.bincount(of[here], minlength=len(proposals))[: len(proposals)]
        mixture = sum(n * each for n, each in zip(counts, densities, strict=True)) / max(len(here), 1)
        weight = 1.0 / np.maximum(mixture, 1e-12)
        kept = here[np.argsort(far[here], kind="stable")[:keep]]
        tolerance = float(far[kept].max())
        latest = here[of[here] == generation]
        closer = float((far[latest] < before).mean()) if generation and len(latest) else 1.0
        if end is not None:
            proposals.append(
                _near(space, place[kept], weight[kept], np.random.default_rng([seed, generation]))
            )
            densities.append(proposals[-1].density(place))
    weight = weight / weight[kept].sum()
    return Population(space, place, z, far, weight, kept, tolerance, closer, (*proposals,))


def _errors(particles: Particles, tolerance: Floats, seed: int) -> Floats:
    """An error of the size of the tolerance for each particle, the same whenever it is asked for."""
    values, vectors = np.linalg.eigh(tolerance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.random.default_rng([seed, 1]).standard_normal((len(particles.point), len(tolerance))) @ root.T


def _even(space: ParameterSpace, share: float) -> _Proposal:
    k = len(space.varied)
    return _Proposal(space, np.zeros((0, k)), np.zeros(0), np.eye(len(_numeric(space))), max(share, 1e-6))


def _near(space: ParameterSpace, centres: Floats, weight: Floats, rng: np.random.Generator) -> _Proposal:
    numeric = _numeric(space)
    weight = weight / weight.sum()
    gaps = centres[:, numeric] - weight @ centres[:, numeric]
    covariance = 2 * (gaps * weight[:, None]).T @ gaps + 1e-6 * np.eye(len(numeric))
    root: Any = np.linalg.cholesky(covariance) if numeric else np.eye(0)
    found = _Proposal(space, centres, weight, root, 1.0)
    inside = float(_allowed(space, found.draw(_TRIES, rng)).mean())
    return _Proposal(space, centres, weight, root, max(inside, 1 / _TRIES))
