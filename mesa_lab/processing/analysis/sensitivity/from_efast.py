"""The answer from an eFAST design: first and total indices beside chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.errors import ConclusionError
from mesa_lab.formatting import measure_label, plural
from mesa_lab.processing.analysis.conclusion import Conclusion
from mesa_lab.processing.analysis.inference import holm
from mesa_lab.processing.analysis.next_runs import more_replications, other_design
from mesa_lab.processing.analysis.observations import Observations
from mesa_lab.processing.analysis.phrases import outcome_phrase, percent, share_of_chance
from mesa_lab.processing.analysis.sensitivity import charts
from mesa_lab.processing.analysis.sensitivity.design_blocks import Blocks
from mesa_lab.processing.analysis.sensitivity.direction import Direction, directions
from mesa_lab.processing.analysis.sensitivity.efast_indices import EfastIndices, efast_indices
from mesa_lab.processing.analysis.sensitivity.sentences import Share, ranking

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["answer"]

METHOD: Final = (
    "Extended Fourier amplitude sensitivity test (Saltelli, Tarantola and Chan, 1999) by SALib, less the noise of the "
    "replications, which lies evenly over all frequencies. Intervals hold this noise alone: those of SALib resample along the "
    "search curve, which is not sound."
)
_SMALLEST: Final = 0.05
"""Below this a total index of eFAST is within its own error (aliasing of frequencies), whatever the noise."""


def answer(results: Reader, observed: Observations, blocks: Blocks, level: float, text: str) -> Conclusion:
    """Answer which parameters matter from eFAST curves.

    Raises:
        ConclusionError: If no curve is whole.
    """
    from scipy.special import ndtr

    names = list(results.columns)
    found = efast_indices(observed.standardised().values, blocks.k, harmonics=blocks.harmonics, level=level)
    if not np.isfinite(found.total).any():
        raise ConclusionError(
            f"None of the {blocks.k} search curves has a value at all of its {found.n_points} points, and eFAST can do with none "
            "missing. Run the failed runs again (mesa-lab retry)."
        )
    error = found.dummy if np.isfinite(found.dummy) else 0.0
    with np.errstate(all="ignore"):
        p = (
            ndtr(-(found.total - _SMALLEST) / error)
            if error > 0
            else np.where(found.total > _SMALLEST, 0.0, 1.0)
        )
    p = np.where(np.isfinite(found.total), p, np.nan)
    matters = np.nan_to_num(holm(p), nan=1.0) < 1 - level
    order = np.argsort(-np.nan_to_num(found.total, nan=-1.0), kind="stable")
    table = pd.DataFrame(
        {
            "parameter": names,
            "first": found.first,
            "first_low": found.first_low,
            "first_high": found.first_high,
            "total": found.total,
            "total_low": found.total_low,
            "total_high": found.total_high,
            "p": p,
            "matters": matters,
        }
    )
    ways = directions(observed)
    table["direction"] = [
        ways[name].word if name in ways and at else "" for name, at in zip(names, matters, strict=True)
    ]
    table = table.iloc[order].reset_index(drop=True)
    table.insert(7, "rank", np.arange(1, len(table) + 1))
    subject = outcome_phrase(results, observed.outcome)
    important = [int(at) for at in order if matters[at]]
    others = [names[at] for at in order if not matters[at] and np.isfinite(found.total[at])]
    if important:
        shares = [
            Share(
                names[at],
                float(found.first[at]),
                float(found.first_low[at]),
                float(found.first_high[at]),
                _note(found, at, error, ways.get(names[at], Direction()).note),
            )
            for at in important
        ]
        sentence = ranking(subject, shares, others, "the variance between points", level)
    else:
        sentence = (
            f"{subject}: no parameter can be told from chance, from {plural(blocks.k, 'search curve')}."
        )
    replicated = np.isfinite(found.chance) and observed.replicated
    if replicated:
        sentence += f" {share_of_chance(found.chance)}"
    rows: list[tuple[str, str, float, float, float]] = []
    for at in order:
        rows.append((names[at], "alone", found.first[at], found.first_low[at], found.first_high[at]))
        rows.append(
            (names[at], "with interactions", found.total[at], found.total_low[at], found.total_high[at])
        )
    if replicated:
        rows.append(("chance", "chance", found.chance, np.nan, np.nan))
    label = measure_label(observed.outcome, results.outcomes)
    about = [
        f"Shares of the variance, from {blocks.k} search curves of {found.n_points} points; intervals hold chance alone."
    ]
    return Conclusion(
        name="sensitivity",
        question=text,
        outcome=observed.outcome,
        sentence=sentence,
        table=table,
        charts=[
            charts.bars(
                rows,
                f"What {label} depends on",
                [*about, *observed.left_out()],
                "share of variance",
                _SMALLEST,
            )
        ],
        warnings=_warnings(observed, found.n_dropped, replicated),
        method=METHOD,
        values={
            "share_of_chance": found.chance if replicated else np.nan,
            "dummy": error if replicated else np.nan,
            "interactions": 1 - float(np.nansum(found.first)),
            "n_matter": int(matters.sum()),
            "n_curves_dropped": found.n_dropped,
            "n_points": int((observed.count > 0).sum()),
            "n_runs": observed.n_runs,
            "corrected": replicated,
        },
        unknown=[
            "How far the indices would move on other search curves: the intervals hold chance alone.",
            *(
                []
                if replicated
                else ["How much of the variation is chance: that takes two runs of a point at least."]
            ),
        ],
        **_next(results, observed, replicated),
    )


def _note(found: EfastIndices, at: int, error: float, way: str) -> str:
    apart = found.total[at] - found.first[at] > max(_SMALLEST, 2 * error)
    with_others = f"{percent(min(found.total[at], 1))} with its interactions" if apart else ""
    return ", ".join(filter(None, (with_others, way)))


def _warnings(observed: Observations, n_dropped: int, replicated: bool) -> list[str]:
    said = observed.left_out()
    if n_dropped:
        said.append(
            f"{plural(n_dropped, 'search curve')} lack a value at one of their points: their parameters have no index."
        )
    if not replicated:
        said.append(
            "Each point was run once, so that chance cannot be told from influence: with noise, first indices come out too "
            "small and total ones too large."
        )
    if observed.common:
        said.append(
            "All points have the same seeds: the indices are those of the mean over these seeds, and how much other seeds would "
            "change them is not in the intervals."
        )
    said.append(f"Total indices below {percent(_SMALLEST)} are within the error of the method.")
    return said


def _next(results: Reader, observed: Observations, replicated: bool) -> dict[str, Any]:
    if not replicated:
        grown = more_replications(results, 2)
        return grown.fields(
            f"Run each point twice ({plural(grown.runs, 'more run')}): chance can then be taken out of the indices."
        )
    other = other_design(results, "Saltelli", size=256)
    return other.fields(
        f"A Saltelli design of its own ({plural(other.runs, 'run')}) gives intervals that hold the choice of points too."
    )
