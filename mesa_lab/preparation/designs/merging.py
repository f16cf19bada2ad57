"""Identical points made one."""

from collections.abc import Hashable
from typing import TYPE_CHECKING

from mesa_lab.preparation.values import key

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["merged", "repeats"]


def merged(points: "pd.DataFrame") -> "pd.DataFrame":
    """Return the points with identical rows kept once, and `attrs["merged"]` saying how many were left out."""
    again = repeats(points)
    if not again.any():
        points.attrs["merged"] = 0
        return points
    unique = points[~again].reset_index(drop=True)
    unique.attrs["merged"] = int(again.sum())
    return unique


def repeats(points: "pd.DataFrame") -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Say which rows repeat an earlier one, telling True from 1."""
    import numpy as np
    import pandas as pd

    if not len(points.columns):
        return np.arange(len(points)) > 0
    codes = {}
    for name in points.columns:
        values = points[name]
        if values.dtype == object:
            numbers: dict[Hashable, int] = {}
            codes[name] = np.array(
                [numbers.setdefault(key(value), len(numbers)) for value in values], dtype=int
            )
        else:
            codes[name] = pd.factorize(values, use_na_sentinel=False)[0]
    return pd.DataFrame(codes).duplicated().to_numpy()
