"""Tables of a fitted factorial model: effects with intervals, and the analysis of variance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.formatting import shorten, show
from mesa_lab.processing.analysis.effects.fit import Fit, rounding
from mesa_lab.processing.analysis.effects.terms import TIMES, Model, Term, main_name
from mesa_lab.processing.analysis.inference import holm
from mesa_lab.processing.analysis.observations import Factor

__all__ = ["anova", "effect_contrast", "effects_table"]

type Floats = npt.NDArray[np.float64]

_MOST_ROWS: Final = 24
"""Of one term of choices; beyond it the test of the whole term stands alone."""


def effects_table(factors: Sequence[Factor], model: Model, fit: Fit, level: float) -> pd.DataFrame:
    """Return the effects.

    Args:
        factors: The parameters.
        model: The model.
        fit: Its fit.
        level: Level of the intervals.

    Returns:
        One row per effect: `term, effect, low, high, p, aliased_with`, then `p_adjusted` (Holm's method over all rows) and
        `kind`. The effect of a number or of a parameter of two levels is the change of the outcome from its lowest to its
        highest level, of an interaction half the difference between two such changes; a bend ("x²") is the change from the
        middle to the ends; levels of a choice are told by their distance from the mean of all.
    """
    rows = []
    for at, term in enumerate(model.terms):
        contrasts = list(_contrasts(factors, model, term, model.places[at]))
        aliased = ", ".join(model.aliases[at])
        if not contrasts:
            places = np.eye(model.n_columns)[model.places[at]]
            rows.append((term.name, np.nan, np.nan, np.nan, fit.p_value(places), aliased, term.kind))
        for name, contrast in contrasts:
            effect = float(contrast @ fit.coefficients)
            half = fit.half_width(contrast, level)
            p = fit.p_value(contrast[None, :]) if fit.lenth is None else np.nan
            rows.append((name, effect, effect - half, effect + half, p, aliased, term.kind))
    table = pd.DataFrame(rows, columns=["term", "effect", "low", "high", "p", "aliased_with", "kind"])
    if fit.lenth is not None:
        table["p"] = fit.lenth.p
    given = table["p"].to_numpy(dtype=np.float64)
    # Lenth's margin of all effects is Sidak's adjustment; his p-values belong to it.
    adjusted = holm(given) if fit.lenth is None else 1 - (1 - given) ** len(given)
    table.insert(5, "p_adjusted", adjusted)
    return table


def effect_contrast(model: Model, term: Term, place: slice) -> Floats:
    """Return what to multiply the coefficients with for the effect of a term of one column."""
    contrast = np.zeros(model.n_columns)
    contrast[place.start] = 1.0 if term.kind == "bend" else 2.0
    return contrast


def _contrasts(
    factors: Sequence[Factor], model: Model, term: Term, place: slice
) -> Iterator[tuple[str, Floats]]:
    """Yield the name and the contrast of each effect of a term."""
    choices = [factors[at] for at in term.factors if factors[at].categorical]
    if not choices:
        yield term.name, effect_contrast(model, term, place)
        return
    if int(np.prod([len(factor.levels) for factor in choices])) > _MOST_ROWS:
        return
    double = len(choices) < len(term.factors)
    for levels in product(*(range(len(factor.levels)) for factor in choices)):
        weights: Floats = np.ones(1)
        names: list[str] = []
        seen = 0
        for at in term.factors:
            factor = factors[at]
            if factor.categorical:
                weights = np.asarray(np.kron(weights, _deviation(levels[seen], len(factor.levels))))
                names.append(f"{main_name(factor)} = {shorten(show(factor.levels[levels[seen]]), 24)}")
                seen += 1
            else:
                names.append(main_name(factor))
        contrast = np.zeros(model.n_columns)
        contrast[place] = weights * (2.0 if double else 1.0)
        yield TIMES.join(names), contrast


def _deviation(level: int, count: int) -> Floats:
    """The coding of one level: its own column, or minus all of them for the last."""
    row = np.zeros(count - 1)
    if level == count - 1:
        row[:] = -1.0
    else:
        row[level] = 1.0
    return row


def anova(model: Model, fit: Fit) -> pd.DataFrame:
    """Return the analysis of variance, with sums of squares of type II.

    Args:
        model: The model.
        fit: Its fit.

    Returns:
        One row per term, then "lack of fit", "pure error" or "residual", and "total": `source, df, sum_sq, mean_sq, F, p`.
        A term is judged with all others in the model but those that contain it.
    """
    weights = np.sqrt(fit.count.astype(np.float64))
    # Sums of squares are differences between residuals, to which all rows that the full model leaves over add alike.
    base, x = np.linalg.qr(model.matrix * weights[:, None])
    y = base.T @ (fit.mean * weights)
    nothing = fit.n_runs * rounding(fit.mean) ** 2
    around = float((fit.count * (fit.mean - fit.fitted) ** 2).sum())
    around = around if around > nothing else 0.0
    ratio, lack, _, lack_p = fit.lack_of_fit
    within = fit.pure_variance * fit.pure_freedom if fit.pure_freedom > 0 else 0.0
    m, p = model.matrix.shape
    if fit.pure_freedom > 0:
        error, freedom = fit.pure_variance, fit.pure_freedom
    else:
        freedom = m - p
        error = around / freedom if freedom > 0 else np.nan
    rows: list[tuple[Any, ...]] = []
    for at, term in enumerate(model.terms):
        members = set(term.factors)
        contained = [
            other
            for other, place in enumerate(model.terms)
            if other != at
            and (
                members < set(place.factors)
                or (term.kind == "main" and place.kind == "bend" and members == set(place.factors))
            )
        ]
        without = _columns(
            model, [other for other in range(len(model.terms)) if other not in contained and other != at]
        )
        with_it = _columns(model, [other for other in range(len(model.terms)) if other not in contained])
        squares = _residual(x[:, without], y) - _residual(x[:, with_it], y)
        width = term.columns.shape[1]
        rows.append(_row(term.name, width, squares if squares > nothing else 0.0, error, freedom))
    if fit.pure_freedom > 0:
        if lack > 0:
            rows.append(("lack of fit", lack, around, around / lack, ratio, lack_p))
        rows.append(("pure error", fit.pure_freedom, within, fit.pure_variance, np.nan, np.nan))
    elif freedom > 0:
        rows.append(("residual", freedom, around, around / freedom, np.nan, np.nan))
    grand = float((fit.count * fit.mean).sum()) / fit.count.sum()
    total = float((fit.count * (fit.mean - grand) ** 2).sum()) + within
    rows.append(("total", int(fit.n_runs - 1), total, np.nan, np.nan, np.nan))
    return pd.DataFrame(rows, columns=["source", "df", "sum_sq", "mean_sq", "F", "p"])


def _row(name: str, width: int, squares: float, error: float, freedom: int) -> tuple[Any, ...]:
    from scipy.special import fdtrc

    mean = squares / width
    if not np.isfinite(error) or freedom <= 0:
        return (name, width, squares, mean, np.nan, np.nan)
    if error <= 0:
        return (name, width, squares, mean, np.inf if squares > 0 else 0.0, 0.0 if squares > 0 else 1.0)
    return (name, width, squares, mean, mean / error, float(fdtrc(width, freedom, mean / error)))


def _columns(model: Model, terms: Sequence[int]) -> list[int]:
    columns = [0]
    for at in terms:
        place = model.places[at]
        columns += range(place.start, place.stop)
    return columns


def _residual(x: Floats, y: Floats) -> float:
    left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return float(left @ left)
