"""Dunnett's test: several scenarios against one base, with one estimate of chance for all.

It finds smaller differences than Holm's method where its conditions hold, and gives wrong answers where they do not; so these are
asked for.
"""

from __future__ import annotations

import numpy as np

from mesa_lab.errors import ConclusionError, OutcomeError
from mesa_lab.processing.analysis.comparison.scenarios import Scenarios
from mesa_lab.processing.analysis.observations import Observations

__all__ = ["dunnett_p"]


def dunnett_p(observed: Observations, found: Scenarios, looks: int | None) -> list[float]:
    """Return p-values of all differences from the base that hold together (Dunnett 1955, JASA 50: 1096-1121).

    Args:
        observed: The outcome at the points.
        found: The scenarios.
        looks: How often results are looked at in all.

    Raises:
        OutcomeError: If results are looked at any number of times: the test is for a number that was decided before.
        ConclusionError: If runs share their seeds or are yes or no, a scenario holds several points, or has one run.
    """
    from scipy.stats import dunnett

    if looks is None:
        raise OutcomeError(
            'Dunnett\'s test is for a number of looks that was decided before: give it as looks=1 beside adjust="dunnett".'
        )
    against = None
    if observed.common:
        against = "is for independent runs, and these share their seeds (common random numbers)"
    elif observed.is_share:
        against = "is for numbers, and these runs answer yes or no"
    elif found.held:
        against = "is for runs of one point each, and these scenarios hold several points"
    samples = [each.values[np.isfinite(each.values)] for each in (found.base, *found.others)]
    if against is None and min(map(len, samples)) < 2:
        against = "takes two runs of each scenario"
    if against is not None:
        raise ConclusionError(
            f"Dunnett's test {against}. Leave adjust=\"dunnett\" out: Holm's method holds always."
        )
    base, *others = samples
    if all(np.ptp(each) == 0 for each in samples):
        return [float(each[0] == base[0]) for each in others]
    # The distribution is integrated by random points: a seed of its own makes the answer the same each time.
    return [
        float(p) for p in np.atleast_1d(dunnett(*others, control=base, rng=np.random.default_rng(1)).pvalue)
    ]
