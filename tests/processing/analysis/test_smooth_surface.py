"""The surface through points: chance of single runs is no part of it."""

import numpy as np
import pytest

import mesa_lab as ml
from mesa_lab.processing.analysis.smooth_surface import fit_landscape

N, NOISE = 100, 2.0


@pytest.fixture(scope="module")
def plane():
    """A plane with noise, one run of each point; and the space that it is of."""
    space = ml.Experiment("none:None", {"a": ml.Real(0, 1), "b": ml.Real(0, 1)}).space
    rng = np.random.default_rng(1)
    unit = rng.random((N, 2))
    return space, unit, 10 * unit[:, 0] + NOISE * rng.normal(size=N)


def test_the_noise_that_was_fitted_is_told_apart_from_the_error_of_the_surface(plane):
    space, unit, values = plane
    surface = fit_landscape(space, unit, values, np.full(N, np.nan), seed=1)
    assert 0.5 * NOISE**2 < surface.chance < 2 * NOISE**2
    mean, error = surface.at(unit)
    assert np.median(error) < NOISE / 2
    assert np.abs(mean - 10 * unit[:, 0]).mean() < NOISE / 2


def test_surfaces_that_are_drawn_are_smooth(plane):
    space, unit, values = plane
    surface = fit_landscape(space, unit, values, np.full(N, np.nan), seed=1)
    line = np.column_stack([np.linspace(0.2, 0.8, 50), np.full(50, 0.5)])
    drawn = surface.drawn(line, np.random.default_rng(1), 4)
    assert np.abs(np.diff(drawn, axis=0)).mean() < NOISE / 5


def test_it_is_about_as_sure_as_where_the_noise_is_known(plane):
    space, unit, values = plane
    fitted, known = (
        fit_landscape(space, unit, values, np.full(N, noise), seed=1) for noise in (np.nan, NOISE**2)
    )
    assert known.chance == 0
    ratio = fitted.at(unit)[1].mean() / known.at(unit)[1].mean()
    assert 0.5 < ratio < 2
