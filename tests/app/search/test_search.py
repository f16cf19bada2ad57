"""Searches in the app: what is typed becomes a search, it is started, and what it knows is shown while it runs."""

from __future__ import annotations

import base64
from dataclasses import replace

import ipyvue
import pandas as pd
import pytest
import solara

import mesa_lab as ml
from mesa_lab.app.design_changed import changes
from mesa_lab.app.search import form
from mesa_lab.app.search.continue_form import held_search, narrowed
from mesa_lab.app.search.data_file import STEP, data_over_run, read_data_file
from mesa_lab.app.search.form import SearchForm
from mesa_lab.app.search.search_progress import SearchProgress, look_at_search
from mesa_lab.app.search.typed_search import (
    QUESTIONS,
    Wish,
    engines_of,
    fields_beside,
    known_outcomes,
    problem_with,
    search_of_wish,
)
from mesa_lab.errors import ExperimentError, StudyError
from mesa_lab.preparation.models import describe, reference_of
from mesa_lab.processing.analysis.shelf import fitting
from mesa_lab.search import carry_out
from mesa_lab.search.loop import Loop
from mesa_lab.study import Study
from mesa_lab.workspace.shared_results import open_results
from mesa_lab.workspace.test_run import Trial
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


@pytest.fixture(autouse=True)
def nothing_typed():
    form._wishes.set({})
    form._files.set({})


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


def test_what_was_typed_outlasts_a_look_at_another_page_and_another_model(space, show):
    away = solara.reactive("")

    @solara.component
    def Pages():
        if away.value != "results":
            model = away.value or "a.py:A"
            SearchForm(space, bowl(outcomes=["loss"]), ("loss",), lambda key: None, model=model)

    view = show(Pages())
    view.press("What is the best setting?")
    view.field("Budget").v_model = "77"
    view.until(lambda: view.field("Budget").v_model == "77")
    away.set("results")
    view.until(lambda: "contenders more" not in view.text)
    away.set("")
    view.until("contenders more")
    assert view.field("Budget").v_model == "77"
    away.set("b.py:B")
    view.until(lambda: "contenders more" not in view.text)


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
    assert seen.tried is not None
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


def test_the_engine_and_further_settings_can_be_chosen():
    experiment = bowl(design=ml.LatinHypercube(5), outcomes=["loss", "other"])
    wish = Wish("best", "loss min, other max", more={"replications": "4", "racing": "False", "at_most": ""})
    method = search_of_wish(wish, experiment).method
    assert method.goals == {"loss": "min", "other": "max"}
    assert (method.replications, method.racing, method.engine) == (4, False, "tpe")
    assert search_of_wish(Wish("best", "loss min", engine="random"), experiment).method.goal == "min"
    nearest = Wish("fit", "loss", observed="0.4", engine="abc")
    assert search_of_wish(nearest, experiment).method.engine == "abc"
    assert problem_with(Wish("best", "loss", more={"replications": "0"}), experiment)
    select = Wish("select", "loss", goal="min", more={"indifference": "0.2"})
    assert not select.needs_budget
    assert search_of_wish(select, experiment).budget is None
    assert search_of_wish(Wish("select", "loss"), experiment).budget == 240
    assert search_of_wish(Wish("compare", "loss", more={"margin": "0.1"}), experiment).method.margin == 0.1
    assert [name for name, _, _ in engines_of("fit")] == ["surface", "abc"]
    for question in QUESTIONS:
        assert {field.name for field in fields_beside(question)}.isdisjoint({"outcome", "engine", "goal"})


def test_columns_of_a_file_are_recognised_or_said():
    text = b"day,Loss,people\n1,0.4,7\n2,0.3,8\n"
    file = read_data_file("d.csv", text, ["loss", "other"])
    assert file.uses == {"day": STEP, "Loss": "loss", "people": "left out"}
    assert file.targets() == {"loss": [[1, 0.4], [2, 0.3]]}
    assert replace(file, uses={**file.uses, "people": "other"}).targets()["other"] == [[1, 7.0], [2, 8.0]]
    for uses, said in (
        ({**file.uses, "people": "loss"}, "said to be the same"),
        ({**file.uses, "day": "left out"}, "say which column holds the steps"),
        ({**file.uses, "Loss": "left out"}, "Say which column"),
    ):
        with pytest.raises(ExperimentError, match=said):
            replace(file, uses=uses).targets()
    with pytest.raises(ExperimentError, match="is larger than"):
        read_data_file("d.csv", None, [])
    with pytest.raises(ExperimentError, match="13 columns"):
        read_data_file("d.csv", (",".join(f"c{i}" for i in range(13)) + "\n1\n").encode(), [])


def test_data_are_drawn_over_a_run():
    run = pd.DataFrame({"step": [0, 1, 2], "loss": [1.0, 0.5, 0.2]})
    (series, chart, table), (single, _, _) = data_over_run({"loss": [[1, 0.4]], "other": 3.0}, run)
    assert (series, single) == ("loss", "other")
    assert list(table["one run"]) == [1.0, 0.5, 0.2]
    assert [layer["mark"]["type"] for layer in chart.to_dict()["layer"]] == ["line", "point"]
    assert data_over_run({"loss": [[1, 0.4]]}, None)[0][1].to_dict()["mark"]["type"] == "point"


def test_a_file_is_chosen_in_the_form(space, show):
    trial = Trial("done", 3, series=pd.DataFrame({"step": [0, 1], "time": [0, 1], "loss": [1.0, 0.5]}))
    view = show(SearchForm(space, bowl(), (), lambda key: None, trial=trial))
    view.press("Which parameters fit my data?")
    (picker,) = view.widgets(ipyvue.VueTemplate)
    data = base64.b64encode(b"t;seen\n1;0,4\n2;0,3\n").decode()
    picker._handle_custom_msg({"event": "picked", "data": {"name": "d.csv", "data": data, "size": 20}}, [])
    view.until("Say which column of 'd.csv' is which outcome.")
    column = view.field("Column seen")
    column.v_model = next(item["value"] for item in column.items if item["title"] == "loss")
    view.until("loss: the data over one run")
    view.press("Take it away")
    view.until("Type what was observed")


def test_a_search_that_has_runs_keeps_its_method_and_goes_on_in_narrower_ranges(space, show, monkeypatch):
    experiment = bowl(outcomes=["loss", "other"])
    ref = space.make_search(
        "mine", search_of_wish(Wish("best", "loss", engine="random", budget="24"), experiment)
    )
    assert held_search(ref) is None
    with Study.open(ref.path) as study:
        carry_out.drive_search(study, backend="sequential", progress=False)
    held = held_search(ref)
    assert held.runs == 24
    name, old = next((name, each) for name, each in experiment.space.varied.items() if hasattr(each, "low"))
    smaller = {**experiment.space.parameters, name: ml.Real(old.low, (old.low + old.high) / 2)}
    search, said = narrowed(held, experiment.replace(parameters=smaller), "40")
    assert search.budget == 40
    assert said[0].startswith(f"{name}: ")
    locked = {**experiment.space.parameters, name: old.low}
    assert "held at" in narrowed(held, experiment.replace(parameters=locked), "40")[1][0]
    for other, budget, why in (
        (experiment, "12", "24 runs were asked for already"),
        (experiment.replace(max_steps=99), "40", "differs in: steps"),
        (experiment.replace(parameters={name: old}), "40", "other parameters"),
        (experiment, "much", "budget is 'much'"),
    ):
        with pytest.raises(ExperimentError, match=why):
            narrowed(held, other, budget)
    started = []
    monkeypatch.setattr(Workspace, "start", lambda self, ref, processes=-1, **more: started.append(ref.key))
    model = reference_of(experiment.model)
    view = show(
        SearchForm(
            space, experiment.replace(parameters=smaller), (), started.append, study=ref.key, model=model
        )
    )
    view.until("Its question and its method are locked")
    view.until(f"{name}: ")
    view.press("Go on with it")
    view.until(lambda: len(started) == 2)
    with Study.open(ref.path) as study:
        assert carry_out.search_of(study).experiment.space.parameters[name] == smaller[name]
    view.press("Fill in another search")
    view.until("Or search")


def test_a_parameter_may_be_locked_at_the_default_that_a_form_leaves_out(space, show):
    experiment = bowl(outcomes=["loss", "other"], parameters={"noise": 1.0})
    ref = space.make_search(
        "mine", search_of_wish(Wish("best", "loss", engine="random", budget="24"), experiment)
    )
    with Study.open(ref.path) as study:
        carry_out.drive_search(study, backend="sequential", progress=False)
    held = replace(held_search(ref), defaults={"kind": "a", "noise": 1.0, "n": 1})
    parameters = {
        name: each for name, each in experiment.space.parameters.items() if name not in ("kind", "noise")
    }
    search, said = narrowed(held, experiment.replace(parameters=parameters), "40")
    assert said == ["kind: a, b → held at a"]
    assert search.experiment.space.fixed == {"kind": "a", "noise": 1.0}
    with_default = experiment.replace(parameters={**experiment.space.parameters, "n": 1})
    assert narrowed(held, with_default, "40")[1] == []
    with pytest.raises(ExperimentError, match="other parameters"):
        narrowed(held, experiment.replace(parameters={**experiment.space.parameters, "n": 2}), "40")
    view = show(
        SearchForm(
            space,
            experiment.replace(parameters=parameters),
            (),
            lambda key: None,
            study=ref.key,
            model=reference_of(experiment.model),
        )
    )
    view.until("kind: a, b → held at a")


def test_what_is_tried_next_is_named_and_a_click_on_a_setting_opens_its_runs(tmp_path, show, monkeypatch):
    path = tmp_path / "a.study"
    search = ml.Search(bowl(), ml.Optimise("loss", engine="random"), budget=60)
    study = carry_out.study_for(search, path)
    seen = look_at_search(path)
    assert (seen.next, seen.parameters, seen.charts, seen.tried) == ((), (), (), None)
    with monkeypatch.context() as patched:
        patched.setattr(Loop, "hear", interrupted_after(1))
        carry_out.drive_search(study, search, backend="sequential", progress=False)
    seen = look_at_search(path)
    assert seen.parameters == ("x", "y", "kind")
    assert all(name in seen.next[0] for name in ("x ", "y ", "kind ", "run"))
    opened = []
    view = show(SearchProgress(path, 1, running=True, on_points=opened.append))
    view.until(seen.next[0])
    figures = [each for each in view.widgets(ipyvue.VueTemplate) if getattr(each, "clickable", False)]
    tried = next(each for each in figures if each.label.startswith("The settings tried"))
    tried.vue_event_point({"point": 3, "x": 0.1})
    assert opened == [[3]]
    tried.vue_event_point({"x": 0.1})  # a mark that stands for no point
    assert opened == [[3]]
    across = view.field("Across")
    across.v_model = next(item["value"] for item in across.items if item["title"] == "kind")
    view.until(
        lambda: (
            '"title":"kind"'
            in next(
                each.spec
                for each in view.widgets(ipyvue.VueTemplate)
                if getattr(each, "label", "").startswith("The settings tried")
            )
        )
    )
    still = show(SearchProgress(path, 1, running=True))
    still.until("Now and next")
    assert not any(getattr(each, "clickable", False) for each in still.widgets(ipyvue.VueTemplate))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"parameters": {"trouble": "all"}}, "Mend the model"),
        ({"parameters": {"trouble": "constant"}}, "no setting is better than another"),
        ({"parameters": {"trouble": "nan"}}, "is None or NaN"),
        ({"constraints": ["x > 2"]}, "keeps the constraints"),
    ],
)
def test_why_a_search_ended_without_an_answer_is_said_once(tmp_path, show, changes, said):
    path = tmp_path / "a.study"
    search = ml.Search(bowl(**changes), ml.Optimise("loss", engine="random"), budget=60)
    carry_out.search(search, path, backend="sequential", progress=False)
    seen = look_at_search(path)
    assert seen.sentence == seen.over
    view = show(SearchProgress(path, 60, running=False))
    view.until(said)
    assert view.text.count(said) == 1


def test_where_the_budget_was_too_small_to_say_anything_both_are_said(tmp_path, show):
    path = tmp_path / "a.study"
    search = ml.Search(bowl(), ml.Calibrate({"loss": 1.2}), budget=2)
    carry_out.search(search, path, backend="sequential", progress=False)
    view = show(SearchProgress(path, 2, running=False))
    view.until("The budget of 2 runs is used up.")
    assert look_at_search(path).sentence != look_at_search(path).over


def interrupted_after(runs):
    """What hears results in the place of the loop, until so many have come; the first ones come alone, later ones by the dozen."""
    left, hear = [runs], Loop.hear

    def counted(self, batch):
        left[0] -= len(batch.runs)
        if left[0] <= 0:
            raise KeyboardInterrupt
        return hear(self, batch)

    return counted


def test_where_settings_cannot_be_drawn_no_axes_are_offered(tmp_path, show):
    path = tmp_path / "a.study"
    carry_out.study_for(ml.Search(bowl(), ml.Optimise("loss", engine="random"), budget=60), path)
    view = show(SearchProgress(path, 0, running=True))
    view.until("Nothing can be said yet")
    assert "Across" not in view.text


def test_the_form_knows_what_the_model_reports_where_no_outcome_is_named():
    description = describe("mesa.examples:Schelling")
    assert "happy" in known_outcomes((), description)
    assert known_outcomes(("pct_happy",), description) == ("pct_happy",)
    assert known_outcomes((), None) == ()


def test_charts_of_a_search_are_as_wide_as_there_is_room_and_not_lower_for_it(tmp_path):
    search = ml.Search(bowl(), ml.Optimise("loss", engine="random"), budget=40)
    ml.search(search, tmp_path / "a.study", backend="sequential", progress=False)
    seen = look_at_search(tmp_path / "a.study")
    assert seen.charts
    for _, _, chart, _ in (*seen.charts, seen.tried):
        assert chart.to_dict()["autosize"]["type"] == "fit-x"
