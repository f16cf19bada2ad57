"""Where runs failed: said where failures are confined, and nowhere else."""

import numpy as np
import pytest

import mesa_lab as ml
from mesa_lab.processing.analysis.failed_runs import failed_among, where_failed
from mesa_lab.testing import synthetic_results

GRID = {"initial_wolves": [10, 50], "b": [1, 2]}
MOST_AT_50 = [2, 3, 6, 7, 10, 11, 14, 1]


def study(parameters, failed, replications=8, **settings):
    experiment = ml.Experiment("none:None", parameters, replications=replications, **settings)
    return synthetic_results(
        experiment,
        {"y": lambda runs, rng: rng.normal(3.0 * (runs.iloc[:, 0] == 50), 1.0, len(runs))},
        failed=failed,
    )


@pytest.mark.parametrize(
    ("parameters", "failed", "said"),
    [
        (
            GRID,
            MOST_AT_50,
            "7 of 8 failed runs are where initial_wolves is 50: what the other 9 runs there gave may not be typical.",
        ),
        (
            GRID,
            [3, 7, 11, 15, 19],
            "All 5 failed runs are where initial_wolves is 50 and b is 2: what the other 3 runs",
        ),
        (
            GRID,
            list(range(3, 32, 4)),
            "All 8 failed runs are where initial_wolves is 50 and b is 2: nothing is known of it.",
        ),
        ({"k": ["x", "y", "z"]}, [1, 4, 7, 10, 13, 16], "All 6 failed runs are where k is y"),
        ({"a": list(range(12))}, [3, 15, 27], "All 3 failed runs are where a is 3"),
    ],
)
def test_failures_that_are_confined_are_named(parameters, failed, said):
    assert where_failed(study(parameters, failed)).startswith(said)


def test_a_part_of_a_range_is_named():
    parameters = {name: ml.Real(0, 1) for name in "abc"}
    points = study(parameters, [], 3, design=ml.LatinHypercube(40)).points["a"]
    failed = [run for run in range(120) if points.iloc[run % 40] > 0.8 and run % 7]
    assert "failed runs are where a is above 0.8" in where_failed(
        study(parameters, failed, 3, design=ml.LatinHypercube(40))
    )


def test_failures_by_chance_are_hardly_ever_said_to_be_confined():
    rng, said = np.random.default_rng(3), 0
    for _ in range(20):
        said += bool(
            where_failed(
                study({name: [1, 2, 3] for name in "abc"}, rng.choice(108, 10, replace=False).tolist(), 4)
            )
        )
    assert said <= 3


@pytest.mark.parametrize("failed", [[], [1, 2], list(range(32))], ids=["none", "few", "all"])
def test_nothing_is_said_where_nothing_can_be(failed):
    assert where_failed(study(GRID, failed)) == ""


def test_failed_runs_at_some_values_are_counted():
    results = study(GRID, MOST_AT_50)
    assert failed_among(results, {"initial_wolves": 50}) == (7, 16)
    assert failed_among(results, {"initial_wolves": 50, "b": 2}) == (3, 8)


@pytest.mark.parametrize("question", ["compare", "best", "replications"])
def test_every_answer_says_where_runs_failed(question):
    warnings = getattr(study(GRID, MOST_AT_50), question)("y").warnings
    assert sum("7 of 8 failed runs are where initial_wolves is 50" in warning for warning in warnings) == 1


def test_a_winner_with_failed_runs_is_warned_of():
    warnings = study(GRID, MOST_AT_50).best("y").warnings
    assert any(
        "of 8 runs at initial_wolves 50, b " in warning
        and "failed or timed out: what comes out best" in warning
        for warning in warnings
    )
    assert not any("what comes out best" in warning for warning in study(GRID, [0, 4, 8]).best("y").warnings)
