"""Experiments are their data: what copies, pickles and files make of one is an experiment again."""

import dataclasses
import pickle
from pathlib import Path

import pytest

import mesa_lab as ml
from mesa_lab.preparation.experiment_data import ExperimentData

MADE = ml.Experiment(
    "mesa.examples:Schelling", {"density": [0.6, 0.8]}, replications=2, outcomes=["happy", "count(Agent)"]
)


def test_copies_are_experiments(tmp_path: Path) -> None:
    MADE.save(tmp_path / "made.toml")
    copies = [
        pickle.loads(pickle.dumps(MADE)),
        dataclasses.replace(MADE),
        MADE.replace(),
        ml.Experiment.load(tmp_path / "made.toml"),
        ml.Experiment.from_toml(MADE.to_toml()),
    ]
    for copy in copies:
        assert type(copy) is ml.Experiment
        assert isinstance(copy, ExperimentData)
        assert copy == MADE
        assert [each.seed for each in copy.configurations()] == [each.seed for each in MADE.configurations()]
    assert repr(MADE).startswith("Experiment(mesa.examples:Schelling, {'density': ")


def test_files_are_read_as_the_class_that_reads_them() -> None:
    class Mine(ml.Experiment):
        pass

    assert type(Mine.from_toml(MADE.to_toml())) is Mine


def test_data_alone_say_the_same_points_and_seeds() -> None:
    data = ExperimentData(**{each.name: getattr(MADE, each.name) for each in dataclasses.fields(MADE)})
    assert repr(data).startswith("ExperimentData(")
    assert data.design_matrix().equals(MADE.design_matrix())
    assert [each.seed for each in data.configurations()] == [each.seed for each in MADE.configurations()]
    assert not hasattr(data, "save")
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.seed = 3
