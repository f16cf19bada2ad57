"""What do the runs say on average, and how sure is that? Means, spread and intervals over replications.

Only runs that came to their end count; the others are counted beside them, never averaged in and never hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import OutcomeError
from mesa_lab.processing.statistics.group_statistics import statistics
from mesa_lab.processing.statistics.grouping import Codes, Groups, group, names_of
from mesa_lab.processing.statistics.measurements import Measurements, is_number, measurements, numbers
from mesa_lab.processing.statistics.origins import points_are_sampled, shares_seeds
from mesa_lab.processing.statistics.pooling import Origins
from mesa_lab.processing.tables.contents import in_one_snapshot

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["QUANTILES", "aggregate", "checked_level", "is_number", "numbers", "of_groups", "over_steps"]

QUANTILES: Final = (0.05, 0.25, 0.75, 0.95)


@in_one_snapshot
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
    _check_quantiles(quantiles)
    names = results.outcome_list(outcomes, measures=over == "final", series=over == "series")
    if outcomes is None:
        names = [name for name in names if is_number(results.values(name))]
    groups = group(results, by)
    parts = []
    for name in names:
        if over == "final":
            cells, _ = of_groups(results, name, groups, level, quantiles)
            part = _joined(results, name, groups, np.arange(len(groups)), cells)
        else:
            of_group, steps, cells = over_steps(results, name, groups, level, quantiles)
            part = _joined(results, name, groups, of_group, cells, step=steps)
        parts.append(part)
    if not parts:
        raise OutcomeError(f"There is no outcome to summarise: {_nothing(results)}")
    table = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    table.attrs.update(
        level=level,
        by=list(names_of(by)),
        over=over,
        averaged_over=list(groups.averaged_over),
        different_values_of=list(groups.uneven),
        n_repeated=int((~groups.counted).sum()),
    )
    return table


def _nothing(results: Reader) -> str:
    """Why no outcome is a number."""
    if results.outcomes or not results.done.any():
        return "no run has reported a number."
    return (
        "nothing was measured, as the model has no reporters. Name what to measure, such as attributes of the model: "
        "experiment.replace(outcomes=['name']), run into a new study."
    )


def _check_quantiles(quantiles: Any) -> None:
    if isinstance(quantiles, str) or not isinstance(quantiles, Iterable):
        raise OutcomeError(
            f"quantiles is {quantiles!r}. Give a list of numbers between 0 and 1, or an empty one."
        )
    for quantile in quantiles:
        if not isinstance(quantile, float | int | np.number) or not 0 <= quantile <= 1:
            raise OutcomeError(f"The quantile {quantile!r} is not between 0 and 1.")


def checked_level(level: Any) -> float:
    """Refuse a confidence level that is none."""
    if not isinstance(level, float | int | np.number) or not 0 < level < 1:
        raise OutcomeError(f"level is {level!r}. Give a confidence level between 0 and 1, such as 0.95.")
    return float(level)


def of_groups(
    results: Reader, name: str, groups: Groups, level: float = 0.95, quantiles: Sequence[float] = ()
) -> tuple[pd.DataFrame, Measurements]:
    """Summarise the final values of an outcome for each group of runs.

    Args:
        results: The results.
        name: The outcome.
        groups: Which runs belong together; those of a negative group are left out.
        level: Level of the confidence intervals.
        quantiles: Quantiles to add.

    Returns:
        One row per group as `statistics` gives it, with `n_failed`, `n_missing` and `n_infinite` behind `n`; and the
        values of all runs.

    Raises:
        OutcomeError: If the outcome holds something other than numbers.
    """
    found = measurements(results.values(name), name)
    chosen = groups.counted & (groups.code >= 0)
    kept = results.done & chosen
    at = np.flatnonzero(kept)
    origins = _origins(results, groups, at)
    table = _described(found.at(at), groups.code[at], len(groups), level, quantiles, origins)
    table = _counted(results, groups, np.arange(len(groups)), table)
    return table, found


@in_one_snapshot
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
        For each cell its group, its step, and its statistics as `of_groups` gives them. `n` falls where runs stopped
        early.
    """
    kept = results.done & groups.counted & (groups.code >= 0)
    if chosen is not None:
        kept &= chosen
    run, step, raw = results.steps_of(name, kept, stride)
    steps, step_code = np.unique(step, return_inverse=True)
    count = max(len(steps), 1)
    cells, code = np.unique(groups.code[run] * count + step_code, return_inverse=True)
    origins = _origins(results, groups, run)
    found = measurements(raw, name)
    table = _described(found, code.astype(np.int64), len(cells), level, quantiles, origins)
    of_group = (cells // count).astype(np.int64)
    return of_group, steps[cells % count], _counted(results, groups, of_group, table)


def _origins(results: Reader, groups: Groups, run: Codes) -> Origins | None:
    """Where the values of these runs come from; None where it does not matter, as each group is one point."""
    if (groups.n_points <= 1).all():
        return None
    return Origins(
        point=results.point_rows[run],
        replication=results.base["replication"].to_numpy(dtype=np.int64)[run],
        sampled=points_are_sampled(results),
        common=shares_seeds(results),
    )


def _described(
    found: Measurements,
    code: Codes,
    n_groups: int,
    level: float,
    quantiles: Sequence[float],
    origins: Origins | None,
) -> pd.DataFrame:
    """The statistics of what can be averaged, with the number of values that cannot."""
    finite = found.finite
    table = statistics(
        found.values[finite],
        code[finite],
        n_groups,
        level,
        quantiles,
        is_share=found.is_binary,
        is_count=found.is_count,
        origins=None if origins is None else origins.at(finite),
    )
    infinite = np.isinf(found.values)
    table.insert(1, "n_infinite", np.bincount(code[infinite], minlength=n_groups))
    if found.offset:
        for column in table:
            if column in ("mean", "ci_low", "ci_high", "median") or str(column).startswith("q"):
                table[column] += found.offset
    return table


def _counted(results: Reader, groups: Groups, of_group: Codes, table: pd.DataFrame) -> pd.DataFrame:
    """Put the runs that failed, and those without a value, beside those with one."""
    chosen = groups.counted & (groups.code >= 0)
    ran = np.bincount(groups.code[chosen], minlength=len(groups))
    ended = np.bincount(groups.code[chosen & results.done], minlength=len(groups))
    table.insert(1, "n_failed", (ran - ended)[of_group])
    table.insert(2, "n_missing", ended[of_group] - table["n"].to_numpy() - table["n_infinite"].to_numpy())
    return table


def _joined(
    results: Reader,
    name: str,
    groups: Groups,
    of_group: Codes,
    table: pd.DataFrame,
    step: npt.NDArray[Any] | None = None,
) -> pd.DataFrame:
    """Put the groups' keys beside their statistics."""
    left: dict[str, Any] = {} if step is None else {"step": step}
    left["outcome"] = pd.Categorical([name] * len(table), categories=[name])
    if "point" not in groups.keys:
        left["n_points"] = groups.n_points[of_group]
    counts = pd.DataFrame(left, index=table.index)
    keys = groups.keys.iloc[of_group].reset_index(drop=True)
    taken = {*counts, *table}
    keys.columns = pd.Index([f"{column} (parameter)" if column in taken else column for column in keys])
    counts["outcome"] = counts["outcome"].astype("str").astype("category")
    return pd.concat([keys, counts, table], axis=1)
