"""Which parameter matters most? A quick ranking, used to decide what is shown first.

The share of the variance between design points that lies between the levels of one parameter: the correlation ratio,
less what chance alone would give (epsilon squared; Kelley, 1935). It sees main effects only: a parameter that acts
through interactions can come out at zero, so it orders charts and proves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mesa_lab.processing.analysis.grouping import Codes
from mesa_lab.processing.analysis.summary import numbers
from mesa_lab.processing.tables.column_names import level_codes

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["influence", "ranked"]


def influence(results: Reader, outcome: str) -> pd.DataFrame:
    """Rank the varied parameters by the share of an outcome's variance that they account for alone.

    Args:
        results: The results.
        outcome: What is explained: its mean at each design point, over the runs that came to their end.

    Returns:
        One row per parameter, the largest share first: `parameter`, `share` (0 to 1; NaN where the points are too few
        to say).
    """
    values, _ = numbers(results.values(outcome), outcome)
    keep = results.done & np.isfinite(values)
    rows = results.point_rows[keep]
    count = np.bincount(rows, minlength=len(results.points))
    measured = np.flatnonzero(count)
    means = np.bincount(rows, weights=values[keep], minlength=len(count))[measured] / count[measured]
    shares = {
        name: _share(means, _few_levels(results.points[column].iloc[measured]))
        for name, column in results.columns.items()
    }
    table = pd.DataFrame({"parameter": list(shares), "share": list(shares.values())})
    return table.sort_values("share", ascending=False, kind="stable", na_position="last", ignore_index=True)


def ranked(results: Reader, outcome: str) -> list[str]:
    """Return the names of the varied parameters, the most influential first."""
    return [str(name) for name in influence(results, outcome)["parameter"]]


def _few_levels(values: pd.Series[Any]) -> Codes:
    """Number the levels of a parameter: ranges of equally many points where levels hold too few."""
    codes, levels = level_codes(values)
    if len(levels) <= max(2, len(codes) / 3):
        return codes
    bins = int(np.clip(np.sqrt(len(codes)), 2, 8))
    ranks = pd.Series(codes).rank(method="average").to_numpy()
    return np.minimum((ranks - 1) * bins // len(codes), bins - 1).astype(np.int64)


def _share(values: np.ndarray[Any, np.dtype[np.float64]], codes: Codes) -> float:
    if len(values) == 0:
        return float("nan")
    codes = np.unique(codes, return_inverse=True)[1]
    counts = np.bincount(codes)
    centred = values - values.mean()
    with np.errstate(all="ignore"):  # enormous values
        total, left = float(centred @ centred), len(values) - len(counts)
        between = float((np.bincount(codes, weights=centred) ** 2 / counts).sum())
    if not 0 < total < np.inf or left <= 0 or len(counts) < 2:
        return float("nan")
    return max(0.0, (between - (len(counts) - 1) * (total - between) / left) / total)
