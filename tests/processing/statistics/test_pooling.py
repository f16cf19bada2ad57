"""What the interval of a mean over several points takes for independent."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import mesa_lab as ml
from mesa_lab.processing.charts import find_chart


def grid(replications, **options):
    points = pd.DataFrame(list(itertools.product([1, 2], [10, 20, 30])), columns=["a", "b"])
    outcomes = {"x": lambda p, g: p["b"] + g.normal(0, 1, len(p))}
    return dict(points=points, replications=replications, outcomes=outcomes, **options)


def sample(points, replications, **options):
    frame = pd.DataFrame({"a": np.repeat([1, 2], points // 2), "b": np.random.default_rng(7).random(points)})
    outcomes = {"x": lambda p, g: 10 * p["b"] + g.normal(0, 1, len(p))}
    return dict(points=frame, replications=replications, outcomes=outcomes, **options)


def t_interval(values):
    return list(stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values)))


def ends(row):
    return row[["ci_low", "ci_high"]].astype(float).tolist()


def test_points_that_are_fixed_leave_chance_within_points(make):
    results = make(**grid(6))
    row = results.aggregate("x", by="a").iloc[0]
    runs = results.runs.query("a == 1")
    within = runs["x"] - runs.groupby("b")["x"].transform("mean")
    error = np.sqrt((within**2).sum() / 15 / 18)
    assert row["unit"] == "run"
    half = (row["ci_high"] - row["ci_low"]) / 2
    assert (
        error * stats.t.ppf(0.975, 15) <= half < error * stats.t.ppf(0.975, 7)
    )  # fewer where spreads differ
    assert half < 1  # the points differ by 20


def test_points_that_are_drawn_are_the_units(make):
    results = make(**sample(20, 4, design=ml.MonteCarlo(20)))
    row = results.aggregate("x", by="a").iloc[1]
    means = results.runs.query("a == 2").groupby("point")["x"].mean()
    assert row["unit"] == "point"
    assert ends(row) == pytest.approx(t_interval(means))


@pytest.mark.parametrize(
    ("design", "unit"),
    [
        (ml.FullFactorial(), "run"),
        (ml.OneAtATime(), "run"),
        (ml.SparseGrid(2), "run"),
        (ml.Zip(), "run"),
        (ml.LatinHypercube(8), "point"),
        (ml.Sobol(8), "point"),
        (ml.Halton(8), "point"),
        (ml.Union([ml.FullFactorial(), ml.Sobol(8)]), "point"),
        (ml.Union([ml.FullFactorial(), ml.Zip()]), "run"),
        (ml.Union([ml.Part(ml.Sobol(8), fixed={"a": 1})]), "point"),
    ],
    ids=repr,
)
def test_a_design_says_whether_its_points_are_a_sample(make, design, unit):
    assert set(make(**grid(3, design=design)).aggregate("x", by="a")["unit"]) == {unit}


def test_a_table_of_all_combinations_is_fixed_and_another_is_a_sample(make):
    assert make(**grid(3)).aggregate("x", by=[])["unit"].tolist() == ["run"]
    assert make(**sample(10, 3)).aggregate("x", by=[])["unit"].tolist() == ["point"]


def test_one_run_a_point_cannot_tell_chance_from_differences(make):
    results = make(**grid(1))
    row = results.aggregate("x", by="a").iloc[0]
    assert row["unit"] == "point"
    assert ends(row) == pytest.approx(t_interval(results.runs.query("a == 1")["x"]))


def test_with_common_random_numbers_replications_are_the_units(make):
    results = make(**grid(5, common_random_numbers=True))
    row = results.aggregate("x", by="a").iloc[0]
    means = results.runs.query("a == 1").groupby("replication")["x"].mean()
    assert row["unit"] == "replication"
    assert ends(row) == pytest.approx(t_interval(means))
    assert set(results.aggregate("x")["unit"]) == {"run"}  # replications of one point are independent


def test_a_sample_of_points_with_common_seeds_varies_both_ways(make):
    both = make(**sample(20, 5, seeds=[1, 2, 3, 4, 5], design=ml.Sobol(16)))
    row = both.aggregate("x", by=[]).iloc[0]
    assert row["unit"] == "point and replication"
    points = both.runs.groupby("point")["x"].mean()
    assert row["ci_high"] - row["ci_low"] > np.diff(t_interval(points))[0] * 0.9
    alone = make(**sample(20, 1, seeds=[1], design=ml.Sobol(16))).aggregate("x", by=[]).iloc[0]
    assert np.isnan(alone["ci_low"])  # one seed tells nothing of others


def test_missing_runs_do_not_shift_a_replication(make):
    whole, holed = (make(**grid(6, common_random_numbers=True, failed=failed)) for failed in ((), (2, 8, 15)))
    wide = [np.diff(ends(results.aggregate("x", by="a").iloc[0]))[0] for results in (whole, holed)]
    assert wide[1] < 2 * wide[0]


def test_series_have_the_same_units(make):
    results = make(**grid(5, common_random_numbers=True))
    final, steps = (results.aggregate("x", by="a", over=over) for over in ("final", "series"))
    last = steps[steps["step"] == steps["step"].max()]
    assert set(steps["unit"]) == {"replication"}
    np.testing.assert_allclose(last[["ci_low", "ci_high"]], final[["ci_low", "ci_high"]])


def repeated(make, **options):
    points = pd.DataFrame({"k": [0, 1, 0, 1, 0]})
    values = {0: [1.0, 2.0, 4.0], 1: [5.0, 5.0, 8.0]}

    def outcome(p, g):
        return [values[k][place // 5] for place, k in enumerate(p["k"])]

    return make(points, replications=3, outcomes={"x": outcome}, **options)


@pytest.mark.parametrize("options", [{"common_random_numbers": True}, {"seeds": [7, 8, 9]}])
def test_points_repeated_with_the_same_seeds_count_once(make, options):
    results = repeated(make, **options)
    table = results.aggregate("x", by="k")
    assert table[["n", "n_points", "n_failed", "n_missing"]].values.tolist() == [[3, 1, 0, 0]] * 2
    low, high = t_interval([1, 2, 4])
    assert low < 0  # which no count is
    assert ends(table.iloc[0]) == pytest.approx([0.0, high])
    assert table.attrs["n_repeated"] == 9
    assert results.aggregate("x")["n"].tolist() == [3] * 5  # each point has its row
    caption = find_chart("effect").table(results, "x").attrs["chart"]["subtitle"][0]
    assert "9 runs with the values and the seed of another are counted once." in caption
    assert len(find_chart("distribution").table(results, "x", by="k")) == 6


def test_points_repeated_with_seeds_of_their_own_all_count(make):
    table = repeated(make).aggregate("x", by="k")
    assert table["n"].tolist() == [9, 6]


def test_a_seed_that_is_listed_twice_counts_once(make):
    table = repeated(make, seeds=[7, 7, 9]).aggregate("x")
    assert table["n"].tolist() == [2] * 5
    assert table["mean"].iloc[0] == 2.5


def test_of_runs_that_are_alike_one_counts_that_came_to_its_end(make):
    results = repeated(make, common_random_numbers=True, failed=[0, 5])
    row = results.aggregate("x", by="k").iloc[0]
    assert row[["n", "n_failed"]].tolist() == [3, 0]


def test_a_share_over_points_is_no_point_where_all_agree(make):
    for options in ({}, {"design": ml.Sobol(8)}, {"common_random_numbers": True}):
        results = make(**grid(4, **options) | {"outcomes": {"x": lambda p, g: [False] * len(p)}})
        row = results.aggregate("x", by=[]).iloc[0]
        assert row["ci_low"] == 0
        assert row["ci_high"] > 0.05
