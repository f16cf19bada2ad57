"""Identical points: found, counted, and made one where a design asks for it."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from mesa_lab.preparation.parameters.value_keys import key

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["merged", "numbered", "repeats"]

type Codes = np.ndarray[Any, np.dtype[np.int64]]


def numbered(values: "pd.Series[Any]") -> tuple[Codes, list[Any]]:
    """Number the different values of a column.

    Returns:
        The number of each row's value, and the values by number. True and 1 are different values.
    """
    import pandas as pd

    if values.dtype != object:
        codes, unique = pd.factorize(values.to_numpy(), use_na_sentinel=False)
        return codes.astype(np.int64, copy=False), unique.tolist()
    numbers: dict[Hashable, int] = {}
    found: list[Any] = []
    codes = np.empty(len(values), dtype=np.int64)
    for row, value in enumerate(values):
        number = numbers.setdefault(key(value), len(found))
        if number == len(found):
            found.append(value)
        codes[row] = number
    return codes, found


def repeats(codes: dict[str, Codes], rows: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Say which rows repeat an earlier one, given the numbers of their values."""
    import pandas as pd

    if not codes:
        return np.arange(rows) > 0
    return pd.DataFrame(codes).duplicated().to_numpy(dtype=bool)


def merged(points: "pd.DataFrame") -> "pd.DataFrame":
    """Return the points with identical rows kept once, and `attrs["merged"]` saying how many were left out."""
    again = repeats({name: numbered(points[name])[0] for name in points.columns}, len(points))
    unique = points[~again].reset_index(drop=True) if again.any() else points
    unique.attrs["merged"] = int(again.sum())
    return unique
