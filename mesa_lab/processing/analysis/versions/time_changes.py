"""Set-up and run times of pairs of runs: how much longer, with an interval and a mark for each row.

The change is a geometric mean of the pairs' ratios, so that twice as long and half as long cancel out and a run of a large point counts as
much as one of a small one; of the logarithms the 20 % at either end are left out, since a machine that is busy for a moment makes some runs much longer.
Its interval is a bootstrap over pairs whose percentiles are expanded for small samples (Hesterberg 2015, The American Statistician 69: 371-386).
A row is marked where its whole interval lies beyond the margin, as in the benchmark table of Mesa.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.processing.analysis.cancellation import check_cancelled
from mesa_lab.processing.analysis.inference import holm
from mesa_lab.processing.analysis.versions.outcome_changes import FEWEST
from mesa_lab.processing.analysis.versions.pairs import Pairs

__all__ = ["ALL_POINTS", "MEASURES", "MOST_POINTS", "change_of", "compare_times"]

type Floats = npt.NDArray[np.float64]

MEASURES: Final = {"init_seconds": "set-up time", "run_seconds": "run time"}
ALL_POINTS: Final = "all points"
MOST_POINTS: Final = 100
"""Points up to which each has rows of its own."""

_RESAMPLES: Final = 1000
_CELLS: Final = 1_000_000
"""Resampled values held at a time."""

_TRIM: Final = 0.2
_MOST_RESAMPLED: Final = 5000
"""Pairs beyond which the normal interval says the same in no time."""


def compare_times(pairs: Pairs, margin: float, level: float) -> pd.DataFrame:
    """Compare set-up and run times, over all points and for each point.

    Args:
        pairs: The pairs.
        margin: A change up to this share does not matter.
        level: Level of the intervals.

    Returns:
        One row per measure and point: `measure, point, n_pairs, old_seconds, new_seconds, change, low, high, p, p_adjusted, mark`,
        changes as shares (0.1 is 10 % longer). `p` is that of a change within the margin, `p_adjusted` the same after Holm over all rows
        about single points, and over the two about all of them.
    """
    done = pairs.done
    point = pairs.point[done]
    numbers = np.unique(point)
    shown = numbers if 1 < len(numbers) <= MOST_POINTS else numbers[:0]
    rows = []
    for measure, (name, words) in enumerate(MEASURES.items()):
        old, new = (values.to_numpy(dtype=np.float64) for values in pairs.values(name))
        usable = np.isfinite(old) & np.isfinite(new) & (old > 0) & (new > 0)
        for group in (None, *shown.tolist()):
            kept = usable if group is None else usable & (point == group)
            change = change_of(old[kept], new[kept], margin, level, seed=measure)
            rows.append({"measure": words, "point": ALL_POINTS if group is None else str(group), **change})
    table = pd.DataFrame(rows)
    table.insert(list(table.columns).index("p") + 1, "p_adjusted", np.nan)
    for of_all in (True, False):
        family = (table["point"] == ALL_POINTS) == of_all
        if family.any():
            table.loc[family, "p_adjusted"] = holm(table.loc[family, "p"])
    return table


def change_of(
    old: Floats, new: Floats, margin: float, level: float, seed: int = 0
) -> dict[str, float | int | str]:
    """Compare the times of some pairs.

    Example:
        >>> change = change_of(np.ones(8), np.full(8, 1.2), margin=0.03, level=0.95)
        >>> round(float(change["change"]), 3), change["mark"]
        (0.2, 'slower')
    """
    n = len(old)
    found: dict[str, float | int | str] = {
        "n_pairs": n,
        "old_seconds": float(old.mean()) if n else np.nan,
        "new_seconds": float(new.mean()) if n else np.nan,
        "change": np.nan,
        "low": np.nan,
        "high": np.nan,
        "p": np.nan,
        "mark": "too few pairs",
    }
    if not n:
        return found
    ratio = np.sort(np.log(new) - np.log(old))
    found["change"] = float(np.expm1(_trimmed(ratio)))
    if n < FEWEST:
        return found
    low, high = _interval(ratio, level, seed)
    found["low"], found["high"] = float(np.expm1(low)), float(np.expm1(high))
    found["p"] = _p(ratio, margin)
    found["mark"] = "slower" if low > np.log1p(margin) else "faster" if high < np.log1p(-margin) else "same"
    return found


def _trimmed(values: Floats) -> Any:
    """The mean of sorted values without those at either end, along the last axis."""
    n = values.shape[-1]
    cut = int(_TRIM * n)
    return values[..., cut : n - cut].mean(axis=-1)


def _interval(ratio: Floats, level: float, seed: int) -> tuple[float, float]:
    from scipy.special import ndtr, ndtri, stdtrit

    n = len(ratio)
    if n > _MOST_RESAMPLED:
        mean, half = float(_trimmed(ratio)), float(ndtri((1 + level) / 2)) * _error(ratio)
        return mean - half, mean + half
    rng = np.random.default_rng(seed)
    at_a_time = max(1, _CELLS // n)
    means = []
    for start in range(0, _RESAMPLES, at_a_time):
        check_cancelled()
        drawn = rng.integers(0, n, (min(at_a_time, _RESAMPLES - start), n))
        drawn.sort(axis=1)  # the values are in order, so their places are
        means.append(_trimmed(ratio[drawn]))
    # The plain percentiles are too narrow by the factors that tell t from z, and n - 1 from n.
    tail = float(ndtr(-np.sqrt(n / (n - 1)) * stdtrit(n - 1, (1 + level) / 2)))
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return float(low), float(high)


def _error(ratio: Floats) -> float:
    """The standard error of a trimmed mean: that of the winsorized values (Tukey and McLaughlin 1963, Sankhya A 25)."""
    n = len(ratio)
    cut = int(_TRIM * n)
    winsorized = np.clip(ratio, ratio[cut], ratio[n - cut - 1])
    return float(winsorized.std(ddof=1) / ((1 - 2 * cut / n) * np.sqrt(n)))


def _p(ratio: Floats, margin: float) -> float:
    """The p-value of a change within the margin: Tukey and McLaughlin's t-test against the nearer end of it."""
    from scipy.special import stdtr

    n, mean, error = len(ratio), float(_trimmed(ratio)), _error(ratio)
    beyond = mean - np.log1p(margin) if mean > 0 else np.log1p(-margin) - mean
    if beyond <= 0:
        return 1.0
    freedom = n - 2 * int(_TRIM * n) - 1
    return 0.0 if error == 0 else min(1.0, 2 * float(stdtr(freedom, -beyond / error)))
