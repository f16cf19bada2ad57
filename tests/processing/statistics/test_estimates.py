"""Means and intervals in words."""

import pytest
from scipy import stats

from mesa_lab.processing.report.tables import by_point_table, overview_table
from mesa_lab.processing.statistics.estimates import estimate, of_runs_alike, value_and_interval
from mesa_lab.processing.statistics.intervals import unlike_share


def texts(make, *rows):
    """What is said of points whose runs had these values."""
    flat = [value for row in zip(*rows, strict=True) for value in row]
    points = {"n": list(range(len(rows)))}
    results = make(points, replications=len(rows[0]), outcomes={"x": lambda p, g: flat})
    return [estimate(row) for row in results.aggregate("x").to_dict("records")], results


def test_runs_that_all_agree_are_said_to(make):
    said, results = texts(make, [0] * 12, [7] * 12, [30, 31] * 6)
    assert said[:2] == ["0 in all 12 runs", "7 in all 12 runs"]
    note = "Where all 12 runs are alike, up to 22 % of further runs may yet differ (95 % confidence)."
    for table in (by_point_table(results, ["x"]), overview_table(results, ["x"])):
        assert table["more"] == note
    assert "0 in all 12 runs" in [cell for row in by_point_table(results, ["x"])["rows"] for cell in row]


def test_the_lowest_of_many_points_is_not_called_the_only_one(make):
    _, results = texts(make, [0] * 3, [0] * 3, [2] * 3, [0] * 3)
    (row,) = overview_table(results, ["x"])["rows"]
    assert row[-3:] == ["n 0, and at 2 other points", "2 in all 3 runs", "n 2"]


def test_answers_that_all_agree_are_said_to(make):
    assert texts(make, [False] * 12, [True] * 12, [True] * 6 + [False] * 6)[0][:2] == [
        "0 in all 12 runs",
        "1 in all 12 runs",
    ]


def test_a_count_is_never_said_to_be_below_zero(make):
    said, _ = texts(make, [0, 0, 0, 0, 5], [9, 11, 10, 8, 12])
    assert said == ["1.0 (0 to 3.8)", "10.0 ± 2.0"]


def test_an_uneven_interval_is_given_by_its_ends(make):
    answers = [True] + [False] * 9
    expected = stats.binomtest(1, 10).proportion_ci(method="wilson")
    assert texts(make, answers)[0] == [f"10 % ({100 * expected.low:.0f} to {100 * expected.high:.0f} %)"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((float("nan"),) * 3, "–"),
        ((4.0, float("nan"), float("nan")), "4"),
        ((1234.5678, 1233.0, 1236.0), "1,234.6 ± 1.5"),
        ((2.0e12, 1.9e12, 2.1e12), "2,000,000,000,000 ± 100,000,000,000"),
        ((3.0e-9, 2.0e-9, 4.0e-9), "3e-09 ± 1e-09"),
    ],
)
def test_numbers_of_any_size(row, said):
    assert value_and_interval(*row, even=True) == said


def test_the_bound_is_that_of_clopper_and_pearson():
    for n in (2, 12, 300):
        assert unlike_share(n) == pytest.approx(stats.binomtest(0, n).proportion_ci(0.9, method="exact").high)
    assert of_runs_alike([]) == ""
