"""Which parameters matter: what is said of studies whose truth is known."""

import re

import numpy as np
import pytest

import mesa_lab as ml
from mesa_lab.testing import study_of_kind, synthetic_results
from tests.processing.analysis.sensitivity.conftest import ishigami

SPACE = {name: ml.Real(0, 1) for name in ("x1", "x2", "x3", "inert")}


def function(runs, rng, noise=3.72):
    unit = runs[["x1", "x2", "x3"]].to_numpy(dtype=float)
    return ishigami(unit) + noise * rng.standard_normal(len(runs))


def study(design, replications, outcome=function, space=SPACE, **settings):
    failed = settings.pop("failed", ())
    experiment = ml.Experiment(
        "none:None", space, design=design, replications=replications, max_steps=100, seed=2, **settings
    )
    return synthetic_results(experiment, {"y": outcome}, failed=failed)


def test_a_saltelli_study_is_read_aloud():
    answer = study(ml.Saltelli(512), 3).sensitivity("y")
    table = answer.table.set_index("parameter")
    assert list(answer.table.columns)[:8] == [
        "parameter",
        "first",
        "first_low",
        "first_high",
        "total",
        "total_low",
        "total_high",
        "rank",
    ]
    assert answer.sentence.startswith("y after 100 steps depends most on x1: ")
    assert "x3 (only together with others: 2" in answer.sentence
    assert "inert has no influence larger than" in answer.sentence
    assert "of the variance between points (95 % limit)." in answer.sentence
    assert "About half of all variation" in answer.sentence
    assert not table.loc["inert", "matters"]
    assert table.loc["inert", "total_low"] <= 0 <= table.loc["inert", "total_high"]
    assert abs(answer.values["share_of_chance"] - 0.5) < 0.03
    assert abs(answer.values["dummy"]) < 0.05
    assert answer.values["uncorrected_dummy"] == pytest.approx(0.25, abs=0.02)
    assert answer.next is None or answer.next_runs > 0


def test_second_order_indices_have_a_table_and_a_map():
    answer = study(ml.Saltelli(256, second_order=True), 3).sensitivity("y")
    second = answer.tables["second_order"]
    assert second.loc[second["second"].idxmax(), ["parameter", "other"]].tolist() == ["x1", "x3"]
    assert [chart.name for chart in answer.charts] == ["indices", "pairs"]


def test_one_run_a_point_is_warned_of_and_mended():
    answer = study(ml.Saltelli(256), 1).sensitivity("y")
    assert "chance cannot be told from influence" in " ".join(answer.warnings)
    assert answer.next.replications == 2
    assert answer.next_runs == 256 * 6
    assert answer.next_grows
    assert not answer.table.set_index("parameter").loc["inert", "matters"]
    assert np.isnan(answer.values["share_of_chance"])


def test_failed_blocks_are_counted():
    answer = study(ml.Saltelli(64), 2, failed=[0, 64 * 6, 7]).sensitivity("y")
    assert answer.values["n_blocks_dropped"] == 1
    assert "1 block of 64 lack a value" in " ".join(answer.warnings)
    assert "3 runs that failed or timed out are left out." in answer.warnings


def test_what_drives_the_spread_is_told_beside_what_drives_the_mean():
    def outcome(runs, rng):
        return 10 * runs["x1"] + (0.2 + 3 * runs["x2"]) * rng.standard_normal(len(runs))

    for design in (ml.Saltelli(256), ml.LatinHypercube(256)):
        answer = study(design, 8, outcome).sensitivity("y")
        assert answer.table["parameter"][0] == "x1"
        assert "How far runs of one point lie apart depends most on x2" in answer.sentence
    answer = study(ml.Morris(30), 8, outcome).sensitivity("y")
    assert "How far runs of one point lie apart changes most with x2." in answer.sentence


def test_a_morris_study_is_read_aloud():
    answer = study(ml.Morris(40), 5).sensitivity("y")
    assert {"mu", "mu_star", "mu_star_low", "mu_star_high", "sigma"} <= set(answer.table.columns)
    assert "y after 100 steps moves most with x1: by" in answer.sentence
    assert "inert cannot be told from chance: it moves y after 100 steps by" in answer.sentence
    assert "differs from place to place" in answer.sentence
    noise = answer.values["noise_mu_star"]
    assert answer.table.set_index("parameter").loc["inert", "mu_star"] < 1.5 * noise


def test_an_efast_study_is_read_aloud():
    answer = study(ml.EFAST(257), 3).sensitivity("y")
    assert "depends most on x1" in answer.sentence
    assert "eFAST" in answer.method or "Fourier" in answer.method
    assert abs(answer.values["share_of_chance"] - 0.5) < 0.08


def test_any_points_are_read_aloud():
    answer = study(ml.LatinHypercube(512), 4).sensitivity("y")
    assert "y after 100 steps depends most on x2: 4" in answer.sentence
    assert "x3 (together with others, about" in answer.sentence
    assert "inert has by itself no influence larger than" in answer.sentence
    assert answer.table["rank_correlation"].isna().all()  # nothing goes one way


def test_direction_is_told_where_there_is_one():
    answer = study(
        ml.LatinHypercube(128), 3, lambda runs, rng: -(runs["x1"] ** 3) + 0.01 * rng.random(len(runs))
    ).sensitivity("y")
    assert "the more the lower" in answer.sentence
    assert answer.table.loc[0, "rank_correlation"] < -0.95


def test_factorial_grids_agree_with_their_effects():
    results = study(
        None, 6, lambda runs, rng: 2 * runs["x1"] + rng.standard_normal(len(runs)), {n: [0, 1] for n in SPACE}
    )
    matter = results.sensitivity("y").table
    effects = results.effects("y").table
    certain = effects[(effects["p_adjusted"] < 0.05) & (effects["kind"] == "main")]["term"].tolist()
    assert matter[matter["matters"]]["parameter"].tolist() == certain == ["x1"]


def test_a_design_that_lost_its_blocks_is_not_taken_for_what_it_was():
    results = study(ml.Saltelli(64), 2)
    points = results.points.drop(index=[3, 9, 100]).reset_index(drop=True)
    broken = study(ml.Table(points), 2)
    answer = broken.sensitivity("y")
    assert "first" in answer.table
    assert "total" not in answer.table


def test_parameters_that_go_together_are_warned_of():
    results = study(ml.LatinHypercube(200), 2, constraints=["x1 < x2"])
    assert any("x1 and x2 go together" in warning for warning in results.sensitivity("y").warnings)


def test_only_chance_is_called_chance():
    answer = study(ml.LatinHypercube(100), 3, lambda runs, rng: rng.standard_normal(len(runs))).sensitivity(
        "y"
    )
    assert "none of 4 parameters can be told from chance, from 100 points" in answer.sentence
    saltelli = study(ml.Saltelli(64), 3, lambda runs, rng: rng.standard_normal(len(runs))).sensitivity("y")
    assert "no parameter can be told from chance" in saltelli.sentence


def test_false_alarms_are_rare_over_all_parameters():
    alarms = 0
    for seed in range(25):
        experiment = ml.Experiment(
            "none:None", SPACE, design=ml.LatinHypercube(64), replications=2, seed=seed
        )
        results = synthetic_results(
            experiment, {"y": lambda runs, rng: rng.standard_normal(len(runs))}, seed=seed
        )
        alarms += results.sensitivity("y").values["n_matter"] > 0
    assert alarms <= 4


def test_common_seeds_are_warned_of():
    answer = study_of_kind("saltelli, common seeds").sensitivity("y")
    assert any("All points have the same seeds" in warning for warning in answer.warnings)


def test_a_share_below_nothing_leaves_no_more_to_others():
    experiment = ml.Experiment("none:None", {"x": [1, 2, 3], "z": [1, 2]}, replications=6, seed=3)
    results = synthetic_results(
        experiment, {"y": lambda runs, rng: 10 * runs["x"] + rng.normal(0, 3, len(runs))}
    )
    answer = results.sensitivity("y")
    assert answer.table.set_index("parameter").loc["z", "first"] < 0
    assert "Where the other" not in " ".join(answer.unknown)


def test_a_parameter_without_influence_is_told_from_too_few_runs():
    few = study(ml.Saltelli(16), 2).sensitivity("y")
    assert "these runs are too few to tell" in few.sentence
    many = study(ml.Saltelli(256), 5).sensitivity("y")
    limit = int(re.search(r"inert has no influence larger than (\d+) %", many.sentence)[1])
    high = many.table.set_index("parameter").loc["inert", "total_high"]
    assert 100 * high <= limit < 100 * high + 1  # the upper end of its interval, rounded up
