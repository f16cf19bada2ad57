"""Points on which the effect of a parameter rests."""

from typing import Any

import numpy as np
import pytest

from mesa_lab.preparation.diagnostics.columns import column_of
from mesa_lab.preparation.diagnostics.leverage import Lone, lone_points
from mesa_lab.preparation.parameters.space import Choice, ParameterSpace, Real, table


def lone(parameters: dict[str, Any], values: dict[str, list[Any]]) -> list[Lone]:
    space = ParameterSpace(parameters)
    rows = len(next(iter(values.values())))
    matrix = table(values, rows)
    return lone_points([column_of(name, matrix[name], space) for name in matrix], rows)


LINE = [0.0, 0.25, 0.5, 0.75, 1.0, 0.1]


def test_a_parameter_that_one_point_moves() -> None:
    found = lone({"a": Real(0, 1), "b": Real(0, 1)}, {"a": LINE, "b": [0.5, 0.5, 0.5, 0.9, 0.5, 0.5]})
    assert found == [Lone(3, "b", 0.9)]


def test_a_category_that_one_point_has() -> None:
    found = lone({"a": Real(0, 1), "kind": Choice(["x", "y", "z"])}, {"a": LINE, "kind": list("xyxzyx")})
    assert found == [Lone(3, "kind", "z")]


def test_the_first_category_too() -> None:
    found = lone({"a": Real(0, 1), "kind": Choice(["x", "y", "z"])}, {"a": LINE, "kind": list("xyzzyy")})
    assert found == [Lone(0, "kind", "x")]


def test_two_parameters_that_one_point_parts() -> None:
    found = lone({"a": Real(0, 1), "b": Real(0, 1)}, {"a": LINE, "b": [*LINE[:4], 0.0, LINE[5]]})
    assert len(found) == 1
    assert found[0].point == 4
    assert found[0].parameter in ("a", "b")


@pytest.mark.parametrize(
    "values",
    [
        {"a": LINE, "b": [0, 1, 0, 1, 0, 1.0]},
        {"a": LINE, "b": [0.5] * 6},
        {"a": [0.0, 1.0], "b": [0.0, 1.0]},
        {"a": [0.0], "b": [1.0]},
    ],
)
def test_nothing_to_name(values: dict[str, list[float]]) -> None:
    assert lone({"a": Real(0, 1), "b": Real(0, 1)}, values) == []


def test_units_do_not_matter() -> None:
    rng = np.random.default_rng(1)
    values = {"a": (1e9 + rng.random(30)).tolist(), "b": (1e-9 * rng.random(30)).tolist()}
    assert lone({"a": Real(0, 2e9), "b": Real(0, 1)}, values) == []
