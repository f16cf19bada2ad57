import itertools

import numpy as np
import pandas as pd
import pytest

from mesa_lab.errors import ParameterError
from mesa_lab.processing.charts import find_chart


@pytest.fixture
def plain(make):
    points = pd.DataFrame(list(itertools.product([1, 2, 3], [True, False])), columns=["n", "torus"])
    return make(points, replications=4, outcomes={"happy": lambda p, g: p["n"] + g.random(len(p))})


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
