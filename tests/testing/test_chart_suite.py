"""A chart that does what no chart may do is told so, and by what."""

import altair as alt
import numpy as np
import pandas as pd
import pytest

import mesa_lab as ml
from mesa_lab.errors import OutcomeError
from mesa_lab.processing.charts.caption import caption
from mesa_lab.processing.charts.chart import ChartKind
from mesa_lab.processing.charts.theme import finish, theme_of
from mesa_lab.testing import STUDIES, check_chart, synthetic_results


def table(results, outcome):
    counted = int(results.values(outcome).notna().sum())
    frame = pd.DataFrame({"what": ["runs"], "count": [counted]})
    return caption(frame, "count", "Runs", [f"{counted} runs."], {"what": "What", "count": "Count"})


def draw(table, theme="light", width=300, height=200, interactive=True):
    look = theme_of(theme)
    seen = {"tooltip": "count:Q"} if interactive else {}
    bars = alt.Chart(table).mark_bar().encode(x="what:N", y="count:Q", **seen)
    return finish(bars.properties(width=width, height=height), table, look, width)


COUNT = ChartKind("count", "Count", "How many runs have the outcome.", table, draw)


def with_caption(**changes):
    def changed(results, outcome):
        frame = table(results, outcome)
        frame.attrs["chart"] |= changes
        return frame

    return ChartKind("count", "Count", "How many there are.", changed, draw)


def by_table(function):
    return ChartKind("count", "Count", "How many there are.", function, draw)


def by_drawing(function):
    return ChartKind("count", "Count", "How many there are.", table, function)


def drawn_as(change):
    def changed(table, theme="light", width=300, height=200, interactive=True):
        return change(draw(table, theme, width, height, interactive), table, theme, interactive)

    return by_drawing(changed)


def refuse(results, outcome):
    raise OutcomeError("nothing there")


def refuse_when_drawn(results, outcome, told=[0]):  # noqa: B006  what it remembers is the fault
    told[0] += 1
    raise OutcomeError(f"Refused for the {told[0]}th time.")


def shuffled(results, outcome, told=[0]):  # noqa: B006
    told[0] += 1
    return table(results, outcome).assign(count=told[0])


def seeded(results, outcome):
    np.random.seed(1)
    return table(results, outcome)


def unnamed(results, outcome):
    results.require_values(outcome)
    frame = table(results, outcome)
    frame.attrs = {}
    return frame


@pytest.mark.parametrize("study", [study for study in STUDIES if study != "large"])
def test_a_plain_chart_passes_on_every_kind_of_study(study):
    assert len(check_chart(COUNT, study)) == 1


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            ChartKind("my chart", "Count", "How many.", table, draw),
            "A chart's name is an identifier: my chart",
        ),
        (ChartKind("count", "", "How many.", table, draw), "A chart has a title, for pages"),
        (ChartKind("count", "Count", "many", table, draw), "The summary is a sentence"),
        (by_drawing(lambda table, theme="light": None), "`draw` takes height, interactive, width"),
        (by_table(lambda results, outcome, size: None), "The option 'size' has a default"),
        (by_table(refuse), "A refusal says in a sentence what is wrong: nothing there"),
        (by_table(refuse_when_drawn), "It does not fit: Refused for the 1th time. Drawn, it says: Refused"),
        (by_table(lambda results, outcome: table(results, outcome)[:0]), "The table has rows"),
        (by_table(unnamed), "The table has a caption: mesa_lab.processing.charts.caption"),
        (by_table(shuffled), "are different"),
        (by_table(seeded), "numpy's global generator and the theme of altair are as they were"),
        (with_caption(title=""), "A chart has a title"),
        (with_caption(alt=""), "A chart has a text in place of the picture"),
        (with_caption(subtitle=["3 runs"]), "What stands below the title is sentences: 3 runs"),
        (with_caption(subtitle=["Mean nan."]), "Mean nan"),
        (with_caption(columns={"what": "A", "count": "A"}), "The labels of the columns differ"),
        (drawn_as(lambda chart, *_: chart.properties(title="Other")), "title"),
        (drawn_as(lambda chart, *_: chart.properties(description="Other")), "text in its place"),
        (drawn_as(lambda chart, table, theme, _: draw(table)), "The dark theme is dark|no tooltips"),
        (
            drawn_as(lambda chart, table, theme, _: draw(table, theme)),
            "Without interaction there are no tooltips",
        ),
        (drawn_as(lambda chart, *_: chart.encode(x=alt.X("a['b']:N"))), "Vega reads"),
    ],
)
def test_what_no_chart_may_do_is_told(kind, expected):
    results = synthetic_results(ml.Experiment("none:None", {"a": [1, 2]}), {"y": lambda runs, rng: runs["a"]})
    with pytest.raises((AssertionError, TypeError), match=expected):
        check_chart(kind, results)


def test_an_unknown_outcome_is_to_be_refused():
    def deaf(results, outcome):
        return table(results, "y")

    with pytest.raises(AssertionError, match="'no such outcome' is refused with an OutcomeError"):
        check_chart(by_table(deaf), "two points")
