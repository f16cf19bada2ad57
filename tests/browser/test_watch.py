"""A run is watched in a real browser: from its line in the results to the model at a step."""

import mesa_lab as ml
from mesa_lab.workspace.workspace import Workspace

LONG = 120_000


def test_from_a_run_to_its_picture(lab, visit, shoot, accessible):
    experiment = ml.Experiment(
        "mesa.examples:WolfSheep", {"wolf_gain_from_food": [10, 30]}, max_steps=6, seed=3
    )
    ref = Workspace(lab.studies).make("watched", experiment)
    ml.run(experiment, ref.path, n_jobs=1, progress=False)
    page = visit(lab, "/results?study=watched&run=1")
    page.get_by_role("tab", name="Runs", exact=True).click()
    page.wait_for_url("**tab=runs")
    page.get_by_role("link", name="Watch it").click(timeout=LONG)
    page.get_by_text("Setting the model up").or_(page.get_by_text("Step 0")).first.wait_for()
    picture = page.get_by_alt_text("Space of run 1 at step 0")
    picture.wait_for(timeout=LONG)
    assert picture.evaluate("image => image.naturalWidth") > 200
    page.get_by_role("button", name="Step forward").click()
    page.get_by_alt_text("Space of run 1 at step 1").wait_for(timeout=LONG)
    page.get_by_text("These values are those of the study.").wait_for()
    accessible(page)
    shoot(page, "watch")
    page.get_by_label("Beside run").fill("0")
    page.get_by_role("button", name="Compare").click()
    page.get_by_alt_text("Space of run 0 at step 0").wait_for(timeout=LONG)
    page.get_by_role("button", name="Play").first.click()
    page.get_by_text("the end of the run").first.wait_for(timeout=LONG)
    shoot(page, "watch-two")
