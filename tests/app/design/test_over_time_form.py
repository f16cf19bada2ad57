"""Outcomes over time on the design page: chosen beside the curve of one run, and kept as phrases."""

import json

import pandas as pd
import pytest
import solara

from mesa_lab.app.components.chart import specification
from mesa_lab.app.design.over_time_chart import over_time_chart
from mesa_lab.app.design.over_time_form import OverTimeForm, suggestion
from mesa_lab.drafts.draft import Draft
from mesa_lab.preparation.outcome_kinds.over_time import STATISTICS, over_time
from mesa_lab.preparation.outcomes import Outcome
from mesa_lab.workspace import trust
from mesa_lab.workspace.test_run import value_over_time

MODEL = '''
import mesa


class Epidemic(mesa.Model):
    """The infected rise and fall; the run ends when none is left."""

    def __init__(self, spread: int = 3, rng=None):
        super().__init__(rng=rng)
        self.spread, self.infected = spread, 1
        self.datacollector = mesa.DataCollector({"infected": "infected"})
        self.datacollector.collect(self)

    def step(self):
        self.infected += self.spread if self.steps <= 40 else -self.spread
        self.datacollector.collect(self)
        if self.infected <= 1:
            self.running = False
'''


@pytest.fixture
def form(show, tmp_path):
    """The form with a draft, and the draft as it changes."""
    path = tmp_path / "epidemic.py"
    path.write_text(MODEL)
    kept = solara.reactive(Draft(model=f"{path}:Epidemic"))
    trust.trust(f"{path}:Epidemic")

    @solara.component
    def Page():
        OverTimeForm(
            kept.value,
            lambda outcomes: kept.set(Draft(model=kept.value.model, outcomes=outcomes)),
            ["infected", "count(Agent)"],
            ("infected",),
            point={"spread": 2},
            max_steps=100,
        )

    return show(Page()), kept


def choose(select, title):
    select.v_model = next(item["value"] for item in select.items if item["title"].startswith(title))


def test_what_is_chosen_becomes_a_phrase_among_the_outcomes(form):
    view, kept = form
    choose(view.field("Over the steps of a run"), "max")
    view.field("Warm-up").v_model = "10"
    view.field("Called").v_model = "peak"
    view.press("Add this outcome")
    assert kept.value.outcomes == (("", "infected"), ("peak", "max of infected from step 10"))
    view.press("peak = max of infected from step 10")
    view.field("A run that ends early goes on with its last value").v_model = True
    view.press("Change it")
    assert kept.value.outcomes[1] == ("peak", "max of infected from step 10 carried on")
    choose(view.field("Over the steps of a run"), "first")
    assert "disabled" in view.button("Add this outcome").attributes
    view.field("Condition").v_model = "infected > 20"
    view.field("Called").v_model = ""
    view.press("Add this outcome")
    assert kept.value.outcomes[2] == ("", "first infected > 20 from step 10")


def test_one_run_shows_the_curve_and_the_value(form):
    view, _ = form
    view.press("Run once to see the curve")
    view.until("mean of infected in this run: 40.51")
    view.field("A run that ends early goes on with its last value").v_model = True
    view.until("mean of infected carried on in this run: 32.68")
    choose(view.field("Over the steps of a run"), "time of max")
    view.until("time of max of infected carried on in this run: 40")
    choose(view.field("Over the steps of a run"), "first")
    view.field("Condition").v_model = "infected > 1000"
    view.until("In this run it never holds")
    view.field("Condition").v_model = "nope > 1000"
    view.until("This run did not measure")


@pytest.mark.parametrize("over", [*STATISTICS, "first x > 5"])
@pytest.mark.parametrize(("warm_up", "after_end"), [(0, None), (3, "carry"), (99, None)])
def test_every_outcome_over_time_has_its_picture(over, warm_up, after_end):
    series = pd.DataFrame({"step": range(10), "a.b[c]": [0.0, 2, 4, 9, None, 6, 7, 7, 3, 1]})
    outcome = Outcome("a.b[c]", over=over, warm_up=warm_up, after_end=after_end)
    value, _ = value_over_time(series, outcome, 20)
    spec = specification(over_time_chart(series, "a.b[c]", outcome.over_time, value, 20))
    text = json.dumps(spec)
    assert ('"left out: warm-up"' in text) == (warm_up > 0)
    assert ("#d55e00" in text) == (value is not None)


def test_the_last_value_is_carried_on_to_the_last_step():
    series = pd.DataFrame({"step": [0, 1, 2], "x": [4.0, 6.0, 8.0]})
    said = over_time("mean", 0, "carry")
    spec = json.dumps(specification(over_time_chart(series, "x", said, 7.6, 10)))
    assert '{"step": 10, "value": 8.0}' in spec
    assert '{"step": 10, "value": 8.0}' not in json.dumps(
        specification(over_time_chart(series, "x", over_time("mean"), 6.0, 10))
    )


def test_a_warm_up_is_suggested_only_where_a_run_is_long_enough_and_settles():
    short = pd.DataFrame({"step": range(20), "x": range(20)})
    assert suggestion(short, "x") == (None, "A warm-up is suggested from 50 steps on.")
    rising = pd.DataFrame({"step": range(200), "x": range(200)})
    assert suggestion(rising, "x")[0] is None
    flat = pd.DataFrame({"step": range(200), "x": [1.0, 2.0] * 100})
    assert suggestion(flat, "x") == (0, "This run needs no warm-up (MSER-5).")
