"""Functions whose indices are known, and the points of Saltelli's design for them."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import qmc

from mesa_lab.processing.analysis.observations import Factor, Observations

ISHIGAMI_FIRST = np.array([0.3139, 0.4424, 0.0, 0.0])
ISHIGAMI_TOTAL = np.array([0.5576, 0.4424, 0.2437, 0.0])
ISHIGAMI_VARIANCE = 13.8446


def ishigami(unit):
    """The function of Ishigami and Homma (1990), with a fourth parameter that does nothing."""
    x = -np.pi + 2 * np.pi * unit
    return np.sin(x[..., 0]) + 7 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0])


def saltelli(function, size, k, seed, second_order=False):
    """Outcomes of Saltelli's blocks: shape (blocks, points of a block)."""
    base = qmc.Sobol(2 * k, scramble=True, rng=seed).random(size)
    a, b = base[:, :k], base[:, k:]
    blocks = [a]
    pairs = [(a, b), (b, a)] if second_order else [(a, b)]
    for one, other in pairs:
        for i in range(k):
            mixed = one.copy()
            mixed[:, i] = other[:, i]
            blocks.append(mixed)
    return function(np.stack([*blocks, b], axis=1))


def observations(unit, values, **more):
    """Observations of points in the unit cube; a column of text-like codes is a choice."""
    factors = []
    for at in range(unit.shape[1]):
        levels, codes = np.unique(unit[:, at], return_inverse=True)
        factors.append(Factor(f"x{at + 1}", pd.Series(unit[:, at]), unit[:, at], codes, tuple(levels), False))
    return Observations("y", tuple(factors), np.asarray(values, dtype=float), **more)


def grid(*levels):
    """All combinations of levels."""
    return np.array(list(itertools.product(*levels)), dtype=float)


@pytest.fixture
def rng():
    return np.random.default_rng(7)
