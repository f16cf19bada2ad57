"""The question how many replications a precise enough mean takes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.errors import MesaLabError, OutcomeError
from mesa_lab.formatting import plural
from mesa_lab.processing.analysis.conclusion import Conclusion
from mesa_lab.processing.analysis.next_runs import NextRuns, more_replications
from mesa_lab.processing.analysis.observations import Observations
from mesa_lab.processing.analysis.point_names import numbers_of, parameter_columns
from mesa_lab.processing.analysis.question import Question
from mesa_lab.processing.analysis.repeats import in_scale, observe_once
from mesa_lab.processing.analysis.replications import charts
from mesa_lab.processing.analysis.replications.consistency import consistency, runs_for_small
from mesa_lab.processing.analysis.replications.needed import Wanted, rounded_up, runs_needed, wanted
from mesa_lab.processing.analysis.replications.running import FIRST, Running, running, steady_from
from mesa_lab.processing.analysis.replications.sentences import Talk
from mesa_lab.processing.statistics.summary import checked_level, numbers
from mesa_lab.processing.tables.nothing_to_show import nothing_ended

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["QUESTION", "conclude"]

TEXT: Final = "How many replications?"


def conclude(
    results: Reader,
    outcome: str,
    precision: float = 0.05,
    within: float | None = None,
    level: float = 0.95,
) -> Conclusion:
    """Say how precise the mean of each point is, and how many runs the precision that is wanted takes.

    Args:
        results: The results.
        outcome: The outcome.
        precision: Half the width of the interval, as a part of the mean: 0.05 for ±5 %; where the mean is near 0 (nearer than runs of a
            point usually lie from each other, or than a tenth of the usual mean), a part of that size. Of a share, in units of the
            whole: 0.05 for ±5 percentage points.
        within: Half the width in units of the outcome, in place of `precision`.
        level: Level of the intervals.

    Raises:
        OutcomeError: If the precision or the level is out of range.
    """
    level = checked_level(level)
    _check(precision, within)
    observed, scale = in_scale(observe_once(results, outcome))
    found = running(observed.values, is_share=observed.is_share, level=level)
    half = _last(found)
    aim = wanted(observed, precision, None if within is None else within / scale)
    holds_from, lacking = steady_from(found, aim.along(precision, found.mean))
    needed = runs_needed(observed, aim.half_width, level)
    needed = np.where(
        holds_from > 0, holds_from, np.where(np.isnan(needed), needed, np.maximum(needed, FIRST))
    )
    # More runs than there are: what is there was not enough.
    needed = np.where((holds_from == 0) & (needed <= observed.count), observed.count + 1, needed)
    table = _table(results, observed, half, aim, holds_from, lacking, needed, scale)
    talk = Talk(results, outcome, observed, table, aim, precision, within, level, scale)
    grown = NextRuns() if talk.all_alike else _next(results, table)
    return Conclusion(
        name="replications",
        question=TEXT,
        outcome=outcome,
        sentence=talk.sentence(),
        table=table,
        charts=charts.charts_of(found, observed, table, aim, talk, precision, level, scale),
        warnings=(*talk.warnings(), *observed.left_out()),
        method=talk.method(),
        values={
            "n": int(table["n"].max()),
            "n_needed": _whole(table["n_needed"].max(skipna=False)),
            "n_points": len(table),
            "n_precise": int((table["steady_from"] > 0).sum()),
            "worst_half_width": float(table["half_width"].iloc[talk.worst]),
            "worst_relative": float(table["relative"].iloc[talk.worst]),
            "consistency_n": runs_for_small(),
        },
        unknown=talk.unknown(),
        tables={"consistency": consistency()},
        **grown.fields(talk.next_sentence(grown)),
    )


def _check(precision: float, within: float | None) -> None:
    if isinstance(precision, bool) or not (isinstance(precision, int | float) and 0 < precision < math.inf):
        raise OutcomeError(
            f"precision is {precision!r}. Give half the width of the interval as a part of the mean, such as 0.05 for ±5 %."
        )
    if within is not None and (
        isinstance(within, bool) or not (isinstance(within, int | float) and 0 < within < math.inf)
    ):
        raise OutcomeError(
            f"within is {within!r}. Give half the width of the interval in units of the outcome, such as 2."
        )


def _last(found: Running) -> Any:
    """The half-width with all runs of each point; NaN for a single run."""
    return found.half_width[np.arange(len(found.count)), np.maximum(found.count - 1, 0)]


def _table(
    results: Reader,
    observed: Observations,
    half: Any,
    aim: Wanted,
    holds_from: Any,
    lacking: Any,
    needed: Any,
    scale: float,
) -> pd.DataFrame:
    with np.errstate(all="ignore"):
        relative = np.where(observed.mean != 0, half / np.abs(observed.mean), np.nan)
    own = {
        "n": observed.count,
        "mean": observed.mean * scale,
        "sd": np.sqrt(observed.variance) * scale,
        "half_width": half * scale,
        "relative": relative,
        "wanted": aim.half_width * scale,
        "n_needed": needed,
        "steady_from": holds_from,
        "to_confirm": lacking,
    }
    columns = {
        "point": numbers_of(observed, results),
        **parameter_columns(observed, {"point", *own}),
        **own,
    }
    return pd.DataFrame(columns)


def _whole(value: float) -> float | int:
    return int(value) if math.isfinite(value) else float(value)


def _next(results: Reader, table: pd.DataFrame) -> NextRuns:
    needed = table["n_needed"].to_numpy(dtype=np.float64)
    with_look = np.where(table["to_confirm"] > 0, table["n"] + table["to_confirm"], needed)
    with_look = with_look[np.isfinite(with_look)]
    if not len(with_look):
        return NextRuns()
    return more_replications(results, rounded_up(float(with_look.max())))


def fits(results: Reader, outcome: str) -> str | None:
    """Say why the question does not fit these results, None if it does."""
    try:
        values, _ = numbers(results.values(outcome), outcome)
    except MesaLabError as error:
        return str(error)
    if not len(results.done):
        return "There is no run yet."
    if not results.done.any():
        return nothing_ended(results)
    if not (results.done & np.isfinite(values)).any():
        return f"No run that came to its end has a finite value of '{outcome}'."
    observed = observe_once(results, outcome)
    most = int(observed.count.max())
    if most < FIRST:
        return f"The points have {plural(most, 'run')} at most: how much runs of one point differ takes {FIRST} at least, better 10."
    return None


def merit(results: Reader, outcome: str) -> float:
    """Say how well these results suit the question: many runs of few points are made for it."""
    return 0.9 if len(results.points) == 1 else 0.3


QUESTION: Final = Question(
    "replications",
    TEXT,
    "Ask it before you trust a mean: how precise it is at each point, and how many runs the precision that you want takes.",
    fits,
    conclude,
    merit,
)
