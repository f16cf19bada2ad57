"""What do the runs say on average, and how sure is that? Means, spread and intervals over replications.

Only runs that came to their end count; the others are counted beside them, never averaged in and never hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import OutcomeError
from mesa_lab.processing.analysis.grouping import Codes, Groups, group, names_of

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["QUANTILES", "aggregate", "numbers", "statistics"]

QUANTILES: Final = (0.05, 0.25, 0.75, 0.95)


def aggregate(
    results: Reader,
    outcomes: str | Sequence[str] | None = None,
    by: str | Sequence[str] | None = "point",
    over: str = "final",
    level: float = 0.95,
    quantiles: Sequence[float] = QUANTILES,
) -> pd.DataFrame:
    """Summarise outcomes over runs. `Results.aggregate` is the same and says more.

    Raises:
        OutcomeError: If an outcome is unknown or not a number, or `over`, `level` or a quantile is out of range.
        ParameterError: If `by` names something unknown.
    """
    if over not in ("final", "series"):
        raise OutcomeError(
            f'over is {over!r}. Write "final" for the values at the end, or "series" for every step.'
        )
    level = checked_level(level)
    for quantile in quantiles:
        if not 0 <= quantile <= 1:
            raise OutcomeError(f"The quantile {quantile!r} is not between 0 and 1.")
    names = results.outcome_list(outcomes, measures=over == "final")
    if outcomes is None:
        names = [name for name in names if is_number(results.values(name))]
    groups = group(results, by)
    parts = []
    for name in names:
        if over == "final":
            part = _final(results, name, groups, level, quantiles)
        else:
            of_group, steps, cells = over_steps(results, name, groups, level, quantiles)
            part = _joined(name, groups, of_group, cells, results.done, step=steps)
        parts.append(part)
    if not parts:
        raise OutcomeError("There is no outcome to summarise: no run has reported a number.")
    table = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    table.attrs.update(
        level=level, by=list(names_of(by)), over=over, averaged_over=list(groups.averaged_over)
    )
    return table


def checked_level(level: float) -> float:
    """Refuse a confidence level that is none."""
    if not 0 < level < 1:
        raise OutcomeError(f"level is {level!r}. Give a confidence level between 0 and 1, such as 0.95.")
    return float(level)


def _final(
    results: Reader, name: str, groups: Groups, level: float, quantiles: Sequence[float]
) -> pd.DataFrame:
    values, is_share = numbers(results.values(name), name)
    done = results.done
    table = statistics(values[done], groups.code[done], len(groups), level, quantiles, is_share=is_share)
    return _joined(name, groups, np.arange(len(groups)), table, done)


def over_steps(
    results: Reader,
    name: str,
    groups: Groups,
    level: float,
    quantiles: Sequence[float] = (),
    *,
    stride: int = 1,
    chosen: npt.NDArray[np.bool_] | None = None,
) -> tuple[Codes, Codes, pd.DataFrame]:
    """Summarise an outcome for each group and step.

    Args:
        results: The results.
        name: The outcome.
        groups: Which runs belong together.
        level: Level of the confidence interval.
        quantiles: Quantiles to add.
        stride: Keep every so many steps, and the last step of the experiment.
        chosen: For each run whether it is looked at; None means all.

    Returns:
        For each cell its group, its step, and its statistics. `n` falls where runs stopped early.
    """
    done = results.done if chosen is None else results.done & chosen
    run, step, raw = results.steps_of(name, done, stride)
    values, is_share = numbers(raw, name)
    steps, step_code = np.unique(step, return_inverse=True)
    count = max(len(steps), 1)
    cells, code = np.unique(groups.code[run] * count + step_code, return_inverse=True)
    table = statistics(values, code.astype(np.int64), len(cells), level, quantiles, is_share=is_share)
    return cells // count, steps[cells % count], table


def _joined(
    name: str,
    groups: Groups,
    of_group: Codes,
    table: pd.DataFrame,
    done: npt.NDArray[np.bool_],
    step: npt.NDArray[Any] | None = None,
) -> pd.DataFrame:
    """Put the groups' keys and the counts of runs beside their statistics."""
    all_runs = np.bincount(groups.code, minlength=len(groups))
    ended = np.bincount(groups.code[done], minlength=len(groups))
    n = table.pop("n").to_numpy()
    left: dict[str, Any] = {} if step is None else {"step": step}
    left["outcome"] = pd.Categorical([name] * len(table), categories=[name])
    if "point" not in groups.keys:
        left["n_points"] = groups.n_points[of_group]
    left |= {"n": n, "n_failed": (all_runs - ended)[of_group], "n_missing": ended[of_group] - n}
    counts = pd.DataFrame(left, index=table.index)
    keys = groups.keys.iloc[of_group].reset_index(drop=True)
    taken = {*counts, *table}
    keys.columns = pd.Index([f"{column} (parameter)" if column in taken else column for column in keys])
    counts["outcome"] = counts["outcome"].astype("str").astype("category")
    return pd.concat([keys, counts, table], axis=1)


def numbers(values: pd.Series[Any], name: str) -> tuple[npt.NDArray[np.float64], bool]:
    """Return an outcome as floats, and whether it is a yes or no, whose mean is a share.

    Raises:
        OutcomeError: If it holds something other than numbers.
    """
    if pd.api.types.is_bool_dtype(values.dtype) and not isinstance(values.dtype, pd.CategoricalDtype):
        return np.asarray(values.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)), True
    if pd.api.types.is_numeric_dtype(values.dtype):
        return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan)), False
    shown = ", ".join(repr(value) for value in values.dropna().unique()[:3])
    raise OutcomeError(
        f"The outcome '{name}' is not a number ({shown}, …): it has no mean. "
        "Look at its values in results.runs, or measure something that can be counted."
    )


def is_number(values: pd.Series[Any]) -> bool:
    """Whether an outcome has a mean."""
    return pd.api.types.is_numeric_dtype(values.dtype)  # booleans too


def statistics(
    values: npt.NDArray[np.float64],
    code: Codes,
    n_groups: int,
    level: float = 0.95,
    quantiles: Sequence[float] = (),
    *,
    is_share: bool = False,
) -> pd.DataFrame:
    """Compute n, mean, sd, confidence interval, median and quantiles for each group.

    The interval of a mean is Student's t; that of a share is Wilson's (1927), which stays between 0 and 1 and does not
    shrink to nothing when all runs agree. Fewer than two values give no interval. The median and the quantiles are
    interpolated linearly, as numpy and pandas do.

    Args:
        values: One value per run; NaN is a missing one.
        code: The group of each value, from 0.
        n_groups: The number of groups, empty ones included.
        level: Level of the interval.
        quantiles: Which quantiles to add, as columns `q05`, `q95` and so on.
        is_share: Whether the values are zeros and ones.

    Returns:
        One row per group with the columns n, mean, sd, ci_low, ci_high, median and the quantiles.

    Example:
        >>> statistics(np.array([1.0, 2.0, 3.0]), np.array([0, 0, 0]), 1)[["n", "mean", "sd"]].values.tolist()
        [[3.0, 2.0, 1.0]]
    """
    from scipy.special import ndtri, stdtrit

    with np.errstate(all="ignore"):
        grouped = pd.Series(values).groupby(code)
        table = pd.DataFrame(index=pd.RangeIndex(n_groups))
        table["n"] = grouped.count().reindex(table.index, fill_value=0).astype("int64")
        table["mean"] = grouped.mean()
        table["sd"] = grouped.std(ddof=1)
        n, mean = table["n"].to_numpy(), table["mean"].to_numpy()
        if is_share:
            z = ndtri((1 + level) / 2)
            centre = (mean + z**2 / (2 * n)) / (1 + z**2 / n)
            half = z / (1 + z**2 / n) * np.sqrt(mean * (1 - mean) / n + z**2 / (4 * n**2))
        else:
            centre = mean
            half = stdtrit(np.maximum(n - 1, 1), (1 + level) / 2) * table["sd"].to_numpy() / np.sqrt(n)
        enough = n >= 2
        table["ci_low"] = np.where(enough, centre - half, np.nan)
        table["ci_high"] = np.where(enough, centre + half, np.nan)
        asked = sorted({0.5, *quantiles})
        found = grouped.quantile(np.array(asked)).unstack()
        for quantile in (0.5, *quantiles):
            name = "median" if quantile == 0.5 else quantile_name(quantile)
            table[name] = found.get(quantile, np.nan)
    return table


def quantile_name(quantile: float) -> str:
    """Return the column of a quantile.

    Example:
        >>> quantile_name(0.05), quantile_name(0.975)
        ('q05', 'q97.5')
    """
    percent = round(quantile * 100, 6)
    return f"q{percent:02.0f}" if percent == int(percent) else f"q{percent:04.1f}"
