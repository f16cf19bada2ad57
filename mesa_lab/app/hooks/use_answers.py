"""Answers of a study's results, computed one after the other in a thread: none holds up the page, each can be left out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import solara

from mesa_lab.app.quick_imports import ANSWERING, import_now
from mesa_lab.errors import MesaLabError

if TYPE_CHECKING:
    from mesa_lab.processing.analysis.conclusion import Conclusion
    from mesa_lab.processing.results import Results
    from mesa_lab.workspace.shared_results import Opened

__all__ = ["Answer", "Answers", "Chosen", "seconds_each", "use_answers"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Answer:
    """A question and how far its answer is.

    Attributes:
        name: The question's name.
        text: The question in words.
        state: "waiting", "working", "done", "failed", or "left" when it was cancelled.
        conclusion: The answer; while a new one is computed that of before, if there is one.
        problem: Why there is none.
        before: The sentence of the answer before this one, where it was another.
        chosen: What was chosen about the question, as text.
    """

    name: str
    text: str
    state: str = "waiting"
    conclusion: Conclusion | None = None
    problem: str = ""
    before: str = ""
    chosen: str = ""


@dataclass(frozen=True)
class Chosen:
    """What was chosen about a question.

    Attributes:
        text: What it is, as text; that of another choice differs.
        options: Returns the options with which the question is asked; called in a thread.
    """

    text: str
    options: Callable[[], Mapping[str, Any]] = field(compare=False)


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers about an outcome.

    Attributes:
        answers: Those to the questions that fit, in order; None before it is known which do.
        unfit: Why the others cannot be answered, by the question's text.
        problem: Why nothing can be asked.
        seconds_each: What a run took on average, set-up included; None where that is not known.
        cancel: `cancel(name)` gives up an answer that is waited for.
        ask: `ask(name)` asks again for one that was given up.
    """

    answers: tuple[Answer, ...] | None = None
    unfit: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    seconds_each: float | None = None
    cancel: Callable[[str], None] = lambda name: None
    ask: Callable[[str], None] = lambda name: None


_NOTHING: Final = Answers()


def use_answers(opened: Opened, outcome: str, chosen: Mapping[str, Chosen] | None = None) -> Answers:
    """Return the answers about an outcome as they come; a hook.

    Answers are kept with the results, so that coming back to a page computes nothing anew. While those of newer results of
    the same study are computed, the earlier ones stay.

    Args:
        opened: The results.
        outcome: The outcome.
        chosen: What was chosen about questions, by their names.
    """
    chosen = dict(chosen or {})
    found = solara.use_reactive(_NOTHING)
    again, set_again = solara.use_state(0)
    left: set[str] = solara.use_memo(set, dependencies=[opened.path, outcome])
    topic = solara.use_ref(("", ""))

    def run() -> Callable[[], None]:
        now = (str(opened.path), outcome)
        if topic.current != now:
            topic.current = now
            found.set(_NOTHING)
        stopped = threading.Event()
        work = _Work(opened, outcome, left, stopped, found, chosen)
        # Started within a page, it belongs to that page and may change what it shows.
        threading.Thread(target=work, name="mesa-lab-answers", daemon=True).start()
        return stopped.set

    solara.use_effect(run, [opened, outcome, again, chosen])

    def cancel(name: str) -> None:
        left.add(name)

    def ask(name: str) -> None:
        left.discard(name)
        set_again(again + 1)

    return replace(found.value, cancel=cancel, ask=ask)


def seconds_each(results: Results) -> float | None:
    """What a run took on average, set-up included; None where none has ended."""
    each = sum(results.recorded(name)[results.done].mean() for name in ("init_seconds", "run_seconds"))
    return float(each) if each > 0 else None


class _Work:
    """Answers one question after the other, and announces each."""

    def __init__(
        self,
        opened: Opened,
        outcome: str,
        left: set[str],
        stopped: threading.Event,
        found: solara.Reactive[Answers],
        chosen: Mapping[str, Chosen],
    ) -> None:
        self.opened, self.outcome, self.left, self.stopped, self.found = opened, outcome, left, stopped, found
        self.chosen = chosen
        self.options: dict[str, Mapping[str, Any]] = {}

    def __call__(self) -> None:
        import_now(ANSWERING)
        from mesa_lab.processing.analysis.cancellation import Cancelled
        from mesa_lab.processing.analysis.shelf import all_questions, fitting

        # The one before may still be on its way to noticing that it is not wanted any more.
        with self.opened.answering:
            if self.stopped.is_set():
                return
            try:
                results = self.opened.apart
                self.options = {name: each.options() for name, each in self.chosen.items()}
                with results.snapshot():
                    fit, reasons = fitting(results, self.outcome, self.options)
                    seconds = seconds_each(results)
                texts = {question.name: question.text for question in all_questions()}
            except MesaLabError as error:
                self._publish(Answers(problem=str(error)))
                return
            except Exception as error:  # such as a question of another package: the page must stay
                logger.exception("The questions could not be looked at.")
                self._publish(Answers(problem=f"{type(error).__name__}: {error}"))
                return
            # What was said of another choice must not stand below this one.
            before = {
                answer.name: answer
                for answer in self.found.peek().answers or ()
                if answer.chosen == self._text(answer.name)
            }
            kept = self.opened.answers
            first = tuple(
                Answer(
                    question.name,
                    question.text,
                    "done" if self._key(question.name) in kept else "waiting",
                    kept.get(self._key(question.name))
                    or (before[question.name].conclusion if question.name in before else None),
                    before=before[question.name].before if question.name in before else "",
                    chosen=self._text(question.name),
                )
                for question in fit
            )
            unfit = {texts[name]: reason for name, reason in reasons.items()}
            self._publish(Answers(first, unfit, seconds_each=seconds))
            for question in fit:
                if self._key(question.name) in kept:
                    continue
                try:
                    self._answer(question)
                except Cancelled:
                    if self.stopped.is_set():
                        return
                    self._set(question.name, state="left", conclusion=None)

    def _answer(self, question: object) -> None:
        from mesa_lab.processing.analysis.cancellation import cancellable, check_cancelled
        from mesa_lab.processing.analysis.question import Question

        assert isinstance(question, Question)
        name = question.name
        with cancellable(lambda: self.stopped.is_set() or name in self.left):
            check_cancelled()
            self._set(name, state="working")
            results = self.opened.apart
            try:
                with results.snapshot():
                    conclusion = question.ask(results, self.outcome, **self.options.get(name, {}))
            except MesaLabError as error:
                self._set(name, state="failed", conclusion=None, problem=str(error))
                return
            except Exception as error:  # one answer must not take the others with it
                logger.exception("The question '%s' failed.", name)
                said = f"This could not be computed ({type(error).__name__}: {error})."
                self._set(name, state="failed", conclusion=None, problem=said)
                return
        self.opened.answers[self._key(name)] = conclusion
        earlier = next((a.conclusion for a in self.found.peek().answers or () if a.name == name), None)
        before = earlier.sentence if earlier is not None and earlier.sentence != conclusion.sentence else ""
        self._set(
            name, state="done", conclusion=conclusion, problem="", **({"before": before} if before else {})
        )

    def _text(self, name: str) -> str:
        return self.chosen[name].text if name in self.chosen else ""

    def _key(self, name: str) -> tuple[str, str, str]:
        return self.outcome, name, self._text(name)

    def _set(self, name: str, **changes: object) -> None:
        now = self.found.peek()
        answers = tuple(
            replace(answer, **changes) if answer.name == name else answer for answer in now.answers or ()
        )
        self._publish(replace(now, answers=answers))

    def _publish(self, answers: Answers) -> None:
        if not self.stopped.is_set():
            self.found.set(answers)
