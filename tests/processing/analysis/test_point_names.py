import itertools

import pandas as pd

from mesa_lab.processing.analysis.observations import observe
from mesa_lab.processing.analysis.point_names import names_axis, names_of


def test_long_names_are_broken_between_parameters_and_none_is_cut(make):
    """Cut in the middle they were alike where the last parameter alone differs."""
    levels = {"wolf_gain_from_food": [12, 20], "initial_wolves": [10, 30], "sheep_reproduce": [0.02, 0.04]}
    points = pd.DataFrame(itertools.product(*levels.values()), columns=list(levels), dtype=object)
    outcomes = {"x": lambda p, g: p["initial_wolves"].tolist()}
    observed = observe(make(points, outcomes=outcomes, replications=2), "x")
    names = names_of(observed, [6, 7], [6, 7])
    assert names == [
        "wolf_gain_from_food 20, initial_wolves 30, sheep_reproduce 0.02",
        "wolf_gain_from_food 20, initial_wolves 30, sheep_reproduce 0.04",
    ]
    axis, row = names_axis(names)
    assert "labelExpr" in axis
    assert row == 34  # two lines
    assert names_axis(["boats 3"]) == ({"labelLimit": 300}, 26)
