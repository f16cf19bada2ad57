"""Calibration: targets are checked, the truth is covered, a ridge is called one, and what does not fit is said."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats.qmc import Sobol

import mesa_lab as ml
from mesa_lab.errors import ConclusionError, ExperimentError, OutcomeError
from mesa_lab.preparation.parameters.space import ParameterSpace
from mesa_lab.processing.analysis.calibration.posterior import fit_posterior
from mesa_lab.processing.analysis.calibration.targets import (
    components_of,
    plain_targets,
    read_targets,
)
from mesa_lab.processing.analysis.shelf import find_question, fitting
from mesa_lab.search import carry_out
from mesa_lab.testing import check_conclusion, synthetic_results

SPACE = {"a": ml.Real(0, 1), "b": ml.Real(1, 3)}


def results_of(formula, design=None, replications=2, space=None):
    experiment = ml.Experiment(
        "none:None", space or SPACE, design=design or ml.Sobol(64), replications=replications, seed=3
    )
    return synthetic_results(experiment, formula)


@pytest.fixture(scope="module")
def ridge():
    """A study whose outcome depends on the product of two parameters."""
    return results_of({"y": lambda runs, rng: runs["a"] * runs["b"] + rng.normal(0, 0.05, len(runs))})


def test_a_ridge_is_called_a_ridge(ridge):
    answer = ridge.calibrate({"y": 0.9})
    check_conclusion(answer, ridge)
    assert "a and b lie on a ridge: more of one makes up for less of the other" in answer.sentence
    assert answer.table["ridge_with"].tolist() == ["b", "a"]
    assert any("Where on the ridge" in said for said in answer.unknown)
    product = answer.tables["settings"]["a"] * answer.tables["settings"]["b"]
    assert abs(product.median() - 0.9) < 0.1


def test_data_of_another_kind_end_the_ridge():
    results = results_of(
        {
            "y": lambda runs, rng: runs["a"] * runs["b"] + rng.normal(0, 0.05, len(runs)),
            "z": lambda runs, rng: runs["a"] + rng.normal(0, 0.02, len(runs)),
        }
    )
    answer = results.calibrate({"y": 0.9, "z": 0.5})
    assert answer.values["n_ridges"] == 0
    rows = answer.table.set_index("parameter")
    assert rows.loc["a", "low"] < 0.5 < rows.loc["a", "high"]
    assert rows.loc["b", "low"] < 1.8 < rows.loc["b", "high"]
    assert rows["told"].tolist() == [True, False] or rows["told"].all()


def test_the_truth_is_covered():
    space = ParameterSpace(SPACE)
    unit = Sobol(2, rng=np.random.default_rng(0)).random(32)
    point = np.repeat(np.arange(32), 3)
    covered = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        truth = 0.15 + 0.7 * rng.random(2)

        def model(at, rng=rng):
            clean = np.column_stack([np.sin(2 * at[:, 0]) + at[:, 1], at[:, 0] * at[:, 1]])
            return clean + 0.1 * rng.standard_normal(clean.shape)

        data = model(truth[None])[0]
        components = components_of(plain_targets({"u": data[0], "v": data[1]}))
        found = fit_posterior(space, unit, model(unit[point]), point, components, seed=seed)
        covered += bool(found.holds(truth[None])[0])
    assert covered >= 15


def test_what_does_not_fit_is_said(ridge):
    answer = ridge.calibrate({"y": 50})
    check_conclusion(answer, ridge)
    assert "no setting in the ranges fits the data" in answer.sentence
    assert not answer.values["fits"]
    assert answer.next is None
    assert ridge.calibrate({"y": {"value": 50, "tolerance": 30}}).values["fits"]


def test_data_without_chance_are_told_more_closely(ridge):
    once = ridge.calibrate({"y": 0.3}).values["share_left"]
    many = ridge.calibrate({"y": 0.3}, observed_runs=None).values["share_left"]
    assert many < once


def test_the_nearest_runs_are_listed(ridge):
    accepted = ridge.calibrate({"y": 0.9}).tables["accepted"]
    assert accepted["distance"].is_monotonic_increasing
    assert len(accepted) == 10
    assert np.abs(accepted["a"] * accepted["b"] - 0.9).max() < 0.5


def test_choices_are_told_by_their_values():
    results = results_of(
        {"y": lambda runs, rng: (runs["kind"] == "x") * 3 + runs["a"] + rng.normal(0, 0.05, len(runs))},
        space={"a": ml.Real(0, 1), "kind": ml.Choice(["x", "y", "z"])},
    )
    answer = results.calibrate({"y": 3.5})
    check_conclusion(answer, results)
    assert answer.table.set_index("parameter").loc["kind", "values"] == "x"


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A search for what fits a series."""
    folder = tmp_path_factory.mktemp("searched")
    experiment = ml.Experiment(
        "mesa.examples:VirusOnNetwork",
        {"virus_spread_chance": ml.Real(0.1, 0.9), "num_nodes": 20, "recovery_chance": 0.3},
        max_steps=8,
        outcomes=["Infected"],
        seed=2,
    )
    (folder / "data.csv").write_text("step,Infected\n2,9\n5,14\n8,12\n")
    search = ml.Search(experiment, ml.Calibrate(folder / "data.csv"), budget=48)
    assert search.method.targets == {"Infected": {"series": [[2, 9.0], [5, 14.0], [8, 12.0]]}}
    search.save(folder / "search.toml")
    assert ml.Search.load(folder / "search.toml").method == search.method
    return carry_out.search(search, folder / "a.study", backend="sequential", progress=False)


def test_a_search_for_what_fits_a_series(searched):
    results = searched
    assert any("is not ruled out" in batch.why for batch in results.study.batches)
    answer = results.found()
    check_conclusion(answer, results)
    assert answer.question == "What did the search find?"
    assert answer.tables["fit"]["step"].tolist() == [2, 5, 8]
    run = results.series("Infected")
    one = run[run["run_id"] == 0].set_index("step")["Infected"]
    history = carry_out.search_of(results.study).method.readings
    from mesa_lab.processing.analysis.calibration.readings import values_after

    read = values_after(results.study, history, [0])[0]
    assert read["Infected @ 5"] == one.loc[5]
    assert results.calibrate().table.equals(answer.table)


def test_it_is_a_question_like_any_other(searched, ridge):
    fit, reasons = fitting(searched)
    assert fit[0].name == "found"
    assert reasons["calibrate"] == 'The answer to "What did the search find?" says it.'
    asked = find_question("calibrate").ask(searched)
    assert (asked.name, asked.question) == ("calibrate", "Which parameters fit the data?")
    assert asked.table.equals(searched.found().table)
    assert "Say what was observed" in fitting(ridge)[1]["calibrate"]
    again = find_question("calibrate").ask(ridge, "y", targets=0.9)
    check_conclusion(again, ridge)
    assert again.sentence == ridge.calibrate({"y": 0.9}).sentence
    surely = find_question("calibrate").ask(ridge, targets={"y": 0.3}, observed_runs=0)
    assert surely.sentence == ridge.calibrate({"y": 0.3}, observed_runs=None).sentence
    (claim,) = ridge.check_claims({"a ridge": "calibrate('y', targets=0.9).n_ridges >= 1"})
    assert claim.verdict == "holds"


def test_the_second_half_of_the_runs_is_told_from_the_first(searched):
    course = searched.convergence()
    check_conclusion(course, searched)
    assert course.table["runs"].tolist() == [12, 24, 36, 48]
    assert course.table["not_ruled_out"].iloc[-1] == searched.found().values["share_left"]
    assert "From half of the runs to all 48" in course.sentence
    assert course.values["n_near"] <= course.values["n_points"]


def test_a_claim_reads_no_file(ridge, tmp_path):
    (tmp_path / "data.csv").write_text("y\n0.9\n")
    assert ridge.calibrate(str(tmp_path / "data.csv")).values["fits"]
    with pytest.raises(ExperimentError, match="Give a number"):
        ridge.check_claims({"c": f"calibrate('y', targets='{tmp_path / 'data.csv'}').n_ridges >= 1"})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("y\n0.9\n", {"y": 0.9}),
        ("step,y\n1,0.5\n2,\n3,0.7\n", {"y": [[1, 0.5], [3, 0.7]]}),
        ("\ufeffStep;y\n1;0,5\n2;0,7\n", {"y": [[1, 0.5], [2, 0.7]]}),
        ("step\ty\tz\n1\t2\t3\n", {"y": [[1, 2.0]], "z": [[1, 3.0]]}),
    ],
)
def test_files_of_observed_values_are_read(tmp_path, text, found):
    (tmp_path / "data.csv").write_text(text, encoding="utf-8")
    assert read_targets(tmp_path / "data.csv") == found


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (3, "The targets are 3"),
        ({}, "Give observed values by outcome"),
        ({"y": "many"}, "The value of the target 'y' is 'many'"),
        ({"y": float("nan")}, "Give a number"),
        ({"y": [1, 2]}, r"pairs \[step, value\]"),
        ({"y": [[0, 1], [0, 2]]}, "has a step twice: 0"),
        ({"y": [[-1, 2]]}, "whole numbers from 0"),
        ({"y": {"vlaue": 3}}, "has no 'vlaue'"),
        ({"y": {"value": 3, "series": [[1, 2]]}}, "needs a value, or a series"),
        ({"y": {"value": 3, "weight": 0}}, "Give a number above 0"),
    ],
)
def test_targets_that_make_no_sense_are_refused(targets, said):
    with pytest.raises(ExperimentError, match=said):
        ml.Calibrate(targets)


def test_files_that_make_no_sense_are_refused(tmp_path):
    path = tmp_path / "data.csv"
    for text, said in (
        ("step,y\n0.5,1\n1.5,2\n", "has 0.5 in column 'step', line 2, which is no step"),
        ("step,y\nmonday,1\n", "has 'monday' in column 'step', line 2, which is no step"),
        ("step,y\n1,much\n2,0.4\n", "has 'much' in column 'y', line 2, which is no number"),
        ("step,y\n1,0.5,3,4\n2\n", "line 2 has 4 cells, and there are names for 2 columns"),
        (" \n", "it is empty"),
        ("step,y\n1,a\n", "no column with numbers"),
        ("y\n1\n2\n", "no column 'step'"),
    ):
        path.write_text(text)
        with pytest.raises(ExperimentError, match=said):
            read_targets(path)
    with pytest.raises(ExperimentError, match="cannot be read"):
        read_targets(tmp_path / "none.csv")
    path.write_text("y,z\n3,4\n")
    assert read_targets(path) == {"y": 3.0, "z": 4.0}
    with pytest.raises(ExperimentError, match="opening a search reads none"):
        ml.Calibrate.from_plain({"targets": str(path)})
    with pytest.raises(ExperimentError, match="Did you mean 'relative'"):
        ml.Calibrate({"y": 3}, distance="relativ")


def test_results_that_cannot_be_compared_are_refused_in_words(ridge):
    with pytest.raises(ConclusionError, match="Say what was observed"):
        ridge.calibrate()
    with pytest.raises(OutcomeError, match="Unknown outcome 'x'"):
        ridge.calibrate({"x": 3})
    few = results_of({"y": lambda runs, rng: runs["a"]}, design=ml.Sobol(4))
    with pytest.raises(ConclusionError, match="4 points gave all that is compared with the data; it takes 6"):
        few.calibrate({"y": 0.5})
    with pytest.raises(OutcomeError, match="level is 2"):
        ridge.calibrate({"y": 1}, level=2)
