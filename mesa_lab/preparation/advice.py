"""Which design for which question: one recommendation each, so that guides, pages and previews say the same.

A recommendation is made for a parameter space and fits it: the design can be made, and has nothing to object to itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mesa_lab.errors import DesignError, ExperimentError, suggest
from mesa_lab.preparation.designs import (
    Design,
    FractionalFactorial,
    FullFactorial,
    MonteCarlo,
    Morris,
    OneAtATime,
    OrthogonalArray,
    Saltelli,
    Sobol,
    Table,
)
from mesa_lab.preparation.designs.design import power_of_2, usual_size
from mesa_lab.preparation.parameters.space import ParameterSpace
from mesa_lab.preparation.sampling import sample

__all__ = ["QUESTIONS", "Question", "Recommendation", "recommend"]

_SIEVE_FROM: Final = 8
"""From so many parameters on it is found out first which matter at all."""


@dataclass(frozen=True)
class Question:
    """What an experiment may be for.

    Attributes:
        name: A short name: `"matter"`.
        text: The question as people ask it.
        replications: Runs of each point to begin with.
        common_random_numbers: Whether points shall have the same seeds, as they are compared.
    """

    name: str
    text: str
    replications: int = 10
    common_random_numbers: bool = False


@dataclass(frozen=True)
class Recommendation:
    """A design for a question on a space.

    Attributes:
        question: The question.
        design: The design.
        n_points: How many points it has there.
        reason: Why this one, in a sentence.
    """

    question: Question
    design: Design
    n_points: int
    reason: str

    @property
    def n_runs(self) -> int:
        """The number of runs to begin with."""
        return self.n_points * self.question.replications


QUESTIONS: Final[dict[str, Question]] = {
    question.name: question
    for question in (
        Question("look", "What does the model do when a parameter changes?"),
        Question("matter", "Which parameters matter?", replications=2),
        Question("effects", "What are the effects and interactions?"),
        Question("better", "Is A better than B?", replications=30, common_random_numbers=True),
        Question("best", "What is the best setting tried?", common_random_numbers=True),
        Question("respond", "How does the outcome respond?"),
        Question("when", "When does it happen?", replications=5),
        Question("uncertain", "What do uncertain parameters make of the outcome?", replications=1),
        Question("replications", "How many replications are needed?", replications=30),
    )
}

type _Option = tuple[Callable[[], Design], str]


def recommend(question: str, space: ParameterSpace) -> Recommendation:
    """Return the design to take for a question.

    Args:
        question: Its name, from `QUESTIONS`.
        space: The parameters that vary, with their constraints and correlations.

    Raises:
        DesignError: If the question is unknown, or nothing varies.
        ExperimentError: If the constraints leave nothing.

    Example:
        >>> from mesa_lab import ParameterSpace, Real
        >>> space = ParameterSpace({name: Real(0, 1) for name in "abcdef"})
        >>> found = recommend("effects", space)
        >>> found.design, found.n_points
        (FractionalFactorial(resolution=5, generators=None, fold=False, center=False), 32)
    """
    if question not in QUESTIONS:
        raise DesignError(
            f"Unknown question '{question}'.{suggest(str(question), QUESTIONS)} There are: {', '.join(QUESTIONS)}."
        )
    if not space.varied:
        raise DesignError(
            "Nothing varies, so there is no design to choose. Give at least one parameter a range."
        )
    problem: DesignError | ExperimentError | None = None
    for make, reason in _options(question, space):
        design = make()
        try:
            n_points = len(sample(design, space, 0)[0])
        except (DesignError, ExperimentError) as error:
            problem = error  # not for these parameters: the next one may be
            continue
        return Recommendation(QUESTIONS[question], design, n_points, reason)
    assert problem is not None
    raise problem


def _options(question: str, space: ParameterSpace) -> list[_Option]:
    """The designs for a question, best first; the last one is for any kind of parameter."""
    count = len(space.varied)
    filling = power_of_2(usual_size(count))
    fill: _Option = (
        lambda: Sobol(filling),
        f"{filling} points cover the space evenly, ten or more for each parameter.",
    )
    pairs: _Option = (lambda: FullFactorial(2), "All combinations of two levels show every interaction.")
    few = count <= 4
    options: dict[str, list[_Option]] = {
        "look": [
            (lambda: OneAtATime(5), "Each parameter by itself shows the direction and shape of its effect."),
            fill,
        ],
        "matter": [
            (
                lambda: Morris(20),
                "Elementary effects sort out cheaply which of many parameters matter at all.",
            )
            if count >= _SIEVE_FROM
            else (
                lambda: Saltelli(512),
                "Sobol' indices say which share of the variance is due to which parameter.",
            ),
            (
                lambda: Saltelli(512),
                "Sobol' indices say which share of the variance is due to which parameter.",
            ),
            (
                lambda: Sobol(4 * filling),
                "Sensitivities can be estimated from any points that cover the space.",
            ),
        ],
        "effects": [
            *([pairs] if few else []),
            (
                lambda: FractionalFactorial(5),
                "Main effects and two-way interactions are clear of one another.",
            )
            if count <= 11
            else (lambda: FractionalFactorial(4), "Main effects are clear of two-way interactions."),
            (
                lambda: OrthogonalArray(),
                "Main effects are clear of one another, with several values of a choice too.",
            ),
            fill,
        ],
        "better": [*([pairs] if few else []), fill],
        "best": [fill],
        "respond": [fill],
        "when": [
            (lambda: Sobol(4 * filling), "Corners in which something happens need points to be found in.")
        ],
        "uncertain": [
            (lambda: MonteCarlo(1000), "A random sample of the parameters gives one of the outcome.")
        ],
        "replications": [
            (lambda: Table([space.base]), "Runs of the base case show how much they differ by chance."),
            fill,
        ],
    }
    return options[question]
