"""Did the model change? Two studies of one experiment, paired run by run: outcomes and times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from mesa_lab.errors import ConclusionError, OutcomeError
from mesa_lab.formatting import listing, plural
from mesa_lab.processing.analysis.conclusion import Conclusion
from mesa_lab.processing.analysis.versions.charts import time_chart
from mesa_lab.processing.analysis.versions.outcome_changes import compare_outcomes
from mesa_lab.processing.analysis.versions.pairs import Pairs, pair_runs, rows_of
from mesa_lab.processing.analysis.versions.sentences import Findings, answer, doubts, further, unknown
from mesa_lab.processing.analysis.versions.surroundings import surroundings
from mesa_lab.processing.analysis.versions.time_changes import ALL_POINTS, compare_times
from mesa_lab.processing.tables.nothing_to_show import SEE_FAILURES

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["MARGIN", "compare_versions"]

MARGIN: Final = 0.03
"""A change of time up to this share does not matter: that of Mesa's own benchmarks."""

_QUESTION: Final = "Did the model change?"
_METHOD: Final = (
    "Runs of the same point and seed in pairs. Outcomes: equal or not, and the mean difference with a bootstrap interval over pairs. "
    "Times: geometric mean of the ratios without the 20 % at either end, expanded percentile bootstrap (Hesterberg 2015); a row is "
    "marked where its interval lies beyond the margin, as in Mesa's benchmarks, and counts as a change if it stands Holm's test "
    "over all rows (t-test of trimmed means, Tukey and McLaughlin 1963)."
)


def compare_versions(
    old: Reader,
    new: Reader,
    outcomes: str | Sequence[str] | None = None,
    *,
    margin: float = MARGIN,
    tolerance: float = 0.0,
    level: float = 0.95,
) -> Conclusion:
    """Compare two studies of one experiment (see `mesa_lab.compare`).

    Raises:
        ConclusionError: If they are of different experiments, have no run in common, or no run that is done in both.
        OutcomeError: If an outcome is unknown in one of them, or a number is out of range.
    """
    _check("margin", margin, 0.0, 1.0)
    _check("tolerance", tolerance, 0.0, 1.0)
    _check("level", level, 0.5, 0.9999)
    with old.snapshot(), new.snapshot():
        pairs = pair_runs(old, new)
        if not pairs.done.any():
            raise ConclusionError(_none_done(pairs))
        names = _common_outcomes(pairs, outcomes)
        of_outcomes, values, same = compare_outcomes(pairs, names, tolerance, level)
        times = compare_times(pairs, margin, level)
        found = Findings(
            pairs,
            of_outcomes,
            times,
            same,
            margin,
            tolerance,
            level,
            _other_steps(pairs),
            surroundings(old, new),
        )
        return _conclusion(found, values)


def _conclusion(found: Findings, values: pd.DataFrame) -> Conclusion:
    chart = time_chart(found.times, found.margin, found.level)
    sentence, next_sentence = answer(found), further(found)
    change = {row["measure"]: row["change"] for row in rows_of(found.times) if row["point"] == ALL_POINTS}
    return Conclusion(
        "versions",
        _QUESTION,
        listing([str(name) for name in found.outcomes["outcome"]], 6) or "times",
        sentence,
        _table(found),
        charts=() if chart is None else (chart,),
        warnings=doubts(found),
        method=_METHOD,
        values={
            "changed": found.changed,
            "outcomes_changed": found.outcomes_changed,
            "times_changed": bool(len(found.changed_times)),
            "n_pairs": len(found.pairs),
            "n_compared": int(found.pairs.done.sum()),
            "n_equal": int(found.same.sum()),
            "n_only_old": found.pairs.only_old,
            "n_only_new": found.pairs.only_new,
            "n_failed_old": found.failed_old,
            "n_failed_new": found.failed_new,
            "init_change": float(change["set-up time"]),
            "run_change": float(change["run time"]),
        },
        unknown=unknown(found),
        next_sentence=next_sentence,
        tables={
            "outcomes": found.outcomes,
            "times": found.times,
            "differences": values,
            "surroundings": found.surroundings,
        },
    )


def _table(found: Findings) -> pd.DataFrame:
    """One row for each outcome, then for set-up and run time, with a mark each."""
    outcomes = found.outcomes.rename(
        columns={"outcome": "measure", "mean_old": "old", "mean_new": "new", "verdict": "mark"}
    )
    outcomes = outcomes.assign(point=ALL_POINTS, unit="")
    times = found.times.rename(columns={"old_seconds": "old", "new_seconds": "new", "change": "difference"})
    times = times.assign(unit="share", n_equal=None, n_differ=None)
    columns = [
        "measure",
        "point",
        "n_pairs",
        "n_equal",
        "n_differ",
        "old",
        "new",
        "difference",
        "low",
        "high",
        "unit",
        "mark",
    ]
    rows: list[Mapping[str, Any]] = [
        *rows_of(outcomes[columns]),
        *rows_of(times[columns]),
    ]
    table = pd.DataFrame(rows, columns=columns)
    for name in ("n_pairs", "n_equal", "n_differ"):
        table[name] = table[name].astype("Int64")
    return table


def _common_outcomes(pairs: Pairs, asked: str | Sequence[str] | None) -> list[str]:
    if asked is None:
        return [name for name in pairs.old.outcomes if name in pairs.new.outcomes]
    names = pairs.old.outcome_list(asked)
    pairs.new.outcome_list(names)
    return names


def _other_steps(pairs: Pairs) -> int:
    """How many pairs took another number of steps."""
    old, new = pairs.values("steps")
    return int((old.to_numpy() != new.to_numpy()).sum())


def _none_done(pairs: Pairs) -> str:
    old, new = int(pairs.old_done.sum()), int(pairs.new_done.sum())
    return (
        f"No pair of runs can be compared: of {plural(len(pairs), 'pair')} of runs with the same point and seed, {old:,} came to their end in "
        f"the old study, {new:,} in the new one, and none in both. {SEE_FAILURES}"
    )


def _check(name: str, value: Any, least: float, most: float) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not least <= value <= most:
        raise OutcomeError(f"{name} is {value!r:.80}. Give a number from {least:g} to {most:g}.")
