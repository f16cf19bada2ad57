"""What a method knows when it is asked for the next batch: what was asked for, and what came out of all but the last batch.

Arrays by point and replication. What a batch under way has given already is left out on purpose: when its runs end depends on
the number of workers, and the same batches are to be asked for on any machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import OutcomeError
from mesa_lab.preparation.encoding import canonical
from mesa_lab.preparation.parameters.space import ParameterSpace, table

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.study.batches import AskedBatch

__all__ = ["RECORDED", "Floats", "History"]

RECORDED: Final = ("steps", "time")
"""What is recorded of each run and may be searched for like an outcome."""

type Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class History:
    """What a method knows of a search.

    Attributes:
        space: The parameters with their ranges and constraints.
        seed: The experiment's seed.
        common: Whether all points have the same seed in a replication (common random numbers).
        points: The values of the varied parameters of each point that was ever asked for, in order.
        batches: All batches that were asked for.
        known: How many of them, from the first on, have ended and may be looked at.
        asked: For each point how many replications were asked for.
        ended: For each point and replication whether the run has ended and belongs to a batch that may be looked at.
        values: The outcomes by name, as numbers: one row for each point and one column for each replication; NaN where there is
            no run, where it failed, or where it has no such value.
        budget: The largest number of runs, None where there is none.
        spent: Share of the budget that is spent, of runs or of time, 0 to 1; 0 without a budget.
        batch_runs: About how many runs a batch should have.
        least: How many replications the experiment asks for.
        base: Design points that the experiment brings along: rows of values by name; empty where it has none.
        reported: Outcomes that the runs have reported.
    """

    space: ParameterSpace
    seed: int
    common: bool
    points: Sequence[Mapping[str, Any]]
    batches: Sequence[AskedBatch]
    known: int
    asked: npt.NDArray[np.int64]
    ended: npt.NDArray[np.bool_]
    values: Mapping[str, Floats]
    budget: int | None = None
    spent: float = 0.0
    batch_runs: int = 12
    least: int = 1
    base: Sequence[Mapping[str, Any]] = ()
    reported: frozenset[str] = field(default_factory=frozenset)

    @property
    def number(self) -> int:
        """The number of the batch that is asked for now."""
        return len(self.batches)

    @property
    def n_points(self) -> int:
        """How many points there are."""
        return len(self.points)

    @property
    def n_asked(self) -> int:
        """How many runs were asked for so far."""
        return sum(batch.n_runs for batch in self.batches)

    @property
    def runs_left(self) -> int | None:
        """How many runs the budget has left; None without one in runs."""
        return None if self.budget is None else max(self.budget - self.n_asked, 0)

    @property
    def has_pending(self) -> bool:
        """Whether runs are under way whose results cannot be looked at yet."""
        return any(batch.runs for batch in self.batches[self.known :])

    @cached_property
    def pending(self) -> npt.NDArray[np.int64]:
        """For each point how many replications are under way."""
        found = np.zeros(self.n_points, np.int64)
        for batch in self.batches[self.known :]:
            for point, first, stop in batch.runs:
                found[point] += stop - first
        return found

    def rng(self, purpose: str = "") -> np.random.Generator:
        """Return the source of chance of this batch: the same for the same seed and the same number of batches.

        Args:
            purpose: Tells several sources within one batch apart.
        """
        words = [int(byte) for byte in purpose.encode()]
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(self.number, *words)))

    def outcome(self, name: str) -> Floats:
        """Return the values of an outcome, one row for each point and one column for each replication.

        Raises:
            OutcomeError: If runs have ended well and none has reported it.
        """
        if name not in self.values:
            raise OutcomeError(f"The search looks at '{name}', which it does not read.")
        return self.values[name]

    @cached_property
    def unit(self) -> Floats:
        """The points in the unit cube, of shape (points, varied parameters)."""
        if not self.points:
            return np.zeros((0, len(self.space.varied)))
        return self.space.to_unit(self.frame)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The points as a table with one column for each varied parameter."""
        return table(
            {name: [point[name] for point in self.points] for name in self.space.varied}, len(self.points)
        )

    @cached_property
    def texts(self) -> frozenset[str]:
        """The values of each point as canonical text, to see whether it has been tried."""
        names = tuple(self.space.varied)
        return frozenset(canonical({name: point[name] for name in names}) for point in self.points)

    @cached_property
    def inside(self) -> npt.NDArray[np.bool_]:
        """For each point whether it lies in the ranges as they are now: they may have been narrowed."""
        varied, fixed = self.space.varied, self.space.fixed
        return np.array(
            [
                all(parameter.contains(point[name]) for name, parameter in varied.items())
                and all(point.get(name, value) == value for name, value in fixed.items())
                for point in self.points
            ],
            np.bool_,
        )
