"""Is A better than B? Against scipy, and in simulated studies."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

import mesa_lab as ml
from mesa_lab.errors import ConclusionError, OutcomeError, ParameterError
from mesa_lab.processing.analysis.comparison.any_time import any_time_p, factor, units_needed
from mesa_lab.processing.analysis.comparison.differences import difference
from mesa_lab.processing.analysis.comparison.scenarios import Scenario
from mesa_lab.processing.analysis.comparison.superiority import superiority
from mesa_lab.processing.analysis.comparison.verdicts import verdicts
from mesa_lab.testing import synthetic_results


def study(parameters, outcome, replications=20, failed=(), **settings):
    experiment = ml.Experiment("none:None", parameters, replications=replications, **settings)
    return synthetic_results(experiment, {"y": outcome}, failed=failed)


def shift(size, sd=1.0, luck=0.0):
    """An outcome that rises by so much from one level of "a" to the next."""

    def outcome(runs, rng):
        seeds = luck * rng.normal(size=runs["replication"].max() + 1)
        return size * runs["a"] + seeds[runs["replication"]] + sd * rng.normal(size=len(runs))

    return outcome


def wide(results, by="a"):
    return results.runs.pivot(index="replication", columns=by, values="y")


def only(conclusion):
    (row,) = conclusion.table.to_dict("records")
    return row


def test_independent_scenarios_are_compared_as_welch_does():
    results = study({"a": [0, 1]}, lambda runs, rng: runs["a"] + rng.normal(0, 1 + 2 * runs["a"], len(runs)))
    row, runs = only(results.compare("y")), wide(results)
    test = stats.ttest_ind(runs[1], runs[0], equal_var=False)
    interval = test.confidence_interval()
    assert row["difference"] == pytest.approx(runs[1].mean() - runs[0].mean())
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert row["p"] == pytest.approx(test.pvalue)
    assert row["n_pairs"] == 0
    assert np.isnan(row["variance_saved"])


def test_scenarios_that_share_their_seeds_are_compared_run_by_run():
    results = study({"a": [0, 1]}, shift(0.5, luck=3), common_random_numbers=True)
    conclusion, runs = results.compare("y"), wide(results)
    row = only(conclusion)
    test = stats.ttest_rel(runs[1], runs[0])
    interval = test.confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert row["p"] == pytest.approx(test.pvalue)
    assert row["n_pairs"] == 20
    assert row["correlation"] == pytest.approx(np.corrcoef(runs[0], runs[1])[0, 1])
    saved = 1 - (runs[1] - runs[0]).var() / (runs[0].var() + runs[1].var())
    assert row["variance_saved"] == pytest.approx(saved)
    assert f"Common random numbers saved {saved:.0%} of the runs.".replace("%", " %") in conclusion.sentence


def test_dunnett_is_that_of_scipy_and_finds_more_than_holm():
    results = study({"a": [0, 1, 2, 3, 4]}, shift(0.35), replications=25)
    found = results.compare("y", adjust="dunnett", looks=1)
    runs = wide(results)
    expected = stats.dunnett(
        *(runs[level] for level in (1, 2, 3, 4)), control=runs[0], rng=np.random.default_rng(1)
    )
    assert found.table["p_adjusted"].tolist() == pytest.approx(expected.pvalue.tolist(), abs=1e-6)
    holm = results.compare("y", looks=1).table["p_adjusted"]
    assert found.table["p_adjusted"].min() <= holm.min() + 1e-6
    assert "Dunnett (1955)" in found.method


@pytest.mark.parametrize(
    ("settings", "options", "error", "message"),
    [
        ({}, {}, OutcomeError, "looks=1"),
        ({"common_random_numbers": True}, {"looks": 1}, ConclusionError, "share their seeds"),
        ({}, {"looks": 1, "by": "a"}, ConclusionError, "hold several points"),
        ({}, {"looks": 1, "adjust": "dunet"}, OutcomeError, "Did you mean 'dunnett'"),
    ],
)
def test_dunnett_is_refused_where_it_does_not_hold(settings, options, error, message):
    results = study({"a": [0, 1, 2], "b": [1, 2]}, shift(1), replications=5, **settings)
    with pytest.raises(error, match=message):
        results.compare("y", **{"adjust": "dunnett", **options})


def test_seeds_that_help_nothing_are_said_to():
    results = study({"a": [0, 1]}, shift(0), common_random_numbers=True, replications=40)
    assert "Common random numbers did not help here (correlation" in results.compare("y").sentence


def test_runs_that_failed_take_their_pair_with_them():
    results = study({"a": [0, 1]}, shift(2, luck=3), common_random_numbers=True, failed=[0, 3])
    conclusion, runs = results.compare("y"), wide(results).dropna()
    row = only(conclusion)
    assert row["n_pairs"] == len(runs) == 18
    assert row["difference"] == pytest.approx((runs[1] - runs[0]).mean())
    assert "2 runs that failed or timed out are left out." in conclusion.warnings


def test_a_parameter_whose_other_levels_all_failed_has_nothing_to_compare():
    results = study({"a": [0, 1], "b": [1, 2]}, shift(2), failed=[at for at in range(80) if at % 2])
    with pytest.raises(
        ConclusionError, match="'b' has one level only among the points that have a value of 'y'"
    ):
        results.compare("y", by="b")


def test_levels_over_a_grid_are_compared_within_its_points():
    space = {"a": [0, 1], "b": [0, 100, 200]}
    results = study(
        space, lambda runs, rng: runs["a"] + runs["b"] + rng.normal(size=len(runs)), replications=10
    )
    row = only(results.compare("y", by="a"))
    runs = results.runs
    within = runs.groupby(["a", "b"])["y"].var().groupby("a").mean() / 30
    half = (row["high"] - row["low"]) / 2
    assert half == pytest.approx(stats.t.ppf(0.975, 54) * np.sqrt(within.sum()), rel=0.03)
    assert row["n"] == 30


def test_levels_over_a_grid_with_common_seeds_are_compared_by_replication():
    space = {"a": [0, 1], "b": [0, 100, 200]}
    results = study(space, shift(1, luck=5), replications=10, common_random_numbers=True)
    row = only(results.compare("y", by="a"))
    means = results.runs.groupby(["replication", "a"])["y"].mean().unstack()
    interval = stats.ttest_rel(means[1], means[0]).confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert row["unit"] == "replication"


def test_levels_over_the_same_points_leave_out_what_these_have_in_common():
    rng = np.random.default_rng(3)
    rows = [{"a": a, "b": b} for b in rng.random(12) for a in (0, 1)]
    space = {"a": ml.Integer(0, 1), "b": ml.Real(0, 1)}

    def outcome(runs, rng):
        return runs["a"] + 50 * runs["b"] + rng.normal(size=len(runs))

    results = study(space, outcome, replications=3, design=ml.Table(rows))
    half = only(results.compare("y", by="a"))
    assert half["high"] - half["low"] < 3  # the points differ by 50


@pytest.mark.parametrize("common", [True, False])
def test_levels_over_one_sample_of_points_are_compared_point_by_point(common):
    rng = np.random.default_rng(9)
    base = 50 * rng.random((15, 1)) + rng.normal(size=(15, 4))
    one = base + 1 + rng.normal(0, 0.1, (15, 4))
    found = difference(
        *(Scenario("", "", {}, values, np.arange(15)) for values in (one, base)),
        common=common,
        sampled=True,
        is_share=False,
        level=0.95,
    )
    assert found.unit == ("point and replication" if common else "pair of points")
    assert found.high - found.low < 0.3
    assert found.low < 1 < found.high


def test_several_scenarios_are_held_together_by_holm():
    results = study({"a": [0, 1, 2, 3]}, shift(0.3), replications=30)
    table = results.compare("y", looks=1).table
    assert table["p_adjusted"].tolist() == pytest.approx(multipletests(table["p"], method="holm")[1])
    assert (table["verdict"] == "higher").tolist() == (table["p_adjusted"] <= 0.05).tolist()


def test_a_share_has_newcombes_interval():
    results = study(
        {"a": [0, 1]}, lambda runs, rng: rng.random(len(runs)) < 0.2 + 0.5 * runs["a"], replications=40
    )
    conclusion, runs = results.compare("y"), wide(results)
    row = only(conclusion)
    ends = [stats.binomtest(int(runs[a].sum()), 40).proportion_ci(method="wilson") for a in (0, 1)]
    p = [runs[a].mean() for a in (0, 1)]
    low = p[1] - p[0] - np.hypot(p[1] - ends[1].low, ends[0].high - p[0])
    high = p[1] - p[0] + np.hypot(ends[1].high - p[1], p[0] - ends[0].low)
    assert (row["low"], row["high"]) == pytest.approx((low, high))
    assert "percentage points higher" in conclusion.sentence


@pytest.mark.parametrize("common", [True, False])
def test_superiority_is_the_rank_sum(common):
    rng = np.random.default_rng(5)
    x, y = rng.integers(0, 6, 25).astype(float), rng.integers(0, 5, 25).astype(float)
    found, low, high = superiority(x[None], y[None], paired=common, level=0.95)
    assert found == pytest.approx(stats.mannwhitneyu(x, y).statistic / 25**2)
    assert low < found < high


def test_verdicts():
    def verdict(size, replications=30, **options):
        return only(study({"a": [0, 1]}, shift(size), replications).compare("y", **options))["verdict"]

    assert verdict(2) == "higher"
    assert verdict(-2) == "lower"
    assert verdict(0) == "cannot tell yet"
    assert verdict(0, 200, margin=1) == "no difference larger than the margin"
    assert verdict(2, margin=1) == "higher"
    assert verdict(0, 10, margin=0.5) == "cannot tell yet"


def test_what_cannot_be_told_says_what_would_tell():
    results = study({"a": [0, 1]}, shift(0), replications=12)
    conclusion = results.compare("y")
    row = only(conclusion)
    assert conclusion.sentence.startswith(
        "It cannot be told yet whether y after 100 steps differs between a 1 and a 0: "
    )
    assert conclusion.next.replications == 12 + row["n_more"]
    assert conclusion.next_runs == 2 * row["n_more"]
    assert conclusion.next_grows
    assert f"About {row['n_more']} more runs of each" in conclusion.next_sentence
    assert conclusion.values["n_undecided"] == 1


def test_an_interval_beyond_0_is_not_enough_when_runs_may_be_added():
    results = study({"a": [0, 1]}, shift(1.1), replications=20)
    row = only(results.compare("y"))
    assert row["low"] > 0
    assert row["verdict"] == "cannot tell yet"
    conclusion = results.compare("y", looks=1)
    assert only(conclusion)["verdict"] == "higher"
    assert any("looks=1" in sentence for sentence in results.compare("y").unknown)


def test_scenarios_are_points_levels_and_what_the_user_names():
    space = {"a": [0, 1], "b": ["x", "y"]}
    results = study(space, shift(3), replications=8)
    points = results.compare("y")
    assert points.table["scenario"].tolist() == ["b y", "a 1", "a 1, b y"]
    assert set(points.table["base"]) == {"a 0, b x"}
    named = results.compare("y", base={"a": 1, "b": "y"})
    assert set(named.table["base"]) == {"a 1, b y"}
    assert results.compare("y", base=3).table["base"].tolist() == named.table["base"].tolist()
    assert results.compare("y", by="b", base="y").table["scenario"].tolist() == ["x"]


def test_the_base_of_one_at_a_time_is_its_base_case():
    space = {"a": ml.Integer(0, 4), "b": ml.Integer(0, 4)}
    results = study(space, shift(1), design=ml.OneAtATime(5), replications=6)
    assert set(results.compare("y").table["base"]) == {"a 2, b 2"}
    levels = results.compare("y", by="a")
    assert levels.table["scenario"].tolist() == ["0", "1", "3", "4"]
    assert levels.table["n"].tolist() == [6] * 4
    assert levels.table["n_base"].tolist() == [6] * 4
    assert any("4 points without a counterpart at the other levels" in warning for warning in levels.warnings)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"by": "c"}, ParameterError, "'c' does not vary.*These vary: a, b"),
        ({"base": 9}, ParameterError, "There is no point 9"),
        ({"by": "a", "base": 7}, ParameterError, "'a' has no level 7 in this study. There are: 0, 1"),
        ({"base": {"a": 7}}, ParameterError, "No point of this study has a=7"),
        ({"margin": -1}, OutcomeError, "margin is -1"),
        ({"looks": 0}, OutcomeError, "looks is 0"),
    ],
)
def test_what_cannot_be_asked_is_named(options, error, said):
    results = study({"a": [0, 1], "b": [0, 1]}, shift(1))
    with pytest.raises(error, match=said):
        results.compare("y", **options)


def test_one_run_each_tells_nothing():
    with pytest.raises(ConclusionError, match="Each point has one run.*at least 5 times"):
        study({"a": [0, 1]}, shift(1), replications=1).compare("y")


def test_points_repeated_with_common_seeds_are_one_scenario():
    rows = [{"a": 0}, {"a": 1}, {"a": 0}]
    results = study({"a": ml.Integer(0, 1)}, shift(1), design=ml.Table(rows), common_random_numbers=True)
    assert only(results.compare("y"))["n_pairs"] == 20


STUDIES = 1000


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, size: rng.normal(size=size),
        lambda rng, size: rng.exponential(size=size),
        lambda rng, size: rng.poisson(2, size) + 1e-3 * rng.random(size),
    ],
    ids=["normal", "skewed", "counts"],
)
@pytest.mark.parametrize("looks", [[10, 20, 40, 80, 160, 320], range(5, 200)], ids=["doubled", "one by one"])
def test_looking_again_after_adding_runs_raises_no_false_alarms(paired, draw, looks):
    rng = np.random.default_rng(20261201)
    n = np.array(looks)
    sums = []
    for _ in range(2):
        values = draw(rng, (STUDIES, n[-1]))
        sums.append((values, np.cumsum(values, axis=1)[:, n - 1] / n))
    (x, mean_x), (y, mean_y) = sums
    if paired:
        variance = running_variance(x - y, n) / n
        df = np.broadcast_to(n - 1.0, variance.shape)
    else:
        one, other = (running_variance(values, n) / n for values in (x, y))
        variance = one + other
        df = variance**2 / ((one**2 + other**2) / (n - 1))
    p = any_time_p((mean_x - mean_y) / np.sqrt(variance), df, n)
    assert (p.min(axis=1) <= 0.05).sum() <= 0.05 * STUDIES


def running_variance(values, n):
    """The variance of the first so many values of each row."""
    mean = np.cumsum(values, axis=1)[:, n - 1] / n
    return (np.cumsum(values**2, axis=1)[:, n - 1] - n * mean**2) / (n - 1)


@pytest.mark.parametrize("common", [True, False])
@pytest.mark.parametrize("scenarios", [1, 3])
def test_the_default_workflow_raises_no_false_alarms(common, scenarios):
    """Look, run as many more as are said to be needed (up to a budget), look again."""
    rng = np.random.default_rng(4)
    studies, alarms = 300, 0
    for _ in range(studies):
        draws = rng.normal(size=(scenarios + 1, 300)) + common * rng.normal(size=300)
        n = 8
        while True:
            found = verdicts(
                [compared(draws[each, :n], draws[-1, :n], common) for each in range(scenarios)],
                margin=None,
                level=0.95,
                looks=None,
            )
            if any(each.said != "cannot tell yet" for each in found):
                alarms += 1
                break
            if n == 300:
                break
            n = min(300, n + max(1, min(min(each.n_more for each in found), 60)))
    assert alarms <= 0.05 * studies


def compared(one, base, common):
    scenarios = [Scenario("", "", {}, values[None], np.zeros(1, dtype=np.int64)) for values in (one, base)]
    return difference(*scenarios, common=common, sampled=False, is_share=False, level=0.95)


def test_the_interval_for_all_times_is_where_the_test_turns():
    for n in (5, 12, 60, 400):
        assert any_time_p(factor(n - 1, n, 0.05), n - 1, n) == pytest.approx(0.05)
    assert factor(2, 3, 0.05) == np.inf


def test_as_many_runs_as_are_said_to_be_needed_do_find_the_difference():
    rng = np.random.default_rng(8)
    n = units_needed(1.0, 0.6, 10, 9, 0.05)
    gaps = rng.normal(0.6, 1.0, (2000, n))
    t = gaps.mean(axis=1) / (gaps.std(axis=1, ddof=1) / np.sqrt(n))
    assert 0.75 <= (any_time_p(t, n - 1, n) <= 0.05).mean() <= 0.87


def test_one_scenario_alone_is_compared_with_the_base():
    results = study({"a": [0, 1, 2], "b": [0, 5]}, shift(3), common_random_numbers=True)
    row = only(results.compare("y", base=0, scenario=5))
    assert (row["scenario"], row["base"]) == ("a 2, b 5", "a 0, b 0")
    among = results.compare("y", base=0).table.set_index("scenario").loc["a 2, b 5"]
    assert row["difference"] == among["difference"]
    assert row["p_adjusted"] < among["p_adjusted"]
    assert only(results.compare("y", by="a", base=2, scenario=1))["verdict"] == "lower"
    assert only(results.compare("y", base={"a": 0, "b": 5}, scenario=3))["scenario"] == "a 1"
    with pytest.raises(ParameterError, match="give two that differ"):
        results.compare("y", by="a", base=1, scenario=1)
    with pytest.raises(ParameterError, match="no level 7"):
        results.compare("y", by="a", scenario=7)


def test_of_many_points_two_can_be_compared_or_the_levels_of_a_parameter():
    space = {"a": ml.Real(0, 1), "b": ml.Integer(0, 2)}
    results = study(space, shift(50), replications=8, design=ml.LatinHypercube(250))
    with pytest.raises(ConclusionError, match="by='b'"):
        results.compare("y")
    assert len(results.compare("y", by="b").table) == 2
    low, high = results.points[results.columns["a"]].agg(["idxmin", "idxmax"])
    assert only(results.compare("y", base=int(low), scenario=int(high)))["verdict"] == "higher"


def test_from_a_few_pairs_it_cannot_be_told_what_common_seeds_save():
    experiment = ml.Experiment("none:None", {"x": [1, 2]}, replications=4, common_random_numbers=True, seed=1)

    def outcome(runs, rng):
        luck = np.random.default_rng(8).normal(size=4)
        return luck[runs["replication"]] + 0.8 * np.random.default_rng(9).normal(size=len(runs))

    said = synthetic_results(experiment, {"y": outcome}).compare("y").sentence
    assert "Whether common random numbers save runs here cannot be told yet (correlation" in said
    assert "4 pairs" in said
