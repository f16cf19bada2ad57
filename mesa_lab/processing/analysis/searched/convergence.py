"""The question whether a search would find more, and what it took beside a fixed design."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mesa_lab.formatting import measure_label, plural
from mesa_lab.processing.analysis.conclusion import Conclusion
from mesa_lab.processing.analysis.phrases import and_list, figures, percent
from mesa_lab.processing.analysis.question import Question
from mesa_lab.processing.analysis.searched.charts import course
from mesa_lab.processing.analysis.searched.further_runs import go_on, of_fit, of_front
from mesa_lab.processing.analysis.searched.patterns import pattern_course
from mesa_lab.processing.analysis.searched.question import reason_against_search
from mesa_lab.processing.analysis.searched.standing import Standing
from mesa_lab.processing.statistics.summary import checked_level

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader
    from mesa_lab.processing.tables.search_record import SearchRecord

__all__ = ["QUESTION", "conclude"]

TEXT: Final = "Would the search find more?"
_FEWEST: Final = 6
_QUIET: Final = 0.25
"""Share of the runs without a better setting after which a search is said to have come to rest."""


def conclude(results: Reader, outcome: str, level: float = 0.95) -> Conclusion:
    """Say whether a search still finds better settings, or new patterns, and what a fixed design would have taken.

    Args:
        results: The results.
        outcome: An outcome that it was about.
        level: Level of the intervals.
    """
    level = checked_level(level)
    record = results.searched
    assert record is not None, "fits has seen that it is a search"
    if record.method == "diversity":
        return _of_patterns(results, record, outcome)
    if record.method == "calibrate":
        return of_fit(results, record, outcome, TEXT)
    if len(record.goals) > 1:
        return of_front(results, record, outcome, TEXT)
    return _of_best(results, record, outcome, level)


def _of_best(results: Reader, record: SearchRecord, outcome: str, level: float) -> Conclusion:
    standing = Standing(results, record, outcome, level)
    rows = standing.so_far()
    total = record.n_runs
    best = np.nan_to_num(standing.sign * rows["best"].to_numpy(float), nan=np.inf)
    better = np.flatnonzero(best[1:] < best[:-1]) + 1
    last = int(rows["run"].iloc[better[-1]]) if len(better) else 0
    quiet = total - last
    half = rows[rows["run"] < total / 2]
    gain = float(best[len(half) - 1] - best[-1]) if len(half) and np.isfinite(best[len(half) - 1]) else 0.0
    error = (
        float(np.sqrt(2 * standing.observed.within / max(rows["n"].median(), 1)))
        if standing.observed.within > 0
        else 0.0
    )
    at_rest = quiet >= _QUIET * total
    size = figures(gain, -error, error)[0]
    n_max = int(standing.observed.count.max())
    fixed = n_max * len(rows)
    moved = (
        f"The second half of the runs made it better by {size}"
        if gain > 0
        else "The second half of the runs did not make it better"
    )
    chance = f", where chance alone moves a setting by {figures(error, 0.0)[0]} or so" if error > 0 else ""
    sentence = (
        f"Nothing that was first tried in the last {quiet:,} of {plural(total, 'run')} is better than what was there before"
        f"{': the search has come to rest' if at_rest else ', which is too few to call it at rest'}. {moved}{chance}. "
        f"To run all {plural(len(rows), 'setting')} as often as the best ({n_max:,} times) would have taken {plural(fixed, 'run')}: the search "
        f"took {percent(total / fixed)} of that."
    )
    label = measure_label(outcome, results.outcomes)
    sentences = [
        "Each point is a setting at the place where it was first tried; the line is the best so far."
    ]
    wider = "" if at_rest else go_on(total)
    return Conclusion(
        name="convergence",
        question=TEXT,
        outcome=outcome,
        sentence=sentence,
        table=rows,
        charts=[course(rows, label, sentences, "The best so far")],
        warnings=("The search has not ended.",) if record.over is None else (),
        method="Best so far by means of few runs moved towards that of all (James & Stein 1961).",
        values={
            "quiet": quiet,
            "at_rest": at_rest,
            "gain": gain,
            "n_runs": total,
            "n_fixed": fixed,
            "n_points": len(rows),
        },
        unknown=(
            "Whether a better setting lies where the search did not look: another seed, or engine='random', tells.",
        ),
        next_sentence=wider,
    )


def _of_patterns(results: Reader, record: SearchRecord, outcome: str) -> Conclusion:
    rows = pattern_course(results, record)
    total, found = record.n_runs, int(rows["best"].iloc[-1])
    since = max(total // 5, 1)
    before = rows[rows["run"] < total - since]
    late = found - (int(before["best"].iloc[-1]) if len(before) else 0)
    share = late / max(found, 1)
    each = late / since
    sentence = (
        f"{late:,} of {plural(found, 'pattern')} of {and_list(list(record.outcomes))} ({percent(share)}) came in the last "
        f"{plural(since, 'run')}: about one new pattern every {max(round(1 / each), 1):,} runs."
        if late
        else f"None of {plural(found, 'pattern')} of {and_list(list(record.outcomes))} is new in the last {plural(since, 'run')}."
    )
    more = go_on(total) if late else ""
    return Conclusion(
        name="convergence",
        question=TEXT,
        outcome=outcome,
        sentence=sentence,
        table=rows,
        charts=[
            course(
                rows,
                "patterns",
                ["How many patterns were known when each setting was first tried."],
                "Patterns found",
            )
        ],
        warnings=("The search has not ended.",) if record.over is None else (),
        method="Patterns counted in the order in which settings were tried.",
        values={"n_patterns": found, "n_new": late, "n_runs": total},
        unknown=("How many patterns there are in all.",),
        next_sentence=more,
    )


def fits(results: Reader, outcome: str) -> str | None:
    """Say why the question does not fit these results, None if it does."""
    reason = reason_against_search(results, outcome)
    record: Any = results.searched
    if reason is not None:
        return reason
    if record.method == "refine":
        return "The search made a surface surer: ask what it found, which says how sure it is."
    if record.method not in ("optimise", "diversity", "calibrate"):
        return "The search was over the points of a design and ends by itself: ask what it found."
    tried = len(record.first_runs())
    if tried < _FEWEST:
        return f"The search has tried {plural(tried, 'setting')}: after {_FEWEST} it can be said whether it comes to rest."
    return None


def merit(results: Reader, outcome: str) -> float:
    """Say how well these results suit the question."""
    return 0.95


QUESTION: Final = Question(
    "convergence",
    TEXT,
    "Ask it of a search for the best setting, a front, patterns, or what fits data: whether a larger budget would find more.",
    fits,
    conclude,
    merit,
    of_searches=True,
)
