"""The questions that an experiment may be for, in the words that pages, guides and conclusions share.

It knows no design, so that an experiment can name its question without importing any.
"""

from dataclasses import dataclass
from typing import Final

from mesa_lab.errors import ExperimentError, suggest
from mesa_lab.preparation.limits import shortened

__all__ = ["QUESTIONS", "Question", "answered_by", "find_question"]


@dataclass(frozen=True)
class Question:
    """What an experiment may be for.

    Attributes:
        name: A short name: `"matter"`.
        text: The question as people ask it.
        replications: Runs of each point to begin with.
        common_random_numbers: Whether points shall have the same seeds, as they are compared.
        short: The same for a button, where it is shorter.
        answer: The name of the conclusion that answers it, as the method of `Results` is called; empty when charts do.
    """

    name: str
    text: str
    replications: int = 10
    common_random_numbers: bool = False
    answer: str = ""
    short: str = ""

    @property
    def label(self) -> str:
        """The question for a button."""
        return self.short or self.text


QUESTIONS: Final[dict[str, Question]] = {
    question.name: question
    for question in (
        Question("matter", "Which parameters matter?", replications=2, answer="sensitivity"),
        Question("respond", "How does the outcome respond?", answer="surface"),
        Question(
            "better",
            "Is A better than B?",
            replications=30,
            common_random_numbers=True,
            answer="compare",
        ),
        Question("best", "What is the best setting tried?", common_random_numbers=True, answer="best"),
        Question("when", "When does it happen?", replications=5, answer="discover"),
        Question("replications", "How many replications?", replications=30, answer="replications"),
        Question("effects", "What are the effects and interactions?", answer="effects"),
        Question(
            "uncertain",
            "What do uncertain parameters make of the outcome?",
            replications=1,
            answer="uncertainty",
        ),
        Question("look", "What does the model do when a parameter changes?", short="Just explore"),
    )
}
"""By name, in the order in which they are offered."""


def find_question(name: object) -> Question:
    """Return a question by its name.

    Raises:
        ExperimentError: If there is none, naming the nearest.

    Example:
        >>> find_question("matter").text
        'Which parameters matter?'
    """
    if not isinstance(name, str) or name not in QUESTIONS:
        raise ExperimentError(
            f"question is {shortened(name, 40)}, which is none that is known.{suggest(str(name), QUESTIONS)} "
            f"There are: {', '.join(QUESTIONS)}."
        )
    return QUESTIONS[name]


def answered_by(answer: str) -> str | None:
    """Return the name of the question that a conclusion answers, None for one that is no question of experiments.

    Args:
        answer: The name of the conclusion, as the method of `Results` is called.

    Example:
        >>> answered_by("sensitivity")
        'matter'
    """
    return next((question.name for question in QUESTIONS.values() if question.answer == answer), None)
