"""Diversity: which outcomes can the model produce at all, and how is each reached."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, override

import numpy as np

from mesa_lab.errors import ExperimentError
from mesa_lab.formatting import listing, plural
from mesa_lab.preparation.limits import shortened
from mesa_lab.preparation.parameters.space import Choice
from mesa_lab.preparation.settings import check_whole
from mesa_lab.processing.analysis.searched.outcome_space import cells_of
from mesa_lab.search.estimates import estimates
from mesa_lab.search.method import Answer, Ask, Done, Method, Request
from mesa_lab.search.new_points import allowed_values, fresh, nothing_left, spread, taken_by, uniform
from mesa_lab.search.sameness import all_the_same

if TYPE_CHECKING:
    from mesa_lab.search.history import Floats, History

__all__ = ["Diversity"]

_START = 16
"""Points that are spread evenly before the first one is bred, and for each parameter two more."""

_STRAYS = 0.1
"""Share of points that are drawn anew from the whole space."""


@dataclass(frozen=True)
class Diversity(Method):
    """Look for points whose outcomes are unlike those of all others: pattern space exploration.

    The space of the outcomes is divided into cells. Points in cells that few others have reached get children near them, so that the search
    goes where the model does something new, not where it is good (Chérel, Cottineau & Reuillon 2015, PLoS ONE 10: e0138212).

    Args:
        patterns: Two or three outcomes that make a pattern.
        cells: Into how many cells the range of each is divided, as far as it is known; or the width of a cell by outcome.
        replications: Runs of each point; the pattern is their median.

    Raises:
        ExperimentError: If no outcome is named, or a number is out of range.

    Example:
        >>> Diversity(["Wolves", "Sheep"], cells=12).outcomes
        ('Wolves', 'Sheep')
    """

    patterns: Sequence[str] | str
    cells: int | Mapping[str, float] = 10
    replications: int = 1

    name: ClassVar[str] = "diversity"
    needs_budget: ClassVar[bool] = True

    def __post_init__(self) -> None:
        settle = object.__setattr__
        if isinstance(self.patterns, str):
            settle(self, "patterns", (self.patterns,))
        settle(self, "patterns", tuple(self.patterns) if isinstance(self.patterns, Iterable) else ())
        if not self.patterns or not all(isinstance(name, str) and name for name in self.patterns):
            raise ExperimentError(
                "Diversity needs the names of outcomes, such as Diversity(['Wolves', 'Sheep'])."
            )
        settle(self, "replications", check_whole("replications", self.replications, least=1))
        if isinstance(self.cells, Mapping):
            for name in self.patterns:
                width = self.cells.get(name)
                if not isinstance(width, int | float) or isinstance(width, bool) or not 0 < width < math.inf:
                    raise ExperimentError(
                        f"cells has {shortened(width)} for '{name}'. Give the width of a cell in units of each outcome, or one number "
                        "of cells for all."
                    )
        else:
            settle(self, "cells", check_whole("cells", self.cells, least=2, most=1000))

    @property
    @override
    def outcomes(self) -> tuple[str, ...]:
        return tuple(self.patterns)

    @property
    @override
    def described(self) -> str:
        return f"for different patterns of {listing(list(self.patterns))}"

    def medians(self, history: History) -> Floats:
        """Return the pattern of each point: the median of each outcome; NaN where a run gave none."""
        columns = []
        for name in self.patterns:
            values = estimates(history, name).values
            columns.append(
                [
                    float(np.median(row[np.isfinite(row)])) if np.isfinite(row).any() else np.nan
                    for row in values
                ]
            )
        return np.array(columns).T.reshape(history.n_points, len(self.patterns))

    def cells_of(self, medians: Floats) -> list[tuple[int, ...] | None]:
        """Return the cell of each pattern; None where there is no pattern."""
        return cells_of(medians, self.patterns, self.cells)[0]

    @override
    def ask(self, history: History) -> Answer:
        n = max(history.batch_runs // self.replications, 1)
        start = _START + 2 * len(history.space.varied)
        rng = history.rng()
        cells = self.cells_of(self.medians(history))
        reached = [place for place, cell in enumerate(cells) if cell is not None and history.inside[place]]
        if history.n_points < start or not reached:
            values = spread(history, n, rng)
            why = "Spreads points evenly over the space."
        else:
            values = self._children(history, cells, reached, n, rng)
            count = len({cells[place] for place in reached})
            why = f"Looks near points with rare outcomes; {plural(count, 'pattern')} so far."
        if not values:
            return Done(nothing_left(history))
        return Ask([Request(values=row, replications=self.replications) for row in values], why)

    def _children(
        self,
        history: History,
        cells: Sequence[tuple[int, ...] | None],
        reached: Sequence[int],
        n: int,
        rng: np.random.Generator,
    ) -> list[Mapping[str, Any]]:
        """Breed points from those in cells that were reached seldom."""
        hits: dict[tuple[int, ...], int] = {}
        for place in reached:
            cell = cells[place]
            assert cell is not None
            hits[cell] = hits.get(cell, 0) + 1
        # One parent for each of the rarest cells: a cell with many points is no better than one with one.
        weight = np.array([1.0 / hits[cell] ** 2 for place in reached if (cell := cells[place]) is not None])
        weight /= weight.sum()
        unit = history.unit
        taken = taken_by(history)
        found: list[Mapping[str, Any]] = list(uniform(history, int(rng.binomial(n, _STRAYS)), rng, taken))
        for _ in range(20):
            if len(found) >= n:
                break
            pairs = rng.choice(reached, (n, 2), p=weight)
            along = rng.uniform(0.0, 1.0, (n, 1)) * (rng.random((n, 1)) < 0.3)
            centre = unit[pairs[:, 0]] * (1 - along) + unit[pairs[:, 1]] * along
            reach = 10.0 ** rng.uniform(-2.5, -0.5, (n, 1))
            children = np.abs(centre + reach * rng.normal(size=centre.shape))
            children = 1 - np.abs(1 - children % 2)  # reflected at the ends of the ranges
            for place, parameter in enumerate(history.space.varied.values()):
                if isinstance(parameter, Choice):
                    stays = rng.random(n) < 0.8
                    children[:, place] = np.where(stays, unit[pairs[:, 0], place], rng.random(n))
            found += fresh(allowed_values(history.space, children), taken, n - len(found))
        return found[:n] if found else uniform(history, n, rng, taken)

    @override
    def sameness(self, history: History) -> str:
        same = all_the_same(history, self.outcomes)
        return f"{same}: there is one pattern" if same else ""

    @override
    def headline(self, history: History) -> str:
        if not history.known:
            return ""
        count = len({cell for cell in self.cells_of(self.medians(history)) if cell is not None})
        return plural(count, "pattern")
