"""The model page without a browser: choosing, reading, trying and opening models."""

import ipyvuetify
import pytest
import solara

from mesa_lab.app.components.model_view import about_text
from mesa_lab.app.components.series_chart import line_chart, outcomes_of
from mesa_lab.app.components.test_run_panel import summary
from mesa_lab.app.model.model_list import found
from mesa_lab.app.model.page import ModelPage
from mesa_lab.drafts.draft import Draft
from mesa_lab.study.records import FailureRecord
from mesa_lab.workspace import access
from mesa_lab.workspace.access import Access
from mesa_lab.workspace.test_run import Speed, Trial
from mesa_lab.workspace.trust import code_in, is_trusted, offered_models, trust, untrusted

EVIL = "<img src=x onerror=alert(1)> {{ 7*7 }}"
FILE = f'''
import mesa

class Fire(mesa.Model):
    """{EVIL}"""

    def __init__(self, size=5, rng=None):
        super().__init__(rng=rng)

class Water(mesa.Model):
    """Wet."""
'''


@pytest.fixture(autouse=True)
def fresh_access(monkeypatch):
    monkeypatch.setattr(access, "_agreed", set())
    yield
    access.grant(None)


@pytest.fixture
def page(show):
    """The page, and what it tells."""

    def open_page(value="", trials=None, **more):
        told = {"models": [], "trials": []}
        chosen, tried = solara.reactive(value), solara.reactive(trials or {})

        @solara.component
        def Page():
            def choose(description):
                told["models"].append(description.reference)
                chosen.set(description.reference)

            ModelPage(chosen.value, choose, tried.value, lambda *words: told["trials"].append(words), **more)

        return show(Page()), told

    return open_page


def cards(view):
    return list(view.tags("button", "ml-card"))


def card(view, name):
    return next(card for card in cards(view) if card.children[0].children == [name])


def test_before_a_model_is_chosen_the_steps_are_explained(page):
    view, _ = page()
    assert "From a model to an answer in four steps" in view.text
    assert len(cards(view)) == len(offered_models())
    assert all(card.attributes["aria-pressed"] == "false" for card in cards(view))


def test_models_are_found_by_all_words_of_a_search(page):
    view, _ = page()
    view.field("Search models").v_model = "seg sch"
    assert [card.children[0].children for card in cards(view)] == [["Schelling"]]
    view.field("Search models").v_model = EVIL
    assert f"No model matches “{EVIL}”." in view.text


def test_a_chosen_model_shows_what_it_takes_and_reports(page):
    view, told = page()
    card(view, "Wolf Sheep").fire_event("click", {})
    view.until("What it reports")
    view.until(lambda: told["models"])
    assert told["models"] == ["mesa.examples:WolfSheep"]
    for text in ("initial_sheep", "10 to 300", "Number of sheep to start with", "Wolves", "GrassPatch"):
        assert text in view.text
    view.until(lambda: card(view, "Wolf Sheep").attributes["aria-pressed"] == "true")
    links = [link.attributes["href"] for link in view.tags("a")]
    assert links == ["#ml-model", "/design"]


def test_try_it_runs_the_model_once_and_shows_its_outcomes(page):
    view, told = page("mesa.examples:Schelling")
    view.until("Try it")
    view.field("Steps").v_model = "4"
    view.press("Try it")
    view.until(lambda: told["trials"])
    reference, trial = told["trials"][0]
    assert reference == "mesa.examples:Schelling"
    assert (trial.status, trial.steps) == ("done", 4)


def test_steps_that_make_no_sense_cannot_be_tried(page):
    view, _ = page("mesa.examples:Schelling")
    view.until("Try it")
    for typed, said in (("", "whole number"), ("1.5", "not a whole number"), ("0", "between 1 and")):
        view.field("Steps").v_model = typed
        assert said in view.text
        assert "disabled" in view.button("Try it").attributes


def test_a_trial_that_failed_shows_its_traceback_as_text(page):
    failure = FailureRecord(0, "stepping", "ValueError", EVIL, f"Traceback\n{EVIL}")
    trial = Trial("failed", 3, 0.1, Speed(0.0, 0.1), failure=failure)
    view, _ = page("mesa.examples:Schelling", {"mesa.examples:Schelling": trial})
    view.until(f"The run failed while stepping, after 3 steps. ValueError: {EVIL}")
    assert view.tags("pre")[0].children == [f"Traceback\n{EVIL}"]


def test_summaries_of_trials_read_well():
    assert summary(Trial("done", 1, 2.0, Speed(0, 2.0))) == "1 step in 2 s, 0.5 steps per second."
    assert summary(Trial("timed out", 7, 60.0, Speed(0, 8.5))).startswith("Given up after 7 steps in 1 min")


def test_a_file_is_opened_for_local_use_and_its_text_is_no_markup(page, tmp_path):
    path = tmp_path / "fire.py"
    path.write_text(FILE)
    view, told = page()
    box = view.widgets(ipyvuetify.Combobox)[0]
    box.v_model = str(path)
    view.press("Open")
    view.until("several Mesa models: Fire, Water")
    view.until("Which one?")
    assert not told["models"]
    [fire] = [each for each in cards(view) if each.children[0].children == ["Fire"]]
    fire.fire_event("click", {})
    view.until("What it reports")
    assert any(EVIL in (child.children or ()) for child in view.tags("p"))
    view.until(lambda: told["models"])
    assert is_trusted(told["models"][0])


def test_models_of_one_s_own_are_offered_again_and_their_file_stays(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("fire.py", "__main__.py", "test_fire.py", "conftest.py"):
        (tmp_path / name).write_text(FILE)
    fire, water = (f"{tmp_path / 'fire.py'}:{name}" for name in ("Fire", "Water"))
    for reference in (fire, water):
        trust(reference)
    view, told = page(value=fire, recent=(fire, water))
    box = view.widgets(ipyvuetify.Combobox)[0]
    assert box.items == ["fire.py"]
    assert box.v_model == fire
    assert f"files are looked for in {tmp_path}" in box.hint
    again = [each for each in cards(view) if each.children[-1].children == ["fire.py"]]
    assert [each.children[0].children for each in again] == [["Fire"], ["Water"]]
    again[1].fire_event("click", {})
    view.until(lambda: told["models"])
    assert told["models"][0].endswith("fire.py:Water")


def test_an_app_for_others_offers_the_listed_models_and_opens_no_files(page, tmp_path):
    access.grant(Access(local=False, studies=tmp_path, models=("mesa.examples:Schelling", "mine.py:Mine")))
    view, _ = page()
    assert [card.children[0].children for card in cards(view)] == [["Schelling"], ["Mine"]]
    assert "Python file" not in view.text
    trust("os:system")
    assert not is_trusted("os:system")


def test_listed_models_are_all_that_an_app_of_one_person_offers(page, tmp_path):
    access.grant(Access(local=True, studies=tmp_path, models=("mesa.examples:Schelling", "mine.py:Mine")))
    view, _ = page()
    assert [card.children[0].children for card in cards(view)] == [["Schelling"], ["Mine"]]
    assert "A model of your own" not in view.text
    assert not view.widgets(ipyvuetify.Combobox)
    trust("other.py:Other")
    assert not is_trusted("other.py:Other")


def texts(references):
    return [reference.text for reference in references]


def test_what_a_draft_would_run_is_named_and_held_against_what_is_offered():
    from mesa_lab.drafts.draft import DesignDraft

    part = DesignDraft("FunctionDesign", (("function", "evil.py:points"),))
    draft = Draft(
        "mesa.examples:Schelling",
        design=DesignDraft("Union", parts=(part,)),
        outcomes=(("", "happy"), ("x", "os:getcwd"), ("", "count(Agent)")),
        stop_when="tools:stop",
    )
    assert texts(code_in(draft)) == ["mesa.examples:Schelling", "os:getcwd", "tools:stop", "evil.py:points"]
    assert texts(untrusted(draft)) == ["os:getcwd", "tools:stop", "evil.py:points"]
    trust("os:getcwd")
    assert texts(untrusted(draft)) == ["tools:stop", "evil.py:points"]


def test_a_link_to_code_that_nobody_agreed_to_loads_nothing(page, tmp_path):
    path = tmp_path / "never.py"
    path.write_text("raise SystemExit('it was imported')")
    view, told = page(f"{path}:Never")
    assert "From a model to an answer" in view.text
    assert told["models"] == []


def test_the_list_of_arguments_is_left_out_of_a_description():
    assert about_text("Wolves.\n\nThey eat.\n\nArgs:\n    n: many\n") == "Wolves.\n\nThey eat."
    assert about_text("") == ""
    assert len(found(offered_models(), "")) == len(offered_models())


def test_charts_of_a_trial_show_numbers_and_thin_out_long_runs():
    import pandas as pd

    series = pd.DataFrame(
        {"step": range(5000), "time": 0.0, "a.b[c]": range(5000), "word": "x", "yes": True, "none": None}
    )
    assert outcomes_of(series) == ["a.b[c]"]
    chart = line_chart(series, "a.b[c]").to_dict()
    data = next(iter(chart["datasets"].values()))
    assert len(data) <= 1000
    assert set(data[0]) == {"step", "value"}
    assert line_chart(series.head(0), "a.b[c]").to_dict()
