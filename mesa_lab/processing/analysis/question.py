"""Question: what can be asked of a study, when it fits, and what answers it. The list in `shelf.py` holds these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import ConclusionError, OutcomeError, suggest
from mesa_lab.processing.analysis.cancellation import check_cancelled
from mesa_lab.processing.analysis.failed_runs import where_failed
from mesa_lab.processing.analysis.next_runs import out_of_proportion
from mesa_lab.processing.analysis.phrases import held_fixed

if TYPE_CHECKING:
    from mesa_lab.processing.analysis.conclusion import Conclusion
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["Question"]


_WHERE_IT_LOOKED: Final = "The points come from a search, which looked most where it found most: the answer holds there, not for the ranges as a whole."


def _same_merit(results: Reader, outcome: str) -> float:
    return 0.5


@dataclass(frozen=True)
class Question:
    """A question that results can be asked.

    Attributes:
        name: What it is called in code, such as "sensitivity".
        text: The question in words, such as "Which parameters matter?".
        summary: One sentence on when to ask it.
        fits: `fits(results, outcome)` says why the question cannot be answered from these results, or returns None when
            it can be. It knows that the outcome exists, and is quick: it computes no statistics. Options that it takes by the
            names of `conclude` are handed to it when they are asked with.
        conclude: `conclude(results, outcome, **options)` answers it.
        merit: `merit(results, outcome)` says how well these results suit the question, from 0 to 1: what a design was
            made for has 1. Conclusions are listed in this order.
        about_points: Whether the answer depends on how the points lie, so that it leans to where a search looked.
        about_parameters: Whether it says what parameters do, so that it is silent about those that were held fixed.
        within: The name of the question whose answer holds this one: where that fits too, this one is not listed beside it.
        of_searches: Whether it can be asked of searches alone.
        parse: Checks and completes what is asked about, `parse(results, outcome) -> outcome`; None for a plain outcome.
    """

    name: str
    text: str
    summary: str
    fits: Callable[..., str | None]
    conclude: Callable[..., Conclusion]
    merit: Callable[[Reader, str], float] = _same_merit
    parse: Callable[[Reader, str | None], str] | None = None
    about_points: bool = False
    about_parameters: bool = False
    within: str = ""
    of_searches: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """What can be chosen, with its default: the arguments of `conclude` after the outcome."""
        import inspect

        parameters = list(inspect.signature(self.conclude).parameters.values())[2:]
        return {parameter.name: parameter.default for parameter in parameters}

    def subject(self, results: Reader, outcome: str | None) -> str:
        """Check what is asked about; None takes the first outcome that is a number.

        Raises:
            OutcomeError: If there is no such outcome.
        """
        if self.parse is not None:
            return self.parse(results, outcome)
        if outcome is None:
            about = results.searched.outcomes if self.of_searches and results.searched is not None else ()
            return about[0] if about else results.first_outcome()
        results.outcome_list(outcome, measures=True)
        return outcome

    def ask(self, results: Reader, outcome: str | None = None, **options: Any) -> Conclusion:
        """Answer the question.

        Args:
            results: The results.
            outcome: What to ask about; None takes the first outcome that is a number.
            options: Those of the question.

        Raises:
            ConclusionError: If these results cannot answer it; says why, and what would.
            OutcomeError: If the outcome or an option is unknown.
        """
        known = self.options
        for name in options:
            if name not in known:
                listed = ", ".join(known) or "none"
                raise OutcomeError(
                    f"The question '{self.name}' has no option '{name}'. There are: {listed}.{suggest(name, known)}"
                )
        outcome = self.subject(results, outcome)
        check_cancelled()
        reason = self.reason_against(results, outcome, options)
        if reason is not None:
            raise ConclusionError(reason)
        conclusion = self.conclude(results, outcome, **options)
        if self.about_parameters:
            conclusion = replace(conclusion, unknown=(*held_fixed(results), *conclusion.unknown))
        if conclusion.next_grows and (vain := out_of_proportion(results, conclusion.next_runs)):
            said = f"{conclusion.next_sentence} {vain}"
            conclusion = replace(conclusion, next_sentence=said, next_in_proportion=False)
        confined = where_failed(results)
        if confined:
            conclusion = replace(conclusion, warnings=(*conclusion.warnings, confined))
        if not self.about_points:
            return conclusion
        searched = results.searched
        if searched is None or not searched.follows_results:
            return conclusion
        return replace(conclusion, warnings=(_WHERE_IT_LOOKED, *conclusion.warnings))

    def reason_against(self, results: Reader, outcome: str, options: Mapping[str, Any]) -> str | None:
        """Say why the question cannot be answered when it is asked with these options, None when it can be."""
        import inspect

        taken = list(inspect.signature(self.fits).parameters)[2:]
        return self.fits(results, outcome, **{name: options[name] for name in options if name in taken})
