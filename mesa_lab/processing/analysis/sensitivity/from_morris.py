"""The answer from a Morris design: which parameters have an effect at all, beside what chance alone would show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.errors import ConclusionError
from mesa_lab.formatting import measure_label, plural, shorten
from mesa_lab.processing.analysis.conclusion import Conclusion, ConclusionChart
from mesa_lab.processing.analysis.inference import holm
from mesa_lab.processing.analysis.next_runs import larger_design, more_replications
from mesa_lab.processing.analysis.observations import Factor, Observations
from mesa_lab.processing.analysis.phrases import (
    agree,
    and_list,
    count_word,
    figures,
    outcome_phrase,
    percent,
    quantity,
    share_of_chance,
)
from mesa_lab.processing.analysis.sensitivity import charts
from mesa_lab.processing.analysis.sensitivity.design_blocks import Blocks
from mesa_lab.processing.analysis.sensitivity.direction import Direction, direction_of
from mesa_lab.processing.analysis.sensitivity.morris_effects import MorrisEffects, morris_effects
from mesa_lab.processing.analysis.sensitivity.sentences import undecided

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["answer"]

METHOD: Final = (
    "Elementary effects after Morris (1991) and Campolongo et al. (2007), for a move through a parameter's whole range; 95 % "
    "intervals are Student's over trajectories. A parameter is told from chance when its mu* is larger than the noise of the "
    "replications gives (simulated; Holm's correction for several parameters)."
)
_NAMED: Final = 4
_ONE_WAY: Final = 0.8
"""The part of the mean size of effects that their mean must be, for a direction."""


def answer(results: Reader, observed: Observations, blocks: Blocks, level: float, text: str) -> Conclusion:
    """Answer which parameters matter from Morris trajectories.

    Raises:
        ConclusionError: If no parameter has two effects.
    """
    factors = {factor.name: factor for factor in observed.factors}
    names = list(results.columns)
    unit = np.column_stack([_through_range(factors.get(name), observed.n_points) for name in names])
    unordered = [name in factors and factors[name].categorical for name in names]
    shape = (-1, blocks.size)
    found = morris_effects(
        unit.reshape(*shape, blocks.k),
        observed.values.reshape(*shape, observed.values.shape[1]),
        unordered=unordered,
        common=observed.common,
        level=level,
    )
    if not (found.n >= 2).any():
        raise ConclusionError(
            f"No parameter has two elementary effects: {plural(found.n_missing, 'effect')} lack a value at one of their "
            "points. Run the failed runs again, or more trajectories."
        )
    replicated = np.isfinite(found.noise_mu_star)
    matters = holm(found.p) < 1 - level
    order = np.argsort(-np.nan_to_num(found.mu_star, nan=-1.0), kind="stable")
    table = pd.DataFrame(
        {
            "parameter": names,
            "mu": found.mu,
            "mu_low": found.mu_low,
            "mu_high": found.mu_high,
            "mu_star": found.mu_star,
            "mu_star_low": found.mu_star_low,
            "mu_star_high": found.mu_star_high,
            "sigma": found.sigma,
            "sigma_corrected": found.sigma_corrected,
            "n": found.n,
            "p": found.p,
            "matters": matters,
        }
    )
    ways = {name: _direction(factors.get(name), found, at) for at, name in enumerate(names)}
    table["direction"] = [ways[name].word if at else "" for name, at in zip(names, matters, strict=True)]
    spread = _spread(unit, observed, blocks, unordered, level)
    if spread is not None:
        table["spread_mu_star"], table["spread_p"] = spread.mu_star, spread.p
    table = table.iloc[order].reset_index(drop=True)
    table.insert(len(table.columns), "rank", np.arange(1, len(table) + 1))
    subject = outcome_phrase(results, observed.outcome)
    within, between = observed.within, float(np.nanvar(observed.mean, ddof=1))
    chance = (
        within / (max(between - within / max(observed.count.mean(), 1), 0.0) + within)
        if within == within and within + between > 0
        else np.nan
    )
    return Conclusion(
        name="sensitivity",
        question=text,
        outcome=observed.outcome,
        sentence=_sentence(subject, names, found, matters, order, level, chance, spread, ways),
        table=table,
        charts=[_plane(results, observed, found, table)],
        warnings=_warnings(observed, found),
        method=METHOD,
        values={
            "share_of_chance": chance,
            "dummy": found.noise_mu_star_mean,
            "noise_mu_star": found.noise_mu_star,
            "noise_sigma": found.noise_sigma,
            "rank_stability": float(found.firsts.max()),
            "n_matter": int(matters.sum()),
            "n_trajectories": found.n_trajectories,
            "n_effects_missing": found.n_missing,
            "n_points": int((observed.count > 0).sum()),
            "n_runs": observed.n_runs,
        },
        unknown=_unknown(observed, replicated, spread),
        **_next(results, found, replicated, matters),
    )


def _through_range(factor: Factor | None, n: int) -> np.ndarray:
    """The places of a parameter from 0 (lowest) to 1 (highest in the study); of a choice the numbers of its levels."""
    if factor is None:
        return np.zeros(n)
    if factor.categorical:
        return factor.codes.astype(np.float64)
    low, high = factor.unit.min(), factor.unit.max()
    return np.asarray((factor.unit - low) / (high - low))


def _spread(
    unit: np.ndarray,
    observed: Observations,
    blocks: Blocks,
    unordered: list[bool],
    level: float,
) -> MorrisEffects | None:
    spread = observed.spread()
    if spread is None:
        return None
    return morris_effects(
        unit.reshape(-1, blocks.size, blocks.k),
        spread.values.reshape(-1, blocks.size, 2),
        unordered=unordered,
        common=observed.common,
        level=level,
    )


def _sentence(
    subject: str,
    names: list[str],
    found: MorrisEffects,
    matters: np.ndarray,
    order: np.ndarray,
    level: float,
    chance: float,
    spread: MorrisEffects | None,
    ways: Mapping[str, Direction],
) -> str:
    important = [int(at) for at in order if matters[at]]
    others = [names[at] for at in order if not matters[at]]
    if not important:
        sentence = (
            f"{subject}: no parameter has an effect that can be told from chance "
            f"({_trajectories(found.n_trajectories)} through {plural(len(names), 'parameter')})."
        )
    else:
        top = important[0]
        value, low, high = figures(found.mu_star[top], found.mu_star_low[top], found.mu_star_high[top])
        sentence = (
            f"{subject} {agree(subject, 'move')} most with {shorten(names[top])}: by {value} through its whole range "
            f"({percent(level)} interval {low} to {high})"
        )
        way = ways[names[top]].note
        sentence += f", {way}" if way else ""
        rest = [
            f"{shorten(names[at])} ({', '.join(filter(None, (quantity(found.mu_star[at]), ways[names[at]].note)))})"
            for at in important[1:_NAMED]
        ]
        if len(important) > _NAMED:
            rest.append(f"{count_word(len(important) - _NAMED)} more")
        sentence += f", then with {and_list(rest)}." if rest else "."
        sentence += _little(subject, names, others, found, level)
        sentence += _shape(names, found, important)
    if np.isfinite(chance):
        sentence += f" {share_of_chance(float(chance))}"
    if spread is not None:
        moved = np.flatnonzero(holm(spread.p) < 1 - level)
        if len(moved):
            best = moved[np.argmax(spread.mu_star[moved])]
            sentence += f" How far runs of one point lie apart changes most with {shorten(names[best])}."
    return sentence


def _little(subject: str, names: list[str], others: list[str], found: MorrisEffects, level: float) -> str:
    """Say how much those may move the outcome at most that cannot be told from chance."""
    high = dict(zip(names, found.mu_star_high.tolist(), strict=True))
    most = max((high[name] for name in others), default=np.nan)
    said = undecided(others, 1)
    if not np.isfinite(most):
        return said
    each = "it moves" if len(others) == 1 else "each moves"
    return f"{said[:-1]}: {each} {subject} by {quantity(most)} at most ({percent(level)} limit)."


def _direction(factor: Factor | None, found: MorrisEffects, at: int) -> Direction:
    """Which way the effects go: where their mean is told from 0, and nearly as large as their mean size."""
    mu, away = found.mu[at], found.mu_low[at] * found.mu_high[at] > 0
    return direction_of(factor, float(mu) if away and abs(mu) >= _ONE_WAY * found.mu_star[at] else 0.0)


def _shape(names: list[str], found: MorrisEffects, important: list[int]) -> str:
    """Say of which parameters the effect is not the same everywhere, beyond chance."""
    sigma = np.where(np.isfinite(found.sigma_corrected), found.sigma_corrected, found.sigma)
    uneven = [shorten(names[at]) for at in important if sigma[at] > 0.5 * found.mu_star[at]]
    if not uneven:
        return ""
    shown = and_list(uneven) if len(uneven) <= _NAMED else f"{count_word(len(uneven))} of them"
    return f" The effect of {shown} differs from place to place: it bends, or depends on other parameters."


def _plane(
    results: Reader, observed: Observations, found: MorrisEffects, table: pd.DataFrame
) -> ConclusionChart:
    sentences = [
        f"Mean size and standard deviation of elementary effects with 95 % intervals, from {_trajectories(found.n_trajectories)}."
    ]
    if np.isfinite(found.noise_mu_star):
        sentences.append("Grey: where a parameter without influence lies in 95 of 100 cases.")
    sentences += observed.left_out()
    label = measure_label(observed.outcome, results.outcomes)
    return charts.plane(
        table, (found.noise_mu_star, found.noise_sigma), f"Effects on {label}", sentences, label
    )


def _warnings(observed: Observations, found: MorrisEffects) -> list[str]:
    said = observed.left_out()
    if found.n_missing:
        said.append(
            f"{plural(found.n_missing, 'elementary effect')} of {found.n_trajectories * len(found.n):,} are missing: one of "
            "their two points has no value, or the step was rounded away."
        )
    if not np.isfinite(found.noise_mu_star):
        said.append(
            "Each point was run once: noise, which lifts the mu* and sigma of all parameters, cannot be told from effects. "
            "Parameters are said to matter where effects have one direction (mu); those that go up and down are not seen."
        )
    if found.n.min() < 10:
        said.append(f"{int(found.n.min())} effects of a parameter are few: 10 to 20 trajectories are usual.")
    return said


def _unknown(observed: Observations, replicated: bool, spread: MorrisEffects | None) -> list[str]:
    said = [
        "Shares of the variance: a Morris design ranks parameters, it does not divide the variance among them."
    ]
    if not replicated:
        said.append("How much of the variation is chance: that takes two runs of a point at least.")
    said += observed.without_spread()
    return said


def _next(results: Reader, found: MorrisEffects, replicated: bool, matters: np.ndarray) -> dict[str, Any]:
    if not replicated:
        grown = more_replications(results, 2)
        return grown.fields(
            f"Run each point twice ({plural(grown.runs, 'more run')}): the noise can then be told from effects."
        )
    if found.firsts.max() < 0.95 or not matters.any():
        grown = larger_design(results, 2)
        return grown.fields(
            f"Twice as many trajectories ({plural(grown.runs, 'more run')}): the order of the parameters is not settled."
        )
    return {}


def _trajectories(count: int) -> str:
    return "1 trajectory" if count == 1 else f"{count:,} trajectories"
