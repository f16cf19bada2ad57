"""What sequential approximate Bayesian computation asks for: settings drawn near those whose runs came nearest to the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mesa_lab.formatting import number, plural
from mesa_lab.processing.analysis.calibration.population import (
    first_size,
    generations_of,
    population_of,
    read_particles,
)
from mesa_lab.search.method import Answer, Ask, Done, Request
from mesa_lab.search.new_points import allowed_values, nothing_left

if TYPE_CHECKING:
    from mesa_lab.processing.analysis.calibration.targets import Component
    from mesa_lab.search.history import Floats, History

__all__ = ["ask_near"]

_ENOUGH: Final = 0.05
"""Share of a generation that comes nearer than before, below which nothing is gained by another."""


def ask_near(
    history: History, components: Sequence[Component], columns: Sequence[Floats], runs: int, distance: str
) -> Answer:
    """Ask for the next settings.

    Args:
        history: What is known.
        components: The observed numbers.
        columns: What the runs gave of each, by point and replication.
        runs: How many runs of a setting are compared with the data, by their mean.
        distance: How misses are made comparable.
    """
    size = first_size(history.budget, runs)
    generations = generations_of(history.batches)
    since = max(generations, default=0)
    asked = sum(batch.n_runs for batch in history.batches if batch.number >= since) // runs
    notes: dict[str, Any] = {}
    particles = read_particles(history.batches[: history.known], np.stack(columns, axis=-1), runs)
    if asked >= (size // 2 if generations else size):
        latest = population_of(
            history.space,
            history.unit,
            particles,
            generations,
            components,
            first=size,
            distance=distance,
            seed=history.seed,
        )
        if latest is not None:
            if generations and latest.closer <= _ENOUGH:
                return Done(
                    f"Only {number(100 * latest.closer, 2)} % of the last settings came nearer to the data than those that were kept: further runs "
                    "tell little more."
                )
            generations = {**generations, history.number: history.known}
            notes = {"generation": len(generations), "known": history.known}
    found = (
        population_of(
            history.space,
            history.unit,
            particles,
            generations,
            components,
            first=size,
            distance=distance,
            seed=history.seed,
        )
        if generations
        else None
    )
    n = max(history.batch_runs // runs, 1)
    rng = history.rng()
    if found is None:
        values: list[dict[str, Any]] = _evenly(history, n, rng)
        why = "Draws settings evenly from the space."
    else:
        values = allowed_values(history.space, found.draw(n, rng))
        why = (
            f"Draws near the {plural(len(found.kept), 'setting')} that came nearest to the data, within {number(found.tolerance, 3)} standard "
            "deviations of all runs."
        )
    if not values:
        return Done(nothing_left(history))
    return Ask([Request(values=row, replications=runs) for row in values], why, notes)


def _evenly(history: History, n: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Draw settings evenly; one may come again where the space has few."""
    found: list[dict[str, Any]] = []
    for _ in range(12):
        found += allowed_values(history.space, rng.random((2 * n, len(history.space.varied))))
        if len(found) >= n:
            break
    return found[:n]
