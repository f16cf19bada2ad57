"""A mean with its interval, as people read it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mesa_lab.formatting import number, percent, percent_interval, plural

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["all_alike", "estimate", "of_runs_alike", "value_and_interval"]


def estimate(row: Mapping[Any, Any] | pd.Series[Any]) -> str:
    """Return the mean of some runs with its interval, as a row of `Results.aggregate` has them.

    Args:
        row: With the columns n, mean, ci_low, ci_high and interval.

    Returns:
        "12.5 ± 0.3" where the interval is even; "1.0 (0.2 to 3.1)" where it is not; "25 % (9 to 53 %)" of a yes or no; "0 in all 12
        runs" where all runs agree; the mean alone where there is no interval, and a dash where there is no mean.

    Example:
        >>> estimate({"n": 12, "mean": 1.25, "ci_low": 0.25, "ci_high": 2.25, "interval": "t"})
        '1.2 ± 1.0'
        >>> estimate({"n": 12, "mean": 0.5, "ci_low": 0.0, "ci_high": 1.4, "interval": "t, not below 0"})
        '0.50 (0 to 1.40)'
        >>> estimate({"n": 12, "mean": 0.25, "ci_low": 0.089, "ci_high": 0.532, "interval": "Wilson"})
        '25 % (9 to 53 %)'
        >>> estimate({"n": 12, "mean": 0.0, "ci_low": 0.0, "ci_high": 0.243, "interval": "Wilson"})
        '0 in all 12 runs'
    """
    mean, low, high = (float(row[name]) for name in ("mean", "ci_low", "ci_high"))
    if all_alike(row):
        return f"{number(mean)} in all {plural(int(row['n']), 'run')}"
    if str(row["interval"]) == "Wilson" and mean == mean:  # of yes or no: a share, as everywhere
        return f"{percent(mean)} ({percent_interval(low, high)})"
    return value_and_interval(mean, low, high, even=str(row["interval"]) == "t")


def value_and_interval(value: float, low: float, high: float, *, even: bool) -> str:
    """Return a value with its interval; without one where that is missing.

    Args:
        value: The value.
        low: The lower end.
        high: The upper end.
        even: Whether both ends are as far from the value, and no bound stopped one of them.

    Example:
        >>> value_and_interval(8.1, 5.2, 11.0, even=False)
        '8.1 (5.2 to 11.0)'
    """
    if math.isnan(low) or math.isnan(high) or math.isnan(value):
        return number(value)
    half = (high - low) / 2
    if half <= 0:
        return number(value)
    decimals = max(0, 1 - math.floor(math.log10(half)))  # two digits of the interval, and the mean to match
    exact = decimals > 6 or abs(value) >= 1e9

    def text(each: float, digits: int = 4) -> str:
        if exact:
            return number(each, digits)
        return "0" if each == 0 else f"{each:,.{decimals}f}"

    if even:
        return f"{text(value)} ± {text(half, 2)}"
    return f"{text(value)} ({text(low)} to {text(high)})"


def all_alike(row: Mapping[Any, Any] | pd.Series[Any]) -> bool:
    """Whether all runs of a row, at least two, had the same value."""
    return str(row["interval"]) == "all alike" or (
        str(row["interval"]) == "Wilson" and float(row["mean"]) in (0.0, 1.0)
    )


def of_runs_alike(n: Iterable[int], level: float = 0.95) -> str:
    """Say what runs that were all alike allow: other values, but not in many runs.

    Args:
        n: How many runs there were, for each row whose runs were all alike.
        level: Level of confidence.

    Returns:
        One sentence about the fewest runs; empty where there is no such row.

    Example:
        >>> of_runs_alike([12, 30])
        'Where all 12 runs are alike, up to 22 % of further runs may yet differ (95 % confidence).'
    """
    from mesa_lab.processing.statistics.intervals import unlike_share

    found = list(n)
    if not found:
        return ""
    share = unlike_share(min(found), level)
    return (
        f"Where all {plural(min(found), 'run')} are alike, up to {percent(share)} of further runs may yet differ "
        f"({percent(level)} confidence)."
    )
