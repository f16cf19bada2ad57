"""The answer from points of any design: what each parameter explains alone, and whether it moves the outcome at all.

Three methods look at the same points, since each is blind to something: first-order indices to parameters that act only
together with others, PAWN to nothing but it has no unit, a forest to what it cannot learn from few points. A parameter
matters when one of them tells it from chance, with the p-values adjusted for looking three times and at all parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.formatting import measure_label, plural, shorten
from mesa_lab.processing.analysis.conclusion import Conclusion, ConclusionChart
from mesa_lab.processing.analysis.inference import holm
from mesa_lab.processing.analysis.next_runs import larger_design, more_replications, other_design
from mesa_lab.processing.analysis.observations import Observations
from mesa_lab.processing.analysis.phrases import (
    agree,
    outcome_phrase,
    percent,
    percent_interval,
    share_of_chance,
)
from mesa_lab.processing.analysis.sensitivity import charts
from mesa_lab.processing.analysis.sensitivity.direction import Direction, directions, rank_correlations
from mesa_lab.processing.analysis.sensitivity.first_order import FirstOrder, first_order
from mesa_lab.processing.analysis.sensitivity.pawn import Pawn, pawn
from mesa_lab.processing.analysis.sensitivity.sentences import Limits, Share, correlated, ranking
from mesa_lab.processing.analysis.sensitivity.tree_importance import TreeImportance, tree_importance

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["answer"]

type Floats = npt.NDArray[np.float64]

METHOD: Final = (
    "First-order indices from the points as they are: RBD-FAST in cosines (Tarantola et al., 2006; Plischke, 2012), the "
    "correlation ratio for parameters of few levels, less the noise of the replications; intervals by the delta method. "
    "PAWN (Pianosi and Wagener, 2018) against {dummies} dummies; permutation importance of extra trees on points they have not "
    "seen. A parameter matters if one of the three says so (p-values tripled, and adjusted by Holm's method)."
)
_SAMPLES: Final = ("MonteCarlo", "Table", "FunctionDesign")
_CORRELATED: Final = 0.3
_A_DESIGN: Final = {"Saltelli": "a Saltelli", "Morris": "a Morris", "EFAST": "an eFAST", "Efast": "an eFAST"}


@dataclass(frozen=True, eq=False)
class _Found:
    """What the methods found, and what follows from it."""

    names: list[str]
    first: FirstOrder
    pawn: Pawn
    trees: TreeImportance | None
    rho: Floats
    ways: Mapping[str, Direction]
    p: Floats
    matters: npt.NDArray[np.bool_]
    order: npt.NDArray[Any]


def answer(results: Reader, observed: Observations, level: float, text: str, broken: str = "") -> Conclusion:
    """Answer which parameters matter from points of any design.

    Args:
        results: The results.
        observed: The outcome at the points.
        level: Level of the intervals.
        text: The question.
        broken: The name of a design whose structure the points have lost.
    """
    design = type(getattr(results.experiment, "design", None)).__name__
    first = first_order(observed, sampled=design in _SAMPLES, level=level)
    distances = pawn(observed)
    trees = tree_importance(observed, first.variance)
    tests = [first.p, distances.p] + ([trees.p] if trees is not None else [])
    p = np.fmin.reduce(tests) * len(tests)
    p = np.minimum(np.where(np.isnan(p), 1.0, p), 1.0)
    differ = _points_differ(observed)
    if (
        len(observed.factors) == 1 and differ == differ
    ):  # all that points differ by comes from the one parameter
        p = np.minimum(p, differ)
    matters = holm(p) < 1 - level
    score = np.fmax(first.first, trees.importance) if trees is not None else first.first
    score = np.where(np.isfinite(score), score, distances.index - distances.dummy)
    order = np.lexsort((-np.nan_to_num(score, nan=-1.0), ~matters))
    found = _Found(
        list(observed.names),
        first,
        distances,
        trees,
        rank_correlations(observed),
        directions(observed),
        p,
        matters,
        order,
    )
    spread = observed.spread()
    of_spread = first_order(spread, sampled=design in _SAMPLES, level=level) if spread is not None else None
    subject = outcome_phrase(results, observed.outcome)
    return Conclusion(
        name="sensitivity",
        question=text,
        outcome=observed.outcome,
        sentence=_sentence(subject, observed, found, of_spread, level),
        table=_table(found, of_spread),
        charts=[_bars(results, observed, found)],
        warnings=_warnings(observed, found, broken),
        method=METHOD.format(dummies=400),
        values=_values(observed, found, of_spread),
        unknown=_unknown(observed, found, of_spread),
        **_next(results, observed, found),
    )


def _points_differ(observed: Observations) -> float:
    """How often chance alone makes points differ as much: the F test of one factor; NaN where it cannot be told."""
    from scipy.special import fdtrc

    measured = observed.measured().standardised()
    n, count = measured.n_points, measured.count
    freedom = measured.n_runs - n
    if n < 2 or freedom < n / 2 or measured.common:
        return float("nan")
    within = float((np.nan_to_num(measured.variance) * (count - 1)).sum()) / freedom
    centre = float((count * measured.mean).sum()) / measured.n_runs
    between = float((count * (measured.mean - centre) ** 2).sum()) / (n - 1)
    if within <= 0:
        return 0.0 if between > 0 else 1.0
    return float(fdtrc(n - 1, freedom, between / within))


def _table(found: _Found, spread: FirstOrder | None) -> pd.DataFrame:
    first, trees = found.first, found.trees
    nothing = np.full(len(found.names), np.nan)
    columns: dict[str, Any] = {
        "parameter": found.names,
        "first": first.first,
        "first_low": first.low,
        "first_high": first.high,
        "pawn": found.pawn.index,
        "pawn_dummy": found.pawn.dummy,
        "importance": nothing if trees is None else trees.importance,
        "importance_low": nothing if trees is None else trees.low,
        "importance_high": nothing if trees is None else trees.high,
        "rank_correlation": np.where(found.matters, found.rho, np.nan),
        "p": found.p,
        "matters": found.matters,
        "direction": [
            found.ways[name].word if at else "" for name, at in zip(found.names, found.matters, strict=True)
        ],
    }
    if spread is not None:
        columns |= {"spread_first": spread.first, "spread_low": spread.low, "spread_high": spread.high}
    table = pd.DataFrame(columns).iloc[found.order].reset_index(drop=True)
    table.insert(4, "rank", np.arange(1, len(table) + 1))
    return table


def _sentence(
    subject: str, observed: Observations, found: _Found, spread: FirstOrder | None, level: float
) -> str:
    important = [int(at) for at in found.order if found.matters[at]]
    others = [found.names[at] for at in found.order if not found.matters[at]]
    points = plural(int((observed.count > 0).sum()), "point")
    highs = dict(zip(found.names, found.first.high.tolist(), strict=True))
    limits = Limits(highs, "the variance between points", level, alone=True)
    if important and len(found.names) == 1 and observed.replicated:
        way = found.ways[found.names[0]].note
        sentence = (
            f"{subject} {agree(subject, 'depend')} on {shorten(found.names[0])}, the only parameter that varies"
            f"{', ' * bool(way)}{way} ({points}, {plural(observed.n_runs, 'run')})."
        )
    elif important:
        shares = [_share(found, at) for at in important]
        sentence = ranking(subject, shares, others, "the variance between points", level, limits)
    elif _points_differ(observed) < 0.01:
        verb = agree(subject, "depend")
        sentence = (
            f"{subject} {agree(subject, 'differ')} between points by more than chance, but {points} do not tell which of "
            f"{len(others)} parameters {'they' if verb == 'depend' else 'it'} {verb} on."
        )
    elif len(others) == 1:
        sentence = f"{subject}: {shorten(others[0])} cannot be told from chance, from {points}."
    else:
        sentence = f"{subject}: none of {len(others)} parameters can be told from chance, from {points}."
    if np.isfinite(found.first.chance[0]):
        sentence += f" {share_of_chance(*found.first.chance)}"
    if spread is not None:
        moved = holm(spread.p) < 1 - level
        if moved.any() and spread.variance_low > 0:
            top = int(np.where(moved, np.nan_to_num(spread.first, nan=-1), -np.inf).argmax())
            interval = percent_interval(max(spread.low[top], 0), min(spread.high[top], 1))
            sentence += (
                f" How far runs of one point lie apart depends most on {shorten(found.names[top])} "
                f"({percent(min(max(spread.first[top], 0), 1))}, {interval})."
            )
    return sentence


def _share(found: _Found, at: int) -> Share:
    first, trees = found.first, found.trees
    value, way = float(first.first[at]), found.ways[found.names[at]].note
    if first.p[at] < 0.05 and np.isfinite(value):
        return Share(found.names[at], value, float(first.low[at]), float(first.high[at]), way)
    if trees is not None and trees.p[at] < 0.05:
        alone = (
            "together with others"
            if np.isfinite(value) and value < 0.5 * trees.importance[at]
            else "in a forest of trees"
        )
        shown = percent(min(max(trees.importance[at], 0), 1))
        return Share(found.names[at], np.nan_to_num(value), np.nan, np.nan, way, f"{alone}, about {shown}")
    return Share(
        found.names[at], np.nan_to_num(value), np.nan, np.nan, way, "it shifts the distribution of the runs"
    )


def _values(observed: Observations, found: _Found, spread: FirstOrder | None) -> dict[str, Any]:
    first = found.first
    return {
        "share_of_chance": first.chance[0],
        "share_of_chance_low": first.chance[1],
        "share_of_chance_high": first.chance[2],
        "dummy": first.dummy,
        "pawn_dummy": float(np.nanmax(found.pawn.dummy)) if np.isfinite(found.pawn.dummy).any() else np.nan,
        "interactions": _left(found),
        "explained_by_forest": np.nan if found.trees is None else found.trees.explained,
        "rank_stability": float(np.nanmax(first.firsts)) if np.isfinite(first.firsts).any() else np.nan,
        "n_matter": int(found.matters.sum()),
        "n_points": int((observed.count > 0).sum()),
        "n_runs": observed.n_runs,
        "corrected": first.corrected,
        "spread_differs": np.nan if spread is None else spread.variance_low > 0,
    }


def _warnings(observed: Observations, found: _Found, broken: str) -> list[str]:
    said = observed.left_out()
    if broken:
        said.append(
            f"The points are not those of {_A_DESIGN.get(broken, broken)} design any more, such as after a constraint: its indices "
            "cannot be had, and those of any points are given instead."
        )
    measured = observed.measured()
    n, k = measured.n_points, len(measured.factors)
    if not found.first.corrected:
        said.append(
            "Each point was run once, so that chance cannot be told from influence of parameters acting together: first-order "
            "shares are shares of all variation, chance included."
        )
    if n < 10 * k:
        said.append(
            f"{plural(n, 'point')} are few for {plural(k, 'parameter')}: what matters little is not seen."
        )
    if not np.isfinite(found.first.first).all():
        said.append("The points are too few for the first-order index of some parameters.")
    said += correlated(_together(measured))
    if observed.common:
        said.append(
            "All points have the same seeds: the indices are those of the mean over these "
            f"{plural(observed.values.shape[1], 'seed')}."
            + (
                ""
                if found.first.over_seeds
                else " How much other seeds would change them is not in the intervals."
            )
        )
    if n > found.pawn.n_points:
        said.append(
            f"PAWN and the forest look at samples of {found.pawn.n_points:,} and more of the {n:,} points; the shares are of all."
        )
    return said


def _together(measured: Observations) -> list[tuple[str, str, float]]:
    """Pairs of parameters that go together in the points, the closest first."""
    places = [at for at, factor in enumerate(measured.factors) if not factor.categorical]
    if len(places) < 2 or measured.n_points < 4:
        return []
    with np.errstate(all="ignore"):
        between: Floats = np.atleast_2d(np.corrcoef(measured.unit[:, places].T))
    pairs = [
        (measured.names[places[i]], measured.names[places[j]], float(between[i, j]))
        for i in range(len(places))
        for j in range(i + 1, len(places))
        if abs(between[i, j]) > max(_CORRELATED, 3 / np.sqrt(measured.n_points))
    ]
    return sorted(pairs, key=lambda pair: -abs(pair[2]))


def _left(found: _Found) -> float:
    """The share that no parameter explains alone; an estimate below 0 stands for a share of 0."""
    return 1 - float(np.nansum(np.maximum(found.first.first, 0.0)))


def _unknown(observed: Observations, found: _Found, spread: FirstOrder | None) -> list[str]:
    said = []
    if not found.first.corrected:
        said.append("How much of the variation is chance: that takes two runs of a point at least.")
    left = _left(found)
    if left > 0.1 and len(found.names) > 1:
        what = "" if found.first.corrected else "chance, "
        points = plural(int((observed.count > 0).sum()), "point")
        said.append(
            f"Where the other {percent(min(left, 1.0))} comes from: {what}how parameters act together, or what {points} do not show. "
            "A Saltelli design tells."
        )
    said += observed.without_spread()
    return said


def _next(results: Reader, observed: Observations, found: _Found) -> dict[str, Any]:
    if not found.first.corrected:
        grown = more_replications(results, 2)
        return grown.fields(
            f"Run each point twice ({plural(grown.runs, 'more run')}): chance can then be taken out of the shares."
        )
    stable = np.isfinite(found.first.firsts).any() and np.nanmax(found.first.firsts) > 0.95
    if not stable or not found.matters.any():
        grown = larger_design(results, 2)
        if grown.experiment is not None:
            return grown.fields(
                f"Twice as many points ({plural(grown.runs, 'more run')}): the order of the parameters is not settled."
            )
    left = _left(found)
    if left > 0.1 and len(found.names) > 1:
        other = other_design(results, "Saltelli", size=256, replications=2)
        return other.fields(
            f"A Saltelli design of its own ({plural(other.runs, 'run')}) tells interactions from what each does alone."
        )
    return {}


def _bars(results: Reader, observed: Observations, found: _Found) -> ConclusionChart:
    rows: list[tuple[str, str, float, float, float]] = []
    first, trees = found.first, found.trees
    for at in found.order:
        rows.append((found.names[at], "alone", first.first[at], first.low[at], first.high[at]))
        if trees is not None:
            rows.append((found.names[at], "in a forest", trees.importance[at], trees.low[at], trees.high[at]))
    points = int((observed.count > 0).sum())
    sentences = [
        f"Shares of the variance between points with 95 % intervals, from {plural(points, 'point')}."
    ]
    if trees is not None:
        sentences.append(
            f"In a forest: with interactions, as far as extra trees see them; they explain {percent(trees.explained)}."
        )
    if np.isfinite(first.chance[0]):
        rows.append(("chance", "chance", *first.chance))
    if np.isfinite(first.dummy):
        sentences.append("Dashed: how far a parameter without influence may get alone.")
    sentences += observed.left_out()
    label = measure_label(observed.outcome, results.outcomes)
    floor = first.dummy if np.isfinite(first.dummy) else None
    return charts.bars(rows, f"What {label} depends on", sentences, "share of variance", floor)
