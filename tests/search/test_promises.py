"""What the stopping rules promise, on data whose truth is known: quick forms of what `benchmarks/` measures at length."""

from __future__ import annotations

import numpy as np
import pytest

import mesa_lab as ml
from benchmarks import calibration
from benchmarks.calibration import ridge_named
from mesa_lab.processing.analysis.best.elimination import kim_nelson
from mesa_lab.search.methods.compare import OPEN, verdict
from mesa_lab.search.methods.select import ocba
from mesa_lab.search.methods.until_precise import half_widths, precise_from
from mesa_lab.testing import play_search


def normal(values, rng):
    return 10 + values["mean"] + values.get("spread", 1.0) * rng.normal()


def search_of(method, budget=None, **parameters):
    experiment = ml.Experiment("none:None", parameters, common_random_numbers=False)
    return ml.Search(experiment, method, budget=budget)


def test_points_get_the_runs_that_they_need_and_no_more():
    method = ml.UntilPrecise("y", half_width=0.5)
    played = play_search(search_of(method, mean=0.0, spread=[0.2, 1.0, 3.0]), normal)
    runs = played.ended.sum(axis=1)
    assert played.over == "All 3 points are precise enough."
    assert runs[0] == 15  # ten, and five in which it stays precise
    assert 15 < runs[1] < 60 < runs[2] < 260
    for row in played.values["y"]:
        assert half_widths(row[np.isfinite(row)])[1][-1] <= 0.5


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(3)
    method = ml.UntilPrecise("y", relative=0.05)
    held = precise = 0
    for _ in range(400):
        values = rng.normal(10, 2, 400)
        n = precise_from(values, method)
        assert n is not None
        n += 5 if n <= 100 else 5 * n // 100
        means, widths = half_widths(values[:n])
        held += abs(means[-1] - 10) <= widths[-1]
        precise += widths[-1] <= 0.05 * abs(means[-1])
    assert precise == 400
    assert 0.93 <= held / 400 <= 0.97


def test_the_rule_is_that_of_hoad_robinson_and_davies():
    from sim_tools.output_analysis import confidence_interval_method

    values = np.random.default_rng(1).normal(100, 20, 300)
    theirs = confidence_interval_method(
        list(values), alpha=0.05, desired_precision=0.05, min_rep=5, decimal_places=12
    )
    table = theirs[1] if isinstance(theirs, tuple) else theirs
    _, widths = half_widths(values)
    upper, mean = (table[name].to_numpy(float) for name in ("Upper Interval", "Cumulative Mean"))
    known = np.flatnonzero(np.isfinite(upper) & (np.arange(len(upper)) >= 2))
    np.testing.assert_allclose((upper - mean)[known][:100], widths[known - 1][:100], rtol=1e-6)


def test_what_cannot_be_precise_is_given_up_and_said():
    method = ml.UntilPrecise("y", relative=0.01, at_most=30)
    played = play_search(search_of(method, mean=[-10.0, 90.0]), normal)
    assert played.over.startswith("1 of 2 points is precise enough; 1 is not after 30 runs")


@pytest.mark.parametrize("paired", [True, False])
def test_false_alarms_are_rarer_than_promised_however_often_one_looks(paired):
    rng = np.random.default_rng(4)
    alarms = 0
    for _ in range(300):
        one, base = rng.normal(size=(2, 200))
        looks = (10, 16, 25, 38, 58, 88, 133, 200)
        alarms += any(verdict(one[:n], base[:n], 0.05, None, paired=paired) != OPEN for n in looks)
    assert alarms / 300 <= 0.05


def test_compare_settles_what_differs_and_what_does_not():
    method = ml.Compare("y", margin=0.5, at_most=400)
    played = play_search(search_of(method, mean=[0.0, 0.001, 3.0, -3.0]), normal)
    assert played.over == "All 3 comparisons are settled."
    found = method.verdicts(played.history)[2]
    assert [found[place] for place in (2, 3)] == ["higher", "lower"]
    runs = played.ended.sum(axis=1)
    assert runs[2] < runs[1]


def test_compare_says_which_base_there_is_not():
    with pytest.raises(ml.ParameterError, match="base is 7"):
        search_of(ml.Compare("y", base=7), mean=[0.0, 1.0])
    played = play_search(search_of(ml.Compare("y", base={"mean": 5.0}), mean=[0.0, 1.0]), normal)
    assert played.over == "No point of the design has {'mean': 5.0}, which is to be the base."


@pytest.mark.parametrize("shared", [0.0, 2.0])
def test_the_best_is_selected_as_often_as_promised(shared):
    rng = np.random.default_rng(5)
    right = 0
    for _ in range(100):
        values = rng.normal([[0.0]] * 4 + [[0.5]], 1.0, (5, 2000)) + shared * rng.normal(size=2000)
        right += kim_nelson(values, 0.5)[0] == [4]
    assert right / 100 >= 0.95


def test_common_random_numbers_save_runs():
    rng = np.random.default_rng(6)
    luck = rng.normal(size=1000)
    own = rng.normal([[0.0], [0.0], [1.0]], 0.3, (3, 1000))
    assert kim_nelson(own + 3 * luck, 0.5)[1] < kim_nelson(own + rng.normal(0, 3, (3, 1000)), 0.5)[1]


def test_select_ends_with_one_point():
    played = play_search(
        search_of(ml.Select("y", goal="max", indifference=0.5), mean=[0.0, 1.0, 3.0, 2.9]), normal
    )
    assert played.over.startswith("One of 4 points is left: point 2.") or "point 3." in played.over
    runs = played.ended.sum(axis=1)
    assert runs[0] < runs[2]


def test_ocba_spends_where_it_tells_most():
    search = search_of(ml.Select("y", goal="max"), 200, mean=[0.0, 2.9, 3.0, -5.0])
    runs = play_search(search, normal).ended.sum(axis=1)
    assert runs.sum() == 200
    assert runs[1] > 3 * runs[0]
    assert runs[2] > 3 * runs[3]
    assert ocba(np.zeros(3), np.zeros(3), np.array([5, 5, 5]), 9).sum() == 9


def test_diversity_finds_more_patterns_than_points_that_fill_the_space():
    """A spike: most of the space gives one pattern."""

    def spike(values, rng):
        near = np.exp(-60 * ((values["x"] - 0.7) ** 2 + (values["y"] - 0.2) ** 2))
        return {"a": near, "b": near * values["x"] * 3 + near**2 * values["y"]}

    more = 0
    for seed in range(5):
        space = {"x": ml.Real(0, 1), "y": ml.Real(0, 1)}
        method = ml.Diversity(["a", "b"], cells={"a": 0.05, "b": 0.05})
        experiment = ml.Experiment("none:None", space, seed=seed)
        played = play_search(ml.Search(experiment, method, budget=200), spike)
        found = len({cell for cell in method.cells_of(method.medians(played.history)) if cell})
        points = experiment.replace(design=ml.Sobol(256)).design_matrix().iloc[:200].to_dict("records")
        outcomes = np.array([list(spike(point, None).values()) for point in points])
        more += found > len(set(map(tuple, np.floor(outcomes / 0.05).astype(int))))
    assert more == 5


def test_a_selection_that_would_take_very_many_runs_ends_and_says_so():
    experiment = ml.Experiment("none:None", {"x": ml.Real(0, 1)}, design=ml.LatinHypercube(3))
    method = ml.Select("loss", indifference=0.0001, at_most=40)
    played = play_search(ml.Search(experiment, method), lambda values, rng: rng.normal())
    assert played.ended.sum(axis=1).max() == 40
    assert "after 40 runs of each, and nothing is promised" in played.over
    assert "Give a larger indifference or at_most." in played.over


def test_of_points_that_are_all_alike_none_is_selected():
    played = play_search(
        search_of(ml.Select("y", indifference=0.5), mean=1.0, spread=0.0, kind=["a", "b"]), normal
    )
    assert played.over == "'y' is 11 in all 20 runs of 2 settings: there is nothing to choose from."
    assert played.n_runs <= 50


@pytest.mark.parametrize(("model", "named"), [("only_product", True), ("apart", False)])
def test_a_ridge_is_named_where_there_is_one(model, named):
    assert [ridge_named(getattr(calibration, model), seed, 90) for seed in (1, 2)] == [named, named]


def test_points_that_exist_tell_as_much_of_what_fits_as_the_exact_posterior():
    held = [calibration.study_of_points(seed) for seed in range(10)]
    assert sum(sum(each.truth) for each in held) >= 15  # of 20: 90 % are 18
    assert 0.8 <= np.mean([each.mass for each in held]) <= 0.95
