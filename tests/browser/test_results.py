"""The results page in a real browser: charts, tables, a run, files, light and dark."""

import pytest
from playwright.sync_api import expect

import mesa_lab as ml

NASTY = "<img src=x onerror=alert(1)> {{ 7 * 7 }}"


@pytest.fixture(scope="module")
def results(lab):
    lab.studies.mkdir(parents=True, exist_ok=True)
    experiment = ml.Experiment(
        "mesa.examples:Schelling",
        {"density": [0.5, 0.6, 0.7, 0.8], "homophily": [0.3, 0.4, 0.5], "width": 10, "height": 10},
        replications=5,
        max_steps=10,
        outcomes={"happy": "happy", NASTY: "happy"},
        seed=1,
    )
    ml.run(experiment, lab.studies / "neighbours.study", progress=False, n_jobs=1, backend="sequential")
    return lab


@pytest.mark.parametrize(("width", "height", "dark"), [(1280, 800, False), (1024, 768, True)])
def test_every_kind_of_chart_is_drawn(results, visit, shoot, accessible, width, height, dark):
    page = visit(results, "/results?study=neighbours&tab=charts", width=width, height=height, dark=dark)
    for title, words in (
        ("Against a parameter", "happy against density"),
        ("Over the steps", "happy over the steps"),
        ("Over two parameters", "happy by density and homophily"),
        ("Spread over runs", "Spread of happy over runs"),
        ("The design, coloured", "Design points coloured by happy"),
    ):
        page.get_by_role("tab", name=title).click()
        page.wait_for_selector(f".ml-tab-on:has-text('{title}')")
        page.locator(".ml-chart-stage:not(.ml-chart-hidden) svg", has_text=words).wait_for()
        expect(page.locator("svg [fill*='url(http'], svg [clip-path*='url(http']")).to_have_count(0)
        if not dark:
            accessible(page)
        shoot(page, f"results {title.lower()} {'dark' if dark else 'light'} {width}")
    page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")


def test_from_a_point_to_its_runs_to_one_run(results, visit, shoot, accessible):
    page = visit(results, "/results?study=neighbours&tab=charts")
    tables = page.get_by_role("region", name="Tables")
    page.get_by_role("region", name="Tables").get_by_role("tab", name="Points", exact=True).click()
    page.get_by_role("button", name="Open Point 3", exact=True).click()
    tables.get_by_text("Only point 3.").wait_for()
    tables.get_by_text("1 to 5 of 5", exact=True).wait_for()
    page.get_by_role("button", name="Open Run", exact=False).first.click()
    page.get_by_text("The same run again").wait_for()
    page.wait_for_selector(".ml-run .ml-chart-stage svg")
    accessible(page)
    shoot(page, "results one run")
    page.get_by_role("button", name="Back to the table").click()
    tables.get_by_text("1 to 5 of 5", exact=True).wait_for()


def test_three_charts_leave_no_empty_place(results, visit, shoot):
    outcomes = {"happy": "happy", "content": "happy", "settled": "happy"}
    experiment = ml.Experiment(
        "mesa.examples:Schelling", {"density": [0.6]}, max_steps=3, outcomes=outcomes, seed=1
    )
    ml.run(experiment, results.studies / "three.study", progress=False, n_jobs=1, backend="sequential")
    page = visit(results, "/results?study=three&run=0", width=1024, height=768)
    figures = page.locator(".ml-run .ml-figure")
    figures.nth(2).locator("svg").wait_for()
    # All places are read at one moment, and again until the browser has laid the page out anew.
    laid_out = """(rows) => {
        const all = document.querySelector('.ml-run .ml-charts').getBoundingClientRect();
        const places = [...document.querySelectorAll('.ml-run .ml-figure')].map((one) => one.getBoundingClientRect());
        const tops = new Set(places.map((place) => Math.round(place.top)));
        return places.length === 3 && tops.size === rows && all.right - places[2].right < 1;
    }"""
    page.wait_for_function(laid_out, arg=1)
    shoot(page, "results three charts 1024")
    page.set_viewport_size({"width": 820, "height": 768})
    page.wait_for_function(laid_out, arg=2)


def test_the_keyboard_does_all_of_it(results, visit):
    page = visit(results, "/results?study=neighbours&tab=charts")
    keys, tables = page.keyboard, page.get_by_role("region", name="Tables")
    tables.get_by_text("1 to 15 of 60", exact=True).wait_for()
    focused = "document.activeElement.getAttribute('aria-label') || document.activeElement.innerText"

    def tab_to(name):
        for _ in range(150):
            keys.press("Tab")
            if " ".join((page.evaluate(focused) or "").split()).startswith(name):
                return
        pytest.fail(f"{name!r} was not reached by Tab")

    tab_to("Over the steps")
    keys.press("Enter")
    page.wait_for_selector(".ml-tab-on:has-text('Over the steps')")
    page.wait_for_selector(".ml-chart-stage:not(.ml-chart-hidden) svg")
    tab_to("Show the data as a table")
    keys.press("Enter")
    page.wait_for_selector("[aria-label=Charts] .ml-chart-table table")
    tab_to("Points")
    keys.press("Enter")
    tab_to("Open Point 3")
    keys.press("Enter")
    tables.get_by_text("1 to 5 of 5", exact=True).wait_for()
    tab_to("Open Run")
    keys.press("Enter")
    page.get_by_text("The same run again").wait_for()
    tab_to("Back to the table")
    keys.press("Enter")
    tables.get_by_text("1 to 5 of 5", exact=True).wait_for()


def test_a_mark_of_a_chart_leads_to_its_runs(results, visit):
    page = visit(results, "/results?study=neighbours&tab=charts")
    tables = page.get_by_role("region", name="Tables")
    marks = "[aria-label='Charts'] .ml-chart-stage:not(.ml-chart-hidden) svg .mark-symbol path"
    tables.get_by_text("1 to 15 of 60", exact=True).wait_for()
    page.wait_for_selector(marks)
    page.locator(marks).last.click()
    tables.get_by_text("Only 3 chosen points.").wait_for()
    tables.get_by_text("1 to 15 of 15", exact=True).wait_for()
    page.get_by_role("button", name="Show all").click()
    tables.get_by_text("1 to 15 of 60", exact=True).wait_for()


def test_a_table_is_filtered_and_saved(results, visit):
    page = visit(results, "/results?study=neighbours&tab=charts")
    tables = page.get_by_role("region", name="Tables")
    tables.get_by_text("1 to 15 of 60", exact=True).wait_for()
    tables.get_by_role("textbox").first.fill("density > 0.75 and replication == 0")
    tables.get_by_text("1 to 3 of 3 (60 in all)").wait_for()
    with page.expect_download() as saved:
        tables.get_by_role("button", name="CSV").click()
    assert saved.value.suggested_filename == "runs.csv"
    assert len(saved.value.path().read_text().splitlines()) == 4
    tables.get_by_role("textbox").first.fill("densty > 1")
    tables.get_by_text("There is no column 'densty'").wait_for()


def test_the_report_and_the_study_can_be_taken_away(results, visit):
    page = visit(results, "/results?study=neighbours&tab=charts")
    for button, name, start in (
        ("Report", "neighbours.html", b"<!"),
        ("Study file", "neighbours.study", b"SQLite format 3"),
    ):
        with page.expect_download() as saved:
            page.get_by_role("button", name=button).click()
        assert saved.value.suggested_filename == name
        assert saved.value.path().read_bytes().startswith(start)


def test_the_projector_view_shows_an_answer_or_a_chart_alone(results, visit, shoot, accessible):
    page = visit(results, "/results?study=neighbours&tab=charts", width=1920, height=1080)
    page.locator(".ml-chart-stage:not(.ml-chart-hidden) svg").wait_for()
    # What the system's colours are may change while a page is open: its charts follow too.
    light = "part => getComputedStyle(document.querySelector(part)).fill.match(/\\d+/g).every((each) => each > 127)"
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(light, arg=".ml-chart-stage:not(.ml-chart-hidden) svg text")
    page.emulate_media(color_scheme="light")
    page.wait_for_selector(".v-application.v-theme--light")
    button, header = page.get_by_role("button", name="Projector view (P)"), page.locator(".ml-header")
    button.click()
    page.locator(".ml-projected svg").wait_for()
    expect(header).to_be_hidden()
    shoot(page, "projector chart")
    page.keyboard.press("Escape")
    header.wait_for()
    expect(page.locator(".ml-projected")).to_have_count(0)
    page.get_by_role("tab", name="Answers").click()
    page.locator(".ml-answer svg").first.wait_for()
    page.keyboard.press("p")
    page.locator(".ml-projected .ml-answer-sentence").wait_for()
    expect(header).to_be_hidden()
    accessible(page)
    shoot(page, "projector answer")
    page.keyboard.press("p")
    header.wait_for()
    page.get_by_role("tab", name="Points").click()
    page.get_by_role("textbox", name="Filter Points").type("p")
    expect(page.locator(".ml-projected")).to_have_count(0)
    accessible(page)
    page.get_by_role("tab", name="Compare").click()
    page.get_by_text("Compared with it").wait_for()
    accessible(page)
