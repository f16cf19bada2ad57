"""A search in a real browser: filled in below the design, started, watched, gone on with in a narrower range; also on a phone."""

import re

from playwright.sync_api import expect

import mesa_lab as ml
from mesa_lab.drafts.from_experiment import from_experiment
from mesa_lab.drafts.link import to_query


def test_a_search_is_filled_in_started_and_watched(lab, visit, troubles, shoot, accessible):
    space = {"density": ml.Real(0.5, 0.9), "width": 10, "height": 10}
    draft = from_experiment(ml.Experiment("mesa.examples:Schelling", space, design=ml.Sobol(8), max_steps=5))
    page = visit(lab, f"/design?design={to_query(draft)}")
    page.get_by_role("heading", name="Or search").wait_for()
    shoot(page, "search_design_closed")
    page.get_by_role("button", name="What is the best setting?", exact=True).click()
    page.get_by_role("textbox", name="Budget").fill("60")
    page.get_by_role("textbox", name="Outcome", exact=True).fill("happy")
    accessible(page)
    shoot(page, "search_design")
    page.get_by_role("button", name="Start the search").click()
    page.get_by_role("heading", name="The search so far").or_(
        page.get_by_role("heading", name="What the search found")
    ).wait_for()
    page.get_by_text("The budget of 60 runs is used up.").wait_for(timeout=120000)
    expect(
        page.get_by_text(re.compile(r"a search \(optimise\): \d+ points with at most \d+ replications"))
    ).to_be_visible()
    accessible(page)
    shoot(page, "search_run")
    page.get_by_role("link", name="See the results").first.click()
    page.get_by_text("What did the search find?").first.wait_for(timeout=60000)
    accessible(page)
    shoot(page, "search_results")


WIDE = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def test_data_are_matched_on_a_phone(lab, visit, troubles, shoot, accessible, tmp_path):
    space = {"density": ml.Real(0.5, 0.9), "width": 10, "height": 10}
    experiment = ml.Experiment("mesa.examples:Schelling", space, design=ml.Sobol(8), max_steps=8)
    data = tmp_path / "seen.csv"
    data.write_text("day;people\n1;40\n4;55\n8;60\n", encoding="utf-8")
    page = visit(lab, f"/design?design={to_query(from_experiment(experiment))}", width=390, height=844)
    page.get_by_role("button", name="Which parameters fit my data?", exact=True).click()
    page.get_by_role("region", name="Search").locator("input[type=file]").set_input_files(data)
    expect(page.get_by_text("Say which column of 'seen.csv' is which outcome.")).to_be_visible()
    page.get_by_role("combobox", name="Column people").click(force=True)
    page.get_by_role("option", name="happy", exact=True).click()
    expect(page.get_by_text("happy: the data")).to_be_visible()
    page.get_by_role("button", name="Run it once in the middle of the ranges").click()
    expect(page.get_by_text("happy: the data over one run")).to_be_visible()
    expect(page.get_by_role("button", name="Start the search")).to_be_enabled()
    page.wait_for_function(WIDE)
    accessible(page)
    shoot(page, "search_fit_phone")


def test_a_search_that_has_runs_is_locked_and_its_range_narrowed(lab, visit, troubles, shoot, accessible):
    space = {"density": ml.Real(0.5, 0.9), "width": 10, "height": 10}
    experiment = ml.Experiment("mesa.examples:Schelling", space, max_steps=3)
    search = ml.Search(experiment, ml.Optimise("happy", goal="max", engine="random"), budget=12)
    ml.search(search, lab.studies / "held.study", backend="sequential", progress=False)
    draft = to_query(from_experiment(experiment.replace(design=ml.Sobol(8))))
    page = visit(lab, f"/design?design={draft}&study=held", width=390, height=844)
    expect(page.get_by_role("heading", name="The search that has begun")).to_be_visible()
    expect(page.get_by_text("Raise the budget or change a range.")).to_be_visible()
    page.get_by_role("textbox", name="Budget").fill("24")
    page.get_by_role("textbox", name="density: From").fill("0.6")
    expect(page.get_by_text("density: 0.5 to 0.9 → 0.6 to 0.9")).to_be_visible()
    expect(page.get_by_role("button", name="Go on with it")).to_be_enabled()
    page.wait_for_function(WIDE)
    accessible(page)
    shoot(page, "search_held_phone")
    page.get_by_role("button", name="Go on with it").click()
    expect(page.get_by_role("region", name="The search")).to_be_visible()
    page.get_by_text("The budget of 24 runs is used up.").wait_for(timeout=60000)
