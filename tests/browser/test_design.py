"""Designing in a real browser: links, reloads, quick typing, files, scripts, and what grows stale."""

import re

import pytest
from playwright.sync_api import expect

import mesa_lab as ml
from mesa_lab.drafts.from_experiment import from_experiment
from mesa_lab.drafts.link import from_query, to_query
from mesa_lab.workspace.workspace import Workspace

EVIL = "<img src=x onerror=alert(1)> {{ 7*7 }}"
SCHELLING = "mesa.examples:Schelling"


def link_to(**changes):
    words = {"parameters": {"density": ml.Real(0.5, 0.9), "radius": ml.Integer(1, 3)}, "design": ml.Sobol(8)}
    words |= {"replications": 3, "max_steps": 5, "seed": 7}
    draft = from_experiment(ml.Experiment(SCHELLING, **(words | changes)))
    return f"/design?design={to_query(draft)}"


def total(page):
    return page.locator(".ml-total h2")


def expect_runs(page, count):
    page.locator(".ml-total h2", has_text=re.compile(f"^{count}$")).wait_for()


def design_in(page):
    """The design that the address holds."""
    return from_query(page.evaluate("new URL(location).searchParams.get('design')"))


def wait_for_address(page, holds):
    """Wait until the address holds a design for which something is true."""
    page.wait_for_function("new URL(location).searchParams.get('design')")
    for _ in range(1200):
        if holds(design_in(page)):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"The address holds {design_in(page)}.")


def test_a_link_holds_the_design_for_others_too(lab, visit):
    page = visit(lab, link_to())
    expect_runs(page, "24 runs")
    page.get_by_role("textbox", name="Replications", exact=True).fill("5")
    expect_runs(page, "40 runs")
    wait_for_address(page, lambda draft: draft.replications == "5")
    somebody = visit(page.url)
    expect_runs(somebody, "40 runs")
    expect(somebody.get_by_role("textbox", name="density: From")).to_have_value("0.5")
    assert page.evaluate("history.length") <= 2  # typing leaves no steps behind


def test_a_design_survives_a_reload_and_going_back_and_forth(lab, visit):
    page = visit(lab, link_to())
    expect_runs(page, "24 runs")
    steps = page.get_by_role("navigation", name="Steps of an experiment")
    steps.get_by_role("link", name="Model").click()
    page.get_by_role("heading", name="Schelling").wait_for()
    steps.get_by_role("link", name="Design").click()
    page.get_by_role("textbox", name="Replications", exact=True).fill("6")
    expect_runs(page, "48 runs")
    wait_for_address(page, lambda draft: draft.replications == "6")
    page.reload()
    expect_runs(page, "48 runs")
    page.go_back()
    page.get_by_role("heading", name="Schelling").wait_for()
    page.go_forward()
    expect_runs(page, "48 runs")
    # Another model has a design of its own, and this one comes back with its model.
    steps.get_by_role("link", name="Model").click()
    page.get_by_role("button", name=re.compile("^Boltzmann Wealth")).click()
    page.get_by_role("heading", name="Boltzmann Wealth").wait_for()
    page.get_by_role("button", name=re.compile("^Schelling")).click()
    page.get_by_role("heading", name="Schelling").wait_for()
    steps.get_by_role("link", name="Design").click()
    expect_runs(page, "48 runs")


def test_quick_typing_loses_no_letter(lab, visit):
    page = visit(lab, link_to())
    expect_runs(page, "24 runs")
    field = page.get_by_role("textbox", name="density: From")
    field.press("Control+A")
    field.press_sequentially("0.612345678")
    other = page.get_by_role("textbox", name="Seed", exact=True)
    other.press("Control+A")
    other.press_sequentially("1234567890123")
    wait_for_address(page, lambda draft: draft.seed == "1234567890123")
    assert design_in(page).row("density").low == "0.612345678"
    expect(field).to_have_value("0.612345678")
    expect(other).to_have_value("1234567890123")


def test_mistakes_move_nothing_and_bar_the_way(lab, visit, shoot, accessible):
    page = visit(lab, link_to())
    expect_runs(page, "24 runs")
    below = page.get_by_role("textbox", name="Replications", exact=True)
    before = below.evaluate("(e) => e.getBoundingClientRect().top + scrollY")
    page.get_by_role("textbox", name="density: From").fill("half")
    page.wait_for_selector("text='half' is not a number.")
    page.get_by_role("button", name="Continue to the runs").wait_for()
    expect(page.get_by_role("button", name="Continue to the runs")).to_be_disabled()
    page.get_by_role("textbox", name="Seed", exact=True).fill("-1")
    page.wait_for_selector("text=See density and seed.")
    assert below.evaluate("(e) => e.getBoundingClientRect().top + scrollY") == before
    accessible(page)
    shoot(page, "design-mistakes")


def test_an_experiment_is_saved_loaded_and_copied_as_python(lab, visit, tmp_path, shoot):
    page = visit(lab, link_to())
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect_runs(page, "24 runs")
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save", exact=True).click()
    assert saving.value.suggested_filename == "schelling.toml"
    path = tmp_path / "saved.toml"
    saving.value.save_as(path)
    experiment = ml.Experiment.load(path)
    assert experiment.n_runs == 24
    page.get_by_role("button", name="Copy as Python").click()
    page.get_by_role("button", name="Copied").wait_for()
    script = page.evaluate("navigator.clipboard.readText()")
    names = {"__name__": "script"}
    exec(script, names)
    assert names["experiment"].to_toml() == experiment.to_toml()
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text === location.href)")
    experiment.replace(replications=9).save(path)
    page.locator("input[type=file][accept='.toml']").set_input_files(path)
    expect_runs(page, "72 runs")
    bad = {"name": f"{EVIL}.toml", "mimeType": "text/plain", "buffer": b"modell = 1"}
    page.locator("input[type=file][accept='.toml']").set_input_files(bad)
    page.locator(".ml-actions-problem", has_text=f"'{EVIL}.toml'").wait_for()
    expect(page.locator("main img")).to_have_count(0)
    expect_runs(page, "72 runs")


def test_a_link_to_somebodys_code_asks_first(start_lab, visit, tmp_path, shoot, accessible):
    running = start_lab()
    touched = tmp_path / "touched"
    path = tmp_path / "stranger.py"
    path.write_text(
        f"import mesa, pathlib\npathlib.Path({str(touched)!r}).touch()\n"
        f"class Stranger(mesa.Model):\n    '''{EVIL}'''\n"
        "    def __init__(self, size=3, rng=None):\n        super().__init__(rng=rng)\n"
    )
    draft = from_experiment(ml.Experiment(f"{path}:Stranger", {"size": [1, 2]}, outcomes=[f"{path}:f"]))
    page = visit(running, f"/design?design={to_query(draft)}")
    page.wait_for_selector("text=This link runs Python code")
    accessible(page)
    shoot(page, "design-link-with-code")
    page.get_by_role("button", name="Leave it").click()
    page.get_by_role("heading", name="There is no model to design for yet").wait_for()
    assert not touched.exists()
    page.goto(f"{running.url}/design?design={to_query(draft)}")
    page.get_by_role("button", name="Open it").click()
    expect_runs(page, "2 runs")
    page.get_by_text("Default 3").wait_for()
    assert touched.exists()


def test_a_broken_link_says_so(lab, visit):
    page = visit(lab, "/design?design=eJxbroken")
    page.wait_for_selector("text=This link does not hold a whole design.")


def test_a_study_of_an_earlier_design_is_said_to_be_one(start_lab, visit, shoot, accessible):
    running = start_lab()
    experiment = ml.Experiment(
        SCHELLING,
        {"density": ml.Real(0.5, 0.9), "radius": ml.Integer(1, 3)},
        ml.Sobol(8),
        replications=3,
        max_steps=5,
        seed=7,
    )
    Workspace(running.studies).make("first", experiment)
    page = visit(running, f"{link_to()}&study=first")
    expect_runs(page, "24 runs")
    expect(page.get_by_text("was made from an earlier design")).to_have_count(0)
    page.get_by_role("textbox", name="Steps", exact=True).fill("9")
    page.wait_for_selector("text=The study “first” was made from an earlier design")
    page.wait_for_selector("text=Changed since: steps.")
    steps = page.get_by_role("navigation", name="Steps of an experiment")
    steps.get_by_role("link", name=re.compile(r"Run \(made from an earlier design\)")).wait_for()
    accessible(page)
    shoot(page, "design-stale")
    page.get_by_role("textbox", name="Steps", exact=True).fill("5")
    page.get_by_text("was made from an earlier design").wait_for(state="detached")


DESIGNS = {
    "FullFactorial": ml.FullFactorial(3),
    "OneAtATime": ml.OneAtATime({"density": 5}, base={"radius": 2}),
    "SparseGrid": ml.SparseGrid(2),
    "Union": ml.Union([ml.Sobol(4), ml.FullFactorial(2)]),
    "Table": ml.Table([{"density": 0.6, "radius": 1}, {"density": 0.7, "radius": 2}]),
}


@pytest.mark.parametrize("name", DESIGNS)
def test_every_kind_of_design_has_its_form_and_preview(lab, visit, shoot, accessible, name):
    page = visit(lab, link_to(design=DESIGNS[name]))
    page.wait_for_selector(".ml-preview .ml-chart-stage:not(.ml-chart-hidden) svg")
    page.get_by_role("button", name="Diagnostics").click()
    page.wait_for_selector("text=Centred discrepancy")
    page.get_by_role("button", name="Table", exact=True).click()
    page.get_by_role("region", name="Design points").wait_for()
    accessible(page)
    shoot(page, f"design-{name}")


def test_a_wide_screen_and_distributions(lab, visit, shoot):
    space = {
        "density": ml.Real(distribution="beta", a=2, b=5, low=0.2),
        "homophily": ml.Real(0.01, 1, log=True),
        "radius": [1, 2, 3],
        "minority_pc": ml.Choice([0.2, 0.4]),
        "width": 30,
    }
    page = visit(
        lab,
        link_to(parameters=space, constraints=["homophily < density"]),
        width=1920,
        height=1080,
        dark=True,
    )
    page.wait_for_selector(".ml-preview .ml-chart-stage:not(.ml-chart-hidden) svg")
    page.wait_for_selector("text=The constraints drop")
    expect(page.get_by_role("textbox", name="density: a", exact=True)).to_have_value("2")
    shoot(page, "design-wide-dark")


def test_an_outcome_over_time_is_chosen_beside_the_curve_of_a_run(lab, visit, shoot, accessible):
    page = visit(lab, link_to(outcomes=["happy"], max_steps=60))
    expect_runs(page, "24 runs")
    page.get_by_role("button", name=re.compile("^Over the steps of a run")).click()
    form = page.locator(".ml-over-time")
    form.get_by_role("button", name="Run once to see the curve").click()
    form.get_by_text("mean of happy in this run").wait_for()
    form.get_by_role("textbox", name="Warm-up").fill("10")
    form.get_by_text("mean of happy from step 10 in this run").wait_for()
    form.locator(".ml-chart-stage:not(.ml-chart-hidden) svg").wait_for()
    accessible(page)
    shoot(page, "design-over-time")
    form.get_by_role("button", name="Add this outcome").click()
    wait_for_address(
        page, lambda draft: draft.outcomes == (("happy", "happy"), ("", "mean of happy from step 10"))
    )


LONG_NAMES = '''
import mesa


class TheLongestNameOfAnyModelClassThatAnybodyEverWroteForAnExperimentOfTheirOwn(mesa.Model):
    """Long names."""

    def __init__(
        self,
        a_parameter_whose_name_is_much_longer_than_what_fits_into_it: float = 1.0,
        another_one_that_is_as_long_and_begins_in_its_own_way_too_ok: float = 1.0,
        the_kind_of_place_where_all_agents_meet_and_trade_with_other: str = "a",
        rng=None,
    ):
        super().__init__(rng=rng)
'''


def test_long_names_stay_in_their_panels_and_a_study_gets_a_name_that_fits(start_lab, visit, tmp_path, shoot):
    path = tmp_path / "long_names.py"
    path.write_text(LONG_NAMES)
    model = f"{path}:TheLongestNameOfAnyModelClassThatAnybodyEverWroteForAnExperimentOfTheirOwn"
    levels = [f"a level with a text of sixty letters that ends in {end}" for end in range(3)]
    space = {
        "a_parameter_whose_name_is_much_longer_than_what_fits_into_it": ml.Real(0.5, 2),
        "another_one_that_is_as_long_and_begins_in_its_own_way_too_ok": ml.Real(0.5, 2),
        "the_kind_of_place_where_all_agents_meet_and_trade_with_other": ml.Choice(levels),
    }
    draft = from_experiment(ml.Experiment(model, space, ml.LatinHypercube(8), max_steps=2))
    page = visit(start_lab(), f"/design?design={to_query(draft)}", width=1024, height=768)
    page.get_by_role("button", name="Open it").click()
    page.locator(
        ".ml-preview .ml-chart-stage:not(.ml-chart-hidden) svg", has_text=re.compile("… in 2")
    ).wait_for()
    page.wait_for_function(
        "[...document.querySelectorAll('.ml-preview, .ml-preview .ml-chip')].every((one) => one.scrollWidth <= one.clientWidth + 1)"
    )
    shoot(page, "design-long-names")
    page.get_by_role("link", name="Continue to the runs").click()
    expect(page.get_by_role("button", name="Start 8 runs")).to_be_enabled()
    expect(page.get_by_text(re.compile("This name has"))).to_have_count(0)


def test_on_a_phone_the_words_and_values_of_parameters_are_whole(lab, visit, shoot):
    page = visit(lab, width=390, height=844)
    page.get_by_role("button", name=re.compile("^Schelling")).click()
    page.get_by_role("link", name="Design an experiment").click()
    page.get_by_role("textbox", name="Replications").wait_for()
    page.get_by_role("textbox", name=re.compile("From")).first.wait_for()
    cut = page.evaluate(
        """[...document.querySelectorAll('.ml-row .v-field-label, .ml-row .v-select__selection-text')]
        .filter((one) => one.offsetWidth && one.scrollWidth > one.clientWidth + 1).map((one) => one.innerText)"""
    )
    assert cut == []
    shoot(page, "design-phone")
