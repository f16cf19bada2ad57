"""Every page of a study at 200 %: a window of 640 × 400 CSS pixels. Nothing is cut off, and few Tabs lead to what the page is for."""

import re

import pytest

import mesa_lab as ml

MOST_TABS = 15
PAGES = (  # what is seen of a page, and the button or link that it is for
    ("/run?study=zoomed", ".ml-live svg", "See the results"),
    ("/results?study=zoomed", ".ml-answer-sentence", "Charts"),
    (
        "/results?study=zoomed&tab=charts",
        "[aria-label=Charts] .ml-chart-stage:not(.ml-chart-hidden) svg",
        "Over the steps",
    ),
    ("/results?study=zoomed&tab=compare", "main table", "Two levels"),
    ("/studies", ".ml-study", "New experiment"),
    ("/watch?study=zoomed&run=0", ".ml-watch-picture", "Play"),
)
# What lies to the right of the window and in nothing that can be scrolled.
NOTHING_CUT = """() => document.documentElement.scrollWidth <= innerWidth
    && ![...document.querySelectorAll('header *, main *')].some((one) => {
        const box = one.getBoundingClientRect();
        if (!box.width || box.right <= innerWidth + 1 || !one.checkVisibility()) return false;
        for (let place = one; place; place = place.parentElement) {
            if (['auto', 'scroll'].includes(getComputedStyle(place).overflowX)) return false;
        }
        return true;
    })"""
FOCUSED = """() => {
    const one = document.activeElement, box = one.getBoundingClientRect();
    const label = document.getElementById(one.getAttribute('aria-labelledby'));
    const name = one.getAttribute('aria-label') || label?.innerText || one.labels?.[0]?.innerText || one.innerText;
    return {name: name.split(/\\s+/).join(' ').trim(), inside: box.left >= 0 && box.right <= innerWidth && box.top >= 0};
}"""


@pytest.fixture(scope="module")
def zoomed(lab):
    lab.studies.mkdir(parents=True, exist_ok=True)
    experiment = ml.Experiment(
        "mesa.examples:Schelling",
        {"density": [0.5, 0.7], "homophily": [0.3, 0.5], "width": 8, "height": 8},
        replications=3,
        max_steps=3,
        seed=1,
    )
    ml.run(experiment, lab.studies / "zoomed.study", progress=False, n_jobs=1, backend="sequential")
    return lab


def assert_reached(page, name, *, skipping=True):
    """What the page is for is reached by few Tabs from its content, where the first skip link leads."""
    page.evaluate("document.getElementById('ml-main').focus()")
    passed = []
    while len(passed) < MOST_TABS - 1:
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found["name"].startswith(name):
            assert found["inside"], name
            return
        if skipping and found["name"].startswith("Skip "):
            assert found["inside"], found["name"]
            page.keyboard.press("Enter")
        passed.append(found["name"])
    pytest.fail(f"{page.url}: {name!r} is not among {passed}")


def test_pages_at_200_percent_are_whole_and_few_tabs_long(zoomed, visit, shoot):
    page = visit(zoomed, width=640, height=400)
    page.get_by_role("button", name=re.compile("^Schelling")).wait_for()
    page.wait_for_function(NOTHING_CUT)
    assert_reached(page, "Search models", skipping=False)
    page.get_by_role("button", name=re.compile("^Schelling")).click()
    page.get_by_role("heading", name="Schelling").wait_for()
    page.wait_for_function(NOTHING_CUT)
    assert_reached(page, "Design an experiment")
    shoot(page, "model 200 percent")
    page.get_by_role("link", name="Design an experiment").click()
    page.wait_for_selector(".ml-preview .ml-chart svg")
    page.wait_for_function(NOTHING_CUT)
    assert_reached(page, "Continue to the runs")
    shoot(page, "design 200 percent")
    for path, seen, name in PAGES:
        page.goto(zoomed.url + path)
        page.locator(seen).first.wait_for()
        page.wait_for_function(NOTHING_CUT)
        assert_reached(page, name)
        shoot(page, f"{path} 200 percent")
