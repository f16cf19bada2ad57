"""Results as the EMA workbench returns its own: a DataFrame of experiments and a dict of outcome arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import OutcomeError
from mesa_lab.processing.interchange.arrays import check_over, final_values, series_values

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["to_ema"]


def to_ema(
    results: Reader, outcomes: str | Sequence[str] | None = None, each: str = "run", over: str = "final"
) -> tuple[pd.DataFrame, dict[str, npt.NDArray[Any]]]:
    """Return results for the EMA workbench (see `Results.to_ema`).

    Raises:
        OutcomeError: If an outcome is unknown, or no number where means are asked for.
    """
    check_over(over, ("final", "series"))
    if each not in ("run", "point"):
        raise OutcomeError(
            f"each is {each!r:.80}. Give 'run' for one row per run, or 'point' for means over replications."
        )
    names = results.outcome_list(outcomes, series=over == "series")
    rows = np.flatnonzero(results.done)
    arrays: dict[str, npt.NDArray[Any]] = {}
    if over == "final":
        arrays = {name: final_values(results, name)[rows] for name in names}
    else:
        steps, series = series_values(results, names)
        arrays = {name: array[rows] for name, array in series.items()}
        if series and "TIME" not in arrays:
            arrays["TIME"] = np.broadcast_to(steps.astype(np.float64), (len(rows), len(steps))).copy()
    points = results.point_rows[rows]
    if each == "point":
        found = np.unique(points)
        arrays = {name: _means(name, array, points, found) for name, array in arrays.items()}
        points = found
    experiments = pd.DataFrame(
        {name: _column(results.points[column].iloc[points]) for name, column in results.columns.items()}
    )
    told: dict[str, Any] = {
        "scenario": results.points.index.to_numpy()[points],
        "policy": pd.Categorical(["None"] * len(points)),
        "model": [results.model_name] * len(points),
    }
    for name, column in told.items():  # a parameter may have such a name, too
        experiments[name if name not in results.columns else f"{name} (Mesa Lab)"] = column
    experiments.attrs["left_out"] = int((~results.done).sum())
    return experiments, arrays


def _column(values: pd.Series[Any]) -> Any:
    """Numbers as they are; all else as categories, which the workbench's analyses ask for."""
    values = values.reset_index(drop=True)
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        return values
    if pd.api.types.is_bool_dtype(values.dtype):
        return pd.Categorical(values)
    # As text, as the workbench has them; but 1 and "1" stay two values.
    told = [repr(value) for value in values if not isinstance(value, str)]
    clashes = {value for value in values if isinstance(value, str)}.intersection(told)
    return pd.Categorical(
        [value if isinstance(value, str) and value not in clashes else repr(value) for value in values]
    )


def _means(
    name: str, array: npt.NDArray[Any], points: npt.NDArray[np.int64], found: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """The mean over the runs of each point that have a value."""
    if array.dtype == object:
        raise OutcomeError(
            f"'{name}' is no number, so it has no mean over replications. Name other outcomes, or take each='run'."
        )
    frame = pd.DataFrame(array if array.ndim > 1 else array[:, None])
    means = frame.groupby(np.searchsorted(found, points)).mean().to_numpy(dtype=np.float64)
    return means if array.ndim > 1 else means[:, 0]
