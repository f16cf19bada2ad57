"""Searches in the app: what is typed becomes a search, it is started, and what it knows is shown while it runs."""

from __future__ import annotations

import pytest

import mesa_lab as ml
from mesa_lab.app.design_changed import changes
from mesa_lab.app.search.form import SearchForm
from mesa_lab.app.search.search_progress import SearchProgress, look_at_search
from mesa_lab.app.search.typed_search import Wish, problem_with, search_of_wish
from mesa_lab.errors import ExperimentError, StudyError
from mesa_lab.processing.analysis.shelf import fitting
from mesa_lab.search import carry_out
from mesa_lab.study import Study
from mesa_lab.workspace.shared_results import open_results
from mesa_lab.workspace.workspace import Workspace
from tests.search.bowls import bowl

WISHES = {
    "best": Wish("best", "loss", goal="min", subject_to="other < 3\n", budget="60"),
    "fit": Wish("fit", "loss", observed="0.4", tolerance="0.1"),
    "series": Wish("fit", targets={"loss": [[1, 0.4]], "other": 2.0}, file="data.csv"),
    "variety": Wish("variety", "loss, other"),
    "boundary": Wish("boundary", "loss", where="0.8"),
    "precise": Wish("precise", "loss", relative="10"),
}


@pytest.fixture
def space(tmp_path):
    return Workspace(tmp_path)


@pytest.mark.parametrize("name", WISHES)
def test_what_was_typed_becomes_a_search(name):
    search = search_of_wish(WISHES[name], bowl(design=ml.LatinHypercube(5), outcomes=["loss", "other"]))
    assert search.budget == {"best": 60, "precise": None}.get(name, 240)
    assert search.method.chooses_points == (name != "precise")
    assert problem_with(WISHES[name], search.experiment) == ""


def test_what_cannot_be_searched_is_said():
    experiment = bowl(outcomes=["loss"])
    for wish, said in (
        (Wish("best"), "Choose the outcome"),
        (Wish("best", "lose"), "Did you mean 'loss'"),
        (Wish("boundary", "loss", where="half"), "Type a number"),
        (Wish("fit", "loss"), "Type what was observed"),
        (Wish("best", "loss", budget="much"), "budget is 'much'"),
        (Wish("best", "loss", subject_to="import os"), "import"),
    ):
        assert said in problem_with(wish, experiment)
    with pytest.raises(ExperimentError, match="Choose a question"):
        search_of_wish(Wish("", "loss"), experiment)


def test_a_search_is_made_in_the_workspace(space):
    ref = space.make_search("mine", search_of_wish(WISHES["best"], bowl(outcomes=["loss", "other"])))
    with Study.open(ref.path) as study:
        assert study.search.search["method"] == "optimise"
    huge = search_of_wish(Wish("best", "loss", budget="99999999"), bowl(outcomes=["loss"]))
    with pytest.raises(StudyError, match="at most"):
        space.make_search("huge", huge)


def test_the_form_starts_a_search(space, show, monkeypatch):
    started = []
    monkeypatch.setattr(Workspace, "start", lambda self, ref, processes=-1, **more: started.append(ref.key))
    view = show(SearchForm(space, bowl(outcomes=["loss"]), ("loss",), started.append))
    view.press("Which parameters fit my data?")
    view.until("Type what was observed at the end of a run")
    view.press("What is the best setting?")
    view.until("contenders more")
    view.press("Start the search")
    view.until(lambda: len(started) == 2)
    assert len(set(started)) == 1
    with Study.open(space.find(started[0]).path) as study:
        assert study.search.search["goal"] == "max"


def test_what_is_known_is_read_from_the_study(tmp_path, show):
    path = tmp_path / "a.study"
    search = ml.Search(bowl(), ml.Optimise("loss", engine="random"), budget=60)
    study = carry_out.study_for(search, path)
    seen = look_at_search(path)
    assert seen.sentence.startswith("Nothing can be said yet")
    assert seen.left == "60 runs of 60 not asked for yet"
    carry_out.drive_search(study, search, backend="sequential", progress=False)
    seen = look_at_search(path, dark=True)
    assert "fresh runs" in seen.sentence
    assert len(seen.charts) == 2
    assert seen.over == "The budget of 60 runs is used up."
    view = show(SearchProgress(path, 60, running=False))
    view.until("fresh runs")
    view.until("The budget of 60 runs is used up.")
    opened = open_results(path)
    assert fitting(opened.results, "loss")[0][0].name == "found"
    assert opened.results.found().sentence == seen.sentence
    assert changes(study.experiment, bowl(design=ml.Sobol(8), replications=4), searched=True) == []
    assert changes(study.experiment, bowl(max_steps=9), searched=True) == ["steps"]
    fixed = ml.run(
        bowl(design=ml.LatinHypercube(2)), tmp_path / "b.study", backend="sequential", progress=False
    )
    assert look_at_search(fixed.study.path) is None
