import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesa_lab.errors import DesignError, MesaLabError
from mesa_lab.preparation.designs import (
    DESIGNS,
    EFAST,
    BoxBehnken,
    CentralComposite,
    DefinitiveScreening,
    Design,
    FractionalFactorial,
    FullFactorial,
    FunctionDesign,
    Halton,
    LatinHypercube,
    MonteCarlo,
    Morris,
    OneAtATime,
    OrthogonalArray,
    Part,
    PlackettBurman,
    Saltelli,
    Sobol,
    SparseGrid,
    Table,
    Union,
    Zip,
    all_designs,
    as_design,
    find_design,
)
from mesa_lab.preparation.designs.csv_file import read_csv
from mesa_lab.preparation.parameters.space import Choice, Integer, Levels, ParameterSpace, Real
from mesa_lab.preparation.parameters.value_keys import key
from mesa_lab.testing import SPACES, check_design, space_of_kind

MIXED = ParameterSpace(
    {
        "real": Real(0.1, 0.5),
        "log": Real(0.01, 100, log=True),
        "normal": Real(distribution="norm", loc=5, scale=2),
        "count": Integer(1, 9, step=2),
        "two": Integer(1, 2),
        "flag": Choice([True, False]),
        "kind": Choice(["a", None, 1, (1, 2), {"x": 1}]),
        "level": [10, 20.5, 40],
        "fixed": 7,
    }
)


def corners(space: ParameterSpace, seed: int) -> pd.DataFrame:
    dimensions = len(space.varied)
    return space.from_unit(np.random.default_rng(seed).integers(0, 2, (4, dimensions)))


def table_for(space: ParameterSpace) -> Table:
    return Table(space.from_unit(np.linspace(0, 1, 5)[:, None].repeat(len(space.varied), axis=1)))


# One member of each design of the registry, made for a space. A design that is missing here fails the suite.
EXAMPLES: dict[type[Design], Any] = {
    FullFactorial: lambda space: FullFactorial(2),
    OneAtATime: lambda space: OneAtATime(),
    LatinHypercube: lambda space: LatinHypercube(11),
    Sobol: lambda space: Sobol(16),
    Halton: lambda space: Halton(13),
    MonteCarlo: lambda space: MonteCarlo(12),
    FractionalFactorial: lambda space: FractionalFactorial(4),
    PlackettBurman: lambda space: PlackettBurman(),
    DefinitiveScreening: lambda space: DefinitiveScreening(),
    OrthogonalArray: lambda space: OrthogonalArray("L54"),
    CentralComposite: lambda space: CentralComposite(),
    BoxBehnken: lambda space: BoxBehnken(),
    Morris: lambda space: Morris(3, levels=6),
    Saltelli: lambda space: Saltelli(8),
    EFAST: lambda space: EFAST(65),
    SparseGrid: lambda space: SparseGrid(2),
    Table: table_for,
    Zip: lambda space: Zip(4),
    Union: lambda space: Union([OneAtATime(3), Part(MonteCarlo(5), fixed={"fixed": 8})]),
    Part: lambda space: Part(Sobol(8), vary=list(space.varied)[:1]),
    FunctionDesign: lambda space: FunctionDesign(corners),
}
VARIANTS: list[Any] = [
    lambda space: FullFactorial({name: 2 for name, each in space.varied.items() if each.count is None}),
    lambda space: LatinHypercube(11, optimization="random-cd"),
    lambda space: LatinHypercube(11, optimization="lloyd"),
    lambda space: LatinHypercube(121, strength=2),
    lambda space: Sobol(10, scramble=False),
    lambda space: Halton(7, scramble=False),
    lambda space: SparseGrid(3, nodes="chebyshev"),
    lambda space: OneAtATime(base=space.base, levels=2),
    lambda space: Union([Sobol(4), LatinHypercube(3), FullFactorial(1)]),
    lambda space: Saltelli(5, second_order=True),
    lambda space: Morris(2, levels=8),
]
TWO_LEVELS: list[Any] = [
    EXAMPLES[FractionalFactorial],
    EXAMPLES[PlackettBurman],
    lambda space: FractionalFactorial(3, fold=True),
    lambda space: FractionalFactorial(5),
    lambda space: FractionalFactorial(generators="g = abcdef"),
    lambda space: PlackettBurman(fold=True),
]
THREE_LEVELS: list[Any] = [
    EXAMPLES[DefinitiveScreening],
    EXAMPLES[CentralComposite],
    EXAMPLES[BoxBehnken],
    EXAMPLES[OrthogonalArray],
    lambda space: FractionalFactorial(4, center=True),
    lambda space: PlackettBurman(center=True),
    lambda space: OrthogonalArray(),
    lambda space: OrthogonalArray("L27(3^13)", levels=3),
]
IN_ORDER: list[Any] = [EXAMPLES[EFAST], lambda space: EFAST(97), lambda space: CentralComposite("inscribed")]

# Zip walks over lists of one length only, which this space has not.
ZIPPED = ParameterSpace(
    {"real": Real(0, 1), "count": Integer(1, 9), "kind": Levels(["a", None, 1, (1, 2)]), "fixed": 7}
)


# Designs of two or three levels take no list of five values.
PAIRS = ParameterSpace(
    {
        "real": Real(0.1, 0.5),
        "log": Real(0.01, 100, log=True),
        "normal": Real(distribution="norm", loc=5, scale=2),
        "count": Integer(1, 9, step=2),
        "two": Integer(1, 2),
        "flag": Choice([True, False]),
        "level": [10, 20.5],
        "fixed": 7,
    }
)
RANGES = ParameterSpace(
    {
        "real": Real(0.1, 0.5),
        "log": Real(0.01, 100, log=True),
        "normal": Real(distribution="norm", loc=5, scale=2),
        "count": Integer(1, 9, step=2),
        "poisson": Integer(distribution="poisson", mu=50),
        "fixed": 7,
    }
)
NUMBERS = ParameterSpace({**RANGES.parameters, "level": [40, 10, 20.5]})


def space_for(make: Any) -> ParameterSpace:
    if make is EXAMPLES[Zip]:
        return ZIPPED
    for spaced, makes in ((PAIRS, TWO_LEVELS), (NUMBERS, THREE_LEVELS), (RANGES, IN_ORDER)):
        if make in makes:
            return spaced
    return MIXED


def name_of(value: Any) -> str:
    said = repr(value(space_for(value)))[:60] if callable(value) else str(value)
    return re.sub(r" at 0x\w+", "", said)  # names of tests are alike in all processes


def rows_of(points: pd.DataFrame) -> list[Any]:
    return [key(row) for row in points.to_dict("records")]


def test_every_design_of_the_registry_is_examined() -> None:
    assert list(EXAMPLES) == DESIGNS


EVERY: list[Any] = list(dict.fromkeys([*EXAMPLES.values(), *VARIANTS, *TWO_LEVELS, *THREE_LEVELS, *IN_ORDER]))


@pytest.mark.parametrize("make", EVERY, ids=name_of)
def test_a_design_makes_the_points_of_a_space_that_suits_it(make: Any) -> None:
    space = space_for(make)
    assert check_design(make(space), space) is not None
    assert (make(space).n_points(space) is None) == (make is EXAMPLES[FunctionDesign])


@pytest.mark.parametrize("make", [*EXAMPLES.values(), *VARIANTS], ids=name_of)
@pytest.mark.parametrize("kind", SPACES)
def test_a_design_passes_on_every_kind_of_space(make: Any, kind: str) -> None:
    space = space_of_kind(kind)
    if make is table_for and not space.varied:
        with pytest.raises(DesignError, match="has no points"):
            make(space)
    else:
        check_design(make(space), space)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.__name__)
class TestEveryClass:
    def test_its_docstring_shows_how_to_use_it(self, design: type[Design]) -> None:
        assert design.__doc__ is not None
        assert "Example:" in design.__doc__

    def test_it_is_found_by_name(self, design: type[Design]) -> None:
        assert find_design(design.__name__) is design
        assert design in all_designs()


@pytest.mark.parametrize(
    "make",
    [
        Sobol,
        Halton,
        MonteCarlo,
        lambda size: Sobol(size, scramble=False),
        Saltelli,
        lambda size: Saltelli(size, second_order=True),
        lambda trajectories: Morris(trajectories, levels=6),
    ],
)
@given(sizes=st.tuples(st.integers(1, 40), st.integers(1, 40)), seed=st.integers(0, 2**63 - 1))
@settings(max_examples=15)
def test_a_larger_extensible_design_keeps_its_earlier_points(
    make: Any, sizes: tuple[int, int], seed: int
) -> None:
    few, many = sorted(sizes)
    assert make(few).extensible
    longer = make(many).points(MIXED, seed)
    shorter = rows_of(make(few).points(MIXED, seed))
    assert rows_of(longer)[: len(shorter)] == shorter


def test_designs_that_cannot_be_extended_say_so() -> None:
    able = (Sobol, Halton, MonteCarlo, Morris, Saltelli)
    assert [design for design in DESIGNS if design.extensible] == [each for each in DESIGNS if each in able]


@pytest.mark.parametrize(
    "design",
    [Sobol(8), Halton(8), MonteCarlo(8), LatinHypercube(8), Morris(2, levels=6), Saltelli(2)],
    ids=repr,
)
def test_another_seed_gives_other_points(design: Design) -> None:
    assert rows_of(design.points(MIXED, 1)) != rows_of(design.points(MIXED, 2))


@pytest.mark.parametrize(
    "design",
    [
        Sobol(8),
        LatinHypercube(9),
        MonteCarlo(3),
        SparseGrid(1),
        Halton(3),
        FractionalFactorial(),
        PlackettBurman(),
        DefinitiveScreening(),
        OrthogonalArray(),
        CentralComposite(),
        BoxBehnken(),
        Morris(),
        Saltelli(),
        EFAST(65),
    ],
    ids=repr,
)
def test_nothing_to_vary_is_refused_by_designs_that_fill_space(design: Design) -> None:
    with pytest.raises(DesignError, match=r"has nothing to vary.*FullFactorial"):
        design.points(ParameterSpace({"a": 1}), 0)


@pytest.mark.parametrize("design", [FullFactorial(), OneAtATime(), Zip()], ids=repr)
def test_nothing_to_vary_is_one_point_for_designs_of_levels(design: Design) -> None:
    points = design.points(ParameterSpace({"a": 1}), 0)
    assert points.shape == (1, 0)
    assert design.n_points(ParameterSpace({"a": 1})) == 1


@pytest.mark.parametrize("name", ["Sobol", "Halton", "MonteCarlo", "LatinHypercube", "Saltelli", "EFAST"])
@pytest.mark.parametrize("size", [0, -3, 2.5, "8", None, True, float("nan")])
def test_sizes_are_whole_numbers_from_1(name: str, size: Any) -> None:
    with pytest.raises(DesignError, match=f"{name} has size=.*Give a whole number from 1"):
        find_design(name)(size)


def test_whole_floats_and_numpy_integers_are_sizes() -> None:
    assert Sobol(8.0) == Sobol(np.int64(8)) == Sobol(8)  # type: ignore[arg-type]
    assert type(Sobol(np.int64(8)).size) is int  # type: ignore[arg-type]


class TestLargerThanMemory:
    SPACE = ParameterSpace({f"p{i}": Real(0, 1) for i in range(14)})

    @pytest.mark.parametrize(
        "design",
        [
            FullFactorial(10),
            MonteCarlo(10**12),
            LatinHypercube(10**12),
            SparseGrid(20),
            OneAtATime(10**12),
            Zip(10**12),
            Union([MonteCarlo(10), FullFactorial(10)]),
            Part(FullFactorial(10)),
            Morris(10**10),
            Saltelli(10**11),
            EFAST(10**11),
        ],
        ids=lambda design: repr(design)[:40],
    )
    def test_it_is_refused_before_anything_is_made(self, design: Design) -> None:
        with pytest.raises(
            DesignError, match=r"points of 14 parameters, which needs about .* GiB.*Ask for fewer"
        ):
            design.points(self.SPACE, 0)

    def test_the_message_names_the_number_of_points(self) -> None:
        with pytest.raises(DesignError, match="FullFactorial has 100,000,000,000,000 points"):
            FullFactorial(10).points(self.SPACE, 0)

    def test_long_ranges_are_counted_and_not_listed(self) -> None:
        space = ParameterSpace({"a": Integer(0, 10**15), "b": Integer(0, 10**15)})
        assert FullFactorial().n_points(space) == (10**15 + 1) ** 2
        with pytest.raises(DesignError, match="Ask for fewer"):
            FullFactorial().points(space, 0)


class TestFullFactorial:
    def test_every_combination_once_and_exact(self) -> None:
        space = ParameterSpace({"a": Real(0.1, 0.3), "b": Choice([True, 1]), "c": [None, "x"]})
        points = FullFactorial(3).points(space, 0)
        assert rows_of(points) == [
            key({"a": a, "b": b, "c": c}) for a in (0.1, 0.2, 0.3) for b in (True, 1) for c in (None, "x")
        ]

    def test_a_short_range_has_no_duplicates(self) -> None:
        assert FullFactorial(3).points(ParameterSpace({"n": Integer(1, 2)}), 0)["n"].tolist() == [1, 2]

    def test_levels_by_name(self) -> None:
        space = ParameterSpace({"a": Real(0, 1), "b": Integer(1, 9), "c": Integer(1, 2)})
        assert FullFactorial({"a": 2, "b": 3}).n_points(space) == 12

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (
                lambda: FullFactorial(),
                r"how many levels to take of 'a', which is Real\(0, 1\).*levels=5.*'a': \[...\]",
            ),
            (lambda: FullFactorial({"b": 2}), "how many levels to take of 'a'"),
            (
                lambda: FullFactorial({"aa": 2}),
                "asks for levels of 'aa', which does not vary. Did you mean 'a'",
            ),
            (lambda: FullFactorial({"a": 2, "f": 2}), "levels of 'f', which does not vary"),
            (lambda: FullFactorial({"a": 2, "c": 2}), "2 levels of 'c', which has 3 values written out"),
            (lambda: FullFactorial(0), "levels=0. Give a whole number from 1"),
            (lambda: FullFactorial({"a": 1.5}), r"levels\['a'\]=1.5"),
            (lambda: FullFactorial([2, 3]), "Give one number for all parameters"),
        ],
    )
    def test_mistakes_are_named(self, make: Any, message: str) -> None:
        space = ParameterSpace({"a": Real(0, 1), "b": Integer(0, 5), "c": Choice(["x", "y", "z"]), "f": 1})
        with pytest.raises(DesignError, match=message):
            make().points(space, 0)

    def test_many_points_are_mentioned(self) -> None:
        space = ParameterSpace({f"p{i}": Integer(0, 9) for i in range(6)})
        assert "A full factorial of 1,000,000 points" in FullFactorial().advice(space)[0]
        assert FullFactorial(2).advice(space) == ()


class TestOneAtATime:
    SPACE = ParameterSpace({"a": Real(0, 1), "b": Integer(1, 3), "c": Choice(["x", "y"])})

    def test_base_case_first_then_every_other_level_once(self) -> None:
        points = OneAtATime({"a": 3}).points(self.SPACE, 0)
        assert points.values.tolist() == [
            [0.5, 2, "x"],
            [0.0, 2, "x"],
            [1.0, 2, "x"],
            [0.5, 1, "x"],
            [0.5, 3, "x"],
            [0.5, 2, "y"],
        ]

    def test_a_base_between_levels_keeps_them_all(self) -> None:
        points = OneAtATime(3, base={"a": 0.3, "c": "y"}).points(self.SPACE, 0)
        assert points["a"].tolist() == [0.3, 0.0, 0.5, 1.0, 0.3, 0.3, 0.3]
        assert points["c"].tolist() == ["y"] * 6 + ["x"]

    def test_the_base_gets_the_parameters_type(self) -> None:
        points = OneAtATime(2, base={"a": 1}).points(self.SPACE, 0)
        assert points["a"].dtype == np.float64
        assert points["a"].tolist() == [1.0, 0.0, 1.0, 1.0, 1.0]

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: OneAtATime(base={"z": 1}), "names 'z', which does not vary"),
            (lambda: OneAtATime(base={"b": "many"}), "has b='many': 'many' is no whole number"),
            (lambda: OneAtATime(base={"c": "z"}), "'z' is none of 'x', 'y'"),
            (lambda: OneAtATime(base=3), "base=3. Give values by name"),
        ],
    )
    def test_mistakes_are_named(self, make: Any, message: str) -> None:
        with pytest.raises(DesignError, match=message):
            make().points(self.SPACE, 0)

    @given(levels=st.integers(1, 9), a=st.floats(0, 1), b=st.integers(1, 3))
    @settings(max_examples=30)
    def test_no_point_twice(self, levels: int, a: float, b: int) -> None:
        points = OneAtATime(levels, base={"a": a, "b": b}).points(self.SPACE, 0)
        rows = rows_of(points)
        assert len(set(rows)) == len(rows)
        base = points.iloc[0]
        assert ((points != base).sum(axis=1) <= 1).all()


class TestLatinHypercube:
    @given(size=st.integers(1, 40), seed=st.integers(0, 2**32))
    @settings(max_examples=25)
    def test_every_share_of_a_range_holds_one_point(self, size: int, seed: int) -> None:
        space = ParameterSpace({"a": Real(0, 1), "b": Real(0, 1)})
        points = LatinHypercube(size).points(space, seed)
        for name in "ab":
            assert sorted(np.floor(points[name] * size).astype(int)) == list(range(size))

    def test_integers_and_choices_are_balanced(self) -> None:
        space = ParameterSpace({"n": Integer(1, 4), "c": Choice(["x", "y"])})
        points = LatinHypercube(40).points(space, 0)
        assert points["n"].value_counts().to_dict() == {1: 10, 2: 10, 3: 10, 4: 10}
        assert points["c"].value_counts().to_dict() == {"x": 20, "y": 20}

    def test_strength_2_covers_pairs(self) -> None:
        space = ParameterSpace({f"p{i}": Integer(0, 4) for i in range(6)})
        points = LatinHypercube(25, strength=2).points(space, 3)
        for i in range(6):
            for j in range(i):
                assert len(points[[f"p{i}", f"p{j}"]].drop_duplicates()) == 25

    def test_optimisation_lowers_the_discrepancy(self) -> None:
        from scipy.stats import qmc

        space = ParameterSpace({"a": Real(0, 1), "b": Real(0, 1), "c": Real(0, 1)})
        plain = qmc.discrepancy(LatinHypercube(20).points(space, 1).to_numpy())
        better = qmc.discrepancy(LatinHypercube(20, optimization="random-cd").points(space, 1).to_numpy())
        assert better < plain

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: LatinHypercube(10, strength=2), "square of a prime number: 9 or 25"),
            (lambda: LatinHypercube(1, strength=2), "square of a prime number: 4"),
            (lambda: LatinHypercube(9, strength=3), "strength=3. Give 1 or 2"),
            (lambda: LatinHypercube(9, optimization="loyd"), "'loyd'. Did you mean 'lloyd'"),
            (
                lambda: LatinHypercube(25, "random-cd", strength=2),
                "strength=2 and optimization='random-cd'.*gives the even coverage of pairs up. Take one of them",
            ),
            (lambda: LatinHypercube(25, "lloyd", 2), "strength=2 and optimization='lloyd'"),
            (lambda: LatinHypercube(4, strength=2), "at most 3 parameters, but 5 vary. Take size=25"),
            (lambda: LatinHypercube(6, optimization="lloyd"), "2 more points than parameters"),
        ],
    )
    def test_mistakes_are_named(self, make: Any, message: str) -> None:
        space = ParameterSpace({f"p{i}": Real(0, 1) for i in range(5)})
        with pytest.raises(DesignError, match=message):
            make().points(space, 0)

    @pytest.mark.parametrize("optimization", [None, "random-cd"])
    def test_the_smallest_designs_work(self, optimization: Any) -> None:
        space = ParameterSpace({"a": Real(0, 1)})
        assert len(LatinHypercube(1, optimization).points(space, 0)) == 1
        assert len(LatinHypercube(3, optimization).points(space, 0)) == 3

    def test_lloyd_needs_two_parameters(self) -> None:
        with pytest.raises(DesignError, match="at least 2 parameters"):
            LatinHypercube(9, "lloyd").points(ParameterSpace({"a": Real(0, 1)}), 0)

    def test_advice(self) -> None:
        space = ParameterSpace({"a": Real(0, 1), "b": Real(0, 1)})
        assert "10 for each, 20" in LatinHypercube(19).advice(space)[0]
        assert LatinHypercube(20).advice(space) == ()
        one = ParameterSpace({"a": Real(0, 1)})
        assert LatinHypercube(8).advice(one)[0].startswith("8 points are few for 1 parameter: 10 for each")
        assert LatinHypercube(1).advice(one)[0].startswith("1 point is few for 1 parameter:")
        assert Sobol(1).advice(one)[0].startswith("1 point is too few for Sobol' to cover 1 parameter evenly")
        assert "takes long" in LatinHypercube(1000, "random-cd").advice(space)[0]
        assert "takes long" in LatinHypercube(101**2, strength=2).advice(space)[0]


class TestLowDiscrepancy:
    def test_sobol_is_scipys(self) -> None:
        from scipy.stats import qmc

        space = ParameterSpace({"a": Real(0, 1), "b": Real(0, 1)})
        ours = Sobol(16).points(space, 3).to_numpy()
        assert ours.tolist() == qmc.Sobol(2, rng=np.random.default_rng(3)).random(16).tolist()

    def test_a_power_of_2_is_balanced(self) -> None:
        space = ParameterSpace({"a": Integer(0, 31), "b": Integer(0, 31), "c": Choice(list("abcd"))})
        points = Sobol(32).points(space, 9)
        assert sorted(points["a"]) == sorted(points["b"]) == list(range(32))
        assert points["c"].value_counts().tolist() == [8] * 4

    def test_advice(self) -> None:
        space = ParameterSpace({"a": Real(0, 1), "b": Real(0, 1)})
        assert "Take 64 or 128" in Sobol(100).advice(space)[0]
        assert Sobol(64).advice(space) == ()
        assert "too few" in Sobol(2).advice(space)[0]
        assert Halton(50).advice(space) == ()
        wide = ParameterSpace({f"p{i}": Real(0, 1) for i in range(12)})
        assert [text.split(":")[0] for text in Halton(20).advice(wide)] == [
            "Halton covers 12 parameters unevenly; with more than ten, Sobol() is better.",
            "20 points are too few for Halton",
        ]

    def test_mistakes_are_named(self) -> None:
        with pytest.raises(DesignError, match=r"2\*\*30 points"):
            Sobol(2**31)
        for design in (Sobol, Halton):
            with pytest.raises(DesignError, match=r"scramble='no'. Give True or False"):
                design(8, scramble="no")
        with pytest.raises(DesignError, match="at most 21,201 parameters"):
            Sobol(1).unit(30_000, np.random.default_rng(0))


class TestMonteCarlo:
    def test_it_draws_from_the_distributions(self) -> None:
        space = ParameterSpace(
            {"a": Real(distribution="norm", loc=5, scale=2), "n": Integer(distribution="poisson", mu=3)}
        )
        points = MonteCarlo(4000).points(space, 1)
        assert points["a"].mean() == pytest.approx(5, abs=0.15)
        assert points["a"].std() == pytest.approx(2, abs=0.1)
        assert points["n"].mean() == pytest.approx(3, abs=0.15)


class TestSparseGrid:
    @pytest.mark.parametrize("dimensions", [1, 2, 3, 5])
    @pytest.mark.parametrize("level", range(6))
    def test_the_number_of_points_is_the_known_one(self, dimensions: int, level: int) -> None:
        from pydoe.sparse_grid import sparse_grid_dimension

        space = ParameterSpace({f"p{i}": Real(0, 1) for i in range(dimensions)})
        points = SparseGrid(level).points(space, 0)
        assert len(points) == SparseGrid(level).n_points(space) == sparse_grid_dimension(level, dimensions)
        assert points.attrs["merged"] == 0

    @pytest.mark.parametrize("nodes", ["equidistant", "chebyshev"])
    @pytest.mark.parametrize("level", range(5))
    def test_it_is_smolyaks_union_of_grids(self, level: int, nodes: Any) -> None:
        import itertools

        def axis(depth: int) -> np.ndarray:
            return np.array([0.5]) if depth == 0 else np.linspace(0, 1, 2**depth + 1)

        grids = {
            tuple(point)
            for depths in itertools.product(range(level + 1), repeat=3)
            if sum(depths) <= level
            for point in itertools.product(*(axis(depth) for depth in depths))
        }
        if nodes == "chebyshev":
            grids = {tuple((1 - np.cos(np.pi * np.array(point))) / 2) for point in grids}
        ours = SparseGrid(level, nodes).unit(3, np.random.default_rng(0))
        assert sorted(map(tuple, ours.round(12))) == sorted(tuple(np.round(point, 12)) for point in grids)

    def test_a_higher_level_keeps_the_points_of_a_lower_one(self) -> None:
        space = ParameterSpace({"a": Real(0, 1), "b": Real(1, 10, log=True)})
        coarse = set(rows_of(SparseGrid(2).points(space, 0)))
        assert coarse < set(rows_of(SparseGrid(3).points(space, 0)))

    def test_integers_and_choices_give_no_point_twice(self) -> None:
        space = ParameterSpace({"a": Real(0, 1), "n": Integer(1, 2), "c": Choice([True, False])})
        points = SparseGrid(4).points(space, 0)
        rows = rows_of(points)
        assert len(set(rows)) == len(rows)
        assert points.attrs["merged"] == SparseGrid(4).n_points(space) - len(rows) > 0

    def test_mistakes_are_named(self) -> None:
        for make, message in (
            (lambda: SparseGrid(-1), "level=-1. Give a whole number from 0"),
            (lambda: SparseGrid(31), "level=31"),
            (lambda: SparseGrid(2, nodes="gauss"), "nodes='gauss'"),
        ):
            with pytest.raises(DesignError, match=message):
                make()


class TestZip:
    def test_levels_walk_together(self) -> None:
        space = ParameterSpace({"a": [1, 2, 3], "b": Real(0, 1), "c": Choice(["x", "y", None]), "d": 4})
        assert Zip({"b": 3}).points(space, 0).values.tolist() == [
            [1, 0.0, "x"],
            [2, 0.5, "y"],
            [3, 1.0, None],
        ]

    def test_lists_of_different_length_are_refused(self) -> None:
        with pytest.raises(DesignError, match=r"a has 2, b has 3. Make the lists equally long"):
            Zip().points(ParameterSpace({"a": [1, 2], "b": [1, 2, 3]}), 0)


class TestTable:
    SPACE = ParameterSpace({"n": Integer(1, 50), "p": Real(0, 1), "flag": Choice([True, False]), "f": 2.0})

    @pytest.mark.parametrize(
        "source",
        [
            [{"n": 1, "p": 0.5, "flag": True}, {"n": 2, "p": 1, "flag": False}],
            {"n": [1, 2], "p": [0.5, 1], "flag": [True, False]},
            {"p": (0.5, 1), "flag": np.array([True, False]), "n": np.array([1.0, 2.0])},
            pd.DataFrame({"n": [1, 2], "p": [0.5, 1.0], "flag": [True, False]}),
            pd.DataFrame({"n": [1, 2], "p": ["0.5", "1"], "flag": ["true", "False"]}, dtype="string"),
            pd.DataFrame({"n": [1, 2], "p": [0.5, 1], "flag": [True, False]}, dtype=object, index=[7, 9]),
            pd.DataFrame({"point": [0, 1], "n": [1, 2], "p": [0.5, 1.0], "flag": [True, False]}),
        ],
    )
    def test_sources(self, source: Any) -> None:
        points = Table(source).points(self.SPACE, 0)
        assert list(points.columns) == ["n", "p", "flag"]
        assert rows_of(points) == [
            key({"n": 1, "p": 0.5, "flag": True}),
            key({"n": 2, "p": 1.0, "flag": False}),
        ]

    def test_further_columns_replace_fixed_values(self) -> None:
        points = Table([{"n": 1, "p": 0, "flag": True, "f": 3, "new": "x"}]).points(self.SPACE, 0)
        assert points.to_dict("records") == [{"n": 1, "p": 0.0, "flag": True, "f": 3.0, "new": "x"}]
        assert points["f"].dtype == np.float64

    def test_equal_when_equal(self) -> None:
        frame = pd.DataFrame({"n": [1, 2]})
        assert Table(frame) == Table([{"n": 1}, {"n": 2}]) == Table({"n": [1, 2]})
        assert Table([{"n": 1}]) != Table([{"n": True}])
        assert Table([{"n": {"x": 1}}]) == Table([{"n": {"x": 1}}])
        assert hash(Table([{"n": {"x": 1}}])) == hash(Table([{"n": {"x": 1}}]))

    def test_a_changed_source_changes_nothing(self) -> None:
        rows = [{"n": 1}]
        table = Table(rows)
        rows[0]["n"] = 2
        assert table.values("n") == [1]

    def test_names_and_values(self) -> None:
        table = Table({"n": [3, 1, 3], "c": [True, 1, None]})
        assert table.names == ("n", "c")
        assert table.values("n") == [3, 1]
        assert list(map(key, table.values("c"))) == [key(True), key(1), key(None)]

    def test_a_matrix_written_by_us_can_be_read_again(self, tmp_path: Path) -> None:
        matrix = Sobol(8).points(self.SPACE, 1).rename_axis("point")
        matrix.to_csv(tmp_path / "points.csv")
        assert rows_of(Table(tmp_path / "points.csv").points(self.SPACE, 0)) == rows_of(matrix)

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            (None, "Table is given nothing"),
            ([], "has no points"),
            ({}, "has no points"),
            ({"n": []}, "has no points"),
            (pd.DataFrame(), "has no points"),
            (3, "Table is given 3"),
            ([1, 2], "Row 1 of the table is 1"),
            ([{"n": 1}, {"n": 2, "p": 3}], "Row 2 of the table has 'p', which the first row has not"),
            ([{"n": 1, "p": 3}, {"n": 2}], "Row 2 of the table has no value for 'p'"),
            ({"n": [1, 2], "p": [1]}, "not equally long: 'n' has 2, 'p' has 1"),
            ({"n": 3}, "column 'n' is 3. Give a list"),
            ({"n": "abc"}, "column 'n' is 'abc'"),
            ({3: [1]}, "a column called 3"),
            (pd.DataFrame([[1, 2]], columns=["n", "n"]), "two columns of one name"),
            ([{"m": 1, "p": 0.5, "flag": True}], "no column for 'n', which varies.*It has: m, p, flag"),
            (
                [{"n": "many", "p": 0.5, "flag": True}],
                "The table, row 1, column 'n': 'many' is no whole number",
            ),
            (
                [{"n": 1, "p": "half", "flag": True}],
                "column 'p': 'half' is no real number. The parameter is Real",
            ),
            ([{"n": 1, "p": 0.5, "flag": "maybe"}], "column 'flag': 'maybe' is none of True, False"),
            (
                pd.DataFrame({"n": [1], "p": [np.nan], "flag": [True]}),
                "'p': is empty, but should be a number",
            ),
        ],
        ids=str,
    )
    def test_mistakes_are_named(self, source: Any, message: str) -> None:
        with pytest.raises(DesignError, match=message):
            Table(source).points(self.SPACE, 0)


class TestCsv:
    SPACE = ParameterSpace({"n": Integer(1, 50), "p": Real(0, 1), "flag": Choice([True, False])})

    def read(self, path: Path, text: str | bytes) -> list[Any]:
        file = path / "points.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Table(file).points(self.SPACE, 0)[["n", "p", "flag"]].values.tolist()

    @pytest.mark.parametrize(
        "text",
        [
            "n,p,flag\n1,0.5,true\n2,1,false\n",
            "\ufeffn,p,flag\r\n1,0.5,True\r\n2,1,False\r\n",
            "n;p;flag\n1;0,5;TRUE\n2;1;FALSE\n",
            "n\tp\tflag\n1\t.5\ttrue\n2\t1e0\tfalse",
            '"n" , "p", "flag"\n"1", "0.5", "true"\n 2 , 1.0 , false \n\n\n',
            "flag,p,n\ntrue,0.5,1\nfalse,1,2\n",
            ",n,p,flag\n0,1,0.5,true\n1,2,1,false\n",
            "Unnamed: 0,n,p,flag\n0,1,0.5,true\n1,2,1,false\n",
            "point,n,p,flag\n1,1,0.5,true\n2,2,1,false\n",
            "n,p,flag,\n1,0.5,true,\n2,1,false,\n",
            "n,p,flag\n1.0,0.5,true\n2.0,1,false\n",
            'n,p,flag,comment\n1,0.5,true,\n2,1,false,"a, b"\n',
            "n,p,flag\n1,0.5,true\n2,1,false\n".encode("utf-16"),
        ],
        ids=lambda text: str(text)[:20],
    )
    def test_files_as_people_make_them(self, tmp_path: Path, text: str | bytes) -> None:
        assert self.read(tmp_path, text) == [[1, 0.5, True], [2, 1.0, False]]

    @pytest.mark.parametrize(
        ("text", "values"),
        [
            ("a;b\n1.234;0,5\n2.345;1,5\n", [1234, 2345]),
            ("a;b\n1,234;0,5\n2,345;1,5\n", [1.234, 2.345]),
            ("a;b\n1.234;0.5\n2.345;1.5\n", [1.234, 2.345]),
            ("a;b\n1.234,5;1\n2,5;1\n", [1234.5, 2.5]),
            ("a;b\nv1;1.5\n1.234;2\n", ["v1", "1.234"]),
        ],
    )
    def test_what_may_be_thousands_or_decimals_is_told_by_the_other_numbers(self, tmp_path, text, values):
        (tmp_path / "a.csv").write_text(text)
        assert read_csv(tmp_path / "a.csv")[0]["a"] == values

    def test_where_commas_part_cells_one_within_quotes_belongs_to_a_text(self, tmp_path):
        (tmp_path / "a.csv").write_text('a,b,c\n"1,2",0.5,"1,234"\n"3,4",1,"2,345"\n')
        found = read_csv(tmp_path / "a.csv")[0]
        assert found == {"a": ["1,2", "3,4"], "b": [0.5, 1.0], "c": ["1,234", "2,345"]}
        places = Choice(["1,2", "3,4"])
        space = ParameterSpace({"a": places, "b": Real(0, 2), "c": Choice(["1,234", "2,345"])})
        assert Table(str(tmp_path / "a.csv")).points(space, seed=0)["a"].tolist() == ["1,2", "3,4"]

    @pytest.mark.parametrize("cell", ["1.234", "1,234"])
    def test_what_nothing_tells_is_refused_with_its_line(self, tmp_path, cell):
        (tmp_path / "a.csv").write_text(f"a;b\n{cell};1\n7;2\n")
        with pytest.raises(
            DesignError, match=rf"'{cell}' in column 'a', line 2 may be a whole number or one with"
        ):
            read_csv(tmp_path / "a.csv")

    def test_columns_without_a_parameter_are_typed_by_what_they_hold(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("i,r,b,t,z,e\n1,0.5,true,x,007,\n2,1,false,3,008,4\n")
        table = Table(str(tmp_path / "a.csv"))
        assert {name: table.values(name) for name in table.names} == {
            "i": [1, 2],
            "r": [0.5, 1.0],
            "b": [True, False],
            "t": ["x", "3"],
            "z": ["007", "008"],
            "e": [None, 4],
        }

    def test_the_file_is_read_once(self, tmp_path: Path) -> None:
        file = tmp_path / "a.csv"
        file.write_text("n\n1\n")
        table = Table(path=str(file))
        file.unlink()
        assert table == Table([{"n": 1}])
        assert table.path is None

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "is empty. Write a line of parameter names"),
            ("\n \n", "is empty"),
            ("n,p,flag\n", "names columns but holds no points"),
            ("n,p\n1,0.5\n", "'flag', which varies"),
            ("n,p,flag\n1,0.5\n", "line 2, has 2 cells, but the first line names 3 columns: n, p, flag"),
            ("n,p,flag\n\n1,0.5,true,9\n", "line 3, has 4 cells"),
            ("n,n,flag\n1,0.5,true\n", "two columns called 'n'"),
            ("n,,flag\n1,0.5,true\n", "column 2 has no name"),
            (
                "n,p,flag\n1,0.5,true\n\nx,0.5,true\n",
                r"points.csv', line 4, column 'n': 'x' is no whole number",
            ),
            ("n,p,flag\n1,,true\n2,0.5,true\n", "line 2, column 'p': is empty"),
            ('n,p,flag\n1,"0.5,true\n', "is no CSV file: a quotation mark"),
            (b"\xff\x00\xfa", "no text in UTF-8"),
            (b"n,p\0,flag\n1,2,3", "is no text file"),
        ],
        ids=str,
    )
    def test_mistakes_are_named(self, tmp_path: Path, text: str | bytes, message: str) -> None:
        with pytest.raises(DesignError, match=message):
            self.read(tmp_path, text)

    def test_a_missing_file_and_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "points.csv").write_text("n\n1")
        with pytest.raises(DesignError, match=r"There is no file .*Did you mean 'points.csv'"):
            Table(tmp_path / "point.csv")
        with pytest.raises(DesignError, match="cannot be read"):
            Table(tmp_path)

    def test_data_and_a_path_are_too_much(self) -> None:
        with pytest.raises(DesignError, match="data and the path"):
            Table([{"n": 1}], path="a.csv")


class TestUnion:
    SPACE = ParameterSpace({"a": [1, 2], "b": Real(0, 1), "f": 3, "g": True})

    def test_members_follow_each_other_and_identical_points_are_merged(self) -> None:
        space = ParameterSpace({"a": [1, 2], "b": [5, 6]})
        union = Union(
            [Part(FullFactorial(), fixed={"a": 1}), Part(FullFactorial(), fixed={"b": 5}), FullFactorial()]
        )
        points = union.points(space, 0)
        assert points.values.tolist() == [[1, 5], [1, 6], [2, 5], [2, 6]]
        assert points.attrs["merged"] == 4
        assert union.n_points(space) == 8

    def test_members_may_change_fixed_values(self) -> None:
        points = Union([FullFactorial(2), Part(FullFactorial(1), fixed={"f": 4.5})]).points(self.SPACE, 0)
        assert list(points.columns) == ["a", "b", "f"]
        assert list(map(key, points["f"])) == [key(value) for value in [3, 3, 3, 3, 4.5, 4.5]]

    def test_members_may_vary_some_parameters_only(self) -> None:
        points = Part(FullFactorial(3), vary=["b"]).points(self.SPACE, 0)
        assert points.values.tolist() == [[1, 0.0], [1, 0.5], [1, 1.0]]

    def test_members_draw_from_seeds_of_their_own(self) -> None:
        points = Union([MonteCarlo(4), MonteCarlo(4)]).points(self.SPACE, 0)
        assert len(points) == 8
        more = Union([MonteCarlo(4), MonteCarlo(4), MonteCarlo(2)]).points(self.SPACE, 0)
        assert more.head(8).equals(points)
        assert points.head(4).equals(MonteCarlo(4).points(self.SPACE, 0))

    def test_tables_may_join_with_further_columns(self) -> None:
        table = Table([{"a": 1, "b": 0.5, "g": False}])
        points = Union([Part(FullFactorial(1), vary=[]), table]).points(self.SPACE, 0)
        assert list(map(key, points["g"])) == [key(True), key(False)]

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: Union([]), "Union has no designs"),
            (lambda: Union(FullFactorial()), "Give a list of designs"),
            (lambda: Union([3]), "The design is the number 3"),
            (
                lambda: Part(FullFactorial(2), fixed={"aa": 1}),
                "names 'aa', which is not among the parameters.*'a'",
            ),
            (lambda: Part(FullFactorial(2), fixed={"a": 7.5}), "holds 'a' at 7.5: 7.5 is no whole number"),
            (lambda: Part(FullFactorial(2), fixed={"b": Real(0, 1)}), "is a range. Give one value"),
            (lambda: Part(FullFactorial(2), fixed=[1]), "fixed=.1.. Give values by name"),
            (lambda: Part(FullFactorial(2), vary=["f"]), "is to vary 'f', which is held fixed"),
            (
                lambda: Part(FullFactorial(2), fixed={"a": 1}, vary=["a"]),
                "is to vary 'a', which is held fixed",
            ),
            (
                lambda: Part(FullFactorial()),
                "FullFactorial needs to know how many levels",
            ),
            (
                lambda: Union([FullFactorial(2), Table([{"a": 1, "b": 0.5, "new": 1}])]),
                "Some members of the union have a value for 'new'",
            ),
        ],
    )
    def test_mistakes_are_named(self, make: Any, message: str) -> None:
        with pytest.raises(DesignError, match=message):
            make().points(self.SPACE, 0)


class TestFunctionDesign:
    SPACE = ParameterSpace({"a": Real(0, 1), "n": Integer(1, 3)})

    def test_it_is_found_by_reference(self, tmp_path: Path) -> None:
        file = tmp_path / "mine.py"
        file.write_text(
            "def two(space, seed):\n    return [{'a': 0, 'n': seed}, {'a': 1, 'n': 2.0}]\nOTHER = 3\n"
        )
        design = FunctionDesign(f"{file}:two")
        points = design.points(self.SPACE, 1)
        assert rows_of(points) == [key({"a": 0.0, "n": 1}), key({"a": 1.0, "n": 2})]
        assert design == FunctionDesign(f"{file}:two")
        with pytest.raises(DesignError, match=r"has no function 'too' for the design. Did you mean 'two'"):
            FunctionDesign(f"{file}:too").points(self.SPACE, 1)
        with pytest.raises(DesignError, match="has no function 'OTHER'"):
            FunctionDesign(f"{file}:OTHER").points(self.SPACE, 1)
        with pytest.raises(DesignError, match="There is no file"):
            FunctionDesign(f"{file}x.py:two").points(self.SPACE, 1)

    def test_looking_it_up_waits(self) -> None:
        design = FunctionDesign("no_such_module:function")
        with pytest.raises(DesignError, match="cannot be found: ModuleNotFoundError"):
            design.points(self.SPACE, 0)

    @pytest.mark.parametrize(
        ("function", "message"),
        [
            (lambda space, seed: None, "returned None. Return a DataFrame"),
            (lambda space, seed: 3, "something else than points. Table is given 3"),
            (lambda space, seed: pd.DataFrame({"a": [0.1]}), "no column for 'n'"),
            (lambda space, seed: [{"a": "x", "n": 1}], "'x' is no real number"),
            (lambda space: 1 / 0, "raised TypeError.*It is called as"),
            (lambda space, seed: 1 / 0, "raised ZeroDivisionError: division by zero"),
            ("here", "Write 'package.module:function'"),
            (3, "Give a function of"),
        ],
    )
    def test_mistakes_are_named(self, function: Any, message: str) -> None:
        with pytest.raises(DesignError, match=message):
            FunctionDesign(function).points(self.SPACE, 0)

    def test_its_own_errors_pass_through(self) -> None:
        def refuse(space: ParameterSpace, seed: int) -> None:
            raise DesignError("Too bad.")

        with pytest.raises(DesignError, match=r"^Too bad\.$"):
            FunctionDesign(refuse).points(self.SPACE, 0)


class TestRegistry:
    def test_what_can_be_taken_for_a_design(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("n\n1\n")
        assert as_design(None) == FullFactorial()
        assert as_design(Sobol(8)) == Sobol(8)
        assert as_design([Sobol(8), Zip()]) == Union([Sobol(8), Zip()])
        assert as_design([{"n": 1}]) == as_design(pd.DataFrame({"n": [1]})) == Table([{"n": 1}])
        assert as_design(str(tmp_path / "a.csv")) == as_design({"n": [1]}) == Table([{"n": 1}])
        assert as_design(corners) == FunctionDesign(corners)

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            (Sobol, r"the class Sobol. Call it: Sobol\(...\)"),
            ("Sobol", r"Make one: mesa_lab.Sobol\(64\)"),
            ("lhs", r"Make one: mesa_lab.LatinHypercube\(64\)"),
            ("Latin hypercube", r"Make one: mesa_lab.LatinHypercube\(64\)"),
            ("full_factorial", r"Make one: mesa_lab.FullFactorial\(levels=5\)"),
            ("sobbol", r"Make one: mesa_lab.Sobol\(64\)"),
            ("monte-carlo", r"Make one: mesa_lab.MonteCarlo\(64\)"),
            ("Union", r"Make one: mesa_lab.Union\(...\)"),
            ("nonsense", "Give a design, such as FullFactorial.* or the path of a table"),
            ("", r"the text ''. Make one: mesa_lab.LatinHypercube\(64\)"),
            ("nothing.csv", "There is no file 'nothing.csv'"),
            ("some/nothing", "There is no file 'some/nothing'"),
            (3, r"the number 3. .*LatinHypercube\(3\)"),
            (True, "Table is given True"),
            ([], "no points"),
        ],
    )
    def test_what_cannot(self, source: Any, message: str) -> None:
        with pytest.raises(MesaLabError, match=message):
            as_design(source)

    def test_unknown_names(self) -> None:
        with pytest.raises(
            DesignError, match=r"Unknown design 'Sobel'. Did you mean 'Sobol'.*There are: FullFactorial"
        ):
            find_design("Sobel")

    def test_designs_of_other_packages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import importlib.metadata

        class Entry:
            name, value = "mine", "mine.designs:Mine"

            def __init__(self, loaded: Any) -> None:
                self.loaded = loaded

            def load(self) -> Any:
                if isinstance(self.loaded, Exception):
                    raise self.loaded
                return self.loaded

        class Mine(MonteCarlo):
            pass

        def offer(loaded: Any) -> None:
            monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [Entry(loaded)])

        offer(Mine)
        assert all_designs() == [*DESIGNS, Mine]
        assert find_design("Mine") is Mine
        offer(3)
        with pytest.raises(DesignError, match="is no design class"):
            all_designs()
        offer(ImportError("gone"))
        with pytest.raises(DesignError, match="cannot be imported: gone"):
            all_designs()
