"""What a search found, and whether it would find more: confirmed values, fronts, patterns, points that are settled."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import mesa_lab as ml
from mesa_lab.errors import ConclusionError
from mesa_lab.processing.analysis.observations import Observations
from mesa_lab.processing.analysis.searched.standing import Standing
from mesa_lab.processing.analysis.shelf import fitting
from mesa_lab.processing.tables.search_record import SearchRecord
from mesa_lab.search import carry_out
from mesa_lab.testing import check_conclusion, play_search
from tests.search.bowls import bowl

FIXED = ml.LatinHypercube(4)
CASES = {
    "best": (ml.Optimise("loss", engine="random"), 100, {"question": "best"}),
    "conditions": (ml.Optimise("loss", engine="random", subject_to=["other < 1"]), 60, {}),
    "impossible": (ml.Optimise("loss", engine="random", subject_to=["other < -99"]), 40, {}),
    "front": (ml.Optimise({"loss": "min", "other": "max"}, engine="random"), 90, {}),
    "patterns": (ml.Diversity(["loss", "other"], cells=6), 60, {}),
    "widths": (ml.Diversity(["loss"], cells={"loss": 0.5}), 40, {}),
    "precise": (ml.UntilPrecise("loss", half_width=0.3, at_most=40), None, {"design": FIXED}),
    "compare": (ml.Compare("loss", margin=0.5, at_most=30), None, {"design": FIXED}),
    "select": (ml.Select("loss", indifference=0.3), 300, {"design": FIXED}),
    "ocba": (ml.Select("loss", goal="max"), 60, {"design": FIXED}),
    "refine": (ml.Refine("loss"), 90, {}),
    "boundary": (ml.Refine("loss", where=0.8), 120, {}),
    "tiny": (ml.Optimise("loss", engine="random"), 1, {}),
}


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """Carries out the searches, each once."""
    folder, kept = tmp_path_factory.mktemp("searched"), {}

    def results(name):
        if name not in kept:
            method, budget, settings = CASES[name]
            experiment = bowl(outcomes=["other", "loss"], **settings)
            search = ml.Search(experiment, method, budget=budget)
            kept[name] = carry_out.search(
                search, folder / f"{name}.study", backend="sequential", progress=False
            )
        return kept[name]

    return results


@pytest.mark.parametrize("name", CASES)
def test_every_search_has_an_answer_that_comes_first(searched, name):
    results = searched(name)
    answer = results.found()
    check_conclusion(answer, results)
    assert answer.question == "What did the search find?"
    assert fitting(results, answer.outcome)[0][0].name == "found"


def test_a_search_is_never_told_to_grow_at_all_points_nor_a_design_to_repeat_as_the_winner(searched):
    results = searched("best")
    assert results.experiment.replications > 10
    for answer in results.conclusions("loss"):
        assert not (answer.next is not None and answer.next_grows), answer.name
        if answer.name in ("sensitivity", "surface", "discover") and answer.next is not None:
            assert answer.next.replications <= 20, answer.name


def test_of_a_search_nobody_is_told_to_search(searched):
    for answer in (searched("best").found("loss"), searched("best").best("loss")):
        assert any("would find more (convergence)" in text for text in answer.unknown)
        assert not any("or search" in text for text in answer.unknown)


def test_the_best_is_worth_what_its_fresh_runs_say(searched):
    results = searched("best")
    answer = results.found("loss")
    confirm = [batch for batch in results.study.batches if batch.runs][-1]
    ((point, first, stop),) = confirm.runs
    runs = results.runs[results.runs["point"] == point]
    fresh = runs[(runs["replication"] >= first) & (runs["replication"] < stop)]["loss"]
    before = runs[runs["replication"] < first]["loss"]
    assert answer.values["point"] == point
    assert answer.values["confirmed"] == pytest.approx(fresh.mean())
    assert answer.values["n_fresh"] == len(fresh)
    assert answer.values["flattered"] == pytest.approx(fresh.mean() - before.mean())
    assert answer.values["low"] < fresh.mean() < answer.values["high"]
    assert f"{len(fresh)} fresh runs" in answer.sentence
    assert answer.table["role"].iloc[0] == "confirmed"
    assert set(answer.table["role"]) == {"confirmed", "last few", "tried"}
    assert answer.next.n_runs == answer.next_runs


def test_it_is_about_the_outcome_that_was_searched_for(searched):
    results = searched("best")
    assert results.outcomes[0] == "other"
    assert results.found().outcome == "loss"
    with pytest.raises(ConclusionError, match="The search was about loss, not about 'other'"):
        results.found("other")


def test_conditions_are_said_to_hold_or_not(searched):
    assert "other < 1 holds in" in searched("conditions").found().sentence
    impossible = searched("impossible").found()
    assert any("No setting was found at which other < -99 holds" in said for said in impossible.warnings)


def test_a_front_says_how_sure_it_is(searched):
    answer = searched("front").found()
    front = answer.table[answer.table["on_front"]]
    assert len(front) == answer.values["n_front"]
    assert front["sure"].between(0, 1).all()
    for row in front.itertuples():
        better = (front["loss"] <= row.loss) & (front["other"] >= row.other)
        assert better.sum() == 1
    assert searched("front").found("other").table.equals(answer.table)


def test_a_front_comes_to_rest_or_not(searched):
    course = searched("front").convergence()
    check_conclusion(course, searched("front"))
    assert course.table["reached"].is_monotonic_increasing
    assert 0 < course.values["share_at_half"] <= 1
    assert course.values["n_fixed"] > course.values["n_runs"] == 90
    with pytest.raises(ConclusionError, match="made a surface surer"):
        searched("refine").convergence()


def test_patterns_are_counted_with_a_setting_for_each(searched):
    results = searched("patterns")
    answer = results.found()
    assert answer.table["n_points"].is_monotonic_increasing
    assert answer.table["n_points"].sum() == answer.values["n_points"] == 60
    row = answer.table.iloc[0]
    run = results.runs[results.runs["point"] == row["point"]].iloc[0]
    for name in ("loss", "other"):
        assert row[f"{name} from"] - 1e-9 <= run[name] <= row[f"{name} to"] + 1e-9
    course = results.convergence()
    check_conclusion(course, results)
    assert course.values["n_patterns"] == len(answer.table)
    assert course.values["n_new"] == answer.values["n_new"]


def test_what_a_fixed_design_would_have_taken(searched):
    precise = searched("precise").found()
    assert precise.values["n_fixed"] == precise.table["n"].max() * len(precise.table)
    assert precise.values["n_precise"] == 4
    course = searched("best").convergence()
    check_conclusion(course, searched("best"))
    assert course.values["n_fixed"] > course.values["n_runs"] == 100
    assert np.all(np.diff(course.table["best"]) <= 0)


def test_verdicts_and_the_choice_are_named(searched):
    compare = searched("compare").found()
    assert compare.values["n_settled"] + compare.values["n_open"] == 3
    assert searched("select").found().values["guaranteed"]
    assert "nothing is promised" in searched("ocba").found().sentence


def test_a_boundary_divides_the_space(searched):
    answer = searched("boundary").found()
    shares = [answer.values[name] for name in ("above", "below", "open")]
    assert sum(shares) == pytest.approx(1)
    assert "loss is above 0.8 in" in answer.sentence
    assert (answer.table["low"] <= answer.table["mean"]).all()
    assert abs(answer.table["mean"].iloc[0] - 0.8) < 0.2
    everywhere = searched("refine").found()
    assert everywhere.values["usual_error"] < everywhere.values["largest_error"]
    assert everywhere.next_sentence.startswith("Go on")
    assert "on Design in the app" in everywhere.next_sentence


def test_small_or_odd_searches_are_answered_or_refused_in_words(searched):
    tiny = searched("tiny")
    assert any("not confirmed" in said for said in tiny.found().warnings)
    with pytest.raises(ConclusionError, match="has tried 1 setting: after 6"):
        tiny.convergence()
    for trouble, said in (
        ("constant", "no setting is better"),
        ("all", "failed"),
        ("nan", "No run that came to its end has a finite value of 'loss'"),
    ):
        search = ml.Search(
            bowl(parameters={"trouble": trouble}), ml.Optimise("loss", engine="random"), budget=12
        )
        results = carry_out.search(search, backend="sequential", progress=False)
        with pytest.raises((ConclusionError, ml.OutcomeError), match=said):
            results.found()


def test_results_of_a_fixed_design_have_no_search():
    results = ml.run(bowl(design=FIXED, replications=2), backend="sequential", progress=False)
    with pytest.raises(ConclusionError, match="of a fixed design, not of a search"):
        results.found()
    assert results.searched is None


def test_the_best_tried_is_by_the_goal_of_the_search(searched):
    results = searched("best")
    assert results.best("loss").sentence == results.best("loss", goal="min").sentence
    assert results.best("loss").sentence != results.best("loss", goal="max").sentence


def test_answers_about_parameters_say_where_the_search_looked(searched):
    sensitivity = searched("best").sensitivity("loss")
    assert sensitivity.warnings[0].startswith("The points come from a search")
    assert not any("come from a search" in said for said in searched("precise").replications("loss").warnings)


def test_a_search_that_goes_on_is_so_far(searched, monkeypatch):
    results = searched("best")
    record = replace(results.searched, over=None)
    monkeypatch.setattr(type(results), "searched", record)
    answer = results.found()
    assert answer.sentence.startswith("So far, of")
    assert answer.warnings[0].startswith("The search has not ended")


@pytest.mark.parametrize("goal", ["min", "max"])
def test_the_best_so_far_has_an_interval_that_allows_for_its_being_picked(searched, monkeypatch, goal):
    results = searched("best")
    record = results.searched
    settings = {**record.settings, "goal": goal}
    early = [batch for batch in record.batches if batch.notes.get("phase") != "confirm"]
    monkeypatch.setattr(
        type(results), "searched", replace(record, settings=settings, batches=early, over=None)
    )
    standing = Standing(results, results.searched, "loss")
    low, high = standing.before_it_is_confirmed()
    before = standing.before.iloc[standing.winner]
    flattering, other = before["mean"] - low, high - before["mean"]
    if goal == "min":  # the truth may well be higher
        flattering, other = other, flattering
    assert flattering > 1.3 * other > 0
    assert other == pytest.approx((before["ci_high"] - before["ci_low"]) / 2)
    assert "that made it win, which flatter it: " in results.found().sentence


def test_the_interval_of_the_best_so_far_holds_the_truth():
    """Quick form of the promise: searches that are looked at after some batches; the goal is noisy and picks by luck."""
    held = looked = 0
    for seed in range(25):
        space = {"x": ml.Real(-1, 1), "y": ml.Real(-1, 1)}
        experiment = ml.Experiment("none:None", space, seed=seed, common_random_numbers=False)
        search = ml.Search(experiment, ml.Optimise("loss", engine="random"), budget=400)
        played = play_search(
            search, lambda v, rng: v["x"] ** 2 + v["y"] ** 2 + 0.5 * rng.normal(), most_batches=8
        )
        observed = Observations("loss", (), played.values["loss"])
        record = SearchRecord(
            {"method": "optimise", "outcome": "loss", "goal": "min"}, played.batches, 400, None
        )
        standing = Standing(
            SimpleNamespace(points=pd.DataFrame(index=range(len(played.points)))), record, "loss"
        )
        standing.__dict__.update(observed=observed, keeps=np.ones(observed.n_points, bool))
        low, high = standing.before_it_is_confirmed()
        if np.isfinite(low):
            truth = played.points[standing.winner]
            looked += 1
            held += low <= truth["x"] ** 2 + truth["y"] ** 2 <= high
    assert looked >= 12
    assert held / looked >= 0.95


def test_a_front_of_one_setting_says_what_it_is_worth():
    search = ml.Search(
        bowl(outcomes=["loss", "other"], parameters={"x": 0.3, "noise": 0.0, "kind": "b"}),
        ml.Optimise({"loss": "min", "other": "max"}, engine="random"),
        budget=40,
    )
    answer = carry_out.search(search, backend="sequential", progress=False).found()
    assert answer.values["n_front"] == 1
    assert " to " not in answer.sentence
    assert answer.sentence.endswith("is better in any of them.")
