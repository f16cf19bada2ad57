"""A study as SALib's methods take it: the problem, the points and one outcome's means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import OutcomeError, ParameterError
from mesa_lab.preparation.parameters.space import Real
from mesa_lab.processing.interchange.arrays import final_values

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["to_salib"]

type Floats = npt.NDArray[np.float64]


def to_salib(results: Reader, outcome: str | None = None) -> tuple[dict[str, Any], Floats, Floats]:
    """Return a study for SALib (see `Results.to_salib`).

    Raises:
        OutcomeError: If the outcome is unknown or no number.
        ParameterError: If nothing varies, or a parameter has a value that is not finite.
    """
    if not results.columns:
        raise ParameterError("Nothing varies in this study, so there is no problem for SALib to analyse.")
    name = results.first_outcome() if outcome is None else outcome
    results.outcome_list(name)
    values = final_values(results, name)
    if values.dtype == object:
        raise OutcomeError(f"'{name}' is no number. SALib's methods need one.")
    columns, bounds, scales = [], [], []
    for parameter, column in results.columns.items():
        numbers = _numbers(results, parameter, column)
        if not np.isfinite(numbers).all():
            value = numbers[~np.isfinite(numbers)][0]
            raise ParameterError(
                f"Parameter '{parameter}' has the value {value:g} at a point, which has no place between two bounds, and SALib's "
                "methods need one. Take the points without it into a study of their own."
            )
        low, high, scale = _range(results, parameter, numbers)
        columns.append(numbers)
        bounds.append([low, high])
        scales.append(scale)
    problem: dict[str, Any] = {
        "names": [str(each) for each in results.columns],
        "num_vars": len(columns),
        "bounds": bounds,
    }
    if "logunif" in scales:
        problem["dists"] = scales
    return problem, np.column_stack(columns), _means(results, values)


def _means(results: Reader, values: Floats) -> Floats:
    """The mean at each point over the runs that have a finite value; NaN where none has."""
    known = np.isfinite(values)
    count = len(results.points)
    n = np.bincount(results.point_rows[known], minlength=count)
    total = np.bincount(results.point_rows[known], weights=values[known], minlength=count)
    with np.errstate(invalid="ignore"):
        return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _numbers(results: Reader, parameter: str, column: str) -> Floats:
    """A parameter's values at the points; for what is no number, the place among its values."""
    values = results.points[column]
    if values.dtype.kind in "if":
        return values.to_numpy(dtype=np.float64)
    order = [repr(each) for each in results.level_order(parameter)]
    told = [repr(each) for each in values.tolist()]
    known = {each: place for place, each in enumerate(dict.fromkeys([*order, *sorted(set(told))]))}
    return np.array([known[each] for each in told], dtype=np.float64)


def _range(results: Reader, parameter: str, numbers: Floats) -> tuple[float, float, str]:
    """The range of a parameter: as it was given, else from the smallest value tried to the largest."""
    given = results.experiment.space.varied.get(parameter)
    low, high = getattr(given, "low", None), getattr(given, "high", None)
    scale = "logunif" if isinstance(given, Real) and getattr(given, "log", False) else "unif"
    is_range = (
        isinstance(low, int | float) and isinstance(high, int | float) and np.isfinite([low, high]).all()
    )
    if not is_range or not low < high:  # type: ignore[operator]
        low, high = float(numbers.min()), float(numbers.max())
        scale = "unif"
        if low == high:
            high = low + 1.0
    return float(low), float(high), scale  # type: ignore[arg-type]
