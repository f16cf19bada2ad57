"""Which runs belong together: by design point, by the levels of some parameters, or by ranges of them.

Everything is arithmetic on small integers, so that a million runs are grouped in a fraction of a second. What a
grouping averages over is found here too, and nowhere left unsaid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import ParameterError, suggest
from mesa_lab.processing.tables.column_names import level_codes

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["Groups", "check_names", "group", "names_of", "points_by"]

type Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Groups:
    """The groups that runs fall into.

    Attributes:
        keys: One row per group, one column per thing that the runs are grouped by.
        code: For each run the number of its group.
        n_points: For each group how many design points it holds.
        averaged_over: Varied parameters that take several values within at least one group.
    """

    keys: pd.DataFrame
    code: Codes
    n_points: Codes
    averaged_over: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.keys)


def names_of(by: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return what to group by as a tuple of names."""
    if by is None:
        return ()
    return (by,) if isinstance(by, str) else tuple(by)


def group(
    results: Reader,
    by: str | Sequence[str] | None = "point",
    binned: Mapping[str, pd.Series[Any]] | None = None,
) -> Groups:
    """Group all recorded runs.

    Args:
        results: The results.
        by: "point", "replication", names of parameters, or a list of these; empty for one group of all runs.
        binned: Columns to use in place of a parameter's own values, one value per design point (index `point`).

    Returns:
        The groups that have at least one run, in the order of their keys.

    Raises:
        ParameterError: If a name is unknown.
    """
    runs, points = results.base, results.points
    names = names_of(by)
    check_names(results, names)
    of_run = results.point_rows
    if "replication" in names:
        rows, row_of_run, at = np.arange(len(runs)), np.arange(len(runs)), of_run
    else:  # all that matters are points, of which there are fewer
        at = rows = np.flatnonzero(np.bincount(of_run, minlength=len(points)))
        row_of_run = np.searchsorted(rows, of_run)
    columns: dict[str, pd.Series[Any]] = {}
    combined = np.zeros(len(rows), dtype=np.int64)
    for name in names:
        if name == "replication":
            values = runs["replication"]
        elif name == "point":
            values = pd.Series(points.index[at])
        else:
            values = (binned or {}).get(name, points[results.columns[name]]).iloc[at]
        codes, levels = level_codes(values, results.level_order(name))
        columns[results.columns.get(name, name)] = values.reset_index(drop=True)
        # Numbered anew each time: the product of the levels of many parameters would overflow.
        _, combined = np.unique(combined * max(len(levels), 1) + codes, return_inverse=True)
    _, first, code = np.unique(combined, return_index=True, return_inverse=True)
    keys = pd.DataFrame({name: values.iloc[first] for name, values in columns.items()}, index=first)
    if "point" in names:
        rest = points.iloc[at[first]].set_axis(first)
        keys = pd.concat([keys, rest[[column for column in rest if column not in keys]]], axis=1)
    n_points, averaged = _spread(results, names, code.astype(np.int64), at, len(first))
    return Groups(keys.reset_index(drop=True), code.astype(np.int64)[row_of_run], n_points, averaged)


def points_by(results: Reader, code: Codes, count: int) -> list[list[int]]:
    """Return the design points of each group.

    Args:
        results: The results.
        code: For each run the number of its group; runs with a negative one are in none.
        count: How many groups there are.
    """
    points = results.points.index.to_numpy()
    chosen = code >= 0
    pairs = np.unique(code[chosen] * max(len(points), 1) + results.point_rows[chosen])
    groups, rows = np.divmod(pairs, max(len(points), 1))
    ends = np.searchsorted(groups, np.arange(1, count))
    return [points[part].tolist() for part in np.split(rows, ends)]


def check_names(results: Reader, names: Sequence[str]) -> None:
    """Refuse what results cannot be grouped by."""
    for name in names:
        if name in ("point", "replication") or name in results.columns:
            continue
        fixed = results.experiment.space.fixed
        if name in fixed:
            raise ParameterError(
                f"The parameter '{name}' is held fixed at {fixed[name]!r}: there is nothing to compare."
            )
        known = ", ".join(results.parameters) or "none"
        own = name.removesuffix(" (parameter)")  # as a column is called where another has its name
        near = f" Write '{own}'." if own in results.columns else suggest(name, results.parameters)
        raise ParameterError(f"Unknown parameter '{name}'. Varied are: {known}.{near}")


def _spread(
    results: Reader, names: Sequence[str], code: Codes, at: Codes, n_groups: int
) -> tuple[Codes, tuple[str, ...]]:
    """Count the points of each group, and name the parameters that vary within one."""
    points = results.points
    pairs = np.unique(code * max(len(points), 1) + at)
    groups, rows = np.divmod(pairs, max(len(points), 1))
    n_points = np.bincount(groups, minlength=n_groups).astype(np.int64)
    if "point" in names or (n_points <= 1).all():
        return n_points, ()
    averaged = []
    for name, column in results.columns.items():
        codes, levels = level_codes(points[column])
        seen = np.unique(groups * max(len(levels), 1) + codes[rows])
        if name not in names and len(seen) > n_groups:
            averaged.append(name)
    return n_points, tuple(averaged)
