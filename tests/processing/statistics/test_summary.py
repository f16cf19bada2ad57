import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mesa_lab.errors import OutcomeError, ParameterError
from mesa_lab.processing.statistics.group_statistics import quantile_name, statistics
from mesa_lab.processing.statistics.main_effects import influence, ranked

VALUES = [[1.0, 2.0, 4.0, 8.0], [3.0, 3.0, 3.0, 3.0]]


def results_of(make, values, **options):
    """Two points (n = 10 and 20) with these values in their replications."""
    flat = [value for row in zip(*values, strict=True) for value in row]
    points = {"n": [10 * (number + 1) for number in range(len(values))]}
    return make(points, replications=len(values[0]), outcomes={"x": lambda p, g: flat}, **options)


def test_statistics_by_hand(make):
    table = results_of(make, VALUES).aggregate("x", level=0.9, quantiles=(0.25, 0.5, 0.975))
    assert list(table) == [
        "point", "n (parameter)", "outcome", "n", "n_failed", "n_missing", "n_infinite", "mean", "sd", "ci_low", "ci_high",
        "unit", "interval", "median", "q25", "q97.5",
    ]  # fmt: skip
    row = table.iloc[0]
    sample = np.array(VALUES[0])
    low, high = stats.t.interval(0.9, 3, loc=sample.mean(), scale=stats.sem(sample))
    assert (row["n"], row["mean"], row["median"]) == (4, 3.75, 3.0)
    assert row["sd"] == pytest.approx(sample.std(ddof=1))
    assert (row["ci_low"], row["ci_high"]) == (pytest.approx(low), pytest.approx(high))
    assert (row["q25"], row["q97.5"]) == (1.75, pytest.approx(np.quantile(sample, 0.975)))
    assert table.loc[1, ["sd", "ci_low", "ci_high"]].tolist() == [0, 3, 3]


def test_any_level_against_scipy():
    rng = np.random.default_rng(3)
    values, code = rng.normal(size=300), rng.integers(0, 7, 300)
    for level in (0.5, 0.8, 0.95, 0.999):
        table = statistics(values, code, 7, level)
        for group in range(7):
            sample = values[code == group]
            low, high = stats.t.interval(level, len(sample) - 1, loc=sample.mean(), scale=stats.sem(sample))
            assert table.loc[group, ["ci_low", "ci_high"]].tolist() == [
                pytest.approx(low),
                pytest.approx(high),
            ]


def test_one_value_has_no_interval_and_none_no_mean():
    table = statistics(np.array([5.0, np.nan]), np.array([0, 1]), 3)
    assert table["n"].tolist() == [1, 0, 0]
    assert table.loc[0, "mean"] == 5
    assert table.loc[0, ["sd", "ci_low", "ci_high"]].isna().all()
    assert table.loc[1:, "mean":].isna().all(axis=None)


def test_failed_runs_are_counted_and_never_averaged_in(make):
    results = results_of(make, VALUES, failed=[0], timed_out=[2])
    results.study.finals["x"] = [
        float(value) for row in zip(*VALUES, strict=True) for value in row
    ]  # even if they left values
    table = results.aggregate("x")
    assert table["n"].tolist() == [2, 4]
    assert table["n_failed"].tolist() == [2, 0]
    assert table.loc[0, "mean"] == 6.0


def test_a_point_where_every_run_failed_keeps_its_row(make):
    table = results_of(make, VALUES, failed=[0, 2, 4, 6]).aggregate("x")
    assert table["n"].tolist() == [0, 4]
    assert table["n_failed"].tolist() == [4, 0]
    assert np.isnan(table.loc[0, "mean"])


def test_a_value_that_was_not_reported_is_counted_as_missing(make):
    table = results_of(make, [[1.0, None, 3.0], [None, None, None]]).aggregate("x")
    assert table["n"].tolist() == [2, 0]
    assert table["n_missing"].tolist() == [1, 3]


def test_an_outcome_that_is_never_there_is_no_error(make):
    table = results_of(make, [[None, None], [None, None]]).aggregate("x")
    assert table["n"].tolist() == [0, 0]
    assert table["mean"].isna().all()


@pytest.mark.parametrize("yes", [0, 1, 6, 10])
def test_yes_or_no_is_a_share_with_wilsons_interval(make, yes):
    values = [[number < yes for number in range(10)]]
    row = results_of(make, values).aggregate("x", level=0.9).iloc[0]
    expected = stats.binomtest(yes, 10).proportion_ci(0.9, method="wilson")
    assert row["mean"] == yes / 10
    assert (row["ci_low"], row["ci_high"]) == (pytest.approx(expected.low), pytest.approx(expected.high))


def test_yes_or_no_with_failures_stays_a_share(make):
    row = results_of(make, [[True, False, True, True]], failed=[1]).aggregate("x").iloc[0]
    assert (row["n"], row["mean"]) == (3, 1.0)


def test_text_has_no_mean(make):
    results = results_of(make, [["calm", "wild"]])
    with pytest.raises(OutcomeError, match="'x' is not a number \\('calm', 'wild'"):
        results.aggregate("x")
    with pytest.raises(OutcomeError, match="no outcome to summarise"):
        results.aggregate()


def test_all_outcomes_that_are_numbers(make):
    outcomes = {
        "a": lambda p, g: p["n"],
        "text": lambda p, g: ["x"] * len(p),
        "b": lambda p, g: [True] * len(p),
    }
    assert make({"n": [1, 2]}, outcomes=outcomes).aggregate()["outcome"].tolist() == ["a", "a", "b", "b"]


def test_infinite_values_are_counted_beside_those_that_have_a_mean(make):
    row = results_of(make, [[1.0, float("inf"), 3.0, None, -float("inf")]]).aggregate("x").iloc[0]
    assert row[["n", "n_infinite", "n_missing"]].tolist() == [2, 2, 1]
    assert row[["mean", "median", "sd"]].tolist() == [2.0, 2.0, pytest.approx(np.sqrt(2))]


GRID = {"a": [1, 1, 2, 2], "b": ["x", "y", "x", "y"], "c": [5, 6, 5, 6]}


def test_grouping_by_parameters_says_over_what_it_averages(make):
    results = make(GRID, replications=3, outcomes={"x": lambda p, g: p["a"]})
    table = results.aggregate("x", by="a")
    assert table["a"].tolist() == [1, 2]
    assert table["n"].tolist() == [6, 6]
    assert table["n_points"].tolist() == [2, 2]
    assert table.attrs["averaged_over"] == ["b", "c"]
    assert results.aggregate("x", by=["a", "b"]).attrs["averaged_over"] == []  # c goes with b
    assert results.aggregate("x").attrs["averaged_over"] == []
    everything = results.aggregate("x", by=[])
    assert everything["n"].tolist() == [12]
    assert everything.attrs["averaged_over"] == ["a", "b", "c"]


def test_grouping_by_replication_and_point_together(make):
    results = make(GRID, replications=2)
    assert results.aggregate("happy", by="replication")["n"].tolist() == [4, 4]
    assert len(results.aggregate("happy", by=["point", "replication"])) == 8


def test_none_and_mixed_levels_are_groups_like_any_other(make):
    table = make({"limit": [None, 5, "no"]}, replications=2).aggregate("happy", by="limit")
    assert table["limit"].tolist() == [None, 5, "no"]
    assert table["n"].tolist() == [2, 2, 2]


def test_what_cannot_be_grouped_by_is_named(make):
    results = make(GRID)
    with pytest.raises(
        ParameterError, match=r"Unknown parameter 'aa'. Varied are: a, b, c. Did you mean 'a'\?"
    ):
        results.aggregate("happy", by="aa")
    with pytest.raises(ParameterError, match=r"Varied are: a, b, c. Write 'a'\."):
        results.aggregate("happy", by="a (parameter)")
    with pytest.raises(ParameterError, match="'width' is held fixed at 20"):
        results.aggregate("happy", by="width")


@pytest.mark.parametrize("options", [{"level": 95}, {"level": 0}, {"over": "time"}, {"quantiles": (1.5,)}])
def test_settings_out_of_range_are_refused(make, options):
    with pytest.raises(OutcomeError):
        make(GRID).aggregate("happy", **options)


def test_what_is_recorded_of_runs_can_be_summarised(make):
    table = make(GRID, replications=2, stops={0: 4}).aggregate("steps")
    assert table["mean"].tolist() == [7, 10, 10, 10]


def test_an_outcome_named_like_a_measure_comes_first(make):
    assert make({"n": [1]}, outcomes={"steps": lambda p, g: [99] * len(p)}).aggregate("steps")[
        "mean"
    ].tolist() == [99]


def test_series_are_summarised_at_each_step_and_say_when_runs_have_stopped(make):
    results = make(
        {"n": [4, 8]}, replications=3, steps=4, outcomes={"x": lambda p, g: p["n"]}, failed=[1], stops={0: 2}
    )
    table = results.aggregate("x", over="series")
    first = table[table["point"] == 0]
    assert first["step"].tolist() == [0, 1, 2, 3, 4]
    assert first["n"].tolist() == [3, 3, 3, 2, 2]
    assert first["n_missing"].tolist() == [0, 0, 0, 1, 1]
    assert table[table["point"] == 1]["n_failed"].tolist() == [1] * 5
    assert first["mean"].tolist() == [
        pytest.approx(value) for value in (0, (1 + 1 + 2) / 3, (2 + 2 + 4) / 3, 3, 4)
    ]


def test_quantiles_have_short_names_each_of_its_own():
    assert [quantile_name(value) for value in (0, 0.05, 0.5, 0.975, 1)] == [
        "q00",
        "q05",
        "q50",
        "q97.5",
        "q100",
    ]
    close = (0.0008, 0.0012, 0.9999, 0.99995, 0.1 + 0.2, 0.3, 1e-9)
    assert len({quantile_name(value) for value in close}) == len(close)


def test_close_quantiles_have_columns_of_their_own(make):
    table = results_of(make, [np.arange(1000.0)]).aggregate("x", quantiles=(0.0008, 0.0012))
    assert table[["q00.08", "q00.12"]].iloc[0].tolist() == [pytest.approx(0.7992), pytest.approx(1.1988)]


def test_many_runs_agree_with_pandas(make):
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"a": rng.integers(0, 5, 200), "b": rng.random(200)})
    results = make(frame, replications=4)
    runs = results.runs
    expected = runs.groupby("a")["happy"].agg(["count", "mean", "std", "median"])
    found = results.aggregate("happy", by="a").set_index("a")[["n", "mean", "sd", "median"]]
    np.testing.assert_allclose(found.to_numpy(dtype=float), expected.to_numpy(dtype=float))


def test_the_parameter_that_matters_comes_first(make):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"idle": rng.random(120), "strong": rng.random(120), "weak": rng.random(120), "text": ["a", "b"] * 60}
    )
    outcomes = {"x": lambda p, g: 10 * p["strong"] + 7 * p["weak"] + g.normal(0, 0.1, len(p))}
    results = make(frame, replications=3, outcomes=outcomes)
    assert ranked(results, "x")[:2] == ["strong", "weak"]
    shares = influence(results, "x").set_index("parameter")["share"]
    assert shares["strong"] > 0.4
    assert shares["idle"] < 0.1


def test_a_parameter_of_which_nothing_can_be_said_comes_last(make):
    results = make(
        {"a": [1, 1, 2, 2], "b": [1, 2, 1, 2]},
        outcomes={"x": lambda p, g: p["a"]},
        failed=[1, 3, 5, 7, 9, 11],
    )
    assert influence(results, "x")["share"].isna().tolist()[-1]


def test_zeros_and_ones_are_a_share_as_yes_and_no_are(make):
    values = [[0, 0, 1, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]]
    as_numbers = results_of(make, values).aggregate("x")
    as_answers = results_of(make, [[bool(value) for value in row] for row in values]).aggregate("x")
    columns = ["mean", "ci_low", "ci_high"]
    np.testing.assert_allclose(as_numbers[columns], as_answers[columns])
    assert set(as_numbers["interval"]) == {"Wilson"}
    floats = results_of(make, [[float(value) for value in row] for row in values]).aggregate("x")
    np.testing.assert_allclose(floats[columns], as_answers[columns])


def test_a_count_that_is_never_above_one_is_no_point_either(make):
    row = results_of(make, [[0] * 12]).aggregate("x").iloc[0]
    expected = stats.binomtest(0, 12).proportion_ci(method="wilson")
    assert row[["ci_low", "ci_high"]].tolist() == [0, pytest.approx(expected.high)]


@pytest.mark.parametrize("least", [2**53, 2**62, -(2**62)])
def test_large_whole_numbers_keep_their_spread(make, least):
    values = [least, least + 1, least + 2, least + 7]
    row = results_of(make, [values]).aggregate("x").iloc[0]
    assert row["sd"] == pytest.approx(np.std([0, 1, 2, 7], ddof=1))
    assert row["mean"] == pytest.approx(least, rel=1e-12)


def test_a_count_is_not_below_zero(make):
    row = results_of(make, [[0, 0, 0, 5, 0]]).aggregate("x").iloc[0]
    assert row["interval"] == "t, not below 0"
    assert row["ci_low"] == 0
    assert row["ci_high"] == pytest.approx(stats.t.interval(0.95, 4, 1, stats.sem([0, 0, 0, 5, 0]))[1])
    signed = results_of(make, [[0, 0, 0, 5, 0], [-3, 2, 2, 2, 2]]).aggregate("x")
    assert signed["ci_low"].iloc[0] < 0


def test_the_interval_of_skewed_runs_is_a_bootstraps(make):
    rng = np.random.default_rng(4)
    skewed, normal = rng.exponential(size=40), rng.normal(5, 1, 40)
    table = results_of(make, [skewed, normal]).aggregate("x")
    assert table["interval"].tolist() == ["BCa", "t"]
    expected = stats.bootstrap(
        (skewed,), np.mean, n_resamples=20_000, method="BCa", rng=1
    ).confidence_interval
    width = expected.high - expected.low
    assert table.loc[0, "ci_low"] == pytest.approx(expected.low, abs=width / 25)
    assert table.loc[0, "ci_high"] == pytest.approx(expected.high, abs=width / 25)
    again = results_of(make, [skewed, normal]).aggregate("x")
    assert table.loc[0, ["ci_low", "ci_high"]].tolist() == again.loc[0, ["ci_low", "ci_high"]].tolist()


def test_too_few_skewed_runs_keep_students(make):
    assert results_of(make, [[1.5, 0.1, 0.1, 0.1, 9.9]]).aggregate("x")["interval"].tolist() == ["t"]


def test_an_interval_says_how_it_was_made_and_of_what(make):
    table = results_of(make, [[1.0, 2.0, 4.0], [3.0, 3.0, 3.0], [5.0, None, None]]).aggregate("x")
    assert table["interval"].astype(object).where(table["interval"].notna(), None).tolist() == [
        "t, not below 0",
        "all alike",
        None,
    ]
    assert table["unit"].tolist() == ["run"] * 3
