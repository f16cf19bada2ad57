import enum
import math
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mesa_lab.errors import ExperimentError, ParameterError
from mesa_lab.preparation.parameters.space import (
    Choice,
    Integer,
    Levels,
    Parameter,
    ParameterSpace,
    Real,
    from_distribution,
)
from mesa_lab.preparation.parameters.value_keys import key


class Colour(enum.Enum):
    RED = 1
    BLUE = "blue"


EDGES = np.array([0.0, 1e-12, 0.25, 0.5, 0.999999, 1 - 2**-53, 1.0])

EVERY_KIND = [
    Real(-1, 1),
    Real(1e-3, 1e3, log=True),
    Real(distribution="norm", loc=3, scale=2),
    Real(0, 1, distribution="norm", loc=0.5, scale=0.2),
    Real(distribution="triang", c=0.3, loc=1, scale=4),
    Integer(1, 2),
    Integer(-7, 90, step=5),
    Integer(distribution="poisson", mu=3),
    Integer(2, 6, distribution="poisson", mu=3),
    Integer(distribution="binom", n=10, p=0.3),
    Choice([True, False, None, 1, "x", (1, 2), {"a": [1]}, Colour.RED]),
    Levels([0.5, 1, 20]),
]

reals = st.floats(allow_nan=False, allow_infinity=False, width=32)
ranges = st.tuples(reals, reals).filter(lambda ends: ends[0] < ends[1])
integer_ranges = st.tuples(st.integers(-(10**20), 10**20), st.integers(1, 10**20), st.integers(1, 1000))
units = st.lists(st.floats(0, 1), min_size=1, max_size=20).map(np.array)


@pytest.mark.parametrize("parameter", EVERY_KIND, ids=repr)
class TestEveryKind:
    def test_values_lie_in_the_range_and_have_the_right_type(self, parameter: Parameter) -> None:
        values = list(parameter.from_unit(EDGES))
        assert len(values) == len(EDGES)
        assert all(parameter.contains(value) for value in values)
        assert parameter.contains(parameter.base)
        assert all(parameter.contains(value) for value in parameter.levels(7))

    def test_levels_are_distinct(self, parameter: Parameter) -> None:
        keys = [key(value) for value in parameter.levels(50)]
        assert len(set(keys)) == len(keys) > 0

    def test_all_levels_are_as_many_as_counted(self, parameter: Parameter) -> None:
        if parameter.count is None:
            with pytest.raises(ParameterError, match="how many"):
                parameter.levels()
        else:
            assert len(parameter.levels()) == parameter.count

    def test_the_way_back_leads_to_the_same_values(self, parameter: Parameter) -> None:
        values = list(parameter.from_unit(np.linspace(0.01, 0.99, 23)))
        unit = parameter.to_unit(values)
        assert ((unit >= 0) & (unit <= 1)).all()
        again = list(parameter.from_unit(unit))
        if isinstance(parameter, Real):
            assert again == pytest.approx(values, rel=1e-9)
        else:
            assert list(map(key, again)) == list(map(key, values))

    def test_frozen_data(self, parameter: Parameter) -> None:
        copy = pickle.loads(pickle.dumps(parameter))
        assert copy == parameter
        assert hash(copy) == hash(parameter)
        assert type(copy) is type(parameter)
        with pytest.raises(AttributeError):
            parameter.low = 3  # type: ignore[attr-defined]

    def test_its_repr_makes_it_again(self, parameter: Parameter) -> None:
        names = {kind.__name__: kind for kind in (Real, Integer, Choice, Levels)}
        text = repr(parameter).replace("<Colour.RED: 1>", "Colour.RED")
        assert eval(text, {**names, "Colour": Colour}) == parameter

    def test_levels_must_be_a_number_from_1(self, parameter: Parameter) -> None:
        for wrong in (0, -1, 2.5, True):
            with pytest.raises(ParameterError, match="whole number from 1"):
                parameter.levels(wrong)  # type: ignore[arg-type]


class TestReal:
    def test_levels_are_exact(self) -> None:
        assert Real(0.1, 0.5).levels(5) == (0.1, 0.2, 0.3, 0.4, 0.5)
        assert Real(0, 1).levels(11) == tuple(i / 10 for i in range(11))
        assert Real(0, 1).levels(4) == (0.0, 1 / 3, 2 / 3, 1.0)
        assert Real(0.02, 0.08).levels(3) == (0.02, 0.05, 0.08)

    def test_logarithmic_levels_are_exact(self) -> None:
        assert Real(0.001, 1000, log=True).levels(7) == (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
        assert Real(1, 100, log=True).base == 10.0

    def test_logarithmic_range_is_even_over_orders_of_magnitude(self) -> None:
        values = Real(1, 10_000, log=True).from_unit(np.array([0, 0.25, 0.5, 0.75, 1]))
        assert values == pytest.approx([1, 10, 100, 1000, 10_000])

    @given(ends=ranges, unit=units)
    def test_values_stay_within_the_ends(self, ends: tuple[float, float], unit: np.ndarray) -> None:
        values = Real(*ends).from_unit(unit)
        assert ((values >= ends[0]) & (values <= ends[1])).all()
        assert values.dtype == np.float64

    @given(ends=ranges, n=st.integers(2, 40))
    def test_levels_rise_from_end_to_end(self, ends: tuple[float, float], n: int) -> None:
        levels = Real(*ends).levels(n)
        assert (levels[0], levels[-1]) == ends
        assert list(levels) == sorted(set(levels))

    def test_huge_ranges_do_not_overflow(self) -> None:
        values = Real(-1.7e308, 1.7e308).from_unit(np.array([0, 0.5, 1]))
        assert np.isfinite(values).all()

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: Real(3, 1), r"low is 3, above high, which is 1. Swap"),
            (lambda: Real(2, 2), "both 2. To hold a parameter fixed"),
            (lambda: Real(math.nan, 1), "low is nan. Give a finite number"),
            (lambda: Real(0, math.inf), "high is inf"),
            (lambda: Real(0, 1, log=True), "starts above 0, but low is 0"),
            (lambda: Real(-5, 1, log=True), "low is -5"),
            (lambda: Real("a", 1), "low is 'a'. Give a number"),
            (lambda: Real(True, 2), "low is True"),
            (lambda: Real(1), "lowest and a highest value"),
            (lambda: Real(), "lowest and a highest value"),
            (lambda: Real(0, 1, log="yes"), "log='yes'. Give True or False"),
            (lambda: Real(0, 1, lgo=True), "no 'lgo'. Did you mean 'low' or 'log'"),
            (lambda: Real(distribution="normal"), "Unknown distribution 'normal'. Did you mean 'norm'"),
            (lambda: Real(distribution="exponetial"), "Unknown distribution"),
            (lambda: Real(distribution="mode"), "Unknown distribution 'mode'"),
            (lambda: Real(8, 9, distribution=stats.norm(0, 1)), r"taken by from_distribution\(stats.norm"),
            (lambda: Real(distribution="norm", mean=3), "takes no 'mean'.* loc, scale"),
            (lambda: Real(distribution="norm", scale=-1), "does not exist for scale=-1"),
            (lambda: Real(distribution="norm", loc="a"), "loc of the distribution 'norm' is 'a'"),
            (lambda: Real(distribution="beta", a=1), "needs a value for b"),
            (lambda: Real(distribution="poisson", mu=3), "whole numbers. Use Integer"),
            (lambda: Real(1, 2, log=True, distribution="norm"), "Give one of them"),
            (lambda: Real(50, 60, distribution="uniform"), "No part of the distribution"),
        ],
    )
    def test_mistakes_are_named(self, make, message: str) -> None:
        with pytest.raises(ParameterError, match=message):
            make()

    @pytest.mark.parametrize(
        ("low", "high"), [(15, 20), (None, 5.5), (4, 4.5), (17, None), (15, 15.1), (30, 40), (12.5, None)]
    )
    def test_a_far_tail_is_spread_like_the_rest(self, low: float | None, high: float | None) -> None:
        from scipy import stats

        unit = np.linspace(0.001, 0.999, 999)
        values = Real(low, high, distribution="norm", loc=10, scale=1).from_unit(unit)
        ends = (-np.inf if low is None else low - 10), (np.inf if high is None else high - 10)
        np.testing.assert_allclose(values, stats.truncnorm(*ends, loc=10).ppf(unit), rtol=1e-9)
        assert len(set(values)) == 999
        back = Real(low, high, distribution="norm", loc=10, scale=1).to_unit(values)
        np.testing.assert_allclose(back, unit, atol=1e-6)

    @pytest.mark.parametrize("name", ["expon", "gumbel_r", "lognorm", "t", "cauchy"])
    def test_far_tails_of_other_distributions(self, name: str) -> None:
        from scipy import stats

        arguments = {"lognorm": {"s": 1.0}, "t": {"df": 5.0}}.get(name, {})
        frozen = getattr(stats, name)(**arguments)
        low = float(frozen.isf(1e-9))
        unit = np.array([0.1, 0.5, 0.9])
        values = Real(low, distribution=name, arguments=arguments).from_unit(unit)
        np.testing.assert_allclose(values, frozen.isf(1e-9 * (1 - unit)), rtol=1e-6)
        ends = Real(low, distribution=name, arguments=arguments).from_unit([0, 1])
        assert ends[0] == pytest.approx(low)
        assert ends[1] == pytest.approx(float(frozen.isf(1e-15)), rel=1e-6)

    def test_where_it_is_not_far_values_are_those_of_before(self) -> None:
        from scipy import stats

        frozen, unit = stats.norm(10, 1), np.linspace(0, 1, 101)
        first, last = frozen.cdf(10.5), frozen.cdf(12)
        cut = Real(10.5, 12, distribution="norm", loc=10, scale=1)
        share = first + unit * (last - first)
        assert cut.from_unit(unit).tolist() == np.clip(frozen.ppf(share), 10.5, 12).tolist()
        half = Real(10.5, distribution="norm", loc=10, scale=1)
        assert half.from_unit([1.0])[0] == frozen.ppf(1 - 1e-6)

    def test_distribution_follows_scipy(self) -> None:
        from scipy import stats

        unit = np.linspace(0.01, 0.99, 9)
        values = Real(distribution="gamma", a=2, scale=3).from_unit(unit)
        assert values == pytest.approx(stats.gamma(2, scale=3).ppf(unit))

    def test_infinite_tails_are_cut_at_the_very_ends_only(self) -> None:
        parameter = Real(distribution="norm")
        low, high = parameter.from_unit(np.array([0.0, 1.0]))
        assert low == pytest.approx(-high) == pytest.approx(-4.753, abs=1e-3)

    def test_ends_cut_a_distribution_off(self) -> None:
        values = Real(0, distribution="norm").from_unit(np.linspace(0, 1, 101))
        assert values.min() == 0
        assert np.median(values) == pytest.approx(0.6745, abs=1e-3)

    def test_equal_when_equal(self) -> None:
        assert Real(0, 1) == Real(0.0, 1.0) != Real(0, 1, log=False, distribution="uniform")
        assert Real(distribution="norm", loc=1) == Real(distribution="norm", arguments={"loc": 1})
        assert Real(distribution="norm", loc=1) != Real(distribution="norm", loc=2)
        assert Real(0, 1) != Integer(0, 1)


class TestInteger:
    def test_levels(self) -> None:
        assert Integer(1, 2).levels(3) == (1, 2)
        assert Integer(0, 10).levels(3) == (0, 5, 10)
        assert Integer(0, 10, step=4).levels() == (0, 4, 8)
        assert Integer(1, 3).base == 2

    @given(parts=integer_ranges, unit=units)
    def test_values_stay_on_the_ladder(self, parts: tuple[int, int, int], unit: np.ndarray) -> None:
        low, width, step = parts
        high = low + width * step
        parameter = Integer(low, high, step)
        for value in parameter.from_unit(unit):
            assert low <= int(value) <= high
            assert (int(value) - low) % step == 0

    @given(parts=integer_ranges, n=st.integers(2, 50))
    def test_levels_rise_from_end_to_end(self, parts: tuple[int, int, int], n: int) -> None:
        low, width, step = parts
        levels = Integer(low, low + width * step, step).levels(n)
        assert (levels[0], levels[-1]) == (low, low + width * step)
        assert list(levels) == sorted(set(levels))
        assert len(levels) == min(n, width + 1)

    def test_every_value_has_an_equal_share(self) -> None:
        values = Integer(1, 5).from_unit(np.arange(1000) / 1000)
        assert np.bincount(values)[1:].tolist() == [200] * 5

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: Integer(3, 1), "Swap"),
            (lambda: Integer(0.5, 3), "low is 0.5. Give a whole number, or use Real"),
            (lambda: Integer(0, 10, step=0), "step=0"),
            (lambda: Integer(0, 10, step=20), "The step 20 is larger than the range 0 to 10"),
            (lambda: Integer(False, True), "low is False"),
            (lambda: Integer(distribution="norm"), "real numbers. Use Real"),
            (lambda: Integer(distribution="poison", mu=3), "Did you mean 'poisson'"),
            (lambda: Integer(1, 9, step=2, distribution="poisson", mu=3), "Give one of them"),
            (lambda: Integer(5), "lowest and a highest"),
        ],
    )
    def test_mistakes_are_named(self, make, message: str) -> None:
        with pytest.raises(ParameterError, match=message):
            make()

    def test_whole_floats_are_whole(self) -> None:
        assert Integer(1.0, 3.0) == Integer(1, 3)
        assert type(Integer(np.int64(1), 3.0).high) is int

    def test_booleans_are_no_integers(self) -> None:
        assert not Integer(0, 1).contains(True)
        assert not Real(0, 1).contains(True)
        with pytest.raises(ParameterError, match="True is no whole number"):
            Integer(0, 1).parse(True)


class TestListed:
    def test_true_is_not_one(self) -> None:
        assert Choice([True]) != Choice([1])
        assert Choice([1]) != Choice([1.0])
        assert hash(Choice([{"a": 1}])) == hash(Choice([{"a": 1}]))
        assert Choice([True, 1]).values == (True, 1)
        assert Choice([1]).contains(1.0)
        assert not Choice([1]).contains(True)
        assert Choice([1, 2]) != Levels([1, 2])

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: Choice([]), "has no values"),
            (lambda: Levels([]), "has no values"),
            (lambda: Choice("abc"), "is given 'abc'. Give a list"),
            (lambda: Choice(3), "is given 3"),
            (lambda: Choice({"a", "b"}), "Give a list"),
            (lambda: Choice(["a", "b", "a"]), "lists 'a' twice"),
            (lambda: Levels([1, 1.0]), "twice"),
            (lambda: Choice([[1], [1]]), "twice"),
            (lambda: Choice([math.nan, math.nan]), "twice"),
        ],
    )
    def test_mistakes_are_named(self, make, message: str) -> None:
        with pytest.raises(ParameterError, match=message):
            make()

    def test_an_enum_lists_its_members(self) -> None:
        assert Choice(Colour).values == (Colour.RED, Colour.BLUE)

    def test_what_is_written_out_is_taken_whole(self) -> None:
        assert Choice(["a", "b", "c"]).levels(2) == ("a", "b", "c")

    def test_base(self) -> None:
        assert Choice([3, 1, 2]).base == 3
        assert Levels([30, 10, 20]).base == 20
        assert Levels(["low", "high"]).base == "low"
        assert Levels([True, False]).base is True

    def test_steps_are_exact(self) -> None:
        assert Levels.steps(0.1, 1, 0.1).values == tuple(i / 10 for i in range(1, 11))
        assert Levels.steps(10, 0, -5).values == (10, 5, 0)
        assert all(type(value) is int for value in Levels.steps(0, 10, 5).values)
        for wrong in (0, -0.1):
            with pytest.raises(ParameterError, match="do not lead"):
                Levels.steps(0, 1, wrong)

    def test_numpy_values_become_plain(self) -> None:
        assert [type(value) for value in Levels(np.array([1, 2])).values] == [int, int]


class TestParse:
    @pytest.mark.parametrize(
        ("parameter", "text", "value"),
        [
            (Real(0, 1), "0.5", 0.5),
            (Real(0, 1), " 1e-3 ", 0.001),
            (Real(0, 1), 1, 1.0),
            (Integer(0, 5), "3", 3),
            (Integer(0, 5), "3.0", 3),
            (Integer(0, 5), 3.0, 3),
            (Choice([True, False]), "true", True),
            (Choice([True, False]), "FALSE", False),
            (Choice([None, 2]), "", None),
            (Choice([None, 2]), "None", None),
            (Choice(["1", "2"]), "2", "2"),
            (Choice([1, 2]), "2", 2),
            (Choice(Colour), "RED", Colour.RED),
            (Choice(Colour), "blue", Colour.BLUE),
            (Levels([1, 2]), 7, 7),
            (Levels([0.5, 2.0]), 1, 1.0),
        ],
    )
    def test_text_gets_the_parameters_type(self, parameter: Parameter, text, value) -> None:
        assert key(parameter.parse(text)) == key(value)

    @pytest.mark.parametrize(
        ("parameter", "text", "message"),
        [
            (Real(0, 1), "abc", "'abc' is no real number"),
            (Real(0, 1), None, "None is no real number"),
            (Real(0, 1), "nan", "no real number"),
            (Real(0, 1), True, "True is no real number"),
            (Integer(0, 1), "0.5", "'0.5' is no whole number"),
            (Integer(0, 1), None, "None is no whole number"),
            (Integer(0, 1), [1], "is no whole number"),
            (Choice(["red", "blue"]), "bleu", "'bleu' is none of 'red', 'blue'. Did you mean 'blue'"),
            (Levels(["a", 1]), "b", "is none of"),
        ],
    )
    def test_wrong_types_are_named(self, parameter: Parameter, text, message: str) -> None:
        with pytest.raises(ParameterError, match=message):
            parameter.parse(text)

    @pytest.mark.parametrize("parameter", EVERY_KIND, ids=repr)
    def test_every_value_parses_as_itself(self, parameter: Parameter) -> None:
        for value in parameter.levels(5):
            assert key(parameter.parse(value)) == key(value)


class TestFromDistribution:
    def test_by_name_and_from_scipy(self) -> None:
        from scipy import stats

        assert from_distribution("norm", loc=1) == Real(distribution="norm", loc=1)
        assert from_distribution("poisson", mu=2) == Integer(distribution="poisson", mu=2)
        assert from_distribution(stats.norm(1, scale=2)) == Real(distribution="norm", loc=1, scale=2)
        assert from_distribution(stats.binom(5, 0.5)) == Integer(distribution="binom", n=5, p=0.5)
        assert from_distribution("norm", low=0) == Real(0, distribution="norm")
        assert from_distribution(stats.norm(1, 2), low=0, high=9) == Real(
            0, 9, distribution="norm", loc=1, scale=2
        )

    def test_randint_is_the_range_that_it_stands_for(self) -> None:
        from scipy import stats

        assert from_distribution(stats.randint(20, 40)) == Integer(20, 39)
        assert from_distribution(stats.randint(low=20, high=40, loc=5)) == Integer(25, 44)
        assert from_distribution("randint", low=20, high=40) == Integer(20, 39)
        assert from_distribution(stats.randint(20, 40), low=25) == Integer(25, 39)
        assert Integer(20, 40, distribution="randint") == Integer(20, 39)
        assert Integer(distribution="randint", arguments={"low": -3, "high": 3}) == Integer(-3, 2)
        assert ParameterSpace({"n": stats.randint(0, 2)}).varied == {"n": Integer(0, 1)}
        with pytest.raises(ParameterError, match="To hold a parameter fixed"):
            from_distribution(stats.randint(4, 5))
        with pytest.raises(ParameterError, match="needs a value for low and high"):
            Integer(distribution="randint")

    def test_far_tails_of_whole_numbers(self) -> None:
        from scipy import stats

        frozen = stats.poisson(3)
        values = Integer(20, distribution="poisson", mu=3).from_unit((np.arange(10_000) + 0.5) / 10_000)
        shares = np.bincount(values, minlength=24)[20:24] / 10_000
        assert shares == pytest.approx(frozen.pmf([20, 21, 22, 23]) / frozen.sf(19), abs=2e-4)

    def test_mistakes_are_named(self) -> None:
        with pytest.raises(ParameterError, match="is no distribution"):
            from_distribution(3)


class TestParameterSpace:
    def test_what_varies_and_what_is_fixed(self) -> None:
        space = ParameterSpace(
            {
                "a": Real(0, 1),
                "b": [1, 2],
                "c": 3,
                "d": range(3),
                "e": (1, 2),
                "f": np.array([0.5, 1]),
                "g": "abc",
            }
        )
        assert list(space.varied) == ["a", "b", "d", "f"]
        assert space.fixed == {"c": 3, "e": (1, 2), "g": "abc"}
        assert space.varied["d"] == Levels([0, 1, 2])
        assert space.base == {"a": 0.5, "b": 1, "d": 1, "f": 0.5}

    def test_equal_when_equal(self) -> None:
        one = ParameterSpace({"a": [1, 2], "b": {"x": [1]}}, ["a < 2"])
        assert one == ParameterSpace({"a": Levels([1, 2]), "b": {"x": [1]}}, ("a < 2",))
        assert hash(one) == hash(ParameterSpace({"a": [1, 2], "b": {"x": [1]}}, ["a < 2"]))
        assert one != ParameterSpace({"a": [1, 2], "b": {"x": [1]}})
        assert ParameterSpace({"a": True}) != ParameterSpace({"a": 1})
        assert pickle.loads(pickle.dumps(one)) == one

    def test_cannot_be_changed(self) -> None:
        space = ParameterSpace({"a": 1})
        with pytest.raises(TypeError, match="cannot be changed"):
            space.parameters["a"] = 2  # type: ignore[index]

    def test_columns_keep_their_types(self) -> None:
        space = ParameterSpace(
            {
                "real": Real(0, 1),
                "int": Integer(1, 3),
                "bool": Choice([True, False]),
                "maybe": Choice([None, 1]),
                "mixed": [1, 0.5],
                "pair": Choice([(1, 2), (3, 4)]),
                "dict": Choice([{"a": 1}, {"b": 2}]),
                "text": ["x", "y"],
                "gap": Choice(["x", None]),
            }
        )
        frame = space.from_unit(np.full((3, 9), 0.2))
        assert frame.dtypes.astype(str).to_dict() == {
            "real": "float64",
            "int": "int64",
            "bool": "bool",
            "maybe": "object",
            "mixed": "object" if len({type(v) for v in frame["mixed"]}) > 1 else "int64",
            "pair": "object",
            "dict": "object",
            "text": "object",
            "gap": "object",
        }
        first = frame.to_dict("records")[0]
        assert {name: key(value) for name, value in first.items()} == {
            name: key(value)
            for name, value in {
                "real": 0.2,
                "int": 1,
                "bool": True,
                "maybe": None,
                "mixed": 1,
                "pair": (1, 2),
                "dict": {"a": 1},
                "text": "x",
                "gap": "x",
            }.items()
        }

    def test_the_cube_must_fit(self) -> None:
        with pytest.raises(ParameterError, match=r"shape \(2, 3\), but 1 parameters vary"):
            ParameterSpace({"a": Real(0, 1)}).from_unit(np.zeros((2, 3)))

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"a": []}, "Parameter 'a': Levels has no values"),
            ({"a": [1, 1]}, "Parameter 'a': Levels lists 1 twice"),
            ({"a": Real}, r"Parameter 'a' is the class Real. Give its range: Real\(0, 1\)"),
            ({3: 1}, "A parameter is called 3"),
            ({"": 1}, "A parameter is called ''"),
            ([("a", 1)], "Give a mapping"),
        ],
    )
    def test_mistakes_are_named(self, parameters, message: str) -> None:
        with pytest.raises(ParameterError, match=message):
            ParameterSpace(parameters)

    def test_a_scipy_distribution_is_drawn_from(self) -> None:
        from scipy import stats

        assert ParameterSpace({"a": stats.norm(1, 2)}).varied == {
            "a": Real(distribution="norm", loc=1, scale=2)
        }

    def test_constraints_choose_points(self) -> None:
        space = ParameterSpace({"a": [1, 2, 3], "b": [1, 2, 3], "c": 2}, ["a < b", "b <= c + 1"])
        frame = pd.DataFrame({"a": [1, 2, 3, 1], "b": [2, 2, 4, 3]})
        assert space.allowed(frame).tolist() == [True, False, False, True]
        assert space.allowed(frame.assign(c=[2, 2, 2, 1])).tolist() == [True, False, False, False]

    def test_no_constraint_allows_all(self) -> None:
        assert ParameterSpace({"a": [1]}).allowed(pd.DataFrame({"a": [1, 1]})).tolist() == [True, True]

    def test_a_constraint_on_fixed_values_alone(self) -> None:
        space = ParameterSpace({"a": [1, 2], "c": 2}, ["c > 5"])
        assert space.allowed(pd.DataFrame({"a": [1, 2]})).tolist() == [False, False]

    @pytest.mark.parametrize(
        ("constraint", "message"),
        [
            ("shep < 3", "speaks of 'shep', which is not among the parameters.*Did you mean 'sheep'"),
            ("sheep <", "does not parse"),
            ("__import__('os')", "calls '__import__'"),
        ],
    )
    def test_wrong_constraints_are_refused_at_once(self, constraint: str, message: str) -> None:
        with pytest.raises(ExperimentError, match=message):
            ParameterSpace({"sheep": Integer(1, 9)}, [constraint])

    def test_a_constraint_that_is_no_condition(self) -> None:
        space = ParameterSpace({"a": Integer(1, 9), "b": Choice(["x", "y"])}, ["a + 1"])
        frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
        with pytest.raises(ExperimentError, match="neither true nor false"):
            space.allowed(frame)
        with pytest.raises(ExperimentError, match="does not compare 'x'"):
            ParameterSpace({"a": Integer(1, 9), "b": Choice(["x", "y"])}, ["b < 3"]).allowed(frame)
