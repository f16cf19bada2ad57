"""One recommended design per question, which fits the space and agrees with what previews say."""

from typing import Any

import pytest

import mesa_lab as ml
from mesa_lab.errors import DesignError
from mesa_lab.preparation.advice import QUESTIONS, recommend
from mesa_lab.preparation.parameters.space import Choice, Integer, ParameterSpace, Real
from mesa_lab.preparation.preview import preview


def ranges(count: int) -> dict[str, Any]:
    return {f"p{i}": Real(0, 1) for i in range(count)}


SPACES = {
    "one": ranges(1),
    "three": ranges(3),
    "six": ranges(6),
    "twenty": ranges(20),
    "mixed": {"a": Real(0, 1), "n": Integer(0, 100), "flag": Choice([True, False]), "held": 3},
    "choices": {"a": Real(0, 1), "kind": Choice(list("uvwxyz")), "b": Real(0, 1), "c": Real(0, 1)},
}


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_recommended_design_has_nothing_to_object_to(question: str, name: str) -> None:
    space = ParameterSpace(SPACES[name])
    found = recommend(question, space)
    described = ml.Experiment(
        "m:M",
        SPACES[name],
        found.design,
        replications=found.question.replications,
        common_random_numbers=found.question.common_random_numbers,
    )
    assert described.n_points == found.n_points
    assert described.n_runs == found.n_runs
    expected = (
        "One at a time shows no interactions",
        "All points have the same seeds",
        "One replication",
        "Resolution",
    )
    said = [
        warning
        for warning in preview(described).warnings
        if not warning.startswith(expected) and "repeat" not in warning and "never varies" not in warning
    ]
    assert said == []
    assert found.reason.endswith(".")


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("more", [{"constraints": "a < b"}, {"correlations": {("a", "b"): 0.5}}])
def test_constraints_and_correlations_leave_a_design_that_can_be_made(
    question: str, more: dict[str, Any]
) -> None:
    parameters = {"a": Real(0, 1), "b": Real(0, 1)}
    space = ParameterSpace(parameters, **more)
    described = ml.Experiment("m:M", parameters, recommend(question, space).design, **more)
    assert described.n_points > 0


@pytest.mark.parametrize(
    ("question", "space", "design"),
    [
        ("look", "six", ml.OneAtATime(5)),
        ("matter", "six", ml.Saltelli(512)),
        ("matter", "twenty", ml.Morris(20)),
        ("effects", "three", ml.FullFactorial(2)),
        ("effects", "six", ml.FractionalFactorial(5)),
        ("effects", "twenty", ml.FractionalFactorial(4)),
        ("effects", "choices", ml.FullFactorial(2)),
        ("better", "mixed", ml.FullFactorial(2)),
        ("respond", "six", ml.Sobol(64)),
        ("when", "three", ml.Sobol(128)),
        ("uncertain", "mixed", ml.MonteCarlo(1000)),
        ("replications", "one", ml.Table([{"p0": 0.5}])),
    ],
)
def test_which_design_for_which_question(question: str, space: str, design: Any) -> None:
    assert recommend(question, ParameterSpace(SPACES[space])).design == design


def test_with_correlations_sensitivities_come_from_given_data() -> None:
    space = ParameterSpace(ranges(3), correlations={("p0", "p1"): 0.5})
    assert recommend("matter", space).design == ml.Sobol(128)


def test_mistakes_are_named() -> None:
    with pytest.raises(DesignError, match="Unknown question 'mater'. Did you mean 'matter'"):
        recommend("mater", ParameterSpace(ranges(2)))
    with pytest.raises(DesignError, match="Nothing varies"):
        recommend("matter", ParameterSpace({"a": 1}))
