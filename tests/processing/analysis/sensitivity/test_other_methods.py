"""PAWN against its dummies, forests, rank correlation, Morris, eFAST, and SALib behind its adapter."""

import warnings

import numpy as np
import pytest
from SALib.sample import fast_sampler
from SALib.sample import morris as morris_sampler
from scipy.stats import qmc

import mesa_lab as ml
from mesa_lab.errors import ConclusionError
from mesa_lab.processing.analysis.sensitivity import salib_adapter
from mesa_lab.processing.analysis.sensitivity.design_blocks import recognise
from mesa_lab.processing.analysis.sensitivity.direction import rank_correlations
from mesa_lab.processing.analysis.sensitivity.efast_indices import efast_indices
from mesa_lab.processing.analysis.sensitivity.first_order import first_order
from mesa_lab.processing.analysis.sensitivity.morris_effects import _against_noise, morris_effects
from mesa_lab.processing.analysis.sensitivity.pawn import pawn
from mesa_lab.processing.analysis.sensitivity.tree_importance import tree_importance
from mesa_lab.testing import synthetic_results
from tests.processing.analysis.sensitivity.conftest import (
    ISHIGAMI_FIRST,
    ISHIGAMI_TOTAL,
    ISHIGAMI_VARIANCE,
    ishigami,
    observations,
)

PROBLEM = {"num_vars": 4, "names": list("abcd"), "bounds": [[0, 1]] * 4}
NOISE = ISHIGAMI_VARIANCE**0.5


def points(n, seed=1):
    return qmc.LatinHypercube(4, rng=seed).random(n)


def noisy(n, replications, seed=1):
    unit = points(n, seed)
    rng = np.random.default_rng(seed + 100)
    return observations(unit, ishigami(unit)[:, None] + NOISE * rng.standard_normal((n, replications)))


def test_pawn_agrees_with_salib():
    unit = points(1000)
    own = pawn(observations(unit, ishigami(unit)[:, None]))
    theirs = salib_adapter.analyse("pawn", ishigami(unit), 4, unit, S=10)["median"]
    np.testing.assert_allclose(own.index, theirs, atol=0.02)


def test_pawn_sees_what_acts_only_together_with_others():
    unit = points(1000)
    found = pawn(observations(unit, ishigami(unit)[:, None]))
    assert found.p[:3].max() < 0.05
    assert found.p[3] > 0.05
    assert found.index[3] < 1.5 * found.dummy[3]


def test_pawn_tells_seldom_what_is_not():
    told = [pawn(noisy(128, 1, seed)).p[3] < 0.05 for seed in range(40)]
    assert np.mean(told) <= 0.12


def test_a_forest_finds_interactions():
    observed = noisy(512, 5)
    found = tree_importance(observed, first_order(observed).variance)
    assert found.p[2] < 0.01  # no effect alone
    assert found.importance[2] > 0.05
    assert found.p[3] > 0.05
    assert 0.5 < found.explained <= 1
    assert tree_importance(noisy(10, 2), 1.0) is None


def test_a_rank_correlation_only_where_the_effect_has_a_direction():
    unit = points(400)
    y = unit[:, 0] ** 3 - 2 * unit[:, 1] + np.sin(2 * np.pi * unit[:, 2])
    rho = rank_correlations(observations(unit, y[:, None]))
    assert rho[0] > 0.2
    assert rho[1] < -0.4
    assert np.isnan(rho[2]) or abs(rho[2]) < 0.9
    bent = rank_correlations(observations(unit, ((unit[:, 0] - 0.5) ** 2)[:, None]))
    assert np.isnan(bent[0])


def test_morris_agrees_with_salib_without_noise():
    x = morris_sampler.sample(PROBLEM, 30, num_levels=4, seed=2)
    y = ishigami(x)
    own = morris_effects(x.reshape(30, 5, 4), y.reshape(30, 5, 1), step=2 / 3)
    theirs = salib_adapter.analyse("morris", y, 4, x, num_levels=4)
    for name in ("mu", "mu_star", "sigma"):
        np.testing.assert_allclose(getattr(own, name), theirs[name], atol=1e-9)


def morris_study(seed, replications, trajectories=20):
    x = morris_sampler.sample(PROBLEM, trajectories, num_levels=4, seed=seed)
    rng = np.random.default_rng(seed + 50)
    y = ishigami(x)[:, None] + NOISE * rng.standard_normal((len(x), replications))
    return x.reshape(trajectories, 5, 4), y.reshape(trajectories, 5, replications)


def test_morris_tells_effects_from_chance():
    studies = [morris_effects(*morris_study(seed, 5), step=2 / 3, seed=seed) for seed in range(1, 61)]
    assert np.mean([found.p[3] < 0.05 for found in studies]) <= 0.12
    assert np.mean([found.p[0] < 0.05 for found in studies]) >= 0.95
    inert = [found.mu_star[3] for found in studies]
    assert np.mean(inert) > 1  # noise lifts it, and
    assert np.mean([found.noise_mu_star_mean for found in studies]) == pytest.approx(np.mean(inert), rel=0.05)


def test_morris_intervals_hold_the_truth():
    unit = np.random.default_rng(1).random((20000, 4))
    unit = np.floor(unit * 2) / 3  # the lower half of the grid of four levels
    truths = []
    for at in range(2):
        upper = unit.copy()
        upper[:, at] += 2 / 3
        truths.append(np.mean((ishigami(upper) - ishigami(unit)) / (2 / 3)))
    held = np.zeros(2)
    for seed in range(1, 101):
        found = morris_effects(*morris_study(seed, 2), step=2 / 3)
        held += (found.mu_low[:2] <= truths) & (truths <= found.mu_high[:2])
    assert held.min() >= 85


def test_morris_goes_without_what_is_missing():
    x, y = morris_study(3, 2)
    y[0, 1] = np.nan
    found = morris_effects(x, y, step=2 / 3)
    assert found.n_missing == 2
    assert found.n.sum() == 20 * 4 - 2
    assert np.isfinite(found.mu_star).all()


def test_morris_under_common_seeds_has_no_noise_to_tell_from():
    x = morris_sampler.sample(PROBLEM, 10, num_levels=4, seed=5).reshape(10, 5, 4)
    y = ishigami(x)[..., None] + 10 * np.random.default_rng(1).standard_normal((1, 1, 4))
    found = morris_effects(x, y, step=2 / 3, common=True)
    assert found.noise_mu_star == pytest.approx(0, abs=1e-9)
    assert found.p[0] < 0.01
    assert found.p[3] == 1


def test_the_noise_of_many_morris_effects_need_not_be_simulated():
    rng = np.random.default_rng(5)
    noise = rng.uniform(0.5, 2, (401, 2))
    noise[-1, 0] = np.nan  # one effect less: these are simulated
    known = np.isfinite(noise)
    stars = np.full(2, np.nanmean(np.sqrt(noise)) * np.sqrt(2 / np.pi) + 0.05)
    p, box = _against_noise(stars, noise, known, rng)
    assert p[0] == pytest.approx(p[1], abs=0.03)
    _, simulated = _against_noise(stars[:1], noise[:, :1], known[:, :1], rng)
    assert box == pytest.approx(simulated, rel=0.02)
    p, _ = _against_noise(np.array([5.0, 0.0]), noise, known, rng)
    assert p[0] < 0.001
    assert p[1] > 0.99


def test_morris_of_a_choice_has_no_direction():
    x, y = morris_study(3, 2)
    found = morris_effects(x, y, unordered=[False, True, False, False])
    assert np.isnan(found.mu[1])
    assert found.mu_star[1] > 0


def test_efast_agrees_with_the_truth_and_takes_noise_out():
    x = fast_sampler.sample(PROBLEM, 1001, seed=3)
    clean = efast_indices(ishigami(x)[:, None], 4)
    assert np.abs(clean.first - ISHIGAMI_FIRST).max() < 0.04
    assert np.abs(clean.total - ISHIGAMI_TOTAL).max() < 0.04
    rng = np.random.default_rng(2)
    found = efast_indices(ishigami(x)[:, None] + NOISE * rng.standard_normal((len(x), 5)), 4)
    assert np.abs(found.first - ISHIGAMI_FIRST).max() < 0.06
    assert np.abs(found.total - ISHIGAMI_TOTAL).max() < 0.08
    assert abs(found.chance - 0.5) < 0.03
    assert found.total_low[3] <= 0.05


def test_efast_has_no_index_where_a_curve_is_broken():
    x = fast_sampler.sample(PROBLEM, 129, seed=3)
    y = ishigami(x)[:, None].copy()
    y[3] = np.nan
    found = efast_indices(y, 4)
    assert np.isnan(found.total[0])
    assert np.isfinite(found.total[1:]).all()
    assert found.n_dropped == 1


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_the_adapter_refuses_what_salib_would_call_zero(wrong):
    y = np.random.default_rng(1).random(6 * 16)
    y[5] = wrong
    with pytest.raises(ConclusionError, match="1 of 96 values are missing or infinite"):
        salib_adapter.analyse("sobol", y, 4, calc_second_order=False)
    with pytest.raises(ConclusionError, match="The outcome is 2 throughout"):
        salib_adapter.analyse("sobol", np.full(96, 2.0), 4, calc_second_order=False)


def test_the_adapter_leaves_its_surroundings_alone():
    unit = points(80)
    y = ishigami(unit)
    np.random.seed(1)
    before = np.random.get_state()[1].tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        filters = list(warnings.filters)
        for method in ("pawn", "delta", "rbd_fast", "fast"):
            salib_adapter.analyse(method, y, 1 if method == "fast" else 4, unit)
            assert warnings.filters == filters
    assert np.random.get_state()[1].tolist() == before


def test_a_seed_of_zero_is_a_seed():
    unit = points(60)
    one, other = (
        salib_adapter.analyse("delta", ishigami(unit), 4, unit, num_resamples=2, seed=0) for _ in range(2)
    )
    np.testing.assert_array_equal(one["S1_conf"], other["S1_conf"])


def test_points_of_one_parameter_are_no_trajectories():
    runs = {"replications": 2, "seed": 4}
    for design, kind in ((ml.LatinHypercube(16), "given"), (ml.Morris(8), "morris")):
        results = synthetic_results(
            ml.Experiment("none:None", {"x": ml.Real(0, 1)}, design, **runs),
            {"y": lambda table, rng: table["x"] + rng.normal(size=len(table))},
        )
        assert recognise(results).kind == kind
