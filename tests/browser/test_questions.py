"""From a question to an answer and to a better one, in a real browser: three questions, light and dark, small and large."""

import re

import pytest
from playwright.sync_api import expect

LONG = 120_000  # milliseconds
MANY = """
import mesa


class Many(mesa.Model):
    def __init__(self, a=1.0, b=2.0, c=3.0, many=4, words="some", rng=None):
        super().__init__(rng=rng)
        self.way = a + 2 * b + c * many + self.random.random()
        self.datacollector = mesa.DataCollector({"way": "way"})
        self.datacollector.collect(self)

    def step(self):
        self.datacollector.collect(self)
"""
OWN = '''
import mesa


class Walkers(mesa.Model):
    """People walk about.

    Args:
        many: How many there are.
        pace: How fast they are.
    """

    def __init__(self, many: int = 10, pace: float = 1.0, rng=None):
        super().__init__(rng=rng)
        self.many, self.pace, self.way = many, pace, 0.0
        self.datacollector = mesa.DataCollector({"way": "way"})

    def step(self):
        self.way += 20 * self.pace + self.many * self.random.random()
        self.datacollector.collect(self)
'''


@pytest.fixture(scope="module")
def own_lab(start_lab):
    """A server in a folder with a model of somebody's own."""
    running = start_lab()
    (running.log.parent / "walkers.py").write_text(OWN)
    (running.log.parent / "many.py").write_text(MANY)
    return running


def design(page, question, file="walkers.py"):
    """Open the model and ask a question; few steps, so that runs take no time."""
    field = page.get_by_role("combobox", name="Python file or module", exact=True)
    field.click()
    field.press_sequentially(file)
    field.press("Enter")
    page.get_by_role("button", name="Open", exact=True).click()
    page.get_by_role("link", name="Design an experiment").click()
    page.get_by_role("button", name=question, exact=True).click()
    page.locator(".ml-recommended p", has_text=re.compile(r"[\d,]+ runs\.")).wait_for()
    page.get_by_role("textbox", name="Steps", exact=True).fill("3")


def run(page, name):
    page.get_by_role("link", name="Continue to the runs").click()
    page.get_by_label("Name of the study").fill(name)
    page.get_by_role("button", name=re.compile("^Start [0-9,]+ runs")).click()
    page.get_by_role("link", name="See the results").click(timeout=LONG)


@pytest.mark.parametrize(
    ("question", "sentence", "look"),
    [
        ("Which parameters matter?", "depends mostly on pace", (1920, 1080, False)),
        ("Is A better than B?", r"pace|many", (1024, 768, True)),
        ("How does the outcome respond?", r"pace", (1280, 800, False)),
    ],
)
def test_a_question_is_answered_and_the_next_runs_make_the_answer_better(
    own_lab, visit, shoot, accessible, question, sentence, look
):
    width, height, dark = look
    name = "".join(letter for letter in question.lower() if letter.isalpha())
    page = visit(own_lab, width=width, height=height, dark=dark)
    design(page, question)
    shoot(page, f"question {name} design")
    run(page, name)
    page.get_by_text(f"You asked: {question}").wait_for()
    card = page.get_by_role("region", name=question, exact=True)
    answer = card.locator(".ml-answer-sentence")
    answer.wait_for(timeout=LONG)
    expect(answer).to_have_text(re.compile(sentence), use_inner_text=True)
    first = page.locator(".ml-answer").first
    expect(first).to_have_attribute("aria-label", question)  # what was asked comes first
    card.locator(".ml-chart-stage:not(.ml-chart-hidden) svg").wait_for()
    accessible(page)
    shoot(page, f"question {name} answer")
    grow = card.get_by_role("button", name=re.compile("^Add [0-9,]+ runs"))
    if grow.count():
        before = page.locator(".ml-panel-head p").first.inner_text()
        grow.click()
        page.wait_for_function(
            "before => { const said = document.querySelector('.ml-panel-head p')?.innerText; return said && said !== before && said !== '…'; }",
            arg=before,
            timeout=LONG,
        )
        page.locator(".ml-going").wait_for(state="hidden", timeout=LONG)
        card.get_by_text("Computing anew").wait_for(state="hidden", timeout=LONG)
        answer.wait_for(timeout=LONG)
        shoot(page, f"question {name} better answer")


@pytest.mark.parametrize("dark", [False, True])
def test_one_press_more_answers_for_all_parameters_and_a_changed_design_is_a_new_study(
    own_lab, visit, shoot, accessible, dark
):
    page = visit(own_lab, dark=dark)
    design(page, "Which parameters matter?", "many.py")
    page.get_by_text("words has no range and stays fixed until you type one below.").wait_for()
    shoot(page, f"question held fixed {dark}")
    page.get_by_role("button", name="Let 2 more parameters vary: 4 of 5").click()
    page.get_by_text("words is held fixed: the answer says nothing about it.").wait_for()
    accessible(page)
    run(page, f"many {dark}".lower())
    card = page.get_by_role("region", name="Which parameters matter?", exact=True)
    card.get_by_text("What words (some) does: it was held fixed at these values").wait_for(timeout=LONG)
    shoot(page, f"question held fixed answer {dark}")
    page.get_by_role("link", name="Design", exact=False).first.click()
    page.get_by_role("textbox", name="Steps", exact=True).fill("2")
    page.get_by_text(re.compile("Changed since: steps")).wait_for()
    page.get_by_text(
        re.compile("on [0-9]+ cores?$")
    ).first.wait_for()  # what runs take is known from the study
    page.get_by_role("link", name="Continue to the runs").click()
    page.get_by_label("Name of the study").wait_for()
