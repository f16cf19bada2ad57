"""Emulator: predictions of an outcome at any setting within what was tried, with their uncertainty.

What a page asks when a slider moves: fitted once in a second, it answers in milliseconds and runs no model. It refuses settings
beyond the values that were tried and points that break a constraint.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import ConclusionError, MesaLabError, ParameterError
from mesa_lab.processing.analysis.effects.fit import fit_model
from mesa_lab.processing.analysis.effects.question import FEW_LEVELS
from mesa_lab.processing.analysis.effects.terms import model_of
from mesa_lab.processing.analysis.inference import shrunk_variances
from mesa_lab.processing.analysis.observations import Observations
from mesa_lab.processing.analysis.repeats import observe_once
from mesa_lab.processing.analysis.surface.axes import Axis, axes_of, place_columns
from mesa_lab.processing.analysis.surface.bounded import (
    bounded,
    observed_bounds,
    share_interval,
    share_variance,
)
from mesa_lab.processing.analysis.surface.gaussian_process import GaussianProcess, fit_process
from mesa_lab.processing.analysis.surface.quadratic import Quadratic, is_full

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["Emulator", "fit_emulator"]

type Floats = npt.NDArray[np.float64]
type Kind = Literal["auto", "quadratic", "gaussian process"]

CURVE: Final = 41
"""Places of a curve of the profile."""


@dataclass(frozen=True, eq=False)
class Emulator:
    """A surface through the means of an outcome.

    Attributes:
        outcome: The outcome.
        kind: "quadratic" or "gaussian process".
        axes: The parameters.
        surface: The fitted surface.
        observed: What it was fitted to.
        is_share: Whether the outcome is a yes or no.
        bounds: What predictions stay between: values that many runs reached and none passed, such as 0 for a count; infinite
            where there are none.
        within: The variance of single runs around the mean; NaN without replications.
        shared: The variance that common seeds add to all means alike.
        freedom: Degrees of freedom of the intervals.
        constraints: The experiment's constraints and the values held fixed, for `allowed`.
        error: Root mean square error of the mean at points that were left out, noise of these means taken out.
        explained: The share of the differences between points that it explains at points that were left out.
        covered: The share of left-out means within their 95 % intervals.
        n_left: How many points were left out, one by one or all at once.
    """

    outcome: str
    kind: str
    axes: tuple[Axis, ...]
    surface: Quadratic | GaussianProcess
    observed: Observations
    is_share: bool
    bounds: tuple[float, float]
    within: float
    shared: float
    freedom: float
    space: Any
    error: float
    explained: float
    covered: float
    n_left: int

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters."""
        return tuple(axis.name for axis in self.axes)

    def predict(self, points: pd.DataFrame | Mapping[str, Any], level: float = 0.95) -> pd.DataFrame:
        """Predict the outcome.

        Args:
            points: A table with a column for each varied parameter, or values (or lists of them) by name.
            level: Level of the intervals.

        Returns:
            One row per point: `mean`, `low`, `high` (interval of the mean), `run_low`, `run_high` (interval of a single run; NaN
            without replications).

        Raises:
            ParameterError: If a value lies outside of what was tried, a point breaks a constraint, or a parameter is missing.
        """
        places = place_columns(self.axes, points)
        allowed = self.allowed(places)
        if not allowed.all():
            raise ParameterError(
                f"Point {int(np.flatnonzero(~allowed)[0]) + 1} breaks a constraint ({', '.join(self.space.constraints)}): nothing was run "
                "there."
            )
        return self.at(places, level)

    def at(self, places: Floats, level: float = 0.95) -> pd.DataFrame:
        """Predict at places: one column per axis, -1 to 1, or the number of a level."""
        mean, se = self.surface.predict(self.columns(places))
        se = np.sqrt(se**2 + self.shared)
        t = self._quantile(level)
        if self.is_share:  # a run is yes or no: it has no interval
            mean, low, high = share_interval(mean, t * se, self.observed.n_runs, level)
            run_low = run_high = np.full(len(mean), np.nan)
        else:
            _, run_low, run_high = bounded(mean, t * np.sqrt(se**2 + self.within), self.bounds)
            mean, low, high = bounded(mean, t * se, self.bounds)
        return pd.DataFrame(
            {"mean": mean, "low": low, "high": high, "run_low": run_low, "run_high": run_high}
        )

    def difference(self, places: Floats, others: Floats, level: float = 0.95) -> pd.DataFrame:
        """Predict by how much the mean differs between pairs of places: `difference`, `low`, `high`."""
        mean, se = self.surface.predict_difference(self.columns(places), self.columns(others))
        t = self._quantile(level)
        return pd.DataFrame({"difference": mean, "low": mean - t * se, "high": mean + t * se})

    def columns(self, places: Floats) -> Floats:
        """Return places as the surface takes them."""
        if isinstance(self.surface, Quadratic):
            return places
        return process_columns(self.axes, places)

    def allowed(self, places: Floats) -> npt.NDArray[np.bool_]:
        """Say which places keep the experiment's constraints."""
        if not getattr(self.space, "constraints", ()):
            return np.ones(len(places), bool)
        try:
            return np.asarray(self.space.allowed(self.points(places)), dtype=bool)
        except MesaLabError:  # a constraint on what did not vary here
            return np.ones(len(places), bool)

    def points(self, places: Floats) -> pd.DataFrame:
        """Return places as a table of parameter values."""
        return pd.DataFrame({axis.name: axis.values(places[:, at]) for at, axis in enumerate(self.axes)})

    def setting(self, place: Floats) -> dict[str, Any]:
        """Return one place as values of the parameters by name."""
        return {axis.name: axis.values(place[[at]])[0] for at, axis in enumerate(self.axes)}

    def middle(self) -> Floats:
        """Return the place in the middle of all ranges; of a choice its first level, which is number 0."""
        return np.zeros(len(self.axes))

    def candidates(self, count: int = 1024, seed: int = 1) -> Floats:
        """Return places all over what was tried, the points of the study among them, that keep the constraints."""
        own = np.column_stack(
            [
                factor.codes.astype(np.float64)
                if axis.categorical
                else axis.places(list(factor.levels))[factor.codes]
                for factor, axis in zip(self.observed.factors, self.axes, strict=True)
            ]
        )[:count]
        both = np.vstack([self._all_over(count, seed), own])
        return both[self.allowed(both)]

    def _all_over(self, count: int, seed: int) -> Floats:
        """Places that fill what was tried: every one where these are levels alone and not too many, else drawn."""
        steps = [_steps(axis) for axis in self.axes]
        levels = [each for each in steps if each is not None]
        if len(levels) == len(steps) and math.prod(len(each) for each in levels) <= count:
            return np.stack(np.meshgrid(*levels, indexing="ij"), axis=-1).reshape(-1, len(levels))
        from scipy.stats import qmc

        drawn = qmc.Sobol(len(self.axes), rng=seed).random(count)
        return np.column_stack(
            [
                # The ends are where slopes lead to: an eighth of the range beyond is folded onto them.
                np.clip(2.5 * along - 1.25, -1, 1)
                if each is None
                else each[np.minimum((along * len(each)).astype(np.int64), len(each) - 1)]
                for along, each in zip(drawn.T, steps, strict=True)
            ]
        )

    def profile(self, place: Floats, level: float = 0.95, count: int = CURVE) -> pd.DataFrame:
        """Predict along each parameter through one place.

        Returns:
            One row per parameter and value: `parameter`, `value`, `place`, `mean`, `low`, `high`.
        """
        parts = []
        for at, axis in enumerate(self.axes):
            steps = _steps(axis)
            along = np.linspace(-1, 1, count) if steps is None else steps
            places = np.repeat(place[None, :], len(along), axis=0)
            places[:, at] = along
            part = self.at(places, level)[["mean", "low", "high"]]
            values = axis.values(along)
            part.insert(0, "parameter", axis.name)
            part.insert(1, "value", pd.Series(values, dtype=object))
            part.insert(2, "place", along)
            parts.append(part[self.allowed(places)])
        return pd.concat(parts, ignore_index=True)

    def _quantile(self, level: float) -> float:
        from scipy.special import ndtri, stdtrit

        if np.isfinite(self.freedom):
            return float(stdtrit(self.freedom, (1 + level) / 2))
        return float(ndtri((1 + level) / 2))


def _steps(axis: Axis) -> Floats | None:
    """The places that a parameter can take, None where that is any in its range."""
    if axis.categorical:
        return np.arange(len(axis.levels), dtype=np.float64)
    return None if axis.continuous else axis.places(list(axis.levels))


def process_columns(axes: tuple[Axis, ...], places: Floats) -> Floats:
    """Return places with a column of zeros and ones for each level of a choice."""
    columns = []
    for at, axis in enumerate(axes):
        if axis.categorical:
            columns.append((places[:, [at]] == np.arange(len(axis.levels))).astype(np.float64))
        else:
            columns.append(places[:, [at]])
    return np.hstack(columns)


def fit_emulator(results: Reader, outcome: str, kind: Kind = "auto", seed: int = 1) -> Emulator:
    """Fit a surface through the means of an outcome.

    Args:
        results: The results.
        outcome: An outcome that is a number.
        kind: "quadratic", "gaussian process", or "auto": a quadratic surface where each parameter takes a few levels and the
            points allow all of its terms with some to spare, else a Gaussian process.
        seed: Of the choice of points, where there are many.

    Raises:
        ConclusionError: If a quadratic surface is asked for and the points do not allow it.
        OutcomeError: If the outcome is unknown or not a number.
    """
    observed = observe_once(results, outcome)
    axes = axes_of(results, observed.factors)
    model = model_of(observed.factors) if kind != "gaussian process" and _few_levels(observed) else None
    full = model is not None and is_full(model, axes) and observed.n_points > model.n_columns
    if kind == "quadratic" and not full:
        raise ConclusionError(
            "The points do not allow a quadratic surface: each parameter must be a number with at least three levels, and all "
            "slopes, bends and pairs must be told apart. CentralComposite() is made for it; leave the kind out for a Gaussian process."
        )
    if full and kind != "gaussian process":
        assert model is not None
        return _quadratic(results, observed, axes, Quadratic(model, fit_model(observed, model), axes))
    return _process(results, observed, axes, seed)


def _few_levels(observed: Observations) -> bool:
    return all(len(factor.levels) <= FEW_LEVELS for factor in observed.factors)


def _quadratic(
    results: Reader, observed: Observations, axes: tuple[Axis, ...], surface: Quadratic
) -> Emulator:
    fit = surface.fit
    weights = fit.count.astype(np.float64)
    gram = np.linalg.pinv(surface.model.matrix.T @ (surface.model.matrix * weights[:, None]))
    leverage = np.einsum("ij,jk,ik->i", surface.model.matrix, gram, surface.model.matrix) * weights
    decided = leverage > 1 - 1e-9  # such a point decides on a coefficient alone
    left = (fit.mean - fit.fitted) / np.where(decided, np.nan, 1 - leverage)
    noise = _noise(observed)
    sd = np.sqrt(
        np.maximum(np.einsum("ij,jk,ik->i", surface.model.matrix, fit.covariance, surface.model.matrix), 0)
    )
    emulator = _emulator(results, observed, axes, surface, "quadratic", fit.freedom)
    spread = np.sqrt(sd**2 / np.maximum(1 - leverage, 1e-9) + noise)
    return _judged(emulator, fit.mean[~decided], left[~decided], spread[~decided], noise[~decided])


def _process(results: Reader, observed: Observations, axes: tuple[Axis, ...], seed: int) -> Emulator:
    places = np.column_stack(
        [
            factor.codes.astype(np.float64) if axis.categorical else _places(factor.unit)
            for factor, axis in zip(observed.factors, axes, strict=True)
        ]
    )
    surface = fit_process(process_columns(axes, places), observed.mean, _noise(observed), seed)
    emulator = _emulator(results, observed, axes, surface, "gaussian process", float("nan"))
    return _judged(
        emulator, observed.mean[surface.left_at], surface.left, surface.left_sd, surface.left_noise
    )


def _places(unit: Floats) -> Floats:
    low, high = unit.min(), unit.max()
    return np.asarray(2 * (unit - low) / (high - low) - 1)


def _noise(observed: Observations) -> Floats:
    """The variance of each point's mean, what common seeds do to all alike taken out; NaN where it is not known."""
    centred = observed.centred_by_seed()
    variance = shrunk_variances(centred.variance, centred.count)
    if observed.is_share and observed.replicated:
        variance = share_variance(variance, observed.mean, observed.count)
    return variance / centred.count


def _emulator(
    results: Reader,
    observed: Observations,
    axes: tuple[Axis, ...],
    surface: Quadratic | GaussianProcess,
    kind: str,
    freedom: float,
) -> Emulator:
    shared = 0.0
    if observed.common and observed.replicated and kind != "quadratic":
        shared = max(observed.within - observed.centred_by_seed().within, 0.0) / float(observed.count.mean())
    return Emulator(
        outcome=observed.outcome,
        kind=kind,
        axes=axes,
        surface=surface,
        observed=observed,
        is_share=observed.is_share,
        bounds=(0.0, 1.0) if observed.is_share else _bounds(observed),
        within=observed.within,
        shared=shared,
        freedom=freedom,
        space=results.experiment.space,
        error=float("nan"),
        explained=float("nan"),
        covered=float("nan"),
        n_left=0,
    )


def _bounds(observed: Observations) -> tuple[float, float]:
    values = observed.values[np.isfinite(observed.values)]
    least, most = float(values.min()), float(values.max())
    return observed_bounds(
        least, most, int((values == least).sum()), int((values == most).sum()), len(values)
    )


def _judged(emulator: Emulator, measured: Floats, left: Floats, sd: Floats, noise: Floats) -> Emulator:
    """Add what the points that were left out say of the error.

    Args:
        emulator: The surface.
        measured: The means at the points that were left out.
        left: How far each was missed.
        sd: What the surface took that for.
        noise: The variance of the noise in each mean.
    """
    if not len(left):
        return emulator
    noise = np.nan_to_num(noise)
    missed, chance = float((left**2).mean()), float(noise.mean())
    # What the mean of all other points would miss by.
    spread = float(((measured - measured.mean()) ** 2).sum()) / max(len(measured) - 1, 1)
    between = spread - chance
    explained = float("nan")
    if spread > 0:
        told = between > 0 and _differs(emulator.observed, spread, chance, len(measured))
        explained = min((spread - missed) / between, 1.0) if told else 0.0
    with np.errstate(all="ignore"):
        covered = (
            float((np.abs(left) <= emulator._quantile(0.95) * sd).mean())
            if np.isfinite(sd).all()
            else float("nan")
        )
    return replace(
        emulator,
        error=float(np.sqrt(max(missed - chance, 0.0))),
        explained=explained,
        covered=covered,
        n_left=len(left),
    )


def _differs(observed: Observations, spread: float, chance: float, n: int) -> bool:
    """Whether means differ by more than their noise: an F test, or by a tenth at least where the noise is estimated with the rest."""
    from scipy.special import fdtrc

    if not observed.replicated:
        return chance < 0.9 * spread
    freedom = int(np.maximum(observed.count - 1, 0).sum())
    return chance <= 0 or bool(fdtrc(n - 1, freedom, spread / chance) < 0.05)
