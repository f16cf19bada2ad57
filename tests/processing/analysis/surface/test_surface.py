"""Surfaces: published central composite and Box-Behnken studies, Gaussian processes against the truth, and what is refused."""

import numpy as np
import pandas as pd
import pytest

import mesa_lab as ml
from mesa_lab.errors import ConclusionError, OutcomeError, ParameterError
from mesa_lab.processing.analysis.surface.emulator import fit_emulator
from mesa_lab.processing.analysis.surface.quadratic import canonical
from mesa_lab.testing import synthetic_results

ROOT = 2**0.5


@pytest.fixture
def chemical():
    """Montgomery's chemical process: a central composite design of two factors with five centre points."""
    points = [(-1, -1), (1, -1), (-1, 1), (1, 1), *[(0, 0)] * 5, (ROOT, 0), (-ROOT, 0), (0, ROOT), (0, -ROOT)]
    yields = [76.5, 78.0, 77.0, 79.5, 79.9, 80.3, 80.0, 79.7, 79.8, 78.4, 75.6, 78.5, 77.0]
    table = pd.DataFrame(points, columns=["time", "heat"], dtype=float)
    experiment = ml.Experiment(
        "none:None", {"time": ml.Real(-2, 2), "heat": ml.Real(-2, 2)}, design=ml.Table(table)
    )
    return synthetic_results(experiment, {"y": lambda runs, rng: yields})


def test_montgomerys_chemical_process(chemical):
    surface = fit_emulator(chemical, "y").surface
    # Printed for factors coded -1 to 1 at the corners; here the star's tips are the ends.
    scale = np.array([1, ROOT, ROOT, 2, 2, 2])
    printed = [79.94, 0.995, 0.515, -1.376, -1.001, 0.25]
    np.testing.assert_allclose(surface.fit.coefficients / scale, printed, atol=6e-4)
    shape = canonical(surface)
    np.testing.assert_allclose(shape.places * ROOT, [0.389, 0.306], atol=6e-4)
    assert shape.response == pytest.approx(80.21, abs=5e-3)
    np.testing.assert_allclose(np.sort(shape.eigenvalues / 2), [-1.4141, -0.9634], atol=2e-4)
    assert shape.kind == "maximum"
    assert shape.inside
    assert shape.sure > 0.99
    assert (shape.low < shape.places).all()
    assert (shape.places < shape.high).all()


def test_the_answer_names_the_peak(chemical):
    answer = chemical.surface("y")
    assert "Its shape is that of a peak with its middle at time = 0.389 and heat = 0.306" in answer.sentence
    assert answer.values["kind"] == "quadratic"
    assert answer.values["stationary_response"] == pytest.approx(80.21, abs=5e-3)
    assert set(answer.table["term"]) == {"time", "heat", "time²", "heat²", "time × heat"}
    assert answer.tables["canonical"]["what"].tolist()[:2] == ["stationary point"] * 2
    at_peak = answer.predict({"time": 0.389, "heat": 0.306})
    assert at_peak.loc[0, "mean"] == pytest.approx(80.21, abs=5e-3)
    assert at_peak.loc[0, "low"] < 80.21 < at_peak.loc[0, "high"]


@pytest.mark.parametrize("design", [ml.BoxBehnken(), ml.CentralComposite(), ml.FullFactorial(3)])
def test_designs_made_for_it_give_the_quadratic_back(design):
    def outcome(runs, rng):
        a, b, c = (runs[name] / 5 - 1 for name in "abc")
        return 10 + 2 * a - b + a * b - 3 * a**2 + c**2 + rng.normal(0, 0.01, len(runs))

    experiment = ml.Experiment("none:None", {n: ml.Real(0, 10) for n in "abc"}, design=design, replications=3)
    answer = synthetic_results(experiment, {"y": outcome}).surface("y")
    effects = answer.table.set_index("term")["effect"]
    wanted = {"a": 4, "b": -2, "c": 0, "a²": -3, "b²": 0, "c²": 1, "a × b": 2, "a × c": 0, "b × c": 0}
    for term, effect in wanted.items():
        assert effects[term] == pytest.approx(effect, abs=0.05)
    assert answer.values["explained"] > 0.99
    assert answer.values["lack_of_fit_p"] > 0.001


def test_a_saddle_outside_of_the_ranges_is_said_aloud():
    def outcome(runs, rng):
        a, b = (runs[name] / 5 - 1 for name in "ab")
        return 5 * a + 4 * b + a**2 - b**2 / 2 + rng.normal(0, 0.05, len(runs))

    experiment = ml.Experiment(
        "none:None", {n: ml.Real(0, 10) for n in "ab"}, design=ml.CentralComposite(), replications=5
    )
    answer = synthetic_results(experiment, {"y": outcome}).surface("y")
    assert "a saddle whose middle lies outside what was tried" in answer.sentence
    assert answer.values["stationary_inside"] is False


def wavy(points):
    return np.sin(3 * points["a"]) + points["b"] ** 2 + points["a"] * points["c"]


def sampled(size=100, replications=5, noise=0.5, design=None, space=None, **settings):
    space = space or {name: ml.Real(0, 1) for name in "abc"}
    experiment = ml.Experiment(
        "none:None", space, design=design or ml.LatinHypercube(size), replications=replications, **settings
    )
    return synthetic_results(
        experiment, {"y": lambda runs, rng: wavy(runs) + rng.normal(0, noise, len(runs))}
    )


@pytest.mark.parametrize(("size", "replications"), [(100, 5), (80, 1), (1500, 3)])
def test_a_process_is_near_the_truth_and_knows_how_near(size, replications):
    answer = sampled(size, replications, noise=0.2).surface("y")
    points = pd.DataFrame(np.random.default_rng(5).uniform(0.05, 0.95, (400, 3)), columns=list("abc"))
    predicted, truth = answer.predict(points), wavy(points)
    assert answer.values["kind"] == "gaussian process"
    assert np.sqrt(np.mean((predicted["mean"] - truth) ** 2)) < 0.1
    held = ((predicted["low"] <= truth) & (truth <= predicted["high"])).mean()
    assert held > 0.85
    assert answer.values["explained"] > 0.9
    assert abs(answer.values["error"] - np.sqrt(np.mean((predicted["mean"] - truth) ** 2))) < 0.08


def test_left_out_points_are_left_out():
    """The quick formula gives what fitting without each point gives."""
    from mesa_lab.processing.analysis.surface.gaussian_process import _process, fit_process

    rng = np.random.default_rng(1)
    columns = rng.uniform(-1, 1, (25, 2))
    mean = np.sin(2 * columns[:, 0]) + rng.normal(0, 0.1, 25)
    noise = np.full(25, 0.01)
    fitted = fit_process(columns, mean, noise)
    for at in (0, 7, 24):
        rest = np.delete(np.arange(25), at)
        alpha = np.maximum(noise / fitted.scale**2, 1e-8)
        without = _process(fitted.process.kernel_, alpha[rest], optimise=False)
        without.fit(columns[rest], ((mean - fitted.centre) / fitted.scale)[rest])
        predicted = fitted.centre + fitted.scale * without.predict(columns[[at]])[0]
        assert mean[at] - predicted == pytest.approx(fitted.left[at], abs=1e-6)


def test_a_surface_that_misses_by_no_more_than_chance_does_not_claim_to_be_exact():
    answer = sampled(size=12, replications=10, noise=1.0, seed=3).surface("y")
    assert answer.values["error"] == 0
    assert (
        "it misses what was measured by no more than the chance in it (12 points, 120 runs)."
        in answer.sentence
    )
    assert "off by 0" not in answer.sentence


def test_what_lies_beyond_is_refused():
    answer = sampled(40).surface("y")
    with pytest.raises(ParameterError, match=r"a = 1\.2 lies outside of what was tried, 0\.0.* to 0\.9.*"):
        answer.predict({"a": 1.2, "b": 0.5, "c": 0.5})
    with pytest.raises(ParameterError, match="There is no value for 'c'"):
        answer.predict({"a": 0.2, "b": 0.5})
    with pytest.raises(ParameterError, match="'d' did not vary.*Varied are: a, b, c"):
        answer.predict({"a": 0.2, "b": 0.5, "c": 0.5, "d": 1})
    with pytest.raises(ParameterError, match="a = 'much' is no number"):
        answer.predict({"a": "much", "b": 0.5, "c": 0.5})


def test_points_that_break_a_constraint_are_refused():
    answer = sampled(80, constraints=["a < b"]).surface("y")
    assert len(answer.predict({"a": 0.2, "b": 0.5, "c": 0.5})) == 1
    with pytest.raises(ParameterError, match="Point 1 breaks a constraint"):
        answer.predict({"a": 0.7, "b": 0.5, "c": 0.5})
    settings = answer.tables["settings"]
    assert (settings["a"] < settings["b"]).all()


def test_choices_whole_numbers_and_logarithms():
    space = {
        "rate": ml.Real(0.001, 1, log=True),
        "size": ml.Integer(1, 9),
        "rule": ml.Choice(["calm", "wild", "odd"]),
    }

    def outcome(runs, rng):
        return (
            np.log10(runs["rate"])
            + 2 * (runs["rule"] == "wild")
            + 0.1 * runs["size"]
            + rng.normal(0, 0.05, len(runs))
        )

    experiment = ml.Experiment("none:None", space, design=ml.LatinHypercube(90), replications=3)
    answer = synthetic_results(experiment, {"y": outcome}).surface("y")
    predicted = answer.predict(
        {"rate": [0.01, 0.1, 0.1], "size": [5, 5, 5], "rule": ["calm", "calm", "wild"]}
    )
    np.testing.assert_allclose(predicted["mean"], [-1.5, -0.5, 1.5], atol=0.15)
    with pytest.raises(ParameterError, match="rule = mad was not tried. There are: calm, wild and odd"):
        answer.predict({"rate": 0.1, "size": 5, "rule": "mad"})
    best = answer.tables["settings"].iloc[0]
    assert (best["setting"], best["rule"]) == ("highest", "wild")
    assert float(best["size"]).is_integer()
    profile = answer.tables["profile"]
    assert set(profile["parameter"]) == {"rate", "size", "rule"}


def test_the_profile_goes_through_the_setting_that_is_asked_for():
    results = sampled(60)
    low, high = (results.surface("y", at={"a": value}).tables["profile"] for value in (0.05, 0.95))

    def slope(profile):
        rows = profile[profile["parameter"] == "c"]
        return rows["mean"].iloc[-1] - rows["mean"].iloc[0]

    assert slope(high) - slope(low) == pytest.approx(0.9, abs=0.35)  # a × c
    with pytest.raises(ParameterError, match="a = 7 lies outside"):
        results.surface("y", at={"a": 7})


def test_predictions_stay_where_many_runs_stopped():
    def deaths(runs, rng):
        return np.maximum(10 * (runs["a"] - 0.5) + rng.normal(0, 0.2, len(runs)), 0)

    experiment = ml.Experiment(
        "none:None", {n: ml.Real(0, 1) for n in "ab"}, design=ml.LatinHypercube(50), replications=4
    )
    answer = synthetic_results(experiment, {"y": deaths}).surface("y")
    assert answer.predict({"a": [0.02, 0.1, 0.2], "b": [0.5] * 3})["low"].min() >= 0
    assert any("below 0" in unknown for unknown in answer.unknown)


def test_shares_stay_between_none_and_all():
    def event(runs, rng):
        return rng.random(len(runs)) < 1 / (1 + np.exp(-15 * (runs["a"] - 0.5)))

    experiment = ml.Experiment(
        "none:None", {n: ml.Real(0, 1) for n in "ab"}, design=ml.LatinHypercube(60), replications=10
    )
    answer = synthetic_results(experiment, {"y": event}).surface("y")
    predicted = answer.predict({"a": [0.03, 0.5, 0.97], "b": [0.5] * 3})
    assert predicted["low"].min() >= 0
    assert predicted["high"].max() <= 1
    assert abs(predicted.loc[1, "mean"] - 0.5) < 0.15
    assert "%" in answer.sentence


@pytest.mark.parametrize("design", [ml.LatinHypercube(40), ml.FullFactorial(3), ml.CentralComposite()])
@pytest.mark.parametrize("chance", [True, False])
def test_a_share_at_0_or_1_is_never_known_exactly(design, chance):
    def event(runs, rng):
        sure = runs["a"] > 0.6
        return (rng.random(len(runs)) < np.where(sure, 0.99, 0.01)) if chance else sure

    experiment = ml.Experiment("none:None", {n: ml.Real(0, 1) for n in "ab"}, design=design, replications=5)
    answer = synthetic_results(experiment, {"y": event}).surface("y")
    low, high = 0.1, 0.9
    places = pd.DataFrame(
        [(a, b) for a in np.linspace(low, high, 9) for b in (low, 0.5, high)], columns=["a", "b"]
    )
    predicted = answer.predict(places)
    assert predicted["mean"].between(0, 1).all()
    assert ((predicted["high"] - predicted["low"]) > 0.01).all()
    assert (predicted["low"] <= predicted["mean"]).all()
    assert (predicted["mean"] <= predicted["high"]).all()
    settings = answer.tables["settings"]
    assert (settings["low"] < settings["high"]).all()
    assert (answer.tables["profile"]["low"] < answer.tables["profile"]["high"]).all()
    assert "interval 100 to 100 %" not in answer.sentence


def test_a_count_beyond_its_bound_keeps_an_interval():
    def deaths(runs, rng):
        return np.maximum(10 * (runs["a"] - 0.5) + rng.normal(0, 0.2, len(runs)), 0)

    experiment = ml.Experiment(
        "none:None", {n: ml.Real(0, 1) for n in "ab"}, design=ml.FullFactorial(4), replications=4
    )
    answer = synthetic_results(experiment, {"y": deaths}).surface("y", kind="quadratic")
    profile = answer.tables["profile"]
    assert (profile["mean"] == 0).any()  # where the quadratic surface dips below it
    assert (profile["low"] < profile["high"]).all()


def test_what_cannot_be_predicted_is_said():
    experiment = ml.Experiment(
        "none:None", {n: ml.Real(0, 1) for n in "ab"}, design=ml.LatinHypercube(40), replications=3
    )
    answer = synthetic_results(experiment, {"y": lambda runs, rng: rng.normal(size=len(runs))}).surface("y")
    assert answer.values["explained"] < 0.3
    assert "predicts y" in answer.sentence or "too little to rely on" in answer.sentence


def test_common_seeds_shift_the_level_not_the_shape():
    shared = 30 * np.random.default_rng(3).normal(size=5)

    def outcome(runs, rng):
        return wavy(runs) + shared[runs["replication"]]

    experiment = ml.Experiment(
        "none:None",
        {n: ml.Real(0, 1) for n in "abc"},
        design=ml.LatinHypercube(60),
        replications=5,
        common_random_numbers=True,
    )
    answer = synthetic_results(experiment, {"y": outcome}).surface("y")
    points = pd.DataFrame({"a": [0.2, 0.8], "b": [0.5, 0.5], "c": [0.5, 0.5]})
    predicted = answer.predict(points)
    assert predicted["mean"].diff().iloc[1] == pytest.approx(wavy(points).diff().iloc[1], abs=0.05)
    assert predicted.loc[0, "low"] < wavy(points)[0] < predicted.loc[0, "high"]
    moved = answer.table.set_index("parameter")
    assert (moved["range_high"] - moved["range_low"]).max() < 1


def test_the_next_step_confirms_the_best_setting_with_fresh_seeds():
    results = sampled(100, noise=0.1)
    answer = results.surface("y")
    again = answer.next
    assert (again.n_points, answer.next_runs, answer.next_grows) == (1, 20, False)
    assert again.seed != results.experiment.seed
    best = answer.tables["settings"].iloc[0]
    assert again.space.fixed["a"] == pytest.approx(best["a"])


def test_where_less_is_better_the_next_step_confirms_the_lowest_prediction():
    results = sampled()
    answer = results.surface("y", goal="min")
    assert "the setting with the lowest prediction" in answer.next_sentence
    assert "on the low side" in answer.next_sentence
    lowest = answer.tables["settings"].set_index("setting").loc["lowest"]
    fixed = answer.next.space.fixed
    assert all(fixed[name] == pytest.approx(lowest[name]) for name in fixed if name in lowest)
    assert answer.next.to_toml() != results.surface("y").next.to_toml()
    with pytest.raises(OutcomeError, match="goal is 'least'"):
        results.surface("y", goal="least")


def test_kinds_are_checked():
    results = sampled(30)
    with pytest.raises(OutcomeError, match="kind is 'cubic'"):
        results.surface("y", kind="cubic")
    with pytest.raises(ConclusionError, match="The points do not allow a quadratic surface"):
        results.surface("y", kind="quadratic")
    experiment = ml.Experiment("none:None", {"a": [1, 2], "b": ["x", "y"]}, replications=9)
    with pytest.raises(ConclusionError, match="points|No parameter is a number"):
        synthetic_results(experiment, {"y": lambda runs, rng: runs["a"] + rng.random(len(runs))}).surface("y")


def test_a_surface_that_overshoots_predicts_nothing_below_0_where_no_run_was():
    def stock(runs, rng):
        return 200 * np.exp(-8 * runs["a"]) * (1 + runs["b"]) + rng.uniform(0.1, 1, len(runs))

    experiment = ml.Experiment(
        "none:None", {n: ml.Real(0, 1) for n in "ab"}, design=ml.CentralComposite(), replications=4
    )
    answer = synthetic_results(experiment, {"y": stock}).surface("y", kind="quadratic")
    lowest = answer.tables["settings"].set_index("setting").loc["lowest"]
    assert lowest["mean"] == lowest["low"] == 0
    assert answer.predict({"a": [0.7], "b": [0.5]})["mean"].item() >= 0
    assert any("below 0: none of 36 runs did" in each for each in answer.unknown)


def test_0_is_no_end_of_an_outcome_of_both_signs_nor_said_where_no_surface_gets_there():
    experiment = ml.Experiment(
        "none:None", {n: ml.Real(0, 1) for n in "ab"}, design=ml.LatinHypercube(40), replications=3
    )
    both = synthetic_results(
        experiment, {"y": lambda runs, rng: runs["a"] - 0.5 + rng.normal(0, 0.01, len(runs))}
    )
    assert both.surface("y").tables["settings"]["mean"].min() < -0.4
    far = synthetic_results(
        experiment, {"y": lambda runs, rng: 500 + runs["a"] + rng.normal(0, 0.01, len(runs))}
    )
    assert not any("below 0" in each for each in far.surface("y").unknown)
