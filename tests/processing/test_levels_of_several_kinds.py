"""Levels of several kinds stay what they are, each by itself: None is no missing text, True is not 1."""

from __future__ import annotations

import math
from typing import Any

import mesa
import pytest

import mesa_lab as ml


class Echo(mesa.Model):
    def __init__(self, level=None, n=1, rng=None):
        super().__init__(rng=rng)
        self.got, self.drawn = repr(level), self.random.random()

    def step(self):
        pass


def run(parameter: Any, design: Any = None) -> ml.Results:
    varied = {"level": parameter, "n": [1, 2]}
    return ml.run(
        ml.Experiment(Echo, varied, design, max_steps=1, outcomes=["got", "drawn"]), backend="sequential"
    )


@pytest.mark.parametrize(
    "levels",
    [
        ["grass", None],
        ["None", None],
        ["nan", math.nan],
        [None, 1.5, 2],
        [None, 0],
        [None, math.nan, "x"],
        [1, True],
        [False, 0, "0"],
        [2**70, 2**70 + 1],
        [True, 2],
    ],
    ids=repr,
)
def test_levels_stay_what_they_are_and_apart(levels):
    results = run(levels)
    told = [repr(level) for level in levels]
    assert [repr(level) for level in results.points["level"].iloc[::2]] == told
    assert [repr(level) for level in results.runs["level"]] == results.runs["got"].tolist()
    assert [repr(level) for level in results.series()["level"]] == results.series()["got"].tolist()
    means = results.aggregate("drawn", by="level")
    assert [repr(level) for level in means["level"]] == told
    assert set(means["n"]) == {2}
    for level, mean in zip(told, means["mean"], strict=True):
        assert mean == pytest.approx(results.runs.loc[results.runs["got"] == level, "drawn"].mean())
    results.chart("effect", "drawn", parameter="level").to_dict()


@pytest.mark.parametrize("high", [10**9, 2**62, 2**70])
def test_a_long_range_of_whole_numbers_is_not_written_out(high):
    results = run(ml.Integer(-high, high), ml.Sobol(4))
    assert len(results.aggregate("drawn", by="level")) == 4
    results.chart("effect", "drawn", parameter="level").to_dict()
