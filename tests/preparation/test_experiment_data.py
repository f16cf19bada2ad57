"""Experiments are their data: what copies, pickles and files make of one is an experiment again."""

import dataclasses
import datetime
import pickle
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

import mesa_lab as ml
from mesa_lab.errors import ParameterError
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


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (pd.Timestamp("2026-01-01", tz="Europe/Berlin"), "as text, '2026-01-01T00:00:00.01:00', and have the model"),
        (datetime.timedelta(hours=2), "a number, such as its seconds: 7200"),
        (pd.DataFrame({"a": [1, 2]}), "the path of a file.*to_dict"),
        (len, "Give its name, 'len', and have the model look it up.*ml.batch_run takes it"),
        ([1, lambda model: 1], "Give its name, 'rule'"),
        ({1, 2}, "To vary it give a list, .1, 2.; as one value give a tuple"),
        (Path("maps/town.csv"), "Give its text: 'maps/town.csv'"),
        (Decimal("0.5"), "Give a float, 0.5, or the text '0.5'"),
        ({"day": (datetime.date(2026, 1, 1),)}, "as text, '2026-01-01'"),
    ],
)  # fmt: skip
def test_a_value_that_no_file_holds_is_refused_at_once_with_the_way_out(value, said) -> None:
    with pytest.raises(ParameterError, match=f"Parameter 'width': The parameter value .*{said}") as refused:
        ml.Experiment("mesa.examples:Schelling", {"width": value})
    assert "\n" not in str(refused.value)
