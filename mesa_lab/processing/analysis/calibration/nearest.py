"""What fits by the runs nearest to the data themselves: the answer of a search by approximate Bayesian computation."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Final, override

import numpy as np
import pandas as pd

from mesa_lab.formatting import number, plural
from mesa_lab.processing.analysis.calibration.fit import Fit, Floats
from mesa_lab.processing.analysis.calibration.population import (
    Particles,
    Population,
    first_size,
    generations_of,
    population_of,
    read_particles,
)

if TYPE_CHECKING:
    from mesa_lab.processing.tables.search_record import SearchRecord

__all__ = ["METHOD", "NearestFit", "nearest_fit"]

METHOD: Final = (
    "Approximate Bayesian computation with an adaptive population (Lenormand, Jabot & Deffuant 2013), weights by all proposals together "
    "(Cornuet et al. 2012) and local linear regression (Beaumont et al. 2002), each residual without its own run (Barber et al. 2021); what is "
    "ruled out: Gaussian processes (Andrianakis et al. 2015). The ranges count as equally likely beforehand."
)
_DRAWS: Final = 2000
_FEW: Final = 30


@dataclass(frozen=True, eq=False)
class NearestFit(Fit):
    """A fit whose settings are those that were kept, by their weight."""

    population: Population
    particles: Particles

    @cached_property
    @override
    def drawn(self) -> Floats:
        weight = self.population.near_weight
        return np.asarray(
            self.population.adjusted[np.random.default_rng(1).choice(len(weight), _DRAWS, p=weight)]
        )

    @cached_property
    @override
    def compared(self) -> pd.DataFrame:
        whole = np.isfinite(self.particles.vectors).all(axis=1)
        weight = self.population.weight[self.population.kept]
        rows = np.random.default_rng(2).choice(len(weight), _DRAWS, p=weight / weight.sum())
        runs = self.particles.vectors[whole][self.population.kept][rows]
        tail = (1 - self.level) / 2
        low, high = np.quantile(runs, [tail, 1 - tail], axis=0)
        return pd.DataFrame(
            {
                "outcome": [each.outcome for each in self.components],
                "step": [np.nan if each.step is None else float(each.step) for each in self.components],
                "observed": [each.value for each in self.components],
                "mean": runs.mean(axis=0),
                "low": low,
                "high": high,
            }
        )

    @override
    def sentence(self) -> str:
        near = len(self.population.near)
        return (
            f"{super().sentence()} That is by the {plural(near, 'setting')} that came nearest to the data, within "
            f"{number(self.population.reach, 2)} standard deviations of all runs."
        )

    @override
    def warnings(self) -> list[str]:
        said = super().warnings()
        said = [each for each in said if not each.startswith("Every setting has one run")]
        effective = self.population.effective
        if effective < _FEW:
            said.append(
                f"The settings that this is read from are worth about {effective:.0f} of equal weight: the ends of the intervals are rough. Give the search "
                "a larger budget."
            )
        return said


def nearest_fit(fit: Fit, record: SearchRecord) -> NearestFit | None:
    """Return what fits by the runs that came nearest to the data; None while they are too few.

    Args:
        fit: What fits by surfaces.
        record: The search, by approximate Bayesian computation.
    """
    runs = fit.observed_runs or 1
    base = fit.results.base
    at = base["point"].to_numpy(np.int64), base["replication"].to_numpy(np.int64)
    stops = [stop for batch in record.batches for _, _, stop in batch.runs]
    numbers = [point for batch in record.batches for point, _, _ in batch.runs]
    index = fit.results.points.index.to_numpy(np.int64)
    if not stops or not len(index):
        return None
    shape = (max(*numbers, int(index.max()), 0) + 1, max(*stops, int(at[1].max()) + 1, 1))
    values = np.full((*shape, len(fit.components)), np.nan)
    values[at[0][fit.runs], at[1][fit.runs]] = fit.vectors
    unit = np.full((shape[0], fit.unit.shape[1]), 0.5)
    unit[index] = fit.unit
    particles = read_particles(record.batches, values, runs)
    found = population_of(
        fit.space,
        unit,
        particles,
        generations_of(record.batches),
        fit.components,
        first=first_size(record.budget, runs),
        distance=fit.distance,
        seed=int(getattr(fit.results.experiment, "seed", 0)),
    )
    if found is None:
        return None
    given = {each.name: getattr(fit, each.name) for each in fields(Fit)}
    return NearestFit(**given, population=found, particles=particles)
