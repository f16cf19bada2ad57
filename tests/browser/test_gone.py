"""A study that is deleted or renamed in one tab while another shows it: said there, and never made again."""

import re

import pytest
from playwright.sync_api import expect

import mesa_lab as ml
from mesa_lab.drafts.from_experiment import from_experiment
from mesa_lab.drafts.link import to_query
from mesa_lab.workspace.workspace import Workspace

MODEL = "mesa.examples:Schelling"
PLACES = ("/run?study={}", "/results?study={}", "/explore?study={}", "/watch?study={}&run=0")


def experiment(**changes):
    words = {"parameters": {"density": ml.Real(0.5, 0.9), "width": 8, "height": 8}, "design": ml.Sobol(4)}
    return ml.Experiment(MODEL, **(words | {"replications": 2, "max_steps": 2} | changes))


@pytest.fixture
def finished(lab):
    """A function that makes a finished study in the folder of the server."""

    def make(name):
        ml.run(experiment(), lab.studies / f"{name}.study", progress=False, n_jobs=1, backend="sequential")
        return name

    return make


def shown(page):
    """Wait until a page shows its study."""
    page.locator(
        ".ml-state-finished, [role=tab], .ml-answers, .ml-ex-status, .ml-watch-picture"
    ).first.wait_for()
    page.wait_for_load_state("networkidle")


def act(page, lab, name, verb, new=""):
    """Delete or rename a study from the list, as in another tab."""
    page.goto(f"{lab.url}/studies")
    page.get_by_role("button", name=f"What to do with {name}", exact=True).click()
    page.get_by_role("button", name=verb, exact=True).click()
    if verb == "Rename":
        page.get_by_label("New name").fill(new)
        page.keyboard.press("Enter")
        page.get_by_role("link", name=new, exact=True).wait_for()
    else:
        page.get_by_role("button", name="Delete it").click()
    page.get_by_role("link", name=name, exact=True).wait_for(state="detached")


@pytest.mark.parametrize("place", PLACES)
def test_a_study_deleted_in_another_tab(lab, visit, finished, shoot, place):
    page = visit(lab, place.format(finished("wolves")))
    shown(page)
    act(page.context.new_page(), lab, "wolves", "Delete")
    page.get_by_text("The study 'wolves' was deleted.").wait_for()
    shoot(page, f"gone {place[1:5]}")
    expect(page.locator(".ml-progress, .ml-panel")).to_have_count(0)
    expect(page.get_by_role("link", name="See all studies")).to_be_visible()
    page.wait_for_timeout(3000)
    assert not list(lab.studies.glob("wolves*.study"))
    page.reload()
    page.get_by_text("The study 'wolves' was deleted.").first.wait_for()


@pytest.mark.parametrize("place", PLACES)
def test_a_study_renamed_in_another_tab_is_gone_on_with(lab, visit, finished, shoot, place):
    page = visit(lab, place.format(finished("sheep")))
    shown(page)
    act(page.context.new_page(), lab, "sheep", "Rename", "grass")
    page.get_by_text("The study 'sheep' was renamed: it is called 'grass' now.").wait_for()
    shoot(page, f"renamed {place[1:5]}")
    page.get_by_role("link", name="Go on with “grass”").click()
    page.wait_for_url(re.compile("study=grass"))
    page.get_by_role("heading", name="grass").first.wait_for()
    shown(page)
    assert [each.name for each in lab.studies.glob("sheep*.study")] == []
    Workspace(lab.studies).delete(Workspace(lab.studies).find("grass"))


def test_a_study_that_was_deleted_does_not_grow(lab, visit, finished):
    finished("hares")
    larger = experiment(replications=5)
    page = visit(lab, f"/run?study=hares&design={to_query(from_experiment(larger))}")
    page.get_by_role("button", name="Extend this study").wait_for()
    Workspace(lab.studies).delete(Workspace(lab.studies).find("hares"))
    page.get_by_role("button", name="Extend this study").click(timeout=2000)
    page.get_by_text("The study 'hares' was deleted.").first.wait_for()
    page.wait_for_timeout(2500)
    assert not list(lab.studies.glob("hares*.study"))


def test_a_link_within_the_app_leads_to_its_study(lab, visit, finished):
    finished("one")
    finished("two")
    page = visit(lab, "/explore?study=one")
    shown(page)
    page.get_by_role("link", name="Studies").click()
    page.get_by_role("link", name="two", exact=True).click()
    page.get_by_role("heading", name="two").wait_for()
    page.get_by_role("link", name="See the results").click()
    page.get_by_role("heading", name="two").wait_for()
    page.go_back()
    page.go_back()
    page.go_back()
    page.locator(".ml-ex-status").wait_for()
    for name in ("one", "two"):
        Workspace(lab.studies).delete(Workspace(lab.studies).find(name))
