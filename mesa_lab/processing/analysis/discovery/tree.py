"""A small tree: the space cut into a few parts by one question after the other, each with its share of events.

Where a box says where an event is frequent, a tree divides all of the space, and finds events that happen in several places.
Grown by scikit-learn (CART; Breiman et al., 1984) on the points' shares, with parts of a twentieth of the points at least.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from mesa_lab.formatting import number, shorten, show
from mesa_lab.processing.analysis.boxes.box_limits import short_between
from mesa_lab.processing.analysis.observations import Factor, Observations
from mesa_lab.processing.analysis.sensitivity.tree_importance import tree_features
from mesa_lab.processing.statistics.intervals import wilson

__all__ = ["leaves"]

MOST_LEAVES: Final = 6
_SMALLEST: Final = 0.05
_WORTH: Final = 0.01
"""The share of the variance that a cut must explain."""


def leaves(observed: Observations, share: np.ndarray) -> pd.DataFrame:
    """Return the parts into which a small tree cuts the space.

    Args:
        observed: The points; all have a share.
        share: The share of each point's runs in which the event happened.

    Returns:
        One row per part, the most frequent first: `where` (a phrase), `share`, `low`, `high` (Wilson's interval over points),
        `coverage` (of all events) and `n_points`.
    """
    from sklearn.tree import DecisionTreeRegressor

    features, belongs = tree_features(observed)
    n = len(share)
    variance = float(share.var())
    tree = DecisionTreeRegressor(
        max_leaf_nodes=MOST_LEAVES,
        min_samples_leaf=max(5, int(_SMALLEST * n)),
        min_impurity_decrease=_WORTH * variance,
        random_state=0,
    ).fit(features, share)
    rows = []
    for rules, members in _parts(tree.tree_, features, np.arange(n), []):
        inside = share[members]
        low, high = wilson(inside.mean(), len(inside), 0.95)
        where = _phrase(observed.factors, belongs, rules, features)
        rows.append(
            (
                where,
                float(inside.mean()),
                float(low),
                float(high),
                float(inside.sum() / max(share.sum(), 1e-300)),
                len(inside),
            )
        )
    table = pd.DataFrame(rows, columns=["where", "share", "low", "high", "coverage", "n_points"])
    return table.sort_values("share", ascending=False, kind="stable", ignore_index=True)


type _Rule = tuple[int, float, bool]
"""A column, the threshold, and whether values lie above it."""


def _parts(
    tree: Any, features: np.ndarray, rows: np.ndarray, rules: list[_Rule], node: int = 0
) -> list[tuple[list[_Rule], np.ndarray]]:
    if tree.children_left[node] < 0:
        return [(rules, rows)]
    column, threshold = int(tree.feature[node]), float(tree.threshold[node])
    above = features[rows, column].astype(np.float32) > threshold
    left = _parts(
        tree, features, rows[~above], [*rules, (column, threshold, False)], int(tree.children_left[node])
    )
    return left + _parts(
        tree, features, rows[above], [*rules, (column, threshold, True)], int(tree.children_right[node])
    )


def _phrase(
    factors: Sequence[Factor], belongs: Sequence[Sequence[int]], rules: list[_Rule], features: np.ndarray
) -> str:
    parts = []
    for at, factor in enumerate(factors):
        mine = [rule for rule in rules if rule[0] in belongs[at]]
        if not mine:
            continue
        name = shorten(factor.name)
        if factor.categorical:
            kept = set(range(len(factor.levels)))
            for column, _, above in mine:
                level = belongs[at].index(column)
                kept = kept & {level} if above else kept - {level}
            parts.append(
                f"{name} {' or '.join(shorten(show(factor.levels[code]), 24) for code in sorted(kept))}"
            )
            continue
        levels = np.full(len(factor.levels), np.nan)
        levels[factor.codes] = factor.unit
        lower = max((threshold for _, threshold, above in mine if above), default=-np.inf)
        upper = min((threshold for _, threshold, above in mine if not above), default=np.inf)
        inside = [
            code for code, unit in enumerate(levels) if np.float32(unit) > lower and np.float32(unit) <= upper
        ]
        parts.append(_between(factor, name, inside))
    return " and ".join(parts) or "everywhere"


def _between(factor: Factor, name: str, inside: list[int]) -> str:
    if not inside:
        return f"{name} none"
    first, last = inside[0], inside[-1]
    if not factor.is_number:
        return f"{name} {' or '.join(shorten(show(factor.levels[code]), 24) for code in inside)}"
    lower = short_between(float(factor.levels[first - 1]), float(factor.levels[first])) if first > 0 else None
    upper = (
        -short_between(-float(factor.levels[last + 1]), -float(factor.levels[last]))
        if last < len(factor.levels) - 1
        else None
    )
    if lower is not None and upper is not None:
        return f"{name} between {number(lower)} and {number(upper)}"
    if lower is not None:
        return f"{name} above {number(lower)}"
    return f"{name} below {number(upper)}" if upper is not None else f"{name} any"
