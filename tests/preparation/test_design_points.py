"""Constraints that drop points, and designs that make up for them."""

from typing import Any

import pytest

import mesa_lab as ml
from mesa_lab.errors import ExperimentError

SPACE: dict[str, Any] = {"a": ml.Real(0, 1), "b": ml.Integer(0, 9), "c": ml.Choice(["x", "y"])}
NARROW = "a + b / 9 < 0.9 and c == 'x'"


def experiment(design: Any, constraints: Any = NARROW, **changes: Any) -> ml.Experiment:
    settings = {"redraw": True, "seed": 3, **changes}
    return ml.Experiment("m:M", SPACE, design, constraints=constraints, **settings)


@pytest.mark.parametrize("kind", [ml.Sobol, ml.Halton, ml.MonteCarlo])
@pytest.mark.parametrize("size", [1, 7, 64])
def test_as_many_points_as_asked_for_keep_the_constraints(kind: Any, size: int) -> None:
    described = experiment(kind(size))
    matrix = described.design_matrix()
    assert len(matrix) == described.n_points == size
    assert described.space.allowed(matrix).all()
    assert matrix.index.tolist() == list(range(size))
    assert described.n_runs == size
    longer = experiment(kind(size + described.n_dropped), redraw=False)
    assert longer.design_matrix().equals(matrix)
    assert longer.n_dropped == described.n_dropped


@pytest.mark.parametrize("kind", [ml.Sobol, ml.Halton, ml.MonteCarlo])
def test_a_larger_design_keeps_its_points(kind: Any) -> None:
    few, many = experiment(kind(20)).design_matrix(), experiment(kind(75)).design_matrix()
    assert many.head(20).equals(few)


def test_without_a_word_points_are_dropped() -> None:
    described = experiment(ml.Sobol(64), redraw=False)
    assert described.n_points + described.n_dropped == 64
    assert 5 < described.n_points < 25


def test_nothing_to_redraw() -> None:
    assert (
        experiment(ml.Sobol(8), constraints=())
        .design_matrix()
        .equals(experiment(ml.Sobol(8), constraints=(), redraw=False).design_matrix())
    )
    assert experiment(ml.FullFactorial(2), constraints=()).n_points == 8


@pytest.mark.parametrize(
    "design",
    [ml.LatinHypercube(20), ml.FullFactorial(3), ml.OneAtATime(), ml.SparseGrid(2), ml.Union([ml.Sobol(8)])],
    ids=lambda design: type(design).__name__,
)
def test_designs_without_further_points_are_refused(design: Any) -> None:
    with pytest.raises(ExperimentError, match=f"{type(design).__name__} has no further points. Use Sobol"):
        experiment(design).design_matrix()


def test_what_can_hardly_be_met_is_given_up() -> None:
    with pytest.raises(
        ExperimentError, match=r"Only 0 of 4,000 points keep the constraints, so that 4 cannot be redrawn"
    ):
        experiment(ml.MonteCarlo(4), "a > 2").design_matrix()


@pytest.mark.parametrize("value", ["yes", None, 2])
def test_redraw_is_yes_or_no(value: Any) -> None:
    with pytest.raises(ExperimentError, match="Write True or False"):
        experiment(ml.Sobol(8), redraw=value)


def test_a_file_holds_it() -> None:
    described = experiment(ml.Sobol(16))
    assert "redraw = true" in described.to_toml()
    read = ml.Experiment.from_toml(described.to_toml())
    assert read == described
    assert read.design_matrix().equals(described.design_matrix())
    assert "redraw" not in experiment(ml.Sobol(16), redraw=False).to_toml()
    assert "redraw=True" in repr(described)


def test_correlated_parameters_are_redrawn_too() -> None:
    described = experiment(ml.Sobol(64), "a > 0.3", correlations={("a", "b"): 0.6})
    matrix = described.design_matrix()
    assert len(matrix) == 64
    assert matrix[["a", "b"]].corr(method="spearman").iloc[0, 1] > 0.3
