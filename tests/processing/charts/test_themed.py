import altair as alt
import pytest

from mesa_lab.processing.charts import find_chart


@pytest.fixture
def chart(make):
    return find_chart("effect").chart(make({"n": [1, 2, 3]}, replications=3), "happy")


def test_drawing_a_chart_does_not_change_it(chart):
    assert isinstance(chart, alt.LayerChart)
    first = chart.to_dict()
    assert chart.to_dict() == first


@pytest.mark.parametrize(
    "change", [lambda chart: chart.copy(deep=False), lambda chart: chart.properties(width=99)]
)
def test_a_copy_that_is_added_to_leaves_the_chart_as_it_was(chart, change):
    before = chart.to_dict()
    other = change(chart)
    assert type(other) is type(chart)
    other += alt.Chart(chart.data).mark_rule()
    other.title = "another"
    assert len(other.layer) == len(chart.layer) + 1
    assert chart.to_dict() == before
