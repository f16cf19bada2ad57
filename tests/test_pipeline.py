"""What `ml.run` says to those who give it something else than an experiment."""

from pathlib import Path

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
