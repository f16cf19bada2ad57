"""Every chart of the list passes the same tests, whatever the names, the values and the design."""

import itertools
import json
import re

import altair as alt
import numpy as np
import pandas as pd
import pytest

from mesa_lab.errors import OutcomeError
from mesa_lab.processing.charts import CHARTS
from mesa_lab.processing.charts.theme import BOTH, DASHES, SHAPES, THEMES, in_theme
from mesa_lab.processing.export.chart_image import render
from mesa_lab.testing import check_chart

KINDS = pytest.mark.parametrize("kind", CHARTS, ids=lambda kind: kind.name)

ODD = ['R over S: "mean(a.b[0])"', "#Traders' \\ {{ 7*7 }} <img src=x>", "datum", " "]


# What charts can tell apart; designs of screening and sensitivity studies are points like others.
SEEN = [
    "plain",
    "one point",
    "nothing varies",
    "one replication",
    "one parameter",
    "all runs failed",
    "some runs failed",
    "one run left",
    "constant",
    "yes or no",
    "missing values",
    "infinite values",
    "enormous values",
    "tiny values",
    "text",
    "choices",
    "choices alone",
    "odd names",
    "common random numbers",
    "grid",
    "one at a time",
]


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
@pytest.mark.parametrize("study", SEEN)
def test_a_chart_passes_on_every_kind_of_study(kind, study):
    check_chart(kind, study)


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
    sentences = " ".join(kind.table(results, "happy").attrs["chart"]["subtitle"])
    assert "with 95" not in sentences


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


@KINDS
def test_when_every_run_failed_there_is_nothing_to_draw(kind, make):
    results = make({"n": [1, 2], "m": [1, 2]}, replications=2, failed=[0, 1, 2, 3])
    with pytest.raises(OutcomeError, match="No run that came to its end reported a value of 'happy'"):
        kind.chart(results, "happy")


@KINDS
def test_yes_or_no_is_drawn_as_a_share(kind, make):
    results = make(
        {"n": [1, 2], "m": [1, 2]}, replications=3, outcomes={"ok": lambda p, g: [True, False] * 3}
    )
    _, picture = drawn(kind, results, "ok")
    assert kind.name in ("series", "outcomes") or "%" in texts(picture)


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
            "outcomes": {},  # shows no parameter
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


@KINDS
def test_a_picture_takes_the_colours_of_either_theme(kind, plain):
    """Drawn once and coloured twice, it is what it would be if it were drawn in each theme."""
    table = kind.table(plain, "happy")
    once = render(kind.draw(table, theme=BOTH, interactive=False), "svg")
    for theme in THEMES:
        alone = render(kind.draw(table, theme=theme, interactive=False), "svg")
        coloured = in_theme(once, theme)
        if kind.name == "design":  # its marks stand out from both backgrounds at once
            alone, coloured = (re.sub(r"rgb\([^)]*\)", "", picture) for picture in (alone, coloured))
        assert without_ids(coloured) == without_ids(alone)


def without_ids(picture):
    return re.sub(r"(gradient|clip)_?\d+", "", picture)


JOINED = {
    "side by side": lambda a, b: a | b,
    "one above the other": lambda a, b: a & b,
    "both": lambda a, b: (a | b) & b,
    "beside a chart of one's own": lambda a, b: (
        a | alt.Chart(pd.DataFrame({"x": [1]})).mark_bar().encode(x="x:Q")
    ),
    "by altair's function": lambda a, b: alt.hconcat(a, b),
}


@KINDS
@pytest.mark.parametrize("join", JOINED.values(), ids=JOINED)
def test_it_can_be_put_beside_others(kind, plain, join):
    other = CHARTS[1].chart(plain, "happy", theme="dark")
    spec = join(kind.chart(plain, "happy", theme="dark"), other).to_dict()
    picture = render(alt.Chart.from_dict(spec), "svg")
    assert picture.count("appy") >= 1
    assert set(_keys(spec, "config")) == {0}  # one configuration, of the whole
    if join is not JOINED["by altair's function"]:
        assert spec["background"] == THEMES["dark"].background


@KINDS
def test_it_can_be_layered(kind, plain):
    rule = alt.Chart(pd.DataFrame({"y": [2]})).mark_rule().encode(y="y:Q")
    chart = kind.chart(plain, "happy", interactive=False)
    if isinstance(chart, alt.ConcatChart):
        with pytest.raises(TypeError, match="layer the charts before concatenating"):
            chart + rule
        return
    for joined in (chart + rule, chart + kind.chart(plain, "happy", interactive=False), rule + chart):
        spec = joined.to_dict()
        assert render(joined, "svg").startswith("<svg")
        assert set(_keys(spec, "config")) == {0}


@pytest.mark.parametrize(
    "kind", [kind for kind in CHARTS if kind.name != "design"], ids=lambda kind: kind.name
)
def test_it_can_be_faceted(kind, plain):
    field = "x:N" if kind.name == "heatmap" else "group:N"
    joined = kind.chart(plain, "happy", interactive=False).facet(field, columns=2)
    spec = joined.to_dict()
    assert spec["facet"]["field"] == field[0:-2]
    assert spec["config"]["axis"]["labelColor"] == THEMES["light"].muted
    assert render(joined, "svg").startswith("<svg")


@KINDS
def test_what_the_user_sets_comes_before_the_theme(kind, plain):
    chart = kind.chart(plain, "happy").configure_axis(labelFontSize=30).properties(background="#abcdef")
    spec = chart.to_dict()
    assert spec["config"]["axis"]["labelFontSize"] == 30
    assert spec["config"]["title"]["color"] == THEMES["light"].ink
    assert spec["background"] == "#abcdef"
    assert "config" not in kind.chart(plain, "happy").to_dict(context={"top_level": False})


def _keys(part, name, depth=0):
    """How deep in a specification something is set, each time."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == name:
                yield depth
            yield from _keys(value, name, depth + 1)
    elif isinstance(part, list):
        for value in part:
            yield from _keys(value, name, depth + 1)
