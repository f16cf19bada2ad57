"""A search played on a function in place of a model: the same questions and answers, without a process or a file."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mesa_lab.preparation.seeds import point_keys
from mesa_lab.search.ledger import Ledger

if TYPE_CHECKING:
    from mesa_lab.search.history import History
    from mesa_lab.search.search import Search
    from mesa_lab.study.batches import AskedBatch

__all__ = ["PlayedSearch", "play_search"]

type Played = Callable[[Mapping[str, Any], np.random.Generator], Mapping[str, float] | float]


@dataclass(frozen=True, eq=False)
class PlayedSearch:
    """What came out.

    Attributes:
        batches: The batches that were asked for.
        points: The parameters of the points, fixed ones too.
        values: The outcomes by point and replication; NaN where there is no run, or it failed.
        ended: Which runs there are.
        over: Why the search ended; empty if it was stopped after so many batches.
        history: What the method knew last.
    """

    batches: tuple[AskedBatch, ...]
    points: tuple[Mapping[str, Any], ...]
    values: Mapping[str, np.ndarray[Any, np.dtype[np.float64]]]
    ended: np.ndarray[Any, np.dtype[np.bool_]]
    over: str
    history: History

    @property
    def n_runs(self) -> int:
        """How many runs were carried out."""
        return sum(batch.n_runs for batch in self.batches)


def play_search(
    search: Search, function: Played, *, most_batches: int = 100_000, before: PlayedSearch | None = None
) -> PlayedSearch:
    """Play a search on a function of the parameters and a source of chance.

    Args:
        search: What is searched, and how.
        function: `function(parameters, rng)` returns the outcomes by name, or the one outcome that the method looks at. An
            exception is a failed run.
        most_batches: After how many batches to stop, as if the process was killed.
        before: What was played before; it is gone on with.

    Example:
        >>> import mesa_lab as ml
        >>> experiment = ml.Experiment("none:None", {"x": ml.Real(-1, 1)})
        >>> search = ml.Search(experiment, ml.Optimise("loss", engine="random"), budget=40)
        >>> play_search(search, lambda values, rng: values["x"] ** 2 + rng.normal()).n_runs
        40
    """
    names = (*search.method.outcomes, *search.method.readings)
    ledger = Ledger(search, before.batches if before else (), before.points if before else ())
    runs: dict[tuple[int, int], dict[str, float]] = {}
    if before is not None:
        for point, replication in np.argwhere(before.ended).tolist():
            runs[point, replication] = {
                name: float(before.values[name][point, replication]) for name in names
            }

    def arrays() -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
        found = {name: np.full(ledger.shape, np.nan) for name in names}
        for (point, replication), outcomes in runs.items():
            for name, value in outcomes.items():
                found[name][point, replication] = value
        return found

    history = ledger.history(arrays())
    over = ""
    while len(ledger.batches) < most_batches:
        decision = ledger.decide(history)
        if decision.batch is None:
            over = decision.over
            break
        for point, first, stop in decision.batch.runs:
            values = ledger.points[point]
            (key,) = point_keys([values])
            for replication in range(first, stop):
                seed = search.experiment.seed_of(key, replication, ())
                runs[point, replication] = _outcomes(function, values, np.random.default_rng(seed), names)
        history = ledger.history(arrays())
    ended = np.zeros(ledger.shape, np.bool_)
    for point, replication in runs:
        ended[point, replication] = True
    return PlayedSearch(tuple(ledger.batches), tuple(ledger.points), arrays(), ended, over, history)


def _outcomes(
    function: Played, values: Mapping[str, Any], rng: np.random.Generator, names: tuple[str, ...]
) -> dict[str, float]:
    try:
        found = function(values, rng)
    except Exception:  # a failed run
        return dict.fromkeys(names, math.nan)
    if isinstance(found, Mapping):
        return {name: float(found.get(name, math.nan)) for name in names}
    return dict.fromkeys(names, float(found))
