"""Power and half-widths beside statsmodels, which works them out its own way."""

import math
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.power import TTestIndPower, TTestPower

from mesa_lab.errors import ExperimentError
from mesa_lab.preparation.power import (
    detectable_difference,
    half_width,
    power_of_test,
    precision,
    replications_for_difference,
    replications_for_half_width,
)


@pytest.mark.parametrize("n", [2, 3, 10, 57, 400])
@pytest.mark.parametrize("effect", [0.05, 0.5, 1.2])
def test_the_power_of_two_samples(n: int, effect: float) -> None:
    assert power_of_test(3.0, n, 3.0 * effect) == pytest.approx(
        TTestIndPower().power(effect, n, 0.05), abs=1e-9
    )
    assert power_of_test(3.0, n, -3.0 * effect) == pytest.approx(power_of_test(3.0, n, 3.0 * effect))


@pytest.mark.parametrize("n", [3, 10, 57])
@pytest.mark.parametrize("correlation", [0.0, 0.6, -0.3])
def test_the_power_of_pairs(n: int, correlation: float) -> None:
    spread = 3.0 * math.sqrt(2 * (1 - correlation))
    expected = TTestPower().power(2.0 / spread, n, 0.05)
    assert power_of_test(3.0, n, 2.0, correlation=correlation) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("n", [3, 10, 100])
@pytest.mark.parametrize("wanted", [0.5, 0.8, 0.95])
def test_the_smallest_difference_that_is_found(n: int, wanted: float) -> None:
    found = detectable_difference(2.0, n, power=wanted)
    assert power_of_test(2.0, n, found) == pytest.approx(wanted, abs=1e-6)
    assert TTestIndPower().power(found / 2.0, n, 0.05) == pytest.approx(wanted, abs=1e-6)


def test_half_widths_shrink_with_the_root_of_replications() -> None:
    assert half_width(12, 10) == pytest.approx(12 * 2.2621572 / math.sqrt(10))
    assert half_width(12, 4000) == pytest.approx(half_width(12, 1000) / 2, rel=1e-2)
    assert half_width(12, 1) == detectable_difference(12, 1) == math.inf
    assert half_width(0, 10) == detectable_difference(0, 10) == 0


def test_it_is_what_simulation_shows() -> None:
    rng = np.random.default_rng(5)
    found = detectable_difference(12, 10)
    from scipy import stats

    one, two = rng.normal(0, 12, (10, 4000)), rng.normal(found, 12, (10, 4000))
    assert (stats.ttest_ind(one, two).pvalue < 0.05).mean() == pytest.approx(0.8, abs=0.02)


def test_replications_that_are_needed() -> None:
    assert replications_for_difference(1, 0.5) == 64  # Cohen (1988), table 2.4.1
    assert replications_for_difference(1, 0.3, power=0.9) == math.ceil(
        TTestIndPower().solve_power(0.3, alpha=0.05, power=0.9)
    )
    assert replications_for_difference(1, 100) == 2
    assert replications_for_difference(1, 0.5, correlation=0.8) < 20
    n = replications_for_half_width(10, 1.5)
    assert half_width(10, n) <= 1.5 < half_width(10, n - 1)
    assert replications_for_half_width(0, 1) == 2


def test_the_sentence() -> None:
    assert precision(12, 10).sentence == (
        "With a standard deviation of 12 between runs of a point, 10 replications give its mean to ±8.6 and find differences "
        "of 16 between two points with 80 % (two-sided at 5 %)."
    )
    assert "main effects of 5.7" in precision(10, 3, runs=48 * 2 + 4).sentence
    assert precision(12, 1).sentence.startswith("One replication gives no interval")
    assert "±0.0086" in precision(0.012, 10).sentence
    assert "±8,600" in precision(12000, 10).sentence.replace("±8600", "±8,600")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: half_width(-1, 10), "standard deviation is -1"),
        (lambda: half_width(float("nan"), 10), "standard deviation is nan"),
        (lambda: half_width(1, 0), "replications is 0"),
        (lambda: half_width(1, 5, confidence=95), "confidence is 95"),
        (lambda: detectable_difference(1, 5, power=1.0), "power is 1.0"),
        (lambda: detectable_difference(1, 5, power=0.01), "power is 0.01"),
        (lambda: power_of_test(1, 5, 1, correlation=2), "correlation is 2"),
        (lambda: replications_for_half_width(1, 0), "Give a number above 0"),
        (lambda: replications_for_half_width(1, 1e-9), "Ask for less precision"),
    ],
)
def test_mistakes_are_named(call: Any, message: str) -> None:
    with pytest.raises(ExperimentError, match=message):
        call()
