"""Running studies in a real browser: start, pause, continue, stop; reload and restart; failures; other people."""

import re
from contextlib import suppress
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

import mesa_lab as ml
from mesa_lab.drafts.from_experiment import from_experiment
from mesa_lab.drafts.link import to_query
from mesa_lab.errors import MesaLabError
from mesa_lab.running import background
from mesa_lab.workspace.workspace import Workspace

EVIL = "<img src=x onerror=alert(1)> {{ 7*7 }}"
MODELS = f"""
import time
import mesa


class Slow(mesa.Model):
    '''Takes its time.'''

    def __init__(self, size=1, rng=None):
        super().__init__(rng=rng)
        self.size, self.total = size, 0
        self.datacollector = mesa.DataCollector({{"total": "total"}})

    def step(self):
        time.sleep(0.05)
        self.total += self.size
        self.datacollector.collect(self)


class Failing(Slow):
    def step(self):
        super().step()
        if self.size > 1:
            raise ValueError({EVIL!r})
"""
SCHELLING = "mesa.examples:Schelling"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "slow_models.py"
    path.write_text(MODELS)
    return path


@pytest.fixture
def make(models):
    """A function that makes a study in the folder of a server, by default of ten minutes; whatever still runs is ended with the test."""
    made = []

    def make(lab, name, model="Slow", sizes=(1, 2), replications=3000, **more):
        reference = model if ":" in model else f"{models}:{model}"
        space = Workspace(lab.studies)
        words = {"parameters": {"size": list(sizes)}, "replications": replications, "max_steps": 4}
        ref = space.make(name, ml.Experiment(reference, **(words | more)))
        made.append(ref)
        return ref

    yield make
    for ref in made:
        with suppress(MesaLabError):
            background.stop(ref.path)


def done(page):
    """How many runs are done, by what the page says."""
    return int(page.locator(".ml-figures dd").first.inner_text().split(" of ")[0].replace(",", ""))


def wait_for_state(page, state):
    page.wait_for_selector(f".ml-progress .ml-state-{state}")


def start(page):
    page.get_by_role("button", name="Start").click()
    wait_for_state(page, "running")


def test_start_pause_continue_stop(lab, visit, make, shoot, accessible):
    make(lab, "slow")
    page = visit(lab, "/run?study=slow")
    page.get_by_role("button", name="Start").wait_for()
    shoot(page, "run-new")
    start(page)
    page.wait_for_selector(".ml-live svg")
    shoot(page, "run-running")
    page.get_by_role("button", name="Pause").click()
    wait_for_state(page, "paused")
    paused_at = done(page)
    accessible(page)
    shoot(page, "run-paused")
    page.get_by_role("button", name="Continue").click()
    wait_for_state(page, "running")
    page.wait_for_function(
        "(n) => parseInt(document.querySelector('.ml-figures dd').textContent) > n", arg=paused_at
    )
    page.get_by_role("button", name="Stop").click()
    wait_for_state(page, "stopped")
    page.wait_for_selector("text=what is done is kept")
    page.get_by_role("button", name="Continue").wait_for()


def test_a_reload_in_the_middle_finds_it_again(lab, visit, make):
    make(lab, "reloaded")
    page = visit(lab, "/run?study=reloaded")
    start(page)
    page.wait_for_function("parseInt(document.querySelector('.ml-figures dd').textContent) > 0")
    before = done(page)
    page.reload()
    wait_for_state(page, "running")
    assert done(page) >= before
    page.get_by_role("button", name="Stop").click()
    wait_for_state(page, "stopped")


def test_another_page_and_back_finds_it_again(lab, visit, make):
    make(lab, "left")
    page = visit(lab, "/run?study=left")
    start(page)
    page.get_by_role("link", name="Studies").click()
    row = page.locator("tr", has=page.get_by_role("link", name="left", exact=True))
    row.locator(".ml-state-running").wait_for()
    page.get_by_role("navigation").get_by_role("link", name="Run").click()
    wait_for_state(page, "running")
    page.get_by_role("button", name="Stop").click()
    wait_for_state(page, "stopped")


def test_a_restart_of_the_server_finds_it_again(start_lab, visit, make):
    first = start_lab()
    make(first, "kept")
    make(first, "queued", replications=1)
    page = visit(first, "/run?study=kept")
    start(page)
    page.goto(f"{first.url}/run?study=queued")
    page.get_by_role("button", name="Start").click()
    wait_for_state(page, "waiting")
    page.wait_for_selector("text=Starts when 'kept' has ended.")
    page.close()
    first.process.terminate()
    first.process.wait(60)
    second = start_lab(studies=first.studies)
    page = visit(second, "/run?study=kept")
    wait_for_state(page, "running")
    other = visit(second, "/run?study=queued")
    wait_for_state(other, "waiting")
    page.get_by_role("button", name="Stop").click()
    wait_for_state(page, "stopped")
    wait_for_state(other, "finished")
    other.wait_for_selector("text=All 2 runs are done, in")


def test_a_failing_model_shows_what_went_wrong_as_text(lab, visit, make, shoot, accessible):
    make(lab, "failing", "Failing", sizes=(1, 2, 3), replications=3, max_steps=1)
    page = visit(lab, "/run?study=failing")
    page.get_by_role("button", name="Start").click()
    wait_for_state(page, "finished")
    page.wait_for_selector("text=All 9 runs have ended: 3 done, 6 failed, in")
    panel = page.get_by_role("region", name="Failures")
    panel.get_by_text("ValueError while stepping").wait_for()
    case = panel.locator("details").first
    case.locator("summary").click()
    trace = case.get_by_role("region", name="Traceback of run")
    expect(trace).to_contain_text(EVIL)
    expect(trace).to_contain_text("slow_models.py")
    expect(case).to_have_text(re.compile(r"size\s+[23]\s+seed\s+\d+"), use_inner_text=True)
    expect(page.locator("img")).to_have_count(0)
    assert (
        page.get_by_role("progressbar", name="Progress").get_attribute("aria-valuetext")
        == "9 of 9 runs, 6 failed"
    )
    accessible(page)
    shoot(page, "run-failures")
    panel.get_by_role("button", name="Run them again").click()
    page.wait_for_selector(".ml-progress .ml-state:not(.ml-state-finished)")
    wait_for_state(page, "finished")


def test_from_a_design_to_the_results(lab, visit, shoot):
    experiment = ml.Experiment(SCHELLING, {"density": [0.6, 0.8]}, replications=2, max_steps=3)
    page = visit(lab, f"/run?design={to_query(from_experiment(experiment))}")
    page.wait_for_selector("text=4 runs: 2 points × 2 replications, at most 3 steps each")
    page.get_by_label("Name of the study").fill("../../up")
    page.wait_for_selector("text=A name cannot hold /.")
    page.wait_for_selector("button[disabled]:has-text('Start 4 runs')")
    page.get_by_label("Name of the study").fill("from-a-design")
    shoot(page, "run-start")
    page.get_by_role("button", name="Start 4 runs").click()
    wait_for_state(page, "finished")
    page.wait_for_url(re.compile("/run.*study=from-a-design"))
    shoot(page, "run-finished")
    page.get_by_role("link", name="See the results").click()
    page.wait_for_url(re.compile("/results.*study=from-a-design"))
    assert (lab.studies / "from-a-design.study").exists()


def test_studies_are_listed_copied_and_deleted_by_keyboard(lab, visit, make, shoot, accessible):
    make(lab, "zebra", replications=1)
    page = visit(lab, "/studies")
    opener = page.get_by_role("button", name="What to do with zebra", exact=True)
    opener.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Duplicate").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Name of the copy").fill("zebra two")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="zebra two").wait_for()
    accessible(page)
    shoot(page, "studies")
    page.get_by_role("button", name="Delete").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Delete 'zebra' for good?")
    assert (lab.studies / "zebra.study").exists()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="zebra", exact=True).wait_for(state="detached")
    assert not (lab.studies / "zebra.study").exists()
    assert (lab.studies / "zebra two.study").exists()


@pytest.mark.parametrize(
    ("name", "path"), [("run-new", "/run?study=narrow"), ("studies", "/studies"), ("run-nothing", "/run")]
)
def test_a_projector_shows_all_of_it(lab, visit, make, shoot, name, path):
    make(lab, "narrow", replications=1)
    page = visit(lab, path, width=1024, height=768, dark=True)
    page.wait_for_selector("h1")
    page.wait_for_load_state("networkidle")
    page.wait_for_function("document.documentElement.scrollWidth <= 1024")
    shoot(page, f"{name}-dark-1024")


@pytest.fixture(scope="module")
def shared(start_lab):
    """A server for others too, its studies, and its address from here."""
    running = start_lab(host="0.0.0.0", models=[SCHELLING])
    return running.studies, f"http://127.0.0.1:{running.url.rsplit(':', 1)[1]}"


def test_two_people_do_not_see_each_other(shared, visit, shoot):
    studies, url = shared
    experiment = ml.Experiment(SCHELLING, {"density": [0.6, 0.8]}, replications=2, max_steps=3)
    anna = visit(url, f"/run?design={to_query(from_experiment(experiment))}")
    anna.get_by_role("button", name="Start 4 runs").click()
    wait_for_state(anna, "finished")
    (cookie,) = [each for each in anna.context.cookies() if each["name"].startswith("mesa-lab-")]
    assert cookie["httpOnly"]

    ben = visit(url, "/studies")
    ben.wait_for_selector("text=There are no studies yet.")
    shoot(ben, "studies-empty")
    (study,) = studies.glob("visitors/*/*.study")
    folder, name = study.parent.name, study.stem
    for key in (name, f"../{folder}/{name}", f"visitors/{folder}/{name}", f"@{name}"):
        ben.goto(f"{url}/run?study={quote(key, safe='')}")
        ben.wait_for_selector("[role=alert]:not(#ml-connection)")
        expect(ben.locator(".ml-progress")).to_have_count(0)
    # A page that shows a study shows one's own alone, and says whose it is.
    for path in (
        f"/results?study={quote(name)}",
        f"/explore?study={quote(name)}",
        f"/watch?study={quote(name)}&run=0",
    ):
        ben.goto(url + path)
        ben.get_by_text(f"There is no study '{name}' here.").first.wait_for()

    anna.get_by_role("button", name="Make a link").click()
    link = anna.get_by_label("Link to this study").input_value()
    shoot(anna, "run-shared")
    ben.goto(link)
    wait_for_state(ben, "finished")
    expect(ben.get_by_role("button", name=re.compile("^(Start|Continue|Pause|Stop|Run)"))).to_have_count(0)
    ben.goto(f"{url}/studies")
    ben.wait_for_selector("text=There are no studies yet.")
    anna.get_by_role("button", name="Stop sharing").click()
    anna.get_by_role("button", name="Make a link").wait_for()
    ben.goto(link)
    ben.wait_for_selector("text=no longer shared")


def test_others_cannot_run_what_is_not_listed(shared, visit, models):
    _, url = shared
    for model in (f"{models}:Slow", "mesa.examples:WolfSheep"):
        experiment = ml.Experiment(model, {"size": [1, 2]}, max_steps=3)
        page = visit(url, f"/run?design={to_query(from_experiment(experiment))}")
        page.wait_for_selector("text=which is not offered here")
        expect(page.get_by_role("button", name=re.compile("^Start"))).to_have_count(0)
