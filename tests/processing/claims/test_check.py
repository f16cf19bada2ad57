"""Claims against results whose truth is known: holds, fails, cannot be told yet."""

import json

import numpy as np
import pytest
from scipy import stats

import mesa_lab as ml
from mesa_lab.errors import ClaimError, OutcomeError, ParameterError
from mesa_lab.preparation.claims.claim import parse_claims
from mesa_lab.processing.claims.check import CANNOT_TELL, FAILS, HOLDS, check_claims
from mesa_lab.testing import synthetic_results


@pytest.fixture(scope="module")
def results():
    experiment = ml.Experiment(
        "none:None", {"a": [1, 2, 3], "grass": [True, False], "size": 7}, replications=20
    )
    return synthetic_results(
        experiment,
        {
            "y": lambda runs, rng: 10 * runs["a"] + rng.normal(0, 1, len(runs)),
            "dead": lambda runs, rng: (runs["a"] == 1) & (rng.random(len(runs)) < 0.5),
        },
    )


def verdict(results, holds):
    (checked,) = check_claims(results, parse_claims({"it": holds}))
    json.dumps(checked.to_dict(), allow_nan=False)
    assert all(reason.endswith(".") for reason in checked.reasons)
    return checked


@pytest.mark.parametrize(
    ("holds", "expected"),
    [
        ("mean('y') > 15", HOLDS),
        ("mean('y') > 25", FAILS),
        ("mean('y', a=2) > 20", CANNOT_TELL),
        ("19 < mean('y', a=2, grass=True) < 21", HOLDS),
        ("19 < mean('y', a=3) < 21", FAILS),
        ("mean('y', size=7) > 15", HOLDS),
        ("share('y > 25') > 0.2", HOLDS),
        ("share('y > 25', a=3) >= 0.9", HOLDS),
        ("share('dead', a=1) > 0.95", FAILS),
        ("sensitivity('y').first['a'] > 0.8", HOLDS),
        ("compare('y', by='a', base=1).difference['3'] > 15", HOLDS),
        ("compare('y', by='a', base=1).difference[3] < 15", FAILS),
        ("best('y').corrected > 28", HOLDS),
        ("replications('y').n_needed < 30", HOLDS),
        ("mean('y') > 15 and mean('y', a=2) > 20", CANNOT_TELL),
        ("mean('y') > 25 and mean('y', a=2) > 20", FAILS),
        ("mean('y') > 15 or mean('y', a=2) > 20", HOLDS),
        ("not mean('y') > 25", HOLDS),
        ("not mean('y', a=2) > 20", CANNOT_TELL),
    ],
)
def test_the_verdict_is_the_side_of_the_interval(results, holds, expected):
    assert verdict(results, holds).verdict == expected


def test_the_interval_is_that_of_the_runs_asked_about(results):
    (part,) = verdict(results, "mean('y', a=2, grass=True) > 15").parts
    runs = results.runs.query("a == 2 and grass")["y"]
    low, high = stats.t.interval(0.95, len(runs) - 1, runs.mean(), stats.sem(runs))
    assert (part["estimate"], part["low"], part["high"], part["n"]) == pytest.approx(
        (runs.mean(), low, high, 20)
    )


def test_points_that_were_drawn_are_what_an_interval_counts():
    experiment = ml.Experiment(
        "none:None", {"a": ml.Real(0, 1)}, design=ml.LatinHypercube(10), replications=50
    )
    drawn = synthetic_results(
        experiment, {"y": lambda runs, rng: runs["a"] + 0.01 * rng.normal(size=len(runs))}
    )
    (part,) = verdict(drawn, "mean('y') > 0.9").parts
    assert part["high"] - part["low"] > 0.2


def test_what_would_tell_is_said(results):
    (reason,) = verdict(results, "mean('y', a=2) > 20.05").reasons
    assert "times as many runs would tell" in reason or "hardly tell" in reason


def test_a_question_that_does_not_fit_cannot_be_told():
    once = synthetic_results(ml.Experiment("none:None", {"a": [1, 2]}), {"y": lambda runs, rng: runs["a"]})
    checked = verdict(once, "compare('y').difference['2'] > 0")
    assert checked.verdict == CANNOT_TELL
    assert "one run" in checked.reasons[0]
    assert verdict(once, "mean('y', a=1) > 0").verdict == CANNOT_TELL
    failed = synthetic_results(
        ml.Experiment("none:None", {"a": [1, 2]}), {"y": lambda runs, rng: runs["a"]}, failed=[0, 1]
    )
    assert verdict(failed, "mean('y') > 0").verdict == CANNOT_TELL


@pytest.mark.parametrize(
    ("holds", "error", "message"),
    [
        ("mean('x') > 3", OutcomeError, "Unknown outcome 'x'"),
        ("mean('y', b=3) > 3", ParameterError, "'b' does not vary"),
        ("mean('y', a=9) > 3", ParameterError, "'a' has no level 9"),
        ("mean('y', grass=1) > 3", ParameterError, "'grass' has no level 1"),
        ("mean('y', size=8) > 3", ParameterError, "No point of this study has size = 8"),
        ("median('y').x > 3", ClaimError, "asks for 'median'"),
        ("compare('y', by='a').differ['3'] > 3", ClaimError, "Did you mean 'difference'"),
        ("compare('y', by='a').difference['7'] > 3", ClaimError, "there is no row '7'"),
        ("compare('y', by='a').verdict['3'] > 3", ClaimError, "is no number"),
        ("sensitivity('y').first > 3", ClaimError, "A column needs a row"),
        ("sensitivity('y', lvl=0.9).first['a'] > 3", OutcomeError, "no option 'lvl'"),
        ("share('y >') > 3", OutcomeError, "does not parse"),
    ],
)
def test_a_claim_about_what_there_is_not_is_an_error(results, holds, error, message):
    with pytest.raises(error, match=message):
        verdict(results, holds)


def test_few_claims_that_are_true_are_said_to_fail():
    """At the very edge of what is true: at most one in forty fails, and as many are said to hold."""
    said = []
    for seed in range(200):
        drawn = synthetic_results(
            ml.Experiment("none:None", {"a": [1]}, replications=10),
            {"y": lambda runs, rng: rng.normal(5, 1, len(runs))},
            seed=seed,
        )
        said.append(verdict(drawn, "mean('y') >= 5").verdict)
    assert said.count(FAILS) <= 12
    assert said.count(HOLDS) <= 12
    assert np.mean([each == CANNOT_TELL for each in said]) > 0.9


def test_a_quantity_between_two_numbers_is_said_once(results):
    (fails,) = verdict(results, "19 < mean('y', a=3) < 21").reasons
    assert fails.endswith("runs): all of it is above 21.")
    (open_,) = verdict(results, "20 < mean('y', a=2) < 90").reasons
    assert open_.count("mean('y', a=2) is") == 1
    assert "the interval holds 20" in open_
    assert len(verdict(results, "19 < mean('y', a=2, grass=True) < 21").reasons) == 1
    assert len(verdict(results, "mean('y') > 15 and mean('y', a=2) > 15").reasons) == 2


def test_intervals_of_counts_and_of_zeros_and_ones_stay_where_these_can_be():
    rare = synthetic_results(
        ml.Experiment("none:None", {"a": [1, 2]}, replications=6),
        {
            "bugs": lambda runs, rng: (runs["replication"] == 0) * 2,
            "extinct": lambda runs, rng: (runs["replication"] == 0) * 1,
        },
    )
    for name in ("bugs", "extinct"):
        (part,) = verdict(rare, f"mean('{name}', a=1) < 0.1").parts
        assert part["low"] >= 0, name
    assert part["high"] == pytest.approx(stats.binomtest(1, 6).proportion_ci(method="wilson").high)
    table = rare.best("bugs").table
    assert (table["low"] >= 0).all()
    assert not (
        np.signbit(table[["from_best_low", "from_best_high"]])
        & (table[["from_best_low", "from_best_high"]] == 0)
    ).any(axis=None)


@pytest.mark.parametrize(
    ("parameters", "design", "holds"),
    [
        ({"a": [1, 2, 3], "b": [1, 2, 3]}, ml.Zip(), "compare('y', by='a', base=1).difference['3'] > 1"),
        (
            {name: [0, 1] for name in "abcd"},
            ml.FractionalFactorial(resolution=4),
            "effects('y').effect['a × b'] > -99",
        ),
    ],
    ids=["levels that change together", "aliased effects"],
)
def test_what_something_else_may_have_made_cannot_be_told(parameters, design, holds):
    experiment = ml.Experiment("none:None", parameters, replications=8, design=design)
    outcome = {"y": lambda runs, rng: 10 * runs["b"] + rng.normal(size=len(runs))}
    checked = verdict(synthetic_results(experiment, outcome), holds)
    assert checked.verdict == CANNOT_TELL
    assert "cannot be told from what" in checked.reasons[0]
