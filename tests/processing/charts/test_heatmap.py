import itertools

import numpy as np
import pandas as pd
import pytest

from mesa_lab.errors import OutcomeError, ParameterError
from mesa_lab.processing.charts import find_chart


@pytest.fixture
def plain(make):
    points = pd.DataFrame(list(itertools.product([1, 2, 3], [True, False])), columns=["n", "torus"])
    return make(points, replications=4, outcomes={"happy": lambda p, g: p["n"] + g.random(len(p))})


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


def test_no_whole_number_stands_in_two_ranges(make):
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"n": rng.integers(4, 50, 80), "x": rng.random(80)})
    table = find_chart("heatmap").table(make(frame), "happy", x="n", y="x")
    axis = table.attrs["chart"]["axes"]["x"]
    ranges = [[int(end) for end in text.split(" – ")] for text in axis["labels"]]
    assert [low for low, _ in ranges[1:]] == [high + 1 for _, high in ranges[:-1]]
    assert (ranges[0][0], ranges[-1][1]) == (frame["n"].min(), frame["n"].max())
    assert [text for _, text in axis["ticks"]] == axis["labels"]  # marked in the middle, by their names
    real = table.attrs["chart"]["axes"]["y"]["ticks"]
    assert [at for at, _ in real] == pytest.approx(np.linspace(frame["x"].min(), frame["x"].max(), len(real)))
    spec = find_chart("heatmap").draw(table).to_dict()
    assert spec["layer"][0]["encoding"]["y"]["axis"]["values"] == [at for at, _ in real]
