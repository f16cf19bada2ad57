"""The question which parameters matter: what the design of a study allows decides how it is answered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mesa_lab.errors import ConclusionError
from mesa_lab.formatting import listing
from mesa_lab.processing.analysis.observations import observe, reason_against
from mesa_lab.processing.analysis.question import Question
from mesa_lab.processing.analysis.repeats import without_lost_levels
from mesa_lab.processing.analysis.sensitivity.design_blocks import recognise
from mesa_lab.processing.statistics.summary import checked_level

if TYPE_CHECKING:
    from mesa_lab.processing.analysis.conclusion import Conclusion
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["QUESTION", "conclude"]

TEXT: Final = "Which parameters matter?"
FEWEST_POINTS: Final = 6


def conclude(results: Reader, outcome: str, level: float = 0.95) -> Conclusion:
    """Say which parameters an outcome depends on, and how much of its variation is chance.

    Args:
        results: The results.
        outcome: The outcome.
        level: Level of the intervals.

    Raises:
        ConclusionError: If too much of the design is missing.
    """
    from mesa_lab.processing.analysis.sensitivity import (
        from_any_points,
        from_efast,
        from_morris,
        from_saltelli,
    )

    level = checked_level(level)
    observed, blocks = observe(results, outcome), recognise(results)
    try:
        if blocks.kind == "saltelli":
            return from_saltelli.answer(results, observed, blocks, level, TEXT)
        if blocks.kind == "morris":
            return from_morris.answer(results, observed, blocks, level, TEXT)
        if blocks.kind == "efast":
            return from_efast.answer(results, observed, blocks, level, TEXT)
    except ConclusionError:
        if (observed.count > 0).sum() < 2 * FEWEST_POINTS:
            raise
        blocks = type(blocks)(
            "given", blocks.k, broken=blocks.kind.capitalize()
        )  # what is left are points like any
    observed, lost = without_lost_levels(observed)
    if not observed.factors:
        raise ConclusionError(_lost(lost, outcome))
    answer = from_any_points.answer(results, observed, level, TEXT, blocks.broken)
    return replace(answer, unknown=(*answer.unknown, _lost(lost, outcome))) if lost else answer


def _lost(names: list[str], outcome: str) -> str:
    verb = "does" if len(names) == 1 else "do"
    return f"What {listing(names)} {verb}: only points of one level have a value of '{outcome}'."


def fits(results: Reader, outcome: str) -> str | None:
    """Say why the question does not fit these results, None if it does."""
    return reason_against(results, outcome, points=FEWEST_POINTS)


def merit(results: Reader, outcome: str) -> float:
    """Say how well these results suit the question: best where the design was made for it."""
    kind = recognise(results).kind
    if kind != "given":
        return 1.0
    design = getattr(results.experiment, "design", None)
    return 0.8 if getattr(design, "space_filling", False) else 0.5


QUESTION: Final = Question(
    "sensitivity",
    TEXT,
    "Ask it when parameters vary together, to learn which ones an outcome depends on and how much is chance.",
    fits,
    conclude,
    merit,
    about_points=True,
    about_parameters=True,
)
