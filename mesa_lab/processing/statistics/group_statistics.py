"""Mean, spread and confidence interval of many groups of values at once, and how each interval was made."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.processing.statistics import intervals
from mesa_lab.processing.statistics.pooling import UNITS, Origins, Pooled, pooled

__all__ = ["INTERVALS", "quantile_name", "statistics"]

type Codes = npt.NDArray[np.int64]

INTERVALS: Final = ("t", "t, not below 0", "Wilson", "BCa", "all alike")
"""How an interval was made."""

_T, _T_FROM_ZERO, _WILSON, _BCA, _ALIKE = range(5)


def statistics(
    values: npt.NDArray[np.float64],
    code: Codes,
    n_groups: int,
    level: float = 0.95,
    quantiles: Sequence[float] = (),
    *,
    is_share: bool = False,
    is_count: bool = False,
    origins: Origins | None = None,
) -> pd.DataFrame:
    """Compute n, mean, sd, confidence interval, median and quantiles for each group.

    The interval of a mean is Student's t; a bootstrap's (BCa; Efron 1987) where the runs of a group are clearly skewed
    and at least eight; that of zeros and ones is Wilson's (1927), which stays between 0 and 1 and does not shrink to
    nothing when all runs agree. Fewer than two units give no interval. The median and the quantiles are interpolated
    linearly, as numpy and pandas do.

    Args:
        values: One value per run; NaN is a missing one.
        code: The group of each value, from 0.
        n_groups: The number of groups, empty ones included.
        level: Level of the interval.
        quantiles: Which quantiles to add, as columns `q05`, `q95` and so on.
        is_share: Whether the values are zeros and ones.
        is_count: Whether they are whole numbers that cannot be below zero: then no interval is.
        origins: Which point and replication each value is of; None takes the values of a group for one sample.

    Returns:
        One row per group with the columns n, mean, sd, ci_low, ci_high, unit (what the interval takes for independent:
        one of `UNITS`), interval (how it was made: one of `INTERVALS`), median and the quantiles.

    Example:
        >>> statistics(np.array([1.0, 2.0, 3.0]), np.array([0, 0, 0]), 1)[["n", "mean", "sd"]].values.tolist()
        [[3.0, 2.0, 1.0]]
    """
    present = ~np.isnan(values)
    if not present.all():
        values, code = values[present], code[present]
        origins = None if origins is None else origins.at(present)
    with np.errstate(all="ignore"):
        grouped = pd.Series(values).groupby(code)
        table = pd.DataFrame(index=pd.RangeIndex(n_groups))
        table["n"] = grouped.count().reindex(table.index, fill_value=0).astype("int64")
        table["mean"] = grouped.mean()
        table["sd"] = grouped.std(ddof=1)
        n, mean = table["n"].to_numpy(), table["mean"].to_numpy(dtype=np.float64)
        rest = values - mean[code]
        rest[~np.isfinite(rest)] = 0.0
        spread = pooled(rest, code, n, origins)
        if is_share:
            low, high = _of_shares(mean, n, spread, level)
            how = np.full(n_groups, _WILSON)
        else:
            low, high, how = _of_means(rest, code, n, mean, spread, level, is_count=is_count)
        known = (spread.n_units >= 2) & np.isfinite(low) & np.isfinite(high)
        table["ci_low"], table["ci_high"] = np.where(known, low, np.nan), np.where(known, high, np.nan)
        table["unit"] = _named(np.where(n > 0, spread.unit, -1), UNITS)
        table["interval"] = _named(np.where(known, how, -1), INTERVALS)
        asked = sorted({0.5, *quantiles})
        found = grouped.quantile(np.array(asked)).unstack()
        for quantile in (0.5, *quantiles):
            name = "median" if quantile == 0.5 else quantile_name(quantile)
            table[name] = found.get(quantile, np.nan)
    return table


def _named(codes: Codes, names: Sequence[str]) -> Any:
    return pd.Categorical.from_codes(codes.astype(np.int64), categories=pd.Index(names))


def _of_means(
    rest: npt.NDArray[np.float64],
    code: Codes,
    n: Codes,
    mean: npt.NDArray[np.float64],
    spread: Pooled,
    level: float,
    *,
    is_count: bool,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], Codes]:
    """The interval of each mean, and how it was made."""
    low, high = intervals.student(mean, spread.error, spread.df, level)
    how = np.full(len(n), _T)
    # A bootstrap draws what is independent: runs of one point, or of points that were drawn with one run each.
    one_sample = (spread.n_units == n) & ((spread.n_points <= 1) | (spread.unit == UNITS.index("point")))
    chosen = one_sample & intervals.skewed(rest, code, n)
    if chosen.any():
        ends = intervals.bca(rest, code, n, chosen, level)
        low, high = np.where(chosen, mean + ends[0], low), np.where(chosen, mean + ends[1], high)
        how[chosen] = _BCA
    if is_count:
        cut = low < 0
        low, how = np.where(cut, 0.0, low), np.where(cut, _T_FROM_ZERO, how)
    alike = (np.bincount(code, weights=rest != 0, minlength=len(n)) == 0) & (n > 1)
    return low, high, np.where(alike, _ALIKE, how)


def _of_shares(
    share: npt.NDArray[np.float64], n: Codes, spread: Pooled, level: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Wilson's interval for as many independent runs as would be as uncertain (Korn & Graubard 1998, Surv. Methodol. 24)."""
    from scipy.special import ndtri, stdtrit

    variance = np.asarray(spread.error) ** 2
    worth = (ndtri((1 + level) / 2) / stdtrit(np.maximum(spread.df, 1e-9), (1 + level) / 2)) ** 2
    effective = share * (1 - share) / variance * worth
    pooled_runs = (spread.unit == UNITS.index("run")) & (spread.n_points > 1)
    # Points that are fixed can only lessen the variance of a share; where all units agree, they are what is counted.
    effective = np.where(pooled_runs, np.maximum(effective, n), np.minimum(effective, n))
    agreed = ~(variance > 0)
    effective = np.where(agreed, np.where(pooled_runs, n, spread.n_units), effective)
    drawn = (spread.unit == UNITS.index("point")) & (spread.n_units == n)
    effective = np.where((spread.n_points <= 1) | drawn, n, effective)
    return intervals.wilson(share, effective, level)


def quantile_name(quantile: float) -> str:
    """Return the column of a quantile, of its own for each.

    Example:
        >>> quantile_name(0.05), quantile_name(0.975), quantile_name(0.0008)
        ('q05', 'q97.5', 'q00.08')
    """
    whole, _, decimals = f"{Decimal(repr(float(quantile))) * 100:f}".partition(".")
    decimals = decimals.rstrip("0")
    return f"q{whole:0>2}" + (f".{decimals}" if decimals else "")
