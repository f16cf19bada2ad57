"""The Python half of the chart component."""

import json

import altair as alt
import ipyvue
import pandas as pd
import pytest
import solara

from mesa_lab.app.components import chart as charts
from mesa_lab.app.components.chart import Chart, specification

TABLE = pd.DataFrame({"x": [1, 2], "y": [0.5, float("nan")], "kind": ["a", None]})


def drawing(table=TABLE):
    return alt.Chart(table).mark_point().encode(x="x:Q", y="y:Q").properties(height=300)


@pytest.fixture
def show():
    """Render a chart and return its widget."""
    contexts = []

    def render(*args, **kwargs):
        _, rc = solara.render(Chart(*args, **kwargs), handle_error=False)
        contexts.append(rc)
        return rc.find(ipyvue.VueTemplate).widget

    yield render
    for rc in contexts:
        rc.close()


def test_the_specification_arrives_as_text(show):
    widget = show(drawing(), "Points", filename="points")
    spec = json.loads(widget.spec)
    assert spec["$schema"].endswith(f"{alt.SCHEMA_VERSION}.json")
    assert next(iter(spec["datasets"].values()))[1] == {"x": 2, "y": None, "kind": None}
    assert (widget.label, widget.filename, widget.height) == ("Points", "points", 300)
    assert (widget.clickable, widget.selectable, widget.has_table) == (False, False, False)


def test_the_same_chart_is_not_converted_again(monkeypatch):
    converted = []
    monkeypatch.setattr(charts, "specification", lambda chart: converted.append(chart) or {"mark": "point"})
    first, second = drawing(), drawing(TABLE * 2)
    renders = solara.reactive(0)

    @solara.component
    def Page():
        Chart(first if renders.value < 2 else second, "Points")

    _, rc = solara.render(Page(), handle_error=False)
    renders.set(1)
    assert len(converted) == 1
    renders.set(2)
    assert len(converted) == 2
    rc.close()


def test_nothing_to_draw_is_said(show):
    widget = show(None, "Points", empty="No runs yet.")
    assert (widget.spec, widget.empty) == ("", "No runs yet.")


def test_too_much_to_draw_is_said(show):
    widget = show(drawing(pd.DataFrame({"x": range(30_000), "y": 1})), "Points")
    assert widget.spec == ""
    assert widget.empty.startswith("This chart has more than 20,000 data points")


def test_more_rows_than_altair_allows_are_drawn_and_altair_stays_as_it_was():
    before = alt.data_transformers.active, dict(alt.data_transformers.options), alt.renderers.active
    spec = specification(drawing(pd.DataFrame({"x": range(6_000), "y": 1})))
    assert len(next(iter(spec["datasets"].values()))) == 6_000
    assert (alt.data_transformers.active, dict(alt.data_transformers.options), alt.renderers.active) == before


def test_a_table_comes_when_it_is_asked_for(show):
    table = pd.DataFrame(
        {"run": range(500), "date": pd.Timestamp("2024-01-01"), "mean": [float("inf")] + [1.5] * 499}
    )
    widget = show(drawing(), "Points", table=table)
    assert (widget.has_table, widget.table) == (True, None)
    widget.vue_event_want("table")
    assert widget.table["columns"] == ["run", "date", "mean"]
    assert widget.table["rows"][:2] == [[0, "2024-01-01 00:00:00", None], [1, "2024-01-01 00:00:00", 1.5]]
    assert (len(widget.table["rows"]), widget.table["total"]) == (200, 500)
    widget.vue_event_want("no table")
    assert widget.table is None


def test_all_rows_are_in_the_csv_each_time_it_is_asked_for(show):
    widget = show(drawing(), "Points", table=TABLE, filename="points")
    assert widget.saved is None
    widget.vue_event_want("csv")
    first = widget.saved
    assert (first["name"], first["text"]) == ("points.csv", TABLE.to_csv(index=False))
    widget.vue_event_want("csv")
    assert widget.saved != first


def test_clicks_and_brushes_are_handed_on(show):
    seen = []
    widget = show(
        drawing(), "Points", on_click=seen.append, on_select=lambda name, value: seen.append((name, value))
    )
    assert (widget.clickable, widget.selectable) == (True, True)
    widget.vue_event_point({"x": 1})
    widget.vue_event_selection({"name": "brush", "value": {"x": [0, 1]}})
    assert seen == [{"x": 1}, ("brush", {"x": [0, 1]})]
