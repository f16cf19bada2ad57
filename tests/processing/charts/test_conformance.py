"""Every chart on the shelf passes the same tests, whatever the names, the values and the design."""

import itertools
import json
import re

import altair as alt
import numpy as np
import pandas as pd
import pytest

from mesa_lab.errors import OutcomeError
from mesa_lab.processing.charts import CHARTS, readable
from mesa_lab.processing.charts.theme import DASHES, SHAPES, THEMES
from mesa_lab.processing.export.chart_image import render

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


@KINDS
def test_a_title_of_several_lines_leaves_no_word_alone(kind, plain):
    lines = kind.chart(plain, "happy", width=420).to_dict()["title"]["subtitle"]
    words = " ".join(lines)
    assert words == " ".join(kind.table(plain, "happy").attrs["chart"]["subtitle"])
    assert max(map(len, lines)) <= 420 / 6.2
    assert len(lines) == 1 or len(lines[-1]) > len(max(lines, key=len)) / 2
