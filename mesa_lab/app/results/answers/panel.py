"""What the results say about an outcome: a column of answers, that to the experiment's own question first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import solara

from mesa_lab.app.components.html import tag
from mesa_lab.app.components.outcome_picker import OutcomePicker, settled
from mesa_lab.app.hooks.use_answers import Chosen, use_answers
from mesa_lab.app.results.answers.card import AnswerCard
from mesa_lab.app.results.answers.choices import GoalChoice, PairChoice, chosen_about
from mesa_lab.app.results.pairs import Pair
from mesa_lab.preparation.questions import QUESTIONS
from mesa_lab.processing.analysis.shelf import answer_asked

if TYPE_CHECKING:
    from mesa_lab.processing.analysis.conclusion import Conclusion
    from mesa_lab.workspace.shared_results import Opened

__all__ = ["AnswersPanel"]


@solara.component
def AnswersPanel(
    opened: Opened,
    outcome: str,
    on_outcome: Callable[[str], None],
    *,
    on_next: Callable[[Conclusion], None] | None = None,
    running: bool = False,
    pair: Pair | None = None,
    on_pair: Callable[[Pair], None] = lambda pair: None,
    goals: Mapping[str, str] | None = None,
    on_goal: Callable[[str, str], None] = lambda outcome, goal: None,
) -> None:
    """Show the answers.

    Args:
        opened: The results.
        outcome: The outcome that is asked about.
        on_outcome: Called with another one.
        on_next: Called with the conclusion whose next runs are wanted; None where nothing can be run.
        running: Whether runs are going on.
        pair: Which two are compared; None for what the study suggests.
        on_pair: Called with another pair.
        goals: Whether more or less of an outcome is better, "max" or "min", as far as that was chosen.
        on_goal: Called with an outcome and the other of these.
    """
    outcome = settled(outcome, opened.outcomes)
    if not opened.outcomes:
        tag("p", "ml-nothing ml-quiet", "No run has reported an outcome that is a number.")
        return
    goal = (goals or {}).get(outcome, "")
    choices = {
        "compare": lambda: PairChoice(opened, pair or Pair(), on_pair),
        "best": lambda: GoalChoice(opened, outcome, goal, lambda chosen: on_goal(outcome, chosen)),
    }
    chosen = chosen_about(opened, pair or Pair(), goal)
    Asked(opened, outcome, on_outcome, on_next, running, chosen, choices).key(outcome)


@solara.component
def Asked(
    opened: Opened,
    outcome: str,
    on_outcome: Callable[[str], None],
    on_next: Callable[[Conclusion], None] | None,
    running: bool,
    chosen: Mapping[str, Chosen],
    choices: Mapping[str, Callable[[], None]],
) -> None:
    """The answers about one outcome."""
    found = use_answers(opened, outcome, chosen)
    question = opened.question
    asked = answer_asked(question, bool(opened.goals))
    answers = found.answers
    with tag("div", "ml-stack ml-answers"):
        with tag("div", "ml-answers-head"):
            tag(
                "p",
                "ml-quiet",
                _said(question, answers is not None and any(a.name == asked for a in answers)),
            )
            OutcomePicker(outcome, on_outcome, opened.outcomes)
        if found.problem:
            tag("p", "ml-error-text", found.problem, role="alert")
        elif answers is None:
            tag(
                "p",
                "ml-nothing ml-quiet",
                "Looking which questions these results can answer …",
                role="status",
            )
        elif not answers:
            tag(
                "p",
                "ml-nothing ml-quiet",
                "These results answer none of the questions yet; the reasons stand below.",
            )
        for answer in answers or ():
            AnswerCard(
                answer,
                asked=answer.name == asked,
                on_cancel=lambda name=answer.name: found.cancel(name),
                on_ask=lambda name=answer.name: found.ask(name),
                on_next=on_next,
                seconds_each=found.seconds_each,
                busy=running,
                choices=choices.get(answer.name),
            ).key(answer.name)
        if found.unfit:
            Unfit(dict(found.unfit), opened=not answers)


def _said(question: str, answered: bool) -> str:
    if question not in QUESTIONS:
        return "What these results say, what fits them best first."
    text = QUESTIONS[question].text
    if answered or not QUESTIONS[question].answer:
        return f"You asked: {text}"
    return f"You asked: {text} These results do not answer that yet; below stands why, and what they do say."


@solara.component
def Unfit(reasons: dict[str, str], opened: bool) -> None:
    """The questions that these results cannot answer, and why."""
    with tag("details", "ml-panel ml-details", attributes={"open": "open"} if opened else {}):
        tag("summary", "", "Questions that these results cannot answer")
        with tag("dl", "ml-reasons"):
            for text, reason in reasons.items():
                tag("dt", "", text)
                tag("dd", "ml-quiet", reason)
