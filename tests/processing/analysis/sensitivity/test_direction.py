"""Which way an outcome goes with a parameter: told wherever there is one, by every design."""

import numpy as np
import pytest

import mesa_lab as ml
from mesa_lab.processing.analysis.observations import observe
from mesa_lab.processing.analysis.sensitivity.direction import directions
from mesa_lab.testing import synthetic_results

RANGES = {name: ml.Real(0, 1) for name in "abcd"}


def outcome(runs, rng):
    """Rises with a, falls a little with b, rises and falls with c; d does nothing."""
    wave = np.sin(2 * np.pi * runs["c"])
    return 3 * runs["a"] - 0.5 * runs["b"] + wave + rng.normal(0, 0.2, len(runs))


def study(design, parameters=None, values=outcome, replications=2, seed=1):
    experiment = ml.Experiment("none:None", parameters or RANGES, design=design, replications=replications)
    return synthetic_results(experiment, {"y": values}, seed=seed)


@pytest.mark.parametrize(
    "design",
    [ml.LatinHypercube(120), ml.Saltelli(64), ml.EFAST(65), ml.FullFactorial(3), ml.Morris(12)],
    ids=lambda design: type(design).__name__,
)
def test_every_design_tells_the_direction_of_what_goes_one_way(design):
    answer = study(design).sensitivity("y")
    words = answer.table.set_index("parameter")["direction"]
    assert words["a"] == "rises"
    assert words["b"] in ("falls", "")
    assert words["b"] == "falls" or not answer.table.set_index("parameter").loc["b", "matters"]
    assert words["d"] == ""
    if not isinstance(
        design, ml.FullFactorial | ml.Morris
    ):  # whose few levels do not see that the wave turns
        assert words["c"] == ""
    assert "a: " in answer.sentence
    assert "the more the higher" in answer.sentence
    assert ("the more the lower" in answer.sentence) == (words["b"] == "falls")


def test_a_yes_or_no_has_no_more_and_less():
    def by_flag(runs, rng):
        return -2.0 * runs["flag"].astype(float) + runs["a"] + rng.normal(0, 0.1, len(runs))

    parameters = {"a": ml.Real(0, 1), "flag": ml.Choice([True, False]), "kind": ml.Choice(["x", "y", "z"])}
    answer = study(ml.LatinHypercube(60), parameters, by_flag).sensitivity("y")
    assert "higher where it is False" in answer.sentence
    assert answer.table.set_index("parameter").loc["kind", "direction"] == ""


def test_what_rises_and_falls_has_no_direction():
    def bent(runs, rng):
        return (runs["a"] - 0.5) ** 2 + rng.normal(0, 0.02, len(runs))

    found = [
        directions(observe(study(ml.LatinHypercube(40), values=bent, seed=seed), "y")) for seed in range(25)
    ]
    assert sum(bool(each.word) for one in found for each in one.values()) <= 3


@pytest.mark.parametrize(
    "design",
    [ml.LatinHypercube(8), ml.Saltelli(16), ml.Morris(8), ml.EFAST(65)],
    ids=lambda design: type(design).__name__,
)
def test_a_single_parameter_is_what_the_points_differ_by(design):
    def straight(runs, rng):
        return 3 * runs["a"] + rng.normal(0, 0.1, len(runs))

    answer = study(design, {"a": ml.Real(0, 1)}, straight, 3).sensitivity("y")
    assert answer.table.loc[0, "matters"]
    assert answer.table.loc[0, "direction"] == "rises"
    assert not any("any more" in warning for warning in answer.warnings)


def test_points_that_differ_are_not_called_chance():
    def wild(runs, rng):
        return np.sin(40 * runs["a"]) * np.cos(37 * runs["b"]) + rng.normal(0, 0.01, len(runs))

    answer = study(ml.LatinHypercube(12), values=wild).sensitivity("y")
    if not answer.table["matters"].any():
        assert (
            "differs between points by more than chance, but 12 points do not tell which of 4 parameters"
            in answer.sentence
        )
