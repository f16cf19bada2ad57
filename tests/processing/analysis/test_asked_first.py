"""The conclusion that an experiment was made for comes first, whatever else its results suit."""

import pytest

import mesa_lab as ml
from mesa_lab.processing.analysis.shelf import fitting
from mesa_lab.testing import synthetic_results


@pytest.mark.parametrize(
    ("question", "first"), [("matter", "sensitivity"), ("respond", "surface"), ("when", "discover")]
)
def test_the_question_of_the_experiment_comes_first(question: str, first: str) -> None:
    space = {"a": ml.Real(0, 1), "b": ml.Real(0, 1)}
    experiment = ml.Experiment("none:None", space, design=ml.Sobol(128), replications=2, question=question)
    results = synthetic_results(experiment, {"y": lambda runs, rng: runs["a"] > 0.5})
    assert fitting(results, "y")[0][0].name == first


def test_a_study_may_be_asked_another_question_later(tmp_path) -> None:
    experiment = ml.Experiment(
        "mesa.examples:Schelling", {"density": [0.6, 0.8]}, replications=2, max_steps=2, question="better"
    )
    path = tmp_path / "one.study"
    ml.run(experiment, path, progress=False, backend="sequential")
    ml.run(experiment.replace(question="effects", replications=3), path, progress=False, backend="sequential")
    opened = ml.open_study(path)
    assert (opened.experiment.question, len(opened.results.runs)) == ("effects", 6)
