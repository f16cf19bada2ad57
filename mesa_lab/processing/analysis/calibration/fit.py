"""What fits observed data among the points of a study, and how it is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import ConclusionError, MesaLabError
from mesa_lab.formatting import listing, plural, show
from mesa_lab.preparation.parameters.space import Choice, ParameterSpace, table
from mesa_lab.processing.analysis.calibration.posterior import IMPLAUSIBLE, Posterior, fit_posterior
from mesa_lab.processing.analysis.calibration.readings import values_after
from mesa_lab.processing.analysis.calibration.targets import Component, scales
from mesa_lab.processing.analysis.next_runs import NextRuns
from mesa_lab.processing.analysis.phrases import and_list, figures, percent, quantity
from mesa_lab.processing.statistics.summary import numbers

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["Fit", "read_fit"]

type Floats = npt.NDArray[np.float64]

_DRAWS: Final = 2000
_RIDGE: Final = 0.7
"""Rank correlation above which two parameters are said to lie on a ridge."""
_LONG: Final = 0.25
"""Of their ranges: a shorter ridge is a place."""
_TOLD: Final = 0.6
"""Of its range: a parameter whose interval is wider is hardly told."""
_ACCEPTED: Final = 0.05
_FEWEST_ACCEPTED: Final = 10


@dataclass(frozen=True, eq=False)
class Fit:
    """What fits, and how it is said."""

    results: Reader
    space: ParameterSpace
    components: list[Component]
    vectors: Floats
    point: npt.NDArray[np.int64]
    unit: Floats
    distance: str
    observed_runs: int | None
    level: float
    n_carried: int
    runs: npt.NDArray[np.int64]
    """The rows of the results that the vectors are of."""

    @cached_property
    def posterior(self) -> Posterior | None:
        """What fits."""
        return fit_posterior(
            self.space,
            self.unit,
            self.vectors,
            self.point,
            self.components,
            distance=self.distance,
            observed_runs=self.observed_runs,
            seed=int(getattr(self.results.experiment, "seed", 0)),
        )

    @property
    def found(self) -> Posterior:
        """What fits, where that is known."""
        assert self.posterior is not None, "conclude has looked"
        return self.posterior

    @cached_property
    def drawn(self) -> Floats:
        """Places of the unit cube, drawn by their probability."""
        return self.found.pool[self.found.draw(_DRAWS, np.random.default_rng(1))]

    @cached_property
    def settings(self) -> pd.DataFrame:
        """The values of 200 of them."""
        return self.space.from_unit(self.drawn[:200]).reset_index(drop=True)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row for each parameter: median, low, high, share_of_range, told, ridge_with."""
        tail = (1 - self.level) / 2
        ends = np.quantile(self.drawn, [0.5, tail, 1 - tail], axis=0, method="nearest")
        values = self.space.from_unit(ends)
        rows = []
        for place, (name, parameter) in enumerate(self.space.varied.items()):
            if isinstance(parameter, Choice):
                drawn = pd.Series(self.space.from_unit(self.drawn)[name].astype(str))
                share = drawn.value_counts(normalize=True)
                kept = share.index[: int(np.searchsorted(share.cumsum().to_numpy(), self.level)) + 1]
                width = len(kept) / len(parameter.values)
                row = {"median": share.index[0], "low": "", "high": "", "values": ", ".join(map(str, kept))}
            else:
                width = float(ends[2, place] - ends[1, place]) / self.level
                row = dict(zip(("median", "low", "high"), values[name].tolist(), strict=True)) | {
                    "values": ""
                }
            rows.append({"parameter": name, **row, "share_of_range": min(width, 1.0), "told": width < _TOLD})
        partner = {a: b for a, b, _ in self.ridges} | {b: a for a, b, _ in self.ridges}
        found = pd.DataFrame(rows)
        found["ridge_with"] = [partner.get(str(name), "") for name in found["parameter"]]
        return found

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """The rank correlation of each pair of parameters among what fits."""
        names = [name for name, each in self.space.varied.items() if not isinstance(each, Choice)]
        places = [
            place for place, each in enumerate(self.space.varied.values()) if not isinstance(each, Choice)
        ]
        ranks = self.drawn[:, places].argsort(axis=0).argsort(axis=0).astype(float)
        rows = []
        for first in range(len(names)):
            for second in range(first + 1, len(names)):
                value = float(np.corrcoef(ranks[:, first], ranks[:, second])[0, 1])
                rows.append({"first": names[first], "second": names[second], "correlation": value})
        return pd.DataFrame(rows or [{"first": "", "second": "", "correlation": 0.0}])

    @cached_property
    def ridges(self) -> list[tuple[str, str, float]]:
        """Pairs of parameters that the data cannot tell apart: one makes up for the other. The strongest first."""
        wide = dict(
            zip(self.space.varied, np.ptp(np.quantile(self.drawn, [0.05, 0.95], axis=0), axis=0), strict=True)
        )
        rows = [
            (str(first), str(second), float(value))
            for first, second, value in zip(
                self.pairs["first"],
                self.pairs["second"],
                self.pairs["correlation"].to_numpy(float),
                strict=True,
            )
            if abs(value) >= _RIDGE and min(wide[str(first)], wide[str(second)]) >= _LONG
        ]
        return sorted(rows, key=lambda row: -abs(row[2]))

    @cached_property
    def accepted(self) -> pd.DataFrame:
        """The runs that came nearest to the data: point, the parameters, distance."""
        scale = scales(self.components, self.vectors.std(axis=0), self.distance)
        observed = np.array([each.value for each in self.components])
        far = np.sqrt((((self.vectors - observed) / scale) ** 2).mean(axis=1))
        count = min(max(round(_ACCEPTED * len(far)), _FEWEST_ACCEPTED), len(far))
        order = np.argsort(far, kind="stable")[:count]
        points = self.results.points.iloc[self.point[order]]
        frame = points.reset_index(drop=True)
        frame.insert(0, "point number" if "point" in frame else "point", points.index.to_numpy())
        frame["distance" if "distance" not in frame else "distance to the data"] = far[order]
        return frame

    @cached_property
    def compared(self) -> pd.DataFrame:
        """The data beside what fits: outcome, step, observed, mean, low, high (of single runs)."""
        found = self.found
        rows = found.draw(400, np.random.default_rng(2))
        noise = np.random.default_rng(3).standard_normal((len(rows), len(self.components)))
        runs = found.predicted[rows] + found.predicted_sd[rows] * noise
        tail = (1 - self.level) / 2
        low, high = np.quantile(runs, [tail, 1 - tail], axis=0)
        return pd.DataFrame(
            {
                "outcome": [each.outcome for each in self.components],
                "step": [np.nan if each.step is None else float(each.step) for each in self.components],
                "observed": [each.value for each in self.components],
                "mean": found.predicted[rows].mean(axis=0),
                "low": low,
                "high": high,
            }
        )

    def sentence(self) -> str:
        """The answer."""
        found = self.found
        left = percent(found.share_left)
        start = f"By {plural(len(self.vectors), 'run')} of {plural(len(np.unique(self.point)), 'setting')}"
        if len(self.vectors) > 1 and not np.ptp(self.vectors, axis=0).any():
            if found.nearest > IMPLAUSIBLE:
                return (
                    f"{start} all gave the same, which misses the data: no setting in the ranges fits them."
                )
            return f"{start} all gave the same: the data cannot tell one setting from another."
        if found.nearest > IMPLAUSIBLE:
            return (
                f"{start} no setting in the ranges fits the data: the nearest misses them by {quantity(found.nearest)} standard deviations "
                f"({IMPLAUSIBLE:g} rule it out)."
            )
        parts = [self._said(row) for row in self.table.itertuples()]
        said = f"{start} {left} of the space is not ruled out by the data. What fits ({percent(self.level)} of the probability): {and_list(parts)}."
        for first, second, value in self.ridges[:2]:
            more = (
                "more of one makes up for more of the other"
                if value > 0
                else "more of one makes up for less of the other"
            )
            said += f" {first} and {second} lie on a ridge: {more} (rank correlation {quantity(value)}), and the data cannot tell them apart."
        return said

    def _said(self, row: Any) -> str:
        if row.values:
            return f"{row.parameter} {row.values}"
        try:
            median, low, high = figures(float(row.median), float(row.low), float(row.high))
        except (TypeError, ValueError):
            median, low, high = show(row.median), show(row.low), show(row.high)
        return f"{row.parameter} {median} ({low} to {high})"

    def warnings(self) -> list[str]:
        """What to be careful about."""
        said = []
        record = self.results.searched
        if record is not None and record.over is None:
            said.append("The search has not ended: this may change.")
        if self.found.nearest > IMPLAUSIBLE:
            said.append(
                "Widen the ranges, allow a tolerance, or look for what the model lacks; the intervals below are those of the least bad."
            )
        vague = [str(row.parameter) for row in self.table.itertuples() if not row.told]
        if vague:
            said.append(
                f"The data hardly say anything about {and_list(vague)}: the interval fills most of the range."
            )
        edge = [
            name
            for place, (name, parameter) in enumerate(self.space.varied.items())
            if not isinstance(parameter, Choice)
            and name not in vague
            and min(np.median(self.drawn[:, place]), 1 - np.median(self.drawn[:, place])) < 0.02
        ]
        if edge:
            said.append(f"What fits lies at the end of the range of {and_list(edge)}: look beyond it.")
        if self.observed_runs is not None and len(np.unique(self.point)) == len(self.point):
            said.append(
                "Every setting has one run: how much is chance is guessed from the surfaces. Two runs of each tell."
            )
        if self.n_carried:
            verb = "is" if self.n_carried == 1 else "are"
            said.append(f"{plural(self.n_carried, 'run')} without a number to compare {verb} left out.")
        return said

    def unknown(self) -> tuple[str, ...]:
        """What the data cannot say."""
        said = ["Whether the model is right: one that fits may fit for other reasons."]
        if self.ridges:
            first, second, _ = self.ridges[0]
            said.insert(
                0,
                f"Where on the ridge {first} and {second} lie: that takes data of another kind, or one of them measured by itself.",
            )
        return tuple(said)

    def again(self) -> NextRuns:
        """Settings that fit, run again to be looked at beside the data."""
        from mesa_lab.preparation.designs import Table
        from mesa_lab.preparation.experiment import Experiment

        experiment: Any = self.results.experiment
        if not isinstance(experiment, Experiment) or self.found.nearest > IMPLAUSIBLE:
            return NextRuns()
        frame = self.space.from_unit(self.drawn[:20]).drop_duplicates(ignore_index=True)
        rows = [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False)]
        try:
            again = experiment.replace(
                design=Table(rows),
                replications=5,
                seeds=None,
                seed=experiment.seed + 1,
                constraints=(),
            )
            return NextRuns(again, again.n_runs, grows=False)
        except MesaLabError:
            return NextRuns()


def read_fit(
    results: Reader, components: list[Component], distance: str, observed_runs: int | None, level: float
) -> Fit:
    """Read what the runs of a study gave of what was observed.

    Args:
        results: The results.
        components: The observed numbers.
        distance: How misses are made comparable.
        observed_runs: Of how many runs the data are the mean; None where they hold no chance.
        level: Probability of the region and of the intervals.

    Raises:
        ConclusionError: If nothing can be compared, or there are no ranges to look in.
        OutcomeError: If an outcome is unknown, or no number.
    """
    study: Any = results.study
    space: ParameterSpace = getattr(study, "described_experiment", results.experiment).space
    if not space.varied or set(results.columns) - set(space.varied):
        raise ConclusionError(
            "The experiment has no ranges to look in: give parameters a range, such as Real(0, 1)."
        )
    final = {}
    for name in dict.fromkeys(each.outcome for each in components):
        results.outcome_list(name, measures=True)
        if any(each.step is None for each in components if each.outcome == name):
            final[name] = numbers(results.values(name), name)[0]
    readings = {each.name: (each.outcome, each.step) for each in components if each.step is not None}
    series = values_after(results.study, readings) if readings else {}
    ids = results.base["run_id"].to_numpy()
    nothing: Mapping[str, float] = dict.fromkeys(readings, np.nan)
    vectors = np.column_stack(
        [
            final[each.outcome]
            if each.step is None
            else np.array([series.get(int(run), nothing)[each.name] for run in ids])
            for each in components
        ]
    )
    whole = results.done & np.isfinite(vectors).all(axis=1) & (np.abs(vectors) < 1e120).all(axis=1)
    if not whole.any():
        raise ConclusionError(
            f"No run has a number for {listing([each.name for each in components][:4])}"
            f"{' and the other targets' if len(components) > 4 else ''}: there is nothing to compare."
        )
    held = {
        name: [results.experiment.space.fixed.get(name)] * len(results.points)
        for name in space.varied
        if name not in results.columns
    }
    columns = {name: results.points[column].tolist() for name, column in results.columns.items()}
    frame = table({name: (columns | held)[name] for name in space.varied}, len(results.points))
    unit = np.clip(space.to_unit(frame), 0.0, 1.0)
    return Fit(
        results,
        space,
        components,
        vectors[whole],
        results.point_rows[whole],
        unit,
        distance,
        observed_runs,
        level,
        int((results.done & ~whole).sum()),
        np.flatnonzero(whole),
    )
