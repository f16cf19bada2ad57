"""From a model to its results in a real browser: with the mouse, by keyboard alone, dark, on a projector."""

import re

import pytest
from playwright.sync_api import expect

import mesa_lab as ml
from mesa_lab.workspace.workspace import Workspace

EVIL = "<img src=x onerror=alert(1)> {{ 7*7 }}"
OWN = f'''
import mesa


class Walkers(mesa.Model):
    """{EVIL} walk about.

    Args:
        many: How many there are.
        pace: How fast they are.
    """

    def __init__(self, many: int = 10, pace: float = 1.0, rng=None):
        super().__init__(rng=rng)
        self.many, self.pace, self.way = many, pace, 0.0
        self.datacollector = mesa.DataCollector({{"way": "way"}})

    def step(self):
        self.way += self.many * self.pace * self.random.random()
        self.datacollector.collect(self)
'''
FAILING = f'''
import mesa


class Stumbling(mesa.Model):
    """Falls."""

    def __init__(self, many: int = 10, rng=None):
        super().__init__(rng=rng)

    def step(self):
        raise ValueError({EVIL!r})
'''
LONG = 60_000  # milliseconds; worker processes run at a low priority, and start slowly on a busy machine
DRAWN = "[aria-label=Charts] .ml-chart-stage:not(.ml-chart-hidden) svg"
VIEWS = [(1280, 800, False), (1024, 768, True)]


@pytest.fixture(scope="module")
def own_lab(start_lab):
    """A server in a folder with models of somebody's own."""
    running = start_lab()
    (running.log.parent / "my_model.py").write_text(OWN)
    (running.log.parent / "failing.py").write_text(FAILING)
    return running


def choose(page, field, option):
    """Choose from a list."""
    page.get_by_role("combobox", name=field, exact=True).click(force=True)
    page.get_by_role("option", name=option).first.click()


def type_in(page, field, text):
    page.get_by_role("textbox", name=field, exact=True).fill(text)


def expect_runs(page, count):
    page.locator(".ml-total h2", has_text=re.compile(f"^{count}$")).wait_for()


COVERED = """() => {
    const covered = [];
    for (const one of document.querySelectorAll("main button, main a, main input")) {
        if (!one.checkVisibility() || one.disabled || one.closest(".ml-cards, .ml-table-frame")) continue;
        if (one.matches(".ml-skip")) continue;  // seen while it has the focus alone
        one.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
        const box = one.getBoundingClientRect();
        if (!box.width || !box.height) continue;
        const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        if (top && (one.contains(top) || top.closest(".v-input")?.contains(one))) continue;
        covered.push(`${one.outerHTML.slice(0, 150)} at ${box.x}, ${box.y} under ${top?.outerHTML.slice(0, 150)}`);
    }
    window.scrollTo(0, 0);
    return covered;
}"""


# Words with less than 4.5 times the light of their ground, or the other way round (WCAG 2.2, 1.4.3).
FAINT = """() => {
    const brush = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
    const read = (colour) => {
        brush.clearRect(0, 0, 1, 1);
        brush.fillStyle = colour;
        brush.fillRect(0, 0, 1, 1);
        const [red, green, blue, alpha] = brush.getImageData(0, 0, 1, 1).data;
        return [red, green, blue, alpha / 255];
    };
    const over = (top, ground, alpha) => top.slice(0, 3).map((part, at) => part * alpha + ground[at] * (1 - alpha));
    const light = (colour) => colour.map((part) => part / 255)
        .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
    const faint = [];
    const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (words.nextNode()) {
        const one = words.currentNode.parentElement;
        if (!words.currentNode.data.trim() || !one.checkVisibility({visibilityProperty: true, opacityProperty: true})
            || one.closest("[disabled], .v-input--disabled, script, style, [aria-hidden=true]")) continue;
        const line = [];
        for (let place = one; place; place = place.parentElement) line.unshift(place);
        let ground = [255, 255, 255], opacity = 1;
        for (const place of line) {
            const look = getComputedStyle(place), [red, green, blue, alpha] = read(look.backgroundColor);
            ground = over([red, green, blue], ground, alpha);
            opacity *= parseFloat(look.opacity);
        }
        const look = getComputedStyle(one), ink = read(one.closest("svg") ? look.fill : look.color);
        const lights = [light(over(ink, ground, ink[3] * opacity * (one.closest("svg") ? look.fillOpacity : 1))),
            light(ground)].sort();
        const contrast = (lights[1] + 0.05) / (lights[0] + 0.05);
        if (contrast < 4.5) faint.push(`${contrast.toFixed(1)}: ${words.currentNode.data.trim().slice(0, 60)}`);
    }
    return faint;
}"""


def assert_nothing_is_hidden(page):
    """Nothing stands outside of the window, what can be pressed lies under nothing else, and words can be read."""
    page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(COVERED) == []
    assert page.evaluate(FAINT) == []


def open_own(page, name):
    """Open a Python file of one's own."""
    page.get_by_role("combobox", name="Python file or module").fill(name)
    page.get_by_role("button", name="Open", exact=True).click()


@pytest.mark.parametrize(("width", "height", "dark"), VIEWS)
def test_wolves_and_sheep_from_model_to_results(own_lab, visit, shoot, accessible, width, height, dark):
    mode = f"{'dark' if dark else 'light'}-{width}"
    page = visit(own_lab, width=width, height=height, dark=dark)
    page.get_by_role("heading", name="From a model to an answer in four steps").wait_for()
    page.get_by_role("button", name=re.compile("^Wolf Sheep")).wait_for()
    accessible(page)
    shoot(page, f"model-empty-{mode}")
    page.get_by_role("button", name=re.compile("^Wolf Sheep")).click()
    page.get_by_role("heading", name="Wolf Sheep").wait_for()
    shoot(page, f"model-chosen-{mode}")
    type_in(page, "Steps", "20")
    page.get_by_role("button", name="Try it").click()
    page.wait_for_selector("text=steps per second", timeout=LONG)
    page.wait_for_selector(".ml-charts svg")
    assert_nothing_is_hidden(page)
    accessible(page)
    shoot(page, f"model-tried-{mode}")

    page.get_by_role("link", name="Design an experiment").click()
    page.wait_for_url("**/design?**")
    page.get_by_role("heading", name="Parameters").wait_for()
    assert_nothing_is_hidden(page)
    type_in(page, "Size", "2")
    type_in(page, "Replications", "2")
    type_in(page, "Steps", "5")
    expect_runs(page, "4 runs")
    page.wait_for_selector(".ml-preview .ml-chart svg")
    assert_nothing_is_hidden(page)
    accessible(page)
    shoot(page, f"design-{mode}")

    page.get_by_role("link", name="Continue to the runs").click()
    page.wait_for_selector("text=4 runs: 2 points × 2 replications, at most 5 steps each")
    assert_nothing_is_hidden(page)
    accessible(page)
    shoot(page, f"run-start-{mode}")
    # Typed and started at once: the click must not overtake the last letters.
    page.get_by_role("textbox", name="Name of the study").press_sequentially(f"wolves {mode}")
    page.get_by_role("button", name="Start 4 runs").click()
    page.wait_for_selector("text=All 4 runs are done", timeout=LONG)
    page.wait_for_selector(".ml-live svg")
    assert_nothing_is_hidden(page)
    accessible(page)
    shoot(page, f"run-done-{mode}")

    page.get_by_role("link", name="See the results").click()
    page.get_by_role("tab", name="Charts", exact=True).click()
    page.wait_for_selector(DRAWN)
    page.get_by_role("region", name="Tables").get_by_text("1 to 4 of 4", exact=True).wait_for()
    assert_nothing_is_hidden(page)
    accessible(page)
    assert (own_lab.studies / f"wolves {mode}.study").exists()
    for step in ("Model", "Design", "Run", "Results"):
        page.get_by_role("navigation").get_by_role(
            "link", name=re.compile(rf"^\d? ?{step} \(done\)")
        ).wait_for()


def test_a_file_that_cannot_be_used_says_why(own_lab, visit, shoot, accessible):
    page = visit(own_lab)
    for name, words in (
        ("none.py", "none.py"),
        ("json:JSONDecoder", "JSONDecoder"),
        ("my_model.py:Walker", "Walkers"),
    ):
        open_own(page, name)
        page.locator("section[aria-label='Open a model of your own'] [role=alert]", has_text=words).wait_for()
    accessible(page)
    shoot(page, "model-mistake")
    open_own(page, "failing.py")
    page.get_by_role("heading", name="Stumbling").wait_for()
    page.get_by_role("button", name="Try it").click()
    page.wait_for_selector("text=The run failed while stepping", timeout=LONG)
    page.get_by_text("Traceback", exact=True).click()
    trace = page.locator("details.ml-details pre").inner_text()
    assert "failing.py" in trace
    assert EVIL in trace
    expect(page.locator("main img")).to_have_count(0)
    accessible(page)
    shoot(page, "model-failing")


def give_file(page, name, content):
    page.locator("input[type=file][accept='.csv,.tsv,.txt']").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": content}
    )


def test_a_file_and_points_of_ones_own_from_model_to_results(own_lab, visit, shoot):
    page = visit(own_lab)
    open_own(page, "my_model.py")
    page.get_by_role("heading", name="Walkers").wait_for()
    page.wait_for_selector(f"text={EVIL} walk about.")
    page.get_by_role("link", name="Design an experiment").click()
    choose(page, "Design", "Table")
    page.get_by_role("button", name="Upload a CSV file").wait_for()
    give_file(page, "points.csv", b"\xef\xbb\xbfmany;pace\r\n10;0,5\r\n20;1,5\r\n30;2\r\n")
    page.wait_for_selector(".ml-total >> text=3 points")
    expect(page.get_by_role("group", name="pace").get_by_text("From the table")).to_be_visible()
    field = page.locator("section[aria-label=Design]")
    for name, content, words in (
        ("odd.csv", b"many,pace\n10\n", "odd.csv: Line 2 has 1 value, the header 2."),
        (f"{EVIL}.csv", b"\x89PNG\0\xff", f"{EVIL}.csv: The file is no text in UTF-8."),
        ("bare.csv", b"many,pace\n", "bare.csv: The table has a header and no points."),
        ("large.csv", b"many\n" + b"1\n" * 2_600_000, "large.csv: It is larger than 5 MB."),
    ):
        give_file(page, name, content)
        field.get_by_text(words).wait_for()
    shoot(page, "design-bad-file")
    page.wait_for_selector(".ml-total >> text=3 points")  # what was there is kept
    give_file(page, "strange.csv", f"many,{EVIL}\n1,2\n".encode())
    field.get_by_text("There is no parameter").or_(field.get_by_text(EVIL)).first.wait_for()
    page.get_by_role("button", name="Continue to the runs").wait_for()
    expect(page.get_by_role("button", name="Continue to the runs")).to_be_disabled()
    expect(page.locator("main img")).to_have_count(0)

    give_file(page, "points.csv", b"many,pace\n10,0.5\n20,1.5\n")
    type_in(page, "Replications", "2")
    type_in(page, "Steps", "4")
    expect_runs(page, "4 runs")
    page.get_by_role("link", name="Continue to the runs").click()
    page.get_by_role("button", name="Start 4 runs").click()
    page.wait_for_selector("text=All 4 runs are done", timeout=LONG)
    page.get_by_role("link", name="See the results").click()
    page.get_by_role("tab", name="Charts", exact=True).click()
    page.wait_for_selector(DRAWN)
    page.get_by_role("region", name="Tables").get_by_text("1 to 4 of 4", exact=True).wait_for()
    expect(page.locator("main img")).to_have_count(0)


FOCUSED = """() => {
    const one = document.activeElement, look = getComputedStyle(one), by = one.getAttribute("aria-labelledby");
    const name = one.getAttribute("aria-label") || one.labels?.[0]?.innerText
        || (by && document.getElementById(by)?.innerText) || one.innerText;
    const seen = one.checkVisibility() && (one.closest(".v-field--focused") !== null
        || (look.outlineStyle !== "none" && parseFloat(look.outlineWidth) > 0) || look.boxShadow !== "none"
        || one.closest(".v-btn, .v-selection-control--focus-visible") !== null);
    return {name: name.split(/\\s+/).join(" "), seen: seen || one === document.body || one.id === "ml-main", what: one.outerHTML.slice(0, 200)};
}"""


def tab_to(page, name, most=150):
    """Press Tab until something of that name has the focus; all on the way must show that they have it."""
    for _ in range(most):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        assert found["seen"], found["what"]
        if found["name"].startswith(name):
            return
    pytest.fail(f"{name!r} was not reached by Tab")


def arrow_to(page, name, most=200):
    """Go up the options of an open list to that of a name."""
    for _ in range(most):
        # The list itself may have the focus at first; it has all the names in it.
        found = page.evaluate("document.activeElement.closest('[role=option]')?.innerText ?? ''")
        if found.strip().startswith(name):
            return
        page.keyboard.press("ArrowUp" if found else "End")
    pytest.fail(f"{name!r} was not reached by arrows")


def test_the_whole_way_by_keyboard_alone(own_lab, visit):
    page = visit(own_lab)
    keys = page.keyboard
    page.get_by_role("button", name=re.compile("^Wolf Sheep")).wait_for()
    tab_to(page, "Search models")
    keys.type("wolf")
    page.get_by_role("button", name=re.compile("^Schelling")).wait_for(state="detached")
    tab_to(page, "Wolf Sheep")
    keys.press("Enter")
    page.get_by_role("heading", name="Wolf Sheep").wait_for()
    tab_to(page, "Design an experiment")
    keys.press("Enter")
    page.wait_for_url("**/design?**")
    page.get_by_role("heading", name="Parameters").wait_for()
    tab_to(page, "How initial_wolves varies")
    keys.press("Enter")
    page.get_by_role("option", name="Levels").wait_for()
    arrow_to(page, "Levels")
    keys.press("Enter")
    page.get_by_role("textbox", name="initial_wolves: Values, separated by commas").wait_for()
    tab_to(page, "initial_wolves: Values")
    keys.press("Control+A")
    keys.type("10, 20")
    tab_to(page, "Size")
    keys.press("Control+A")
    keys.type("2")
    tab_to(page, "Replications")
    keys.press("Control+A")
    keys.type("1")
    tab_to(page, "Steps")
    keys.press("Control+A")
    keys.type("3")
    expect_runs(page, "2 runs")
    tab_to(page, "Continue to the runs")
    keys.press("Enter")
    page.wait_for_selector("text=2 runs: 2 points × 1 replication, at most 3 steps each")
    tab_to(page, "Name of the study")
    keys.type("by keyboard/")
    page.get_by_text("A name cannot hold /.").wait_for()
    keys.press("Backspace")
    page.get_by_text("A name cannot hold /.").wait_for(state="hidden")
    tab_to(page, "Start 2 runs")
    keys.press("Space")
    page.wait_for_selector("text=All 2 runs are done", timeout=LONG)
    tab_to(page, "See the results")
    keys.press("Enter")
    tab_to(page, "Charts")
    keys.press("Enter")
    page.wait_for_selector(DRAWN)
    tab_to(page, "Over the steps")
    keys.press("Enter")
    page.wait_for_selector(".ml-tab-on:has-text('Over the steps')")


def test_a_run_is_watched_by_keyboard_alone(lab, visit):
    experiment = ml.Experiment("mesa.examples:Schelling", {"density": [0.6, 0.8]}, max_steps=4, seed=3)
    ref = Workspace(lab.studies).make("by_keys", experiment)
    ml.run(experiment, ref.path, n_jobs=1, progress=False)
    page = visit(lab, "/watch?study=by_keys&run=1")
    page.get_by_alt_text("Space of run 1 at step 0").wait_for(timeout=LONG)
    tab_to(page, "Skip to the content", most=1)
    page.keyboard.press("Enter")
    tab_to(page, "Step forward", most=15)
    page.keyboard.press("Enter")
    page.get_by_alt_text("Space of run 1 at step 1").wait_for(timeout=LONG)
    tab_to(page, "Play")
    page.keyboard.press("Space")
    page.get_by_text("the end of the run").first.wait_for(timeout=LONG)
