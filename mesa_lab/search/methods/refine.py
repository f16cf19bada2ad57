"""Refine: more points where the surface through the runs is least sure, or along a boundary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, override

import numpy as np

from mesa_lab.errors import ExperimentError
from mesa_lab.formatting import number, plural
from mesa_lab.preparation.limits import shortened
from mesa_lab.preparation.parameters.space import table
from mesa_lab.preparation.parameters.value_keys import is_finite
from mesa_lab.preparation.settings import check_whole
from mesa_lab.processing.analysis.smooth_surface import IMPORTED, Landscape, fit_landscape
from mesa_lab.search.estimates import estimates
from mesa_lab.search.method import Answer, Ask, Done, Method, Request
from mesa_lab.search.new_points import allowed_values, fresh, nothing_left, spread, taken_by, uniform
from mesa_lab.search.sameness import all_the_same

if TYPE_CHECKING:
    from mesa_lab.search.history import Floats, History

__all__ = ["Refine"]

_START: Final = 10
"""Points that are spread evenly before the first one is chosen, and for each parameter five more."""

_POOL: Final = 512
_APART: Final = 0.15
"""How far apart points of one batch are kept, in parts of the ranges."""


@dataclass(frozen=True)
class Refine(Method):
    """Put more points where least is known.

    Points are spread evenly first. A Gaussian process through their means then says where an outcome is least sure, or where it cannot
    be told on which side of a boundary it lies (the straddle rule; Bryan et al. 2005, NeurIPS 18: 163-170), and new points go there.

    Args:
        outcome: A number, or what is true or false of each run: then it is a share.
        where: The value at the boundary, such as 0.5 for where something is as likely as not; None for the whole space.
        replications: Runs of each point.

    Raises:
        ExperimentError: If a setting makes no sense.

    Example:
        >>> Refine("extinct", where=0.5, replications=5).described
        'where extinct is 0.5'
    """

    outcome: str
    where: float | None = None
    replications: int = 3

    name: ClassVar[str] = "refine"
    needs_budget: ClassVar[bool] = True
    needs_later: ClassVar[tuple[str, ...]] = IMPORTED

    def __post_init__(self) -> None:
        settle = object.__setattr__
        if not isinstance(self.outcome, str) or not self.outcome:
            raise ExperimentError(
                f"Refine is given {shortened(self.outcome, 60)}. Name an outcome, such as Refine('Wolves')."
            )
        if self.where is not None:
            if not is_finite(self.where):
                raise ExperimentError(
                    f"where is {shortened(self.where)}. Give the value of the outcome at the boundary, such as 0.5, or None."
                )
            settle(self, "where", float(self.where))
        settle(self, "replications", check_whole("replications", self.replications, least=1))

    @property
    @override
    def outcomes(self) -> tuple[str, ...]:
        return (self.outcome,)

    @property
    @override
    def described(self) -> str:
        if self.where is None:
            return f"where {self.outcome} is least sure"
        return f"where {self.outcome} is {number(self.where)}"

    def surface(self, history: History) -> Landscape | None:
        """Return the surface through what is known; None where that is too little."""
        found = estimates(history, self.outcome)
        means = np.where(history.inside, found.mean, np.nan)
        return fit_landscape(history.space, history.unit, means, found.error**2, history.seed)

    @override
    def ask(self, history: History) -> Answer:
        n = max(history.batch_runs // self.replications, 1)
        start = _START + 5 * len(history.space.varied)
        if history.budget is not None:
            start = min(start, max(history.budget // (2 * self.replications), 1))
        surface = self.surface(history) if history.n_points >= start else None
        if surface is None:
            values = spread(history, n, history.rng())
            why = "Spreads points evenly over the space."
        else:
            values = self._least_sure(history, surface, n, history.rng())
            why = f"Looks {self.described}; {plural(history.n_points, 'point')} so far."
        if not values:
            return Done(nothing_left(history))
        return Ask([Request(values=row, replications=self.replications) for row in values], why)

    def _least_sure(
        self, history: History, surface: Landscape, n: int, rng: np.random.Generator
    ) -> list[Mapping[str, Any]]:
        space, taken = history.space, taken_by(history)
        values = fresh(allowed_values(space, rng.random((_POOL, len(space.varied)))), taken)
        if not values:
            return uniform(history, n, rng, taken_by(history))
        unit = space.to_unit(
            table({name: [row[name] for row in values] for name in space.varied}, len(values))
        )
        mean, sd = surface.at(unit)
        score = self.score(mean, sd)
        chosen: list[int] = []
        for _ in range(min(n, len(values))):
            place = int(np.argmax(score))
            chosen.append(place)
            far = ((unit - unit[place]) ** 2).sum(axis=1)
            # What is close to a point that is chosen will be known by it.
            score = np.where(far > 0, score - 2 * sd * np.exp(-far / (2 * _APART**2)), -np.inf)
        return [values[place] for place in chosen]

    def score(self, mean: Floats, sd: Floats) -> Floats:
        """How much a run at each place would tell."""
        return sd if self.where is None else np.asarray(1.96 * sd - np.abs(mean - self.where))

    @override
    def sameness(self, history: History) -> str:
        same = all_the_same(history, self.outcomes)
        what = "nothing to be surer of" if self.where is None else f"no boundary at {number(self.where)}"
        return f"{same}: there is {what}" if same else ""

    @override
    def headline(self, history: History) -> str:
        return f"{plural(history.n_points, 'point')} tried" if history.known else ""
