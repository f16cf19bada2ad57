"""Answers without a browser: they come one by one, can be left out, and lead on to the next runs."""

import json
import re
import threading
import time
from functools import partial
from html import unescape

import mesa
import pytest
import solara

import mesa_lab as ml
from mesa_lab.app.components.downloads import report_bytes
from mesa_lab.app.hooks.use_answers import Answer
from mesa_lab.app.results.answers import card
from mesa_lab.app.results.answers.card import AnswerCard
from mesa_lab.app.results.answers.choices import chosen_for_report
from mesa_lab.app.results.answers.panel import AnswersPanel
from mesa_lab.app.results.pairs import Pair
from mesa_lab.app.state.result_view import ResultView, from_query, to_query
from mesa_lab.errors import ConclusionError
from mesa_lab.processing.analysis import shelf
from mesa_lab.processing.analysis.cancellation import check_cancelled
from mesa_lab.processing.analysis.conclusion import Conclusion
from mesa_lab.processing.analysis.question import Question
from mesa_lab.workspace.shared_results import open_results

EVIL = "<img src=x onerror=alert(1)> {{ 7*7 }}"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("studies") / "neighbours.study"
    experiment = ml.Experiment(
        "mesa.examples:Schelling",
        {"density": [0.6, 0.8], "width": 10, "height": 10},
        replications=4,
        max_steps=4,
        seed=1,
        question="better",
    )
    ml.run(experiment, path, progress=False, backend="sequential")
    return path


class Treatment(mesa.Model):
    """Each unit of a dose costs 10, a new drug 5."""

    def __init__(self, dose=1, drug="old", other=0, rng=None):
        super().__init__(rng=rng)
        luck = self.random.gauss(0, 0.5)
        self.cost, self.speed = 10 * dose + 5 * (drug == "new") + luck, dose + luck
        self.datacollector = mesa.DataCollector({"cost": "cost", "speed": "speed"})

    def step(self):
        self.datacollector.collect(self)


def said(name, text, conclude, merit=0.5, reason=None):
    return Question(
        name, text, "", lambda results, outcome: reason, conclude, merit=lambda results, outcome: merit
    )


def conclusion(name, text, sentence="It is so (3, n = 4).", **more):
    import pandas as pd

    return Conclusion(name, text, "happy", sentence, pd.DataFrame({"mean": [3.0]}), **more)


@pytest.fixture
def questions(monkeypatch):
    def put(*these):
        monkeypatch.setattr(shelf, "all_questions", lambda: these)

    return put


def test_the_study_s_own_answers_are_shown_its_question_first(show, path):
    view = show(AnswersPanel(open_results(path), "happy", lambda name: None))
    view.until("You asked: Is A better than B?")
    view.until("What this does not tell")
    assert view.text.index("Is A better than B?\nYour question") < view.text.index(
        "Questions that these results cannot"
    )


def test_one_answer_does_not_wait_for_the_next_and_can_be_left_out(show, path, questions):
    running, gone = threading.Event(), threading.Event()

    def endless(results, outcome):
        try:
            while True:
                check_cancelled()
                running.set()
                time.sleep(0.01)
        finally:
            gone.set()

    questions(
        said("quick", "Quick?", lambda results, outcome: conclusion("quick", "Quick?"), 0.9),
        said("slow", "Slow?", endless, 0.8),
        said("last", "Last?", lambda results, outcome: conclusion("last", "Last?", EVIL), 0.1),
    )
    view = show(AnswersPanel(open_results(path), "happy", lambda name: None))
    view.until("It is so (3, n = 4).")
    assert running.wait(30)
    assert "Waiting for the one before" in view.text
    view.press("Leave it out")
    view.until(EVIL)
    assert gone.is_set()
    assert "Not computed." in view.text
    view.press("Compute it")
    view.until("Computing …")


def test_leaving_the_page_ends_the_computation(show, path, questions):
    running, gone = threading.Event(), threading.Event()

    def endless(results, outcome):
        try:
            while True:
                check_cancelled()
                running.set()
                time.sleep(0.01)
        finally:
            gone.set()

    questions(said("slow", "Slow?", endless))
    shown = solara.reactive(True)

    @solara.component
    def Page():
        if shown.value:
            AnswersPanel(open_results(path), "happy", lambda name: None)

    show(Page())
    assert running.wait(30)
    shown.value = False
    assert gone.wait(30)


def test_what_cannot_be_answered_is_said_with_the_reason(show, path, questions):
    def fail(results, outcome):
        raise ConclusionError("All runs are alike.")

    def crash(results, outcome):
        raise RuntimeError(EVIL)

    questions(
        said("no", "No?", fail),
        said("bad", "Bad?", crash),
        said("never", "Never?", fail, reason="It takes more points."),
    )
    view = show(AnswersPanel(open_results(path), "happy", lambda name: None))
    view.until("All runs are alike.")
    view.until(f"This could not be computed (RuntimeError: {EVIL})")
    assert "Never?\nIt takes more points." in view.text


def test_the_next_runs_are_asked_for(show, path, questions):
    more = ml.Experiment("mesa.examples:Schelling", {"density": [0.6, 0.8]}, replications=9)
    grown = conclusion("a", "A?", next=more, next_runs=10, next_sentence="Five more of each.")
    other = conclusion("b", "B?", next=more, next_runs=18, next_sentence="Another design.", next_grows=False)
    questions(
        said("a", "A?", lambda results, outcome: grown), said("b", "B?", lambda results, outcome: other)
    )
    asked = []
    view = show(AnswersPanel(open_results(path), "happy", lambda name: None, on_next=asked.append))
    view.until("Another design.")
    view.until("Less than a second on")
    view.press("Add 10 runs")
    view.press("Design the follow-up: 18 runs")
    assert asked == [grown, other]


def test_runs_out_of_proportion_are_no_button(show):
    many = ml.Experiment("mesa.examples:Schelling", {"density": [0.6, 0.8]}, replications=900_000)
    vain = conclusion(
        "a", "A?", next=many, next_runs=1_800_000, next_sentence="Far too many.", next_in_proportion=False
    )
    view = show(AnswerCard(Answer("a", "A?", "done", vain), on_next=lambda conclusion: None))
    view.until("Far too many.")
    assert "1,800,000" not in view.text


def test_renewed_answers_say_what_was_said_before(show, path, questions):
    sentences = iter(["About 3.", "About 4."])
    questions(said("a", "A?", lambda results, outcome: conclusion("a", "A?", next(sentences))))
    opened = solara.reactive(open_results(path))

    @solara.component
    def Page():
        AnswersPanel(opened.value, "happy", lambda name: None)

    view = show(Page())
    view.until("About 3.")
    opened.value = open_results(path)
    view.until("About 4.")
    assert "Before: About 3." in view.text


@pytest.fixture(scope="module")
def crossed(tmp_path_factory):
    """Results of two parameters with three and two levels, and one outcome of which less is better."""
    experiment = ml.Experiment(
        Treatment,
        {"dose": [1, 2, 4], "drug": ["old", "new"]},
        outcomes=["cost", "speed"],
        replications=8,
        max_steps=1,
        question="better",
        common_random_numbers=True,
        seed=1,
    )
    path = tmp_path_factory.mktemp("crossed") / "crossed.study"
    ml.run(experiment, path, progress=False, backend="sequential")
    return path


@pytest.fixture
def choosing(show):
    """A panel that remembers what is chosen, with the pair and the goals that were."""

    def make(path, pair=None):
        now, goals = solara.reactive(pair or Pair()), solara.reactive({})
        opened = open_results(path)
        outcome = solara.reactive("cost")

        @solara.component
        def Page():
            AnswersPanel(
                opened,
                outcome.value,
                outcome.set,
                pair=now.value,
                on_pair=now.set,
                goals=goals.value,
                on_goal=lambda name, goal: goals.set({**goals.value, name: goal}),
            )

        return show(Page()), now, goals

    return make


def test_a_and_b_are_chosen_where_it_is_asked_which_is_better(choosing, crossed):
    view, pair, _ = choosing(crossed)
    what = view.field("What to compare")
    assert [item["title"] for item in what.items] == [
        "All points with one of them",
        "Two levels of dose",
        "Two levels of drug",
        "Two points",
    ]
    view.until("Compared with dose 1, drug old")
    what.v_model = "1"
    view.until("With dose 4 cost after 1 step is 30 higher")
    assert "Before:" not in view.text  # another question is no earlier answer
    view.field("Compared with it").v_model = "1"
    view.until("With dose 2 cost after 1 step is 10 higher")
    assert pair.value == Pair("levels", 0, 1, "dose")
    view.field("Base").v_model = "1"  # the two change places
    view.until("With dose 1 cost after 1 step is 10 lower")
    assert pair.value == Pair("levels", 1, 0, "dose")
    view.field("What to compare").v_model = "3"
    view.until("With dose 4, drug new cost after 1 step is 35 higher")
    view.field("What to compare").v_model = "0"
    view.until("Compared with dose 1, drug old")


def test_with_too_many_points_for_all_two_levels_are_compared(choosing, tmp_path):
    levels = {"dose": list(range(16)), "other": list(range(16))}
    experiment = ml.Experiment(Treatment, levels, outcomes=["cost"], replications=2, max_steps=1, seed=1)
    path = tmp_path / "many.study"
    ml.run(experiment, path, progress=False, backend="sequential")
    view, _, _ = choosing(path)
    view.until("With dose 15 cost after 1 step is 149.8")
    assert view.field("What to compare").v_model == "0"
    assert view.field("What to compare").items[0]["title"] == "Two levels of dose"
    view.until(lambda: not re.search("Computing|Waiting", view.text))
    assert "could not be computed" not in view.text


def test_more_or_less_is_chosen_where_the_best_is_asked_for(choosing, crossed):
    view, _, goals = choosing(crossed)
    view.until("dose 4, drug new comes out best, if more is better")
    better = view.field("Of cost")
    assert better.v_model == "0"
    better.v_model = "1"
    view.until("dose 1, drug old comes out best, if less is better")
    assert goals.value == {"cost": "min"}
    view.field("Outcome").v_model = "1"
    view.until("if more is better: speed")  # it is chosen for each outcome


def test_the_report_says_what_was_chosen(crossed):
    opened = open_results(crossed)
    choice = partial(chosen_for_report, opened, Pair("levels", 0, 1, "dose"), {"cost": "min", "gone": "max"})
    page = unescape(report_bytes(opened, lambda said: None, choice).decode())
    assert "dose 1, drug old comes out best, if less is better" in page
    assert "With dose 2 cost after 1 step is 10 higher" in page
    assert "Nobody said whether" not in page


def test_the_report_says_what_nobody_chose(tmp_path):
    experiment = ml.Experiment(
        Treatment,
        {"dose": [1, 2, 4]},
        outcomes=["cost"],
        replications=3,
        max_steps=1,
        question="best",
        seed=1,
    )
    path = tmp_path / "crossed.study"
    ml.run(experiment, path, progress=False, backend="sequential")
    page = unescape(report_bytes(open_results(path), lambda said: None).decode())
    assert "comes out best, if more is better" in page
    assert "Nobody said whether more or less of cost is better: this report takes more for better." in page
    assert "mesa-lab report crossed.study --goal cost=min" in page
    assert "results.report(\"report.html\", goal={'cost': 'min'})" in page


@pytest.mark.parametrize(
    "text", ["levels 0 0 dose", "levels 7 9 dose", "levels 0 1 <b>", "points 77 78", "studies 0 0 x"]
)
def test_what_an_address_says_about_a_pair_only_selects(choosing, crossed, text):
    view, _, _ = choosing(crossed, Pair.from_text(text))
    view.until(lambda: "Is A better than B?" in view.text and "Common random numbers" in view.text)


def test_what_was_chosen_about_questions_is_part_of_the_address():
    chosen = ResultView("cost", pair="levels 0 1 dose").with_goal("cost", "min")
    assert from_query({name: [text] for name, text in to_query(chosen).items() if text}) == chosen
    assert from_query({"outcome": ["cost"], "goal": ["<b>"]}) == ResultView("cost")
    assert to_query(chosen.with_goal("speed", "max"))["goal"] == "max"
    assert chosen.for_follow_up() == ResultView("cost", goals=(("cost", "min"),))


def test_tabs_are_part_of_the_address_and_old_links_lead_to_the_charts():
    assert ResultView().tab == "answers"
    assert to_query(ResultView(tab="points"))["tab"] == "points"
    assert to_query(ResultView())["tab"] == ""
    assert from_query({"tab": ["runs"]}).tab == "runs"
    assert from_query({"tab": ["<b>"]}).tab == "answers"
    assert from_query({"chart": ["effect"]}).tab == "charts"
    assert from_query({"points": ["1,2"]}).tab == "charts"
    assert from_query({"outcome": ["happy"]}).tab == "answers"
    for view in (
        ResultView(tab="charts"),
        ResultView("happy", tab="runs", run=3),
        ResultView(tab="answers", outcome="x"),
    ):
        assert from_query({name: [text] for name, text in to_query(view).items() if text}) == view


def test_the_answer_says_what_was_held_fixed_and_at_which_values(show, tmp_path):
    path = tmp_path / "treated.study"
    experiment = ml.Experiment(
        Treatment, {"dose": ml.Real(0, 1)}, ml.Sobol(16), replications=2, max_steps=1, outcomes=["cost"]
    )
    ml.run(experiment, path, progress=False, backend="sequential")
    view = show(AnswersPanel(open_results(path), "cost", lambda outcome: None))
    view.until(
        "What drug (old) and other (0) do: they were held fixed at these values, and the answer holds for these alone."
    )


def test_a_picture_is_drawn_once_for_all_who_come_back_to_it(path, monkeypatch):
    conclusion = open_results(path).results.compare()
    kind = conclusion.charts[0].name
    first = card._picture(conclusion, kind, False, 600)
    monkeypatch.setattr(type(conclusion), "chart", lambda *_, **__: pytest.fail("It is drawn anew."))
    assert card._picture(conclusion, kind, False, 600) is first
    monkeypatch.undo()
    dark = card._picture(conclusion, kind, True, 600)
    assert dark.text != first.text
    for width in range(240, 240 + 40 * card.MOST_PICTURES, 40):
        card._picture(conclusion, kind, False, width)
    assert len(card._pictures[conclusion]) == card.MOST_PICTURES
    wide = json.loads(card._picture(conclusion, kind, False, 600).text)
    assert wide["width"] == 600
