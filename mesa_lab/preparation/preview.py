"""What an experiment would run, before it runs: its points, how well they cover the space, and what to mind.

Only the space, the design and the design matrix are looked at: no model is built. Measures that
compare all pairs of points are taken on a sample when there are many.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mesa_lab.errors import ExperimentError
from mesa_lab.preparation.designs.duplicate_points import repeats
from mesa_lab.preparation.designs.space_filling import (
    discrepancy,
    random_discrepancy,
    sample_of,
    smallest_distance,
)
from mesa_lab.preparation.diagnostics import remarks
from mesa_lab.preparation.diagnostics.aliasing import MOST_FACTORS, Aliasing, aliasing, roman
from mesa_lab.preparation.diagnostics.association import largest_correlation, largest_v
from mesa_lab.preparation.diagnostics.columns import Column, column_of, coverage
from mesa_lab.preparation.diagnostics.leverage import Lone, lone_points
from mesa_lab.preparation.parameters.correlations import independent
from mesa_lab.preparation.parameters.space import ParameterSpace
from mesa_lab.preparation.parameters.value_keys import counted
from mesa_lab.preparation.power import Precision
from mesa_lab.preparation.power import precision as precision_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Preview", "preview"]

MOST_LEVELS: Final = 10
MOST_POINTS: Final = 5_000
"""Aliases are looked for in designs of levels up to this size."""


@dataclass(frozen=True, eq=False, repr=False)
class Preview:
    """What an experiment would run.

    Attributes:
        matrix: The design matrix: one row per design point, constraints applied.
        n_points: How many design points there are.
        n_dropped: How many points the constraints dropped; when they are redrawn, how many were passed over.
        n_merged: How many identical points the design made one.
        n_runs: Points times replications.
        n_same_runs: How many of the runs only repeat another one, with the same values and the same seed.
        replications: Runs of each point.
        coverage: One row per parameter in the matrix: `levels` (different values), `lowest` and `highest` (None for a
            choice), and `covered`: the share of its values, or of up to 20 equal parts of its range, that is hit.
        discrepancy: Centred discrepancy in the unit cube (Hickernell 1998, Math. Comp. 67: 299-322); 0 is even. None
            with fewer than 2 points or nothing varied.
        random_discrepancy: The one that as many random points of this space have on average.
        max_abs_correlation: The largest Pearson correlation between two parameters, without its sign. Choices of more
            than two values have none.
        correlated: The two parameters it belongs to.
        cramers_v: The largest association between two categories, or a category and another parameter of few values, from 0
            to 1 (Cramér 1946).
        associated: The two parameters it belongs to.
        min_distance: The smallest Euclidean distance between two points of the unit cube.
        n_measured: How many points discrepancy and distance were measured on.
        resolution: Of a design of balanced levels, how short the shortest word of factors is that are not free of each other,
            found by trying all: 3 when main effects are mixed up with two-way interactions, 4 when two-way interactions are
            with one another. None for other designs, and when nothing up to five factors is mixed up.
        aliases: Of a design of levels, one row per main effect, two-way interaction and quadratic effect: `term`,
            `aliased_with`, `in_part`, `largest`; see `Aliasing`. Empty for other designs.
        lone: Points on which the effect of a parameter rests alone.
        warnings: What a methodologist would say.
    """

    matrix: "pd.DataFrame"
    n_points: int
    n_dropped: int
    n_merged: int
    n_runs: int
    n_same_runs: int
    replications: int
    coverage: "pd.DataFrame"
    discrepancy: float | None
    random_discrepancy: float | None
    max_abs_correlation: float | None
    correlated: tuple[str, str] | None
    cramers_v: float | None
    associated: tuple[str, str] | None
    min_distance: float | None
    n_measured: int
    resolution: int | None
    aliases: "pd.DataFrame"
    lone: tuple[Lone, ...]
    warnings: tuple[str, ...]

    def precision(self, sd: float, *, power: float = 0.8, confidence: float = 0.95) -> Precision:
        """Return what this many replications can tell, given how much runs of one point differ.

        Args:
            sd: The standard deviation of an outcome between runs of one point, from trial runs.
            power: The share of experiments that shall find the difference.
            confidence: Of the interval of a mean.

        Returns:
            The expected half-width of the mean of a point, the smallest difference between two points that is found, for a
            balanced two-level design the smallest main effect too; `sentence` says it.

        Raises:
            ExperimentError: If a number is out of range.

        Example:
            >>> import mesa_lab as ml
            >>> space = {"density": [0.6, 0.8], "homophily": [0.3, 0.5]}
            >>> seen = preview(ml.Experiment("mesa.examples:Schelling", space, replications=10))
            >>> found = seen.precision(sd=12)
            >>> round(found.half_width, 1), round(found.difference), round(found.effect)
            (8.6, 16, 11)
        """
        balanced = (
            len(self.coverage) > 0 and bool((self.coverage["levels"] == 2).all()) and len(self.aliases) > 0
        )
        runs = self.n_runs if balanced and self.resolution != 2 else None
        return precision_of(sd, self.replications, runs=runs, power=power, confidence=confidence)

    def __repr__(self) -> str:
        measures = {
            "discrepancy": self.discrepancy,
            "of random points": self.random_discrepancy,
            "largest correlation": self.max_abs_correlation,
            "largest Cramér's V": self.cramers_v,
            "smallest distance": self.min_distance,
        }
        dropped = f" ({self.n_dropped:,} more dropped by the constraints)" if self.n_dropped else ""
        lines = [f"<Preview: {counted(self.n_points, 'point')}{dropped}, {counted(self.n_runs, 'run')}"]
        lines += self.coverage.to_string().splitlines() if len(self.coverage) else []
        said = [f"{name} {value:.3g}" for name, value in measures.items() if value is not None]
        lines += [", ".join([*said, *([f"resolution {roman(self.resolution)}"] if self.resolution else [])])]
        lines += [f"note: {warning}" for warning in self.warnings]
        return "\n  ".join(line for line in lines if line) + ">"


def preview(experiment: Any) -> Preview:
    """Look at an experiment's design before running it.

    Args:
        experiment: An `Experiment`, or anything with its `space`, `design`, `seed`, `replications` and `design_matrix()`.

    Returns:
        The points, how well they cover the space, and warnings.

    Raises:
        DesignError: If the design cannot be made, or is larger than memory.
        ExperimentError: If the constraints leave nothing, or cannot be worked out.

    Example:
        >>> import mesa_lab as ml
        >>> experiment = ml.Experiment("mesa.examples:Schelling", {"density": ml.Real(0.5, 0.9)}, ml.Sobol(100))
        >>> preview(experiment).warnings[0]
        "100 points are no power of 2, so Sobol' loses its balance. Take 64 or 128 (Owen 2020, arXiv:2008.08051)."
    """
    if not hasattr(experiment, "design_matrix"):
        raise ExperimentError(
            f"preview takes an experiment, not {experiment!r:.80}. Make one: Experiment(Model, {{parameter: values}})."
        )
    space: ParameterSpace = experiment.space
    design, replications = experiment.design, experiment.replications
    matrix: pd.DataFrame = experiment.design_matrix()
    n_points = len(matrix)
    dropped = _dropped(experiment, space)
    redraw = bool(getattr(experiment, "redraw", False))
    same_seeds = bool(
        getattr(experiment, "common_random_numbers", False) or getattr(experiment, "seeds", None) is not None
    )
    columns = [column_of(name, matrix[name], space) for name in matrix.columns]
    cube = _cube(columns, n_points, space)
    sample = sample_of(cube)
    even, by_chance = (
        discrepancy(sample),
        random_discrepancy(len(sample), [each.parameter.count for each in columns]),
    )
    correlation, pair = largest_correlation(columns, n_points)
    unasked = _unasked(columns, n_points, space) if space.correlations else (correlation, pair)
    v, associated, corrected = largest_v(columns)
    mixed = _aliasing(design, columns, n_points)
    in_blocks = bool(getattr(design, "in_blocks", False))
    lone = [] if in_blocks else lone_points(columns, n_points)
    n_repeated = int(repeats({column.name: column.codes for column in columns}, n_points).sum())
    warnings = [
        *_advice(design, space),
        *remarks.about_range(space),
        *remarks.about_values(columns, n_points),
        *remarks.about_draws(columns, n_points),
        *remarks.about_repeats(
            n_repeated,
            n_points,
            replications=replications,
            same_seeds=same_seeds,
            in_blocks=in_blocks,
            combinations=_combinations(space),
        ),
        *remarks.about_dropped(design, dropped, n_points, redraw=redraw),
        *remarks.about_aliases(design, mixed),
        *([] if in_blocks else remarks.about_correlation(*unasked, n_points, constrained=dropped > 0)),
        *([] if in_blocks else remarks.about_association(v, associated, corrected)),
        *remarks.about_lone(design, lone, n_points),
        *([] if dropped else remarks.about_evenness(design, even, by_chance)),
        *remarks.about_seeds(n_points, same_seeds=same_seeds, replications=replications),
    ]
    if len(sample) < len(cube) and not in_blocks:
        warnings.append(
            f"Discrepancy and smallest distance were measured on {len(sample):,} of the {len(cube):,} points."
        )
    return Preview(
        matrix=matrix,
        n_points=n_points,
        n_dropped=dropped,
        n_merged=int(matrix.attrs.get("merged", 0))
        or (0 if redraw else _merged(design, space, n_points + dropped)),
        n_runs=n_points * replications,
        n_same_runs=n_repeated * replications if same_seeds else 0,
        replications=replications,
        coverage=coverage(columns, n_points),
        discrepancy=even,
        random_discrepancy=by_chance,
        max_abs_correlation=correlation,
        correlated=pair,
        cramers_v=v,
        associated=associated,
        min_distance=0.0 if n_repeated else smallest_distance(sample),
        n_measured=len(sample),
        resolution=mixed.resolution,
        aliases=mixed.table,
        lone=tuple(lone),
        warnings=tuple(warnings),
    )


def _dropped(experiment: Any, space: ParameterSpace) -> int:
    if not space.constraints:
        return 0
    known = getattr(experiment, "n_dropped", None)
    if isinstance(known, int):
        return known
    points = experiment.design.points(space, experiment.seed)
    return int((~space.allowed(points)).sum())


def _merged(design: Any, space: ParameterSpace, made: int) -> int:
    asked = design.n_points(space) if hasattr(design, "n_points") else None
    return 0 if asked is None else max(0, asked - made)


def _cube(columns: list[Column], n_points: int, space: ParameterSpace) -> Any:
    """The points in the unit cube; those that were correlated on purpose as they were before."""
    if not columns:
        return np.empty((n_points, 0))
    cube = np.column_stack([column.unit for column in columns])
    return (
        independent(cube, tuple(column.name for column in columns), space.correlations)
        if space.correlations
        else cube
    )


def _unasked(
    columns: list[Column], n_points: int, space: ParameterSpace
) -> tuple[float | None, tuple[str, str] | None]:
    """The largest correlation that was not asked for: parameters that go together on purpose are left out."""
    asked = {name for pair in space.correlations or () for name in pair}
    return largest_correlation([column for column in columns if column.name not in asked], n_points)


def _combinations(space: ParameterSpace) -> int | None:
    counts = [parameter.count for parameter in space.varied.values()]
    return None if None in counts else math.prod(count for count in counts if count is not None)


def _aliasing(design: Any, columns: list[Column], n_points: int) -> Aliasing:
    """Aliases of a design that combines few levels; for others there is nothing to look for."""
    of_levels = not (getattr(design, "space_filling", False) or getattr(design, "in_blocks", False))
    few = all(len(column.values) <= MOST_LEVELS for column in columns)
    if not of_levels or not few or not 2 <= len(columns) <= MOST_FACTORS or not 2 <= n_points <= MOST_POINTS:
        return aliasing({}, {})
    codes = {column.name: column.codes for column in columns}
    scores = {column.name: column.scores for column in columns if column.ordered}
    return aliasing(codes, scores)


def _advice(design: Any, space: ParameterSpace) -> tuple[str, ...]:
    return tuple(design.advice(space)) if hasattr(design, "advice") else ()
