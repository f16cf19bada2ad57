"""The comparison tab without a browser: two points, two levels, two studies."""

import pytest
import solara

import mesa_lab as ml
from mesa_lab.app.results.compare import ComparePanel
from mesa_lab.app.results.pairs import Pair
from mesa_lab.app.state.result_view import ResultView, from_query, to_query
from mesa_lab.workspace.shared_results import open_results
from mesa_lab.workspace.study_names import StudyRef


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies")
    experiment = ml.Experiment(
        "mesa.examples:Schelling",
        {"density": [0.6, 0.8, 0.7], "homophily": [0.3, 0.5], "width": 10, "height": 10},
        replications=4,
        max_steps=3,
        common_random_numbers=True,
        seed=1,
    )
    other = ml.Experiment("mesa.examples:BoltzmannWealth", {"n": [5]}, replications=2, max_steps=2)
    for name, each in (("before", experiment), ("after", experiment), ("other", other)):
        ml.run(each, folder / f"{name}.study", progress=False, backend="sequential")
    return folder


@pytest.fixture
def panel(show, folder):
    """A panel that remembers what is picked, with the pair that it is shown with."""

    def make(pair=None, name="after", **more):
        now = solara.reactive(pair or Pair())
        opened = open_results(folder / f"{name}.study")

        @solara.component
        def Page():
            ComparePanel(opened, "happy", lambda name: None, pair=now.value, on_pair=now.set, **more)

        return show(Page()), now

    return make


def test_two_points_are_picked_and_compared_run_by_run(panel):
    view, pair = panel()
    view.until("1 to 6 of 6")
    view.press("Pick Point 4")
    assert "Point 4: density 0.7, homophily 0.3" in view.text
    view.press("Pick Point 0")
    view.until("4 pairs of runs")
    assert pair.value == Pair("points", 4, 0)
    view.press("Change places")
    assert pair.value == Pair("points", 0, 4)
    view.press("Pick Point 3")
    assert pair.value == Pair("points", 0, 3)
    view.press("Pick Point 0")
    assert pair.value == Pair("points", 3)
    view.until("Pick a point below.")


def test_two_levels_of_a_parameter(panel):
    view, pair = panel(Pair("levels"))
    view.until("replications at 2 points each")
    base, other = view.field("Base"), view.field("Compared with it")
    assert [item["title"] for item in base.items] == ["0.6", "0.7", "0.8"]
    assert (base.v_model, other.v_model) == ("0", "2")
    other.v_model = "0"
    view.until("Choose two levels that differ.")
    view.field("Parameter").v_model = "1"
    view.until("homophily 0.5")
    assert pair.value.name == "homophily"


def test_two_studies(panel, folder):
    refs = [StudyRef(name, name, folder / f"{name}.study") for name in ("before", "other")]
    view, _ = panel(Pair("studies"), studies=refs)
    view.field("Earlier study").v_model = "1"
    view.until("The model gives the same as before: all 24 pairs of runs")
    view.field("Earlier study").v_model = "2"
    view.until("different experiments")
    assert "all 24 pairs" not in view.text


def test_what_an_address_says_only_selects(panel):
    for pair in (Pair("points", 99, 3), Pair("levels", 7, 7, "<b>"), Pair("studies", name="../x")):
        view, _ = panel(pair)
        assert "<b>" not in view.text
        assert "Traceback" not in view.text
    view, _ = panel(name="other")
    assert "There is nothing to compare yet" in view.text


def test_a_pair_is_part_of_the_address():
    for pair in (Pair("points", 3), Pair("levels", 0, 2, "a b"), Pair("studies", name="x y")):
        assert Pair.from_text(pair.to_text()) == pair
    view = ResultView(tab="compare", pair="levels 0 2 a b")
    assert from_query({name: [text] for name, text in to_query(view).items() if text}) == view
