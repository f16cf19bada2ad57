"""Random points: what every other engine has to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from mesa_lab.search.engines.engine import Engine, Trials
from mesa_lab.search.new_points import uniform

__all__ = ["ENGINE"]


def _propose(trials: Trials, n: int, rng: np.random.Generator) -> Sequence[Mapping[str, Any]]:
    return uniform(trials.history, n, rng)


ENGINE: Final = Engine(
    "random", _propose, source="Bergstra & Bengio (2012), Journal of Machine Learning Research 13: 281-305"
)
