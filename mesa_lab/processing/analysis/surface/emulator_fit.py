"""Fit of an emulator: which surface the points allow, its noise, and its error at points that were left out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import ConclusionError
from mesa_lab.processing.analysis.effects.fit import fit_model, merged_repeats
from mesa_lab.processing.analysis.effects.question import FEW_LEVELS
from mesa_lab.processing.analysis.effects.terms import model_of
from mesa_lab.processing.analysis.inference import shrunk_variances
from mesa_lab.processing.analysis.observations import Observations, observe
from mesa_lab.processing.analysis.surface.axes import Axis, axes_of
from mesa_lab.processing.analysis.surface.emulator import Emulator, Kind, process_columns
from mesa_lab.processing.analysis.surface.gaussian_process import GaussianProcess, fit_process
from mesa_lab.processing.analysis.surface.quadratic import Quadratic, is_full

if TYPE_CHECKING:
    from mesa_lab.processing.reading import Reader

__all__ = ["fit_emulator"]

type Floats = npt.NDArray[np.float64]

_AT_THE_END: Final = 0.05
"""The share of the runs that must reach an end for it to be one."""


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
    observed = merged_repeats(observe(results, outcome).measured())
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
    return shrunk_variances(centred.variance, centred.count) / centred.count


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
    """Return the ends that a twentieth of the runs reached exactly: a count that is 0, a share that is 100."""
    values = observed.values[np.isfinite(observed.values)]
    low, high = float(values.min()), float(values.max())
    enough = max(3.0, _AT_THE_END * len(values))
    return (
        low if (values == low).sum() >= enough else -np.inf,
        high if (values == high).sum() >= enough else np.inf,
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
