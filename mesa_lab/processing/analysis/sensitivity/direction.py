"""Direction: whether a parameter moves the outcome one way through its whole range, which, and how strongly by ranks.

What each parameter does is looked at after what the others do is taken out: a weak parameter beside a strong one has a direction too. One is said only where it is told from chance, and where ranks explain nearly all that any function of
the parameter explains: what rises and falls has none, nor a rank correlation, which is blind to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.formatting import shorten, show
from mesa_lab.processing.analysis.observations import Factor, Observations
from mesa_lab.processing.analysis.sensitivity.first_order import basis

__all__ = ["Direction", "direction_of", "directions"]

type Floats = npt.NDArray[np.float64]

MONOTONE: Final = 0.8
"""The share of what a free function of the parameter explains that its rank must explain."""

_NEARLY_ALL: Final = 0.9
"""The same of all differences, where points are too few to see what a free function explains."""

_MOST_POINTS: Final = 3000
"""Of many points a sample shows the direction as well."""

_SURE: Final = 0.01
"""The p-value below which a parameter has a direction."""


@dataclass(frozen=True)
class Direction:
    """Which way an outcome goes with a parameter.

    Attributes:
        word: "rises", "falls", or nothing where there is no direction.
        note: The same as part of a sentence.
    """

    word: str = ""
    note: str = ""


def direction_of(factor: Factor | None, sign: float) -> Direction:
    """Return a direction in words.

    Args:
        factor: The parameter; None for one that does not vary.
        sign: Above 0 where the outcome rises with it, below where it falls, 0 or NaN for neither.
    """
    if factor is None or not abs(sign) > 0 or factor.categorical:
        return Direction()
    word = "rises" if sign > 0 else "falls"
    if factor.is_number:
        return Direction(word, f"the more the {'higher' if sign > 0 else 'lower'}")
    level = factor.levels[-1 if sign > 0 else 0]
    return Direction(word, f"higher where it is {shorten(show(level), 24)}")


def directions(observations: Observations) -> dict[str, Direction]:
    """Return the direction of each parameter, by name.

    Args:
        observations: The outcome at points that fill the space, whatever their design.
    """
    from scipy.special import fdtrc

    measured = observations.measured()
    if measured.n_points > _MOST_POINTS:
        chosen = np.random.default_rng(1).choice(measured.n_points, _MOST_POINTS, replace=False)
        measured = measured.at(np.sort(chosen))
    n, factors = measured.n_points, measured.factors
    y = _standard(_ranks(measured.mean))
    free_of = [basis(factor) for factor in factors]
    widths = [functions.shape[1] for functions in free_of]
    # Few points leave no room for all that the others may do: what they do along their ranks then.
    rank_of = [_standard(_ranks(factor.codes))[:, None] for factor in factors]
    taken_out = free_of if sum(widths) <= n / 3 else rank_of
    found = {factor.name: Direction() for factor in factors}
    for place, factor in enumerate(factors):
        others = [taken_out[at] for at in range(len(factors)) if at != place and taken_out[at].any()]
        gone = sum(each.shape[1] for each in others)
        freedom = n - 2 - gone
        if factor.categorical or freedom < 2:
            continue
        left, moved, functions = _without(
            np.hstack(others) if others else None, y, rank_of[place][:, 0], free_of[place]
        )
        total = float(left @ left)
        if total <= 1e-9 * n or float(moved @ moved) <= 1e-9 * n:
            continue
        r = float(left @ moved) / np.sqrt(total * float(moved @ moved))
        p = float(fdtrc(1, freedom, r**2 * freedom / max(1 - r**2, 1e-15)))
        spare = freedom + 1 - functions.shape[1]
        nearly_all = _NEARLY_ALL
        if spare >= 2:
            free = float(((functions.T @ left) ** 2).sum()) / total
            nearly_all = MONOTONE * (1 - (1 - free) * (freedom + 1) / spare)
        if p < _SURE and r**2 >= nearly_all:
            found[factor.name] = direction_of(factor, r)
    return found


def _without(
    others: Floats | None, y: Floats, own: Floats, functions: Floats
) -> tuple[Floats, Floats, Floats]:
    """Take what other parameters explain out of the outcome, the ranks of a parameter and its functions; these orthonormal."""
    if others is None:
        return y, own, functions
    columns = np.column_stack([y, own, functions])
    rest = columns - others @ np.linalg.lstsq(others, columns, rcond=None)[0]
    orthonormal, triangle = np.linalg.qr(rest[:, 2:])
    return rest[:, 0], rest[:, 1], orthonormal[:, np.abs(np.diag(triangle)) > 1e-6]


def rank_correlations(observations: Observations) -> Floats:
    """Return the rank correlation of each parameter with the points' means.

    Returns:
        One number per parameter, -1 to 1; NaN where the effect is not monotone, nothing is explained, or the parameter has
        no order.
    """
    measured = observations.measured()
    n = measured.n_points
    ranks = _ranks(measured.mean)
    ranks = (ranks - ranks.mean()) / (ranks.std() or 1.0)
    found = np.full(len(measured.factors), np.nan)
    for place, factor in enumerate(measured.factors):
        functions = basis(factor)
        width = functions.shape[1]
        if factor.categorical or width == 0 or n - 1 - width < 2:
            continue
        free = float(((functions.T @ ranks) ** 2).sum()) / n
        adjusted = 1 - (1 - free) * (n - 1) / (n - 1 - width)
        own = _ranks(factor.codes)
        spread = own.std()
        if adjusted <= 0 or spread == 0:
            continue
        rho = float(((own - own.mean()) / spread * ranks).mean())
        if rho**2 >= MONOTONE * adjusted:
            found[place] = rho
    return found


def _ranks(values: npt.ArrayLike) -> Floats:
    """Ranks from 1 on, equals sharing the mean of theirs; `scipy.stats` has the same, and takes most of a second to import."""
    return np.asarray(pd.Series(np.asarray(values)).rank(), dtype=np.float64)


def _standard(values: Floats) -> Floats:
    centred = values - values.mean()
    spread = float(centred.std())
    return np.asarray(centred / spread if spread > 0 else np.zeros(len(values)))
