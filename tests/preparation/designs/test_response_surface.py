"""Central composite and Box-Behnken designs beside those of the handbooks."""

import itertools
from typing import Any

import numpy as np
import pytest

import mesa_lab as ml
from mesa_lab.errors import DesignError
from mesa_lab.preparation.designs import BoxBehnken, CentralComposite
from mesa_lab.preparation.parameters.space import Choice, Integer, ParameterSpace, Real


def ranges(count: int) -> ParameterSpace:
    return ParameterSpace({f"x{i}": Real(-1, 1) for i in range(count)})


def codes_of(design: Any, count: int) -> np.ndarray:
    points = design.points(ranges(count), 0).to_numpy()
    assert len(points) == design.n_points(ranges(count))
    return points


def surface(codes: np.ndarray) -> np.ndarray:
    """The columns of a full quadratic model."""
    count = codes.shape[1]
    products = [
        codes[:, i] * codes[:, j] for i, j in itertools.combinations_with_replacement(range(count), 2)
    ]
    return np.column_stack([np.ones(len(codes)), codes, *products])


def fits_a_surface(codes: np.ndarray) -> bool:
    model = surface(codes)
    return bool(np.linalg.matrix_rank(model) == model.shape[1])


class TestCentralComposite:
    @pytest.mark.parametrize(
        ("count", "corners"), [(2, 4), (3, 8), (4, 16), (5, 16), (6, 32), (7, 64), (8, 64), (11, 128)]
    )
    @pytest.mark.parametrize("face", ["faced", "inscribed"])
    def test_corners_star_and_middle(self, face: Any, count: int, corners: int) -> None:
        codes = codes_of(CentralComposite(face), count)
        assert len(codes) == corners + 2 * count + 1
        assert len(np.unique(codes, axis=0)) == len(codes)
        active = (codes != 0).sum(axis=1).tolist()
        assert active == [count] * corners + [1] * 2 * count + [0]
        assert np.abs(codes).max() == 1
        assert fits_a_surface(codes)
        assert (codes.sum(axis=0).round(12) == 0).all()

    def test_the_faced_design_of_the_handbook(self) -> None:
        # NIST/SEMATECH e-Handbook, section 5.3.3.6.1.
        codes = codes_of(CentralComposite(), 2)
        assert {tuple(row) for row in codes} == {(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)}

    @pytest.mark.parametrize(
        ("count", "alpha"), [(2, 1.414), (3, 1.682), (4, 2.000), (5, 2.000), (6, 2.378), (7, 2.828)]
    )
    def test_the_inscribed_design_is_rotatable(self, count: int, alpha: float) -> None:
        # The distances of the star that NIST's table 3.22 and Box & Draper print, the corners being at 1.
        codes = codes_of(CentralComposite("inscribed"), count)
        assert 1 / np.abs(codes[0]).max() == pytest.approx(alpha, abs=5e-4)
        information = np.linalg.inv(surface(codes).T @ surface(codes))
        for radius in (0.3, 0.9):
            directions = np.random.default_rng(1).normal(size=(20, count))
            places = radius * directions / np.linalg.norm(directions, axis=1)[:, None]
            model = surface(places)
            variance = (model @ information * model).sum(axis=1)
            assert variance == pytest.approx(np.full(20, variance[0]))

    def test_whole_numbers_take_five_levels_where_they_have_them(self) -> None:
        points = CentralComposite("inscribed").points(
            ParameterSpace({"n": Integer(0, 100), "m": Integer(10, 30, step=2)}), 0
        )
        assert sorted(set(points["n"])) == [0, 15, 50, 85, 100]
        assert sorted(set(points["m"])) == [10, 12, 20, 28, 30]

    @pytest.mark.parametrize(
        ("make", "parameter", "message"),
        [
            (lambda: CentralComposite("circumscribed"), Real(0, 1), "leaves the ranges. Take 'inscribed'"),
            (lambda: CentralComposite("face"), Real(0, 1), "face='face'. Did you mean 'faced'"),
            (lambda: CentralComposite("inscribed"), Integer(1, 3), "needs 5 different values of 'b'"),
            (
                lambda: CentralComposite("inscribed"),
                [1, 2, 3],
                "takes 5 levels of each parameter, but 'b' has 3 values",
            ),
            (
                lambda: CentralComposite(),
                Choice([True, False]),
                "takes 3 levels of each parameter, but 'b' has 2",
            ),
            (lambda: CentralComposite(), Integer(1, 2), "needs 3 different values of 'b'"),
        ],
    )
    def test_mistakes_are_named(self, make: Any, parameter: Any, message: str) -> None:
        with pytest.raises(DesignError, match=message):
            make().points(ParameterSpace({"a": Real(0, 1), "b": parameter}), 0)

    def test_too_many_parameters(self) -> None:
        with pytest.raises(DesignError, match="at most 11 parameters, but 12 vary. Hold some fixed"):
            CentralComposite().points(ranges(12), 0)


class TestBoxBehnken:
    @pytest.mark.parametrize(
        ("count", "points", "together"), [(3, 12, 2), (4, 24, 2), (5, 40, 2), (6, 48, 3), (7, 56, 3)]
    )
    def test_the_published_designs(self, count: int, points: int, together: int) -> None:
        # Box & Behnken (1960), table 4; NIST/SEMATECH e-Handbook, section 5.3.3.6.2; rsm::bbd of R.
        codes = codes_of(BoxBehnken(), count)
        assert len(codes) == points + 1
        assert (codes != 0).sum(axis=1).tolist() == [together] * points + [0]
        assert len(np.unique(codes, axis=0)) == len(codes)
        assert set(np.unique(codes)) == {-1, 0, 1}
        assert len(set(np.abs(codes).sum(axis=0))) == 1
        assert fits_a_surface(codes)
        second = np.array([codes[:, i] * codes[:, j] for i in range(count) for j in range(i + 1)])
        assert np.abs(second @ codes).max() == 0
        gram = codes.T @ codes
        assert (gram == np.diag(np.diag(gram))).all()

    def test_three_factors_by_the_table(self) -> None:
        codes = codes_of(BoxBehnken(), 3)
        expected = {
            row
            for pair in ((0, 1), (0, 2), (1, 2))
            for signs in itertools.product((-1, 1), repeat=2)
            for row in [tuple(dict(zip(pair, signs, strict=True)).get(place, 0) for place in range(3))]
        }
        assert {tuple(row) for row in codes} == {*expected, (0, 0, 0)}

    def test_seven_factors_move_by_the_lines_of_a_plane(self) -> None:
        codes = codes_of(BoxBehnken(), 7)
        triples = {tuple(np.flatnonzero(row)) for row in codes if row.any()}
        assert len(triples) == 7
        pairs = [pair for triple in triples for pair in itertools.combinations(triple, 2)]
        assert len(set(pairs)) == len(pairs) == 21

    @pytest.mark.parametrize(
        ("count", "message"),
        [
            (2, "takes 3 parameters or more, but 2 vary"),
            (8, r"at most 7 parameters, but 8 vary.*CentralComposite\(\)"),
        ],
    )
    def test_other_numbers_of_parameters_are_refused(self, count: int, message: str) -> None:
        with pytest.raises(DesignError, match=message):
            BoxBehnken().points(ranges(count), 0)

    def test_values_with_their_types(self) -> None:
        space = ParameterSpace({"n": Integer(1, 9), "l": Real(1, 100, log=True), "v": [5, 7, 20]})
        points = BoxBehnken().points(space, 0)
        assert {name: sorted(set(points[name])) for name in points} == {
            "n": [1, 5, 9],
            "l": [1.0, pytest.approx(10.0), 100.0],
            "v": [5, 7, 20],
        }


@pytest.mark.parametrize("design", [ml.CentralComposite(), ml.BoxBehnken(), ml.DefinitiveScreening()])
@pytest.mark.parametrize(
    ("levels", "fix"), [(["a", "b", "c"], "Hold it fixed"), (ml.Choice([1, 5, 2]), "list of numbers")]
)
def test_levels_without_an_order_have_no_middle(design, levels, fix):
    space = ml.ParameterSpace({"x": levels, **{name: ml.Real(0, 1) for name in "yz"}})
    with pytest.raises(ml.DesignError, match=f"the values of 'x' have no order: .*{fix}"):
        design.points(space, seed=1)
    ordered = ml.ParameterSpace({"x": [5, 1, 2], **{name: ml.Real(0, 1) for name in "yz"}})
    assert set(design.points(ordered, seed=1)["x"]) == {1, 2, 5}
