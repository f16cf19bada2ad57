"""A Gaussian process for noisy means: a smooth surface that knows where it knows little.

Scikit-learn's, with the Matern kernel of smoothness 5/2 and a length for each parameter (Rasmussen and Williams, 2006). The
noise of each mean comes from the replications, moved towards that of all points, since a variance of few runs is hardly known;
without replications it is estimated with the rest. Where there are very many points, lengths are found on some, and the surface is
drawn through as many as fit; the others then measure its error.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.analysis.cancellation import check_cancelled

__all__ = ["TUNED_QUICKLY", "GaussianProcess", "fit_process"]

type Floats = npt.NDArray[np.float64]

TUNED_ON: Final = 150
TUNED_QUICKLY: Final = 70
"""Points on which lengths are found in a twelfth of the time, where a surface is to be looked at at once."""
DRAWN_THROUGH: Final = 500
LEFT_OUT: Final = 1000
"""Points that measure the error of a surface that is not drawn through all."""
_SHORTEST, _LONGEST = 0.05, 30.0


@dataclass(frozen=True, eq=False)
class GaussianProcess:
    """A fitted process.

    Attributes:
        process: Scikit-learn's, for standardised means.
        centre: Mean of the means, and `scale` their standard deviation.
        lengths: Of each column: over which distance the surface changes.
        noise: Variance of the noise of a mean that was estimated with the rest; 0 where replications say it.
        used: Which points the surface is drawn through.
        left: Errors of the prediction at points that were left out, one by one or all at once, and `left_sd` what the surface
            took them for; `left_noise` is the variance of the noise in these points' means.
        left_at: Which points these are.
    """

    process: Any
    centre: float
    scale: float
    lengths: Floats
    noise: float
    used: npt.NDArray[np.int64]
    left: Floats
    left_sd: Floats
    left_noise: Floats
    left_at: npt.NDArray[np.int64]

    def predict(self, columns: Floats) -> tuple[Floats, Floats]:
        """Return the mean response and its standard error at points, given as columns."""
        mean, sd = self.process.predict(columns, return_std=True)
        sd = np.sqrt(np.maximum(sd**2 - self.noise, 0.0)) if self.noise else sd
        return self.centre + self.scale * mean, self.scale * sd

    def predict_mean(self, columns: Floats) -> Floats:
        """Return the mean response alone, which is quicker."""
        return np.asarray(self.centre + self.scale * self.process.predict(columns))

    def predict_difference(self, columns: Floats, others: Floats) -> tuple[Floats, Floats]:
        """Return the difference of the mean response between pairs of points, and its standard error."""
        both = np.vstack([columns, others])
        n = len(columns)
        mean, covariance = self.process.predict(both, return_cov=True)
        variance = np.diag(covariance)
        together = np.diag(covariance[:n, n:])
        spread = variance[:n] + variance[n:] - 2 * together - 2 * self.noise
        return self.scale * (mean[:n] - mean[n:]), self.scale * np.sqrt(np.maximum(spread, 0.0))


def fit_process(
    columns: Floats,
    mean: Floats,
    noise: Floats,
    seed: int = 1,
    like: GaussianProcess | None = None,
    *,
    quick: bool = False,
) -> GaussianProcess:
    """Fit a Gaussian process.

    Args:
        columns: One row per point, numbers from -1 to 1.
        mean: The mean of each point.
        noise: The variance of each mean; NaN for all where it is not known.
        seed: Of the choice of points, where there are many.
        like: A process whose lengths are taken as they are, when it was fitted to nearly the same points.
        quick: Whether to find lengths on fewer points and from one start alone.
    """
    rng = np.random.default_rng(seed)
    n = len(mean)
    centre, scale = float(mean.mean()), float(mean.std()) or 1.0
    y = (mean - centre) / scale
    known = bool(np.isfinite(noise).all())
    alpha = np.maximum(noise / scale**2, 1e-8) if known else np.full(n, 1e-8)
    order = rng.permutation(n)
    if like is not None and bool(like.noise) is not known:
        kernel = like.process.kernel_
    else:
        tuned = np.sort(order[: TUNED_QUICKLY if quick else TUNED_ON])
        kernel = _tuned(columns[tuned], y[tuned], alpha[tuned], known, seed, restarts=0 if quick else 1)
    check_cancelled()
    used = np.sort(order[:DRAWN_THROUGH])
    process = _process(kernel, alpha[used], optimise=False)
    process.fit(columns[used], y[used])
    check_cancelled()
    white = float(process.kernel_.k2.noise_level) if not known else 0.0
    matern = process.kernel_.k1.k2 if not known else process.kernel_.k2
    if len(used) == n:
        left, left_sd = _left_out(process, y, alpha)
        left_at = used
    else:
        left_at = np.sort(order[DRAWN_THROUGH : DRAWN_THROUGH + LEFT_OUT])
        predicted, sd = process.predict(columns[left_at], return_std=True)
        left, left_sd = y[left_at] - predicted, np.sqrt(sd**2 + (alpha[left_at] if known else 0.0))
    own_noise = alpha[left_at] if known else np.full(len(left_at), white)
    return GaussianProcess(
        process=process,
        centre=centre,
        scale=scale,
        lengths=np.atleast_1d(np.asarray(matern.length_scale, dtype=np.float64)),
        noise=white,
        used=used,
        left=scale * left,
        left_sd=scale * left_sd,
        left_noise=scale**2 * own_noise,
        left_at=left_at,
    )


def _tuned(columns: Floats, y: Floats, alpha: Floats, known: bool, seed: int, restarts: int) -> Any:
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    width = columns.shape[1]
    kernel = ConstantKernel(1.0, (1e-2, 1e3)) * Matern(np.ones(width), (_SHORTEST, _LONGEST), nu=2.5)
    if not known:
        kernel = kernel + WhiteKernel(0.1, (1e-6, 1.0))
    process = _process(kernel, alpha, optimise=True, seed=seed, restarts=restarts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a length at its bound is that of a parameter without influence
        process.fit(columns, y)
    return process.kernel_


def _process(kernel: Any, alpha: Floats, *, optimise: bool, seed: int = 1, restarts: int = 1) -> Any:
    from sklearn.gaussian_process import GaussianProcessRegressor

    return GaussianProcessRegressor(
        kernel,
        alpha=alpha,
        optimizer="fmin_l_bfgs_b" if optimise else None,
        n_restarts_optimizer=restarts if optimise else 0,
        random_state=seed,
    )


def _left_out(process: Any, y: Floats, alpha: Floats) -> tuple[Floats, Floats]:
    """Errors and standard errors at each point of the surface through all others, in one go (Rasmussen and Williams, 5.4.2)."""
    inverse = np.linalg.inv(process.L_ @ process.L_.T)
    diagonal = np.diag(inverse)
    return np.asarray((inverse @ y) / diagonal), np.sqrt(1 / diagonal)
