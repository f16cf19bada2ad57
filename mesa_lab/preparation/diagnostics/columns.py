"""One parameter as it stands in a design matrix, and how much of its range the points cover."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mesa_lab.preparation.designs.duplicate_points import numbered
from mesa_lab.preparation.parameters.space import Choice, Levels, Parameter, ParameterSpace, Real, table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Column", "column_of", "coverage"]

BINS: Final = 20

type Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class Column:
    """One parameter as it stands in the matrix.

    Attributes:
        name: The parameter's name.
        parameter: Its range; of a column that the space holds fixed, the range that its values span.
        codes: The number of each row's value.
        values: The values by number.
        numeric: Whether they are numbers.
        unit: Where each row's value lies in the range, from 0 to 1.
    """

    name: str
    parameter: Parameter
    codes: Array
    values: list[Any]
    numeric: bool
    unit: Array

    @property
    def ordered(self) -> bool:
        """Whether a correlation says something: two values have an order of sorts, three names have none."""
        if isinstance(self.parameter, Choice | Levels) and len(self.parameter.values) > 2:
            return isinstance(self.parameter, Levels) and all(
                isinstance(value, int | float) and not isinstance(value, bool)
                for value in self.parameter.values
            )
        return True

    @property
    def scores(self) -> Array:
        """Numbers to compute with: levels by their values, as they may stand in any order; others by their place."""
        if isinstance(self.parameter, Levels) and self.numeric:
            scores: Array = np.asarray(self.values, dtype=float)[self.codes]
            return scores
        return self.unit


def column_of(name: str, values: "pd.Series[Any]", space: ParameterSpace) -> Column:
    """Return a column of the design matrix with what is known of its parameter."""
    codes, found = numbered(values)
    numeric = values.dtype.kind in "if" or all(type(value) in (int, float) for value in found)
    parameter = space.varied.get(name)
    if parameter is None:
        ranged = numeric and min(found) < max(found)
        parameter = Real(min(found), max(found)) if ranged else Choice(_distinct(found))
    return Column(name, parameter, codes, found, numeric, parameter.to_unit(found)[codes])


def _distinct(values: list[Any]) -> list[Any]:
    """Values that a Choice takes: it holds 1 and 1.0 for one."""
    kept: list[Any] = []
    for value in values:
        if not kept or not Choice(kept).contains(value):
            kept.append(value)
    return kept or [None]


def coverage(columns: list[Column], n_points: int) -> "pd.DataFrame":
    """Return how many values each parameter takes, from where to where, and what share of its range that hits."""
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
    covered = table(cells, len(columns))
    covered.index = pd.Index([column.name for column in columns], name="parameter", dtype=object)
    return covered
