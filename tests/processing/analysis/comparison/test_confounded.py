"""Levels that differ in more than the parameter that is compared: paired, left out, or no verdict."""

import numpy as np
import pytest
from scipy import stats

import mesa_lab as ml
from mesa_lab.testing import synthetic_results


def study(parameters, outcome, replications=8, failed=(), **settings):
    experiment = ml.Experiment("none:None", parameters, replications=replications, **settings)
    return synthetic_results(experiment, {"bugs": outcome}, failed=failed)


def made_by(name, size=30.0):
    """An outcome that one parameter makes, and no other."""

    def outcome(runs, rng):
        return size * runs[name] + rng.normal(size=len(runs))

    return outcome


@pytest.mark.parametrize(
    ("parameters", "settings", "runs"),
    [
        ({"initial_wolves": [10, 20, 30], "b": [1, 2, 3]}, {"design": ml.Zip()}, 72),
        (
            {"initial_wolves": ml.Integer(0, 30), "b": ml.Real(0, 1)},
            {"design": ml.LatinHypercube(24)},
            72,
        ),
        (
            {"initial_wolves": ml.Integer(0, 2), "b": ml.Real(0, 2)},
            {"design": ml.LatinHypercube(40), "constraints": ["initial_wolves < b + 1"]},
            None,
        ),
        (
            {"initial_wolves": ml.Integer(0, 1), "b": ml.Real(0, 2)},
            {"design": ml.LatinHypercube(30), "correlations": {("initial_wolves", "b"): 0.7}},
            None,
        ),
        (
            {"initial_wolves": ml.Integer(0, 1), "b": ml.Real(0, 9)},
            {
                "design": ml.Table(
                    [{"initial_wolves": a, "b": 2 * a + k / 4} for a in (0, 1) for k in range(6)]
                )
            },
            None,
        ),
    ],
    ids=["zipped", "one point a level", "constraint", "correlation", "table"],
)
def test_what_another_parameter_may_make_has_no_verdict(parameters, settings, runs):
    answer = study(parameters, made_by("b"), **settings).compare("bugs", by="initial_wolves")
    assert set(answer.table["verdict"]) == {"cannot tell yet"}
    assert answer.table["n_more"].isna().all()
    assert set(answer.table["confounded_with"]) == {"b"}
    assert (
        "What initial_wolves does to bugs after 100 steps cannot be told from what b does" in answer.sentence
    )
    assert any("hold different values of b" in warning for warning in answer.warnings)
    assert "What a change of initial_wolves alone does." in answer.unknown
    if runs is not None:
        assert type(answer.next.design).__name__ == "FullFactorial"
        assert not answer.next_grows
        assert answer.next_runs == runs
    assert "initial_wolves" in answer.next_sentence


def test_points_that_were_drawn_differ_by_chance_which_is_said():
    parameters = {"a": ml.Integer(0, 3), "b": ml.Real(0, 1)}
    answer = study(parameters, made_by("b"), design=ml.LatinHypercube(24)).compare("bugs", by="a")
    (warning,) = [each for each in answer.warnings if "average over different values of b" in each]
    assert "a part of a difference may be that of b" in warning
    assert set(answer.table["unit"]) == {"point"}
    assert "6 points each" in answer.sentence


def test_differences_between_drawn_points_are_rarely_taken_for_those_of_a_parameter_that_does_nothing():
    told = 0
    for seed in range(12):
        parameters = {"a": ml.Integer(0, 1), "b": ml.Real(0, 1), "c": ml.Real(0, 1)}
        results = study(parameters, made_by("b"), replications=3, design=ml.MonteCarlo(20), seed=seed)
        told += results.compare("bugs", by="a", looks=1).table["verdict"].iloc[0] != "cannot tell yet"
    assert told <= 2


def test_a_fraction_of_a_factorial_holds_other_combinations_which_is_said():
    parameters = {name: [0, 1] for name in "abcd"}
    answer = study(parameters, made_by("a"), design=ml.FractionalFactorial(4)).compare("bugs", by="a")
    assert answer.table["verdict"].tolist() == ["higher"]
    assert any("hold other combinations of b, c and d" in warning for warning in answer.warnings)


@pytest.mark.parametrize("common", [True, False])
def test_a_corner_that_was_lost_leaves_its_counterpart_out(common):
    lost = range(3, 32, 4)  # all runs with a = 1 and b = 2
    results = study({"a": [0, 1], "b": [1, 2]}, made_by("b"), failed=lost, common_random_numbers=common)
    answer = results.compare("bugs", by="a")
    (row,) = answer.table.to_dict("records")
    assert abs(row["difference"]) < 2  # b makes 30
    assert (row["n"], row["n_base"]) == (8, 8)
    assert row["verdict"] == "cannot tell yet"
    assert any("1 point without a counterpart" in warning for warning in answer.warnings)
    assert any("8 of 16 with a 1" in warning for warning in answer.warnings)


@pytest.mark.parametrize("common", [True, False])
def test_points_where_runs_failed_count_as_much_as_the_others(common):
    lost = [3, 7, 11, 15, 19]  # five of eight with a = 1 and b = 2
    results = study({"a": [0, 1], "b": [1, 2]}, made_by("b"), failed=lost, common_random_numbers=common)
    (row,) = results.compare("bugs", by="a").table.to_dict("records")
    assert abs(row["difference"]) < 2
    assert row["low"] < 0 < row["high"]


def test_intervals_over_fixed_points_hold_the_truth_as_often_as_they_say():
    from mesa_lab.processing.analysis.comparison.differences import difference
    from mesa_lab.processing.analysis.comparison.scenarios import Scenario

    rng, held, studies = np.random.default_rng(2), 0, 400
    lost = np.zeros((3, 5), dtype=bool)
    lost[2, 2:] = True
    for _ in range(studies):
        values = np.array([[0.0], [20], [50]]) + rng.normal(0, [[1.0], [3], [2]], (2, 3, 5))
        values[1][lost] = np.nan
        sides = [Scenario("", "", {}, each, np.arange(3)) for each in values]
        found = difference(*sides, common=False, sampled=False, is_share=False, level=0.95)
        held += found.low <= 0 <= found.high
    assert stats.binom.cdf(held, studies, 0.95) > 0.001
    assert held / studies < 0.99


def test_runs_of_one_seed_at_several_points_are_one_pair():
    luck = np.random.default_rng(5).normal(0, 5, 10)

    def outcome(runs, rng):
        return runs["a"] * luck[runs["replication"]] + rng.normal(0, 0.1, len(runs))

    results = study({"a": [0, 1], "b": [1, 2]}, outcome, replications=10, common_random_numbers=True)
    answer = results.compare("bugs", by="a")
    (row,) = answer.table.to_dict("records")
    means = results.runs.groupby(["replication", "a"])["bugs"].mean().unstack()
    interval = stats.ttest_rel(means[1], means[0]).confidence_interval()
    assert (row["n_pairs"], row["unit"]) == (10, "replication")
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert "10 replications at 2 points each" in answer.sentence
    assert "20" not in answer.sentence


def test_names_of_parameters_are_written_as_they_are_and_the_base_is_named():
    results = study(
        {"wolf_gain": [1, 2, 3]}, lambda runs, rng: 9 * (runs["wolf_gain"] > 2) + rng.normal(size=len(runs))
    )
    answer = results.compare("bugs")
    assert answer.sentence.startswith(
        "Compared with wolf_gain 1, bugs after 100 steps are higher with wolf_gain 3 by "
    )
    assert answer.sentence.endswith("Not told from wolf_gain 1 yet: wolf_gain 2.")
    two = study({"wolf_gain": [1, 2, 3]}, made_by("wolf_gain")).compare("bugs").sentence
    assert "higher with both scenarios: wolf_gain 3 by" in two
    one = study({"wolf_gain": [1, 2]}, made_by("wolf_gain")).compare("bugs").sentence
    assert "higher than with wolf_gain 1 (" in one
    within = study({"wolf_gain": [1, 2, 3]}, made_by("wolf_gain", 0), replications=40).compare(
        "bugs", margin=3
    )
    assert (
        within.sentence == "No difference from wolf_gain 1 larger than 3: with wolf_gain 2 and wolf_gain 3."
    )
