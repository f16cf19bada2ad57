"""What is said of the outcomes at the end of a study."""

import numpy as np
import pytest

import mesa_lab as ml
from mesa_lab.cli.summary import show_summary
from mesa_lab.testing import synthetic_results


def _said(capsys, outcomes, parameters=None, replications=12, failed=(), **settings):
    experiment = ml.Experiment(
        "none:None", parameters or {"a": [1, 2]}, replications=replications, **settings
    )
    show_summary(synthetic_results(experiment, outcomes, failed=failed))
    return capsys.readouterr().out


def _with_gaps(runs, rng):
    values = runs["a"] + rng.normal(size=len(runs))
    values[(runs["a"] == 1) & (runs["replication"] < 5)] = np.nan
    return values


def test_the_n_of_a_mean_is_that_of_the_values_there_are(capsys):
    outcomes = {"whole": lambda runs, rng: 3.0 + rng.normal(size=len(runs)), "part": _with_gaps}
    said = _said(capsys, outcomes, failed=[0])
    first, second = said.splitlines()[2:4]
    assert first.endswith(" 11")  # runs that came to their end
    assert first.count("n = ") == 1
    assert ", n = 7" in first
    assert "n = " not in second
    assert "part: of 23 runs 4 ended without a value; these are in no mean." in said
    assert "whole: of" not in said


def test_values_that_are_infinite_are_said_too(capsys):
    def outcome(runs, rng):
        values = _with_gaps(runs, rng)
        values[runs["replication"] == 11] = np.inf
        return values

    said = _said(capsys, {"y": outcome})
    assert "y: of 24 runs 5 ended without a value and 2 with an infinite one; these are in no mean." in said


def test_an_outcome_without_any_value_is_a_dash(capsys):
    outcomes = {
        "y": lambda runs, rng: 3.0 + rng.normal(size=len(runs)),
        "none": lambda runs, rng: np.full(len(runs), np.nan),
    }
    said = _said(capsys, outcomes)
    assert "none: of 24 runs 24 ended without a value" in said
    assert "n = 0" not in said
    assert "nan" not in said


@pytest.mark.parametrize("points", [2, 40])
def test_shares_are_written_as_in_sentences(capsys, points):
    def event(runs, rng):
        return np.arange(len(runs)) // points % 4 == 0

    said = _said(capsys, {"extinct": event}, {"a": list(range(points))})
    assert "25 % (9 to 53 %)" in said
    assert "0.25" not in said
