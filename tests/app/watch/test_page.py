"""The page on which a model moves."""

import io

import pytest
from PIL import Image

import mesa_lab as ml
from mesa_lab.app.watch.page import WatchPage
from mesa_lab.study import Study
from mesa_lab.viewing.film import film_of
from mesa_lab.viewing.viewer import Viewer
from mesa_lab.workspace.access import Access, grant
from mesa_lab.workspace.study_names import StudyRef


@pytest.fixture(scope="module")
def schelling(tmp_path_factory):
    path = tmp_path_factory.mktemp("watch") / "schelling.study"
    experiment = ml.Experiment("mesa.examples:Schelling", {"density": [0.5, 0.7]}, max_steps=4, seed=1)
    ml.run(experiment, path, n_jobs=1, backend="sequential", progress=False)
    return StudyRef("schelling", "schelling", path)


def test_a_run_is_moved_forward_back_and_played(show, schelling):
    view = show(WatchPage(schelling, [1], 2, "/results", lambda runs: None))
    view.until("Step 2")
    assert "These values are those of the study." in view.text
    assert view.tags("img")[0].attributes["alt"] == "Space of run 1 at step 2"
    view.press("Step forward")
    view.until("Step 3")
    view.press("To the start")
    view.until("Step 0")
    view.press("Play")
    view.until("Step 4, the end of the run")


def test_two_runs_side_by_side(show, schelling):
    asked = []
    view = show(WatchPage(schelling, [0], 0, "/results", asked.append))
    view.until("Step 0")
    view.field("Beside run").v_model = "1"
    view.press("Compare")
    assert asked == [[0, 1]]
    both = show(WatchPage(schelling, [0, 1], 1, "/results", asked.append))
    both.until("Run 1")
    both.until("This one alone")


def test_a_run_that_is_not_there_is_said(show, schelling):
    view = show(WatchPage(schelling, [77], 0, "/results", lambda runs: None))
    view.until("has no run 77")


def test_code_that_nobody_agreed_to_is_asked_for_first(show, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("import mesa\n\nclass Mine(mesa.Model):\n    def step(self):\n        pass\n")
    path = tmp_path / "mine.study"
    ml.run(
        ml.Experiment(f"{file}:Mine", max_steps=2, outcomes=["steps"]),
        path,
        n_jobs=1,
        backend="sequential",
        progress=False,
    )
    grant(Access(local=True, studies=tmp_path))
    try:
        view = show(WatchPage(StudyRef("mine", "mine", path), [0], 0, "/results", lambda runs: None))
        view.until("Go on only if you know where it comes from")
        assert f"{file}:Mine" in view.text
        view.press("Run it")
        view.until("Step 0")
    finally:
        grant(None)


def test_a_film_has_a_picture_for_each_step(schelling):
    def make():
        with Study.open(schelling.path) as study:
            return Viewer.of_study(study, 0)

    film = Image.open(io.BytesIO(film_of(make, 3)))
    assert (film.format, film.n_frames) == ("GIF", 4)
