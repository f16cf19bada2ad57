"""The question what a search found: asked of a study that came from one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import listing, number, plural
from mesa_lab.processing.analysis.best import question as best
from mesa_lab.processing.analysis.calibration import question as calibration
from mesa_lab.processing.analysis.comparison import question as comparison
from mesa_lab.processing.analysis.conclusion import Conclusion
from mesa_lab.processing.analysis.observations import observe, reason_against_unit
from mesa_lab.processing.analysis.question import Question
from mesa_lab.processing.analysis.replications import question as replications
from mesa_lab.processing.analysis.searched.boundary import conclude_boundary
from mesa_lab.processing.analysis.searched.confirmed import conclude_best
from mesa_lab.processing.analysis.searched.front import conclude_front
from mesa_lab.processing.analysis.searched.patterns import conclude_patterns
from mesa_lab.processing.analysis.searched.settled import (
    conclude_choice,
    conclude_precision,
    conclude_verdicts,
)
from mesa_lab.processing.statistics.summary import checked_level
from mesa_lab.processing.tables.nothing_to_show import nothing_ended
from mesa_lab.processing.tables.search_record import SearchRecord

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["QUESTION", "conclude", "reason_against_search"]

TEXT: Final = "What did the search find?"

type Concludes = Callable[[Reader, SearchRecord, str, float, str], Conclusion]


_OF_POINTS: Final = {
    "until precise": replications.QUESTION,
    "compare": comparison.QUESTION,
    "select": best.QUESTION,
}
"""The questions about points that their answers are made from."""


def conclude(results: Reader, outcome: str, level: float = 0.95) -> Conclusion:
    """Say what the search found that these results come from.

    Args:
        results: The results.
        outcome: An outcome that it was about.
        level: Level of the intervals.
    """
    level = checked_level(level)
    record = results.searched
    assert record is not None, "fits has seen that it is a search"
    if len(record.goals) > 1:
        return conclude_front(results, record, outcome, level, TEXT)
    return _BY_METHOD[record.method](results, record, outcome, level, TEXT)


def _conclude_calibration(
    results: Reader, record: SearchRecord, outcome: str, level: float, text: str
) -> Conclusion:
    """Say which parameters fit the data that the search was given."""
    runs = record.settings.get("observed_runs", 1)
    answer = calibration.conclude(
        results,
        record.settings.get("targets"),
        distance=str(record.settings.get("distance", "standardised")),
        observed_runs=runs if type(runs) is int and runs > 0 else None,
        name="found",
        text=text,
    )
    return replace(answer, outcome=outcome)


def reason_against_search(results: Reader, outcome: str) -> str | None:
    """Say why nothing can be said of a search, None when something can."""
    record = results.searched
    if record is None:
        return "These results are of a fixed design, not of a search. See docs/search for experiments whose next runs depend on results."
    if record.method not in _BY_METHOD:
        return (
            f"The method '{record.method}' of the search has no answer of its own. Ask the other questions."
        )
    if outcome not in record.outcomes:
        return f"The search was about {listing(list(record.outcomes))}, not about '{outcome}'."
    if not results.done.any():
        if record.over and not len(results.base):
            return f"The search ended before its first run. {record.over}"
        return nothing_ended(results) or "No run has ended yet."
    alike = []
    names = tuple(record.goals or record.outcomes)
    for name in names:
        try:
            observed = observe(results, name)
        except MesaLabError as error:
            return str(error)
        if not np.isfinite(observed.values).any():
            return f"No run that came to its end has a finite value of '{name}'."
        reason = reason_against_unit(observed)
        known = observed.values[np.isfinite(observed.values)]
        if reason is None and record.goals and len(known) > 1 and known.min() == known.max():
            alike.append(
                f"'{name}' is {number(float(known[0]))} in all {plural(len(known), 'run')}: no setting is better than another."
            )
        if reason is not None:
            return reason
    if alike and len(alike) == len(names):  # else the other goals make the front
        return alike[0]
    return None


_BY_METHOD: Final[dict[str, Concludes]] = {
    "optimise": conclude_best,
    "calibrate": _conclude_calibration,
    "diversity": conclude_patterns,
    "refine": conclude_boundary,
    "until precise": conclude_precision,
    "compare": conclude_verdicts,
    "select": conclude_choice,
}


def fits(results: Reader, outcome: str) -> str | None:
    """Say why the question does not fit these results, None if it does."""
    record = results.searched
    reason = reason_against_search(results, outcome)
    if reason is None and record is not None:
        asked = _OF_POINTS.get(record.method)
        if asked is not None:
            reason = asked.fits(results, outcome)
    return reason


def merit(results: Reader, outcome: str) -> float:
    """Say how well these results suit the question: a search was made for it."""
    return 1.0


QUESTION: Final = Question(
    "found",
    TEXT,
    "Ask it of a search: the best setting and what it is worth, the front, the patterns, the points that are settled.",
    fits,
    conclude,
    merit,
    of_searches=True,
)
