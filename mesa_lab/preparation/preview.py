"""What an experiment would run, before it runs: its points, how well they cover the space, and what to mind.

Only the space, the design and the design matrix are looked at: no model is built. Measures that
compare all pairs of points are taken on a sample when there are many.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mesa_lab.preparation.designs.duplicate_points import numbered, repeats
from mesa_lab.preparation.designs.space_filling import discrepancy, sample_of, smallest_distance
from mesa_lab.preparation.parameters.space import (
    Choice,
    Integer,
    Levels,
    Parameter,
    ParameterSpace,
    Real,
    table,
)
from mesa_lab.preparation.parameters.value_keys import counted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Preview", "preview"]

BINS: Final = 20
STRONG: Final = 0.3

type Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class Preview:
    """What an experiment would run.

    Attributes:
        matrix: The design matrix: one row per design point, constraints applied.
        n_points: How many design points there are.
        n_dropped: How many points the constraints dropped.
        n_merged: How many identical points the design made one.
        n_runs: Points times replications.
        coverage: One row per parameter in the matrix: `levels` (different values), `lowest` and `highest` (None for a
            choice), and `covered`: the share of its values, or of up to 20 equal parts of its range, that is hit.
        discrepancy: Centred discrepancy in the unit cube (Hickernell 1998, Math. Comp. 67: 299-322); 0 is even. None
            with fewer than 2 points or nothing varied.
        max_abs_correlation: The largest Pearson correlation between two parameters, without its sign. Choices of more
            than two values have none.
        correlated: The two parameters it belongs to.
        min_distance: The smallest Euclidean distance between two points of the unit cube.
        n_measured: How many points discrepancy and distance were measured on.
        warnings: What a methodologist would say.
    """

    matrix: "pd.DataFrame"
    n_points: int
    n_dropped: int
    n_merged: int
    n_runs: int
    coverage: "pd.DataFrame"
    discrepancy: float | None
    max_abs_correlation: float | None
    correlated: tuple[str, str] | None
    min_distance: float | None
    n_measured: int
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        measures = {
            "discrepancy": self.discrepancy,
            "largest correlation": self.max_abs_correlation,
            "smallest distance": self.min_distance,
        }
        dropped = f" ({self.n_dropped:,} more dropped by the constraints)" if self.n_dropped else ""
        lines = [f"<Preview: {counted(self.n_points, 'point')}{dropped}, {counted(self.n_runs, 'run')}"]
        lines += self.coverage.to_string().splitlines() if len(self.coverage) else []
        lines += [", ".join(f"{name} {value:.3g}" for name, value in measures.items() if value is not None)]
        lines += [f"note: {warning}" for warning in self.warnings]
        return "\n  ".join(line for line in lines if line) + ">"


@dataclass(frozen=True, eq=False)
class _Column:
    """One parameter as it stands in the matrix."""

    name: str
    parameter: Parameter
    codes: Array
    values: list[Any]
    numeric: bool
    unit: Array


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
    space: ParameterSpace = experiment.space
    matrix: pd.DataFrame = experiment.design_matrix()
    dropped = _dropped(experiment, space)
    columns = [_column(name, matrix[name], space) for name in matrix.columns]
    cube = np.column_stack([column.unit for column in columns]) if columns else np.empty((len(matrix), 0))
    correlation, pair = _correlation(columns, len(matrix))
    sample = sample_of(cube)
    merged = int(matrix.attrs.get("merged", 0)) or _merged(experiment.design, space, len(matrix) + dropped)
    n_repeated = int(repeats({column.name: column.codes for column in columns}, len(matrix)).sum())
    warnings = [
        *_advice(experiment.design, space),
        *_about_points(columns, len(matrix), n_repeated),
        *_about_dropped(experiment.design, dropped, len(matrix)),
        *_about_correlation(correlation, pair, len(matrix)),
    ]
    if experiment.replications == 1:
        warnings.append(
            "One replication: if the model is stochastic, chance cannot be told from effect. Take several, 10 to begin with."
        )
    if len(sample) < len(cube):
        warnings.append(
            f"Discrepancy and smallest distance were measured on {len(sample):,} of the {len(cube):,} points."
        )
    return Preview(
        matrix=matrix,
        n_points=len(matrix),
        n_dropped=dropped,
        n_merged=merged,
        n_runs=len(matrix) * experiment.replications,
        coverage=_coverage(columns, len(matrix)),
        discrepancy=discrepancy(sample),
        max_abs_correlation=correlation,
        correlated=pair,
        min_distance=0.0 if n_repeated else smallest_distance(sample),
        n_measured=len(sample),
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


def _column(name: str, values: "pd.Series[Any]", space: ParameterSpace) -> _Column:
    codes, found = numbered(values)
    numeric = values.dtype.kind in "if" or all(type(value) in (int, float) for value in found)
    parameter = space.varied.get(name)
    if parameter is None:
        ranged = numeric and min(found) < max(found)
        parameter = Real(min(found), max(found)) if ranged else Choice(_distinct(found))
    return _Column(name, parameter, codes, found, numeric, parameter.to_unit(found)[codes])


def _distinct(values: list[Any]) -> list[Any]:
    """Values that a Choice takes: it holds 1 and 1.0 for one."""
    kept: list[Any] = []
    for value in values:
        if not kept or not Choice(kept).contains(value):
            kept.append(value)
    return kept or [None]


def _coverage(columns: list[_Column], n_points: int) -> "pd.DataFrame":
    import pandas as pd

    cells: dict[str, list[Any]] = {"levels": [], "lowest": [], "highest": [], "covered": []}
    for column in columns:
        ordered = column.numeric and not isinstance(column.parameter, Choice)
        count = column.parameter.count
        bins = count if count is not None and count <= BINS else max(1, min(BINS, n_points))
        hit = np.bincount(np.minimum((column.unit * bins).astype(int), bins - 1), minlength=bins) > 0
        cells["levels"].append(len(column.values))
        cells["lowest"].append(min(column.values) if ordered else None)
        cells["highest"].append(max(column.values) if ordered else None)
        cells["covered"].append(float(hit.mean()))
    coverage = table(cells, len(columns))
    coverage.index = pd.Index([column.name for column in columns], name="parameter", dtype=object)
    return coverage


def _correlation(columns: list[_Column], n_points: int) -> tuple[float | None, tuple[str, str] | None]:
    scores = {column.name: _scores(column) for column in columns if _has_order(column.parameter)}
    able = {name: numbers for name, numbers in scores.items() if len(numbers) and np.ptp(numbers) > 0}
    if n_points < 3 or len(able) < 2:
        return None, None
    matrix = np.abs(np.corrcoef(np.column_stack(list(able.values())), rowvar=False))
    np.fill_diagonal(matrix, -1)
    first, second = np.unravel_index(int(np.argmax(matrix)), matrix.shape)
    largest = min(float(matrix[first, second]), 1.0)
    return (0.0 if largest < 1e-12 else largest), (list(able)[first], list(able)[second])


def _scores(column: _Column) -> Array:
    """Numbers to correlate: levels by their values, as they may stand in any order; others by their place in the range."""
    if isinstance(column.parameter, Levels) and column.numeric:
        scores: Array = np.asarray(column.values, dtype=float)[column.codes]
        return scores
    return column.unit


def _has_order(parameter: Parameter) -> bool:
    """Whether a correlation says something: two values have an order of sorts, three names have none."""
    if isinstance(parameter, Choice | Levels) and len(parameter.values) > 2:
        return isinstance(parameter, Levels) and all(
            isinstance(value, int | float) and not isinstance(value, bool) for value in parameter.values
        )
    return True


def _advice(design: Any, space: ParameterSpace) -> tuple[str, ...]:
    return tuple(design.advice(space)) if hasattr(design, "advice") else ()


def _about_points(columns: list[_Column], n_points: int, n_repeated: int) -> list[str]:
    said = []
    if n_points > 1:
        said = [
            f"'{column.name}' never varies: it is {column.values[0]!r} at all points. Hold it fixed, or give it more levels."
            for column in columns
            if len(column.values) == 1
        ]
    for column in columns:
        outside = _outside(column)
        if outside:
            have = "1 point has" if outside == 1 else f"{outside:,} points have"
            said.append(
                f"{have} a '{column.name}' outside of {column.parameter}. Check them, or widen the range."
            )
    if n_repeated:
        said.append(
            f"{n_repeated:,} of the {n_points:,} points repeat an earlier one, as some parameters have few values. "
            "They run with seeds of their own, like replications. Take fewer points, or a FullFactorial."
        )
    return said


def _outside(column: _Column) -> int:
    if isinstance(column.parameter, Choice):
        return 0
    ends = (min(column.values), max(column.values)) if column.numeric and column.values else ()
    whole_range = isinstance(column.parameter, Real) or (
        isinstance(column.parameter, Integer) and column.parameter.step == 1
    )
    if ends and whole_range and all(column.parameter.contains(end) for end in ends):
        return 0
    wrong = [number for number, value in enumerate(column.values) if not column.parameter.contains(value)]
    return int(np.isin(column.codes, wrong).sum()) if wrong else 0


def _about_dropped(design: Any, dropped: int, left: int) -> list[str]:
    if not dropped:
        return []
    lost = (
        "The rest no longer covers the space as evenly as the design promises"
        if getattr(design, "space_filling", False)
        else "The rest is no longer a complete design, so effects may be mixed up with one another"
    )
    return [f"The constraints drop {dropped:,} of {dropped + left:,} points and leave {left:,}. {lost}."]


def _about_correlation(correlation: float | None, pair: tuple[str, str] | None, n_points: int) -> list[str]:
    if correlation is None or pair is None or correlation <= STRONG:
        return []
    return [
        f"'{pair[0]}' and '{pair[1]}' are correlated ({correlation:.2f}) over the {n_points:,} points: their effects are "
        "hard to tell apart. Take more points, or another design."
    ]
