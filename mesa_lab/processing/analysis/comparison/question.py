"""The question whether one scenario is better than another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from mesa_lab.errors import ConclusionError, MesaLabError, OutcomeError, ParameterError, suggest
from mesa_lab.processing.analysis.comparison import charts, sentences
from mesa_lab.processing.analysis.comparison.differences import Difference, difference
from mesa_lab.processing.analysis.comparison.dunnett import dunnett_p
from mesa_lab.processing.analysis.comparison.scenarios import MOST, Scenario, Scenarios, scenarios_of
from mesa_lab.processing.analysis.comparison.superiority import superiority
from mesa_lab.processing.analysis.comparison.verdicts import CANNOT_TELL, Verdict, verdicts
from mesa_lab.processing.analysis.conclusion import Conclusion
from mesa_lab.processing.analysis.next_runs import NextRuns, larger_design, more_replications, other_design
from mesa_lab.processing.analysis.observations import Observations, reason_against
from mesa_lab.processing.analysis.question import Question
from mesa_lab.processing.analysis.repeats import in_scale, observe_once
from mesa_lab.processing.statistics.origins import points_are_sampled
from mesa_lab.processing.statistics.summary import checked_level

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["QUESTION", "conclude"]

TEXT: Final = "Is A better than B?"
_FEW: Final = 6
"""Scenarios that a study of several parameters was probably made to compare."""
_CROSSED: Final = 3
"""Levels of each range in a design of all combinations."""
_MOST_GROWTH: Final = 50
"""More than so many times the runs that there are is no proposal."""


def conclude(
    results: Reader,
    outcome: str,
    base: Any = None,
    by: str | None = None,
    scenario: Any = None,
    margin: float | None = None,
    level: float = 0.95,
    looks: int | None = None,
    adjust: Literal["holm", "dunnett"] = "holm",
) -> Conclusion:
    """Compare scenarios with a base.

    Args:
        results: The results.
        outcome: The outcome.
        base: The scenario to compare with; None takes the base case of the design, else the first.
        by: The parameter whose levels are compared; None for points, and for levels where only one parameter varies.
        scenario: The one scenario to compare, said as the base is; None for all.
        margin: A difference up to this size does not matter, in units of the outcome; None for none.
        level: Level of the intervals.
        looks: How often results are looked at in all, as decided before the first look; None for any number of times.
        adjust: How several comparisons are held together: "holm" always, "dunnett" for independent runs of alike variance.

    Raises:
        ConclusionError: If there are too many scenarios, or none has two runs.
        ParameterError: If the parameter or the base is unknown.
        OutcomeError: If the margin or the number of looks is out of range.
    """
    level = checked_level(level)
    _check(margin, looks)
    if adjust not in ("holm", "dunnett"):
        raise OutcomeError(
            f"adjust is {adjust!r}. There are: holm, dunnett.{suggest(str(adjust), ('holm', 'dunnett'))}"
        )
    observed, scale = in_scale(observe_once(results, outcome))
    found = scenarios_of(observed, by, base, results, scenario)
    sampled = points_are_sampled(results) and bool(found.held)
    compared = [
        difference(
            one, base, common=observed.common, sampled=sampled, is_share=observed.is_share, level=level
        )
        for one, base in zip(found.others, found.bases, strict=True)
    ]
    if not any(np.isfinite(each.error) for each in compared):
        raise ConclusionError(_too_few(observed, found))
    together = dunnett_p(observed, found, looks) if adjust == "dunnett" else None
    said = verdicts(
        compared,
        margin=None if margin is None else margin / scale,
        level=level,
        looks=looks,
        together=together,
        untold=[bool(names) for names in found.changed],
    )
    table = _table(found, compared, said, observed, level, scale)
    grown = _next(results, found, compared, said, sampled=sampled)
    talk = sentences.Talk(
        results=results,
        outcome=outcome,
        found=found,
        table=table,
        compared=compared,
        is_share=observed.is_share,
        common=observed.common,
        margin=margin,
        level=level,
        looks=looks,
        adjust=adjust,
    )
    undecided = sum(each.said == CANNOT_TELL for each in said)
    return Conclusion(
        name="compare",
        question=TEXT,
        outcome=outcome,
        sentence=talk.sentence(),
        table=table,
        charts=charts.charts_of(table, talk, margin),
        warnings=(*talk.warnings(), *observed.left_out()),
        method=talk.method(),
        values={
            "n_scenarios": len(table) + 1,
            "n_undecided": undecided,
            "variance_saved": _median([each.variance_saved for each in compared]),
            "correlation": _median([each.correlation for each in compared]),
        },
        unknown=talk.unknown(),
        **(grown.fields(talk.next_sentence(grown)) or {"next_sentence": talk.next_sentence(grown)}),
    )


def _check(margin: float | None, looks: int | None) -> None:
    if margin is not None and not (isinstance(margin, int | float) and 0 < margin < math.inf):
        raise OutcomeError(
            f"margin is {margin!r}. Give the largest difference that does not matter, such as 5."
        )
    if looks is not None and (not isinstance(looks, int) or isinstance(looks, bool) or looks < 1):
        raise OutcomeError(
            f"looks is {looks!r}. Give a whole number from 1: how often you look at results in all."
        )


def _too_few(observed: Observations, found: Scenarios) -> str:
    if observed.common and observed.values.shape[1] < 2:
        return (
            "All points were run with the same single seed: nothing tells a difference from the luck of that seed. Run at "
            "least 5 replications."
        )
    return (
        f"No two scenarios have two runs each (with {found.base.name} there are {found.base.n}): nothing tells a difference "
        "from chance. Run each point at least 5 times."
    )


def _table(
    found: Scenarios,
    compared: list[Difference],
    said: list[Verdict],
    observed: Observations,
    level: float,
    scale: float,
) -> pd.DataFrame:
    rows = []
    for scenario, base, each, verdict, changed in zip(
        found.others, found.bases, compared, said, found.changed, strict=True
    ):
        a, a_low, a_high = _superiority(scenario, base, observed, level)
        rows.append(
            {
                "scenario": scenario.short,
                "base": base.short,
                "n_pairs": each.n_pairs,
                "n": scenario.n,
                "n_base": base.n,
                "mean": scenario.mean * scale,
                "mean_base": base.mean * scale,
                "difference": each.estimate * scale,
                "low": each.low * scale,
                "high": each.high * scale,
                "p": verdict.p,
                "p_adjusted": verdict.p_adjusted,
                "correlation": each.correlation,
                "variance_saved": each.variance_saved,
                "superiority": a,
                "superiority_low": a_low,
                "superiority_high": a_high,
                "unit": each.unit,
                "verdict": verdict.said,
                "n_more": verdict.n_more,
                "to_show": verdict.difference * scale,
                "confounded_with": ", ".join(changed),
            }
        )
    return pd.DataFrame(rows).astype({"n_more": "Int64"})


def _superiority(
    one: Scenario, base: Scenario, observed: Observations, level: float
) -> tuple[float, float, float]:
    """How probable it is that a run of one exceeds a run of the other; within points where these are alike."""
    both, at_one, at_base = np.intersect1d(one.others, base.others, return_indices=True)
    x, y = one.values[at_one], base.values[at_base]
    if len(both) < max(len(one.others), len(base.others)):
        x, y = one.values.reshape(1, -1), base.values.reshape(1, -1)
    known = np.isfinite(x).any(axis=1) & np.isfinite(y).any(axis=1)
    if not known.any():
        return (float("nan"),) * 3
    paired = observed.common and len(both) == max(len(one.others), len(base.others))
    return superiority(x[known], y[known], paired=paired, level=level)


def _next(
    results: Reader, found: Scenarios, compared: list[Difference], said: list[Verdict], *, sampled: bool
) -> NextRuns:
    """More runs, as many as would decide the comparison that needs fewest; more points where these are the sample.

    Where nothing but another design would tell, that: all combinations of the levels.
    """
    if all(found.changed):
        if results.experiment.constraints:  # these keep them together in any design
            return NextRuns()
        written = other_design(results, "FullFactorial")
        return written if written.experiment else other_design(results, "FullFactorial", levels=_CROSSED)
    needed = [
        verdict.n_more / max(each.n_units, 1)
        for each, verdict in zip(compared, said, strict=True)
        if verdict.said == CANNOT_TELL and verdict.n_more
    ]
    if not needed:
        return NextRuns()
    growth = 1 + min(needed)
    if growth > _MOST_GROWTH:  # the sentence says how many it takes; a design of that size is not made
        return NextRuns()
    if sampled:
        return larger_design(results, growth)
    return more_replications(results, math.ceil(results.experiment.replications * growth))


def _median(values: list[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.median(known)) if known else float("nan")


def fits(
    results: Reader, outcome: str, base: Any = None, by: str | None = None, scenario: Any = None
) -> str | None:
    """Say why the question does not fit these results, None if it does."""
    reason = reason_against(results, outcome, points=2)
    if reason is not None:
        return reason
    observed = observe_once(results, outcome)
    if observed.values.shape[1] < 2 or not (observed.count >= 2).any():
        return (
            "Each point has one run: nothing tells a difference from chance. Run each point at least 5 times."
        )
    try:
        scenarios_of(observed, by, base, results, scenario)
    except ParameterError:
        raise
    except MesaLabError as error:
        return str(error)
    return None


def merit(results: Reader, outcome: str) -> float:
    """Say how well these results suit the question: few scenarios with many runs are made for it."""
    n = len(results.points)
    if len(results.parameters) == 1 and n <= MOST:
        return 0.9
    if bool(results.experiment.common_random_numbers) and n <= MOST:
        return 0.7
    return 0.8 if n <= _FEW else 0.2


QUESTION: Final = Question(
    "compare",
    TEXT,
    "Ask it of a few scenarios: points, or the levels of one parameter, each against a base.",
    fits,
    conclude,
    merit,
)
