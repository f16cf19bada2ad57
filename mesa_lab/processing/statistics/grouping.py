"""Which runs belong together: by design point, by the levels of some parameters, or by ranges of them.

Everything is arithmetic on small integers, so that a million runs are grouped in a fraction of a second. What a
grouping averages over is found here too, and nowhere left unsaid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import ParameterError, suggest
from mesa_lab.processing.statistics.origins import point_identity, repeated_runs
from mesa_lab.processing.tables.column_names import level_codes
from mesa_lab.processing.tables.contents import in_one_snapshot

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = [
    "Groups",
    "alike_at_all_levels",
    "check_names",
    "comparable_points",
    "group",
    "names_of",
    "points_by",
]

type Codes = npt.NDArray[np.int64]

_SAMPLES: Final = ("point", "replication")
"""What runs can be grouped by beside parameters. A model may have parameters of these names."""


@dataclass(frozen=True)
class Groups:
    """The groups that runs fall into.

    Attributes:
        keys: One row per group, one column per thing that the runs are grouped by.
        code: For each run the number of its group; -1 for one that is in none.
        n_points: For each group how many design points it holds.
        averaged_over: Varied parameters that take several values within at least one group.
        counted: For each run whether it counts: one that repeats another (same values, same seed) does not.
        uneven: Varied parameters whose values are not spread alike in all groups, so that a difference between groups
            may be theirs.
        held_at: Where only comparable points are in the groups: the values of the other parameters there.
    """

    keys: pd.DataFrame
    code: Codes
    n_points: Codes
    averaged_over: tuple[str, ...]
    counted: npt.NDArray[np.bool_]
    uneven: tuple[str, ...] = ()
    held_at: tuple[tuple[str, Any], ...] = ()

    def __len__(self) -> int:
        return len(self.keys)


def names_of(by: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return what to group by as a tuple of names."""
    if by is None:
        return ()
    return tuple(by) if isinstance(by, Iterable) and not isinstance(by, str) else (by,)


@in_one_snapshot
def group(
    results: Reader,
    by: str | Sequence[str] | None = "point",
    binned: Mapping[str, pd.Series[Any]] | None = None,
    *,
    only: npt.NDArray[np.bool_] | None = None,
) -> Groups:
    """Group all recorded runs.

    Args:
        results: The results.
        by: "point", "replication", names of parameters, or a list of these; empty for one group of all runs. A parameter
            that is called "point" itself is meant by the name of its column, "point (parameter)", or where `binned` has it.
        binned: Columns to use in place of a parameter's own values, one value per design point (index `point`).
        only: For each design point whether its runs are grouped (`comparable_points`); None means all.

    Returns:
        The groups that have at least one run, in the order of their keys.

    Raises:
        ParameterError: If a name is unknown.
    """
    runs, points = results.base, results.points
    own = {column: name for name, column in results.columns.items()}
    names = tuple(
        results.columns[name] if name in _SAMPLES and name in (binned or {}) else name
        for name in names_of(by)
    )
    check_names(results, [own[name] if own.get(name) in _SAMPLES else name for name in names])
    asked = np.ones(len(runs), dtype=bool) if only is None else only[results.point_rows]
    at_run = np.flatnonzero(asked)
    of_run = results.point_rows[at_run]
    if "replication" in names:
        rows, row_of_run, at = np.arange(len(at_run)), np.arange(len(at_run)), of_run
    else:  # all that matters are points, of which there are fewer
        at = rows = np.flatnonzero(np.bincount(of_run, minlength=len(points)))
        row_of_run = np.searchsorted(rows, of_run)
    columns: dict[str, pd.Series[Any]] = {}
    combined = np.zeros(len(rows), dtype=np.int64)
    for name in names:
        parameter = own.get(name, name)
        order: Sequence[Any] = ()
        if name == "replication":
            column, values = name, runs["replication"].iloc[at_run]
        elif name == "point":
            column, values = name, pd.Series(points.index[at])
        else:
            column, order = results.columns[parameter], results.level_order(parameter)
            values = (binned or {}).get(parameter, points[column]).iloc[at]
        codes, levels = level_codes(values, order)
        columns[column] = values.reset_index(drop=True)
        # Numbered anew each time: the product of the levels of many parameters would overflow.
        _, combined = np.unique(combined * max(len(levels), 1) + codes, return_inverse=True)
    _, first, code = np.unique(combined, return_index=True, return_inverse=True)
    keys = pd.DataFrame({name: values.iloc[first] for name, values in columns.items()}, index=first)
    if "point" in names:
        rest = points.iloc[at[first]].set_axis(first)
        keys = pd.concat([keys, rest[[column for column in rest if column not in keys]]], axis=1)
    of_all = np.full(len(runs), -1, dtype=np.int64)
    of_all[at_run] = code[row_of_run]
    repeated = repeated_runs(
        results, across_points="point" not in names, across_replications="replication" not in names
    )
    n_points, averaged, uneven = _spread(results, names, of_all, ~repeated, len(first))
    held = () if only is None else _held(results, names, only)
    return Groups(keys.reset_index(drop=True), of_all, n_points, averaged, ~repeated, uneven, held)


def comparable_points(
    results: Reader, names: Sequence[str], binned: Mapping[str, pd.Series[Any]] | None = None
) -> npt.NDArray[np.bool_] | None:
    """Find the points that differ in nothing but some parameters, in a design that moves one parameter at a time.

    In such a design the base level of a parameter is at all the points where others were moved, and its other levels
    are at the base case alone: an average over all of them compares unlike points.

    Args:
        results: The results.
        names: The parameters whose levels are to be compared.
        binned: Columns to use in place of a parameter's own values.

    Returns:
        For each point whether the other parameters are where they are for all levels; None where all points are, or the
        design is none of this kind.
    """
    points = results.points
    own = [results.columns[name] for name in names if name in results.columns]
    others = point_identity(points[[column for column in points if column not in own]])
    if not own or len(own) == points.shape[1] or not len(points):
        return None
    replaced = {results.columns[name]: values for name, values in (binned or {}).items()}
    cells = point_identity(points[own].assign(**replaced)[own])
    return alike_at_all_levels(others, cells)


def alike_at_all_levels(others: Codes, cells: Codes) -> npt.NDArray[np.bool_] | None:
    """Find the points of a base case: those whose other parameters are what they are at all levels.

    Args:
        others: For each point the number of what its other parameters are.
        cells: For each point the number of its level.

    Returns:
        For each point whether it is one of these, None where all are, or where points of several levels are not: a base
        case has one level alone.

    Example:
        >>> alike_at_all_levels(np.array([0, 0, 0, 1, 2]), np.array([0, 1, 2, 1, 1])).tolist()
        [True, True, True, False, False]
    """
    width = int(cells.max()) + 1
    pairs = np.unique(others * width + cells)
    alike = (np.bincount(pairs // width) == width)[others]
    if alike.all() or not alike.any() or len(np.unique(cells[~alike])) > 1:
        return None
    return np.asarray(alike)


def _is_among(names: Sequence[str], name: str, column: str) -> bool:
    """Whether a parameter is one of those that runs are grouped by."""
    return column in names or (name in names and name not in _SAMPLES)


def _held(results: Reader, names: Sequence[str], kept: npt.NDArray[np.bool_]) -> tuple[tuple[str, Any], ...]:
    """The values of the other parameters at the points that are kept, of those that have one value there."""
    found = []
    for name, column in results.columns.items():
        if not _is_among(names, name, column):
            _, levels = level_codes(results.points[column][kept])
            if len(levels) == 1:
                found.append((name, levels[0]))
    return tuple(found)


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
        if not isinstance(name, str):
            raise ParameterError(
                f"{name!r} is no name of a parameter. Varied are: {', '.join(results.parameters) or 'none'}."
            )
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
    results: Reader, names: Sequence[str], code: Codes, counted: npt.NDArray[np.bool_], n_groups: int
) -> tuple[Codes, tuple[str, ...], tuple[str, ...]]:
    """Count the points of each group; name the parameters that vary within one, and those that differ between groups."""
    points = results.points
    chosen = counted & (code >= 0)
    pairs = np.unique(code[chosen] * max(len(points), 1) + results.point_rows[chosen])
    groups, rows = np.divmod(pairs, max(len(points), 1))
    n_points = np.bincount(groups, minlength=n_groups).astype(np.int64)
    if "point" in names:
        return n_points, (), ()
    averaged, uneven = [], []
    for name, column in results.columns.items():
        if _is_among(names, name, column):
            continue
        codes, levels = level_codes(points[column])
        width = max(len(levels), 1)
        cells, counts = np.unique(groups * width + codes[rows], return_counts=True)
        if len(cells) > n_groups:
            averaged.append(name)
        shares = counts / np.maximum(n_points[cells // width], 1)
        overall = np.bincount(codes[rows], minlength=width) / max(len(rows), 1)
        # Alike in all groups: each has every level, as often as all of them together.
        if len(cells) < n_groups * np.count_nonzero(overall) or not np.allclose(
            shares, overall[cells % width]
        ):
            uneven.append(name)
    return n_points, tuple(averaged), tuple(uneven) if n_groups > 1 else ()
