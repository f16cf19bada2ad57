"""What pages remember, which steps are done, and what an earlier change makes stale."""

from dataclasses import replace

import pytest
import solara

import mesa_lab as ml
from mesa_lab.app.design.pending_edits import Latest
from mesa_lab.app.design_changed import Made, Stale, changes, use_made
from mesa_lab.app.frame import Layout
from mesa_lab.app.hooks.use_model import describe_model, use_parsed
from mesa_lab.app.state import draft_state
from mesa_lab.app.state.result_view import ResultView
from mesa_lab.app.step_bar import Steps, states_of
from mesa_lab.drafts.draft import Draft, Row, for_model
from mesa_lab.drafts.link import to_query
from mesa_lab.workspace import access
from mesa_lab.workspace.access import Access
from mesa_lab.workspace.test_run import Trial
from mesa_lab.workspace.trust import trust
from mesa_lab.workspace.workspace import Workspace

SCHELLING, WOLVES = "mesa.examples:Schelling", "mesa.examples:WolfSheep"
EVIL = "<img src=x onerror=alert(1)> {{ 7*7 }}"


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(draft_state, "_sessions", type(draft_state._sessions)())
    monkeypatch.setattr(access, "_agreed", set())
    for reactive, value in (
        (draft_state.draft, Draft()),
        (draft_state.study, ""),
        (draft_state.trials, {}),
        (draft_state.views, {}),
        (draft_state.offer, None),
        (draft_state.notice, ""),
        (draft_state.progress, ""),
    ):
        reactive.value = value
    yield
    access.grant(None)


def drafted(model=SCHELLING):
    return for_model(describe_model(model).description)


# ---------------------------------------------------------------- state


def test_a_page_load_takes_up_where_the_browser_was():
    draft_state.set_draft(drafted())
    draft_state.set_study("wolves")
    trial = Trial("done")
    draft_state.set_trial(SCHELLING, trial)
    draft_state.draft.value, draft_state.study.value, draft_state.trials.value = Draft(), "", {}
    draft_state.begin(None)
    assert draft_state.draft.value == drafted()
    assert draft_state.study.value == "wolves"
    assert draft_state.trials.value == {SCHELLING: trial}


def test_an_address_goes_before_what_is_remembered():
    draft_state.set_draft(drafted())
    linked = replace(drafted(), seed="7")
    draft_state.begin(f"study=fires&design={to_query(linked)}")
    assert draft_state.draft.value == linked
    assert draft_state.study.value == "fires"
    assert draft_state.query() == to_query(linked)


def test_a_broken_link_is_said_and_changes_nothing():
    draft_state.set_draft(drafted())
    draft_state.begin("design=broken")
    assert "whole design" in draft_state.notice.value
    assert draft_state.draft.value == drafted()


def test_a_model_finds_its_own_design_again():
    draft_state.choose(describe_model(SCHELLING).description)
    draft_state.set_draft(replace(draft_state.draft.value, seed="7"))
    draft_state.choose(describe_model(WOLVES).description)
    assert draft_state.draft.value == drafted(WOLVES)
    draft_state.choose(describe_model(SCHELLING).description)
    assert draft_state.draft.value.seed == "7"
    draft_state.choose(describe_model(SCHELLING).description)
    assert draft_state.draft.value.seed == "7"


def test_a_link_to_code_of_somebody_waits_for_a_yes():
    linked = Draft("evil.py:Evil")
    draft_state.begin(f"design={to_query(linked)}")
    assert draft_state.draft.value == Draft()
    assert [code.text for code in draft_state.offer.value.code] == ["evil.py:Evil"]
    draft_state.decline()
    assert (draft_state.offer.value, draft_state.draft.value) == (None, Draft())
    draft_state.begin(f"design={to_query(linked)}")
    draft_state.accept()
    assert draft_state.draft.value == linked
    draft_state.draft.value = Draft()
    draft_state.begin(f"design={to_query(linked)}")
    assert draft_state.draft.value == linked  # agreed to once


def test_an_app_for_others_refuses_such_a_link(tmp_path):
    access.grant(Access(local=False, studies=tmp_path, models=(SCHELLING,)))
    draft_state.begin(f"design={to_query(Draft('evil.py:Evil'))}")
    assert "'evil.py:Evil', which is not offered here" in draft_state.notice.value
    assert (draft_state.offer.value, draft_state.draft.value) == (None, Draft())
    draft_state.offer_experiment(ml.Experiment(SCHELLING, {}, outcomes=["os:getcwd"]), "'x.toml'")
    assert "'os:getcwd', which is not offered here" in draft_state.notice.value


def test_memory_of_browsers_and_models_is_bounded(monkeypatch):
    monkeypatch.setattr(draft_state, "MOST_MODELS", 2)
    for name in "abc":
        draft_state.set_draft(Draft(name))
    assert list(draft_state._session().drafts) == ["b", "c"]
    monkeypatch.setattr(draft_state, "MOST_SESSIONS", 2)
    for name in "abc":
        monkeypatch.setattr(solara, "get_session_id", lambda name=name: name)
        draft_state.set_draft(Draft(name))
    assert list(draft_state._sessions) == ["b", "c"]


# ---------------------------------------------------------------- editing


def test_quick_changes_build_on_each_other_while_an_older_state_is_drawn():
    told = []
    first = Draft(rows=(Row("a"),))
    latest = Latest(first)
    latest.see(first, told.append)
    latest.change(seed="1")
    latest.see(told[0], told.append)
    latest.change(seed="12")
    latest.see(told[0], told.append)  # drawn late
    latest.change_row(Row("a", fixed="5"))
    assert told[-1] == Draft(rows=(Row("a", fixed="5"),), seed="12")
    other = Draft("other")
    latest.see(other, told.append)
    latest.change(seed="3")
    assert told[-1] == replace(other, seed="3")


def test_what_is_typed_while_the_model_is_looked_at_stays():
    told = []
    draft = Draft(SCHELLING)
    latest = Latest(draft)
    latest.see(draft, told.append)
    latest.change(max_steps="7")  # not drawn yet when the description arrives
    latest.complete(describe_model(SCHELLING).description)
    assert told[-1].max_steps == "7"
    assert "density" in [row.name for row in told[-1].rows]
    latest.complete(describe_model(SCHELLING).description)
    assert len(told) == 2  # nothing to add, nothing told


# ---------------------------------------------------------------- steps


@pytest.mark.parametrize(
    ("words", "states"),
    [
        ({"model": False, "design": False}, "open open open open"),
        ({"model": True, "design": False}, "done open open open"),
        ({"model": True, "design": True}, "done done open open"),
        ({"model": True, "design": True, "study": "new"}, "done done open open"),
        ({"model": True, "design": True, "study": "running"}, "done done open open"),
        ({"model": True, "design": True, "study": "finished"}, "done done done done"),
        ({"model": True, "design": True, "study": "finished", "stale": True}, "done done stale stale"),
        ({"model": True, "design": True, "study": "new", "stale": True}, "done done stale open"),
    ],
)
def test_steps_are_done_open_or_stale(words, states):
    found = states_of(**({"study": "", "stale": False} | words))
    assert " ".join(found[name] for name in ("Model", "Design", "Run", "Results")) == states


def test_steps_are_links_that_say_how_far_one_is(show):
    view = show(Steps("/design", {"Model": "done", "Results": "stale"}))
    links = view.tags("a")
    assert [link.attributes["href"] for link in links] == ["/", "/design", "/run", "/results"]
    assert [link.attributes.get("aria-current") for link in links] == [None, "step", None, None]
    spoken = [span.children[0].strip() for span in view.tags("span", "ml-spoken")]
    assert spoken == ["(done)", "(not yet done)", "(not yet done)", "(made from an earlier design)"]


# ---------------------------------------------------------------- stale


def experiment(**changed):
    words = {
        "parameters": {"density": [0.5, 0.6], "radius": ml.Integer(1, 3)},
        "design": ml.Sobol(4),
        "seed": 1,
    }
    return ml.Experiment(SCHELLING, **(words | changed))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, []),
        ({"parameters": {"density": [0.5, 0.7], "radius": ml.Integer(1, 3)}}, ["density"]),
        ({"parameters": {"density": [0.5, 0.6]}}, ["radius"]),
        (
            {"parameters": {"radius": ml.Integer(1, 3), "density": [0.5, 0.6]}},
            ["the order of the parameters"],
        ),
        ({"parameters": {"density": [0.5, 0.6], "radius": ml.Integer(1, 3), "width": 5}}, ["width"]),
        ({"max_steps": 5, "design": ml.Sobol(8)}, ["design", "steps"]),
        ({"model": WOLVES, "parameters": {}}, ["the model"]),
    ],
)
def test_what_changed_is_said_in_words(changed, said):
    words = dict(changed)
    model = words.pop("model", SCHELLING)
    other = ml.Experiment(
        model, **({"parameters": experiment().parameters, "design": ml.Sobol(4), "seed": 1} | words)
    )
    assert changes(experiment(), other) == said


def test_a_stale_study_is_named_with_what_changed(show):
    view = show(Stale(Made(EVIL, "finished", experiment()), ["a", "b", "c", "d", "e"]))
    assert f"The study “{EVIL}” was made from an earlier design" in view.text
    assert "Changed since: a, b, c and 2 more." in view.text


def test_the_study_at_hand_is_read_in_the_background(show, tmp_path):
    space = Workspace(tmp_path)
    space.make("mine", experiment())
    found = []

    @solara.component
    def Page(key):
        made = use_made(space, key, 1)
        found.append(made)
        solara.Text(made.state if made else "nothing")

    view = show(Page("mine"))
    view.until("new")
    assert found[-1].experiment == experiment()
    assert show(Page("other")).text.endswith("nothing")


def test_all_pages_read_a_draft_alike(show):
    draft = replace(drafted(WOLVES), constraints="initial_wolves < width")
    found = []

    @solara.component
    def Page():
        found.append(use_parsed(draft))
        solara.Text("ready" if found[-1] else "reading")

    show(Page()).until("ready")
    assert found[-1].experiment.parameters["width"] == 20


# ---------------------------------------------------------------- the frame


def test_the_frame_shows_steps_notices_and_the_page(show):
    draft_state.notice.value = EVIL
    view = show(Layout(children=[solara.Text("the page")]))
    assert "the page" in view.text
    assert EVIL in view.text
    view.press("Dismiss")
    assert EVIL not in view.text


def test_an_offer_is_answered_in_the_frame(show):
    view = show(Layout())
    draft_state.offer_draft(Draft("evil.py:Evil", stop_when="evil:stop"), "This link")
    view.until("This link runs Python code")
    assert "evil.py:Evil" in view.text
    view.press("Leave it")
    assert "evil.py:Evil" not in view.text
    assert draft_state.draft.value == Draft()


# ---------------------------------------------------------------- what is looked at


def test_what_is_looked_at_is_remembered_by_study_and_taken_from_a_link():
    draft_state.begin("study=wolves&outcome=Sheep&chart=heatmap&run=7")
    assert draft_state.view("wolves") == ResultView("Sheep", "heatmap", None, 7, tab="charts")
    assert draft_state.view("other") == ResultView()
    draft_state.set_view("other", ResultView("Wolves"))
    draft_state.views.value = {}
    draft_state.begin("study=wolves")
    assert draft_state.view("wolves").outcome == "Sheep"
    assert draft_state.view("other").outcome == "Wolves"


def test_a_study_that_follows_from_another_shows_the_same_outcome_in_the_same_sense():
    draft_state.set_draft(Draft(SCHELLING))
    looked_at = ResultView("happy", tab="compare", pair="levels 0 1 density", points=(3,)).with_goal(
        "happy", "min"
    )
    draft_state.set_view("first", looked_at)
    draft_state.follow(looked_at)
    draft_state.start_study("second")
    assert draft_state.study.value == "second"
    assert draft_state.view("second") == ResultView("happy", goals=(("happy", "min"),))
    draft_state.start_study("first")  # one that was looked at keeps its own
    assert draft_state.view("first") == looked_at
    draft_state.set_draft(Draft(WOLVES))
    draft_state.start_study("of another model")
    assert draft_state.view("of another model") == ResultView()


def test_recent_models_are_one_s_own_the_latest_first_and_agreed_to(tmp_path):
    mine = [f"{tmp_path}/mine{number}.py:Mine" for number in range(8)]
    for reference in (*mine, "mesa.examples:Schelling"):
        draft_state.set_draft(Draft(model=reference))
    assert draft_state.recent_models() == ()
    for reference in mine:
        trust(reference)
    assert draft_state.recent_models() == tuple(mine[:2:-1])
