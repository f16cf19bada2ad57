"""Factor: one varied parameter at the design points, as methods on arrays take it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import MesaLabError
from mesa_lab.processing.tables.column_names import level_codes

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["MANY_LEVELS", "Factor", "factors_of"]

type Floats = npt.NDArray[np.float64]
type Codes = npt.NDArray[np.int64]

MANY_LEVELS: Final = 10
"""A number with more levels than this is treated as continuous."""


@dataclass(frozen=True, eq=False)
class Factor:
    """One varied parameter at the design points.

    Attributes:
        name: The parameter.
        values: Its value at each point, as the study has it.
        unit: Its place in the unit cube at each point; for a choice the number of its level, evenly spread.
        codes: The number of its level at each point.
        levels: Its levels, numbers in ascending order.
        categorical: Whether its levels have no order; two levels have one for every purpose.
        log: Whether its range is logarithmic.
    """

    name: str
    values: pd.Series[Any]
    unit: Floats
    codes: Codes
    levels: tuple[Any, ...]
    categorical: bool
    log: bool = False

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers (yes and no are not)."""
        return _is_number(self.values)

    @property
    def by_level(self) -> bool:
        """Whether it is looked at level by level, rather than as a continuous number."""
        return self.categorical or len(self.levels) <= MANY_LEVELS

    def at(self, rows: npt.NDArray[Any]) -> Factor:
        """Return the same parameter at some of the points."""
        return replace(self, values=self.values.iloc[rows], unit=self.unit[rows], codes=self.codes[rows])


def factors_of(results: Reader) -> list[Factor]:
    """Return the parameters that take at least two values among the points."""
    varied = results.experiment.space.varied
    found = []
    for name, column in results.columns.items():
        values = results.points[column]
        codes, levels = level_codes(values, results.level_order(name))
        if len(levels) < 2:
            continue
        numeric = _is_number(values)
        parameter = varied.get(name)
        found.append(
            Factor(
                name=name,
                values=values,
                unit=_unit(values, codes, len(levels), parameter if numeric else None),
                codes=codes,
                levels=tuple(levels),
                categorical=not numeric and len(levels) > 2,
                log=bool(getattr(parameter, "log", False)),
            )
        )
    return found


def _unit(values: pd.Series[Any], codes: Codes, n_levels: int, parameter: Any) -> Floats:
    """Place values in the unit cube: by the parameter's own scale where all lie in its range, else evenly."""
    if not _is_number(values):
        return codes / (n_levels - 1)
    given = values.to_numpy(dtype=np.float64)
    to_unit: Callable[..., Any] | None = getattr(parameter, "to_unit", None)
    if to_unit is not None:
        try:
            unit = np.asarray(to_unit(given), dtype=np.float64)
        except (MesaLabError, TypeError, ValueError):
            unit = np.zeros(0)
        # A table of points may go beyond the range, where several values would share the edge.
        if len(unit) == len(given) and np.isfinite(unit).all() and len(np.unique(unit)) == n_levels:
            return unit
    low, high = given.min(), given.max()
    return np.asarray((given / 2 - low / 2) / (high / 2 - low / 2))


def _is_number(values: pd.Series[Any]) -> bool:
    kind = values.dtype
    if isinstance(kind, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(kind):
        return False
    return bool(pd.api.types.is_numeric_dtype(kind)) and bool(
        np.isfinite(values.to_numpy(dtype=np.float64, na_value=np.nan)).all()
    )
