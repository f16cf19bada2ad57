"""Results as an xarray Dataset: point × replication × step, with parameters as coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import ExportError
from mesa_lab.formatting import plural
from mesa_lab.processing.interchange.arrays import check_over, final_values, objects_of, series_values
from mesa_lab.processing.tables import column_names

if TYPE_CHECKING:
    import xarray as xr

    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["to_xarray"]

_DIMENSIONS = ("point", "replication", "step")


def to_xarray(
    results: Reader, outcomes: str | Sequence[str] | None = None, over: str | None = None
) -> xr.Dataset:
    """Return results as a Dataset (see `Results.to_xarray`).

    Raises:
        ExportError: If xarray is not installed, or the arrays would not fit into memory.
        OutcomeError: If an outcome is unknown.
    """
    try:
        import xarray as xr
    except ImportError:
        raise ExportError(
            "to_xarray needs xarray, which is not installed. Run: pip install mesa-lab[xarray]"
        ) from None
    if over is not None:
        check_over(over, ("final", "series"))
    names = results.outcome_list(outcomes, series=over == "series")
    called = {
        name: f"{column} (outcome)" if column in _DIMENSIONS else column
        for name, column in column_names.outcome_columns(names).items()
    }
    grid = _Grid(results)
    with_steps = [] if over == "final" else [name for name in names if name in results.series_outcomes]
    steps, series = series_values(results, with_steps) if with_steps else (np.array([], dtype=np.int64), {})
    variables: dict[str, Any] = {}
    for name in names:
        if name in series:
            variables[called[name]] = _DIMENSIONS, grid.spread(series[name])
        elif over != "series":
            variables[called[name]] = _DIMENSIONS[:2], grid.spread(final_values(results, name))
    coordinates: dict[str, Any] = {
        "point": results.points.index.to_numpy(),
        "replication": grid.replications,
        **{column: ("point", _plain(results.points[column])) for column in results.columns.values()},
        "seed": (_DIMENSIONS[:2], grid.spread(results.recorded("seed").to_numpy(), -1)),
        "status": (_DIMENSIONS[:2], grid.spread(results.base["status"].to_numpy(dtype=object), "no result")),
        "steps": (_DIMENSIONS[:2], grid.spread(results.recorded("steps").to_numpy(), -1)),
    }
    if series:
        coordinates["step"] = steps
    attributes = {"model": results.model_name, "notes": " ".join(_notes(results, grid, steps, series))}
    dataset = xr.Dataset(variables, coordinates, attributes)
    for name, (_, values) in [
        (name, each) for name, each in (variables | coordinates).items() if isinstance(each, tuple)
    ]:
        if values.dtype == object:  # where all others are text, xarray makes NaN of None
            _put_none(dataset[name].values, values)
    return dataset


class _Grid:
    """Where each run stands among points and replications."""

    def __init__(self, results: Reader) -> None:
        self.points = results.point_rows
        self.replications, self.places = np.unique(
            results.base["replication"].to_numpy(dtype=np.int64), return_inverse=True
        )
        self.shape = len(results.points), len(self.replications)

    def spread(self, values: npt.NDArray[Any], missing: Any = None) -> npt.NDArray[Any]:
        """Values of runs as an array of points × replications (× steps)."""
        if missing is None and values.dtype.kind == "f":
            missing = np.nan
        array = np.full((*self.shape, *values.shape[1:]), missing, dtype=values.dtype)
        array[self.points, self.places] = values
        return array


def _put_none(there: npt.NDArray[Any], values: npt.NDArray[Any]) -> None:
    there[np.frompyfunc(lambda value: value is None, 1, 1)(values).astype(bool)] = None


def _plain(column: Any) -> npt.NDArray[Any]:
    """A parameter's values as numpy holds them: numbers, truth values, else objects."""
    return np.asarray(column.to_numpy() if column.dtype.kind in "ifb" else objects_of(column))


def _notes(
    results: Reader, grid: _Grid, steps: npt.NDArray[np.int64], series: dict[str, npt.NDArray[np.float64]]
) -> list[str]:
    """Say why there are NaN."""
    lines = []
    absent = grid.shape[0] * grid.shape[1] - len(results.base)
    if absent:
        lines.append(f"{plural(absent, 'run')} {'has' if absent == 1 else 'have'} no result yet: NaN.")
    failed = int((~results.done).sum())
    if failed:
        lines.append(f"{plural(failed, 'run')} failed or timed out: NaN.")
    if series:
        last = results.recorded("steps").to_numpy()[results.done]
        early = int((last < steps[-1]).sum())
        if early:
            lines.append(f"{plural(early, 'run')} ended before step {int(steps[-1]):,}: NaN after the end.")
    return lines
