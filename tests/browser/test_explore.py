"""A model is explored in a real browser: a slider is turned by keys, curves follow, the model runs where it rests."""

import re
from urllib.parse import quote

from playwright.sync_api import expect

import mesa_lab as ml
from mesa_lab.workspace.workspace import Workspace

LONG = 120_000


def test_a_slider_is_turned_and_the_model_runs_where_it_rests(lab, visit, shoot):
    experiment = ml.Experiment(
        "mesa.examples:Schelling",
        {"density": ml.Real(0.5, 0.9), "homophily": ml.Real(0.1, 0.9), "radius": ml.Integer(1, 3)},
        design=ml.LatinHypercube(16),
        replications=2,
        max_steps=8,
        seed=3,
        outcomes=["happy", "pct_happy"],
    )
    ref = Workspace(lab.studies).make("explored", experiment)
    ml.run(experiment, ref.path, n_jobs=1, progress=False)
    page = visit(lab, "/explore?study=explored")
    slider = page.get_by_role("slider", name="density", exact=True)
    slider.wait_for(timeout=LONG)
    page.locator(".ml-ex-curve").first.wait_for(state="attached", timeout=LONG)
    before = page.locator(".ml-ex-mean").first.inner_text()
    assert page.get_by_label("radius", exact=True).locator(".ml-ex-stops").first.locator(
        "span"
    ).all_inner_texts() == ["1", "2", "3"]
    shoot(page, "explore")
    slider.focus()
    for _ in range(25):
        slider.press("ArrowRight")
    page.wait_for_function(
        "before => document.querySelector('.ml-ex-mean').textContent !== before", arg=before, timeout=LONG
    )
    page.get_by_text(re.compile(r"^measured, \d+ runs$")).first.wait_for(timeout=LONG)
    assert "study=explored_explore" in page.url
    page.get_by_label("Name of this setting").fill("dense")
    page.get_by_role("button", name="Remember", exact=True).click()
    page.get_by_role("button", name="Go there").wait_for()
    field = page.get_by_label("Value of radius")
    field.fill("9")
    # The fields are drawn again whenever a slider is turned or a run comes in; what is being written stays.
    turned = "slider => { slider.value = +slider.value + 1; slider.dispatchEvent(new Event('input')); }"
    homophily = page.get_by_role("slider", name="homophily", exact=True)
    homophily.evaluate(turned)
    expect(page.get_by_label("Value of homophily")).not_to_have_value("0.5")
    expect(field).to_have_value("9")
    homophily.evaluate(turned.replace("+ 1", "- 1"))
    expect(page.get_by_label("Value of homophily")).to_have_value("0.5")
    field.press("Enter")
    page.get_by_text("radius = 9 lies outside of its range").wait_for()
    shoot(page, "explore-measured")
    there = page.url
    page.reload()
    page.get_by_text(re.compile(r"^measured, \d+ runs$")).first.wait_for(timeout=LONG)
    assert page.url == there

    # Whoever gets the link sees the same setting, and what was measured there; what makes no sense in one is passed over.
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Link").click()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == there
    at = slider.get_attribute("aria-valuetext")
    other = visit(lab, link.removeprefix(lab.url))
    other.get_by_text(re.compile(r"^measured, \d+ runs$")).first.wait_for(timeout=LONG)
    assert other.get_by_role("slider", name="density", exact=True).get_attribute("aria-valuetext") == at
    odd = quote('{"density": "<b>9</b>", "nope": 1, "radius": 2}')
    other.goto(f"{lab.url}/explore?study=explored_explore&at={odd}")
    expect(other.get_by_label("Value of radius")).to_have_value("2", timeout=LONG)
    assert other.get_by_role("slider", name="density", exact=True).get_attribute("aria-valuetext") == at
    other.close()

    # Searches begin here, and what they found is gone to.
    region = page.get_by_role("region", name="Search from here")
    region.get_by_label("Runs at most").fill("20")
    region.get_by_role("button", name="Find the best setting").click()
    region.get_by_role("link", name=re.compile("_best")).wait_for(timeout=LONG)
    go = region.get_by_role("button", name="Go there")
    go.wait_for(timeout=LONG)
    go.click()
    page.wait_for_url(lambda url: url != there, timeout=LONG)
    page.get_by_text(re.compile(r"^measured, \d+ runs$")).first.wait_for(timeout=LONG)
    region.get_by_label("Mean known to").fill("30")
    region.get_by_role("button", name="Run this setting until precise").click()
    region.get_by_role("link", name=re.compile("_precise")).wait_for(timeout=LONG)
    expect(region.get_by_text("Finished")).to_have_count(2, timeout=LONG)
    shoot(page, "explore-searched")


def test_on_a_phone_in_the_dark(lab, visit, shoot, accessible):
    experiment = ml.Experiment(
        "mesa.examples:Schelling",
        {"density": ml.Real(0.5, 0.9), "homophily": ml.Real(0.1, 0.9)},
        design=ml.LatinHypercube(8),
        max_steps=4,
        outcomes=["happy", "pct_happy"],
    )
    ref = Workspace(lab.studies).make("phone", experiment)
    ml.run(experiment, ref.path, n_jobs=1, progress=False)
    page = visit(lab, "/explore?study=phone", width=390, height=844, dark=True)
    page.locator(".ml-ex-curve").first.wait_for(state="attached", timeout=LONG)
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    accessible(page)
    shoot(page, "explore-phone")
