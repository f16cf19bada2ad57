"""NSGA-II: a population that spreads along the front where one goal is only gained by losing another; for many generations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from mesa_lab.search.engines.engine import Engine, Trials
from mesa_lab.search.engines.optuna_study import IMPORTED, propose_with

__all__ = ["ENGINE"]

_POPULATION: Final = 24
"""Searches of a model have hundreds of points, not the thousands for which 50 are usual."""


def _propose(trials: Trials, n: int, rng: np.random.Generator) -> Sequence[Mapping[str, Any]]:
    def sampler(seed: int) -> Any:
        from optuna.samplers import NSGAIISampler

        return NSGAIISampler(population_size=_POPULATION, seed=seed)

    # Without its generation a trial counts for nothing: Optuna's sampler would draw at random for ever.
    return propose_with(
        trials, n, rng, "nsga2", sampler, lambda place: {"NSGAIISampler:generation": place // _POPULATION}
    )


ENGINE: Final = Engine(
    "nsga2",
    _propose,
    source="Deb, Pratap, Agarwal & Meyarivan (2002), IEEE Transactions on Evolutionary Computation 6: 182-197",
    needs=("optuna", "Optuna"),
    imports=IMPORTED,
)
