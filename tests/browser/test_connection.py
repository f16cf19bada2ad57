"""A page before it is there, while its server is away, and when the server is back: in a real browser."""

import re

import pytest
from playwright.sync_api import expect

import mesa_lab as ml
from mesa_lab.drafts.from_experiment import from_experiment
from mesa_lab.drafts.link import to_query

LOST = (
    "ERR_CONNECTION_REFUSED",
    "ERR_CONNECTION_RESET",
    "ERR_EMPTY_RESPONSE",
    "Connection lost",
    "WebSocket",
    "ERR_CONNECTION_CLOSED",
)


@pytest.fixture
def may_be_away(troubles):
    """Forget what a browser says of a server that is away; what else went wrong stays."""
    yield
    troubles[:] = [
        each
        for each in troubles
        if not any(word in each for word in LOST) and "insertBefore" not in each and "classList" not in each
    ]  # Solara's own wheel, which our line stands for


def test_something_stands_there_at_once_and_can_be_enlarged(lab, browser, accessible):
    context = browser.new_context()
    page = context.new_page()
    page.route("**/*.js*", lambda route: route.abort())  # nothing but the page itself
    page.goto(lab.url)
    page.get_by_role("status", name="Mesa Lab is loading").wait_for()
    expect(page.locator("#ml-skeleton").get_by_text("Design")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "en"
    assert "maximum-scale" not in page.locator("meta[name=viewport]").get_attribute("content")
    accessible(page)
    context.close()


def test_the_first_picture_goes_and_the_keyboard_reaches_the_content(lab, visit):
    page = visit(lab)
    page.locator("#ml-skeleton").wait_for(state="detached")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "ml-main"
    expect(page).to_have_title("Model – Mesa Lab")
    page.get_by_role("link", name=re.compile("Design")).first.click()
    page.wait_for_function("document.title === 'Design – Mesa Lab'")
    page.wait_for_function("document.activeElement.id === 'ml-main'")
    button = page.get_by_role("button", name="Colours: as the system. Press to change.")
    button.click()
    page.get_by_role("button", name="Colours: dark. Press to change.").wait_for()
    assert page.locator(".v-theme--dark").count()


def test_pages_without_a_study_say_where_to_go(start_lab, visit, accessible):
    running = start_lab()
    page = visit(running)
    for path in (
        "/results",
        "/design",
        "/run",
        "/watch",
        "/explore",
        "/class",
        "/studies",
        "/results?study=none",
    ):
        page.goto(running.url + path)
        page.locator("main h1, main h2").first.wait_for()
        expect(page).not_to_have_title(re.compile("No such page"))
        accessible(page)


def test_an_address_without_a_page_says_so_in_the_app_s_own_words(lab, browser, accessible):
    context = browser.new_context()
    page = context.new_page()
    answer = page.goto(lab.url + "/nonsense/<img src=x onerror=alert(1)>")
    assert answer.status == 404
    expect(page.get_by_role("heading")).to_have_text("There is no such page")
    expect(page.locator("img")).to_have_count(0)
    accessible(page)
    page.get_by_role("link", name="To the start").click()
    page.get_by_role("heading", name="Choose a model").wait_for()
    context.close()


def test_a_page_says_that_the_server_is_away_and_comes_back_with_its_draft(
    start_lab, visit, may_be_away, tmp_path
):
    first = start_lab(studies=tmp_path / "studies")
    port = int(re.search(r":(\d+)", first.url)[1])
    page = visit(first)
    page.get_by_role("button", name=re.compile("^Schelling")).click()
    page.get_by_role("link", name="Design an experiment").click()
    page.get_by_role("textbox", name="Replications").fill("7")
    page.wait_for_function("location.search.includes('design=')")
    page.wait_for_timeout(600)  # the address follows what is typed
    page.get_by_role("link", name=re.compile("Results")).click()
    page.get_by_text("No results yet").first.wait_for()
    first.process.kill()
    first.process.wait()
    banner = page.locator("#ml-connection")
    banner.get_by_text("Not connected. Trying again").wait_for()
    start_lab(studies=tmp_path / "studies", port=port)
    banner.wait_for(state="hidden")
    page.get_by_text("No results yet").first.wait_for()
    assert "/results" in page.url
    page.get_by_role("link", name=re.compile("Design")).first.click()
    page.get_by_role("textbox", name="Replications").wait_for()
    expect(page.get_by_role("textbox", name="Replications")).to_have_value("7")


def test_pages_of_a_study_live_again_when_the_server_does(start_lab, visit, may_be_away, tmp_path):
    studies = tmp_path / "studies"
    studies.mkdir()
    space = {"density": ml.Real(0.5, 0.9), "homophily": ml.Real(0.2, 0.6), "width": 10, "height": 10}
    experiment = ml.Experiment(
        "mesa.examples:Schelling", space, ml.LatinHypercube(8), max_steps=3, outcomes=["happy"], seed=1
    )
    ml.run(experiment, studies / "lasting.study", progress=False, n_jobs=1, backend="sequential")
    first = start_lab(studies=studies)
    port = int(re.search(r":(\d+)", first.url)[1])
    results, watch, explore = (
        visit(first, f"/{path}")
        for path in ("results?study=lasting&tab=points", "watch?study=lasting&run=0", "explore?study=lasting")
    )
    results.get_by_role("button", name="Open Point 3", exact=True).wait_for()
    watch.get_by_alt_text("Space of run 0 at step 0").wait_for()
    explore.locator(".ml-ex-curve").first.wait_for(state="attached")
    first.process.kill()
    first.process.wait()
    for page in (results, watch, explore):
        page.locator("#ml-connection").get_by_text("Not connected. Trying again").wait_for()
    start_lab(studies=studies, port=port)
    for page in (results, watch, explore):
        page.locator("#ml-connection").wait_for(state="hidden")
    results.get_by_role("button", name="Open Point 3", exact=True).click()
    results.get_by_text("Only point 3.").first.wait_for()
    watch.get_by_role("button", name="Step forward").click()
    watch.get_by_alt_text("Space of run 0 at step 1").wait_for()
    slider = explore.get_by_role("slider", name="density", exact=True)
    before = slider.input_value()
    mean = explore.locator(".ml-ex-mean").first.inner_text()
    slider.focus()
    slider.press("End" if before != slider.get_attribute("max") else "Home")
    explore.wait_for_function(
        "before => document.querySelector('.ml-ex-mean').textContent !== before", arg=mean
    )


def test_what_was_typed_last_goes_before_a_press_though_the_server_answers_late(lab, visit):
    """A browser holds a text back while the one before it has no answer, but not that something was pressed."""
    page = visit(lab)
    answers, late = [], []

    def connect(socket):
        server = socket.connect_to_server()
        server.on_message(lambda answer: answers.append((socket, answer)) if late else socket.send(answer))

    page.route_web_socket("**", connect)
    experiment = ml.Experiment("mesa.examples:Schelling", {"density": ml.Levels([0.6, 0.7])}, max_steps=5)
    page.goto(f"{lab.url}/design?design={to_query(from_experiment(experiment))}")
    steps = page.get_by_role("textbox", name="Steps", exact=True)
    page.get_by_role("link", name="Continue to the runs").wait_for()

    late.append(True)
    steps.press("Control+A")
    steps.press_sequentially("345")
    page.get_by_role("link", name="Continue to the runs").click()
    page.wait_for_timeout(500)
    late.clear()
    for socket, answer in answers:
        socket.send(answer)
    page.wait_for_selector("text=at most 345 steps each")
