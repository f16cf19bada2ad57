"""What `ml.run` says to those who give it something else than an experiment."""

from pathlib import Path

import mesa
import pytest
from mesa.examples import Schelling

import mesa_lab as ml


@pytest.mark.parametrize(
    ("given", "instead"),
    [
        (Schelling, r"Experiment\(Schelling, "),
        ("wolves.toml", r"Experiment.load\('wolves.toml'\)"),
        (Path("wolves.toml"), r"Experiment.load\('wolves.toml'\)"),
        (ml.full_factorial(Schelling, {"density": [0.5]}), r"BatchRunner\(configurations\).run_all\(\)"),
        (None, "run takes an Experiment, not None"),
    ],
)
def test_what_is_no_experiment_is_refused_with_what_to_write(given, instead):
    with pytest.raises(ml.ExperimentError, match=instead):
        ml.run(given)


@pytest.mark.parametrize("shard", [(1, 2), "1/2"])
def test_a_shard_is_two_numbers_or_their_text(shard):
    experiment = ml.Experiment(Schelling, {"width": 5, "height": 5, "density": [0.5, 0.6]}, max_steps=1)
    assert len(ml.run(experiment, shard=shard, n_jobs=1, progress=False).runs) == 1


@pytest.mark.parametrize("shard", ["2 of 8", 3, (1, 2, 3), (0, 4)])
def test_what_is_no_shard_is_refused(shard):
    with pytest.raises(ml.StudyError, match="shard"):
        ml.run(ml.Experiment(Schelling), shard=shard, progress=False)


class Silent(mesa.Model):
    """It has a table that it fills, but neither reporters nor agents."""

    def __init__(self, n=1, rng=None):
        super().__init__(rng=rng)
        self.served = 0
        self.datacollector = mesa.DataCollector(tables={"Jobs": ["t"]})

    def step(self):
        self.served += 1


def test_a_run_that_measures_nothing_says_how_to_measure_something(tmp_path):
    experiment = ml.Experiment(Silent, {"n": [1, 2]}, max_steps=3)
    with pytest.warns(
        UserWarning, match="Nothing was measured: the model has no reporters.*outcomes = "
    ) as warned:
        results = ml.run(experiment, progress=False, backend="sequential")
    assert warned[0].filename == __file__
    with pytest.raises(ml.OutcomeError, match=r"nothing was measured.*experiment\.replace\(outcomes="):
        results.aggregate()
    assert ml.run(experiment.replace(outcomes=["served"]), progress=False, backend="sequential").aggregate()[
        "mean"
    ].tolist() == [3, 3]
