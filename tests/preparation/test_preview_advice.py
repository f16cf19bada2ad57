"""What a preview says of aliases, associations, lone points, draws, seeds and power, before anything runs."""

from typing import Any

import numpy as np
import pytest

import mesa_lab as ml
from mesa_lab.preparation.designs import (
    FractionalFactorial,
    FullFactorial,
    FunctionDesign,
    LatinHypercube,
    MonteCarlo,
    Morris,
    OneAtATime,
    OrthogonalArray,
    PlackettBurman,
    Saltelli,
    Sobol,
    SparseGrid,
    Table,
)
from mesa_lab.preparation.parameters.space import Choice, Integer, Real
from mesa_lab.preparation.preview import Preview, preview

PLANE = {"a": Real(0, 1), "b": Real(0, 1)}
SEVEN = {name: Real(0, 1) for name in "abcdefg"}


def look(parameters: dict[str, Any], design: Any, **settings: Any) -> Preview:
    return preview(ml.Experiment("m:M", parameters, design, **{"replications": 10, **settings}))


def said(parameters: dict[str, Any], design: Any, *wanted: str, **settings: Any) -> bool:
    """Whether one warning has all these words."""
    return any(all(each in text for each in wanted) for text in look(parameters, design, **settings).warnings)


class TestAliases:
    @pytest.mark.parametrize(
        ("parameters", "design", "resolution", "warning"),
        [
            (
                SEVEN,
                FractionalFactorial(3),
                3,
                "Resolution III: main effects are mixed up with two-way interactions, such as a with b × d.",
            ),
            (
                SEVEN,
                FractionalFactorial(4),
                4,
                "Resolution IV: main effects are clear of two-way interactions, which are mixed up with one another, such as",
            ),
            (SEVEN, FractionalFactorial(3, fold=True), 4, "Resolution IV"),
            (
                SEVEN,
                PlackettBurman(),
                3,
                "Resolution III: main effects are mixed up with two-way interactions, such as",
            ),
            (
                {**SEVEN, "h": Real(0, 1)},
                PlackettBurman(),
                3,
                "mixed up in part with two-way interactions (correlations up to 0.33)",
            ),
            (
                PLANE,
                Table({"a": [0, 1, 0, 1], "b": [0, 1, 0, 1]}),
                2,
                "Resolution II: main effects are mixed up with each other",
            ),
            ({name: Choice(["x", "y", "z"]) for name in "abc"}, OrthogonalArray("L9"), 3, "mixed up in part"),
        ],
        ids=lambda value: str(value)[:30],
    )
    def test_what_is_mixed_up_is_said(
        self, parameters: dict[str, Any], design: Any, resolution: int, warning: str
    ) -> None:
        assert look(parameters, design).resolution == resolution
        assert said(parameters, design, warning)

    @pytest.mark.parametrize(
        ("count", "design", "resolution"),
        [(3, FullFactorial(2), None), (3, FullFactorial(3), None), (5, FractionalFactorial(5), 5)],
        ids=str,
    )
    def test_what_is_clear_has_no_warning(self, count: int, design: Any, resolution: int | None) -> None:
        seen = look({name: Real(0, 1) for name in "abcde"[:count]}, design)
        assert not any("Resolution" in warning for warning in seen.warnings)
        assert set(seen.aliases["aliased_with"]) == {""}
        assert set(seen.aliases["in_part"]) == {0}
        assert seen.resolution == resolution

    def test_they_are_a_table(self) -> None:
        aliases = look(SEVEN, FractionalFactorial(3)).aliases.set_index("term")
        assert aliases.loc["d", "aliased_with"] == "a × b = c × g = e × f"
        assert len(aliases) == 28
        assert "resolution III" in repr(look(SEVEN, FractionalFactorial(3)))

    @pytest.mark.parametrize("design", [Sobol(16), Morris(4), FullFactorial(11)], ids=repr)
    def test_designs_of_no_few_levels_have_none(self, design: Any) -> None:
        seen = look(PLANE, design)
        assert seen.aliases.empty
        assert seen.resolution is None

    def test_points_made_elsewhere_are_looked_at_too(self) -> None:
        made = FractionalFactorial(4).points(ml.ParameterSpace(SEVEN), 0)
        assert look(SEVEN, Table(made)).resolution == 4
        assert look(SEVEN, FunctionDesign(lambda space, seed: made)).resolution == 4

    def test_constraints_that_unbalance_a_design(self) -> None:
        seen = look(SEVEN, FractionalFactorial(4), constraints="a + b < 2")
        assert seen.resolution is None
        assert seen.aliases["in_part"].max() > 0
        assert any("no longer a complete design" in text for text in seen.warnings)


KINDS = {"kind": Choice(["a", "b", "c"]), "place": Choice(["x", "y", "z"])}


class TestAssociations:
    def test_categories_that_go_together(self) -> None:
        table = Table({"kind": list("aaabbbccc"), "place": list("xxxyyyzzz")})
        seen = look(KINDS, table)
        assert (seen.cramers_v, seen.associated) == (pytest.approx(1.0), ("kind", "place"))
        assert said(KINDS, table, "'kind' and 'place' go together (Cramér's V 1.00)")

    def test_categories_that_do_not(self) -> None:
        even = look(KINDS, FullFactorial())
        assert (even.cramers_v, even.associated) == (0.0, ("kind", "place"))
        assert even.warnings == ()
        assert look(PLANE, Sobol(8)).cramers_v is None

    def test_correlations_asked_for_are_no_fault(self) -> None:
        parameters = {**PLANE, "c": Real(0, 1)}
        seen = look(parameters, Sobol(64), correlations={("a", "b"): 0.8})
        assert seen.warnings == ()
        assert seen.max_abs_correlation == pytest.approx(0.8, abs=0.05)
        assert seen.discrepancy == pytest.approx(look(parameters, Sobol(64)).discrepancy)


def test_points_that_carry_a_parameter_alone() -> None:
    kinds = {"a": Real(0, 1), "kind": Choice(["x", "y", "z"])}
    table = Table({"a": [0, 0.25, 0.5, 0.75, 1, 0.1, 0.6, 0.9], "kind": list("xyxyxzyx")})
    seen = look(kinds, table)
    assert [(lone.point, lone.parameter, lone.value) for lone in seen.lone] == [(5, "kind", "z")]
    assert said(kinds, table, "Only point 5 carries 'kind' = 'z'")
    assert not said({**PLANE, "flag": Choice([True, False])}, OneAtATime(), "carries")  # as it is meant


class TestDiscrepancy:
    def test_random_points_by_the_formula(self) -> None:
        assert look(PLANE, Sobol(64)).random_discrepancy == pytest.approx(
            ((5 / 4) ** 2 - (13 / 12) ** 2) / 64
        )
        assert look({"a": Real(0, 1)}, Table({"a": [0.5]})).random_discrepancy is None

    def test_random_points_by_simulation(self) -> None:
        mixed = {"a": Real(0, 1), "n": Integer(1, 3), "flag": Choice([True, False]), "wide": Integer(1, 5000)}
        seen = [look(mixed, MonteCarlo(40), seed=seed) for seed in range(60)]
        expected = seen[0].random_discrepancy
        assert expected is not None
        assert np.mean([each.discrepancy for each in seen]) == pytest.approx(expected, rel=0.1)

    def test_a_design_that_is_less_even_than_chance(self) -> None:
        ten = {f"p{i}": Real(0, 1) for i in range(40)}
        assert said(
            ten, ml.Halton(50, scramble=False), "less even than random ones", "Sobol with a power of 2"
        )
        assert not said(ten, Sobol(64), "less even")


class TestDraws:
    NORMAL = Real(distribution="norm", loc=10, scale=1)

    def test_the_very_end_of_an_endless_distribution(self) -> None:
        design = FunctionDesign(lambda space, seed: space.from_unit(np.array([[0.2], [0.5], [1.0]])))
        assert said(
            {"x": self.NORMAL},
            design,
            "drawn from norm, which has no upper end",
            "14.75",
            "1,000,000",
            "with high",
        )
        assert said({"x": self.NORMAL}, SparseGrid(1), "no lower end", "with low")

    def test_a_heavy_tail(self) -> None:
        assert said(
            {"x": Real(distribution="cauchy")},
            MonteCarlo(400),
            "drawn from cauchy",
            "not made for such values",
        )

    def test_values_below_zero_that_were_hardly_meant(self) -> None:
        parameters = {"x": Real(distribution="norm", loc=10, scale=6)}
        assert said(parameters, Sobol(64), "points have a 'x' below 0", "no lower end", "low=0")
        assert not said({"x": Real(distribution="norm", loc=0, scale=6)}, Sobol(64), "below 0")

    @pytest.mark.parametrize(
        "parameter",
        [
            NORMAL,
            Real(0, 20, distribution="norm", loc=10, scale=6),
            Real(distribution="uniform", loc=5, scale=2),
            Real(distribution="expon", scale=3),
            Integer(distribution="poisson", mu=3),
            Integer(distribution="binom", n=10, p=0.3),
        ],
        ids=repr,
    )
    def test_ordinary_draws(self, parameter: Any) -> None:
        warnings = look({"x": parameter}, Sobol(64)).warnings
        assert not any("drawn from" in text or "below 0" in text for text in warnings)


def test_a_step_that_misses_the_end() -> None:
    assert said(
        {"n": Integer(0, 10, step=3)}, FullFactorial(), "never takes its highest value 10, but 9 at most"
    )
    assert not said({"n": Integer(0, 9, step=3)}, FullFactorial(), "never takes")
    assert not said({"n": Integer(distribution="poisson", mu=3)}, Sobol(8), "never takes")


def test_one_at_a_time_sees_no_interactions() -> None:
    assert said(PLANE, OneAtATime(), "One at a time shows no interactions")
    assert look({"a": Real(0, 1)}, OneAtATime()).warnings == ()


class TestCommonSeeds:
    @pytest.mark.parametrize(
        "seeds", [{"common_random_numbers": True}, {"seeds": (1, 2, 3), "replications": 1}], ids=str
    )
    def test_they_want_a_paired_comparison(self, seeds: dict[str, Any]) -> None:
        assert said(PLANE, Sobol(16), "compare them pair by pair", **seeds)
        assert not said(PLANE, Sobol(16), "pair by pair")
        assert not said({"a": [1]}, FullFactorial(), "pair by pair", **seeds)

    @pytest.mark.parametrize(
        "seeds",
        [{"common_random_numbers": True, "replications": 3}, {"seeds": (1, 2, 3), "replications": 1}],
        ids=str,
    )
    def test_points_that_repeat_are_the_same_runs(self, seeds: dict[str, Any]) -> None:
        described = ml.Experiment("m:M", {"k": Integer(0, 3)}, LatinHypercube(8), **seeds)
        seen = preview(described)
        assert (seen.n_points, seen.n_runs, seen.n_same_runs) == (8, 24, 12)
        assert next(text for text in seen.warnings if "repeat" in text) == (
            "4 of the 8 points repeat an earlier one, and with the same seeds they are the same runs again: 12 of the 24 runs "
            "tell nothing new. FullFactorial() has all 4 combinations once."
        )
        different = {(run.parameters["k"], run.seed) for run in described.configurations()}
        assert len(different) == seen.n_runs - seen.n_same_runs

    def test_with_seeds_of_their_own_they_are_like_replications(self) -> None:
        seen = look({"k": Integer(0, 3)}, LatinHypercube(8), replications=3)
        assert seen.n_same_runs == 0
        assert any("seeds of their own" in text for text in seen.warnings)

    def test_points_of_blocks_stay(self) -> None:
        flags = {"a": Choice([True, False]), "b": Integer(1, 2)}
        assert said(flags, Saltelli(128), "since each has its place in a block")
        assert not said(flags, Saltelli(128), "the same runs again")
        assert said(flags, Saltelli(128), "the same runs again", common_random_numbers=True)


def test_precision() -> None:
    seen = look({name: Real(0, 1) for name in "abc"}, FullFactorial(2))
    found = seen.precision(12)
    assert (round(found.half_width, 1), round(found.difference)) == (8.6, 16)
    assert found.effect == pytest.approx(7.6, abs=0.1)
    assert "10 replications" in found.sentence
    assert look(PLANE, Sobol(16)).precision(12).effect is None
    assert look(PLANE, FullFactorial(3)).precision(12).effect is None


def test_redrawn_points() -> None:
    described = ml.Experiment("m:M", PLANE, Sobol(64), replications=10, constraints="a < b", redraw=True)
    assert [text.split(":")[0] for text in preview(described).warnings] == [
        "'b' and 'a' are correlated (0.49) over the 64 points"
    ]
    assert "The constraints make them so" in preview(described).warnings[0]
    assert preview(described).n_merged == 0
    hard = described.replace(constraints="a + b < 0.3")
    assert any("keep the constraints. A parameter of its own" in text for text in preview(hard).warnings)
    assert any("redraw=True" in text for text in preview(described.replace(redraw=False)).warnings)
