"""The band of the curves holds the true mean as often as it says."""

import numpy as np
import pytest

from benchmarks.explore_bands import CASES, shares_held
from mesa_lab.exploring.dials import dials_of
from mesa_lab.exploring.emulator import fit_emulator, least_points
from mesa_lab.exploring.measured import Measured, Ran
from mesa_lab.preparation.parameters.space import Choice, ParameterSpace, Real


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_band_holds_the_true_mean(case):
    repeats = 6 if case.points < 100 else 2
    assert 0.90 <= np.mean(list(shares_held(case, repeats, tested=100))) <= 0.99


def test_the_band_that_is_shown_first_holds_it_too():
    """Lengths are found on some of the settings then, from one start."""
    (case,) = (each for each in CASES if each.name == "friedman")
    assert 0.88 <= np.mean(list(shares_held(case, 4, tested=100, quick=True))) <= 0.99


def measured_at(settings, values):
    space = ParameterSpace({"x": Real(0, 1), "kind": Choice(["a", "b", "c"])})
    measured = Measured(space, dials_of(space))
    for (x, kind), row in zip(settings, values, strict=True):
        for replication, value in enumerate(row):
            measured.add(Ran({"x": x, "kind": kind}, replication, {"y": float(value)}))
    return measured


def test_too_few_settings_give_no_surface_and_equal_values_a_flat_one():
    settings = [(number / 5, "abc"[number % 3]) for number in range(6)]
    few = measured_at(settings[:4], [[1, 2]] * 4)
    assert least_points(2) == 5
    assert fit_emulator(few.taken("y"), "y") is None
    flat = fit_emulator(measured_at(settings, [[3, 3]] * 6).taken("y"), "y")
    assert [each.tolist() for each in flat.at(np.array([[0.5, 0.5]]))] == [[3.0], [3.0], [3.0]]


def test_means_and_variances_are_those_of_the_runs():
    values = np.random.default_rng(1).normal(5, 2, (6, 4))
    settings = [(number / 5, "abc"[number % 3]) for number in range(6)]
    places, mean, variance, count = measured_at(settings, values).arrays("y")
    assert places.tolist() == list(range(6))
    assert count.tolist() == [4] * 6
    np.testing.assert_allclose(mean, values.mean(axis=1))
    np.testing.assert_allclose(variance, values.var(axis=1, ddof=1))


def test_means_of_shares_and_counts_stay_where_they_can_be():
    settings = [(number / 9, "abc"[number % 3]) for number in range(10)]
    shares = measured_at(settings, [[0, 0]] * 9 + [[1, 0]])
    assert shares.bounds("y") == (0.0, 1.0)
    counts = measured_at(settings, [[number, 2 * number + 1] for number in range(10)])
    assert counts.bounds("y")[0] == 0.0
