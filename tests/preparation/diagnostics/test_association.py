"""Cramér's V beside scipy's, and which pairs of parameters are held against each other."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mesa_lab.preparation.diagnostics.association import cramers_v, largest_correlation, largest_v
from mesa_lab.preparation.diagnostics.columns import column_of
from mesa_lab.preparation.parameters.space import Choice, Integer, ParameterSpace, Real, table


def columns_of(parameters: dict[str, Any], values: dict[str, list[Any]]) -> list[Any]:
    space = ParameterSpace(parameters)
    matrix: pd.DataFrame = table(values, len(next(iter(values.values()))))
    return [column_of(name, matrix[name], space) for name in matrix]


@pytest.mark.parametrize("seed", range(8))
def test_it_is_scipys(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.integers(0, 3, 40), rng.integers(0, 4, 40)
    crosstab = pd.crosstab(one, other).to_numpy()
    assert cramers_v(one, other)[0] == pytest.approx(stats.contingency.association(crosstab, method="cramer"))


def test_from_nothing_to_everything() -> None:
    one = np.repeat(np.arange(3), 6)
    assert cramers_v(one, np.tile(np.arange(2), 9)) == (0.0, 0.0)
    assert cramers_v(one, (one + 1) % 3) == (pytest.approx(1.0), pytest.approx(1.0))
    assert cramers_v(one, np.zeros(18, dtype=int)) == (0.0, 0.0)


def test_what_chance_alone_gives_is_taken_off() -> None:
    rng = np.random.default_rng(1)
    plain, corrected = zip(*(cramers_v(numbered(rng), numbered(rng)) for _ in range(300)), strict=True)
    assert np.mean(plain) > 0.3
    assert np.mean(np.square(corrected)) < 0.05


def test_only_categories_are_compared() -> None:
    kinds = {
        "kind": Choice(["a", "b", "c"]),
        "place": Choice(["x", "y"]),
        "n": Integer(1, 3),
        "p": Real(0, 1),
    }
    values = {
        "kind": list("aabbcc"),
        "place": list("xxyyxy"),
        "n": [1, 1, 2, 2, 3, 3],
        "p": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
    }
    v, pair, corrected = largest_v(columns_of(kinds, values))
    assert pair == ("kind", "n")  # a number of few values is a category beside one
    assert v == pytest.approx(1.0)
    assert corrected == pytest.approx(1.0)
    no_kind = {name: values[name] for name in ("place", "n", "p")}
    assert largest_v(columns_of({name: kinds[name] for name in no_kind}, no_kind))[:2] == (None, None)


def test_two_yes_or_no_choices_are_categories() -> None:
    kinds = {"a": Choice([True, False]), "b": Choice([True, False])}
    v, pair, _ = largest_v(
        columns_of(kinds, {"a": [True, True, False, False], "b": [True, True, False, False]})
    )
    assert (v, pair) == (pytest.approx(1.0), ("a", "b"))


def test_correlations_are_between_ordered_columns() -> None:
    kinds = {"a": Real(0, 1), "kind": Choice(["u", "v", "w"]), "b": Real(0, 1)}
    values = {"a": [0.1, 0.5, 0.9], "kind": ["u", "v", "w"], "b": [0.9, 0.5, 0.1]}
    assert largest_correlation(columns_of(kinds, values), 3) == (pytest.approx(1.0), ("a", "b"))


def numbered(rng: np.random.Generator) -> np.ndarray:
    """Twenty draws of four categories, numbered as they occur."""
    return np.unique(rng.integers(0, 4, 20), return_inverse=True)[1]
