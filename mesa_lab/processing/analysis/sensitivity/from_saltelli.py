"""The answer from a Saltelli design: first and total indices beside chance, and second order where it was sampled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.errors import ConclusionError
from mesa_lab.formatting import measure_label, plural, shorten
from mesa_lab.processing.analysis.conclusion import Conclusion, ConclusionChart
from mesa_lab.processing.analysis.inference import holm
from mesa_lab.processing.analysis.next_runs import larger_design, more_replications
from mesa_lab.processing.analysis.observations import Observations
from mesa_lab.processing.analysis.phrases import outcome_phrase, percent, percent_interval, share_of_chance
from mesa_lab.processing.analysis.sensitivity import charts
from mesa_lab.processing.analysis.sensitivity.design_blocks import Blocks
from mesa_lab.processing.analysis.sensitivity.direction import Direction, directions
from mesa_lab.processing.analysis.sensitivity.sentences import Limits, Share, ranking, undecided
from mesa_lab.processing.analysis.sensitivity.sobol_indices import FEWEST_BLOCKS, SobolIndices, sobol_indices

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["answer"]

METHOD: Final = (
    "Sobol' indices from Saltelli's design: first order after Saltelli et al. (2010), total after Jansen (1999), less the "
    "noise of the replications; 95 % intervals from {resamples} bootstrap resamples of whole blocks, which take base rows "
    "for independent and are wide rather than narrow for a Sobol' sequence."
)
_SMALL: Final = 64
_NOTED: Final = 0.05


def answer(results: Reader, observed: Observations, blocks: Blocks, level: float, text: str) -> Conclusion:
    """Answer which parameters matter from Saltelli blocks.

    Raises:
        ConclusionError: If fewer than 8 blocks are whole.
    """
    names = list(results.columns)
    scaled = observed.standardised()
    shaped = scaled.values.reshape(-1, blocks.size, scaled.values.shape[1])
    try:
        found = sobol_indices(
            shaped, blocks.k, second_order=blocks.second_order, common=observed.common, level=level
        )
    except ValueError:
        raise ConclusionError(
            f"Fewer than {FEWEST_BLOCKS} of the {len(shaped)} blocks of the design have a value at each of their "
            f"{blocks.size} points: too few for indices. Run the failed runs again, or more base rows."
        ) from None
    some_variance = found.variance_low > 0
    matters = (holm(found.p) < 1 - level) & some_variance
    # Noise that cannot be taken out lifts all total indices: first ones then rank better.
    order = np.lexsort((-found.first, -found.total)) if found.corrected else np.argsort(-found.first)
    rank = np.empty(len(names), dtype=int)
    rank[order] = np.arange(1, len(names) + 1)
    table = pd.DataFrame(
        {
            "parameter": names,
            "first": found.first,
            "first_low": found.first_low,
            "first_high": found.first_high,
            "total": found.total,
            "total_low": found.total_low,
            "total_high": found.total_high,
            "rank": rank,
            "rank_low": found.rank_low.astype(int),
            "rank_high": found.rank_high.astype(int),
            "p": found.p,
            "matters": matters,
        }
    )
    ways = directions(observed)
    table["direction"] = [
        ways[name].word if name in ways and at else "" for name, at in zip(names, matters, strict=True)
    ]
    spread = _spread(observed, blocks, level)
    if spread is not None:
        table["spread_first"] = spread.first  # NaN in all where the spread is the same everywhere
        table["spread_total"], table["spread_total_low"], table["spread_total_high"] = (
            spread.total,
            spread.total_low,
            spread.total_high,
        )
    table = table.iloc[order].reset_index(drop=True)
    subject = outcome_phrase(results, observed.outcome)
    tables, pictures = {}, [_bars(results, observed, found, names, order)]
    if found.second is not None:
        tables["second_order"] = second = _pairs(found, names)
        pictures.append(
            charts.pair_map(
                second,
                f"Interactions of pairs: {subject}",
                [
                    "Share of the variance between points that two parameters have together beyond what each has alone."
                ],
            )
        )
    return Conclusion(
        name="sensitivity",
        question=text,
        outcome=observed.outcome,
        sentence=_sentence(subject, names, found, matters, order, level, spread, ways),
        table=table,
        charts=pictures,
        tables=tables,
        warnings=_warnings(results, observed, found),
        method=METHOD.format(resamples="1,000"),
        values=_values(observed, found, matters, spread),
        unknown=_unknown(observed, found, spread),
        **_next(results, observed, found, matters),
    )


def _spread(observed: Observations, blocks: Blocks, level: float) -> SobolIndices | None:
    """The same indices of the spread of the runs within points, where there are runs enough to see it."""
    spread = observed.spread()
    if spread is None:
        return None
    values = spread.standardised().values.reshape(-1, blocks.size, 2)
    try:
        found = sobol_indices(
            values, blocks.k, second_order=blocks.second_order, common=observed.common, level=level
        )
    except ValueError:  # too few blocks have points with a spread
        return None
    if (
        found.variance_low <= 0
    ):  # the spread differs between points by chance alone: there is nothing to divide
        unknown = np.full(blocks.k, np.nan)
        return replace(found, first=unknown, total=unknown, total_low=unknown, total_high=unknown)
    return found


def _sentence(
    subject: str,
    names: list[str],
    found: SobolIndices,
    matters: np.ndarray,
    order: np.ndarray,
    level: float,
    spread: SobolIndices | None,
    ways: Mapping[str, Direction],
) -> str:
    important = [at for at in order if matters[at]]
    others = [names[at] for at in order if not matters[at]]
    limits = Limits(
        dict(zip(names, found.total_high.tolist(), strict=True)), "the variance between points", level
    )
    if not important:
        sentence = (
            f"{subject}: no parameter can be told from chance, from {plural(found.n_blocks, 'block')} of points."
            if len(names) > 1
            else f"{subject}: {names[0]} cannot be told from chance, from {plural(found.n_blocks, 'block')} of points."
        )
        if np.isfinite(found.total_high).all():
            sentence += undecided(others, 0, limits)
    else:
        shares = [
            _share(names[at], found, int(at), ways.get(names[at], Direction()).note) for at in important
        ]
        sentence = ranking(subject, shares, others, "the variance between points", level, limits)
        together = 1 - float(found.first.sum())
        if found.corrected and together > 0.1 and len(names) > 1:
            sentence += f" {percent(min(together, 1.0))} is in how parameters act together."
    if np.isfinite(found.chance[0]):
        sentence += f" {share_of_chance(*found.chance)}"
    return sentence + _spread_sentence(names, spread, level)


def _spread_sentence(names: list[str], spread: SobolIndices | None, level: float) -> str:
    if spread is None or spread.variance_low <= 0:
        return ""
    matters = holm(spread.p) < 1 - level
    if not matters.any():
        return ""
    top = int(np.where(matters, spread.total, -np.inf).argmax())
    interval = percent_interval(max(spread.total_low[top], 0), min(spread.total_high[top], 1))
    return (
        f" How far runs of one point lie apart depends most on {shorten(names[top])}"
        f" ({percent(min(spread.total[top], 1))} with its interactions, {interval})."
    )


def _share(name: str, found: SobolIndices, at: int, way: str) -> Share:
    first, total = float(found.first[at]), float(found.total[at])
    low, high = float(found.first_low[at]), float(found.first_high[at])
    if not found.corrected:
        return Share(name, first, low, high, way)
    if low <= 0 and first < 0.5 * total:
        interval = percent_interval(max(found.total_low[at], 0), min(found.total_high[at], 1))
        return Share(
            name, first, low, high, way, f"only together with others: {percent(min(total, 1))}, {interval}"
        )
    with_others = f"{percent(min(total, 1.0))} with its interactions" if total - first >= _NOTED else ""
    return Share(name, first, low, high, ", ".join(filter(None, (with_others, way))))


def _values(
    observed: Observations, found: SobolIndices, matters: np.ndarray, spread: SobolIndices | None
) -> dict[str, float | int | bool]:
    chance, dummy = found.chance, found.dummy
    return {
        "share_of_chance": chance[0],
        "share_of_chance_low": chance[1],
        "share_of_chance_high": chance[2],
        "dummy": dummy[0],
        "dummy_low": dummy[1],
        "dummy_high": dummy[2],
        "uncorrected_dummy": found.uncorrected_dummy,
        "interactions": 1 - float(found.first.sum()),
        "rank_stability": float(found.firsts.max()),
        "n_matter": int(matters.sum()),
        "n_blocks": found.n_blocks,
        "n_blocks_dropped": found.n_dropped,
        "n_points": int((observed.count > 0).sum()),
        "n_runs": observed.n_runs,
        "corrected": found.corrected,
        "spread_differs": np.nan if spread is None else spread.variance_low > 0,
    }


def _warnings(results: Reader, observed: Observations, found: SobolIndices) -> list[str]:
    said = observed.left_out()
    if found.n_dropped:
        said.append(
            f"{plural(found.n_dropped, 'block')} of {found.n_blocks + found.n_dropped:,} lack a value at one of their points "
            "and are left out whole. If failures belong to one part of the space, the indices are those of the rest."
        )
    if not found.corrected:
        said.append(
            "Each point was run once, so that chance cannot be told from influence: with noise, first indices come out too "
            "small and total ones too large, those of parameters without influence too."
        )
    if observed.common:
        said.append(
            "All points have the same seeds: the indices are those of the mean over these "
            f"{plural(observed.values.shape[1], 'seed')}."
            + ("" if found.over_seeds else " How much other seeds would change them is not in the intervals.")
        )
    if found.n_blocks < _SMALL:
        said.append(
            f"{plural(found.n_blocks, 'base row')} are few for indices: 500 and more are usual. Morris' design says more with fewer runs."
        )
    return said


def _unknown(observed: Observations, found: SobolIndices, spread: SobolIndices | None) -> list[str]:
    said = []
    if not found.corrected:
        said.append("How much of the variation is chance: that takes two runs of a point at least.")
    if found.second is None and 1 - float(found.first.sum()) > 0.1:
        said.append("Which parameters act together: that takes Saltelli(second_order=True).")
    said += observed.without_spread()
    return said


def _next(
    results: Reader, observed: Observations, found: SobolIndices, matters: np.ndarray
) -> dict[str, Any]:
    if not found.corrected:
        grown = more_replications(results, 2)
        return grown.fields(
            f"Run each point twice ({plural(grown.runs, 'more run')}): chance can then be taken out of the indices."
        )
    close = found.firsts.max() < 0.95
    wide = bool(((found.total_high - found.total_low) > 0.2).any())
    if close or wide or not matters.any():
        grown = larger_design(results, 2)
        why = (
            "which parameter comes first is not settled"
            if close
            else "the intervals are wide"
            if wide
            else "nothing can be told from chance yet"
        )
        return grown.fields(
            f"Twice as many base rows ({plural(grown.runs, 'more run')}), since {why}: intervals become narrower by a third."
        )
    return {}


def _bars(
    results: Reader, observed: Observations, found: SobolIndices, names: list[str], order: np.ndarray
) -> ConclusionChart:
    rows: list[tuple[str, str, float, float, float]] = []
    for at in order:
        rows.append((names[at], "alone", found.first[at], found.first_low[at], found.first_high[at]))
        rows.append(
            (names[at], "with interactions", found.total[at], found.total_low[at], found.total_high[at])
        )
    sentences = [
        f"Shares of the variance between points with 95 % intervals, from {plural(found.n_blocks, 'block')} of points."
    ]
    if np.isfinite(found.chance[0]):
        rows.append(("chance", "chance", *found.chance))
        sentences.append("Chance: its share of all variation.")
    floor = found.dummy[2] if np.isfinite(found.dummy[2]) else None
    if floor is not None:
        sentences.append("Dashed: how far a parameter without influence may get.")
    sentences += observed.left_out()
    label = measure_label(observed.outcome, results.outcomes)
    return charts.bars(rows, f"What {label} depends on", sentences, "share of variance", floor)


def _pairs(found: SobolIndices, names: list[str]) -> pd.DataFrame:
    assert found.second is not None
    assert found.second_low is not None
    assert found.second_high is not None
    return pd.DataFrame(
        {
            "parameter": [names[i] for i, _ in found.pairs],
            "other": [names[j] for _, j in found.pairs],
            "second": found.second,
            "low": found.second_low,
            "high": found.second_high,
        }
    )
