"""Every chart on the shelf passes the same tests, whatever the names, the values and the design."""

import itertools
import json
import re

import altair as alt
import numpy as np
import pandas as pd
import pytest

from mesa_lab.errors import OutcomeError, ParameterError
from mesa_lab.preparation.parameters import Real
from mesa_lab.processing.charts import CHARTS, all_charts, find_chart, readable
from mesa_lab.processing.charts.caption import number_format
from mesa_lab.processing.charts.kind import ChartKind
from mesa_lab.processing.charts.levels import levels_of, point_labels, unique_labels
from mesa_lab.processing.charts.theme import DASHES, SHAPES, THEMES
from mesa_lab.processing.export import render

KINDS = pytest.mark.parametrize("kind", CHARTS, ids=lambda kind: kind.name)

ODD = ['R over S: "mean(a.b[0])"', "#Traders' \\ {{ 7*7 }} <img src=x>", "datum", " "]


def rows_of(spec):
    """The rows of all data in a specification."""
    return sum(len(rows) for rows in spec.get("datasets", {}).values())


def drawn(kind, results, outcome, **options):
    """Draw a chart, let the converter render it, and return its specification and its picture."""
    chart = kind.chart(results, outcome, **options)
    spec = chart.to_dict()
    assert rows_of(spec) <= 5000
    picture = render(chart, "svg")
    assert picture.startswith("<svg")
    assert "NaN" not in re.sub(r'aria-label="[^"]*"', "", picture)
    return spec, picture


def texts(picture):
    return " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", picture))


@pytest.fixture
def plain(make):
    points = pd.DataFrame(list(itertools.product([1, 2, 3], [True, False])), columns=["n", "torus"])
    return make(points, replications=4, outcomes={"happy": lambda p, g: p["n"] + g.random(len(p))})


@KINDS
def test_it_draws_what_it_says(kind, plain):
    table = kind.table(plain, "happy")
    caption = table.attrs["chart"]
    spec, picture = drawn(kind, plain, "happy")
    assert spec["title"]["text"] == [caption["title"]]
    assert spec["description"] == caption["alt"]
    assert "happy" in caption["title"].lower()
    assert "4 runs" in " ".join(caption["subtitle"]) or "8 runs" in " ".join(caption["subtitle"])
    assert caption["title"] in texts(picture)
    json.dumps(table.attrs)  # plain data, which survives any format


@KINDS
def test_its_table_can_be_read_by_people(kind, plain):
    shown = readable(kind.table(plain, "happy"))
    assert len(shown)
    assert shown.columns.is_unique
    assert not {"x", "y", "p0", "dot", "row"} & {str(name) for name in shown.columns}


@KINDS
def test_it_knows_its_options(kind, plain):
    assert kind.summary.endswith(".")
    assert {"theme", "width", "height", "interactive"} <= set(kind.looks)
    with pytest.raises(OutcomeError, match="has no option 'colour'"):
        kind.chart(plain, "happy", colour="red")


@KINDS
def test_it_names_an_unknown_outcome(kind, plain):
    with pytest.raises(OutcomeError, match=r"Unknown outcome 'hapy'.*Did you mean 'happy'\?"):
        kind.chart(plain, "hapy")


@KINDS
def test_it_refuses_text(kind, make):
    results = make({"n": [1, 2], "m": [3, 4]}, outcomes={"phase": lambda p, g: ["calm"] * len(p)})
    with pytest.raises(OutcomeError, match="not a number"):
        kind.chart(results, "phase")


@KINDS
@pytest.mark.parametrize("name", ODD[:3])
def test_names_may_hold_anything(kind, make, name):
    other = ODD[ODD.index(name) - 1]
    points = {name: [1.5, 2.5, 1.5, 2.5], other: ["a", "a", "b", "b"]}
    results = make(points, outcomes={name: lambda p, g: g.random(len(p))})
    spec, picture = drawn(kind, results, name)
    assert "<img" not in picture
    encoded = [value["field"] for value in _encodings(spec) if "field" in value]
    assert encoded
    assert all(re.fullmatch(r"\w+", field) for field in encoded)


def _encodings(part):
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "encoding":
                yield from (channel for channel in value.values() if isinstance(channel, dict))
            yield from _encodings(value)
    elif isinstance(part, list):
        for value in part:
            yield from _encodings(value)


@KINDS
def test_levels_may_be_called_anything(kind, make):
    results = make({"mode": ODD * 2, "n": [1] * 4 + [2] * 4}, outcomes={"x": lambda p, g: g.random(len(p))})
    drawn(kind, results, "x")


@KINDS
def test_one_replication_has_no_interval(kind, make):
    results = make({"n": [1, 2, 3], "m": [1, 2, 1]}, replications=1)
    drawn(kind, results, "happy")
    sentences = " ".join(kind.table(results, "happy").attrs["chart"]["subtitle"])
    assert "with 95" not in sentences


@KINDS
def test_one_point(kind, make):
    results = make({"n": [7], "m": ["only"]}, replications=5)
    drawn(kind, results, "happy")


@KINDS
def test_nothing_varies(kind, make):
    results = make(pd.DataFrame(index=[0]), replications=5)
    if kind.parameters:
        with pytest.raises(OutcomeError, match="no parameter varies"):
            kind.chart(results, "happy")
    else:
        drawn(kind, results, "happy")


@KINDS
def test_failed_runs_are_said_to_be_left_out(kind, make):
    results = make({"n": [1, 2], "m": [1, 2]}, replications=4, failed=[0, 1], timed_out=[2])
    sentences = " ".join(kind.table(results, "happy").attrs["chart"]["subtitle"])
    assert "3 runs that failed or timed out are left out." in sentences
    drawn(kind, results, "happy")


@KINDS
def test_a_point_without_any_result(kind, make):
    results = make({"n": [1, 2], "m": [1, 2]}, replications=2, failed=[0, 2])
    drawn(kind, results, "happy")


@KINDS
def test_when_every_run_failed_there_is_nothing_to_draw(kind, make):
    results = make({"n": [1, 2], "m": [1, 2]}, replications=2, failed=[0, 1, 2, 3])
    with pytest.raises(OutcomeError, match="No run that came to its end reported 'happy'"):
        kind.chart(results, "happy")


@KINDS
@pytest.mark.parametrize(
    "values",
    [
        [1.0, None, 3.0, None, 5.0, 6.0],
        [float("inf"), 1.0, 2.0, 3.0, -float("inf"), 1.0],
        [0.0] * 6,
        [1e300, 1e-300] * 3,
        [1e-9, 2e-9] * 3,
    ],
    ids=["missing", "infinite", "constant", "enormous", "tiny"],
)
def test_values_may_be_anything(kind, make, values):
    results = make({"n": [1, 2], "m": [1, 2]}, replications=3, outcomes={"x": lambda p, g: values})
    drawn(kind, results, "x")


@KINDS
def test_yes_or_no_is_drawn_as_a_share(kind, make):
    results = make(
        {"n": [1, 2], "m": [1, 2]}, replications=3, outcomes={"ok": lambda p, g: [True, False] * 3}
    )
    _, picture = drawn(kind, results, "ok")
    assert kind.name == "series" or "%" in texts(picture)


@KINDS
def test_parameters_of_any_kind(kind, make):
    frame = {
        "flag": [True, False, True, False],
        "limit": [None, 5, None, 7],
        "nested": [[1], [2], (1, 2), {"a": 1}],
        "mode": ["a", "b", "c", "d"],
    }
    results = make(frame, replications=2)
    for name in frame:
        options = {
            "heatmap": {"x": name},
            "effect": {"parameter": name},
            "design": {"parameters": [name, "flag"]},
        }
        drawn(kind, results, "happy", **options.get(kind.name, {"by": name}))


@KINDS
def test_ten_thousand_points_stay_small_and_say_so(kind, make):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"x": rng.random(10_000), "y": rng.integers(0, 100, 10_000), "kind": rng.choice(list("abc"), 10_000)}
    )
    results = make(
        frame, replications=1, steps=2, outcomes={"z": lambda p, g: p["x"] + g.random(len(p))}, block=500
    )
    drawn(kind, results, "z")
    sentences = " ".join(kind.table(results, "z").attrs["chart"]["subtitle"])
    assert re.search(r"Averaged over|of 10,000 design points are shown|One run in", sentences)


@KINDS
def test_the_dark_theme_is_dark_and_its_own(kind, plain):
    light, _ = drawn(kind, plain, "happy")
    dark, _ = drawn(kind, plain, "happy", theme="dark")
    assert light["background"] == THEMES["light"].background
    assert dark["background"] == THEMES["dark"].background
    assert dark["config"]["axis"]["labelColor"] != light["config"]["axis"]["labelColor"]
    with pytest.raises(OutcomeError, match="Unknown theme 'sepia'"):
        kind.chart(plain, "happy", theme="sepia")


@KINDS
def test_nothing_process_wide_is_touched(kind, plain):
    before = alt.theme.active, alt.data_transformers.active, alt.renderers.active
    kind.chart(plain, "happy").to_dict()
    assert before == (alt.theme.active, alt.data_transformers.active, alt.renderers.active)


@KINDS
def test_tooltips_only_when_asked_for(kind, plain):
    assert "tooltip" in json.dumps(drawn(kind, plain, "happy")[0])
    assert "Tooltip" not in json.dumps(drawn(kind, plain, "happy", interactive=False)[0])


@KINDS
def test_the_size_can_be_chosen(kind, plain):
    _, small = drawn(kind, plain, "happy", width=200, height=120)
    _, large = drawn(kind, plain, "happy", width=900, height=500)
    assert float(re.search(r'width="([\d.]+)"', small)[1]) < float(re.search(r'width="([\d.]+)"', large)[1])


def test_colours_dashes_and_shapes_are_enough_and_differ():
    assert len({tuple(dash) for dash in DASHES}) == len(DASHES) == 8
    assert len(set(SHAPES)) == len(SHAPES) == 8
    for theme in THEMES.values():
        assert len(set(theme.colours)) == 8


# ---------------------------------------------------------------- series


def test_a_series_says_when_runs_stop_early(make):
    results = make({"n": [1]}, replications=3, steps=6, stops={0: 2})
    table = find_chart("series").table(results, "happy")
    assert table["n"].tolist() == [3, 3, 3, 2, 2, 2, 2]
    assert table["n_missing"].tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert "stop early" in table.attrs["chart"]["subtitle"][0]


def test_a_long_series_is_thinned_and_says_so(make):
    results = make({"n": [1, 2]}, replications=2, steps=1000)
    table = find_chart("series").table(results, "happy")
    assert table["step"].nunique() <= 162
    assert table["step"].max() == 1000
    assert "One step in 7 is drawn." in table.attrs["chart"]["subtitle"][0]


def test_many_points_are_told_apart_by_what_matters_most(make):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"idle": rng.random(40), "strong": rng.random(40)})
    results = make(frame, outcomes={"x": lambda p, g: p["strong"]})
    caption = find_chart("series").table(results, "x").attrs["chart"]
    assert caption["group_title"] == "strong"
    assert "Averaged over idle." in caption["subtitle"][0]


def test_more_lines_than_can_be_told_apart_are_not_drawn(make):
    results = make({"n": range(20)}, replications=2)
    table = find_chart("series").table(results, "happy", by="point")
    assert table["group"].nunique() == 8
    assert "8 of 20 design points are shown." in table.attrs["chart"]["subtitle"][0]
    few = find_chart("series").table(results, "happy", by="point", points=[3, 5])
    assert few["group"].cat.categories.tolist() == ["n 3", "n 5"]


def test_the_band_can_show_the_spread_of_runs(make):
    results = make({"n": [1]}, replications=40, steps=1)
    ends = find_chart("series").table(results, "happy", band="spread", level=0.8).iloc[-1]
    runs = results.runs["happy"]
    assert (ends["low"], ends["high"]) == (
        pytest.approx(runs.quantile(0.1)),
        pytest.approx(runs.quantile(0.9)),
    )
    with pytest.raises(OutcomeError, match="band"):
        find_chart("series").table(results, "happy", band="sd")


def test_what_was_measured_at_the_end_only_has_no_series(make):
    results = make({"n": [1]})
    results.study.series_tables = lambda run_ids=None, outcomes=None: iter([])
    with pytest.raises(OutcomeError, match="period=1"):
        find_chart("series").table(results, "happy")


def test_a_series_of_one_step_is_drawn_as_points(make):
    results = make({"n": [1, 2]}, steps=0)
    spec, _ = drawn(find_chart("series"), results, "happy")
    assert "line" not in {layer["mark"]["type"] for layer in spec["layer"]}


# ---------------------------------------------------------------- effect


def test_an_effect_is_the_same_as_the_aggregate(plain):
    table = find_chart("effect").table(plain, "happy", parameter="n", by="torus", level=0.9)
    expected = plain.aggregate("happy", by=["n", "torus"], level=0.9)
    np.testing.assert_allclose(table[["mean", "low", "high"]], expected[["mean", "ci_low", "ci_high"]])
    assert table["x"].tolist() == [1, 1, 2, 2, 3, 3]


def test_a_space_filling_design_is_a_cloud_of_points(make):
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"x": rng.random(30), "y": rng.random(30)})
    table = find_chart("effect").table(make(frame, replications=3), "happy", parameter="x")
    assert len(table) == 30
    assert table.attrs["chart"]["cloud"]
    assert "local regression" in table.attrs["chart"]["subtitle"][0]
    assert "Averaged" not in table.attrs["chart"]["subtitle"][0]


def test_run_measures_can_be_drawn(plain):
    assert (
        find_chart("effect").table(plain, "steps").attrs["chart"]["title"].startswith("Steps until the end")
    )


def test_held_parameters_cannot_be_compared(plain):
    with pytest.raises(ParameterError, match="held fixed at 20"):
        find_chart("effect").table(plain, "happy", parameter="width")


# ---------------------------------------------------------------- heat map


def test_a_heat_map_counts_points_and_runs(make):
    frame = pd.DataFrame(list(itertools.product([1, 2], [1, 2], [1, 2, 3])), columns=["a", "b", "c"])
    table = find_chart("heatmap").table(make(frame, replications=2), "happy", x="a", y="b")
    assert table["n_points"].tolist() == [3] * 4
    assert table["n"].tolist() == [6] * 4
    assert "over 6 runs from 3 design points. Averaged over c." in table.attrs["chart"]["subtitle"][0]


def test_a_heat_map_of_a_space_filling_design_is_binned(make):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"a": rng.random(100), "b": rng.random(100)})
    table = find_chart("heatmap").table(make(frame, replications=1), "happy", x="a", y="b")
    assert table["n_points"].sum() == 100
    assert {"x_low", "x_high", "y_low", "y_high"} <= set(table)
    assert len(table) <= 25
    assert find_chart("heatmap").table(make(frame), "happy", bins=2)["n_points"].sum() == 100


def test_a_heat_map_needs_two_different_parameters(plain, make):
    with pytest.raises(ParameterError, match="both 'n'"):
        find_chart("heatmap").table(plain, "happy", x="n", y="n")
    with pytest.raises(OutcomeError, match="one parameter varies"):
        find_chart("heatmap").table(make({"n": [1, 2]}), "happy")
    assert find_chart("heatmap").table(plain, "happy", y="n").attrs["chart"]["axes"]["x"]["title"] == "torus"


# ---------------------------------------------------------------- distribution and design


def test_a_distribution_holds_quartiles_of_all_runs_though_it_draws_some(make):
    results = make({"n": [1]}, replications=6000)
    table = find_chart("distribution").table(results, "happy")
    assert len(table) <= 2400
    assert table["n"].iloc[0] == 6000
    assert table["median"].iloc[0] == pytest.approx(results.runs["happy"].median())
    assert "One run in 3 is drawn" in table.attrs["chart"]["subtitle"][0]


def test_a_distribution_names_its_runs(plain):
    table = find_chart("distribution").table(plain, "happy", points=[2])
    assert table["run_id"].tolist() == [2, 8, 14, 20]
    assert table["seed"].tolist() == plain.runs["seed"][[2, 8, 14, 20]].astype(str).tolist()


def test_a_design_has_one_row_per_point(make):
    frame = pd.DataFrame(np.random.default_rng(0).random((30, 7)), columns=list("abcdefg"))
    table = find_chart("design").table(make(frame), "happy")
    assert len(table) == 30
    assert [name for name in table if re.fullmatch(r"p\d", str(name))] == ["p0", "p1", "p2", "p3", "p4"]
    assert "5 of 7 parameters are shown." in table.attrs["chart"]["subtitle"][0]


def test_a_design_offers_a_brush(plain):
    spec = find_chart("design").chart(plain, "happy").to_dict()
    assert spec["params"][0]["name"] == "brush"
    assert "params" not in find_chart("design").chart(plain, "happy", interactive=False).to_dict()


# ---------------------------------------------------------------- the shelf


def test_charts_are_found_by_name(plain):
    assert [kind.name for kind in all_charts()][:5] == [
        "series",
        "effect",
        "heatmap",
        "distribution",
        "design",
    ]
    with pytest.raises(OutcomeError, match=r"Unknown chart 'heat_map'.*Did you mean 'heatmap'\?"):
        plain.chart("heat_map")
    assert plain.chart("effect", parameter="n").to_dict()["title"]["text"] == ["Happy against n"]


def test_other_packages_can_add_charts(monkeypatch, plain):
    mine = ChartKind("mine", "Mine", "Nothing.", CHARTS[1].table, CHARTS[1].draw)

    class Entry:
        def load(self):
            return mine

    monkeypatch.setattr(
        "mesa_lab.processing.charts.entry_points",
        lambda group: [Entry()] if group == "mesa_lab.charts" else [],
    )
    assert find_chart("mine") is mine


def test_labels_of_levels_stay_apart():
    assert unique_labels([0.1234567, 0.1234568]) == ["0.1234567", "0.1234568"]
    assert unique_labels(["a" * 50, "a" * 51])[0] != unique_labels(["a" * 50, "a" * 51])[1]
    assert unique_labels([1, "1", 1.0])[1] == "'1'"


def test_points_are_called_by_what_differs(make):
    results = make({"a": [1, 1, 2], "b": ["x", "y", "x"]})
    assert point_labels(results, [0, 1]) == ["b x", "b y"]
    assert point_labels(results, [0, 2]) == ["a 1", "a 2"]
    assert point_labels(results, [1]) == ["all runs"]
    assert point_labels(make({"a": [1, 1]}), [0, 1]) == ["point 0: all runs", "point 1: all runs"]


def test_ranges_are_even_on_the_scale_of_the_parameter(make):
    frame = pd.DataFrame({"gain": np.geomspace(1, 10_000, 50)})
    results = make(frame, varied={"gain": Real(1, 10_000, log=True)})
    assert levels_of(results, "gain").labels == ["1 – 10", "10 – 100", "100 – 1,000", "1,000 – 10,000"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.123, 0.5], ",.4~f"), ([1234.5], ",.0~f"), ([1e-8], ".4~e"), ([np.nan], ",.4~f"), ([12.5], ",.2~f")],
)
def test_tooltips_show_about_four_digits(values, expected):
    assert number_format(pd.Series(values)) == expected
