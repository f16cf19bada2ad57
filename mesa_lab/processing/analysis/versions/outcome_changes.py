"""Outcomes of pairs of runs: equal or not, by how much, and whether the average moved too."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.processing.analysis.inference import RESAMPLES, bootstrap_weights, percentiles
from mesa_lab.processing.analysis.versions.pairs import Pairs

__all__ = ["FEWEST", "compare_outcomes", "equal_values"]

FEWEST: Final = 5
"""Pairs below which a bootstrap interval is not worth its name: of three it holds the truth in 76 of 100 cases."""


def compare_outcomes(
    pairs: Pairs, names: list[str], tolerance: float, level: float
) -> tuple[pd.DataFrame, pd.DataFrame, npt.NDArray[np.bool_]]:
    """Compare the final values of outcomes, pair by pair.

    Args:
        pairs: The pairs.
        names: Outcomes that both studies have.
        tolerance: Values whose relative difference is not larger count as equal; 0 asks for the same bits.
        level: Level of the intervals.

    Returns:
        One row per outcome (`outcome, n_pairs, n_equal, n_differ, mean_old, mean_new, difference, low, high, largest, run,
        verdict`), one row per value that differs (`outcome, run_id, run_id_new, point, seed, old, new, difference`), and for each
        pair whose runs are done whether all outcomes are equal.
    """
    done = pairs.done
    old_rows, new_rows = pairs.old_rows[done], pairs.new_rows[done]
    same = np.ones(int(done.sum()), dtype=bool)
    rows, differing = [], []
    base, other = pairs.old.base, pairs.new.base
    for place, name in enumerate(names):
        old, new = pairs.values(name)
        equal = equal_values(old, new, tolerance)
        same &= equal
        row, difference = _row(name, old, new, equal, level, place)
        where = np.flatnonzero(~equal)
        if row["largest"] is not None and len(where):
            size = np.abs(np.where(np.isfinite(difference), difference, -1.0))
            row["run"] = int(base["run_id"].iloc[old_rows[int(size.argmax())]])
        rows.append(row)
        differing.append(
            pd.DataFrame(
                {
                    "outcome": name,
                    "run_id": base["run_id"].to_numpy()[old_rows[where]],
                    "run_id_new": other["run_id"].to_numpy()[new_rows[where]],
                    "point": pairs.point[done][where],
                    "seed": pairs.old.recorded("seed").to_numpy()[old_rows[where]],
                    "old": old.iloc[where].astype(object).to_numpy(),
                    "new": new.iloc[where].astype(object).to_numpy(),
                    "difference": difference[where],
                }
            )
        )
    columns = ["outcome", "run_id", "run_id_new", "point", "seed", "old", "new", "difference"]
    found = [each for each in differing if len(each)]
    values = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)
    return pd.DataFrame(rows, columns=_COLUMNS), values, same


_COLUMNS: Final = (
    "outcome",
    "n_pairs",
    "n_equal",
    "n_differ",
    "mean_old",
    "mean_new",
    "difference",
    "low",
    "high",
    "largest",
    "run",
    "verdict",
)


def equal_values(old: pd.Series[Any], new: pd.Series[Any], tolerance: float = 0.0) -> npt.NDArray[np.bool_]:
    """For each pair whether its values are equal; missing equals missing.

    Example:
        >>> equal_values(pd.Series([1.0, 2.0, None]), pd.Series([1.0, 2.1, None])).tolist()
        [True, False, True]
    """
    if _is_number(old) and _is_number(new):
        one, other = _numbers(old), _numbers(new)
        equal = (one == other) | (np.isnan(one) & np.isnan(other))
        if tolerance > 0:
            with np.errstate(invalid="ignore"):
                equal |= np.abs(one - other) <= tolerance * np.maximum(np.abs(one), np.abs(other))
        exact = _exact(old, new)
        return np.asarray(equal if exact is None else equal & (exact | (tolerance > 0)))
    missing = old.isna().to_numpy() & new.isna().to_numpy()
    pairs = zip(old.astype(object), new.astype(object), strict=True)
    return missing | np.fromiter((type(a) is type(b) and a == b for a, b in pairs), bool, len(old))


def _exact(old: pd.Series[Any], new: pd.Series[Any]) -> npt.NDArray[np.bool_] | None:
    """Whole numbers beyond 2**53 are compared as such; None for all other columns."""
    if not (pd.api.types.is_integer_dtype(old.dtype) and pd.api.types.is_integer_dtype(new.dtype)):
        return None
    return np.asarray((old == new).fillna(False) | (old.isna() & new.isna()), dtype=bool)


def _is_number(values: pd.Series[Any]) -> bool:
    return bool(pd.api.types.is_numeric_dtype(values.dtype))


def _numbers(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def _row(
    name: str,
    old: pd.Series[Any],
    new: pd.Series[Any],
    equal: npt.NDArray[np.bool_],
    level: float,
    seed: int,
) -> tuple[dict[str, Any], npt.NDArray[np.float64]]:
    n, n_equal = len(equal), int(equal.sum())
    row: dict[str, Any] = dict.fromkeys(_COLUMNS) | {
        "outcome": name,
        "n_pairs": n,
        "n_equal": n_equal,
        "n_differ": n - n_equal,
    }
    row |= dict.fromkeys(("mean_old", "mean_new", "difference", "low", "high"), np.nan)
    row["verdict"] = "equal" if n_equal == n else "differs"
    difference = np.full(n, np.nan)
    if _is_number(old) and _is_number(new):
        one, other = _numbers(old), _numbers(new)
        with np.errstate(invalid="ignore"):
            difference = np.where(equal, 0.0, other - one)
        known = np.isfinite(one) & np.isfinite(other)
        if known.any():
            row["mean_old"], row["mean_new"] = float(one[known].mean()), float(other[known].mean())
            row["difference"] = float(difference[known].mean())
            row["largest"] = float(np.abs(difference[known]).max())
            row["low"], row["high"] = _interval(difference[known], level, seed)
        if n_equal < n and np.isfinite(row["low"]) and row["low"] <= 0 <= row["high"]:
            row["verdict"] = "differs run by run"
    return row, difference


def _interval(values: npt.NDArray[np.float64], level: float, seed: int) -> tuple[float, float]:
    """The bootstrap interval of a mean, NaN of fewer than five pairs."""
    if not values.any():
        return 0.0, 0.0
    if len(values) < FEWEST:
        return np.nan, np.nan
    rng = np.random.default_rng(seed)
    means = np.concatenate([weights @ values for weights in bootstrap_weights(len(values), rng, RESAMPLES)])
    low, high = percentiles(means, level)
    return float(low), float(high)
