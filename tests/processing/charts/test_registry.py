import inspect
import itertools
import typing

import altair
import numpy as np
import pandas as pd
import pytest

from mesa_lab.errors import OutcomeError
from mesa_lab.preparation.parameters.space import Real
from mesa_lab.processing.chart_methods import ChartName
from mesa_lab.processing.charts import CHARTS, all_charts, find_chart
from mesa_lab.processing.charts.axis_levels import levels_of, point_labels, unique_labels
from mesa_lab.processing.charts.caption import number_format
from mesa_lab.processing.charts.chart import ChartKind
from mesa_lab.processing.results import Results


@pytest.fixture
def plain(make):
    points = pd.DataFrame(list(itertools.product([1, 2, 3], [True, False])), columns=["n", "torus"])
    return make(points, replications=4, outcomes={"happy": lambda p, g: p["n"] + g.random(len(p))})


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
    assert plain.chart("effect", parameter="n").to_dict()["title"]["text"] == ["happy against n"]


def test_other_packages_can_add_charts(monkeypatch, plain):
    mine = ChartKind("mine", "Mine", "Nothing.", CHARTS[1].table, CHARTS[1].draw)

    class Entry:
        name, value = "mine", "package:mine"

        def load(self):
            return mine

    monkeypatch.setattr(
        "importlib.metadata.entry_points",
        lambda group: [Entry()] if group == "mesa_lab.charts" else [],
    )
    assert find_chart("mine") is mine


def test_labels_of_levels_stay_apart():
    assert unique_labels([0.1234567, 0.1234568]) == ["0.1234567", "0.1234568"]
    assert unique_labels(["a" * 50, "a" * 51])[0] != unique_labels(["a" * 50, "a" * 51])[1]
    assert unique_labels([1, "1", 1.0])[1] == "'1'"
    long = unique_labels([f"a level with a text of sixty letters that ends in {end}" for end in range(3)])
    assert [text[-1] for text in long] == ["0", "1", "2"]
    assert max(map(len, long)) <= 28  # what an axis shows whole
    alike = unique_labels(["a" * 30 + middle + "b" * 30 for middle in "xyz"])
    assert [text[-3:] for text in alike] == ["(1)", "(2)", "(3)"]


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


def test_each_kind_is_typed_with_its_own_options():
    typed = {}
    for form in typing.get_overloads(Results.chart):
        hints = typing.get_type_hints(form, localns={"alt": altair})
        (kind,) = typing.get_args(hints.pop("kind"))
        defaults = inspect.signature(form).parameters
        typed[kind] = {name: defaults[name].default for name in hints if name not in ("outcome", "return")}
    assert typed == {kind.name: kind.options | kind.looks for kind in CHARTS}
    assert set(typing.get_args(ChartName.__value__)) == set(typed)


def test_dir_of_results_shows_what_is_meant_for_users(plain):
    shown = dir(plain)
    assert {"aggregate", "chart", "runs", "points", "experiment", "outcomes", "report", "save"} <= set(shown)
    assert not {"base", "point_rows", "long_frame", "read_all", "level_order", "first_outcome"} & set(shown)
    assert not [name for name in shown if name.startswith("_") or not hasattr(plain, name)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.123, 0.5], ",.4~f"), ([1234.5], ",.0~f"), ([1e-8], ".4~e"), ([np.nan], ",.4~f"), ([12.5], ",.2~f")],
)
def test_tooltips_show_about_four_digits(values, expected):
    assert number_format(pd.Series(values)) == expected
