"""Where runs failed: whether failures are confined to a part of the space, since what survives there is biased."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mesa_lab.formatting import plural
from mesa_lab.processing.analysis.boxes.box_limits import limits_of
from mesa_lab.processing.analysis.boxes.prim import (
    Space,
    find_boxes,
    likelihood_ratio,
    members,
    simplified,
)
from mesa_lab.processing.analysis.factor import factors_of
from mesa_lab.processing.analysis.phrases import and_list

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["failed_among", "where_failed"]

_FEWEST: Final = 3
"""Failed runs from which on it is asked where they are."""

_ALPHA: Final = 0.03
"""How often failures that are spread by chance may be said to be confined."""

_WORTH: Final = 3.0
"""How much of it each limit must add."""

_MOST: Final = 0.6
"""The share of all failures that must be in it."""

_MOST_RUNS: Final = 20_000


def failed_among(results: Reader, where: Mapping[str, Any]) -> tuple[int, int]:
    """Count the failed runs of the points at some values, and all runs there.

    Args:
        results: The results.
        where: Parameters with their values.
    """
    there = np.ones(len(results.points), dtype=bool)
    for name, value in where.items():
        there &= np.array(
            [each is value or each == value for each in results.points[results.columns[name]].tolist()]
        )
    runs = there[results.point_rows]
    return int((runs & ~results.done).sum()), int(runs.sum())


def where_failed(results: Reader) -> str:
    """Say in which part of the space runs failed; empty where they are spread as by chance, or too few to tell.

    The part is found as that of any event (PRIM), over runs. Where runs of a point fail together, since nothing in them is left to
    chance, it is found all the more.
    """
    failed = ~results.done
    n_failed, n = int(failed.sum()), len(failed)
    if not _FEWEST <= n_failed < n or n > _MOST_RUNS:
        return ""
    factors = tuple(
        factor for factor in factors_of(results) if len(np.unique(factor.codes[results.point_rows])) > 1
    )
    if not factors:
        return ""
    space = Space(
        codes=np.column_stack([factor.codes[results.point_rows] for factor in factors]).astype(np.int64),
        levels=np.array([len(factor.levels) for factor in factors], np.int64),
        unordered=np.array([factor.categorical for factor in factors]),
        share=failed.astype(np.float64),
    )
    found = find_boxes(space, smallest=0.0)
    box = simplified(space, max(found, key=lambda each: likelihood_ratio(each, n, n_failed)), worth=_WORTH)
    inside = members(space, box)
    lost, there = int(failed[inside].sum()), int(inside.sum())
    clear = likelihood_ratio(box, n, n_failed) >= _bar(space, len(box.restricted(space)))
    if not box.restricted(space) or not clear or lost < _MOST * n_failed:
        return ""
    where = and_list([limit.text for limit in limits_of(factors, space, box)])
    start = f"All {n_failed:,}" if lost == n_failed else f"{lost:,} of {n_failed:,}"
    left = (
        "nothing is known of it."
        if lost == there
        else f"what the other {plural(there - lost, 'run')} there gave may not be typical."
        if there - lost > 1
        else "what the one other run there gave may not be typical."
    )
    return f"{start} failed runs are where {where}: {left}"


def _bar(space: Space, limits: int) -> float:
    """The log-likelihood ratio that chance hardly reaches in any of the parts that were looked at (Bonferroni)."""
    from scipy.special import chdtri

    # A range is cut in steps of a twentieth, at either end.
    parts = float(np.minimum(2 * (space.levels - 1), 40).sum()) ** max(limits, 1)
    return float(chdtri(1, 2 * _ALPHA / parts)) / 2
