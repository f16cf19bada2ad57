"""The tree-structured Parzen estimator: where good points lie closer together than bad ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from mesa_lab.search.engines.engine import Engine, Trials
from mesa_lab.search.engines.optuna_study import IMPORTED, propose_with
from mesa_lab.search.new_points import spread

__all__ = ["ENGINE"]

_START: Final = 10
"""Points that are spread evenly before the first one is chosen."""


def _propose(trials: Trials, n: int, rng: np.random.Generator) -> Sequence[Mapping[str, Any]]:
    start = max(_START, 2 * len(trials.history.space.varied))
    early = max(0, min(n, start - len(trials.points)))
    found = [*spread(trials.history, early, rng)] if early else []
    if len(found) == n:
        return found

    def sampler(seed: int) -> Any:
        from optuna.samplers import TPESampler

        return TPESampler(seed=seed, n_startup_trials=start, multivariate=True, constant_liar=True)

    return [*found, *propose_with(trials, n - len(found), rng, "tpe", sampler)]


ENGINE: Final = Engine(
    "tpe",
    _propose,
    source="Bergstra, Bardenet, Bengio & Kégl (2011), NeurIPS 24; Optuna 5 (Akiba et al. 2019, KDD: 2623-2631)",
    needs=("optuna", "Optuna"),
    imports=IMPORTED,
)
