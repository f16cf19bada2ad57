"""Sequential approximate Bayesian computation: it covers the truth, as wide as the exact posterior, and draws ever nearer to the data."""

from __future__ import annotations

import numpy as np
import pytest

import mesa_lab as ml
from mesa_lab.errors import ExperimentError
from mesa_lab.processing.analysis.calibration.population import (
    first_size,
    generations_of,
    population_of,
    read_particles,
)
from mesa_lab.search import carry_out
from mesa_lab.testing import check_conclusion, play_search
from tests.search.bowls import bowl

SD = 0.1
BUDGET = 200


def model(values, rng):
    return {"u": values["a"] + SD * rng.normal(), "v": values["a"] * values["b"] + SD * rng.normal()}


def study(seed, budget=BUDGET):
    """A truth, data made with it, and the population that a search for them ends with."""
    rng = np.random.default_rng(100 + seed)
    truth = rng.random(2)
    method = ml.Calibrate(model({"a": truth[0], "b": truth[1]}, rng), engine="abc")
    experiment = ml.Experiment("none:None", {"a": ml.Real(0, 1), "b": ml.Real(0, 1)}, seed=seed)
    played = play_search(ml.Search(experiment, method, budget=budget), model)
    values = np.stack([played.values[name] for name in ("u", "v")], axis=-1)
    found = population_of(
        played.history.space,
        played.history.unit,
        read_particles(played.batches, values, 1),
        generations_of(played.batches),
        method.components,
        first=first_size(budget, 1),
        seed=seed,
    )
    return truth, played, found


def ends(found, place):
    """The 90 % interval of a parameter."""
    order = np.argsort(found.adjusted[:, place])
    weight = found.near_weight[order]
    reached = np.searchsorted(np.cumsum(weight) / weight.sum(), [0.05, 0.95])
    return found.adjusted[order, place][np.minimum(reached, len(order) - 1)]


@pytest.fixture(scope="module")
def studies():
    return [study(seed) for seed in range(8)]


def test_the_intervals_hold_the_truth(studies):
    held = sum(
        low <= truth[place] <= high
        for truth, _, found in studies
        for place in (0, 1)
        for low, high in [ends(found, place)]
    )
    assert held >= 11  # of 16: 90 % are 14.4


def test_they_are_about_as_wide_as_those_of_the_exact_posterior(studies):
    widths = np.array([[np.ptp(ends(found, place)) for place in (0, 1)] for _, _, found in studies])
    grid = (np.arange(100) + 0.5) / 100
    a, b = np.meshgrid(grid, grid, indexing="ij")
    exact = []
    for _, played, _ in studies:
        u, v = (each.value for each in played_targets(played))
        likely = np.exp(-0.5 * ((a - u) / SD) ** 2 - 0.5 * ((a * b - v) / SD) ** 2)
        sums = [np.cumsum(likely.sum(axis=1 - place)) / likely.sum() for place in (0, 1)]
        exact.append([np.ptp(grid[np.searchsorted(each, [0.05, 0.95])]) for each in sums])
    ratio = widths.mean(axis=0) / np.mean(exact, axis=0)
    assert (ratio > 0.7).all()
    assert (ratio < 1.4).all()


def played_targets(played):
    rng = np.random.default_rng(100 + played.history.seed)
    truth = rng.random(2)
    return ml.Calibrate(model({"a": truth[0], "b": truth[1]}, rng)).components


def test_it_draws_nearer_than_points_spread_evenly(studies):
    nearer = [np.median(found.distance[:50]) / np.median(found.distance[-50:]) for _, _, found in studies]
    assert np.median(nearer) > 1.5
    assert all(len(found.proposals) >= 4 for _, _, found in studies)
    assert all(found.effective > 0.3 * len(found.near) for _, _, found in studies)
    assert any(
        batch.why.startswith("Draws near the 25 settings that came nearest")
        for batch in studies[0][1].batches
    )


def test_it_stops_where_nothing_comes_nearer():
    space = {"kind": ml.Choice(["x", "y"]), "n": ml.Integer(1, 3)}
    method = ml.Calibrate({"u": 0.0}, engine="abc")
    search = ml.Search(ml.Experiment("none:None", space), method, budget=400)
    played = play_search(search, lambda values, rng: {"u": float(values["n"] > 1)})
    assert "came nearer to the data than those that were kept" in played.over
    assert played.n_runs < 400


def test_a_study_of_it_says_what_fits():
    method = ml.Calibrate({"loss": {"value": 0.5, "tolerance": 0.1}}, engine="abc", observed_runs=2)
    search = ml.Search(bowl(parameters={"kind": "a"}), method, budget=160)
    results = carry_out.search(search, backend="sequential", progress=False)
    answer = results.found()
    check_conclusion(answer, results)
    assert "That is by the 32 settings that came nearest to the data" in answer.sentence
    assert "Lenormand" in answer.method
    assert results.calibrate().table.equals(answer.table)
    assert "Lenormand" not in results.calibrate({"loss": 0.7}).method


def test_data_without_chance_are_refused():
    with pytest.raises(ExperimentError, match="observed_runs says that the data hold none"):
        ml.Calibrate({"u": 1}, engine="abc", observed_runs=None)
    with pytest.raises(ExperimentError, match="Did you mean 'abc'"):
        ml.Calibrate({"u": 1}, engine="abd")
