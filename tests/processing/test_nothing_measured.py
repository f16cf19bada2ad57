"""Studies of which nothing can be said: all runs failed, or no value is a number."""

import mesa
import numpy as np
import pytest

import mesa_lab as ml
from mesa_lab.errors import OutcomeError
from mesa_lab.processing.charts import CHARTS


class FailsLater(mesa.Model):
    def __init__(self, n=0, rng=None):
        super().__init__(rng=rng)
        self.y = 0.0

    def step(self):
        raise ValueError("no grass left")


class FailsAtOnce(mesa.Model):
    def __init__(self, n=0, rng=None):
        super().__init__(rng=rng)
        raise ValueError("no grass left")


def run(outcomes, model=FailsAtOnce):
    experiment = ml.Experiment(model, {"n": [0, 1]}, replications=2, max_steps=2, outcomes=outcomes)
    return ml.run(experiment, progress=False, backend="sequential")


@pytest.mark.parametrize("model", [FailsAtOnce, FailsLater])
def test_an_outcome_that_was_asked_for_is_known_though_all_runs_failed(model):
    results = run(["y"], model)
    table = results.aggregate("y")
    assert table[["n", "n_failed"]].values.tolist() == [[0, 2], [0, 2]]
    assert table["mean"].isna().all()
    assert results.aggregate()["outcome"].tolist() == ["y", "y"]
    assert results.runs["y"].isna().all()
    series = results.series("y")
    assert list(series)[-1] == "y"
    assert series["step"].max() == 0 or series.empty  # failed runs keep the steps that they took
    with pytest.raises(OutcomeError, match=r"Unknown outcome 'z'. Fails (at Once|Later) reports: y\."):
        results.aggregate("z")


@pytest.mark.parametrize("kind", CHARTS, ids=lambda kind: kind.name)
def test_charts_say_that_all_failed_and_why(kind):
    wanted = "No run .* reported a value of 'y'.*All 4 runs failed.*The first said: ValueError: no grass left"
    with pytest.raises(OutcomeError, match=wanted):
        run(["y"]).chart(kind.name, "y")


def test_what_a_model_would_have_reported_is_not_known():
    results = run(None)
    with pytest.raises(
        OutcomeError,
        match="All 4 runs failed or timed out.*no grass left.*in the app, mesa-lab status STUDY --failures.*results.failures",
    ):
        results.chart("effect")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
@pytest.mark.parametrize("kind", CHARTS, ids=lambda kind: kind.name)
def test_an_outcome_without_a_finite_value_has_no_chart(kind, value, make):
    results = make({"n": [1, 2], "m": [3, 4]}, outcomes={"x": lambda p, g: np.full(len(p), value)})
    with pytest.raises(OutcomeError, match="No run that came to its end reported a value of 'x'"):
        kind.chart(results, "x")
