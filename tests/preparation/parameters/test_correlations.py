"""Correlated parameters: what was asked for is what comes out, each with its own distribution, in every design that can."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

import mesa_lab as ml
from mesa_lab.errors import DesignError, ParameterError
from mesa_lab.preparation.parameters.correlations import correlated, independent
from mesa_lab.preparation.parameters.space import ParameterSpace
from mesa_lab.preparation.parameters.value_keys import key

PARAMETERS: dict[str, Any] = {
    "free": ml.Real(0, 1),
    "a": ml.Real(10, 20),
    "b": ml.Real(1, 1000, log=True),
    "c": ml.Real(distribution="norm", loc=5, scale=2),
    "n": ml.Integer(1, 50),
    "flag": ml.Choice([False, True]),
}
PAIRS = {("a", "b"): 0.7, ("c", "a"): -0.5, ("n", "b"): 0.3}


def spearman(matrix: Any, one: str, other: str) -> float:
    return float(stats.spearmanr(matrix[one].astype(float), matrix[other].astype(float)).statistic)


def experiment(**changes: Any) -> ml.Experiment:
    settings: dict[str, Any] = {"design": ml.Sobol(2048), "correlations": PAIRS, **changes}
    return ml.Experiment("m:M", PARAMETERS, **settings)


@pytest.mark.parametrize(
    "design",
    [
        ml.Sobol(2048),
        ml.Halton(2000),
        ml.MonteCarlo(4000),
        ml.LatinHypercube(2000),
        ml.LatinHypercube(47**2, strength=2),
        ml.FunctionDesign(lambda space, seed: space.from_unit(np.random.default_rng(seed).random((4000, 6)))),
        ml.Union([ml.Sobol(1024), ml.Halton(1000)]),
        ml.Part(ml.Sobol(2048)),
    ],
    ids=lambda design: type(design).__name__,
)
def test_the_correlations_are_those_asked_for(design: Any) -> None:
    matrix = experiment(design=design).design_matrix()
    for (one, other), value in PAIRS.items():
        assert spearman(matrix, one, other) == pytest.approx(value, abs=0.05)
    for one, other in (("free", "a"), ("free", "b"), ("flag", "n")):
        assert spearman(matrix, one, other) == pytest.approx(0, abs=0.05)


def test_each_parameter_keeps_its_distribution() -> None:
    matrix = experiment().design_matrix()
    assert stats.kstest(matrix["a"], "uniform", (10, 10)).statistic < 0.01
    assert stats.kstest(np.log10(matrix["b"]), "uniform", (0, 3)).statistic < 0.01
    assert stats.kstest((matrix["c"] - 5) / 2, "norm").statistic < 0.01
    assert stats.kstest((matrix["n"] - 0.5) / 50, "uniform").statistic < 0.03
    assert matrix["n"].dtype == np.int64
    assert matrix["flag"].mean() == pytest.approx(0.5, abs=0.01)


def test_a_choice_of_two_and_ordered_levels_can_be_correlated() -> None:
    parameters = {"flag": ml.Choice(["no", "yes"]), "level": [1, 5, 20], "x": ml.Real(0, 1)}
    pairs = {("flag", "x"): 0.6, ("level", "x"): 0.6}
    matrix = ml.Experiment("m:M", parameters, ml.Sobol(1024), correlations=pairs).design_matrix()
    assert matrix.groupby("flag")["x"].mean().diff().iloc[-1] > 0.25
    assert matrix.groupby("level")["x"].mean().is_monotonic_increasing


def test_what_is_in_no_pair_stays_as_it_is() -> None:
    plain, moved = experiment(correlations=None).design_matrix(), experiment().design_matrix()
    for name in ("free", "a", "flag"):  # and the first of those that go together
        assert plain[name].equals(moved[name])
    assert not plain["b"].equals(moved["b"])


def test_a_larger_design_keeps_its_points() -> None:
    few, many = (experiment(design=ml.Sobol(size)).design_matrix() for size in (32, 100))
    assert many.head(32).to_dict("records") == few.to_dict("records")


def test_the_way_back() -> None:
    unit = np.random.default_rng(1).random((500, 3))
    names, pairs = ("a", "b", "c"), {("a", "c"): 0.8, ("b", "c"): -0.3}
    moved = correlated(unit, names, pairs)
    assert np.abs(moved - unit).max() > 0.1
    assert independent(moved, names, pairs) == pytest.approx(unit, abs=1e-9)
    space = ParameterSpace({name: ml.Real(0, 9) for name in names}, correlations=pairs)
    assert space.to_unit(space.from_unit(unit)) == pytest.approx(unit, abs=1e-9)


def test_corners_stay_within_the_ranges() -> None:
    pairs = {("a", "b"): 0.9, ("a", "c"): -0.9, ("b", "c"): -0.9}
    for design in (ml.Sobol(4, scramble=False), ml.SparseGrid(3), ml.Halton(3, scramble=False)):
        matrix = experiment(design=design, correlations=pairs).design_matrix()
        for name, parameter in PARAMETERS.items():
            assert all(parameter.contains(value) for value in matrix[name].tolist())


def test_forms_that_mean_the_same() -> None:
    said = [
        {("a", "b"): 0.7, ("a", "c"): -0.5},
        {("b", "a"): 0.7, ("c", "a"): -0.5},
        {"a": {"b": 0.7, "c": -0.5}},
        {"c": {"a": -0.5}, "b": {"a": np.float64(0.7)}},
    ]
    experiments = [experiment(correlations=each) for each in said]
    assert all(each == experiments[0] for each in experiments)
    assert experiments[0].correlations == {("a", "b"): 0.7, ("a", "c"): -0.5}
    assert list(experiments[3].correlations or ()) == [("a", "b"), ("a", "c")]
    assert experiment(correlations={}).correlations is None
    assert experiment(correlations={}) == experiment(correlations=None)


def test_a_file_holds_them() -> None:
    written = experiment()
    assert "correlations = {a = {b = 0.7, c = -0.5}, b = {n = 0.3}}" in written.to_toml()
    read = ml.Experiment.from_toml(written.to_toml())
    assert read == written
    assert read.design_matrix().equals(written.design_matrix())
    assert "correlations" not in experiment(correlations=None).to_toml()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (3, "correlations is 3. Give a dict"),
        ({("a", "zz"): 0.5}, "names 'zz', which is not among the parameters.*These vary: free, a"),
        ({("a", "aa"): 0.5}, "names 'aa', which is not among the parameters. Did you mean 'a'"),
        ({("a", "held"): 0.5}, "names 'held', which is held fixed"),
        ({("a", "a"): 0.5}, "'a' with itself"),
        ({("a", "b"): 1.0}, "of 'a' and 'b' is 1.0. Give a number between -1 and 1"),
        ({("a", "b"): -1.5}, "is -1.5"),
        ({("a", "b"): float("nan")}, "is nan"),
        ({("a", "b"): True}, "is True"),
        ({("a", "b"): "0.5"}, "is '0.5'"),
        ({("a", "b"): 0.5, ("b", "a"): 0.5}, "'a' and 'b' twice"),
        ({"a": 0.5}, "holds 'a': 0.5"),
        ({("a", "b", "c"): 0.5}, "holds"),
        ({("a", "kind"): 0.5}, "names 'kind', whose values have no order"),
        ({("a", "mess"): 0.5}, "names 'mess', whose values have no order"),
        (
            {("a", "b"): 0.9, ("a", "c"): 0.9, ("b", "c"): -0.9},
            "No values can have these correlations at once: a and b 0.9.*not positive definite.*times 0.53 would do",
        ),
    ],
)
def test_mistakes_are_named(given: Any, message: str) -> None:
    more = {"held": 3, "kind": ml.Choice(["x", "y", "z"]), "mess": [3, 1, 2]}
    with pytest.raises(ParameterError, match=message):
        ml.Experiment("m:M", {**PARAMETERS, **more}, ml.Sobol(8), correlations=given)


def test_weakened_as_advised_they_can_be_had() -> None:
    strong = {("a", "b"): 0.9, ("a", "c"): 0.9, ("b", "c"): -0.9}
    assert experiment(correlations={pair: 0.53 * value for pair, value in strong.items()}).n_points == 2048


@pytest.mark.parametrize(
    "design",
    [
        ml.FullFactorial(2),
        ml.OneAtATime(),
        ml.Zip(3),
        ml.FractionalFactorial(),
        ml.CentralComposite(),
        ml.OrthogonalArray(),
        ml.Morris(),
        ml.Saltelli(8),
        ml.EFAST(65),
        ml.Table({name: [parameter.base] for name, parameter in PARAMETERS.items()}),
        ml.Union([ml.Sobol(8), ml.FullFactorial(2)]),
    ],
    ids=lambda design: type(design).__name__,
)
def test_designs_that_combine_values_refuse_them(design: Any) -> None:
    with pytest.raises(
        DesignError, match="does not draw parameters together, so 'a' and 'b' cannot be correlated"
    ):
        experiment(design=design).design_matrix()


def test_a_part_keeps_those_of_what_varies_in_it() -> None:
    part = ml.Part(ml.Sobol(512), fixed={"c": 5.0})
    matrix = experiment(design=part).design_matrix()
    assert set(matrix["c"]) == {5.0}
    assert spearman(matrix, "a", "b") == pytest.approx(0.7, abs=0.05)
    factorial = ml.Part(ml.FullFactorial(2), vary=["c"])
    assert len(experiment(correlations={("a", "b"): 0.7}, design=factorial).design_matrix()) == 2


def test_they_go_with_constraints() -> None:
    matrix = experiment(constraints="a > n / 5 + 10").design_matrix()
    assert (matrix["a"] > matrix["n"] / 5 + 10).all()
    rows = {key(row) for row in experiment().design_matrix().to_dict("records")}
    assert {key(row) for row in matrix.to_dict("records")} < rows
