"""The tables of a report, as text: parameters, outcomes, design points, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.formatting import label, number, percent, plural, show
from mesa_lab.processing.report.description import parameter_in_words
from mesa_lab.processing.statistics.estimates import all_alike, estimate, of_runs_alike
from mesa_lab.processing.statistics.summary import is_number
from mesa_lab.processing.tables.column_names import rows_of

if TYPE_CHECKING:
    from mesa_lab.processing.result_tables import ResultTables

__all__ = ["MOST_ROWS", "as_table", "by_point_table", "failure_kinds", "overview_table", "parameters_table"]

MOST_ROWS: Final = 100


def parameters_table(results: ResultTables) -> dict[str, Any]:
    """One row per parameter: over what it was varied, or at what it was held."""
    space = results.experiment.space
    rows = []
    for name, column in results.columns.items():
        values = results.points[column]
        if is_number(values) and not pd.api.types.is_bool_dtype(values.dtype):
            reached = f"{number(float(values.min()))} to {number(float(values.max()))}"
        else:
            reached = f"{values.astype(str).nunique()} levels"
        given = space.varied.get(name)
        rows.append([name, "points of the design" if given is None else parameter_in_words(given), reached])
    rows += [
        [name, "held fixed", show(value)]
        for name, value in space.fixed.items()
        if name not in results.columns
    ]
    said = {row[0] for row in rows}
    defaults = [
        [name, "the model's default", text] for name, text in results.held.items() if name not in said
    ]
    return {
        # A model that takes any keyword, or a study that is older, names no defaults.
        "caption": "Parameters" if defaults else "Parameters; the model's defaults hold for all others",
        "columns": ["parameter", "varied over", "reached"],
        "rows": rows + defaults,
        "numeric": [False] * 3,
        "more": "",
    }


def overview_table(results: ResultTables, names: Sequence[str]) -> dict[str, Any] | None:
    """One row per outcome: where it lies over all points, and at which points it is lowest and highest."""
    rows, shown = [], []
    for name in names:
        whole = results.aggregate(name, by=(), quantiles=()).iloc[0]
        points = results.aggregate(name, quantiles=())
        points = points[points["mean"].notna()]
        row = [label(name), f"{int(whole['n']):,}", _mean(whole), number(float(whole["sd"]))]
        # All values of an outcome may be infinite: it has no mean then.
        if points.empty:
            rows.append([*row, *["–"] * 4])
            continue
        for position in (points["mean"].argmin(), points["mean"].argmax()):
            cell = points.iloc[int(position)]
            alike = int((points["mean"] == cell["mean"]).sum()) - 1
            rest = f", and at {plural(alike, 'other point')}" if alike else ""
            row += [estimate(cell), _where(results, int(cell["point"])) + rest]
            shown.append(cell)
        rows.append(row)
    if not rows:
        return None
    columns = ["outcome", "runs", "mean", "sd", "lowest point mean", "where", "highest point mean", "where"]
    return {
        "caption": "Outcomes at the end of the runs: mean and standard deviation over all runs, and the design points with the lowest and the highest mean (with 95 % confidence interval)",
        "columns": columns,
        "rows": rows,
        "numeric": [False, True, True, True, True, False, True, False],
        "more": of_runs_alike(int(cell["n"]) for cell in shown if all_alike(cell)),
    }


def _where(results: ResultTables, point: int) -> str:
    (row,) = rows_of(results.points.index, [point]).tolist()
    return (
        ", ".join(
            f"{name} {show(results.points[column].iloc[row])}" for name, column in results.columns.items()
        )
        or "–"
    )


def by_point_table(results: ResultTables, names: Sequence[str]) -> dict[str, Any] | None:
    """One row per design point: the means of the first outcomes with their intervals."""
    if not names:
        return None
    names = names[:6]
    tables = {name: results.aggregate(name, quantiles=()).set_index("point") for name in names}
    first = tables[names[0]]
    rows, shown = [], []
    parameters = list(results.points.columns)
    for point in first.index.to_numpy(dtype=np.int64)[:MOST_ROWS].tolist():
        (at,) = rows_of(results.points.index, [point]).tolist()
        values = [show(results.points[column].iloc[at]) for column in parameters]
        cells = [tables[name].loc[point] for name in names]
        shown += cells
        rows.append(
            [
                str(point),
                *values,
                *map(estimate, cells),
                f"{int(first.loc[point, 'n']):,}",
                f"{int(first.loc[point, 'n_failed']):,}",
            ]
        )
    more = [f"The first {MOST_ROWS} of {len(first):,} points."] if len(first) > MOST_ROWS else []
    more.append(of_runs_alike(int(cell["n"]) for cell in shown if all_alike(cell)))
    return {
        "caption": "Mean at each design point, with 95 % confidence interval",
        "columns": ["point", *parameters, *(label(name) for name in names), "runs", "failed"],
        "rows": rows,
        "numeric": [
            True,
            *(_is_numeric(results.points[column]) for column in parameters),
            *([True] * (len(names) + 2)),
        ],
        "more": " ".join(more).strip(),
    }


def _is_numeric(values: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)


def as_table(frame: pd.DataFrame, caption: str, more: str = "") -> dict[str, Any]:
    """Turn a frame into what the template shows: texts, and which columns are numbers."""
    columns = [[show(value) for value in frame.iloc[:, place]] for place in range(frame.shape[1])]
    return {
        "caption": caption,
        "columns": [str(name) for name in frame.columns],
        "rows": [list(row) for row in zip(*columns, strict=True)],
        "numeric": [_is_numeric(frame.iloc[:, place]) for place in range(frame.shape[1])],
        "more": more,
    }


def failure_kinds(results: ResultTables) -> Iterator[dict[str, Any]]:
    """Yield one entry per kind of failure, the most frequent first."""
    failures = results.failures
    kinds = failures.groupby(["status", "stage", "error_type", "message"], observed=True, sort=False)
    found = sorted((group for _, group in kinds), key=len, reverse=True)
    for group in found[:20]:
        first = group.iloc[0]
        columns = ["run_id", "point", "replication", "seed", *results.points.columns]
        yield {
            "count": plural(len(group), "run"),
            "status": str(first["status"]),
            "stage": str(first["stage"]),
            "type": str(first["error_type"]) or "Failure",
            "message": str(first["message"]),
            "traceback": str(first["traceback"]),
            "common": _common(results, group),
            "runs": as_table(
                group[columns].head(10),
                "Runs that failed like this",
                f"The first 10 of {len(group):,}." if len(group) > 10 else "",
            ),
        }


def _common(results: ResultTables, group: pd.DataFrame) -> list[str]:
    """Say which parameter values all of these runs share, where others were tried."""
    shared = []
    for name, column in results.columns.items():
        values = group[column].astype(str)
        if len(group) > 1 and values.nunique() == 1 and results.points[column].astype(str).nunique() > 1:
            shared.append(f"{name} = {show(group[column].iloc[0])}")
    return shared


def _mean(row: Any) -> str:
    """The mean of a row of `aggregate`; of a yes or no as a share."""
    mean = float(row["mean"])
    return percent(mean) if str(row["interval"]) == "Wilson" else number(mean)
