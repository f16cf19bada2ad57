from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mesa_lab as ml
from mesa_lab.preparation.designs import (
    Design,
    FullFactorial,
    FunctionDesign,
    LatinHypercube,
    MonteCarlo,
    OneAtATime,
    Part,
    Sobol,
    SparseGrid,
    Table,
    Union,
    Zip,
    as_design,
)
from mesa_lab.preparation.designs.space_filling import SAMPLE
from mesa_lab.preparation.parameters.space import Choice, Integer, ParameterSpace, Real
from mesa_lab.preparation.preview import Preview, preview

PLANE = {"a": Real(0, 1), "b": Real(0, 1)}


def look(
    parameters: dict[str, Any],
    design: Any,
    constraints: tuple[str, ...] = (),
    replications: int = 10,
    **more: Any,
) -> Preview:
    space = ParameterSpace(parameters, constraints)
    design = as_design(design)

    def design_matrix() -> pd.DataFrame:
        points = design.points(space, 1)
        return points[space.allowed(points)].reset_index(drop=True).rename_axis("point")

    return preview(
        SimpleNamespace(
            space=space, design=design, seed=1, replications=replications, design_matrix=design_matrix, **more
        )
    )


def test_numbers_of_points_and_runs() -> None:
    seen = look({"a": [1, 2, 3], "b": [1, 2], "f": 3}, FullFactorial(), ("a > b",), replications=4)
    assert (seen.n_points, seen.n_dropped, seen.n_merged, seen.n_runs) == (3, 3, 0, 12)
    assert seen.matrix.values.tolist() == [[2, 1], [3, 1], [3, 2]]


def test_what_the_experiment_knows_is_not_worked_out_again() -> None:
    assert look(PLANE, Sobol(8), ("a < b",), n_dropped=5).n_dropped == 5


def test_merged_points_are_counted() -> None:
    assert look({"n": Integer(1, 2), "m": Integer(1, 2)}, SparseGrid(3)).n_merged > 0
    union = Union([Part(FullFactorial(), fixed={"a": 1}), FullFactorial()])
    assert look({"a": [1, 2], "b": [1, 2]}, union, ("a + b < 4",)).n_merged == 2


def test_coverage() -> None:
    seen = look(
        {
            "real": Real(0, 10),
            "n": Integer(1, 3),
            "flag": Choice([True, False]),
            "kind": Choice(["x", None]),
            "level": [5, 7.5],
        },
        Table(
            {
                "real": [0, 2, 4, 4],
                "n": [1, 1, 3, 3],
                "flag": [True] * 4,
                "kind": ["x", None] * 2,
                "level": [5, 5, 7.5, 5],
            }
        ),
    )
    assert seen.coverage.index.name == "parameter"
    assert seen.coverage.reset_index().values.tolist() == [
        ["real", 3, 0.0, 4.0, 0.5],
        ["n", 2, 1, 3, 2 / 3],
        ["flag", 1, None, None, 0.5],
        ["kind", 2, None, None, 1.0],
        ["level", 2, 5, 7.5, 1.0],
    ]
    assert type(seen.coverage.loc["n", "lowest"]) is int


def test_a_latin_hypercube_covers_every_part() -> None:
    assert look(PLANE, LatinHypercube(20)).coverage["covered"].tolist() == [1.0, 1.0]


def test_columns_of_parameters_that_are_fixed_elsewhere_are_covered_too() -> None:
    seen = look(
        {"a": [1, 2], "f": 1, "g": "x", "h": None, "i": 0},
        Table({"a": [1, 2], "f": [1, 5], "g": ["x", None], "h": [1, 1.0], "i": [3, 3]}),
    )
    assert seen.coverage["levels"].to_dict() == {"a": 2, "f": 2, "g": 2, "h": 2, "i": 1}


def test_discrepancy_and_distance_are_scipys() -> None:
    from scipy.spatial.distance import pdist
    from scipy.stats import qmc

    seen = look({"a": Real(10, 20), "b": Real(1, 100, log=True)}, Sobol(32))
    cube = np.column_stack([(seen.matrix["a"] - 10) / 10, np.log10(seen.matrix["b"]) / 2])
    assert seen.discrepancy == pytest.approx(qmc.discrepancy(cube))
    assert seen.min_distance == pytest.approx(pdist(cube).min())
    assert seen.n_measured == 32


def test_an_even_design_has_the_lower_discrepancy() -> None:
    even, random = look(PLANE, Sobol(64)).discrepancy, look(PLANE, MonteCarlo(64)).discrepancy
    assert even is not None
    assert random is not None
    assert even < random


def test_correlation_names_its_pair() -> None:
    seen = look({"a": [1, 2, 3], "x": Choice(["u", "v", "w"]), "b": [3, 1, 2.5], "c": [30, 20, 10]}, Zip())
    assert seen.max_abs_correlation == pytest.approx(1)
    assert seen.correlated == ("a", "c")
    assert any("'a' and 'c' are correlated (1.00)" in warning for warning in seen.warnings)


def test_a_factorial_has_no_correlation() -> None:
    seen = look({"a": Real(0, 1), "b": Integer(1, 3), "flag": Choice([True, False])}, FullFactorial(3))
    assert seen.max_abs_correlation == 0.0


@pytest.mark.parametrize(
    ("parameters", "design"),
    [
        ({"a": 1}, FullFactorial()),
        ({"a": Real(0, 1)}, FullFactorial(1)),
        ({"a": Choice(["x", "y", "z"]), "b": Choice(["u", "v", "w"])}, FullFactorial()),
    ],
    ids=repr,
)
def test_what_cannot_be_measured_is_none(parameters: dict[str, Any], design: Design) -> None:
    seen = look(parameters, design)
    assert seen.max_abs_correlation is None
    assert seen.correlated is None
    if seen.n_points == 1:
        assert seen.discrepancy is None
        assert seen.min_distance is None


def test_one_dimension_is_measured() -> None:
    seen = look({"a": Real(0, 1)}, FullFactorial(3))
    assert seen.min_distance == pytest.approx(0.5)
    assert seen.discrepancy is not None


def test_many_points_are_measured_on_a_sample() -> None:
    seen = look(PLANE, Sobol(SAMPLE * 2))
    assert seen.n_measured == SAMPLE
    assert f"measured on {SAMPLE:,} of the {2 * SAMPLE:,} points" in seen.warnings[-1]
    assert seen.discrepancy == look(PLANE, Sobol(SAMPLE * 2)).discrepancy


@pytest.mark.parametrize(
    ("parameters", "design", "warning"),
    [
        (PLANE, Sobol(100), "no power of 2"),
        (PLANE, LatinHypercube(5), "are few for 2 parameters"),
        ({f"p{i}": Integer(0, 9) for i in range(4)}, FullFactorial(), "A full factorial of 10,000 points"),
        (
            {"a": [1, 2], "b": [1, 2]},
            Part(FullFactorial(), fixed={"b": 2}),
            "'b' never varies: it is 2 at all points",
        ),
        ({"a": [1, 2], "b": [7]}, FullFactorial(), "'b' never varies"),
        ({"a": Integer(1, 3)}, Sobol(8), "5 of the 8 points repeat an earlier one"),
        ({"a": Real(0, 1)}, Table({"a": [0.5, 2, 3]}), "2 points have a 'a' outside of Real(0, 1)"),
        (
            {"a": Integer(0, 9, step=3)},
            Table({"a": [3, 4]}),
            "1 point has a 'a' outside of Integer(0, 9, step=3)",
        ),
        ({"a": [1, 2]}, Table({"a": [1, 7]}), "1 point has a 'a' outside of Levels([1, 2])"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_a_methodologist_would_say(parameters: dict[str, Any], design: Design, warning: str) -> None:
    assert any(warning in said for said in look(parameters, design).warnings)


@pytest.mark.parametrize(
    ("design", "lost"),
    [
        (LatinHypercube(40), "no longer covers the space as evenly"),
        (FullFactorial(5), "no longer a complete design"),
    ],
    ids=repr,
)
def test_dropped_points_and_what_they_cost(design: Design, lost: str) -> None:
    seen = look(PLANE, design, ("a < 0.5",))
    said = next(said for said in seen.warnings if "constraints drop" in said)
    assert (
        f"drop {seen.n_dropped} of {seen.n_dropped + seen.n_points} points and leave {seen.n_points}" in said
    )
    assert lost in said


def test_one_replication() -> None:
    assert any("One replication" in said for said in look(PLANE, Sobol(32), replications=1).warnings)


@pytest.mark.parametrize("design", [Sobol(64), LatinHypercube(40), FullFactorial(5), OneAtATime()], ids=repr)
def test_a_sound_design_needs_no_warning(design: Design) -> None:
    assert look(PLANE, design).warnings == ()


def test_a_design_of_ones_own_is_previewed_too() -> None:
    seen = look(PLANE, FunctionDesign(lambda space, seed: space.from_unit(np.eye(2))))
    assert (seen.n_points, seen.n_merged) == (2, 0)


def test_a_foreign_design_needs_points_alone() -> None:
    class Foreign:
        def points(self, space: ParameterSpace, seed: int) -> pd.DataFrame:
            return space.from_unit(np.eye(2))

    assert look(PLANE, Foreign()).n_points == 2


def test_values_far_outside_have_no_correlation() -> None:
    seen = look(PLANE, Table({"a": [2, 3, 4], "b": [0.1, 0.2, 0.3]}))
    assert seen.max_abs_correlation is None


def test_its_repr_is_for_people() -> None:
    shown = repr(
        preview(ml.Experiment("m:M", {"n": [1, 2], "p": ml.Real(0, 1)}, ml.Sobol(4), constraints="p < 0.9"))
    )
    assert shown.startswith("<Preview: 3 points (1 more dropped by the constraints), 3 runs")
    assert "covered" in shown
    assert "note: One replication" in shown
