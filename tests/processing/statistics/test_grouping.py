"""Levels are compared over like points, or it is said that they are not."""

import itertools

import numpy as np
import pandas as pd
import pytest

import mesa_lab as ml
from mesa_lab.processing.charts import CHARTS, find_chart
from mesa_lab.processing.statistics.main_effects import influence


def star(make, base=0.5, moves=(0.0, 0.25, 0.75, 1.0), **options):
    """y = 10 a + 40 (b - .5)², each parameter moved by itself."""
    rows = [{"a": base, "b": 0.5, "c": 1}]
    rows += [{"a": move, "b": 0.5, "c": 1} for move in moves]
    rows += [{"a": base, "b": move, "c": 1} for move in moves]
    rows += [{"a": base, "b": 0.5, "c": move} for move in (2, 3)]
    outcomes = {"y": lambda p, g: 10 * p["a"] + 40 * (p["b"] - 0.5) ** 2}
    return make(pd.DataFrame(rows), replications=3, outcomes=outcomes, **options)


@pytest.mark.parametrize("design", [ml.OneAtATime(5), None], ids=["one at a time", "a table"])
def test_an_effect_from_a_base_case_is_that_of_one_parameter(make, design):
    table = find_chart("effect").table(star(make, design=design), "y", parameter="a")
    assert table["x"].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert table["mean"].tolist() == [0, 2.5, 5, 7.5, 10]
    assert table["n_points"].tolist() == [1] * 5
    caption = table.attrs["chart"]["subtitle"][0]
    assert "Only points with the other parameters at the base case count (b 0.5 and c 1)." in caption
    assert "Averaged" not in caption


def test_an_effect_of_many_moves_is_no_cloud_of_other_points(make):
    table = find_chart("effect").table(star(make, moves=np.linspace(0, 1, 20)), "y", parameter="a")
    np.testing.assert_allclose(table["mean"], 10 * table["x"])


def test_lines_for_a_second_parameter_are_from_the_base_case_too(make):
    table = find_chart("effect").table(star(make), "y", parameter="a", by="c")
    line = table[table["group"] == "1"]
    assert line["mean"].tolist() == [0, 2.5, 5, 7.5, 10]


@pytest.mark.parametrize("kind", ["series", "distribution"])
def test_other_charts_compare_like_points_too(make, kind):
    table = find_chart(kind).table(star(make), "y", by="a")
    means = table.groupby("group", observed=True)["mean"].last()
    assert means.tolist() == [0, 2.5, 5, 7.5, 10]


def test_a_heat_map_from_a_base_case_leaves_the_rest_at_it(make):
    table = find_chart("heatmap").table(star(make), "y", x="a", y="c")
    assert table["n_points"].tolist() == [1] * 7
    base = table[(table["x"] == "0.5") & (table["y"] == "1")]
    assert base["mean"].tolist() == [5]


def test_the_ranking_from_a_base_case_is_that_of_its_moves(make):
    shares = influence(star(make), "y").set_index("parameter")["share"]
    a, b = np.var([0, 2.5, 5, 7.5, 10]), np.var([10, 2.5, 0, 2.5, 10])
    assert shares["a"] == pytest.approx(a / (a + b))
    assert shares["c"] == 0


def test_levels_that_hold_unlike_points_are_said_to(make):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"n": [1, 2, 3] * 10, "x": rng.random(30)})
    results = make(frame, design=ml.LatinHypercube(30))
    caption = find_chart("effect").table(results, "happy", parameter="n").attrs["chart"]["subtitle"][0]
    assert (
        "Averaged over x, whose values are not alike at all levels; intervals take the points for a sample."
        in caption
    )
    assert results.aggregate("happy", by="n").attrs["different_values_of"] == ["x"]


def test_values_taken_together_are_said_to_differ(make):
    results = make({"a": [1, 2, 3], "b": [10, 20, 30]}, design=ml.Zip())
    caption = find_chart("effect").table(results, "happy", parameter="a").attrs["chart"]["subtitle"][0]
    assert "Levels differ in b too: a difference may be theirs." in caption


def test_balanced_points_need_no_warning(make):
    full = list(itertools.product([1, 2], [1, 2], [1, 2]))
    half = [row for row in full if sum(row) % 2 == 0]  # a fraction, balanced in each parameter
    for rows in (full, half):
        results = make(pd.DataFrame(rows, columns=["a", "b", "c"]))
        assert results.aggregate("happy", by="a").attrs["different_values_of"] == []
        caption = find_chart("effect").table(results, "happy", parameter="a").attrs["chart"]["subtitle"][0]
        assert "differ" not in caption


def test_a_few_points_alike_do_not_stand_for_a_whole_sample(make):
    rng = np.random.default_rng(2)
    rows = [{"torus": torus, "x": x} for torus in (True, False) for x in rng.random(20)]
    rows += [{"torus": True, "x": 0.5}, {"torus": False, "x": 0.5}]
    table = find_chart("effect").table(make(pd.DataFrame(rows)), "happy", parameter="torus")
    assert table["n_points"].tolist() == [21, 21]


def test_parameters_may_have_the_names_of_what_tables_say_themselves(make):
    names = ["point", "replication", "mean", "low", "n"]
    points = pd.DataFrame(list(itertools.product([1, 2], [1, 2], [1, 2, 3], [1, 2], [1, 2])), columns=names)
    results = make(points, replications=3, outcomes={"happy": lambda p, g: p["mean"] + g.random(len(p))})
    assert len(results.aggregate("happy", by="point")) == 48  # the design points, as always
    of_parameter = results.aggregate("happy", by="point (parameter)")
    assert of_parameter["point (parameter)"].tolist() == [1, 2]
    assert of_parameter["n"].tolist() == [72, 72]
    assert len(results.aggregate("happy", by="replication")) == 3
    for kind in CHARTS:
        kind.draw(kind.table(results, "happy")).to_dict()
    for name in names:
        table = find_chart("effect").table(results, "happy", parameter=name)
        assert table["n"].sum() == 144
    cells = find_chart("heatmap").table(results, "happy", x="point", y="replication")
    assert cells["n"].tolist() == [36] * 4
    answer = results.surface("happy")
    assert list(answer.tables["settings"])[:6] == [
        "setting",
        "point",
        "replication",
        "mean (parameter)",
        "low (parameter)",
        "n",
    ]
    assert "mean = 3" in answer.sentence
