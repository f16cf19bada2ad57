"""How a study may grow: by points, or by what a design in blocks counts."""

import pytest

import mesa_lab as ml
from mesa_lab.errors import StudyError
from mesa_lab.workspace.extend import grown, size_label, size_of, why_no_points

SPACE = {"density": ml.Real(0.5, 0.9), "homophily": ml.Real(0.2, 0.6)}


def described(design):
    return ml.Experiment("mesa.examples:Schelling", SPACE, design, replications=2)


@pytest.mark.parametrize(
    ("design", "size", "label", "runs"),
    [
        (ml.Sobol(8), 8, "Points", 32),
        (ml.Saltelli(8), 8, "Rows of the sequence", 128),
        (ml.Morris(8), 8, "Trajectories", 96),
    ],
    ids=lambda value: type(value).__name__,
)
def test_designs_that_can_be_continued(design, size, label, runs):
    experiment = described(design)
    assert (size_of(experiment), size_label(experiment), why_no_points(experiment)) == (size, label, "")
    larger = grown(experiment, size=16)
    assert larger.n_runs == runs
    assert larger.design_matrix().head(experiment.n_points).equals(experiment.design_matrix())
    with pytest.raises(StudyError, match=f"has 8 {label.lower()} already"):
        grown(experiment, size=4)


@pytest.mark.parametrize("design", [ml.LatinHypercube(8), ml.EFAST(65), ml.FullFactorial(2)], ids=repr)
def test_others_cannot(design):
    assert size_of(described(design)) is None
    assert why_no_points(described(design))
