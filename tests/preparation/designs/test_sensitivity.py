"""Designs in blocks beside SALib, which analyses them."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mesa_lab as ml
from mesa_lab.errors import DesignError
from mesa_lab.preparation.designs import EFAST, Morris, Part, Saltelli, Union
from mesa_lab.preparation.parameters.space import Choice, Integer, Levels, ParameterSpace, Real
from mesa_lab.preparation.parameters.value_keys import key

CUBE = ParameterSpace({name: Real(0, 1) for name in "abcd"})
MIXED = ParameterSpace(
    {
        "real": Real(0.1, 0.5),
        "log": Real(0.01, 100, log=True),
        "normal": Real(distribution="norm", loc=5, scale=2),
        "count": Integer(1, 9, step=2),
        "two": Integer(1, 2),
        "kind": Choice(["x", None, 3]),
        "level": [10, 20.5, 40, 50, 60],
    }
)


def ishigami(points: pd.DataFrame) -> np.ndarray:
    x = (2 * points.to_numpy() - 1) * np.pi
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


class TestMorris:
    @pytest.mark.parametrize("levels", [2, 4, 6, 10])
    def test_each_step_moves_one_parameter_by_half_the_levels(self, levels: int) -> None:
        points = Morris(30, levels).points(CUBE, 7).to_numpy().reshape(30, 5, 4)
        moves = np.diff(points, axis=1)
        assert ((moves != 0).sum(axis=2) == 1).all()
        assert ((moves != 0).sum(axis=1) == 1).all()  # every parameter once
        assert np.abs(moves).max(axis=2).ravel() == pytest.approx(np.full(120, levels / 2 / (levels - 1)))
        assert sorted(set(points.ravel())) == pytest.approx(np.linspace(0, 1, levels).tolist())

    def test_moves_up_and_down_and_all_orders_occur(self) -> None:
        points = Morris(400).points(CUBE, 3).to_numpy().reshape(400, 5, 4)
        moves = np.diff(points, axis=1)
        up = (moves.max(axis=1) > 0).mean(axis=0)
        assert up == pytest.approx([0.5] * 4, abs=0.1)
        orders = {tuple(np.abs(trajectory).argmax(axis=1)) for trajectory in moves}
        assert len(orders) == 24

    def test_a_trajectory_depends_on_the_seed_and_its_number_alone(self) -> None:
        many = Morris(12).points(MIXED, 5)
        for number in range(12):
            rows = many.iloc[number * 8 : number * 8 + 8]
            alone = Morris(number + 1).points(MIXED, 5).tail(8)
            assert [key(row) for row in rows.to_dict("records")] == [
                key(row) for row in alone.to_dict("records")
            ]
        assert not many.equals(Morris(12).points(MIXED, 6))

    def test_every_move_changes_the_value(self) -> None:
        points = Morris(50).points(MIXED, 1)
        for number in range(50):
            rows = points.iloc[number * 8 : number * 8 + 8].to_dict("records")
            for one, two in itertools.pairwise(rows):
                assert sum(key(one[name]) != key(two[name]) for name in one) == 1
        assert {name: len({key(value) for value in points[name]}) for name in points} == {
            "real": 4, "log": 4, "normal": 4, "count": 4, "two": 2, "kind": 3, "level": 4,
        }  # fmt: skip
        assert sorted(set(points["level"])) == [10, 20.5, 50, 60]
        assert sorted(set(points["count"])) == [1, 3, 7, 9]
        assert sorted(set(points["log"])) == pytest.approx([0.01, 10 ** (-2 / 3), 10 ** (2 / 3), 100])

    def test_salib_finds_the_effects(self) -> None:
        from SALib.analyze import morris

        points = Morris(200).points(CUBE, 1)
        x = points.to_numpy()
        problem = {"num_vars": 4, "names": list("abcd"), "bounds": [[0, 1]] * 4}
        found = morris.analyze(
            problem, x, 3 * x[:, 0] - 2 * x[:, 1] + x[:, 0] * x[:, 2], num_levels=4, seed=1
        )
        assert list(found["mu"])[:2] == pytest.approx([3.5, -2], abs=0.1)
        assert list(found["mu_star"])[3] == pytest.approx(0, abs=1e-12)
        assert list(found["sigma"])[1] == pytest.approx(0, abs=1e-9)
        assert list(found["sigma"])[2] > 0.2

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: Morris(0), "trajectories=0. Give a whole number from 1"),
            (lambda: Morris(10, 5), "levels=5. Give an even number"),
            (lambda: Morris(10, 0), "levels=0. Give a whole number from 2"),
        ],
    )
    def test_settings(self, make: Any, message: str) -> None:
        with pytest.raises(DesignError, match=message):
            make()

    def test_parameters_that_cannot_move_as_they_should(self) -> None:
        with pytest.raises(DesignError, match="'k' has 5 values without an order.*Take levels=6"):
            Morris().points(ParameterSpace({"k": Choice(list("abcde"))}), 0)
        with pytest.raises(DesignError, match="'k' has the one value 3. Hold it fixed"):
            Morris().points(ParameterSpace({"k": Levels([3]), "a": Real(0, 1)}), 0)

    def test_advice(self) -> None:
        assert Morris().advice(CUBE) == ()
        assert Morris(4).advice(CUBE)[0].startswith("4 trajectories show little")
        assert Morris(1).advice(CUBE)[0].startswith("1 trajectory shows little")
        assert "'kind' have no order" in Morris(10, 4).advice(MIXED)[0]


class TestSaltelli:
    @pytest.mark.parametrize("second_order", [False, True])
    @pytest.mark.parametrize("size", [1, 2, 4, 16, 64])
    def test_it_is_salibs(self, size: int, second_order: bool) -> None:
        from SALib.sample import sobol

        problem = {"num_vars": 4, "names": list("abcd"), "bounds": [[0, 1]] * 4}
        expected = sobol.sample(problem, size, calc_second_order=second_order, seed=np.random.default_rng(9))
        points = Saltelli(size, second_order).points(CUBE, 9)
        assert points.to_numpy().tolist() == expected.tolist()
        assert (
            len(points) == Saltelli(size, second_order).n_points(CUBE) == size * (10 if second_order else 6)
        )

    @pytest.mark.parametrize("second_order", [False, True])
    def test_the_blocks(self, second_order: bool) -> None:
        per_row = 10 if second_order else 6
        blocks = Saltelli(32, second_order).points(CUBE, 2).to_numpy().reshape(32, per_row, 4)
        a, b = blocks[:, 0], blocks[:, -1]
        for place in range(4):
            swapped = a.copy()
            swapped[:, place] = b[:, place]
            assert (blocks[:, 1 + place] == swapped).all()
            if second_order:
                swapped = b.copy()
                swapped[:, place] = a[:, place]
                assert (blocks[:, 5 + place] == swapped).all()
        assert len(np.unique(a, axis=0)) == 32

    def test_points_that_are_alike_stay_apart(self) -> None:
        space = ParameterSpace({"flag": Choice([True, False]), "two": Integer(1, 2)})
        points = Saltelli(16).points(space, 0)
        assert len(points) == 64
        assert len(points.drop_duplicates()) == 4
        assert "merged" not in points.attrs
        described = ml.Experiment("m:M", space.parameters, Saltelli(16))
        assert described.n_points == 64

    @pytest.mark.parametrize("second_order", [False, True])
    def test_the_indices_of_ishigami(self, second_order: bool) -> None:
        from SALib.analyze import sobol

        space = ParameterSpace({name: Real(0, 1) for name in ("x1", "x2", "x3")})
        y = ishigami(Saltelli(1024, second_order).points(space, 4))
        problem = {"num_vars": 3, "names": ["x1", "x2", "x3"], "bounds": [[0, 1]] * 3}
        found = sobol.analyze(problem, y, calc_second_order=second_order, num_resamples=20, seed=1)
        assert found["S1"] == pytest.approx([0.314, 0.442, 0], abs=0.03)
        assert found["ST"] == pytest.approx([0.558, 0.442, 0.244], abs=0.03)

    def test_a_study_of_fewer_rows_is_a_part_of_one_of_more(self) -> None:
        from mesa_lab.preparation.seeds import point_keys

        small, large = (ml.Experiment("m:M", MIXED.parameters, Saltelli(size), seed=3) for size in (6, 32))
        few, many = list(point_keys(small.points())), list(point_keys(large.points()))
        assert many[: len(few)] == few

    def test_advice(self) -> None:
        assert Saltelli().advice(CUBE) == ()
        assert "500 rows are no power of 2" in Saltelli(500).advice(CUBE)[0]
        assert "Take 256 or 512" in Saltelli(500).advice(CUBE)[0]
        assert "wide intervals" in Saltelli(64).advice(CUBE)[0]

    def test_settings(self) -> None:
        with pytest.raises(DesignError, match="second_order='yes'. Give True or False"):
            Saltelli(8, second_order="yes")  # type: ignore[arg-type]
        with pytest.raises(DesignError, match=r"at most 10,600 parameters.*Use Morris\(\)"):
            Saltelli(1)._unit(10_601, np.random.default_rng(0))


class TestEFAST:
    @pytest.mark.parametrize("size", [65, 100, 257])
    def test_one_curve_for_each_parameter(self, size: int) -> None:
        points = EFAST(size).points(CUBE, 3)
        assert len(points) == EFAST(size).n_points(CUBE) == 4 * size
        for place, name in enumerate(CUBE.varied):
            curve = points[name].to_numpy()[place * size : (place + 1) * size]
            # The parameter of the curve passes its range at the highest frequency, so it turns most often.
            turns = {
                other: int(
                    (
                        np.diff(np.sign(np.diff(points[other].to_numpy()[place * size : (place + 1) * size])))
                        != 0
                    ).sum()
                )
                for other in CUBE.varied
            }
            assert turns[name] == max(turns.values())
            assert turns[name] > 3 * max(value for other, value in turns.items() if other != name)
            assert curve.mean() == pytest.approx(0.5, abs=0.05)

    @pytest.mark.filterwarnings("ignore:FAST confidence intervals")
    def test_the_indices_of_a_known_function(self) -> None:
        from SALib.analyze import fast

        space = ParameterSpace({name: Real(0, 1) for name in ("x1", "x2", "x3")})
        y = ishigami(EFAST(1025).points(space, 1))
        problem = {"num_vars": 3, "names": ["x1", "x2", "x3"], "bounds": [[0, 1]] * 3}
        found = fast.analyze(problem, y, M=4, num_resamples=5, seed=1)
        assert found["S1"] == pytest.approx([0.31, 0.44, 0], abs=0.04)
        assert found["ST"] == pytest.approx([0.56, 0.44, 0.24], abs=0.08)

    @pytest.mark.parametrize("size", [1, 64])
    def test_too_few_points(self, size: int) -> None:
        with pytest.raises(DesignError, match=f"EFAST has size={size}, but .*65"):
            EFAST(size)

    def test_what_has_no_order_is_refused(self) -> None:
        with pytest.raises(DesignError, match=r"the 3 values of 'kind' have no order. Use Saltelli\(\)"):
            EFAST(65).points(MIXED, 0)

    def test_advice(self) -> None:
        assert EFAST(65).advice(CUBE) == ()
        flagged = ParameterSpace({"a": Real(0, 1), "flag": Choice([True, False])})
        assert "'flag' has few values" in EFAST(65).advice(flagged)[0]


@pytest.mark.parametrize("design", [Morris(4), Saltelli(8), EFAST(65)], ids=repr)
class TestEveryDesignInBlocks:
    def test_a_constraint_is_refused_with_the_way_out(self, design: Any) -> None:
        described = ml.Experiment("m:M", CUBE.parameters, design, constraints="a < b")
        name = type(design).__name__
        with pytest.raises(
            DesignError, match=rf"{name} needs all points of a block.*'a < b'.*Use Sobol\(256\)"
        ):
            described.design_matrix()

    def test_also_within_other_designs(self, design: Any) -> None:
        for whole in (Part(design), Union([design]), Union([Part(design, fixed={"d": 0.5})])):
            with pytest.raises(DesignError, match="needs all points of a block"):
                ml.Experiment("m:M", CUBE.parameters, whole, constraints="a < b").design_matrix()

    def test_all_points_are_there(self, design: Any) -> None:
        described = ml.Experiment("m:M", CUBE.parameters, design, common_random_numbers=True)
        assert described.n_points == design.n_points(CUBE)
        assert design.in_blocks
        assert not design.space_filling
