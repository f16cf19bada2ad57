"""A model, an experiment and a study that are explored in a notebook."""

import ipyvue
import pytest

import mesa_lab as ml
from mesa_lab.errors import ModelError, ParameterError, StudyError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_model_is_explored_in_the_working_folder(show, tmp_path):
    explore = ml.Explore("mesa.examples:Schelling")
    assert explore.session.path.resolve() == (tmp_path / "schelling_explore.study").resolve()
    view = show(explore._element())
    view.until("Explore Schelling")
    view.until("First curves")
    dials = [widget for widget in view.widgets(ipyvue.VueTemplate) if "dials" in widget.traits()]
    assert "density" in [dial["name"] for dial in dials[-1].dials]
    explore.move(density=0.75)
    assert explore.setting["density"] == 0.75
    with pytest.raises(ParameterError, match="lies outside of its range"):
        explore.move(density=7)
    with pytest.raises(StudyError):
        assert explore.results is None  # nothing was run yet
    assert "schelling_explore.study" in repr(explore)
    explore.close()


def test_a_study_is_explored_beside_itself(show):
    experiment = ml.Experiment(
        "mesa.examples:Schelling", {"density": [0.5, 0.8]}, max_steps=1, outcomes=["happy"]
    )
    ml.run(experiment, "mine.study", n_jobs=1, backend="sequential", progress=False)
    explore = ml.Explore("mine.study")
    view = show(explore._element())
    view.until("Explore mine")
    explore.close()
    named = ml.Explore(experiment, study="other.study")
    assert named.session.path.name == "other.study"
    named.session.remember("here")
    assert list(named.remembered) == ["here"]
    named.close()


@pytest.mark.parametrize(
    ("source", "error"),
    [("mesa.examples:Shelling", ModelError), ("none.study", StudyError)],
)
def test_what_is_not_there_is_said(source, error):
    with pytest.raises(error):
        ml.Explore(source)
