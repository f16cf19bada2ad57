"""Screening designs, each verified by brute force: resolution, aliases, orthogonality, strength, numbers of runs."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mesa_lab.errors import DesignError
from mesa_lab.preparation.designs import (
    DefinitiveScreening,
    FractionalFactorial,
    FullFactorial,
    OrthogonalArray,
    Part,
    PlackettBurman,
    Union,
)
from mesa_lab.preparation.designs.screening.aliasing import aliasing, strength
from mesa_lab.preparation.designs.screening.arrays import ARRAYS, find_arrays
from mesa_lab.preparation.designs.screening.hadamard import hadamard_of
from mesa_lab.preparation.parameters.space import Choice, Integer, ParameterSpace, Real


def ranges(count: int) -> ParameterSpace:
    """So many parameters, called as the textbooks do."""
    return ParameterSpace({name: Real(-1, 1) for name in NAMES[:count]})


NAMES = [
    *"abcdefghijklmnopqrstuvwxyz",
    *(f"{one}{two}" for one in "abc" for two in "abcdefghijklmnopqrstuvwxyz"),
]


def codes_of(design: Any, count: int) -> np.ndarray:
    points = design.points(ranges(count), 0).to_numpy()
    assert len(points) == design.n_points(ranges(count))
    return points


def words(codes: np.ndarray, longest: int) -> dict[int, int]:
    """How many words of each length the defining relation has, by trying all products of columns."""
    runs, factors = codes.shape
    return {
        length: sum(
            abs(codes[:, chosen].prod(axis=1).sum()) == runs
            for chosen in itertools.combinations(range(factors), length)
        )
        for length in range(1, longest + 1)
    }


def aliases_of(design: Any, count: int) -> dict[str, str]:
    points = design.points(ranges(count), 0)
    scores = {name: points[name].to_numpy() for name in points}
    codes = {name: ((column + 1) / 2).astype(int) for name, column in scores.items()}
    found = aliasing(codes, scores)
    return dict(zip(found.table["term"], found.table["aliased_with"], strict=True))


class TestFractionalFactorial:
    # NIST/SEMATECH e-Handbook, section 5.3.3.4.7: runs and resolution by number of factors.
    @pytest.mark.parametrize(
        ("count", "asked", "runs", "resolution"),
        [
            (3, 3, 4, 3), (4, 3, 8, 4), (5, 3, 8, 3), (6, 3, 8, 3), (7, 3, 8, 3), (8, 3, 16, 4), (9, 3, 16, 3),
            (10, 3, 16, 3), (11, 3, 16, 3), (15, 3, 16, 3), (16, 3, 32, 4),
            (3, 4, 8, None), (4, 4, 8, 4), (5, 4, 16, 5), (6, 4, 16, 4), (7, 4, 16, 4), (8, 4, 16, 4), (9, 4, 32, 4),
            (10, 4, 32, 4), (11, 4, 32, 4), (16, 4, 32, 4), (17, 4, 64, 4),
            (4, 5, 16, None), (5, 5, 16, 5), (6, 5, 32, None), (7, 5, 64, None), (8, 5, 64, 5), (9, 5, 128, None),
            (10, 5, 128, 5), (11, 5, 128, 5),
        ],
    )  # fmt: skip
    def test_runs_and_resolution(self, count: int, asked: int, runs: int, resolution: int | None) -> None:
        codes = codes_of(FractionalFactorial(asked), count)  # type: ignore[arg-type]
        assert len(codes) == runs
        assert len(np.unique(codes, axis=0)) == runs
        shortest = next((length for length, found in words(codes, 5).items() if found), None)
        assert shortest == resolution
        assert aliasing_resolution(codes) == resolution

    # Minimum aberration: words of the first length that there are (Fries & Hunter 1980; Chen, Sun & Wu 1993).
    @pytest.mark.parametrize(
        ("count", "asked", "length", "fewest"),
        [
            (5, 3, 3, 2), (6, 3, 3, 4), (7, 3, 3, 7), (9, 3, 3, 4), (10, 3, 3, 8), (11, 3, 3, 12),
            (6, 4, 4, 3), (7, 4, 4, 7), (8, 4, 4, 14), (9, 4, 4, 6), (10, 4, 4, 10), (11, 4, 4, 25),
            (8, 5, 5, 2), (10, 5, 5, 3), (11, 5, 5, 6),
        ],
    )  # fmt: skip
    def test_as_little_as_can_be_is_mixed_up(self, count: int, asked: int, length: int, fewest: int) -> None:
        found = words(codes_of(FractionalFactorial(asked), count), length)  # type: ignore[arg-type]
        assert found == {**dict.fromkeys(range(1, length), 0), length: fewest}

    def test_the_alias_table_of_a_saturated_design(self) -> None:
        # FrF2's catalogue 7-4.1: D = AB, E = AC, F = BC, G = ABC.
        assert {
            term: of for term, of in aliases_of(FractionalFactorial(3), 7).items() if "×" not in term
        } == {
            "a": "b × d = c × e = f × g",
            "b": "a × d = c × f = e × g",
            "c": "a × e = b × f = d × g",
            "d": "a × b = c × g = e × f",
            "e": "a × c = b × g = d × f",
            "f": "a × g = b × c = d × e",
            "g": "a × f = b × e = c × d",
        }

    def test_the_alias_table_of_resolution_4(self) -> None:
        found = aliases_of(FractionalFactorial(4), 4)
        assert found == {
            **dict.fromkeys("abcd", ""),
            "a × b": "c × d",
            "a × c": "b × d",
            "a × d": "b × c",
            "b × c": "a × d",
            "b × d": "a × c",
            "c × d": "a × b",
        }

    def test_resolution_5_is_clear(self) -> None:
        assert set(aliases_of(FractionalFactorial(5), 8).values()) == {""}

    @pytest.mark.parametrize(
        ("generators", "count", "expected"),
        [
            ("a b c abc", 4, [2, 1, 0]),
            ("A B C ABC", 4, [2, 1, 0]),
            ("d = abc", 4, [2, 1, 0]),
            ("D=ABC", 4, [2, 1, 0]),
            (["abc"], 4, [2, 1, 0]),
            ("a b c -abc", 4, [2, 1, 0]),
            ("a b -ab", 3, [1, 0]),
            ("a ab b", 3, [2, 0]),
            ("ab, ac", 5, [2, 1, 0]),
        ],
    )
    def test_generators(self, generators: Any, count: int, expected: list[int]) -> None:
        design = FractionalFactorial(generators=generators)
        codes = codes_of(design, count)
        assert len(np.unique(codes, axis=0)) == len(codes) == 2 ** len(expected)
        if "-" in str(generators):
            assert (codes[:, -1] == -codes[:, :-1].prod(axis=1)).all()
        assert design == FractionalFactorial(generators=design.generators)

    def test_what_generators_say_is_what_is_made(self) -> None:
        codes = codes_of(FractionalFactorial(generators="a b c ab -abc"), 5)
        assert (codes[:, 3] == codes[:, 0] * codes[:, 1]).all()
        assert (codes[:, 4] == -codes[:, 0] * codes[:, 1] * codes[:, 2]).all()
        found = aliases_of(FractionalFactorial(generators="a b c ab -abc"), 5)
        assert found["c"] == "−d × e"

    def test_a_fold_parts_main_effects_from_interactions(self) -> None:
        plain, folded = FractionalFactorial(3), FractionalFactorial(3, fold=True)
        assert (codes_of(folded, 7)[:8] == codes_of(plain, 7)).all()
        assert (codes_of(folded, 7)[8:] == -codes_of(plain, 7)).all()
        assert aliasing_resolution(codes_of(folded, 7)) == 4

    def test_a_fold_over_one_parameter_frees_it(self) -> None:
        found = aliases_of(FractionalFactorial(3, fold="c"), 7)
        assert found["c"] == ""
        assert all(found[term] == "" for term in found if "c" in term.split(" × "))
        assert found["a"] == "b × d = f × g"

    def test_a_center_point(self) -> None:
        codes = codes_of(FractionalFactorial(4, center=True), 4)
        assert len(codes) == 9
        assert (codes[-1] == 0).all()

    def test_what_the_codes_stand_for(self) -> None:
        space = ParameterSpace(
            {
                "p": Real(0.1, 0.5),
                "l": Real(1, 100, log=True),
                "n": Integer(0, 10, step=3),
                "k": Choice(["x", None]),
                "v": [200, 100],
                "d": Real(distribution="norm", loc=10, scale=2),
            }
        )
        points = FractionalFactorial(3).points(space, 0)
        assert sorted(set(points.pop("d"))) == pytest.approx([8.065157, 11.934843], abs=1e-6)
        assert {name: set(points[name]) for name in points} == {
            "p": {0.1, 0.5},
            "l": {1.0, 100.0},
            "n": {0, 9},
            "k": {"x", None},
            "v": {100, 200},
        }
        low = points.iloc[0]  # all base factors low
        assert (low["p"], low["l"], low["n"]) == (0.1, 1.0, 0)
        middle = FractionalFactorial(3, center=True).points(space_of_ranges(), 0).iloc[-1]
        assert middle.tolist() == [0.3, pytest.approx(10.0), 3, 10.0]

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: FractionalFactorial(2), "resolution=2. Give 3, 4 or 5"),
            (lambda: FractionalFactorial(6), "resolution=6. Give 3, 4 or 5.*FullFactorial"),
            (lambda: FractionalFactorial(True), "resolution=True"),
            (lambda: FractionalFactorial(generators="a b c a1"), "'a1' is no product of factors"),
            (lambda: FractionalFactorial(generators="a b c aab"), "'aab' is no product of factors"),
            (lambda: FractionalFactorial(generators=3), "Write them as text"),
            (lambda: FractionalFactorial(generators=""), "has no generators"),
            (
                lambda: FractionalFactorial(generators="a b c"),
                "for 3 factors, 'a b c', but 4 parameters vary",
            ),
            (lambda: FractionalFactorial(generators="a b d ab"), "Call the base factors a, b, c"),
            (lambda: FractionalFactorial(generators="a b c -d"), "without a sign"),
            (lambda: FractionalFactorial(generators="a b c abe"), "'abe' names 'e', which is no base factor"),
            (lambda: FractionalFactorial(generators="a b ab -ba"), "two factors are 'ba'"),
            (lambda: FractionalFactorial(fold="z"), "fold='z', which does not vary. .*a, b, c, d"),
            (lambda: FractionalFactorial(fold=1), "fold=1. Give True or False"),
            (lambda: FractionalFactorial(4, fold=True), "would have the same points again. .*fold='a'"),
            (lambda: FractionalFactorial(center="yes"), "center='yes'"),
        ],
    )
    def test_mistakes_are_named(self, make: Any, message: str) -> None:
        with pytest.raises(DesignError, match=message):
            make().points(ranges(4), 0)

    @pytest.mark.parametrize(
        ("parameter", "message"),
        [
            (
                Choice(["x", "y", "z"]),
                "two levels of each parameter, but 'c' has 3 values: 'x', 'y', 'z'.*Part",
            ),
            ([1, 2, 3], "two levels of each parameter, but 'c' has 3 values"),
            (Choice(["x"]), "2 levels of each parameter, but 'c' has 1 value"),
        ],
    )
    def test_parameters_of_other_numbers_of_levels(self, parameter: Any, message: str) -> None:
        space = ParameterSpace({"a": Real(0, 1), "b": Real(0, 1), "c": parameter})
        with pytest.raises(DesignError, match=message):
            FractionalFactorial(3).points(space, 0)

    def test_the_way_out_works(self) -> None:
        space = ParameterSpace(
            {"a": Real(0, 1), "b": Real(0, 1), "d": Real(0, 1), "c": Choice(["x", "y", "z"])}
        )
        parts = [Part(FractionalFactorial(3), fixed={"c": value}) for value in ("x", "y", "z")]
        assert len(Union(parts).points(space, 0)) == 12

    def test_a_center_needs_a_middle(self) -> None:
        space = ParameterSpace({"a": Real(0, 1), "b": Choice([True, False])})
        with pytest.raises(DesignError, match="takes 3 levels of each parameter, but 'b' has 2 values"):
            FractionalFactorial(3, center=True).points(space, 0)
        narrow = ParameterSpace({"a": Real(0, 1), "b": Integer(1, 2)})
        with pytest.raises(
            DesignError, match=r"needs 3 different values of 'b', but Integer\(1, 2\) gives 1, 1, 2"
        ):
            FractionalFactorial(3, center=True).points(narrow, 0)

    def test_one_parameter_is_no_fraction(self) -> None:
        with pytest.raises(
            DesignError, match="takes 2 parameters or more, but 1 varies: a. Vary another one"
        ):
            FractionalFactorial().points(ranges(1), 0)


def space_of_ranges() -> ParameterSpace:
    return ParameterSpace(
        {
            "p": Real(0.1, 0.5),
            "l": Real(1, 100, log=True),
            "n": Integer(0, 10, step=3),
            "d": Real(distribution="norm", loc=10, scale=2),
        }
    )


def aliasing_resolution(codes: np.ndarray) -> int | None:
    columns = {str(place): column for place, column in enumerate(codes.T)}
    return aliasing({name: (column > 0).astype(int) for name, column in columns.items()}, {}).resolution


class TestPlackettBurman:
    @pytest.mark.parametrize("count", range(2, 64))
    def test_main_effects_are_clear_of_each_other(self, count: int) -> None:
        codes = codes_of(PlackettBurman(), count)
        expected = 4 * (count // 4 + 1)
        assert len(codes) == (expected if expected != 52 else 56)
        assert (codes.T @ codes == len(codes) * np.eye(count)).all()
        assert (codes.sum(axis=0) == 0).all()
        if count > 2:
            assert strength({str(i): (column > 0).astype(int) for i, column in enumerate(codes.T)}) >= 2

    def test_twelve_runs_alias_in_part(self) -> None:
        points = PlackettBurman().points(ranges(11), 0)
        scores = {name: points[name].to_numpy() for name in points}
        table = aliasing({name: (column > 0).astype(int) for name, column in scores.items()}, scores).table
        main = table.head(11)
        assert set(main["aliased_with"]) == {""}
        assert set(main["in_part"]) == {45}
        assert main["largest"].tolist() == pytest.approx([1 / 3] * 11)

    @pytest.mark.parametrize("count", [5, 11, 19, 27])
    def test_a_fold_clears_main_effects(self, count: int) -> None:
        codes = codes_of(PlackettBurman(fold=True), count)
        products = np.array([codes[:, i] * codes[:, j] for i in range(count) for j in range(i)])
        assert np.abs(products @ codes).max() == 0

    def test_mistakes_are_named(self) -> None:
        with pytest.raises(DesignError, match="fold='x'. Give True or False"):
            PlackettBurman(fold="x")  # type: ignore[arg-type]
        with pytest.raises(DesignError, match="two levels of each parameter"):
            PlackettBurman().points(ParameterSpace({"a": [1, 2, 3], "b": [1, 2]}), 0)


def test_hadamard_matrices() -> None:
    for least in range(1, 100):
        made = hadamard_of(least)
        assert len(made) >= least
        assert (made.T @ made == len(made) * np.eye(len(made))).all()
        assert set(np.unique(made)) <= {-1, 1}
        assert (made[:, 0] == 1).all()


class TestDefinitiveScreening:
    @pytest.mark.parametrize("count", range(3, 41))
    def test_main_effects_are_clear_of_all_of_second_order(self, count: int) -> None:
        codes = codes_of(DefinitiveScreening(), count)
        even = count + count % 2
        assert len(codes) >= 2 * even + 1
        assert set(np.unique(codes)) == {-1, 0, 1}
        gram = codes.T @ codes
        assert (gram == np.diag(np.diag(gram))).all()
        assert (codes.sum(axis=0) == 0).all()
        second = np.array([codes[:, i] * codes[:, j] for i in range(count) for j in range(i + 1)])
        assert np.abs(second @ codes).max() == 0
        quadratic = np.column_stack([np.ones(len(codes)), codes, codes**2])
        assert np.linalg.matrix_rank(quadratic) == 2 * count + 1

    @pytest.mark.parametrize(
        ("count", "runs"), [(3, 9), (4, 9), (5, 13), (6, 13), (8, 17), (9, 21), (12, 25)]
    )
    def test_the_published_numbers_of_runs(self, count: int, runs: int) -> None:
        assert DefinitiveScreening().n_points(ranges(count)) == runs

    def test_the_alias_table_has_quadratic_effects(self) -> None:
        points = DefinitiveScreening().points(ranges(6), 0)
        scores = {name: points[name].to_numpy() for name in points}
        table = aliasing({name: (column + 1).astype(int) for name, column in scores.items()}, scores).table
        assert table.set_index("term").loc["a", ["aliased_with", "in_part"]].tolist() == ["", 0]
        assert table.set_index("term").loc["a²", "in_part"] > 0

    def test_two_values_are_refused_with_the_way_out(self) -> None:
        space = ParameterSpace({"a": Real(0, 1), "b": Real(0, 1), "c": Choice([True, False])})
        with pytest.raises(
            DesignError, match=r"takes 3 levels.*'c' has 2 values: True, False.*Union\(\[Part\("
        ):
            DefinitiveScreening().points(space, 0)
        with pytest.raises(DesignError, match="takes 3 parameters or more, but 2 vary"):
            DefinitiveScreening().points(ranges(2), 0)
        with pytest.raises(DesignError, match="at most 40 parameters, but 41 vary"):
            DefinitiveScreening().points(ranges(41), 0)


class TestOrthogonalArray:
    @pytest.mark.parametrize("name", ARRAYS)
    def test_every_array_is_what_its_name_says(self, name: str) -> None:
        array = ARRAYS[name]
        levels = array.make()
        assert levels.shape == (array.runs, len(array.columns))
        assert len(np.unique(levels, axis=0)) == array.runs
        for place, count in enumerate(array.columns):
            assert set(levels[:, place]) == set(range(count))
        assert strength({str(place): column for place, column in enumerate(levels.T)}, most=2) == 2

    def test_short_and_sloppy_names(self) -> None:
        assert [array.name for array in find_arrays("L9")] == ["L9(3^4)"]
        assert [array.name for array in find_arrays("l18 (2^1×3^7)")] == ["L18(2^1 3^7)"]
        assert [array.name for array in find_arrays("L27(3**13)")] == ["L27(3^13)"]
        assert [array.name for array in find_arrays("L64(2^31)")] == ["L64(2^63)"]

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("L10", "no orthogonal array 'L10'. .*There are: L4"),
            ("L27(2^1 3^12)", r"27 runs cannot hold two levels equally often.*L27\(3\^13\)"),
            ("L36(3^23)", r"L36\(2\^11 3\^12\)"),
            (9, "array=9. Give a name"),
        ],
    )
    def test_names_of_nothing(self, name: Any, message: str) -> None:
        with pytest.raises(DesignError, match=message):
            OrthogonalArray(name)

    def test_parameters_find_their_columns(self) -> None:
        space = ParameterSpace(
            {
                "r": Real(0, 1),
                "kind": Choice(["x", "y", "z"]),
                "flag": Choice([True, False]),
                "n": Integer(1, 9),
            }
        )
        design = OrthogonalArray("L18")
        points = design.points(space, 0)
        assert len(points) == design.n_points(space) == 18
        assert {name: points[name].value_counts().to_dict() for name in points} == {
            "r": {0.0: 6, 0.5: 6, 1.0: 6},
            "kind": {"x": 6, "y": 6, "z": 6},
            "flag": {True: 9, False: 9},
            "n": {1: 6, 5: 6, 9: 6},
        }
        for one, two in itertools.combinations(points, 2):
            assert points.groupby([one, two]).size().nunique() == 1

    def test_the_smallest_array_that_fits(self) -> None:
        def runs(parameters: dict[str, Any], **settings: Any) -> int:
            return OrthogonalArray(**settings).n_points(ParameterSpace(parameters))

        three = {name: Real(0, 1) for name in "abcd"}
        assert runs(three) == 9
        assert runs({**three, "e": Choice([True, False])}) == 18
        assert runs(three, levels=2) == 8
        assert runs(three, levels=4) == 16
        assert runs({**three, "e": Real(0, 1)}, levels={"e": 2}) == 18
        assert runs({name: [1, 2] for name in "abc"}) == 4
        assert runs({f"p{i}": Real(0, 1) for i in range(13)}) == 27
        assert runs({**three, "e": Choice(list("uvwxyz"))}) == 18

    def test_a_range_takes_what_the_array_has(self) -> None:
        points = OrthogonalArray("L16(4^5)").points(ranges(5), 0)
        assert sorted(set(points["a"])) == pytest.approx([-1, -1 / 3, 1 / 3, 1])

    @pytest.mark.parametrize(
        ("make", "parameters", "message"),
        [
            (
                lambda: OrthogonalArray("L9"),
                {"a": Choice([True, False]), "b": Real(0, 1)},
                r"'L9' has no columns for these levels: 'a' 2, 'b' any. Take L4\(2\^3\)",
            ),
            (
                lambda: OrthogonalArray(),
                {"a": list(range(7))},
                "has no array .*: 'a' 7. Write out other numbers",
            ),
            (lambda: OrthogonalArray("L4"), {name: Real(0, 1) for name in "abcd"}, r"Take L8\(2\^7\)"),
            (lambda: OrthogonalArray("L9"), {"a": Integer(1, 2)}, "has no columns for these levels"),
            (
                lambda: OrthogonalArray(levels={"z": 2}),
                {"a": Real(0, 1)},
                "levels of 'z', which does not vary",
            ),
            (lambda: OrthogonalArray(levels=0), {"a": Real(0, 1)}, "levels=0. Give a whole number from 1"),
        ],
    )
    def test_mistakes_are_named(self, make: Any, parameters: dict[str, Any], message: str) -> None:
        with pytest.raises(DesignError, match=message):
            make().points(ParameterSpace(parameters), 0)


class TestAliasing:
    def test_a_full_factorial_is_clear(self) -> None:
        points = FullFactorial(2).points(ranges(4), 0)
        scores = {name: points[name].to_numpy() for name in points}
        found = aliasing({name: (column > 0).astype(int) for name, column in scores.items()}, scores)
        assert found.resolution is None
        assert len(found.mixed) == 0
        assert len(found.table) == 10

    def test_two_columns_that_are_one(self) -> None:
        column = np.array([-1, 1, -1, 1])
        found = aliasing({"a": (column + 1) // 2, "b": (1 - column) // 2}, {"a": column, "b": -column})
        assert found.resolution == 2
        assert found.table.set_index("term").loc["a", "aliased_with"] == "−b"

    def test_nothing_to_look_at(self) -> None:
        found = aliasing({}, {})
        assert found.resolution is None
        assert found.table.columns.tolist() == ["term", "aliased_with", "in_part", "largest"]
        assert isinstance(found.table, pd.DataFrame)

    @pytest.mark.parametrize(
        ("rows", "expected"),
        [
            ([[0], [0], [1]], 0),
            ([[0, 0], [1, 1]], 1),
            ([[0, 0], [0, 1], [1, 0], [1, 1]], 2),
            ([[0, 0, 0]], 3),
        ],
    )
    def test_strength(self, rows: list[list[int]], expected: int) -> None:
        columns = {str(place): column for place, column in enumerate(np.array(rows).T)}
        assert strength(columns) == expected
