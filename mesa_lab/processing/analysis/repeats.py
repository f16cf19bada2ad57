"""One outcome at the design points, each run counted once: points that are alike are one point."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mesa_lab.processing.analysis.effects.fit import merged_repeats
from mesa_lab.processing.analysis.observations import Factor, Observations, observe

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["in_scale", "observe_once", "without_lost_levels"]


def observe_once(results: Reader, outcome: str) -> Observations:
    """Read one outcome at the design points that have a value.

    Points of the same values are one point: with seeds of their own their runs are replications of it, with common seeds they
    are the same runs. A seed that an explicit list holds twice is one replication.

    Args:
        results: The results.
        outcome: An outcome that is a number, or what is recorded of each run.
    """
    observed = observe(results, outcome)
    seeds = results.experiment.seeds
    if seeds is not None:
        first = sorted({seed: place for place, seed in reversed(list(enumerate(seeds)))}.values())
        observed = replace(
            observed, values=observed.values[:, [at for at in first if at < observed.values.shape[1]]]
        )
    observed = observed.measured()
    present = [_present(factor) for factor in observed.factors]
    observed = replace(observed, factors=tuple(factor for factor in present if len(factor.levels) > 1))
    return merged_repeats(observed) if observed.factors else observed


def without_lost_levels(observed: Observations) -> tuple[Observations, list[str]]:
    """Leave out parameters of which one level only has a value: nothing can be said of what they do.

    Returns:
        The outcome at the points that have a value, and the names of these parameters.
    """
    measured = observed.measured()
    present = [_present(factor) for factor in measured.factors]
    lost = [factor.name for factor in present if len(factor.levels) < 2]
    if not lost:
        return observed, []
    return replace(measured, factors=tuple(factor for factor in present if len(factor.levels) > 1)), lost


def _present(factor: Factor) -> Factor:
    """Return a parameter with those of its levels that are left."""
    used, codes = np.unique(factor.codes, return_inverse=True)
    levels = tuple(factor.levels[at] for at in used)
    return replace(factor, codes=codes.astype(np.int64), levels=levels)


def in_scale(observed: Observations) -> tuple[Observations, float]:
    """Divide values whose squares would overflow, or vanish, by the largest.

    Returns:
        The outcome to compute with, and what to multiply results by.
    """
    known = observed.values[np.isfinite(observed.values)]
    largest = float(np.abs(known).max()) if len(known) else 0.0
    if largest == 0 or 1e-100 < largest < 1e100:
        return observed, 1.0
    return replace(observed, values=observed.values / largest), largest
