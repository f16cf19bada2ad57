"""The page on which a model moves."""

import io
import zipfile

import pytest
from PIL import Image

import mesa_lab as ml
from mesa_lab.app.watch.found import experiment_of, read_query, run_at
from mesa_lab.app.watch.page import WatchModel, WatchPage
from mesa_lab.errors import StudyError
from mesa_lab.study import Study
from mesa_lab.viewing.film import film_of, pictures_of
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


def test_the_same_seed_with_another_value_stands_beside_it(show, schelling):
    view = show(WatchPage(schelling, [0], 1, "/results", lambda runs: None))
    view.until("Step 1")
    view.field("Value").v_model = "many"
    view.press("See the difference")
    view.until("many")
    assert "Run 0 with" not in view.text
    view.field("Value").v_model = "0.9"
    view.press("See the difference")
    view.until("Run 0 with density 0.9")
    view.until(
        lambda: (
            [
                image.attributes["alt"]
                for image in view.tags("img")
                if image.attributes["alt"].startswith("Space")
            ]
            == ["Space of run 0 at step 1", "Space of run 0 with density 0.9 at step 1"]
        )
    )
    view.press("This one alone")
    view.until(lambda: "Run 0 with" not in view.text)


def test_a_failed_run_begins_where_it_failed(show, tmp_path):
    file = tmp_path / "failing.py"
    file.write_text(
        "import mesa\n\nclass Failing(mesa.Model):\n    def step(self):\n        if self.steps > 3: raise ValueError('no food')\n"
    )
    path = tmp_path / "failing.study"
    experiment = ml.Experiment(f"{file}:Failing", max_steps=9, outcomes=["steps"])
    ml.run(experiment, path, n_jobs=1, backend="sequential", progress=False)
    view = show(WatchPage(StudyRef("failing", "failing", path), [0], None, "/results", lambda runs: None))
    view.until("Run it")
    view.press("Run it")
    view.until("ValueError in step 4: no food")
    view.until("Step 3")


def test_a_run_of_no_study_is_watched(show):
    experiment = experiment_of("mesa.examples:Schelling", "3", '{"density": 0.6}')
    view = show(WatchModel(experiment, 5, "/"))
    view.until("A run of Schelling")
    view.until("Seed 5")
    view.until("Step 0")
    with pytest.raises(StudyError, match="Ask for 1 to"):
        experiment_of("mesa.examples:Schelling", "0")
    with pytest.raises(StudyError, match="is no setting"):
        experiment_of("mesa.examples:Schelling", "3", "[1]")


def test_a_run_at_a_setting_is_found(schelling):
    assert run_at([schelling], '{"density": 0.7}') == (schelling, 1)
    with pytest.raises(StudyError, match="No run of this setting"):
        run_at([schelling], '{"density": 0.55}')
    with pytest.raises(StudyError, match="No run of this setting"):
        run_at([schelling], '{"other": 0.55}')


def test_an_address_says_what_to_watch(schelling):
    def read(**words):
        return read_query(
            {name: [value] for name, value in words.items()}, "schelling", {"schelling": schelling}.get
        )

    asked = read(run="1", step="3")
    assert (asked.ref, asked.runs, asked.step, asked.experiment) == (schelling, [1], 3, None)
    asked = read(at='{"density": 0.7}')
    assert (asked.ref, asked.runs, asked.step) == (schelling, [1], None)
    asked = read(model="mesa.examples:Schelling", steps="3", seed="5")
    assert (asked.experiment.max_steps, asked.seed, asked.ref) == (3, 5, None)
    for words in ({}, {"run": "one"}, {"run": "9" * 5000}):
        with pytest.raises(StudyError, match="No run is named"):
            read(**words)


def test_a_model_that_is_not_offered_is_refused_in_an_app_for_others(show, tmp_path):
    grant(Access(local=False, models=("mesa.examples:Schelling",), studies=tmp_path))
    try:
        view = show(WatchModel(experiment_of("other.py:Other", "3"), 5, "/"))
        view.until("'other.py:Other' is not offered here. These models are: mesa.examples:Schelling.")
        assert "Run it" not in view.text
    finally:
        grant(None)


def test_pictures_are_named_by_their_steps(schelling):
    def make():
        with Study.open(schelling.path) as study:
            return Viewer.of_study(study, 0)

    with zipfile.ZipFile(io.BytesIO(pictures_of(make, 4, most=2))) as file:
        assert file.namelist() == ["step_00000.png", "step_00002.png", "step_00004.png"]
        assert Image.open(io.BytesIO(file.read("step_00002.png"))).size[0] > 100
