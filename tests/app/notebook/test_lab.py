"""The widget for notebooks, without one."""

import dataclasses
import json
import sys
import time
from pathlib import Path

import mesa
import pandas as pd
import pytest
import solara
from mesa.datacollection import DataCollector

import mesa_lab as ml
from mesa_lab.app.notebook.lab import Lab
from mesa_lab.app.notebook.widgets import DesignPreview, StudyCharts
from mesa_lab.errors import ExperimentError, ModelError, RunError, StudyError
from mesa_lab.processing.analysis import shelf
from mesa_lab.processing.analysis.conclusion import Conclusion
from mesa_lab.processing.analysis.question import Question
from mesa_lab.workspace.kernel_run import LabRun
from tests.app.elements import walk

NOTEBOOK = Path(__file__).parents[3] / "examples" / "notebook.ipynb"


class Counter(mesa.Model):
    """Counts its steps."""

    def __init__(self, pace: int = 1, start: float = 0.5, rng=None):
        super().__init__(rng=rng)
        self.pace, self.count = pace, start
        self.datacollector = DataCollector({"count": "count"})
        self.datacollector.collect(self)

    def step(self):
        self.count += self.pace
        self.datacollector.collect(self)


@pytest.fixture
def counter(monkeypatch):
    """A class as a notebook cell leaves it: in the main module, in no file."""
    monkeypatch.setattr(Counter, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "Counter", Counter, raising=False)
    return Counter


@pytest.fixture
def show():
    """Render a component; returns the box that it is in."""
    contexts = []

    def render(element):
        box, rc = solara.render(element, handle_error=False)
        contexts.append(rc)
        return box

    yield render
    for rc in contexts:
        rc.close()


def texts(box):
    return [text for widget in walk(box) for text in getattr(widget, "children", ()) if isinstance(text, str)]


def press(box, text):
    for widget in walk(box):
        if getattr(widget, "tag", "") == "button" and (text in texts(widget) or text in widget.children):
            widget.click()
            return
    raise AssertionError(f"no button {text!r}")


def until(ready, seconds=60.0):
    end = time.monotonic() + seconds
    while not (found := ready()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def small():
    return ml.Experiment(
        "mesa.examples:Schelling",
        {"density": [0.6, 0.8], "width": 10, "height": 10},
        replications=2,
        max_steps=3,
        seed=1,
    )


def test_a_class_of_a_notebook_goes_the_whole_way(counter, show):
    lab = Lab(counter)
    assert repr(lab) == "Lab('__main__:Counter')"
    experiment = lab.experiment
    assert experiment.model is counter
    with pytest.raises(StudyError, match="Nothing was run yet"):
        _ = lab.results
    box = show(lab._element())
    assert until(lambda: "Design an experiment" in texts(box))
    press(box, "Design an experiment")
    assert until(lambda: "Parameters" in texts(box))
    few = ml.Experiment(counter, {"pace": [1, 2]}, replications=2, max_steps=3)
    run = lab.run(few, processes=1, backend="sequential")
    assert run.wait(60)
    assert run.problem == ""
    assert sorted(lab.results.runs["count"]) == [3.5, 3.5, 6.5, 6.5]
    assert until(lambda: "All 4 runs are done." in texts(box))
    press(box, "Results")
    assert until(lambda: "Counter, 2 design points, 4 runs" in texts(box))


def test_what_is_designed_can_be_taken_back():
    lab = Lab(small())
    assert lab.experiment.replications == 2
    assert lab.experiment.n_runs == 4
    assert lab.experiment.design_matrix().equals(small().design_matrix())


def test_runs_go_to_the_file_and_are_gone_on_with(tmp_path):
    path = tmp_path / "neighbours.study"
    lab = Lab(small(), study=path)
    lab.run(processes=1, backend="sequential").wait(60)
    assert ml.open_study(path).results.runs["status"].tolist() == ["done"] * 4
    again = Lab(small(), study=path)
    assert len(again.results.runs) == 4


def test_a_study_alone_shows_its_results(tmp_path, show):
    path = tmp_path / "neighbours.study"
    ml.run(small(), path, progress=False, n_jobs=1, backend="sequential")
    lab = Lab(study=path)
    assert lab.experiment == small()
    assert len(lab.results.runs) == 4
    box = show(lab._element())
    assert until(lambda: "Schelling, 2 design points, 4 runs" in texts(box))
    assert "Model" not in texts(box)


def test_without_a_model_the_models_are_listed(show):
    lab = Lab()
    assert repr(lab) == "Lab()"
    with pytest.raises(ExperimentError, match="No model is chosen yet"):
        _ = lab.experiment
    with pytest.raises(StudyError, match="Nothing was run yet"):
        _ = lab.results
    box = show(lab._element())
    press(box, "Wolf Sheep")
    assert until(lambda: lab._session.reference)
    assert lab.experiment.model == "mesa.examples:WolfSheep"
    assert until(lambda: "Design an experiment" in texts(box))
    lab._session.draft.value = dataclasses.replace(lab._session.draft.value, replications="3")
    press(box, "Schelling")
    assert until(lambda: lab.experiment.model == "mesa.examples:Schelling")
    press(box, "Wolf Sheep")
    assert until(lambda: lab.experiment.model == "mesa.examples:WolfSheep")
    assert lab.experiment.replications == 3
    assert until(lambda: "Design an experiment" in texts(box))
    press(box, "Design an experiment")
    assert until(lambda: "An experiment on Wolf Sheep" in texts(box))


def test_what_is_looked_at_is_still_there_after_another_step(tmp_path, show):
    lab = Lab(small(), study=tmp_path / "neighbours.study")
    lab.run(processes=1, backend="sequential").wait(60)
    lab._session.step.value = "Results"
    box = show(lab._element())
    assert until(lambda: "Questions that these results cannot answer" in texts(box))
    lab._session.view.value = dataclasses.replace(lab._session.view.value, tab="charts")
    assert until(lambda: "Spread over runs" in texts(box))
    press(box, "Spread over runs")
    press(box, "Design")
    assert until(lambda: "An experiment on Schelling" in texts(box))
    press(box, "Results")

    def chosen():
        tabs = (w for w in walk(box) if (getattr(w, "attributes", None) or {}).get("aria-selected") == "true")
        return [text for tab in tabs for text in tab.children]

    assert until(lambda: chosen() == ["Charts", "Spread over runs", "Runs"])


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ({"model": "mesa.examples:Schellin"}, ModelError),
        ({"study": "nowhere.study"}, StudyError),
    ],
)
def test_what_cannot_be_shown_is_said_at_once(words, error):
    with pytest.raises(error):
        Lab(**words)


def test_two_runs_at_once_are_refused(counter, monkeypatch):
    lab = Lab(counter)
    monkeypatch.setattr("mesa_lab.workspace.kernel_run.LabRun.is_running", True)
    lab._session.run.value = LabRun(small())
    with pytest.raises(RunError, match="going on"):
        lab.run()


def test_the_example_notebook_runs(monkeypatch):
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    space = {"__name__": "__main__"}
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code" and "starts the runs" not in text:
            exec(text, space)  # a file of this repository
            for name in set(space) - {"__name__", "__builtins__"}:
                monkeypatch.setattr(sys.modules["__main__"], name, space[name], raising=False)
    assert isinstance(space["lab"], Lab)
    assert space["lab"].run(processes=2).wait(120)
    assert space["lab"].results.done.all()


def test_the_pieces_can_be_shown_alone(show, tmp_path):
    experiment = ml.Experiment(
        "mesa.examples:Schelling",
        {"density": [0.6, 0.8], "width": 5, "height": 5},
        replications=2,
        max_steps=2,
        seed=1,
    )
    box = show(DesignPreview(experiment))
    assert until(lambda: {"4 runs", "2 points × 2 replications"} <= set(texts(box)))
    path = tmp_path / "neighbours.study"
    ml.run(experiment, path, progress=False, n_jobs=1, backend="sequential")
    box = show(StudyCharts(path))
    assert until(lambda: {"Charts", "Against a parameter"} <= set(texts(box)))
    assert not any("runs below" in text for text in texts(box))


@pytest.fixture
def one_question(monkeypatch):
    """Results that answer one question only, with what to run next."""

    def put(wanted, **more):
        words = {"next": wanted, "next_runs": wanted.n_runs, "next_sentence": "More of it.", **more}

        def answer(results, outcome):
            said = f"Known of {int(results.done.sum())} runs."
            return Conclusion("compare", "Which?", outcome, said, pd.DataFrame({"mean": [1.0]}), **words)

        question = Question("compare", "Which?", "", lambda results, outcome: None, answer)
        monkeypatch.setattr(shelf, "all_questions", lambda: (question,))

    start = LabRun.start
    monkeypatch.setattr(LabRun, "start", lambda self: start(self, 1, "sequential"))
    return put


def test_an_answer_has_the_study_grow_and_is_renewed(tmp_path, show, one_question):
    path = tmp_path / "neighbours.study"
    ml.run(small(), path, progress=False, n_jobs=1, backend="sequential")
    one_question(dataclasses.replace(small(), replications=3))
    lab = Lab(study=path)
    box = show(lab._element())
    assert until(lambda: "Known of 4 runs." in texts(box))
    press(box, "Add 6 runs")
    assert until(lambda: "Known of 6 runs." in texts(box))
    assert " Before: Known of 4 runs." in texts(box)


def test_a_follow_up_becomes_the_design_and_a_study_of_its_own(tmp_path, show, one_question):
    path = tmp_path / "neighbours.study"
    ml.run(small(), path, progress=False, n_jobs=1, backend="sequential")
    one_question(dataclasses.replace(small(), replications=7), next_grows=False)
    lab = Lab(study=path)
    box = show(lab._element())
    assert until(lambda: "Known of 4 runs." in texts(box))
    press(box, "Design the follow-up: 14 runs")
    assert until(lambda: "An experiment on Schelling" in texts(box))
    assert (lab.experiment.replications, lab.experiment.question) == (7, "better")
    assert lab._session.file == tmp_path / "neighbours 2.study"


def attributes(box, name):
    return [
        given[name] for widget in walk(box) if name in (given := getattr(widget, "attributes", None) or {})
    ]


def test_two_labs_on_one_page_share_neither_ids_nor_what_is_typed(show):
    labs = [Lab(small()), Lab(small())]
    boxes = [show(lab._element()) for lab in labs]
    assert until(lambda: all("Parameters" in texts(box) for box in boxes))
    ids = [name for box in boxes for name in attributes(box, "id")]
    assert ids
    assert len(ids) == len(set(ids))
    assert set(attributes(boxes[1], "aria-describedby")) <= set(attributes(boxes[1], "id"))
    first, second = (lab._session for lab in labs)
    first.draft.value = dataclasses.replace(first.draft.value, replications="7")
    first.view.value = dataclasses.replace(first.view.value, tab="charts")
    run = labs[1].run(processes=1, backend="sequential")
    assert run.wait(60)
    assert (labs[0].experiment.replications, labs[1].experiment.replications) == (7, 2)
    assert (first.step.value, second.step.value) == ("Design", "Run")
    assert second.view.value.tab == "answers"
    with pytest.raises(StudyError, match="Nothing was run yet"):
        _ = labs[0].results
    other = labs[0].run(processes=1, backend="sequential")
    assert other.wait(60)
    assert other.path != run.path
    assert [len(lab.results.runs) for lab in labs] == [14, 4]


def test_without_widgets_the_way_to_results_is_said():
    assert "ml.run(experiment)" in Lab(small())._repr_html_()
