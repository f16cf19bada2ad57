"""The quadratic response surface, and what its shape is: canonical analysis.

The full second-order model on coded levels (Box and Wilson, 1951), fitted as the effects of a factorial design are. Its stationary
point is where all slopes are 0; the eigenvalues of the quadratic part tell whether it is a peak, a valley or a saddle. How far
these can be trusted comes from drawing coefficients as uncertain as the fit says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.analysis.effects.fit import Fit
from mesa_lab.processing.analysis.effects.terms import Model, is_quadratic
from mesa_lab.processing.analysis.surface.axes import Axis

__all__ = ["Canonical", "Quadratic", "canonical", "is_full"]

type Floats = npt.NDArray[np.float64]

_DRAWS: Final = 2000
_FLAT: Final = 1e-8


@dataclass(frozen=True, eq=False)
class Quadratic:
    """A fitted quadratic surface.

    Attributes:
        model: Its terms.
        fit: Its coefficients.
        axes: The parameters.
    """

    model: Model
    fit: Fit
    axes: tuple[Axis, ...]

    def predict(self, places: Floats) -> tuple[Floats, Floats]:
        """Return the mean response and its standard error at places."""
        rows = self.rows(places)
        variance = np.einsum("ij,jk,ik->i", rows, self.fit.covariance, rows)
        return rows @ self.fit.coefficients, np.sqrt(np.maximum(variance, 0.0))

    def predict_mean(self, places: Floats) -> Floats:
        """Return the mean response alone."""
        return np.asarray(self.rows(places) @ self.fit.coefficients)

    def predict_difference(self, places: Floats, others: Floats) -> tuple[Floats, Floats]:
        """Return the difference of the mean response between pairs of points, and its standard error."""
        rows = self.rows(places) - self.rows(others)
        variance = np.einsum("ij,jk,ik->i", rows, self.fit.covariance, rows)
        return rows @ self.fit.coefficients, np.sqrt(np.maximum(variance, 0.0))

    def rows(self, places: Floats) -> Floats:
        """Return the columns of the model at places."""
        mains = [_coded(axis, places[:, at]) for at, axis in enumerate(self.axes)]
        columns = [np.ones((len(places), 1))]
        for term in self.model.terms:
            if term.kind == "bend":
                columns.append(mains[term.factors[0]] ** 2)
                continue
            product = mains[term.factors[0]]
            for other in term.factors[1:]:
                product = (product[:, :, None] * mains[other][:, None, :]).reshape(len(places), -1)
            columns.append(product)
        return np.hstack(columns)


def _coded(axis: Axis, places: Floats) -> Floats:
    if not axis.categorical:
        return places[:, None]
    last = len(axis.levels) - 1
    codes = places.astype(np.int64)
    columns = np.zeros((len(places), last))
    inner = np.flatnonzero(codes < last)
    columns[inner, codes[inner]] = 1.0
    columns[codes >= last] = -1.0
    return columns


def is_full(model: Model, axes: Sequence[Axis]) -> bool:
    """Whether the points allow the full second-order model of numbers: all slopes, all bends, all pairs."""
    return all(axis.is_number and len(axis.levels) > 2 for axis in axes) and is_quadratic(model, len(axes))


@dataclass(frozen=True, eq=False)
class Canonical:
    """The shape of a quadratic surface.

    Attributes:
        kind: "maximum", "minimum", "saddle" or "ridge" (flat along a direction).
        places: The stationary point, in places of the axes: between -1 and 1 inside of what was tried.
        low: The lower end of the interval of each of its coordinates; `high` the upper one.
        response: The response there.
        response_se: Its standard error.
        inside: Whether the point lies within what was tried.
        eigenvalues: How the surface bends along its own axes: negative is down.
        directions: Those axes, one column each.
        sure: The share of drawn surfaces that are of the same kind.
        sure_inside: The share of drawn surfaces whose stationary point lies inside.
    """

    kind: str
    places: Floats
    low: Floats
    high: Floats
    response: float
    response_se: float
    inside: bool
    eigenvalues: Floats
    directions: Floats
    sure: float
    sure_inside: float


def canonical(surface: Quadratic, seed: int = 1, level: float = 0.95) -> Canonical:
    """Find the stationary point of a quadratic surface and what kind it is.

    Args:
        surface: The surface, with all slopes, bends and pairs.
        seed: Of the drawn coefficients.
        level: Level of the intervals.
    """
    fit = surface.fit
    slopes, bends = _parts(surface, fit.coefficients)
    values, directions = np.linalg.eigh(bends)
    point = _stationary(slopes, bends)
    kind = _kind(values)
    inside = bool((np.abs(point) <= 1 + 1e-9).all())
    low, high = np.full(len(point), np.nan), np.full(len(point), np.nan)
    sure = sure_inside = float("nan")
    response, se = surface.predict(point[None, :])
    if np.isfinite(fit.covariance).all():
        rng = np.random.default_rng(seed)
        root = _root(fit.covariance)
        # Student's spread, since the covariance is estimated too.
        chance = rng.standard_normal((_DRAWS, len(fit.coefficients)))
        if np.isfinite(fit.freedom):
            chance = chance / np.sqrt(rng.chisquare(fit.freedom, (_DRAWS, 1)) / fit.freedom)
        points, same = [], 0
        for draw in fit.coefficients + chance @ root.T:
            drawn_slopes, drawn_bends = _parts(surface, draw)
            points.append(_stationary(drawn_slopes, drawn_bends))
            same += _kind(np.linalg.eigvalsh(drawn_bends)) == kind
        found = np.array(points)
        low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], axis=0)
        sure, sure_inside = same / _DRAWS, float((np.abs(found) <= 1).all(axis=1).mean())
    return Canonical(
        kind=kind,
        places=point,
        low=low,
        high=high,
        response=float(response[0]),
        response_se=float(se[0]),
        inside=inside,
        eigenvalues=values,
        directions=directions,
        sure=sure,
        sure_inside=sure_inside,
    )


def _parts(surface: Quadratic, coefficients: Floats) -> tuple[Floats, Floats]:
    """Return the slopes and the symmetric matrix of the quadratic part."""
    k = len(surface.axes)
    slopes, bends = np.zeros(k), np.zeros((k, k))
    for term, place in zip(surface.model.terms, surface.model.places, strict=True):
        value = float(coefficients[place.start])
        if term.kind == "main":
            slopes[term.factors[0]] = value
        elif term.kind == "bend":
            bends[term.factors[0], term.factors[0]] = value
        elif len(term.factors) == 2:
            i, j = term.factors
            bends[i, j] = bends[j, i] = value / 2
    return slopes, bends


def _stationary(slopes: Floats, bends: Floats) -> Floats:
    return np.asarray(-0.5 * np.linalg.pinv(bends, rcond=1e-10) @ slopes)


def _kind(values: Floats) -> str:
    largest = np.abs(values).max(initial=0.0)
    if largest == 0 or (np.abs(values) < _FLAT * largest).any():
        return "ridge"
    if (values < 0).all():
        return "maximum"
    return "minimum" if (values > 0).all() else "saddle"


def _root(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
