"""What is said of parameters in a report."""

import pytest

import mesa_lab as ml
from mesa_lab.processing.report.description import parameter_in_words


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        (ml.Real(5, 11, distribution="norm", loc=10, scale=2), "norm(loc=10, scale=2) cut to 5 to 11"),
        (ml.Real(low=5, distribution="norm", loc=10, scale=2), "norm(loc=10, scale=2) cut below 5"),
        (ml.Real(high=11, distribution="norm", loc=10, scale=2), "norm(loc=10, scale=2) cut above 11"),
        (ml.Real(distribution="norm", loc=10, scale=2), "norm(loc=10, scale=2)"),
        (ml.Integer(1, 6, distribution="poisson", mu=3), "poisson(mu=3) cut to 1 to 6"),
        (ml.Integer(high=6, distribution="poisson", mu=3), "poisson(mu=3) cut above 6"),
        (ml.Integer(0, 10, step=5), "0 to 10 in steps of 5"),
        (ml.Choice(["a", "b"]), "a, b"),
    ],
    ids=str,
)
def test_a_parameter_is_described_with_where_it_is_cut(parameter, words):
    assert parameter_in_words(parameter) == words
