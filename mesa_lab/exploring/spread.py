"""Settings all over the ranges, for first curves and for better ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mesa_lab.exploring.measured import Measured

__all__ = ["spread", "survey_points"]


def spread(measured: Measured, count: int, seed: int, rounds: int) -> list[dict[str, Any]]:
    """Return settings all over the ranges that keep the constraints and were not measured, the same each time.

    Args:
        measured: What was measured.
        count: How many.
        seed: Of the sequence (Sobol, scrambled).
        rounds: A setting with so many runs counts as measured.
    """
    from scipy.stats import qmc

    dials, space = measured.dials, measured.space
    low, high = np.array(
        [(dial.units[0], dial.units[-1]) if dial.is_number else (0.0, 1.0) for dial in dials]
    ).T
    found: list[dict[str, Any]] = []
    sequence = qmc.Sobol(len(dials), rng=seed % 2**32)
    for _ in range(40):
        table = space.from_unit(low + (high - low) * sequence.random(64))
        table = table[space.allowed(table)]
        for row in table.to_dict("records"):
            setting = {dial.name: dial.read(row[dial.name]) for dial in dials}
            if setting not in found and measured.n_at(setting) < rounds:
                found.append(setting)
            if len(found) == count:
                return found
    return found


def survey_points(parameters: int) -> int:
    """Return how many settings all over the ranges give first curves."""
    return max(4 * parameters + 4, 12)
