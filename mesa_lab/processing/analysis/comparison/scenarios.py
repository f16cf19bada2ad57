"""Scenarios: what is compared, and with what. A design point each, or all points of one level of a parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import ConclusionError, ParameterError, suggest
from mesa_lab.formatting import plural, shorten, show
from mesa_lab.processing.analysis.comparison.matching import changed_with, matched
from mesa_lab.processing.analysis.observations import Factor, Observations
from mesa_lab.processing.statistics.grouping import alike_at_all_levels
from mesa_lab.processing.statistics.origins import points_are_sampled
from mesa_lab.processing.tables.selection import number_of

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["Scenario", "Scenarios", "scenarios_of"]

MOST: Final = 200
"""Scenarios that can be compared with a base."""

_NAMED: Final = 3
"""Values that a point is called by; one that takes more is called by its number."""

type Floats = npt.NDArray[np.float64]
type Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Scenario:
    """One scenario.

    Attributes:
        name: What it is called, such as "initial_wolves 40".
        short: The same without the name of the parameter, where all scenarios are levels of one.
        where: The parameters that make it, with their values.
        values: One row for each of its points, one column for each replication; NaN where there is no value.
        others: For each point the number of what its other parameters are: the same number, the same values.
        rows: For each point its row among the points that were observed.
    """

    name: str
    short: str
    where: Mapping[str, Any]
    values: Floats
    others: Codes
    rows: Codes = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def n(self) -> int:
        """How many runs have a value."""
        return int(np.isfinite(self.values).sum())

    @property
    def mean(self) -> float:
        """Over the means of its points, so that one where runs failed counts as much as the others."""
        known = np.isfinite(self.values)
        count = known.sum(axis=1)
        means = np.where(known, self.values, 0.0).sum(axis=1)[count > 0] / count[count > 0]
        return float(means.mean()) if len(means) else float("nan")

    def at(self, others: Codes) -> Scenario:
        """Return it at the points whose other parameters are these."""
        kept = np.isin(self.others, others)
        return replace(self, values=self.values[kept], others=self.others[kept], rows=self.rows[kept])


@dataclass(frozen=True, eq=False)
class Scenarios:
    """Scenarios with their base.

    Attributes:
        base: With what the others are compared.
        others: The others, each at the points that it is compared at.
        bases: For each of the others the base at the points that it is compared at.
        changed: For each of the others the parameters that change with the one compared, so that a difference may be theirs.
        uneven: Other parameters whose values are not spread alike over levels, as far as chance in drawing points explains.
        recombined: Other parameters whose values are spread alike over levels, but in other combinations.
        parameter: The parameter of which they are levels; None where they are points.
        held: Names of the other parameters that vary within scenarios.
        left_out: How many points have no counterpart at the other levels, such as since all runs of it failed, and have no part.
    """

    base: Scenario
    others: tuple[Scenario, ...]
    bases: tuple[Scenario, ...]
    changed: tuple[tuple[str, ...], ...]
    parameter: str | None = None
    held: tuple[str, ...] = ()
    left_out: int = 0
    uneven: tuple[str, ...] = ()
    recombined: tuple[str, ...] = ()


def scenarios_of(
    observed: Observations, by: str | None, base: Any, results: Reader, scenario: Any = None
) -> Scenarios:
    """Divide design points into scenarios.

    Args:
        observed: The outcome at the points, those that are alike made one.
        by: The parameter whose levels are compared; None for points, and for levels where only one parameter varies.
        base: The scenario to compare with: a level, or the number of a point, or values by name; None takes the base case
            of the design, else the first.
        results: The results, for the numbers of points and the base case.
        scenario: The one scenario to compare with the base, said as the base is; None for all others.

    Raises:
        ParameterError: If the parameter, the base or the scenario is unknown, or both are the same.
        ConclusionError: If there are too many scenarios, or only one.
    """
    factors = {factor.name: factor for factor in observed.factors}
    if by is not None and not isinstance(by, str):
        raise ParameterError(f"by is {by!r}. Give the name of the parameter whose levels are compared.")
    if by is None and len(factors) == 1:
        by = next(iter(factors))
    if by is None:
        return _points(observed, base, results, scenario)
    if by not in factors and by in results.columns:
        raise ConclusionError(
            f"'{by}' has one level only among the points that have a value of '{observed.outcome}': there is nothing to compare. "
            "Runs at its other levels failed, or gave none."
        )
    if by not in factors:
        known = ", ".join(factors) or "none"
        raise ParameterError(
            f"'{by}' does not vary in this study. These vary: {known}.{suggest(by, factors)}"
        )
    return _levels(observed, factors[by], base, results, scenario)


def _levels(
    observed: Observations, factor: Factor, base: Any, results: Reader, only: Any = None
) -> Scenarios:
    if len(factor.levels) > MOST and only is None:
        raise ConclusionError(
            f"'{factor.name}' takes {len(factor.levels):,} values: that many cannot be compared with a base. "
            "Ask how the outcome responds to it (effects, surface), or give it a few levels."
        )
    others = [each for each in observed.factors if each.name != factor.name]
    identity = _identity([each.codes for each in others], observed.n_points)
    alike = alike_at_all_levels(identity, factor.codes)
    kept = np.ones(observed.n_points, dtype=bool) if alike is None else alike
    found = []
    for code, level in enumerate(factor.levels):
        rows = np.flatnonzero(kept & (factor.codes == code))
        text = shorten(show(level))
        found.append(
            Scenario(
                f"{shorten(factor.name)} {text}",
                text,
                {factor.name: level},
                observed.values[rows],
                identity[rows],
                rows,
            )
        )
    at = _level_of(factor, base, results)
    places = range(len(found)) if only is None else (_other(_level_of(factor, only, results), at, found[at]),)
    rest = tuple(found[place] for place in places if place != at)
    if not rest:
        raise ConclusionError(f"'{factor.name}' has one level only: there is nothing to compare.")
    held = tuple(each.name for each in others if len(np.unique(each.codes[kept])) > 1)
    pairs = [matched(each, found[at], drawn=points_are_sampled(results)) for each in rest]
    compared = np.unique(np.concatenate([each.rows for pair in pairs for each in pair]))
    changed, uneven, recombined = changed_with(pairs, factor, others, results)
    asked = np.concatenate([each.rows for each in (found[at], *rest)])
    return Scenarios(
        found[at],
        tuple(one for one, _ in pairs),
        tuple(base for _, base in pairs),
        changed,
        factor.name,
        held,
        int((~kept).sum()) + len(np.setdiff1d(asked, compared)),
        uneven,
        recombined,
    )


def _level_of(factor: Factor, base: Any, results: Reader) -> int:
    if base is None:
        design: Any = results.experiment.design
        if not hasattr(design, "base_case"):
            return 0
        base = design.base_case(results.experiment.space)[factor.name]
    if isinstance(base, Mapping):
        base = base.get(factor.name)
    for place, level in enumerate(factor.levels):
        if level is base or (level == base and isinstance(level, bool) == isinstance(base, bool)):
            return place
    listed = ", ".join(show(level) for level in factor.levels[:8])
    raise ParameterError(f"'{factor.name}' has no level {base!r} in this study. There are: {listed}.")


def _other(place: int, at: int, base: Scenario) -> int:
    if place == at:
        raise ParameterError(f"The scenario and its base are both {base.name}: give two that differ.")
    return place


def _points(observed: Observations, base: Any, results: Reader, only: Any = None) -> Scenarios:
    n = observed.n_points
    if n < 2:
        raise ConclusionError("The study has one design point: there is nothing to compare it with.")
    if n > MOST and only is None:
        few = [factor.name for factor in observed.factors if len(factor.levels) <= MOST // 10]
        instead = f", by='{few[0]}'" if few else " of a parameter, with a design of a few levels"
        raise ConclusionError(
            f"The study has {plural(n, 'point')}: that many cannot be compared one by one. Compare levels{instead}, or ask "
            "for the best."
        )
    at = _point_of(observed, base, results)
    rows = list(range(n)) if only is None else [at, _point_of(observed, only, results)]
    found = []
    for row in rows:
        where = {factor.name: _value(factor, row) for factor in observed.factors}
        # What it has in common with the base needs no word.
        differs = [
            factor
            for factor in observed.factors
            if factor.codes[row] != factor.codes[at] or (row == at and _tells(factor, rows))
        ]
        parts = [f"{shorten(each.name)} {shorten(show(_value(each, row)))}" for each in differs]
        name = ", ".join(parts) if len(parts) <= _NAMED else f"point {observed.factors[0].values.index[row]}"
        found.append(Scenario(name, name, where, observed.values[[row]], np.zeros(1, dtype=np.int64)))
    if only is not None:
        return _of_points(found[0], (found[_other(int(rows[1] != at), 0, found[0])],))
    return _of_points(found[at], tuple(each for place, each in enumerate(found) if place != at))


def _of_points(base: Scenario, others: tuple[Scenario, ...]) -> Scenarios:
    """A point is what it is called: nothing else changes with it."""
    return Scenarios(base, others, (base,) * len(others), ((),) * len(others))


def _tells(factor: Factor, rows: list[int]) -> bool:
    """Whether a parameter tells any of these points from another; of a single one each does."""
    return len(set(factor.codes[rows])) > 1 or len(set(rows)) == 1


def _point_of(observed: Observations, base: Any, results: Reader) -> int:
    """The row of the base among the points that are left."""
    if base is None:
        design: Any = results.experiment.design
        if not hasattr(design, "base_case"):
            return 0
        base = design.base_case(results.experiment.space)
    if not isinstance(base, Mapping):
        (number,) = results.known_points(number_of(base, "point"))
        row = int(results.points.index.get_indexer(pd.Index([number]))[0])
        base = {name: results.points[column].iloc[row] for name, column in results.columns.items()}
    known = {factor.name for factor in observed.factors}
    for name in base:
        if name not in known and name not in results.columns:
            raise ParameterError(f"'{name}' does not vary in this study.{suggest(str(name), known)}")
    for row in range(observed.n_points):
        if all(
            _value(factor, row) == base.get(factor.name, _value(factor, row)) for factor in observed.factors
        ):
            return row
    listed = ", ".join(f"{name}={show(value)}" for name, value in base.items())
    raise ParameterError(f"No point of this study has {listed}.")


def _value(factor: Factor, row: int) -> Any:
    return factor.levels[factor.codes[row]]


def _identity(codes: list[Codes], n: int) -> Codes:
    if not codes:
        return np.zeros(n, dtype=np.int64)
    return np.unique(np.column_stack(codes), axis=0, return_inverse=True)[1].ravel().astype(np.int64)
