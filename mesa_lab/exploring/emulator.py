"""What to expect at any setting: a Gaussian process through the means of all settings that were measured.

That of the answers (`processing.analysis.surface`), over the whole ranges of the parameters. The noise of each mean comes from its
replications. Of few points lengths are hardly known, so its intervals take Student's t with as many degrees of freedom as there are points
to spare.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.analysis.inference import shrunk_variances
from mesa_lab.processing.analysis.smooth_surface import columns_of, one_thread
from mesa_lab.processing.analysis.surface.bounded import bounded
from mesa_lab.processing.analysis.surface.gaussian_process import TUNED_QUICKLY, GaussianProcess, fit_process

if TYPE_CHECKING:
    from mesa_lab.exploring.measured import Taken
    from mesa_lab.preparation.parameters.space import ParameterSpace

__all__ = ["Emulator", "fit_emulator", "least_points"]

type Floats = npt.NDArray[np.float64]

_LEVEL: Final = 0.95


@dataclass(frozen=True, eq=False)
class Emulator:
    """A surface through what was measured.

    Attributes:
        outcome: The outcome.
        space: The parameters.
        surface: The fitted process; None where all means are alike.
        level: The mean of all, for that case.
        freedom: Degrees of freedom of the intervals.
        shared: Variance that common seeds add to all means alike.
        bounds: What means stay between.
        reach: Lowest and highest place of each parameter among the points, from 0 to 1.
        n_points: How many settings it goes through.
        version: What `Measured.version` was.
        is_rough: Whether its lengths were found quickly, to be found better in a moment.
    """

    outcome: str
    space: ParameterSpace
    surface: GaussianProcess | None
    level: float
    freedom: int
    shared: float
    bounds: tuple[float, float]
    reach: Floats
    n_points: int
    version: int
    is_rough: bool = False

    def at(self, unit: Floats) -> tuple[Floats, Floats, Floats]:
        """Predict the mean at points of the unit cube.

        Returns:
            The means, and the ends of their 95 % intervals.
        """
        from scipy.special import stdtrit

        if self.surface is None:
            mean = np.full(len(unit), self.level)
            return mean, mean.copy(), mean.copy()
        with one_thread():
            mean, error = self.surface.predict(_columns(self.space, unit))
        half = float(stdtrit(self.freedom, (1 + _LEVEL) / 2)) * np.sqrt(error**2 + self.shared)
        return bounded(mean, half, self.bounds)

    def is_beyond(self, unit: Floats) -> npt.NDArray[np.bool_]:
        """Tell which points lie beyond all that was measured, in any one parameter: nothing holds a surface there."""
        slack = 1e-9
        return np.asarray(
            ((unit < self.reach[0] - slack) | (unit > self.reach[1] + slack)).any(axis=1), np.bool_
        )


def least_points(parameters: int) -> int:
    """Return how many settings are needed before anything is predicted."""
    return parameters + 3


def fit_emulator(
    taken: Taken, outcome: str, *, shared: float = 0.0, like: Emulator | None = None, quick: bool = False
) -> Emulator | None:
    """Fit a surface.

    Args:
        taken: What was measured (`Measured.taken`).
        outcome: Of which outcome.
        shared: Variance that common seeds add to all means alike.
        like: An earlier surface, whose lengths are kept: much quicker, for a few further runs.
        quick: Whether to find lengths quickly, where there are more settings than that takes.

    Returns:
        The surface; None where too few settings were measured.
    """
    unit, mean, points = taken.unit, taken.mean, len(taken.mean)
    if points < least_points(unit.shape[1]):
        return None
    freedom = max(points - 1 - unit.shape[1], 2)
    quick = quick and points > TUNED_QUICKLY
    surface = None
    if float(np.ptp(mean)) > 0 and math.isfinite(float(np.ptp(mean))):
        noise = shrunk_variances(taken.variance, taken.count) / taken.count
        with one_thread():
            surface = fit_process(
                _columns(taken.space, unit), mean, noise, like=like.surface if like else None, quick=quick
            )
    return Emulator(
        outcome,
        taken.space,
        surface,
        float(mean.mean()),
        freedom,
        shared,
        taken.bounds,
        np.array([unit.min(axis=0), unit.max(axis=0)]),
        points,
        taken.version,
        surface is not None and (like.is_rough if like is not None else quick),
    )


def _columns(space: ParameterSpace, unit: Floats) -> Floats:
    return np.asarray(2 * columns_of(space, unit) - 1)
