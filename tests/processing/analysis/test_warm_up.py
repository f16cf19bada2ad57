"""MSER-5 finds where a series settles."""

import mesa
import numpy as np
import pytest

import mesa_lab as ml
from mesa_lab.errors import ConclusionError, OutcomeError
from mesa_lab.processing.analysis.warm_up import mser, suggest_warm_up


class Settling(mesa.Model):
    """A level that is approached in so many steps, with chance around it."""

    def __init__(self, slowness=1, seed=None):
        super().__init__(seed=seed)
        self.level, self.slowness = 0.0, slowness

    def step(self):
        self.level = 100 * (1 - np.exp(-self.steps / self.slowness)) + self.random.gauss(0, 1)


def by_hand(values, batch=5):
    means = np.asarray(values, dtype=float)[: len(values) // batch * batch].reshape(-1, batch).mean(axis=1)
    rule = [
        ((means[d:] - means[d:].mean()) ** 2).sum() / (len(means) - d) ** 2 for d in range(len(means) - 4)
    ]
    return int(np.argmin(rule)) * batch


def test_the_rule_is_that_of_the_paper():
    rng = np.random.default_rng(1)
    for _ in range(20):
        n = int(rng.integers(100, 400))
        values = 50 * np.exp(-np.arange(n) / 8) + rng.normal(size=n) + 1e6
        found = mser(values)
        assert found in (by_hand(values), None)
        assert found is None or found < n / 2


def test_what_never_settles_and_what_is_short_has_none():
    assert mser(np.arange(500.0)) is None
    assert mser([1.0] * 40) is None
    assert mser([1.0] * 100) == 0


def test_a_model_that_settles_gets_a_suggestion():
    experiment = ml.Experiment(
        Settling, {"slowness": [1, 15]}, replications=4, max_steps=300, outcomes=["level"], seed=3
    )
    results = ml.run(experiment, progress=False, n_jobs=1)
    found = suggest_warm_up(results, "level")
    assert found.by_point[0] < 45  # the rule may leave more out than there is to settle, but not half of it
    assert 45 <= found.steps == found.by_point[1] <= 120
    assert f"warm_up = {found.steps}" in found.sentence
    never = experiment.replace(parameters={"slowness": [1, 2000]})
    found = suggest_warm_up(ml.run(never, progress=False, n_jobs=1), "level")
    assert found.steps is None
    assert "has not settled" in found.sentence


def test_there_must_be_a_series():
    experiment = ml.Experiment(
        Settling, {"slowness": [1]}, max_steps=30, outcomes=["level", ml.Outcome("level", over="max")]
    )
    results = ml.run(experiment, progress=False, n_jobs=1)
    with pytest.raises(ConclusionError, match="of 50 steps or more"):
        suggest_warm_up(results, "level")
    with pytest.raises(OutcomeError, match="has no series"):
        suggest_warm_up(results, "max of level")
