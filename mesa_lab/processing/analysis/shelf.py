"""The list of questions: which there are, which fit some results, and their answers one by one.

A new question is one file with a `QUESTION` (a `Question`), and one line in `QUESTIONS` here, or an entry point in the
group `mesa_lab.conclusions` of another package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import ConclusionError, MesaLabError, OutcomeError, ParameterError
from mesa_lab.plug_ins import find_named, load_plug_ins
from mesa_lab.processing.analysis.best import question as best
from mesa_lab.processing.analysis.calibration import question as calibration
from mesa_lab.processing.analysis.cancellation import (
    Cancelled,
    cancellable,
    check_cancelled,
    within_seconds,
)
from mesa_lab.processing.analysis.comparison import question as comparison
from mesa_lab.processing.analysis.discovery import question as discovery
from mesa_lab.processing.analysis.effects import question as effects
from mesa_lab.processing.analysis.question import Question
from mesa_lab.processing.analysis.replications import question as replications
from mesa_lab.processing.analysis.searched import convergence
from mesa_lab.processing.analysis.searched import question as searched
from mesa_lab.processing.analysis.sensitivity import question as sensitivity
from mesa_lab.processing.analysis.surface import question as surface

if TYPE_CHECKING:
    from mesa_lab.processing.analysis.conclusion import Conclusion
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = [
    "ENTRY_POINTS",
    "QUESTIONS",
    "Unanswered",
    "all_questions",
    "answer_asked",
    "answers_in_time",
    "answers_or_reasons",
    "conclusions",
    "find_question",
    "fitting",
]

ENTRY_POINTS: Final = "mesa_lab.conclusions"

QUESTIONS: Final[tuple[Question, ...]] = (
    searched.QUESTION,
    convergence.QUESTION,
    calibration.QUESTION,
    sensitivity.QUESTION,
    effects.QUESTION,
    surface.QUESTION,
    discovery.QUESTION,
    comparison.QUESTION,
    best.QUESTION,
    replications.QUESTION,
)


def all_questions() -> tuple[Question, ...]:
    """Return the questions of Mesa Lab, then those of installed packages.

    Raises:
        ConclusionError: If a package offers something that is no question.
    """
    return (*QUESTIONS, *load_plug_ins(ENTRY_POINTS, "question", Question, ConclusionError))


def find_question(name: str) -> Question:
    """Find a question by its name.

    Raises:
        OutcomeError: If there is none, naming the nearest.
    """
    return find_named(name, QUESTIONS, all_questions, "question", OutcomeError)


def fitting(
    results: Reader, outcome: str | None = None, chosen: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[list[Question], dict[str, str]]:
    """Say which questions these results can answer.

    Args:
        results: The results.
        outcome: What to ask about; None takes the first outcome that is a number.
        chosen: Options of some questions by their names: one that fits with them fits, whether it does without or not.

    Returns:
        Those that fit, and for each of the others by its name why it does not fit. First comes the one that the experiment
        was made for (`Experiment.question`), then the others, the best first. Reasons are in the order of the list; why a fixed
        design is no search comes last.

    Raises:
        OutcomeError: If the outcome is unknown.
    """
    if outcome is None:
        outcome = results.first_outcome()
    results.outcome_list(outcome, measures=True)
    fit: list[tuple[float, Question]] = []
    reasons: dict[str, str] = {}
    for question in all_questions():
        try:
            subject = question.subject(results, outcome)
            reason = question.fits(results, subject)
            if reason is not None and (chosen or {}).get(question.name):
                reason = question.reason_against(results, subject, (chosen or {})[question.name])
            merit = question.merit(results, subject) if reason is None else 0.0
        except MesaLabError as error:
            reason = str(error)
        if reason is None:
            fit.append((merit, question))
        else:
            reasons[question.name] = reason
    texts = {question.name: question.text for _, question in fit}
    for _, question in fit:
        if question.within in texts:
            reasons[question.name] = f'The answer to "{texts[question.within]}" says it.'
    fit = [pair for pair in fit if pair[1].name not in reasons]
    if results.searched is None:
        last = {question.name for question in all_questions() if question.of_searches}
        reasons = dict(sorted(reasons.items(), key=lambda pair: pair[0] in last))
    asked = _asked(results)
    fit.sort(
        key=lambda pair: (pair[1].name != asked, -pair[0])
    )  # stable: equals stay in the order of the list
    return [question for _, question in fit], reasons


def _asked(results: Reader) -> str:
    """The name of the conclusion that the experiment was made for, empty where it names no question."""
    return answer_asked(
        getattr(results.experiment, "question", None),
        results.searched is not None and bool(results.searched.goals),
    )


def answer_asked(question: str | None, searched: bool) -> str:
    """Name the conclusion that answers the question of an experiment, empty where it has none.

    Args:
        question: The question, such as "best".
        searched: Whether the runs are those of a search for the best. What it found is its answer then: its mean is of runs that had
            no part in choosing it.
    """
    from mesa_lab.preparation.questions import QUESTIONS

    answer = QUESTIONS[question].answer if question in QUESTIONS else ""
    return "found" if searched and answer == "best" else answer


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that cannot be answered, though it was asked for or seemed to fit.

    Attributes:
        question: The question, in words.
        why: Why it cannot.
    """

    question: str
    why: str


def conclusions(
    results: Reader, outcome: str | None = None, cancelled: Callable[[], bool] | None = None
) -> Iterator[Conclusion]:
    """Yield the answers to all questions that fit, the best first, each as soon as it is there.

    Args:
        results: The results.
        outcome: What to ask about; None takes the first outcome that is a number.
        cancelled: Asked now and then, also within an answer; once it returns true nothing more is computed, and
            `Cancelled` is raised.

    Raises:
        OutcomeError: If the outcome is unknown.
    """
    for _, answer in answers_or_reasons(results, outcome, cancelled):
        if not isinstance(answer, Unanswered):
            yield answer


def answers_or_reasons(
    results: Reader, outcome: str | None = None, cancelled: Callable[[], bool] | None = None
) -> Iterator[tuple[str, Conclusion | Unanswered]]:
    """Yield what `conclusions` does with the name of each question, and why not where only its answer showed that there is none."""
    if outcome is None:
        outcome = results.first_outcome()
    for question in fitting(results, outcome)[0]:
        with cancellable(cancelled or (lambda: False)):
            check_cancelled()
            try:
                answer: Conclusion | Unanswered = question.ask(results, outcome)
            except MesaLabError as error:
                answer = Unanswered(question.text, str(error))
        yield question.name, answer


def answers_in_time(
    results: Reader,
    outcome: str,
    most: int,
    seconds: float,
    chosen: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[tuple[str, Conclusion | Unanswered | str]]:
    """Yield the best answers, each computed within a bounded time.

    Args:
        results: The results.
        outcome: What to ask about.
        most: How many answers at most; those that took too long count.
        seconds: For each answer, on the clock.
        chosen: Options of some questions by their names. These are answered too where `most` others suit the results better.

    Yields:
        The name of a question with its answer; with the question in words where the time was not enough; with why not, where options
        were chosen of a question that cannot be answered.

    Raises:
        OutcomeError: If an option is wrong.
        ParameterError: If one names a parameter or a level that there is not.
    """
    found, chosen = 0, chosen or {}
    fit, reasons = fitting(results, outcome, chosen)
    for name in reasons:
        if chosen.get(name):
            yield name, Unanswered(find_question(name).text, reasons[name])
    for question in fit:
        options = chosen.get(question.name, {})
        if found >= most and not options:
            continue
        try:
            with within_seconds(seconds):
                answer: Conclusion | str = question.ask(results, outcome, **options)
        except (OutcomeError, ParameterError):
            if options:
                raise
            continue
        except MesaLabError as error:  # it turned out only now that nothing can be said
            if options:
                yield question.name, Unanswered(question.text, str(error))
            continue
        except Cancelled:
            check_cancelled()  # the caller wants no more
            answer = question.text
        found += 1
        yield question.name, answer
