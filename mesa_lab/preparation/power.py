"""What a number of replications can tell, given how much runs of one point differ: half-widths, differences, power.

Before an experiment the standard deviation is a guess or comes from trial runs; nothing here runs or reads any.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mesa_lab.errors import ExperimentError
from mesa_lab.formatting import percent

__all__ = [
    "Precision",
    "detectable_difference",
    "half_width",
    "power_of_test",
    "precision",
    "replications_for_difference",
    "replications_for_half_width",
]

MOST_REPLICATIONS: Final = 10_000_000


@dataclass(frozen=True)
class Precision:
    """What a number of replications can tell.

    Attributes:
        sd: The standard deviation between runs of one point.
        replications: Runs of each point.
        half_width: Half the width of the interval of a point's mean.
        difference: The smallest difference between two points that is found with the given power.
        effect: The same for a main effect of a balanced two-level design, which compares half of all runs with the other
            half; None for other designs.
        power: The share of experiments that find it.
        confidence: Of the interval; the test errs in the rest of the cases.
    """

    sd: float
    replications: int
    half_width: float
    difference: float
    effect: float | None = None
    power: float = 0.8
    confidence: float = 0.95

    @property
    def sentence(self) -> str:
        """The same in words."""
        if self.replications < 2:
            return (
                "One replication gives no interval: how much runs of one point differ cannot be seen in it."
            )
        said = (
            f"With a standard deviation of {_short(self.sd)} between runs of a point, {self.replications:,} replications give "
            f"its mean to ±{_short(self.half_width)} and find differences of {_short(self.difference)} between two points "
            f"with {percent(self.power)}"
        )
        if self.effect is not None:
            said += f", main effects of {_short(self.effect)}"
        return f"{said} (two-sided at {percent(1 - self.confidence)})."


def precision(
    sd: float,
    replications: int,
    *,
    runs: int | None = None,
    power: float = 0.8,
    confidence: float = 0.95,
) -> Precision:
    """Return what a number of replications can tell.

    Args:
        sd: The standard deviation between runs of one point, from trial runs.
        replications: Runs of each point.
        runs: All runs of a balanced two-level design, for the power of its main effects; None for other designs.
        power: The share of experiments that shall find the difference.
        confidence: Of the interval of a mean; a test of a difference errs in the rest of the cases.

    Raises:
        ExperimentError: If a number is out of range.

    Example:
        >>> print(precision(10, 10).sentence)
        With a standard deviation of 10 between runs of a point, 10 replications give its mean to ±7.2 and find differences \
of 13 between two points with 80 % (two-sided at 5 %).
    """
    difference = detectable_difference(sd, replications, power=power, confidence=confidence)
    effect = (
        None if runs is None else detectable_difference(sd, runs // 2, power=power, confidence=confidence)
    )
    width = half_width(sd, replications, confidence=confidence)
    return Precision(float(sd), replications, width, difference, effect, power, confidence)


def half_width(sd: float, replications: int, *, confidence: float = 0.95) -> float:
    """Return the expected half-width of the interval of a mean, by Student's t.

    Args:
        sd: The standard deviation between runs of one point.
        replications: How many runs; a single one gives an infinite width.
        confidence: Of the interval.

    Example:
        >>> round(half_width(10, 10), 2)
        7.15
    """
    _check(sd, replications, confidence)
    if replications < 2:
        return math.inf
    from scipy import stats

    return float(stats.t.ppf((1 + confidence) / 2, replications - 1) * sd / math.sqrt(replications))


def power_of_test(
    sd: float,
    replications: int,
    difference: float,
    *,
    correlation: float | None = None,
    confidence: float = 0.95,
) -> float:
    """Return how often a difference between two points is found, by the two-sided t test.

    Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, chapter 2, with the noncentral F distribution.

    Args:
        sd: The standard deviation between runs of each point.
        replications: Runs of each point.
        difference: The true difference of their means.
        correlation: Between the runs of a replication under common random numbers, for the paired test; None for seeds of
            their own and Welch's or Student's test.
        confidence: 1 less the share of false alarms.

    Example:
        >>> round(power_of_test(1, 26, 0.8), 2)
        0.81
    """
    _check(sd, replications, confidence)
    if replications < 2 or sd == 0:
        return float(sd == 0 and difference != 0)
    from scipy import stats

    error, free = _error(sd, replications, correlation)
    if error == 0:
        return float(difference != 0)
    # t squared is F; scipy's noncentral t is NaN for some large shifts, its noncentral F is not.
    limit = stats.t.ppf((1 + confidence) / 2, free) ** 2
    return float(stats.ncf.sf(limit, 1, free, (difference / error) ** 2))


def detectable_difference(
    sd: float,
    replications: int,
    *,
    power: float = 0.8,
    correlation: float | None = None,
    confidence: float = 0.95,
) -> float:
    """Return the smallest difference between two points that is found with a given power.

    Args:
        sd: The standard deviation between runs of each point.
        replications: Runs of each point; a single one finds nothing.
        power: The share of experiments that shall find it.
        correlation: As in `power_of_test`.
        confidence: 1 less the share of false alarms.

    Example:
        >>> round(detectable_difference(10, 10), 1)
        13.2
    """
    _check(sd, replications, confidence)
    if not 1 - confidence < power < 1:
        raise ExperimentError(
            f"power is {power!r}. Give a share above {1 - confidence:g} and below 1, such as 0.8."
        )
    if replications < 2:
        return math.inf
    error, _ = _error(sd, replications, correlation)
    if error == 0:
        return 0.0
    from scipy.optimize import brentq

    def lacking(shift: float) -> float:
        return (
            float(
                power_of_test(sd, replications, shift * error, correlation=correlation, confidence=confidence)
            )
            - power
        )

    high = 4.0
    while lacking(high) < 0:
        high *= 2
    return float(brentq(lacking, 0.0, high, xtol=1e-9)) * error


def replications_for_half_width(sd: float, wanted: float, *, confidence: float = 0.95) -> int:
    """Return how many replications give the mean of a point to within so much.

    Example:
        >>> replications_for_half_width(10, 2)
        99
    """
    return _fewest(lambda n: half_width(sd, n, confidence=confidence) <= wanted, wanted)


def replications_for_difference(
    sd: float,
    difference: float,
    *,
    power: float = 0.8,
    correlation: float | None = None,
    confidence: float = 0.95,
) -> int:
    """Return how many replications of each point find a difference with a given power.

    Example:
        >>> replications_for_difference(1, 0.8)
        26
    """
    return _fewest(
        lambda n: (
            detectable_difference(sd, n, power=power, correlation=correlation, confidence=confidence)
            <= abs(difference)
        ),
        difference,
    )


def _fewest(enough: Callable[[int], bool], wanted: float) -> int:
    """The smallest number of replications, from 2, that is enough."""
    if not wanted > 0:
        raise ExperimentError(
            f"{wanted!r} cannot be reached by any number of replications. Give a number above 0."
        )
    high = 2
    while not enough(high):
        high *= 2
        if high > MOST_REPLICATIONS:
            raise ExperimentError(
                f"More than {MOST_REPLICATIONS:,} replications would be needed. Ask for less precision."
            )
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return max(high, 2)


def _error(sd: float, replications: int, correlation: float | None) -> tuple[float, int]:
    """The standard error of a difference, and its degrees of freedom."""
    if correlation is None:
        return sd * math.sqrt(2 / replications), 2 * replications - 2
    if not -1 <= correlation <= 1:
        raise ExperimentError(f"correlation is {correlation!r}. Give a number from -1 to 1.")
    return sd * math.sqrt(2 * (1 - correlation) / replications), replications - 1


def _check(sd: float, replications: int, confidence: float) -> None:
    if not (math.isfinite(sd) and sd >= 0):
        raise ExperimentError(f"The standard deviation is {sd!r}. Give a number from 0.")
    if replications < 1:
        raise ExperimentError(f"replications is {replications!r}. Give a whole number from 1.")
    if not 0 < confidence < 1:
        raise ExperimentError(f"confidence is {confidence!r}. Give a share between 0 and 1, such as 0.95.")


def _short(value: float) -> str:
    """Two digits: 13, 0.13, 1300."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, digits)
    return f"{rounded:.{max(digits, 0)}f}" if abs(value) < 1e15 else f"{value:.2g}"
