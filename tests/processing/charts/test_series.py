import numpy as np
import pandas as pd
import pytest

from mesa_lab.errors import OutcomeError
from mesa_lab.processing.charts import find_chart


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
    averaged = "Averaged over idle, whose values are not alike at all levels; intervals take the points for a sample."
    assert averaged in caption["subtitle"][0]


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
    results.study.parts = []
    with pytest.raises(OutcomeError, match="period=1"):
        find_chart("series").table(results, "happy")


def test_a_series_of_one_step_is_drawn_as_points(make):
    results = make({"n": [1, 2]}, steps=0)
    spec = find_chart("series").chart(results, "happy").to_dict()
    assert "line" not in {layer["mark"]["type"] for layer in spec["layer"]}


def test_lines_end_where_few_runs_are_left(make):
    results = make({"n": [1]}, replications=10, steps=8, stops=dict.fromkeys(range(8), 3) | {8: 6})
    table = find_chart("series").table(results, "happy")
    assert table["step"].max() == 3
    assert "lines end when fewer than a quarter are left" in table.attrs["chart"]["subtitle"][0]


def test_a_series_of_few_steps_has_no_ticks_between_them(make):
    results = make({"n": [1]}, replications=2, steps=2)
    kind = find_chart("series")
    spec = str(kind.draw(kind.table(results, "happy")).to_dict())
    assert "'values': [0, 1, 2]" in spec
    assert "tickMinStep" not in spec
