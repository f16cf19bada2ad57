"""The page of studies without a browser: what it lists, and what can be done with each."""

import datetime

import pytest

import mesa_lab as ml
from mesa_lab.app.studies.page import PER_PAGE, StudiesPage, day_text, found
from mesa_lab.study import Study
from mesa_lab.workspace.access import Access, grant
from mesa_lab.workspace.study_state import entries
from mesa_lab.workspace.workspace import Workspace


def experiment(model="mesa.examples:Schelling", **changes):
    words = {
        "parameters": {"density": ml.Real(0.5, 0.9)},
        "design": ml.Sobol(4),
        "replications": 2,
        "max_steps": 1,
    }
    return ml.Experiment(model, **(words | changes))


@pytest.fixture
def space(tmp_path):
    return Workspace(tmp_path)


@pytest.fixture
def started(monkeypatch):
    names = []
    monkeypatch.setattr(Workspace, "start", lambda self, ref, processes=-1: names.append(ref.name))
    return names


def drawer(show, space, name="wolves", on_design=None):
    chosen, gone = [], []
    view = show(StudiesPage(space, chosen.append, on_design, lambda *keys: gone.append(keys)))
    view.until(name)
    view.press(f"What to do with {name}")
    view.chosen, view.gone = chosen, gone
    return view


def test_an_empty_folder_says_what_to_do(show, space):
    show(StudiesPage(space, print)).until("There are no studies yet. Design an experiment and run it.")


def test_a_study_is_a_line_with_what_matters(show, space):
    space.make("wolves", experiment())
    view = show(StudiesPage(space, print))
    view.until("wolves")
    for text in (
        "1 study in",
        "Schelling",
        "Sobol’",
        "4 points × 2 replications",
        "Not started",
        "0 of 8",
        "today",
    ):
        assert text in view.text
    assert "/run?study=wolves" in [link.attributes["href"] for link in view.tags("a")]
    assert [head.attributes["scope"] for head in view.tags("th")] == ["col"] * 6 + ["row"]


def test_a_damaged_study_is_a_line_that_says_so(show, space):
    space.make("wolves", experiment()).path.write_bytes(b"x" * 500)
    view = show(StudiesPage(space, print))
    view.until("is no study file")
    view.press("What to do with wolves")
    view.press("Delete")
    view.press("Delete it")
    view.until("There are no studies yet")


def test_many_studies_are_searched_and_paged(show, space, monkeypatch):
    space.make("wolves", experiment())
    for number in range(PER_PAGE + 2):
        Study.open(space.find("wolves").path).copy(space.folder / f"copy {number}.study")
    view = show(StudiesPage(space, print))
    view.until("Page 1 of 2")
    assert len(view.tags("tr", "ml-study")) == PER_PAGE
    assert "disabled" in view.button("Newer").attributes
    view.press("Older")
    assert len(view.tags("tr", "ml-study")) == 3
    view.field("Search").v_model = "wolves"
    assert len(view.tags("tr", "ml-study")) == 1
    view.field("Search").v_model = "nothing like it"
    assert "No study matches “nothing like it”." in view.text


def test_a_search_looks_at_name_model_and_design(space):
    space.make("a", experiment())
    space.make("b", experiment("mesa.examples:WolfSheep", parameters={"initial_sheep": [1, 2]}, design=None))
    names = lambda words: {entry.ref.name for entry in found(entries(space), words)}  # noqa: E731
    assert (names("wolfsheep"), names("sobol schelling"), names("initial_sheep"), names("")) == (
        {"b"},
        {"a"},
        {"b"},
        {"a", "b"},
    )


def test_deleting_asks_first(show, space):
    ref = space.make("wolves", experiment())
    view = drawer(show, space)
    view.press("Delete")
    assert "Delete 'wolves' for good?" in view.text
    view.press("Keep it")
    assert ref.path.exists()
    view.press("Delete")
    view.press("Delete it")
    view.until(lambda: view.gone == [("wolves", "")])
    assert not ref.path.exists()


def test_duplicate_and_rename(show, space):
    space.make("wolves", experiment())
    view = drawer(show, space)
    view.press("Duplicate")
    assert view.field("Name of the copy").v_model == "wolves 2"
    view.tags("button", "ml-button-primary")[0].fire_event("click", {})
    view.until(lambda: (space.folder / "wolves 2.study").exists())
    view.until("wolves 2")
    view.until(lambda: "Name of the copy" not in view.text)  # what is made closes its form
    view.press("Rename")
    view.field("New name").v_model = "a/b"
    view.tags("button", "ml-button-primary")[0].fire_event("click", {})
    view.until("A name cannot hold /.")
    view.field("New name").v_model = "foxes"
    view.field("New name").fire_event("keydown.enter", {})
    view.until(lambda: {ref.name for ref in space.studies()} == {"foxes", "wolves 2"})
    view.until(lambda: view.gone == [("wolves", "foxes")])


def test_extend_asks_how_far_and_runs_the_rest(show, space, started):
    ref = space.make("wolves", experiment())
    view = drawer(show, space)
    view.press("Extend")
    assert "disabled" in view.button("Extend and run").attributes
    view.field("Replications").v_model = "1"
    assert "At least 2" in view.text
    view.field("Replications").v_model = "3"
    view.field("Points").v_model = "8"
    view.press("Extend and run")
    view.until(lambda: started == ["wolves"])
    assert Study.open(ref.path).status().n_runs == 24
    view.until(lambda: view.chosen == ["wolves"])


def test_a_design_that_cannot_grow_says_why(show, space):
    space.make("wolves", experiment(design=ml.LatinHypercube(4)))
    view = drawer(show, space)
    view.press("Extend")
    assert "other points altogether" in view.text
    view.field("Replications")


def test_a_running_study_is_left_alone(show, space):
    ref = space.make("wolves", experiment())
    with Study.open(ref.path).writing():
        view = drawer(show, space)
        view.until("It runs or waits: stop it to change it.")
        for name in ("Extend", "Rename", "Delete"):
            assert "disabled" in view.button(name).attributes
        view.button("Duplicate")


def test_a_study_can_be_designed_from(show, space):
    space.make("wolves", experiment())
    designed = []
    view = drawer(show, space, on_design=lambda *words: designed.append(words))
    view.press("Design from it")
    view.until(lambda: designed)
    assert designed == [(experiment(), "The study 'wolves'")]


def test_others_are_told_who_sees_them(show, tmp_path):
    grant(Access(local=False, studies=tmp_path, models=("mesa.examples:Schelling",)))
    try:
        show(StudiesPage(Workspace(tmp_path / "visitors" / "a", tmp_path, local=False), print)).until(
            "Only this browser will see your studies."
        )
    finally:
        grant(None)


def test_days():
    now = datetime.datetime.now()
    assert day_text(now.timestamp()) == f"today {now:%H:%M}"
    assert day_text(datetime.datetime(2001, 2, 3).timestamp()) == "3 Feb 2001"
