"""Effects of published designs to the printed digits, and statsmodels' regression beside our own."""

import itertools

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import mesa_lab as ml
from mesa_lab.errors import ConclusionError
from mesa_lab.processing.analysis.effects.fit import fit_model
from mesa_lab.processing.analysis.effects.tables import anova, effects_table
from mesa_lab.processing.analysis.effects.terms import model_of
from mesa_lab.testing import synthetic_results
from tests.processing.analysis.effects.conftest import fitted, standard_order, study
from tests.processing.analysis.sensitivity.conftest import observations


def effects_of(results, **options):
    return results.effects("y", **options).table.set_index("term")["effect"]


def test_nists_eddy_current_probe(eddy_current):
    found = effects_of(eddy_current)
    printed = {
        "A": 3.10250,
        "B": -0.86750,
        "A × B": 0.12750,
        "C": 0.21250,
        "A × C": 0.24750,
        "B × C": 0.29750,
        "A × B × C": 0.14250,
    }
    assert found.round(5).to_dict() == printed
    said = eddy_current.effects("y")
    assert "A (3.1) may have an effect on y" in said.sentence
    assert said.values["lenth_pse"] == pytest.approx(1.5 * 0.23)


def test_montgomerys_filtration_rates(filtration):
    answer = filtration.effects("y")
    table = answer.table.set_index("term")
    printed = {
        "A": 21.625,
        "C": 9.875,
        "D": 14.625,
        "A × C": -18.125,
        "A × D": 16.625,
        "A × B × C × D": 1.375,
    }
    for term, effect in printed.items():
        assert table.loc[term, "effect"] == pytest.approx(effect)
    assert answer.values["lenth_pse"] == pytest.approx(2.625)
    assert answer.values["lenth_margin"] == pytest.approx(6.748, abs=5e-4)
    assert answer.values["lenth_simultaneous_margin"] == pytest.approx(13.699, abs=5e-4)
    clear = table[table["p_adjusted"] < 0.05]
    assert set(clear.index) == {"A", "D", "A × C", "A × D"}
    beyond = set(table[table["effect"].abs() > answer.values["lenth_simultaneous_margin"]].index)
    assert beyond == set(clear.index)


def test_box_and_bisgaards_springs(springs):
    found = effects_of(springs)
    assert found["steel"] == pytest.approx(23)
    assert found["carbon"] == pytest.approx(-5)
    assert found["oil"] == pytest.approx(1.5)
    assert found["oil × steel"] == pytest.approx(10)


def test_the_aliases_of_seven_factors_in_eight_runs():
    """The published table of the 2^(7-4) design with D = AB, E = AC, F = BC, G = ABC."""
    basic = standard_order(3, "ABC")
    points = basic.assign(
        D=basic.A * basic.B, E=basic.A * basic.C, F=basic.B * basic.C, G=basic.A * basic.B * basic.C
    )
    answer = study(points, lambda runs, rng: runs["A"] + rng.normal(size=len(runs)), 3).effects("y")
    aliases = answer.table.set_index("term")["aliased_with"].to_dict()
    assert aliases == {
        "A": "B × D, C × E, F × G",
        "B": "A × D, C × F, E × G",
        "C": "A × E, B × F, D × G",
        "D": "A × B, C × G, E × F",
        "E": "A × C, B × G, D × F",
        "F": "A × G, B × C, D × E",
        "G": "A × F, B × E, C × D",
    }


def test_a_design_of_resolution_4_mixes_interactions_only():
    basic = standard_order(3, "ABC")
    points = basic.assign(D=basic.A * basic.B * basic.C)
    aliases = effects_table_of(points).set_index("term")["aliased_with"].to_dict()
    assert [aliases[name] for name in "ABCD"] == ["", "", "", ""]
    assert aliases["A × B"] == "C × D"


def effects_table_of(points):
    _, model, fit = fitted(study(points, lambda runs, rng: rng.normal(size=len(runs)), 3))
    return effects_table(
        fitted(study(points, lambda r, g: g.normal(size=len(r)), 3))[0].factors, model, fit, 0.95
    )


def test_plackett_burman_mixes_in_part():
    experiment = ml.Experiment(
        "none:None", {name: ml.Real(0, 1) for name in "abcdefg"}, design=ml.PlackettBurman(), replications=3
    )
    results = synthetic_results(experiment, {"y": lambda runs, rng: rng.normal(size=len(runs))})
    assert "(partly)" in results.effects("y").table["aliased_with"][0] or results.experiment.n_points == 8


@pytest.fixture
def mixed():
    rows = list(itertools.product([0.0, 5.0, 10.0], [1, 2], ["x", "y", "z"]))
    points = pd.DataFrame(rows, columns=["a", "b", "c"])

    def outcome(runs, rng):
        size = (runs["a"] - 5) / 5
        return 3 * size + size**2 + (runs["c"] == "y") * 2 + runs["b"] * size + rng.normal(0, 1, len(runs))

    return study(points, outcome, 4)


def test_statsmodels_fits_the_same(mixed):
    observed, model, fit = fitted(mixed)
    x = np.repeat(model.matrix, 4, axis=0)
    y = observed.values.ravel()
    theirs = sm.OLS(y, x).fit()
    np.testing.assert_allclose(fit.coefficients, theirs.params, atol=1e-9)
    assert fit.r_squared == pytest.approx(theirs.rsquared)
    assert fit.adjusted == pytest.approx(theirs.rsquared_adj)
    press = np.sum((theirs.resid / (1 - theirs.get_influence().hat_matrix_diag)) ** 2)
    assert fit.predicted == pytest.approx(1 - press / theirs.centered_tss)


def test_statsmodels_has_the_same_analysis_of_variance(mixed):
    _, model, fit = fitted(mixed)
    frame = mixed.runs.sort_values(["point", "replication"])
    data = pd.DataFrame(
        {"y": frame["y"], "x1": (frame["a"] - 5) / 5, "x2": 2 * frame["b"] - 3, "x3": frame["c"].astype(str)}
    )
    formula = "y ~ x1 + x2 + C(x3, Sum) + I(x1**2) + x1:x2 + x1:C(x3, Sum) + x2:C(x3, Sum)"
    theirs = sm.stats.anova_lm(sm.OLS.from_formula(formula, data).fit(), typ=2)
    own = anova(model, fit).set_index("source")["sum_sq"]
    for ours, name in {
        "a × b": "x1:x2",
        "a × c": "x1:C(x3, Sum)",
        "c": "C(x3, Sum)",
        "b": "x2",
        "a²": "I(x1 ** 2)",
    }.items():
        assert own[ours] == pytest.approx(theirs.loc[name, "sum_sq"], rel=1e-6)
    pure = frame.groupby("point")["y"].var(ddof=1).mean()
    assert own["pure error"] == pytest.approx(pure * 18 * 3)


def test_unequal_variances_are_met_by_hc3():
    points = standard_order(3)

    def outcome(runs, rng):
        return runs["A"] + (0.2 + 3 * (runs["B"] > 0)) * rng.normal(size=len(runs))

    results = study(points, outcome, 12)
    observed, model, fit = fitted(results)
    assert fit.error == "HC3"
    theirs = sm.OLS(observed.values.ravel(), np.repeat(model.matrix, 12, axis=0)).fit(cov_type="HC3")
    np.testing.assert_allclose(np.diag(fit.covariance), theirs.bse**2, rtol=1e-6)
    assert "HC3" in " ".join(results.effects("y").warnings)


def effects_of_values(values, **more):
    observed = observations(standard_order(3).to_numpy(dtype=float), values, **more)
    model = model_of(observed.factors)
    return effects_table(observed.factors, model, fit_model(observed, model), 0.95)


def test_intervals_hold_the_truth():
    held = {"equal": 0, "unequal": 0, "common": 0}
    points = standard_order(3)
    scale = {"equal": 1.0, "unequal": np.where(points["B"] > 0, 3.0, 0.3)[:, None], "common": 0.5}
    for seed in range(300):
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=(8, 5))
        for kind, size in scale.items():
            shared = rng.normal(0, 5, (1, 5)) if kind == "common" else 0.0
            values = points["A"].to_numpy()[:, None] + noise * size + shared
            row = effects_of_values(values, common=kind == "common").iloc[0]
            held[kind] += row["low"] <= 2.0 <= row["high"]
    assert min(held.values()) >= 300 * 0.92
    assert held["equal"] <= 300 * 0.985
    assert held["common"] <= 300 * 0.985


def test_no_effect_is_seldom_called_one():
    alarms = sum(
        (effects_of_values(np.random.default_rng(seed).normal(size=(8, 4)))["p_adjusted"] < 0.05).any()
        for seed in range(300)
    )
    assert alarms <= 300 * 0.08


def test_common_seeds_make_effects_sharp():
    rng = np.random.default_rng(3)
    values = standard_order(3)["A"].to_numpy() + rng.normal(0, 10, (6, 1)) + rng.normal(0, 0.1, (6, 8))
    table = study(standard_order(3), values.ravel(), 6, common_random_numbers=True).effects("y").table
    assert table.loc[0, "high"] - table.loc[0, "low"] < 1
    assert table.loc[0, "p_adjusted"] < 0.01


def test_a_centre_point_shows_curvature_of_all_at_once():
    corners = standard_order(2).astype(float)
    points = pd.concat([corners, pd.DataFrame({"A": [0.0], "B": [0.0]})], ignore_index=True)
    answer = study(
        points, lambda r, g: 5 + r["A"] - 3 * (r["A"] ** 2 + r["B"] ** 2) / 2 + g.normal(0, 0.1, len(r)), 5
    ).effects("y")
    table = answer.table.set_index("term")
    assert table.loc["curvature", "effect"] == pytest.approx(-3, abs=0.3)
    assert table.loc["curvature", "p_adjusted"] < 0.01
    assert answer.values["curvature"] == table.loc["curvature", "effect"]
    assert "The response is curved: in the middle it is" in answer.sentence


def test_repeated_centre_points_are_replications():
    corners = standard_order(2).astype(float)
    centre = pd.DataFrame({"A": [0.0] * 5, "B": [0.0] * 5})
    rng = np.random.default_rng(1)
    points = pd.concat([corners, centre], ignore_index=True)
    answer = study(points, points["A"].to_numpy() * 5 + rng.normal(0, 0.1, 9)).effects("y")
    assert answer.values["error"] == "pure"
    assert answer.values["pure_error_sd"] == pytest.approx(0.1, rel=0.7)


def test_lack_of_fit_shows():
    points = standard_order(3)
    answer = study(points, lambda r, g: r["A"] * r["B"] * r["C"] * 2 + g.normal(0, 0.3, len(r)), 5).effects(
        "y"
    )
    assert answer.values["lack_of_fit_p"] < 0.001
    assert any("lack of fit" in warning for warning in answer.warnings)


def test_sentences_tell_direction_interaction_and_what_is_left():
    points = pd.DataFrame(list(itertools.product([10, 30], [20, 50])), columns=["gain", "wolves"])

    def outcome(runs, rng):
        return runs["gain"] * (runs["wolves"] == 20) / 5 + rng.normal(0, 0.2, len(runs))

    said = study(points, outcome, 8).effects("y").sentence
    assert "Going from 20 to 50, wolves lowers y after 100 steps by" in said
    assert "(95 % interval" in said
    assert "4 points, 32 runs)" in said
    assert "The effect of gain depends on wolves: 4" in said


def test_points_of_many_values_are_not_a_factorial_design():
    experiment = ml.Experiment(
        "none:None", {"a": ml.Real(0, 1), "b": ml.Real(0, 1)}, design=ml.LatinHypercube(20)
    )
    results = synthetic_results(experiment, {"y": lambda runs, rng: runs["a"]})
    with pytest.raises(
        ConclusionError, match="'a' takes 20 values in 20 points.*Ask for sensitivity or surface"
    ):
        results.effects("y")


def test_a_parameter_may_be_called_anything():
    points = pd.DataFrame(list(itertools.product([0, 1], [0, 1])), columns=["C", "np.exp(`Q`)"])
    answer = study(points, lambda runs, rng: runs["C"] + rng.normal(0, 0.1, len(runs)), 4).effects("y")
    assert answer.table["term"].tolist() == ["C", "np.exp(`Q`)", "C × np.exp(`Q`)"]


def test_the_next_step_folds_what_is_mixed():
    experiment = ml.Experiment(
        "none:None",
        {name: ml.Real(0, 1) for name in "abcdefg"},
        design=ml.FractionalFactorial(3),
        replications=4,
    )
    results = synthetic_results(
        experiment, {"y": lambda runs, rng: 5 * runs["a"] + rng.normal(0, 0.1, len(runs))}
    )
    answer = results.effects("y")
    assert answer.next.design.fold is True
    assert answer.next_runs == 32
    assert answer.next_grows
    assert "may as well be b × d, c × e, f × g" in " ".join(answer.warnings)


@pytest.mark.parametrize("replications", [1, 2, 3])
@pytest.mark.parametrize("common", [False, True])
def test_what_rounding_leaves_of_nothing_is_no_effect(replications, common):
    points = pd.DataFrame(list(itertools.product([0.1, 0.3, 0.7], [1, 3, 7], [-1, 1])), columns=list("ABC"))
    exact = study(
        points,
        lambda runs, rng: 1e3 / 3 + 0.7 * runs["A"],
        replications,
        common_random_numbers=common,
    )
    answer = exact.effects("y")
    table = answer.table.set_index("term")
    assert "e-1" not in answer.sentence
    assert "e−1" not in answer.sentence
    assert table["effect"].drop("A").eq(0).all()
    assert table.loc["A", "effect"] == pytest.approx(0.7 * 0.6)
    variance = answer.tables["anova"].set_index("source")
    assert variance["sum_sq"].drop(["A", "total"]).eq(0).all()
    said = " ".join(map(str, (*answer.warnings, answer.unknown, answer.next_sentence)))
    assert "not straight" not in said


def _bent(power):
    return lambda runs, rng: 10 * (runs["a"] - 0.5) ** power + runs["b"] + rng.normal(0, 0.1, len(runs))


@pytest.mark.parametrize(
    "design", [ml.CentralComposite(), ml.BoxBehnken(), ml.FullFactorial(3), ml.FullFactorial(5)]
)
@pytest.mark.parametrize("power", [2, 5])
def test_no_design_is_proposed_that_bends_no_more_than_the_one_at_hand(design, power):
    ranges = {name: ml.Real(0, 1) for name in "abc"}
    experiment = ml.Experiment("none:None", ranges, design=design, replications=4)
    answer = synthetic_results(experiment, {"y": _bent(power)}).effects("y")
    assert "central composite" not in answer.next_sentence
    misfit = answer.values["lack_of_fit_p"] < 0.05
    assert (answer.next is not None) == misfit
    if misfit:
        assert type(answer.next.design).__name__ == "LatinHypercube"
        assert "1 run " not in answer.next_sentence


def test_a_bend_that_two_levels_and_a_centre_show_asks_for_a_surface():
    points = pd.DataFrame([*itertools.product([0.0, 1.0], repeat=2), (0.5, 0.5)], columns=["a", "b"])
    answer = study(points, _bent(2), replications=6).effects("y")
    assert "central composite" in answer.next_sentence
    assert answer.next_runs == answer.next.n_runs
