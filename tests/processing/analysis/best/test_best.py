"""What is the best setting tried? In simulated studies whose best setting is known."""

import numpy as np
import pytest
from scipy import stats

import mesa_lab as ml
from mesa_lab.errors import ConclusionError, OutcomeError
from mesa_lab.processing.analysis.best.correction import left_out_value, winner_interval
from mesa_lab.processing.analysis.best.selection import exact_share, select
from mesa_lab.testing import synthetic_results

STUDIES = 400


def study(outcome, parameters=None, replications=10, **settings):
    parameters = parameters or {"a": [1, 2, 3, 4], "b": [True, False]}
    experiment = ml.Experiment("none:None", parameters, replications=replications, **settings)
    return synthetic_results(experiment, {"y": outcome})


def rising(sd=1.0):
    return lambda runs, rng: runs["a"] + sd * rng.normal(size=len(runs))


def simulated(settings, runs, gap, *, sd=1.0, luck=0.0, is_share=False):
    """Draw studies: the first setting is the best, or as good as all others."""
    rng = np.random.default_rng(settings * 100 + runs)
    truth = gap * np.arange(settings)[::-1] / (settings - 1)
    spread = np.broadcast_to(np.asarray(sd, dtype=float), settings)
    for _ in range(STUDIES):
        if is_share:
            truth_ = 0.5 + 0.4 * truth
            yield (rng.random((settings, runs)) < truth_[:, None]).astype(float), truth_
        else:
            values = truth[:, None] + spread[:, None] * rng.normal(size=(settings, runs))
            yield values + luck * rng.normal(size=(1, runs)), truth


CASES = [
    {"settings": 2, "runs": 5, "gap": 0},
    {"settings": 10, "runs": 5, "gap": 1},
    {"settings": 10, "runs": 3, "gap": 0},
    {"settings": 10, "runs": 20, "gap": 0.5, "sd": [3, 0.5] * 5},
    {"settings": 10, "runs": 10, "gap": 0.5, "luck": 2},
    {"settings": 10, "runs": 5, "gap": 0, "is_share": True},
    {"settings": 10, "runs": 20, "gap": 0.5, "is_share": True},
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_best_is_kept_and_the_worth_of_the_winner_covered(case):
    kept, covered, error = [], [], []
    common, is_share = "luck" in case, case.get("is_share", False)
    for values, truth in simulated(**case):
        found = select(values, common=common, is_share=is_share, level=0.95)
        kept.append(found.candidate[0])
        low, high = winner_interval(values, found.winner, common=common, is_share=is_share, level=0.95)
        worth = left_out_value(values)
        covered.append(min(low, worth) <= truth[found.winner] <= max(high, worth))
        error.append(worth - truth[found.winner])
    # Three standard errors of 400 studies below 95 %.
    assert np.mean(kept) > 0.92
    assert np.mean(covered) > 0.92
    assert abs(np.mean(error)) < 4 * np.std(error) / np.sqrt(STUDIES) + 0.05


def test_shared_luck_lets_more_be_excluded():
    values = next(iter(simulated(10, 10, 3, luck=5)))[0]
    paired = select(values, common=True, level=0.95).candidate.sum()
    assert paired < select(values, common=False, level=0.95).candidate.sum()


def test_exact_limits_are_those_of_scipy():
    for x, n in ((0, 5), (3, 7), (12, 12)):
        expected = stats.binomtest(x, n).proportion_ci(0.95, method="exact")
        assert [float(each) for each in exact_share(x, n, 0.025, 0.025)] == pytest.approx(list(expected))


def test_the_table_is_in_order_and_says_which_may_be_best():
    conclusion = study(rising(0.3)).best("y")
    assert conclusion.table["a"].tolist() == [4, 4, 3, 3, 2, 2, 1, 1]
    assert conclusion.table["candidate"].tolist() == [True] * 2 + [False] * 6
    assert conclusion.values["n_candidates"] == 2
    assert "comes out best, if more is better: " in conclusion.sentence
    assert "is as good or better cannot be excluded" in conclusion.sentence


def test_the_least_can_be_the_best():
    conclusion = study(rising(0.3)).best("y", goal="min")
    assert "comes out best, if less is better: " in conclusion.sentence
    assert conclusion.table["a"].tolist()[:2] == [1, 1]
    assert conclusion.values["corrected"] == pytest.approx(1, abs=0.3)
    shares = study(lambda runs, rng: rng.random(len(runs)) < runs["a"] / 5, replications=50)
    best = shares.best("y", goal="min")
    assert best.table["a"].iloc[0] == 1
    assert best.values["corrected_low"] <= 0.2 <= best.values["corrected_high"]


def test_candidates_are_run_again_with_fresh_seeds():
    results = study(rising(0.3))
    again = results.best("y").next
    assert not results.best("y").next_grows
    assert again.design_matrix()["a"].tolist() == [4, 4]
    assert again.common_random_numbers
    before = {each.seed for each in results.experiment.configurations()}
    assert before.isdisjoint(each.seed for each in again.configurations())


def test_nothing_is_run_again_where_nothing_is_left_to_chance():
    conclusion = study(lambda runs, rng: runs["a"]).best("y")
    assert conclusion.next is None
    assert conclusion.values["n_candidates"] == 2


def test_when_nothing_can_be_excluded_it_says_so():
    conclusion = study(lambda runs, rng: rng.normal(size=len(runs)), replications=3).best("y")
    assert conclusion.warnings[0].startswith("No setting can be excluded")


def test_the_worth_of_counts_is_not_below_zero():
    conclusion = study(lambda runs, rng: rng.poisson(0.5, len(runs)), replications=5).best("y")
    assert conclusion.values["corrected_low"] >= 0


def test_one_run_each_is_refused():
    with pytest.raises(ConclusionError, match="may just have been lucky"):
        study(rising(), replications=1).best("y")


def test_an_unknown_goal_is_refused():
    with pytest.raises(OutcomeError, match='"max" where more is better'):
        study(rising()).best("y", goal="highest")
