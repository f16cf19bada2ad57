"""Several outcomes in one chart or side by side, and single runs behind a mean."""

import json

import pytest

from mesa_lab.errors import OutcomeError
from mesa_lab.processing.charts import find_chart
from mesa_lab.processing.export.chart_image import render

SIR = {
    "S": lambda p, g: 40 - g.random(len(p)),
    "I": lambda p, g: 5 + g.random(len(p)),
    "R": lambda p, g: 9 + g.random(len(p)),
}


@pytest.fixture
def sir(make):
    return make({"n": [1, 2]}, replications=3, steps=4, outcomes=SIR)


def test_outcomes_of_one_size_share_an_axis_the_chosen_one_first(sir):
    table = find_chart("outcomes").table(sir, "I")
    assert table["group"].cat.categories.tolist() == ["I", "S", "R"]
    assert table.attrs["chart"]["title"] == "I and 2 other outcomes over the steps"
    spec = sir.chart("outcomes", "I").to_dict()
    assert "facet" not in spec
    alone = find_chart("series").table(sir, "R", by="all")
    ours = table[table["group"] == "R"]
    assert ours["mean"].tolist() == alone["mean"].tolist()


def test_outcomes_of_other_sizes_have_panels_with_axes_of_their_own(make):
    outcomes = {**SIR, "share": lambda p, g: g.random(len(p))}
    results = make({"n": [1, 2]}, replications=3, steps=4, outcomes=outcomes)
    spec = results.chart("outcomes", width=1000).to_dict()
    assert spec["resolve"]["scale"]["y"] == "independent"
    assert spec["columns"] == 2
    assert render(results.chart("outcomes"), "svg").count("aria-label=\"Title text 'step'\"") <= 4
    assert "facet" not in results.chart("outcomes", panels=False).to_dict()


def test_outcomes_can_be_named(sir):
    table = find_chart("outcomes").table(sir, "S", outcomes=["R"])
    assert table["group"].cat.categories.tolist() == ["S", "R"]
    with pytest.raises(OutcomeError, match="'Q'"):
        sir.chart("outcomes", "S", outcomes=["Q"])


def test_at_most_eight_outcomes_are_drawn(make):
    many = {f"y{number}": SIR["I"] for number in range(11)}
    table = find_chart("outcomes").table(make({"n": [1]}, replications=2, steps=2, outcomes=many), "y9")
    assert table["group"].nunique() == 8
    assert "3 outcomes more are not shown." in table.attrs["chart"]["subtitle"][0]


def test_runs_are_drawn_behind_the_mean(sir, make):
    table = find_chart("series").table(sir, "I", by="point", runs=True)
    threads = json.loads(table.attrs["chart"]["threads"])
    assert len(set(threads["run"])) == 6
    assert set(threads["group"]) == {"n 1", "n 2"}
    values = sir.runs.set_index("run_id")["I"]
    last = [value for value, step in zip(threads["value"], threads["step"], strict=True) if step == 4]
    assert sorted(last) == pytest.approx(sorted(values))
    assert "The runs are drawn as thin lines." in table.attrs["chart"]["subtitle"][0]
    many = make({"n": range(20)}, replications=5, steps=300, outcomes={"I": SIR["I"]})
    table = find_chart("series").table(many, "I", by="all", runs=True)
    assert "40 of 100 runs are drawn as thin lines." in table.attrs["chart"]["subtitle"][0]
    assert len(json.loads(table.attrs["chart"]["threads"])["run"]) <= 4000
    assert render(many.chart("series", "I", runs=True), "svg")
