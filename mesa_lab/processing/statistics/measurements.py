"""The values of an outcome as numbers: which of them can be averaged, and what kind of number they are."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import OutcomeError
from mesa_lab.preparation.limits import shortened

__all__ = ["Measurements", "is_number", "measurements", "numbers"]

_EXACT: Final = 2**53
"""Above this a float no longer tells neighbouring whole numbers apart."""


@dataclass(frozen=True)
class Measurements:
    """The values of an outcome, one per run (or per run and step).

    Attributes:
        values: As floats, less `offset`; NaN where there is none, and infinite where that was measured.
        offset: Subtracted from all, so that the differences between large whole numbers survive as floats.
        is_share: Whether they are yes or no, so that their mean is a share.
        is_binary: Whether they are zeros and ones, as numbers or as yes and no.
        is_count: Whether they are whole numbers that are never below zero.
    """

    values: npt.NDArray[np.float64]
    offset: float = 0.0
    is_share: bool = False
    is_binary: bool = False
    is_count: bool = False

    @property
    def finite(self) -> npt.NDArray[np.bool_]:
        """Which of them can be averaged."""
        return np.isfinite(self.values)

    def at(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Measurements:
        """Those of some runs; the kind stays that of all."""
        return replace(self, values=self.values[chosen])


def measurements(values: pd.Series[Any], name: str) -> Measurements:
    """Return the values of an outcome as numbers.

    Args:
        values: One value per run, of any type.
        name: The outcome, for the error.

    Raises:
        OutcomeError: If it holds something other than numbers.

    Example:
        >>> measurements(pd.Series([0, 1, 1]), "extinct").is_binary
        True
    """
    kind = values.dtype
    if pd.api.types.is_bool_dtype(kind) and not isinstance(kind, pd.CategoricalDtype):
        return Measurements(_floats(values.astype("Float64")), is_share=True, is_binary=True)
    if pd.api.types.is_integer_dtype(kind):
        return _whole(values)
    if pd.api.types.is_numeric_dtype(kind):
        floats = _floats(values)
        known = floats[np.isfinite(floats)]
        # Counts too, whatever their type: it depends on what else was measured.
        is_count = bool(len(known) and (known >= 0).all() and (known == np.floor(known)).all())
        return Measurements(floats, is_binary=set(np.unique(known)) == {0.0, 1.0}, is_count=is_count)
    some = values.dropna().unique()[:3]
    shown = ", ".join(shortened(value) for value in some)
    instead = (
        f"Its entries that are numbers can be outcomes of their own: '{name}.*'."
        if len(some) and _has_numbers(some[0])
        else "Look at its values run by run, or measure something that can be counted."
    )
    raise OutcomeError(f"The outcome '{name}' is not a number ({shown}, …): it has no mean. {instead}")


def _has_numbers(value: object) -> bool:
    """Whether a text is a dict in JSON that has numbers among its entries."""
    if not isinstance(value, str) or not value.startswith("{"):
        return False
    try:
        return any(isinstance(entry, int | float) for entry in json.loads(value).values())
    except (ValueError, RecursionError):
        return False


def _floats(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
    return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def _whole(values: pd.Series[Any]) -> Measurements:
    """Whole numbers; large ones are measured from the least of them."""
    floats = _floats(values)
    known = values.dropna()
    if not len(known):
        return Measurements(floats)
    low, high = int(known.min()), int(known.max())
    binary = low >= 0 and high <= 1
    if max(abs(low), abs(high)) <= _EXACT:
        return Measurements(floats, is_binary=binary, is_count=low >= 0)
    shifted = np.full(len(values), np.nan)
    # In Python's whole numbers, of which none is too large.
    shifted[values.notna().to_numpy()] = [float(int(value) - low) for value in known]
    return Measurements(shifted, float(low), is_count=low >= 0)


def numbers(values: pd.Series[Any], name: str) -> tuple[npt.NDArray[np.float64], bool]:
    """Return an outcome as floats, and whether it is a yes or no, whose mean is a share.

    Raises:
        OutcomeError: If it holds something other than numbers.
    """
    found = measurements(values, name)
    return found.values + found.offset if found.offset else found.values, found.is_share


def is_number(values: pd.Series[Any]) -> bool:
    """Whether an outcome has a mean."""
    return pd.api.types.is_numeric_dtype(values.dtype)  # booleans too
