"""Outcomes as arrays over runs, or over runs and steps: what all other tools' forms are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import ExportError, OutcomeError
from mesa_lab.formatting import plural, size_text

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["check_over", "final_values", "objects_of", "series_values"]

_MOST_BYTES: Final = 8 * 2**30


def check_over(over: Any, known: Sequence[str]) -> None:
    """Check what outcomes are taken over.

    Raises:
        OutcomeError: If it is none of what is known.
    """
    if over not in known:
        raise OutcomeError(f"over is {over!r:.80}. Give one of: {', '.join(map(repr, known))}.")


def final_values(results: Reader, name: str) -> npt.NDArray[Any]:
    """The final value of each run, in the order of `base`: numbers with NaN where there is none, else objects with None.

    Runs that failed or timed out have none.
    """
    values = results.values(name).where(pd.Series(results.done))
    if pd.api.types.is_numeric_dtype(values.dtype) or values.isna().all():
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    if pd.api.types.is_bool_dtype(values.dropna().infer_objects().dtype):
        return values.astype("boolean").to_numpy(dtype=np.float64, na_value=np.nan)
    return objects_of(values)


def objects_of(values: pd.Series[Any]) -> npt.NDArray[Any]:
    """Values that are not all numbers, as objects with None where there is none: pandas has NaN there beside text."""
    array = np.array(values, dtype=object)
    if array.ndim > 1:  # lists of one length
        array = np.empty(len(values), dtype=object)
        array[:] = values.tolist()
    array[values.isna().to_numpy(dtype=bool)] = None
    return array


def series_values(
    results: Reader, names: Sequence[str]
) -> tuple[npt.NDArray[np.int64], dict[str, npt.NDArray[np.float64]]]:
    """What was collected over the steps, as one array of runs × steps for each outcome that has a series of numbers.

    Args:
        results: The results.
        names: Outcomes.

    Returns:
        All steps at which anything was collected, and the arrays by outcome. Steps that a run does not have, such as those after its
        end, are NaN, as are runs that failed or timed out.

    Raises:
        ExportError: If they would not fit into memory.
    """
    read = {}
    for name in names:
        row, step, values = results.steps_of(name, results.done)
        if len(row) and pd.api.types.is_numeric_dtype(values.dtype):
            read[name] = row, step, values.to_numpy(dtype=np.float64, na_value=np.nan)
    if not read:
        return np.array([], dtype=np.int64), {}
    steps = np.unique(np.concatenate([step for _, step, _ in read.values()]))
    needed = 8 * len(results.base) * len(steps) * len(read)
    if needed > _MOST_BYTES:
        raise ExportError(
            f"{plural(len(read), 'outcome')} of {len(results.base):,} runs at {len(steps):,} steps would take {size_text(needed)} of memory as one "
            "array. Name fewer outcomes, or take results.series(outcome, points=[...]) part by part."
        )
    arrays = {}
    for name, (row, step, value) in read.items():
        array = np.full((len(results.base), len(steps)), np.nan)
        array[row, np.searchsorted(steps, step)] = value
        arrays[name] = array
    return steps, arrays
