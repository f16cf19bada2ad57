"""CMA-ES: a cloud of points that moves and stretches towards where it is good; for numbers, from about six on.

The strategy is made anew before each batch by telling it all generations again: a generation is as many new points in a row as the
population has, in the order in which they were asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from mesa_lab.errors import ExperimentError
from mesa_lab.preparation.parameters.space import Choice, ParameterSpace
from mesa_lab.search.engines.engine import Engine, Trials, missing_library
from mesa_lab.search.new_points import allowed_values, fresh, taken_by, uniform

__all__ = ["ENGINE"]

_SPREAD: Final = 0.25
"""Of the first cloud, in ranges."""

_PENALTY: Final = 1.0
"""What a missed condition costs, in ranges of the losses."""

_TRIES: Final = 50


def _check(space: ParameterSpace) -> None:
    choices = [name for name, parameter in space.varied.items() if isinstance(parameter, Choice)]
    if choices:
        raise ExperimentError(
            f"The engine 'cma-es' moves through numbers, and '{choices[0]}' is a choice without an order. Use engine='tpe', or hold "
            f"'{choices[0]}' fixed."
        )


def _propose(trials: Trials, n: int, rng: np.random.Generator) -> Sequence[Mapping[str, Any]]:
    try:
        from cmaes import CMA
    except ImportError as error:
        raise missing_library("cmaes", "cma-es", error) from error

    history = trials.history
    k = len(history.space.varied)
    taken = taken_by(history)
    if k < 2:  # it has no cloud in one dimension
        return uniform(history, n, rng, taken)
    strategy = CMA(
        mean=np.full(k, 0.5),
        sigma=_SPREAD,
        bounds=np.tile([0.0, 1.0], (k, 1)),
        seed=int(rng.integers(2**31)),
        population_size=4 + int(3 * np.log(k)),
    )
    size = strategy.population_size
    unit = history.unit[trials.points]
    losses = _penalised(trials)
    for start in range(0, len(unit) - size + 1, size):
        rows = slice(start, start + size)
        if not trials.known[rows].all() or strategy.should_stop():
            break
        strategy.tell(
            [(np.clip(x, 0, 1), float(loss)) for x, loss in zip(unit[rows], losses[rows], strict=True)]
        )
    found: list[Mapping[str, Any]] = []
    for _ in range(_TRIES):
        drawn = np.array([strategy.ask() for _ in range(n)])
        found += fresh(allowed_values(history.space, drawn), taken, n - len(found))
        if len(found) == n:
            return found
    return [*found, *uniform(history, n - len(found), rng, taken)]


def _penalised(trials: Trials) -> Any:
    """The losses, with missed conditions and failed points added as what is worse than all others."""
    losses = trials.losses[:, 0].copy()
    known = losses[np.isfinite(losses)]
    worst, width = (float(known.max()), float(np.ptp(known)) or 1.0) if len(known) else (0.0, 1.0)
    losses[~np.isfinite(losses)] = worst + width
    violation = np.where(np.isfinite(trials.violation), trials.violation, 1.0)
    return losses + _PENALTY * width * violation


ENGINE: Final = Engine(
    "cma-es",
    _propose,
    several=False,
    check=_check,
    source="Hansen (2016), arXiv 1604.00772; Nomura & Shibata (2024), cmaes, arXiv 2402.01373",
    needs=("cmaes", "cmaes"),
    imports=("cmaes",),
)
