"""A smooth surface through the means of points: one run says little where chance is large, and its neighbours say the rest.

A Gaussian process over the unit cube, told the mean of each point and how sure it is. Choices without an order have a column for each value.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.preparation.parameters.space import Choice, ParameterSpace

__all__ = ["IMPORTED", "Landscape", "columns_of", "fit_landscape"]

type Floats = npt.NDArray[np.float64]

IMPORTED: Final = ("scipy.linalg", "sklearn.gaussian_process")
"""What the first surface imports, which takes a second or more."""

_MOST: Final = 300
"""Points that the surface is drawn through: the best half and a sample of the rest."""

_TUNED: Final = 120
"""Points that its lengths are found from, the first ones of the search."""

_FEWEST: Final = 6


@dataclass(frozen=True, eq=False)
class Landscape:
    """The surface.

    Attributes:
        process: Scikit-learn's, of standardised values.
        centre: What was subtracted from the values, and `scale` what they were divided by.
        space: The space that it is of.
        chance: The variance of a value about the surface, as it was fitted because the noise of no value was known; 0 where it was.
    """

    process: Any
    centre: float
    scale: float
    space: ParameterSpace
    chance: float = 0.0

    def at(self, unit: Floats) -> tuple[Floats, Floats]:
        """Return the mean response and its standard error at points of the unit cube."""
        with one_thread():
            mean, sd = self.process.predict(columns_of(self.space, unit), return_std=True)
        return self.centre + self.scale * mean, self.scale * sd

    def drawn(self, unit: Floats, rng: np.random.Generator, n: int) -> Floats:
        """Return n surfaces drawn at random from what is possible, at points of the unit cube: shape (points, n)."""
        with one_thread():
            mean, covariance = self.process.predict(columns_of(self.space, unit), return_cov=True)
            values, vectors = np.linalg.eigh(covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        noise = rng.standard_normal((len(unit), n))
        return np.asarray(self.centre + self.scale * (mean[:, None] + root @ noise))


def columns_of(space: ParameterSpace, unit: Floats) -> Floats:
    """Return points of the unit cube as columns: one for a number, one for each value of a choice."""
    columns: list[Floats] = []
    for place, parameter in enumerate(space.varied.values()):
        if isinstance(parameter, Choice) and len(parameter.values) > 2:
            count = len(parameter.values)
            level = np.minimum((unit[:, place] * count).astype(np.int64), count - 1)
            columns += [(level == each).astype(np.float64) for each in range(count)]
        else:
            columns.append(unit[:, place])
    return np.column_stack(columns)


@lru_cache(maxsize=1)
def _threads() -> Any:
    from importlib import import_module

    from threadpoolctl import ThreadpoolController

    import_module("scipy.linalg")  # which has threads of its own, known once it is there
    return ThreadpoolController()


def one_thread() -> Any:
    """A context in which linear algebra takes one thread: the matrices are small, and the cores belong to the workers."""
    return _threads().limit(limits=1)


def fit_landscape(
    space: ParameterSpace, unit: Floats, values: Floats, noise: Floats, seed: int
) -> Landscape | None:
    """Fit the surface.

    Args:
        space: The space, for the kinds of its parameters.
        unit: Points of the unit cube, in the order in which they were asked for.
        values: The mean of each, NaN where there is none.
        noise: The variance of each mean, NaN where it is not known.
        seed: Of the sample, where there are many points.

    Returns:
        The surface; None where there are too few points, or all values are alike.
    """
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < max(_FEWEST, len(space.varied) + 2) or not float(np.ptp(values[known])) > 0:
        return None
    with one_thread():
        return _fitted(space, unit, values, noise, known, seed)


def _fitted(
    space: ParameterSpace,
    unit: Floats,
    values: Floats,
    noise: Floats,
    known: npt.NDArray[np.int64],
    seed: int,
) -> Landscape:
    tuned = known[: _tuned_on(len(known))]
    columns = columns_of(space, unit[tuned])
    kernel = _tuned_kernel(columns.tobytes(), columns.shape, values[tuned].tobytes(), noise[tuned].tobytes())
    used = known if len(known) <= _MOST else _sample(known, values, seed)
    centre, scale = float(values[used].mean()), float(values[used].std()) or 1.0
    alpha, chance = _alpha(noise[used], scale), 0.0
    if not np.isfinite(noise[tuned]).any():
        # A fitted noise left in the kernel would count as part of the surface: in its error, and in surfaces drawn at random.
        chance = float(kernel.k2.noise_level) * (float(values[tuned].std()) or 1.0) ** 2
        alpha = alpha + chance / scale**2
        kernel = kernel.k1
    process = _process(kernel, alpha)
    process.fit(columns_of(space, unit[used]), (values[used] - centre) / scale)
    return Landscape(process, centre, scale, space, chance)


def _tuned_on(n: int) -> int:
    """How many of the first points the lengths are found from: more in steps, so that they need not be found each time."""
    size = _FEWEST
    while size * 1.3 <= min(n, _TUNED):
        size = int(size * 1.3) + 1
    return min(size, n)


def _sample(known: npt.NDArray[np.int64], values: Floats, seed: int) -> npt.NDArray[np.int64]:
    order = known[np.argsort(values[known], kind="stable")]
    best, rest = order[: _MOST // 2], order[_MOST // 2 :]
    drawn = np.random.default_rng(seed).choice(rest, _MOST - len(best), replace=False)
    return np.sort(np.concatenate([best, drawn]))


def _alpha(noise: Floats, scale: float) -> Floats:
    known = noise[np.isfinite(noise)]
    filled = np.where(np.isfinite(noise), noise, float(known.mean()) if len(known) else 0.0)
    return np.maximum(filled / scale**2, 1e-6)


@lru_cache(maxsize=8)
def _tuned_kernel(columns: bytes, shape: tuple[int, ...], values: bytes, noise: bytes) -> Any:
    """Find the lengths by maximum likelihood; kept, since the first points of a search stay the same."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    x = np.frombuffer(columns).reshape(shape)
    y, variances = np.frombuffer(values), np.frombuffer(noise)
    centre, scale = float(y.mean()), float(y.std()) or 1.0
    known = bool(np.isfinite(variances).any())
    kernel = ConstantKernel(1.0, (1e-2, 1e2)) * Matern(np.full(shape[1], 0.5), (0.1, 10.0), nu=2.5)
    if not known:
        kernel = kernel + WhiteKernel(0.1, (1e-6, 1.0))
    process = GaussianProcessRegressor(kernel, alpha=_alpha(variances, scale), random_state=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a length at its bound is that of a parameter without influence
        process.fit(x, (y - centre) / scale)
    return process.kernel_


def _process(kernel: Any, alpha: Floats) -> Any:
    from sklearn.gaussian_process import GaussianProcessRegressor

    return GaussianProcessRegressor(kernel, alpha=alpha, optimizer=None)
