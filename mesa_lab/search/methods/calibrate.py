"""Calibrate: parameters that fit observed values or series, and what the data cannot tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, override

import numpy as np

from mesa_lab.errors import ExperimentError, suggest
from mesa_lab.formatting import listing, plural
from mesa_lab.preparation.limits import shortened
from mesa_lab.preparation.settings import check_whole
from mesa_lab.processing.analysis.calibration.posterior import IMPLAUSIBLE, Posterior, fit_posterior
from mesa_lab.processing.analysis.calibration.targets import (
    DISTANCES,
    Component,
    components_of,
    plain_targets,
    read_targets,
)
from mesa_lab.processing.analysis.phrases import percent
from mesa_lab.processing.analysis.smooth_surface import IMPORTED
from mesa_lab.search.method import Answer, Ask, Done, Method, Request
from mesa_lab.search.nearest_runs import ask_near
from mesa_lab.search.new_points import allowed_values, fresh, nothing_left, spread, taken_by, uniform
from mesa_lab.search.sameness import all_the_same

if TYPE_CHECKING:
    from mesa_lab.search.history import Floats, History

__all__ = ["Calibrate"]

_START = 12
"""Points that are spread evenly before the first one is chosen, and for each parameter eight more."""

_ENGINES = ("surface", "abc")

_FIRST_SHARE = 0.4
"""Of the budget, at most, for these."""


@dataclass(frozen=True)
class Calibrate(Method):
    """Find the parameters that fit observed values or series.

    Points are spread evenly first. A surface through what they gave then says which places miss the data by more than three standard
    deviations, and are ruled out (history matching); new points are drawn from what is left, half of them where the data are most
    probable. `results.calibrate` says what fits, with an interval for each parameter, and which parameters the data cannot tell apart.

    Args:
        targets: What was observed, by outcome: a number for the end of a run (`{"Wolves": 20}`), a series as pairs of step and value
            (`{"Wolves": [[10, 25], [20, 31]]}`), or either in a table with a `tolerance` and a `weight`:
            `{"Wolves": {"value": 20, "tolerance": 2}}`. Or a CSV file with a column for each outcome and a column `step`.
        distance: How misses are made comparable: "standardised" by the spread of the runs, "relative" to what was observed, or
            "absolute".
        observed_runs: Of how many runs the data are the mean: 1 for what happened once, so that chance is part of them; None for data
            that hold no chance.
        replications: Runs of each point; with "abc" as many as `observed_runs` says.
        engine: "surface" as above; "abc" for approximate Bayesian computation: settings are drawn again and again near those whose runs came
            nearest to the data, and weighed for it. It assumes no surface and takes more runs, from about 300 on.

    Raises:
        ExperimentError: If a target makes no sense, or a number is out of range.

    Example:
        >>> Calibrate({"Wolves": {"value": 20, "tolerance": 2}, "Sheep": [[10, 80], [20, 95]]}).outcomes
        ('Wolves', 'Sheep')
    """

    targets: Mapping[str, Any] | str | Path
    distance: str = "standardised"
    observed_runs: int | None = 1
    replications: int = 2
    engine: str = "surface"

    name: ClassVar[str] = "calibrate"
    needs_budget: ClassVar[bool] = True
    needs_later: ClassVar[tuple[str, ...]] = IMPORTED

    def __post_init__(self) -> None:
        settle = object.__setattr__
        if isinstance(self.targets, str | Path):
            settle(self, "targets", read_targets(self.targets))
        settle(self, "targets", plain_targets(self.targets))
        if self.distance not in DISTANCES:
            raise ExperimentError(
                f"distance is {shortened(self.distance)}.{suggest(str(self.distance), DISTANCES)} There are: {listing(list(DISTANCES))}."
            )
        if self.observed_runs != 0:
            settle(
                self,
                "observed_runs",
                check_whole("observed_runs", self.observed_runs, least=1, optional=True),
            )
        else:
            settle(self, "observed_runs", None)
        settle(self, "replications", check_whole("replications", self.replications, least=1))
        if self.engine not in _ENGINES:
            raise ExperimentError(
                f"engine is {shortened(self.engine)}.{suggest(str(self.engine), _ENGINES)} There are: {listing(list(_ENGINES))}."
            )
        if self.engine == "abc" and self.observed_runs is None:
            raise ExperimentError(
                "engine='abc' compares runs with the data, chance and all, and observed_runs says that the data hold none. Give the number of "
                "runs that they are the mean of, or use engine='surface'."
            )

    @override
    def to_plain(self) -> dict[str, Any]:
        plain = super().to_plain()
        return plain if self.observed_runs is not None else plain | {"observed_runs": 0}

    @classmethod
    @override
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        if isinstance(plain.get("targets"), str):
            raise ExperimentError(
                f"targets names a file, {shortened(plain['targets'])}, and opening a search reads none. Write the values into a table "
                "[search.targets], or let Python do it: Calibrate('data.csv') and search.save."
            )
        return super().from_plain(plain)

    @cached_property
    def components(self) -> list[Component]:
        """Each observed number."""
        assert isinstance(self.targets, Mapping), "plain by now"
        return components_of(self.targets)

    @property
    @override
    def outcomes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.outcome for each in self.components))

    @property
    @override
    def readings(self) -> Mapping[str, tuple[str, int]]:
        return {each.name: (each.outcome, each.step) for each in self.components if each.step is not None}

    @property
    @override
    def described(self) -> str:
        return f"for parameters that fit {listing(list(self.outcomes))}"

    def columns(self, history: History) -> list[Floats]:
        """Return each observed number in the runs, by point and replication."""
        return [
            history.outcome(each.name if each.step is not None else each.outcome) for each in self.components
        ]

    def posterior(self, history: History) -> Posterior | None:
        """Return what fits by what is known; None while that is too little."""
        columns = self.columns(history)
        whole = np.all([np.isfinite(column) & (np.abs(column) < 1e120) for column in columns], axis=0)
        point, replication = np.nonzero(whole)
        if not len(point):
            return None
        vectors = np.column_stack([column[point, replication] for column in columns])
        return fit_posterior(
            history.space,
            history.unit,
            vectors,
            point,
            self.components,
            distance=self.distance,
            observed_runs=self.observed_runs,
            seed=history.seed,
        )

    @override
    def ask(self, history: History) -> Answer:
        if self.engine == "abc":
            return ask_near(
                history, self.components, self.columns(history), self.observed_runs or 1, self.distance
            )
        n = max(history.batch_runs // self.replications, 1)
        start = _START + 8 * len(history.space.varied)
        if history.budget is not None:
            start = min(start, max(int(_FIRST_SHARE * history.budget) // self.replications, 1))
        rng = history.rng()
        found = self.posterior(history) if history.n_points >= start else None
        if found is None:
            values = spread(history, n, rng)
            why = "Spreads points evenly over the space."
        else:
            values = self._nearer(history, found, n, rng)
            why = f"Looks where the data are probable; {percent(found.share_left)} of the space is not ruled out."
        if not values:
            return Done(nothing_left(history))
        return Ask([Request(values=row, replications=self.replications) for row in values], why)

    def _nearer(
        self, history: History, found: Posterior, n: int, rng: np.random.Generator
    ) -> list[Mapping[str, Any]]:
        """Draw new points from what is not ruled out: half by their probability, half where the surfaces know least."""
        taken = taken_by(history)
        half = (n + 1) // 2
        probable = found.pool[found.draw(4 * half, rng)]
        values = fresh(allowed_values(history.space, probable), taken, half)
        left = np.flatnonzero(found.at_pool <= IMPLAUSIBLE)
        if not len(left):
            left = np.argsort(found.at_pool, kind="stable")[:64]
        weight = found.uncertain[left] + 1e-3
        rows = rng.choice(left, min(4 * n, len(left)), replace=False, p=weight / weight.sum())
        values += fresh(allowed_values(history.space, found.pool[rows]), taken, n - len(values))
        return [*values, *(uniform(history, n - len(values), rng, taken) if len(values) < n else ())]

    @override
    def sameness(self, history: History) -> str:
        names = [each.name if each.step is not None else each.outcome for each in self.components]
        same = all_the_same(history, dict.fromkeys(names))
        return f"{same}: the data cannot tell one setting from another" if same else ""

    @override
    def headline(self, history: History) -> str:
        return f"{plural(history.n_points, 'point')} tried" if history.known else ""
