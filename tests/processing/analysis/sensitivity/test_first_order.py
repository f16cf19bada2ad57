"""First-order indices from any points: right without noise, right with it, and zero where there is nothing."""

import numpy as np
from scipy.stats import qmc

from mesa_lab.processing.analysis.sensitivity.estimators import salib_adapter
from mesa_lab.processing.analysis.sensitivity.estimators.first_order import first_order
from tests.processing.analysis.sensitivity.conftest import (
    ISHIGAMI_FIRST,
    ISHIGAMI_VARIANCE,
    grid,
    ishigami,
    observations,
)


def hypercube(n, seed):
    return qmc.LatinHypercube(4, rng=seed).random(n)


def noisy(n, replications, seed, noise=ISHIGAMI_VARIANCE**0.5):
    unit = hypercube(n, seed)
    rng = np.random.default_rng(seed + 500)
    values = ishigami(unit)[:, None] + noise * rng.standard_normal((n, replications))
    return observations(unit, values)


def test_without_noise_it_agrees_with_the_truth_and_with_salib():
    unit = hypercube(2000, 1)
    found = first_order(observations(unit, ishigami(unit)[:, None]))
    assert np.abs(found.first - ISHIGAMI_FIRST).max() < 0.03
    np.testing.assert_allclose(
        found.first, salib_adapter.analyse("rbd_fast", ishigami(unit), 4, unit)["S1"], atol=0.04
    )


def test_noise_is_taken_out():
    found = [first_order(noisy(512, 2, seed)) for seed in range(15)]
    assert np.abs(np.mean([each.first for each in found], axis=0) - ISHIGAMI_FIRST).max() < 0.02
    assert abs(np.mean([each.chance[0] for each in found]) - 0.5) < 0.02


def test_intervals_hold_the_truth():
    held = np.zeros(4)
    chance = 0
    for seed in range(100):
        found = first_order(noisy(256, 2, seed))
        held += (found.low <= ISHIGAMI_FIRST) & (found.high >= ISHIGAMI_FIRST)
        chance += found.chance[1] <= 0.5 <= found.chance[2]
    assert held.min() >= 88
    assert chance >= 88


def test_a_parameter_without_influence_is_seldom_told_from_chance():
    told = np.mean([first_order(noisy(128, 2, seed)).p[3] < 0.05 for seed in range(100)])
    assert told <= 0.1


def test_one_run_leaves_shares_of_all_variation():
    found = [first_order(noisy(512, 1, seed)) for seed in range(15)]
    assert np.abs(np.mean([each.first for each in found], axis=0) - ISHIGAMI_FIRST / 2).max() < 0.03
    assert not found[0].corrected
    assert np.isnan(found[0].chance).all()


def test_a_choice_counts_level_by_level():
    rng = np.random.default_rng(3)
    unit = np.column_stack([rng.integers(0, 4, 400) / 3, rng.random(400)])
    effect = np.array([0.0, 5.0, 0.0, 5.0])[np.rint(unit[:, 0] * 3).astype(int)]
    found = first_order(observations(unit, (effect + unit[:, 1])[:, None]), sampled=True)
    assert found.first[0] > 0.95
    assert found.first[1] < 0.05


def test_equal_values_have_one_place_whatever_their_order():
    rng = np.random.default_rng(1)
    whole = rng.integers(0, 30, 300) / 29
    other = np.sort(rng.random(300))  # goes with the order of the points
    unit = np.column_stack([whole, other])
    order = rng.permutation(300)
    one = first_order(observations(unit, other[:, None]))
    shuffled = first_order(observations(unit[order], other[order, None]))
    np.testing.assert_allclose(one.first, shuffled.first, atol=1e-9)
    assert abs(one.first[0]) < 0.1


def test_on_a_grid_only_noise_counts_as_chance():
    points = grid([0, 1], [0, 1], [0, 0.5, 1], [0, 1])
    truth = points[:, 0] * 2 + points[:, 2] * 1.5 + points[:, 0] * points[:, 1]
    shares = []
    for at in range(4):
        means = [truth[points[:, at] == level].mean() for level in np.unique(points[:, at])]
        shares.append(np.var(means) / truth.var())
    held, told = np.zeros(4), 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        found = first_order(observations(points, truth[:, None] + rng.standard_normal((24, 5))))
        held += (found.low <= shares) & (shares <= found.high)
        told += found.p < 0.05
    assert held.min() >= 85
    assert told[3] <= 12
    assert (told[[0, 2]] >= 99).all()
    exact = first_order(observations(points, np.repeat(truth[:, None], 2, axis=1)))
    assert exact.first[0] > 0.5


def test_common_seeds_do_not_blow_up_the_variance():
    rng = np.random.default_rng(5)
    unit = hypercube(256, 5)
    shared = 20 * rng.standard_normal((1, 4))
    values = ishigami(unit)[:, None] + shared
    found = first_order(observations(unit, values, common=True))
    assert np.abs(found.first - ISHIGAMI_FIRST).max() < 0.1
    assert found.over_seeds


def test_too_few_points_have_no_index():
    unit = hypercube(4, 1)
    found = first_order(observations(unit, ishigami(unit)[:, None]))
    assert np.isnan(found.first).all()
