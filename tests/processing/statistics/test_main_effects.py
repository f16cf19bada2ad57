"""How influential parameters are said to be, and whether chance explains it: against scipy, and in repeated studies."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mesa_lab.processing.charts import find_chart
from mesa_lab.processing.statistics.main_effects import influence, leading

GRID = pd.DataFrame(list(itertools.product([1, 2, 3], [True, False])), columns=["n", "torus"])


def noise(p, g):
    return g.random(len(p))


def test_levels_of_a_grid_are_held_against_the_replications(make):
    results = make(GRID, replications=5, outcomes={"y": lambda p, g: 0.2 * p["n"] + g.random(len(p))})
    p = influence(results, "y").set_index("parameter")["p"]
    runs = results.runs
    within = runs.groupby(["n", "torus"])["y"].var().mean()
    between = 10 * runs.groupby("n")["y"].mean().var()
    assert p["n"] == pytest.approx(2 * stats.f.sf(between / within, 2, 24))


def test_points_of_their_own_are_held_against_each_other(make):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"idle": rng.random(40), "strong": rng.random(40)})
    found = leading(make(frame, replications=3, outcomes={"y": lambda p, g: p["strong"]}), "y")
    assert (found.name, found.clear) == ("strong", True)
    assert found.words == f"strong, {round(100 * found.share)} %"


def test_chance_is_rarely_called_an_influence(make):
    rng = np.random.default_rng(5)
    alarms = 0
    for number in range(60):
        points = pd.DataFrame({name: rng.random(24) for name in "abc"}) if number % 2 else GRID
        draws = iter(rng.random((100, 200)))
        results = make(
            points, replications=3, outcomes={"y": lambda p, g, draws=draws: next(draws)[: len(p)]}
        )
        alarms += bool(leading(results, "y").clear)
    assert alarms <= 8


def test_the_chart_says_why_it_shows_a_parameter(make):
    strong = make(GRID, replications=5, outcomes={"y": lambda p, g: p["n"] + g.random(len(p))})
    said = " ".join(find_chart("effect").table(strong, "y").attrs["chart"]["subtitle"])
    assert "By a rough measure n accounts for 9" in said
    alike = {"y": lambda p, g: np.arange(len(p)) % 5 + 0.01 * g.random(len(p))}  # the same at each point
    idle = make(GRID, replications=5, outcomes=alike)
    said = " ".join(find_chart("effect").table(idle, "y").attrs["chart"]["subtitle"])
    assert "No parameter has a clear influence: what differs may be chance." in said
    chosen = find_chart("effect").table(idle, "y", parameter="n").attrs["chart"]["subtitle"]
    assert "influence" not in " ".join(chosen)
    assert leading(idle, "y").words == "no clear influence"


def test_where_nothing_tells_nothing_is_said(make):
    one = make({"n": [1, 2, 3]}, replications=1, outcomes={"y": noise})
    assert leading(one, "y").words == ""
    constant = make(GRID, replications=3, outcomes={"y": lambda p, g: [1.0] * len(p)})
    assert leading(constant, "y").clear is None
    assert leading(make({}, replications=3, outcomes={"y": noise}), "y") is None
