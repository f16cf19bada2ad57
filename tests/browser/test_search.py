"""A search in a real browser: filled in below the design, started, watched."""

import mesa_lab as ml
from mesa_lab.drafts.from_experiment import from_experiment
from mesa_lab.drafts.link import to_query


def test_a_search_is_filled_in_started_and_watched(lab, visit, troubles, shoot):
    space = {"density": ml.Real(0.5, 0.9), "width": 10, "height": 10}
    draft = from_experiment(ml.Experiment("mesa.examples:Schelling", space, design=ml.Sobol(8), max_steps=5))
    page = visit(lab, f"/design?design={to_query(draft)}")
    page.get_by_role("heading", name="Or search").wait_for()
    shoot(page, "search_design_closed")
    page.get_by_role("button", name="What is the best setting?", exact=True).click()
    page.get_by_role("textbox", name="Budget").fill("60")
    page.get_by_role("textbox", name="Outcome", exact=True).fill("happy")
    shoot(page, "search_design")
    page.get_by_role("button", name="Start the search").click()
    page.get_by_role("heading", name="The search so far").or_(
        page.get_by_role("heading", name="What the search found")
    ).wait_for()
    page.get_by_text("The budget of 60 runs is used up.").wait_for(timeout=120000)
    shoot(page, "search_run")
    page.get_by_role("link", name="See the results").first.click()
    page.get_by_text("What did the search find?").first.wait_for(timeout=60000)
    shoot(page, "search_results")
