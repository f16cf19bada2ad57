"""The chart component: what it draws, what it sends back, and what it never does."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

PAGE = Path(__file__).parent / "pages" / "charts.py"
CHART = "figure[aria-label='A line of points']"


@pytest.fixture(scope="module")
def charts(start_lab):
    return start_lab(pages=PAGE)


@pytest.fixture
def page(charts, visit):
    page = visit(charts)
    page.wait_for_selector(f"{CHART} svg")
    return page


def test_texts_stay_texts(page):
    title = page.locator(f"{CHART} svg .mark-text.role-title-text")
    expect(title).to_have_text("<img src=x onerror=alert(1)> {{ 7*7 }}")
    page.locator(f"{CHART} .mark-symbol.role-mark path").nth(1).hover()
    page.wait_for_selector("#ml-tooltip:visible")
    expect(page.locator("#ml-tooltip")).to_contain_text('x" onerror="alert(1)')
    page.get_by_role("button", name="Show the data as a table: A line of points").click()
    expect(page.locator(f"{CHART} table")).to_contain_text("<img src=x onerror=alert(1)> {{ 7*7 }}")
    expect(page.locator("figure img")).to_have_count(0)
    expect(page.locator("#ml-tooltip img")).to_have_count(0)


def test_only_a_changed_specification_is_drawn_again(page):
    mark = "document.querySelector(\"figure[aria-label='A line of points'] svg\")"
    page.evaluate(f"{mark}.dataset.first = 'yes'")
    page.get_by_role("button", name="render").click()
    page.wait_for_selector("text=renders 1")
    assert page.evaluate(f"{mark}.dataset.first") == "yes"
    page.get_by_role("button", name="steeper").click()
    page.wait_for_selector("text=slope 2")
    page.wait_for_function(f"{mark}.dataset.first !== 'yes'")
    expect(page.locator(f"{CHART} svg")).to_have_count(1)


def test_a_click_reaches_python(page):
    page.locator(f"{CHART} .mark-symbol.role-mark path").nth(1).click()
    page.wait_for_selector("text=clicked 1")


def test_a_brush_reaches_python_and_ends_with_its_drawing(page):
    box = page.locator(f"{CHART} svg .role-frame.root > g > path.background").first.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 100, steps=4)
    page.mouse.up()
    page.wait_for_selector("text=brush ['x', 'y']")
    page.get_by_role("button", name="steeper").click()
    page.wait_for_selector("text=brush None")


def test_it_follows_the_mode_without_drawing_again(page):
    ink = f'getComputedStyle(document.querySelector("{CHART} svg text")).fill'
    before = page.evaluate(ink)
    mark = f'document.querySelector("{CHART} svg")'
    page.evaluate(f"{mark}.dataset.first = 'yes'")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{ink} !== {before!r}")
    assert page.evaluate(f"{mark}.dataset.first") == "yes"


def test_it_takes_the_width_of_its_surroundings(page):
    page.set_viewport_size({"width": 700, "height": 700})
    page.wait_for_function(f'document.querySelector("{CHART} svg").getBoundingClientRect().width <= 700')
    page.wait_for_function("document.documentElement.scrollWidth <= 700")


def test_it_can_be_taken_away(page):
    for button, name, start in [
        ("Download the data as CSV", "points.csv", b"x,y,"),
        ("Download the chart as PNG", "points.png", b"\x89PNG"),
        ("Download the chart as SVG", "points.svg", b"<svg"),
    ]:
        with page.expect_download() as waiting:
            page.get_by_role("button", name=f"{button}: A line of points").click()
        assert waiting.value.suggested_filename == name
        assert Path(waiting.value.path()).read_bytes().startswith(start)


def test_what_cannot_be_drawn_says_so(page):
    for label, words in [
        ("An empty chart", "Nothing here."),
        ("A broken chart", "This chart cannot be drawn"),
        ("A chart that wants to fetch", "charts load nothing"),
        ("A chart of too much", "more than 20,000 data points"),
    ]:
        page.wait_for_selector(f"figure[aria-label='{label}'] >> text={words}")
