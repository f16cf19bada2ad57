"""How many replications? Against sim-tools' numbers, and in simulated studies."""

import numpy as np
import pytest
from scipy import stats

import mesa_lab as ml
from mesa_lab.errors import ConclusionError, OutcomeError
from mesa_lab.processing.analysis.replications.consistency import consistency, largest_a, runs_for_small
from mesa_lab.processing.analysis.replications.needed import wanted
from mesa_lab.processing.analysis.replications.running import look_ahead_of, running, steady_from
from mesa_lab.testing import synthetic_results
from tests.processing.analysis.sensitivity.conftest import observations


def study(outcome, parameters=None, replications=40, **settings):
    experiment = ml.Experiment("none:None", parameters or {"a": [1]}, replications=replications, **settings)
    return synthetic_results(experiment, {"y": outcome})


def normal(mean, sd):
    return lambda runs, rng: mean + sd * rng.normal(size=len(runs))


def steady(values, precision, look_ahead=5):
    found = running(np.atleast_2d(values), is_share=False, level=0.95)
    n, lacking = steady_from(found, precision * np.abs(found.mean), look_ahead=look_ahead)
    return int(n[0]), int(lacking[0])


@pytest.mark.parametrize(
    ("mean", "sd", "seed", "expected"),
    [(100, 4, 0, 3), (1, 1, 0, 422), (1, 1, 1, 388), (44, 27, 0, 122), (44, 27, 1, 132), (44, 27, 2, 135)],
)
def test_the_runs_needed_are_those_of_sim_tools(mean, sd, seed, expected):
    # sim-tools 1.3.0: ReplicationsAlgorithm(half_width_precision=0.1, initial_replications=5, look_ahead=10)
    values = np.random.default_rng(seed).normal(mean, sd, 2000)
    assert steady(values, 0.1, look_ahead=10) == (expected, 0)


def test_a_precision_that_is_lost_again_does_not_count():
    values = [9.0, 11.0, 10.0, 10.0, 10.0, 10.0, 40.0, *[10.0] * 60]
    n, lacking = steady(values, 0.1)
    assert n > 7
    assert lacking == 0
    found = running(np.atleast_2d(values), is_share=False, level=0.95)
    assert (found.half_width[0, n - 1 : n + 5] <= 0.1 * found.mean[0, n - 1 : n + 5]).all()


def test_the_look_ahead_grows_with_the_runs():
    assert [look_ahead_of(n) for n in (3, 100, 119, 120, 400)] == [5, 5, 5, 6, 20]


def test_running_means_are_those_of_the_first_runs_that_have_a_value():
    values = np.array([[3.0, np.nan, 5.0, 4004.0, 2.0]])
    found = running(values, is_share=False, level=0.95)
    kept = values[0, [0, 2, 3, 4]]
    for n in (2, 3, 4):
        low, high = stats.t.interval(0.95, n - 1, kept[:n].mean(), stats.sem(kept[:n]))
        assert found.mean[0, n - 1] == pytest.approx(kept[:n].mean())
        assert found.half_width[0, n - 1] == pytest.approx((high - low) / 2)
    assert np.isnan(found.mean[0, 4])


def test_reached_and_held_is_said():
    conclusion = study(normal(100, 5)).replications("y")
    (row,) = conclusion.table.to_dict("records")
    assert row["steady_from"] == row["n_needed"] < 20
    assert f"±5 % was reached with {row['steady_from']} runs and held." in conclusion.sentence
    assert conclusion.next is None


def test_what_is_not_reached_is_estimated_and_run_next():
    results = study(normal(100, 30), {"a": [1, 2, 3]}, replications=10)
    conclusion = results.replications("y")
    variance = results.runs.groupby("a")["y"].var()
    # Nine degrees of freedom of its own and four of that of all points.
    sd = np.sqrt((9 * variance + 4 * variance.mean()) / 13)
    for (_, row), each in zip(conclusion.table.iterrows(), sd, strict=True):
        plain = (1.96 * each / row["wanted"]) ** 2
        assert row["n_needed"] == pytest.approx(plain, rel=0.1)
    most = conclusion.table["n_needed"].max()
    assert conclusion.values["n_needed"] == most
    assert conclusion.next.replications == pytest.approx(most, rel=0.1)
    assert conclusion.next_runs == 3 * (conclusion.next.replications - 10)
    assert "at the worst of 3 points" in conclusion.sentence


def test_points_that_need_less_are_told_apart():
    outcome = lambda runs, rng: 100 + np.where(runs["a"] == 1, 60, 10) * rng.normal(size=len(runs))  # noqa: E731
    sentence = study(outcome, {"a": list(range(1, 11))}, replications=20).replications("y").sentence
    assert "; at 9 of 10 points" in sentence


def test_a_precision_reached_with_the_last_runs_is_not_confirmed():
    outcome = lambda runs, rng: np.resize([90.0, 110.0], len(runs))  # noqa: E731
    full = study(outcome, replications=60).replications("y").table["steady_from"].iloc[0]
    conclusion = study(outcome, replications=int(full) + 2).replications("y")
    assert conclusion.table["to_confirm"].iloc[0] == 3
    assert "3 more runs would confirm it" in conclusion.unknown[0]
    assert conclusion.next.replications == full + 5


@pytest.mark.parametrize("spread", [0.5, 4.0])
def test_what_is_wanted_changes_without_a_jump_as_a_mean_comes_near_0(spread):
    rng = np.random.default_rng(2)
    noise = spread * (rng.permuted(np.tile(np.linspace(-1, 1, 12), (9, 1)), axis=1))
    found = []
    for mean in np.linspace(-10, 10, 401):
        means = np.array([40.0, 50, 60, 70, 30, 45, 55, 65, mean])
        observed = observations(np.linspace(0, 1, 9)[:, None], means[:, None] + noise)
        found.append(wanted(observed, 0.05, None).half_width[-1])
    assert np.abs(np.diff(found)).max() < 0.05 * 0.06
    assert found[0] == pytest.approx(0.5)
    assert min(found) == pytest.approx(0.05 * max(5.0, noise[0].std(ddof=1)), rel=0.3)


def test_the_sentence_says_both_precisions():
    experiment = ml.Experiment("none:None", {"a": [0, 40, 50, 60]}, replications=20)
    results = synthetic_results(experiment, {"y": lambda runs, rng: runs["a"] + rng.normal(0, 3, len(runs))})
    answer = results.replications("y", precision=0.01)
    assert "For ±1 % (±0.045 near 0) everywhere" in answer.sentence
    assert any("At 1 of 4 points the mean is near 0" in warning for warning in answer.warnings)


def test_near_zero_a_part_of_the_mean_is_not_asked_for():
    outcome = lambda runs, rng: np.where(runs["a"] == 1, 0.1, 100) + rng.normal(size=len(runs))  # noqa: E731
    conclusion = study(outcome, {"a": [1, 2, 3, 4]}).replications("y")
    assert conclusion.table["wanted"].iloc[0] == pytest.approx(0.5, rel=0.02)  # 5 % of a tenth of 100
    assert any("is near 0" in warning for warning in conclusion.warnings)
    everywhere = study(normal(0, 1)).replications("y")
    assert any("below the usual standard deviation of runs" in warning for warning in everywhere.warnings)
    given = study(normal(0, 1)).replications("y", within=1)
    assert "±1 was reached with" in given.sentence
    assert not given.warnings


def test_a_share_is_measured_in_percentage_points():
    conclusion = study(lambda runs, rng: rng.random(len(runs)) < 0.3, replications=50).replications("y")
    assert "percentage points" in conclusion.sentence
    assert conclusion.table["n_needed"].iloc[0] == pytest.approx(1.96**2 * 0.3 * 0.7 / 0.05**2, rel=0.3)


def test_runs_that_are_all_alike_need_one():
    conclusion = study(lambda runs, rng: np.full(len(runs), 4.0)).replications("y")
    assert conclusion.sentence.startswith("All 40 runs give y after 100 steps as 4")
    assert conclusion.next is None
    assert "up to 7 % of all may still be different" in conclusion.unknown[0]


def test_too_few_runs_are_refused():
    with pytest.raises(ConclusionError, match="takes 3 at least"):
        study(normal(1, 1), replications=2).replications("y")


@pytest.mark.parametrize("option", [{"precision": 0}, {"precision": True}, {"within": -1}, {"level": 2}])
def test_options_out_of_range_are_refused(option):
    with pytest.raises(OutcomeError):
        study(normal(1, 1)).replications("y", **option)


def test_the_runs_needed_give_the_precision_that_is_promised():
    rng, held, reached = np.random.default_rng(4), [], []
    for _ in range(400):
        values = rng.normal(100, 10, 400)
        n, _ = steady(values, 0.05)
        reached.append(n)
        held.append(abs(values[:n].mean() - 100) <= 5)
    assert np.mean(reached) == pytest.approx(17.7, abs=1)
    assert np.mean(held) >= 0.95


def test_consistency_analysis_depends_on_the_number_of_runs_alone():
    rng = np.random.default_rng(5)
    for draw in (rng.normal, rng.exponential):
        found = []
        for _ in range(60):
            sets = draw(size=(20, 50))
            ranks = stats.rankdata(np.hstack([np.tile(sets[0], (19, 1)), sets[1:]]), axis=1)[:, 50:].sum(
                axis=1
            )
            a = (ranks / 50 - 51 / 2) / 50
            found.append(np.maximum(a, 1 - a).max())
        assert np.mean(found) == pytest.approx(largest_a(50), abs=0.01)
    assert (np.diff(consistency()["largest_a"]) < 0).all()
    assert largest_a(runs_for_small()) < 0.56 <= largest_a(runs_for_small() - 1)
    assert (
        "depends on n alone"
        in study(normal(100, 5)).replications("y").chart("consistency").to_dict()["description"]
    )
