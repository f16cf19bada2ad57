"""The results page and its parts, without a browser."""

import contextlib
import io
import sqlite3
import time
from dataclasses import replace

import ipyvuetify
import pandas as pd
import pytest
import solara

import mesa_lab as ml
from mesa_lab.app.components.data_table import DataTable
from mesa_lab.app.components.downloads import (
    file_name,
    frame_bytes,
    report_bytes,
    study_bytes,
    table_bytes,
)
from mesa_lab.app.components.table_filter import arrange
from mesa_lab.app.results.chart_options import brushed, draw, kinds_for, options_of, picked
from mesa_lab.app.results.charts import ChartPanel
from mesa_lab.app.results.page import ResultsPage, ResultsView
from mesa_lab.app.results.run_details import read_run
from mesa_lab.app.results.tables import table_of
from mesa_lab.app.state.result_view import ResultView, from_query, to_query
from mesa_lab.errors import OutcomeError
from mesa_lab.processing.charts import find_chart
from mesa_lab.workspace.shared_results import open_results
from mesa_lab.workspace.study_state import facts_of
from mesa_lab.workspace.workspace import Workspace
from tests.app.elements import walk

NASTY = "<img src=x onerror=alert(1)> {{ 7 * 7 }}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies")
    experiment = ml.Experiment(
        "mesa.examples:Schelling",
        {"density": [0.6, 0.8], "homophily": [0.3, 0.5], "width": 10, "height": 10},
        replications=2,
        max_steps=4,
        seed=1,
    )
    ml.run(experiment, folder / "neighbours.study", progress=False, n_jobs=1, backend="sequential")
    return folder


@pytest.fixture(scope="module")
def opened(folder):
    return open_results(folder / "neighbours.study")


@pytest.fixture
def show():
    """Render a component; returns the box that it is in."""
    contexts = []

    def render(element):
        box, rc = solara.render(element, handle_error=False)
        contexts.append(rc)
        return box

    yield render
    for rc in contexts:
        rc.close()


def texts(box):
    """All texts that are shown."""
    return [text for widget in walk(box) for text in getattr(widget, "children", ()) if isinstance(text, str)]


def until(ready, seconds=60.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := ready():
            return found
        time.sleep(0.02)
    return ready()


def spoken(widget):
    return (getattr(widget, "attributes", None) or {}).get("aria-label")


def button(box, text):
    for widget in walk(box):
        if getattr(widget, "tag", "") == "button" and (
            text in texts(widget) or text in widget.children or spoken(widget) == text
        ):
            return widget
    raise AssertionError(f"no button {text!r}")


TABLE = pd.DataFrame(
    {"run_id": range(40), "size": [float(n % 7) for n in range(40)], "kind": ["a", "b"] * 20}
)


def test_a_condition_a_text_and_a_column_arrange_a_table():
    assert arrange(TABLE, "size > 5 and run_id < 20").tolist() == [6, 13]
    assert arrange(TABLE, "b").tolist() == list(range(1, 40, 2))
    assert arrange(TABLE, "run_id < 3", "size", descending=True).tolist() == [2, 1, 0]
    assert arrange(TABLE, "kind == 'a' and run_id < 4").tolist() == [0, 2]


def test_missing_values_stand_last_and_mixed_ones_can_be_sorted():
    frame = pd.DataFrame({"a": [2.0, float("nan"), 1.0], "b": ["x", None, 3]})
    assert arrange(frame, "", "a").tolist() == [2, 0, 1]
    assert arrange(frame, "", "a", descending=True).tolist() == [0, 2, 1]
    assert arrange(frame, "", "b").tolist() == [1, 2, 0]


@pytest.mark.parametrize("text", ["sise > 3", "1 < 2", "size > (", "__import__('os') > 1"])
def test_a_wrong_condition_is_explained(text):
    with pytest.raises(OutcomeError):
        arrange(TABLE, text)


def test_a_table_shows_a_page_sorts_and_filters(show):
    seen = []
    box = show(DataTable(TABLE, "Runs", key="run_id", on_row=seen.append))
    assert "1 to 15 of 40" in texts(box)
    button(box, "Last rows").click()
    assert "31 to 40 of 40" in texts(box)
    button(box, "Open Run 39").click()
    assert seen == [39]
    button(box, "size").click()
    assert until(
        lambda: "Open Run 14" in map(spoken, walk(box)) and "Open Run 39" not in map(spoken, walk(box))
    )
    next(w for w in walk(box) if isinstance(w, ipyvuetify.TextField)).v_model = "kind == 'a'"
    assert until(lambda: "1 to 15 of 20 (40 in all)" in texts(box))


def test_the_example_of_a_filter_is_of_the_studys_own_columns(show):
    box = show(DataTable(TABLE, "Runs"))
    field = next(w for w in walk(box) if isinstance(w, ipyvuetify.TextField))
    assert field.hint.startswith("For example: size >")


def test_what_users_wrote_is_text(show):
    frame = pd.DataFrame({NASTY: [1, 2], "kind": [NASTY, "x"]})
    box = show(DataTable(frame, "Nasty"))
    assert NASTY in texts(box)
    assert not [w for w in walk(box) if NASTY in str(getattr(w, "template", ""))]


def test_each_kind_of_chart_is_drawn_with_what_it_offers(opened):
    kinds = kinds_for(opened)
    names = ["series", "effect", "heatmap", "distribution", "design", "outcomes"]
    assert [kind.name for kind in kinds] == names
    for kind in kinds:
        options = {o.name: o.items[-1][0] for o in options_of(kind, opened.parameters, opened.points)}
        drawn = draw(opened, kind, "happy", options, dark=True, width=700)
        assert len(drawn.readable)
        assert drawn.label
        assert drawn.chart.to_dict()


@pytest.mark.parametrize("words", ["wolves, 61 %", "no clear influence"])
def test_the_most_influential_parameter_is_said_with_its_share_or_to_be_none(words):
    parameter = next(
        o for o in options_of(find_chart("effect"), ("wolves", "sheep"), 6, words) if o.name == "parameter"
    )
    assert parameter.items[0] == (None, f"Most influential ({words})")
    assert parameter.default is None


def test_a_mark_leads_to_its_points_and_a_brush_to_those_within(opened):
    kinds = {kind.name: kind for kind in kinds_for(opened)}
    effect = draw(opened, kinds["effect"], "happy", {"parameter": "density"}, dark=False, width=700)
    points = opened.results.points
    wanted = points.index[points["density"] == 0.6].tolist()
    assert picked(opened, effect, {"x": 0.6, "group": "all"}) == (wanted, None)
    assert picked(opened, effect, {"run_id": 3}) == ([], 3)
    assert picked(opened, effect, {"run_id": 10_000, "x": NASTY}) == ([], None)
    assert picked(opened, effect, {"x": {"length": 1}, "group": "all"}) == ([], None)
    heatmap = draw(opened, kinds["heatmap"], "happy", {"x": "density"}, dark=False, width=700)
    (corner,) = points.index[(points["density"] == 0.6) & (points["homophily"] == 0.5)]
    assert picked(opened, heatmap, {"x": "0.6", "y": "0.5", "mean": 1}) == ([corner], None)
    series = draw(opened, kinds["series"], "happy", {"by": "density"}, dark=False, width=700)
    assert picked(opened, series, {"group": "0.6", "step": 3}) == (wanted, None)
    boxes = draw(opened, kinds["distribution"], "happy", {"by": "density"}, dark=False, width=700)
    assert picked(opened, boxes, {"group": "0.6"}) == (wanted, None)
    design = draw(opened, kinds["design"], "happy", {}, dark=False, width=700)
    assert sorted(brushed(design, {"p0": [0.5, 0.7]})) == sorted(wanted)
    assert brushed(design, None) is None


@solara.component
def Charts(opened):
    view, set_view = solara.use_state(ResultView())
    ChartPanel(
        opened,
        "happy",
        lambda name: None,
        kind=view.chart,
        on_kind=lambda kind: set_view(replace(view, chart=kind)),
        options=view.chosen,
        on_option=lambda *choice: set_view(view.with_option(*choice)),
        width=700,
    )


@solara.component
def Page(workspace, key, view=None, seen=None):
    view, set_view = solara.use_state(view or ResultView(tab="charts"))
    if seen is not None:
        seen.append(view)
    ResultsPage(workspace, key, view, set_view)


def test_the_charts_of_an_outcome_come_by_themselves(opened, show):
    box = show(Charts(opened))

    def figures():
        return [w for w in walk(box) if getattr(w, "spec", "")]

    assert until(figures)
    first = figures()[0].spec
    button(box, "Over two parameters").click()
    assert until(lambda: figures() and figures()[0].spec != first)


def test_tables_are_narrowed_to_points(opened):
    assert len(table_of(opened, "runs", "happy", None)) == 8
    assert table_of(opened, "runs", "happy", (1,))["point"].tolist() == [1, 1]
    by_point = table_of(opened, "points", "happy", (0, 2))
    assert by_point["point"].tolist() == [0, 2]
    assert by_point["outcome"].unique().tolist() == ["happy"]


def test_a_run_can_be_done_again_from_what_is_shown(opened, monkeypatch):
    run = read_run(opened, 5)
    row = opened.runs.set_index("run_id").loc[5]
    assert ("Seed", str(row["seed"])) in run.facts
    assert len(run.series) == row["steps"] + 1
    assert [name for name, _ in run.charts][:1] == ["happy"]
    monkeypatch.setattr("builtins.print", lambda *_: None)
    space = {}
    exec(run.python, space)  # the text is ours
    assert space["run"].outcomes["happy"] == row["happy"]


def test_files_hold_what_was_shown(opened):
    runs = opened.runs
    assert pd.read_csv(io.BytesIO(frame_bytes(runs, "csv")))["happy"].tolist() == runs["happy"].tolist()
    assert pd.read_parquet(io.BytesIO(frame_bytes(runs, "parquet")))["seed"].tolist() == runs["seed"].tolist()
    mixed = pd.DataFrame({"a": [1, None, "x"]})
    assert pd.read_parquet(io.BytesIO(frame_bytes(mixed, "parquet")))["a"].tolist()[0] == "1"
    assert (
        len(pd.read_parquet(io.BytesIO(table_bytes(opened, "series", "parquet"))))
        == opened.runs["steps"].sum() + 8
    )
    assert study_bytes(opened).startswith(b"SQLite format 3")
    said = []
    assert b"<html" in report_bytes(opened, said.append)
    assert any(each.startswith("Charts of happy (1 of ") for each in said)
    assert said[-1] == ""  # nothing is going on any more
    assert file_name("../../etc") == "etc"


def test_the_page_opens_the_study_of_the_address(folder, show):
    box = show(Page(Workspace(folder), "neighbours"))
    assert until(lambda: "Schelling, 4 design points, 8 runs" in texts(box))
    assert until(lambda: "1 to 8 of 8" in texts(box))
    headings = [text for text in texts(box) if text in ("Seed", "Steps", "Time", "Set-up (s)")]
    assert headings == ["Steps", "Set-up (s)"]
    button(box, "Open Run 5").click()
    assert until(lambda: "The same run again" in texts(box))
    button(box, "Back to the table").click()
    assert until(lambda: "The same run again" not in texts(box))
    button(box, "Points").click()
    assert until(lambda: "1 to 4 of 4" in texts(box))
    assert "Runs" in texts(box)
    assert not {"Failed", "Without value"} & set(texts(box))
    button(box, "Open Point 2").click()
    assert until(lambda: "Only point 2." in texts(box))
    assert until(lambda: "1 to 2 of 2" in texts(box))


def test_a_model_has_the_same_name_wherever_people_read_it(tmp_path, show):
    experiment = ml.Experiment("mesa.examples:BoltzmannWealth", {"n": [5, 9]}, max_steps=2)
    path = tmp_path / "money.study"
    ml.run(experiment, path, progress=False, n_jobs=1, backend="sequential")
    box = show(Page(Workspace(tmp_path), "money"))
    assert until(lambda: "Boltzmann Wealth, 2 design points, 2 runs" in texts(box))
    assert facts_of(experiment).model_name == "Boltzmann Wealth"
    assert "Boltzmann Wealth was run" in report_bytes(open_results(path), str).decode()


def test_on_a_server_of_several_people_a_study_says_whose_it_is(tmp_path, show):
    experiment = ml.Experiment("mesa.examples:BoltzmannWealth", {"n": [5, 9]}, max_steps=2)
    anna, ben = (Workspace(tmp_path / "visitors" / name, tmp_path, local=False) for name in ("a", "b"))
    own = anna.make("money", experiment)
    ml.run(experiment, own.path, progress=False, n_jobs=1, backend="sequential")
    ben.make("money", experiment)
    mine = "Your own study. Others who open this address see one of theirs or none; the run page makes a link to this one."
    for workspace, runs in ((anna, "2 runs"), (ben, "No run of this study has a result yet.")):
        box = show(Page(workspace, "money"))
        assert until(lambda box=box: mine in texts(box))
        assert until(lambda box=box, runs=runs: any(runs in text for text in texts(box)))
    box = show(Page(ben, anna.share(own)))
    assert until(lambda: "A study of somebody else, who shared it by a link." in texts(box))
    box = show(Page(Workspace(anna.folder), "money"))
    assert until(lambda: any("2 runs" in text for text in texts(box)))
    assert mine not in texts(box)


@pytest.mark.parametrize(
    ("key", "said"), [("", "Run an experiment, or open a study."), ("../x", "is no name")]
)
def test_without_a_study_the_page_says_where_to_go(tmp_path, show, key, said):
    box = show(Page(Workspace(tmp_path), key))
    assert any(said in text for text in texts(box))


def test_a_file_that_is_no_study_is_said_to_be_none(tmp_path, show):
    path = tmp_path / "x.study"
    path.write_text(NASTY)
    box = show(ResultsView(path, NASTY, 1, ResultView(), lambda view: None))

    def alerts():
        return [w for w in walk(box) if (getattr(w, "attributes", None) or {}).get("role") == "alert"]

    assert until(alerts)
    assert NASTY in texts(box)


@pytest.mark.parametrize("column", ["o0", "seed", "run_seconds"])
def test_results_that_were_changed_are_shown_and_said_to_be(folder, tmp_path, show, column):
    path = tmp_path / "changed.study"
    with ml.open_study(folder / "neighbours.study") as whole:
        whole.copy(path)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE runs SET {column} = 999 WHERE run_id = 3")

    def see():
        box = show(ResultsView(path, "changed", 8, ResultView(tab="charts"), lambda view: None))
        assert until(lambda: any("the results of" in text for text in texts(box)))
        return box

    with pytest.warns(UserWarning, match="is damaged"):
        box = see()
    assert until(lambda: "Schelling, 4 design points, 8 runs" in texts(box))


def test_what_is_looked_at_fits_into_an_address():
    view = ResultView(
        NASTY, "heatmap", (3, 5), 12, "points", (("heatmap", "x", "a"), ("heatmap", "y", NASTY)), "charts"
    )
    assert from_query({name: [value] for name, value in to_query(view).items()}) == view
    assert from_query({name: [value] for name, value in to_query(ResultView()).items()}) == ResultView()
    assert from_query({"points": [NASTY, "-1,x,²,9,"], "run": ["1e3"], "chart": []}) == ResultView(
        points=(9,), tab="charts"
    )
    assert to_query(ResultView(points=tuple(range(1000))))["points"] == ""
    assert from_query({"table": [NASTY], "by": ["x"], NASTY: ["y"]}) == ResultView(tab="charts")


def test_the_address_holds_what_was_chosen_about_the_chart_that_is_shown():
    view = ResultView().with_option("effect", "by", "density").with_option("heatmap", "x", "homophily")
    assert (view.chart, to_query(view)["x"], to_query(view)["by"]) == ("heatmap", "homophily", "")
    assert to_query(replace(view, chart="effect"))["by"] == "density"
    assert view.with_option("heatmap", "x", None).chosen("heatmap") == {}


def selects(box, label):
    return [w for w in walk(box) if isinstance(w, ipyvuetify.Select) and w.label == label]


def test_options_of_charts_and_the_table_come_back_with_the_address(folder, show):
    seen = []
    box = show(Page(Workspace(folder), "neighbours", seen=seen))
    assert until(lambda: selects(box, "Tell apart by"))
    selects(box, "Tell apart by")[0].v_model = "2"
    assert until(lambda: seen[-1].chosen("effect") == {"by": "homophily"})
    [w for w in walk(box) if getattr(w, "tag", "") == "button" and "Points" in w.children][-1].click()
    assert until(lambda: "1 to 4 of 4" in texts(box))
    address = {name: [text] for name, text in to_query(seen[-1]).items()}
    again = show(Page(Workspace(folder), "neighbours", from_query(address)))
    assert until(lambda: selects(again, "Tell apart by"))
    assert selects(again, "Tell apart by")[0].v_model == "2"
    assert until(lambda: "1 to 4 of 4" in texts(again))


def test_an_option_that_the_chart_does_not_offer_is_as_if_it_were_not_there(folder, show):
    view = ResultView(chart="effect", table="failures", tab="charts").with_option("effect", "by", NASTY)
    box = show(Page(Workspace(folder), "neighbours", view))
    assert until(lambda: selects(box, "Tell apart by"))
    assert selects(box, "Tell apart by")[0].v_model == "0"
    assert until(lambda: "1 to 8 of 8" in texts(box))
    assert NASTY not in texts(box)


def test_seconds_have_as_many_digits_as_they_deserve(show):
    frame = pd.DataFrame(
        {
            "init_seconds": [0.0012345, 0.0098765, 0.004, 1.0],
            "run_seconds": [1234.5, 99.9, 120.0, float("nan")],
            "happy": [1.23456, 2.0, 3.0, 4.0],
        }
    )
    shown = texts(show(DataTable(frame, "Runs")))
    assert {"0.0012", "0.0099", "0.0040", "1.0000"} <= set(shown)
    assert {"1,234", "100", "120", "–", "1.235"} <= set(shown)
    assert "0" in texts(show(DataTable(frame[["init_seconds"]] * 0, "Runs")))


def test_statistics_stand_under_each_other(show):
    frame = pd.DataFrame({"mean": [109.166, 8.3333, -0.5, 0.0], "sd": [1000.0, 0.001, 3.0, float("inf")]})
    shown = texts(show(DataTable(frame, "Points")))
    assert {"109.2", "8.3", "-0.5", "0.0"} <= set(shown)
    assert {"1,000", "0.001", "3", "∞"} <= set(shown)
    odd = pd.DataFrame({"mean": ["a", None], "median": [1000.0, 0.001], "q05": [True, False]})
    assert {"a", "–", "1,000", "0.001", "True"} <= set(texts(show(DataTable(odd, "Outcomes of any name"))))


def test_a_link_leads_to_a_run_and_to_what_is_there(folder, show):
    box = show(
        Page(Workspace(folder), "neighbours", ResultView("pct_happy", "heatmap", (1,), 3, tab="charts"))
    )
    assert until(lambda: "Run 3" in texts(box) and "Back to the table" in texts(box))
    button(box, "Back to the table").click()
    assert until(lambda: "Only point 1." in texts(box))
    odd = show(Page(Workspace(folder), "neighbours", ResultView(NASTY, NASTY, (999,), 999, tab="charts")))
    assert until(lambda: "There is no run 999 with a result." in texts(odd))
    assert "Against a parameter" in texts(odd)


def test_a_parameter_called_n_keeps_its_name_above_its_column(tmp_path, show):
    experiment = ml.Experiment("mesa.examples:BoltzmannWealth", {"n": [5, 9]}, max_steps=2)
    ml.run(experiment, tmp_path / "money.study", progress=False, n_jobs=1, backend="sequential")
    box = show(Page(Workspace(tmp_path), "money", ResultView(tab="runs")))
    assert until(lambda: "1 to 2 of 2" in texts(box))
    headings = [w for w in walk(box) if getattr(w, "tag", "") == "thead"]
    said = [text for head in headings for text in texts(head)]
    assert "n" in said
    assert "Runs" not in said
