"""Which design for which question: one recommendation each, so that guides, pages and previews say the same.

A recommendation is made for a parameter space and fits it: the design can be made, and has nothing to object to itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from mesa_lab.errors import DesignError, ExperimentError, suggest
from mesa_lab.preparation.design_points import sample
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
from mesa_lab.preparation.parameters.space import Choice, ParameterSpace
from mesa_lab.preparation.questions import QUESTIONS, Question

__all__ = ["FIRST_RUNS", "QUESTIONS", "Recommendation", "recommend"]

FIRST_RUNS: Final = 1100
"""About so many runs are a first look, which most models take in minutes; the answers then say how many more they need."""

_SIEVE_FROM: Final = 8
"""From so many parameters on it is found out first which matter at all."""


@dataclass(frozen=True)
class Recommendation:
    """A design for a question on a space.

    Attributes:
        question: The question.
        design: The design.
        n_points: How many points it has there.
        reason: Why this one, in a sentence.
        thorough: Whether it has the full size; else it was made smaller to keep within a number of runs.
    """

    question: Question
    design: Design
    n_points: int
    reason: str
    thorough: bool = True

    @property
    def n_runs(self) -> int:
        """The number of runs to begin with."""
        return self.n_points * self.question.replications


type _Option = tuple[Sequence[Callable[[], Design]], str]
"""The sizes of one design, the largest first, and why that design."""


def recommend(question: str, space: ParameterSpace, most_runs: int | None = None) -> Recommendation:
    """Return the design to take for a question.

    Args:
        question: Its name, from `QUESTIONS`.
        space: The parameters that vary, with their constraints and correlations.
        most_runs: Take a smaller size, or a cheaper design, to need no more runs than this, such as `FIRST_RUNS` for a first
            look; where none is small enough the smallest that still tells something.

    Raises:
        DesignError: If the question is unknown, or nothing varies.
        ExperimentError: If the constraints leave nothing.

    Example:
        >>> from mesa_lab import ParameterSpace, Real
        >>> space = ParameterSpace({name: Real(0, 1) for name in "abcdef"})
        >>> found = recommend("effects", space)
        >>> found.design, found.n_points
        (FractionalFactorial(resolution=5, generators=None, fold=False, center=False), 32)
        >>> recommend("matter", space, most_runs=1100).design
        Saltelli(size=64, second_order=False)
    """
    if question not in QUESTIONS:
        raise DesignError(
            f"Unknown question '{question}'.{suggest(str(question), QUESTIONS)} There are: {', '.join(QUESTIONS)}."
        )
    if not space.varied:
        raise DesignError(
            "Nothing varies, so there is no design to choose. Give at least one parameter a range."
        )
    asked = QUESTIONS[question]
    problem: DesignError | ExperimentError | None = None
    smallest: Recommendation | None = None
    for place, (sizes, reason) in enumerate(_options(question, space)):
        for each, make in enumerate(sizes):
            design = make()
            try:
                n_points = len(sample(design, space, 0)[0])
            except (DesignError, ExperimentError) as error:
                problem = error  # not for these parameters: the next one may be
                break
            found = Recommendation(asked, design, n_points, reason, thorough=place == each == 0)
            if most_runs is None or found.n_runs <= most_runs:
                return found
            if smallest is None or found.n_runs < smallest.n_runs:
                smallest = found
    if smallest is not None:
        return smallest
    assert problem is not None
    raise problem


def _options(question: str, space: ParameterSpace) -> list[_Option]:
    """The designs for a question, best first; the last one is for any kind of parameter."""
    count = len(space.varied)
    filling = power_of_2(usual_size(count))
    even: Callable[[], Design] = lambda: Sobol(filling)  # noqa: E731
    more: Sequence[Callable[[], Design]] = (lambda: Sobol(4 * filling), lambda: Sobol(2 * filling), even)
    fill: _Option = ([even], f"{filling} points cover the space evenly, ten or more for each parameter.")
    pairs: Callable[[], Design] = lambda: FullFactorial(2)  # noqa: E731
    few = count <= 4
    shares: _Option = (
        [lambda size=size: Saltelli(size) for size in (512, 256, 128, 64)],  # type: ignore[misc]
        "Sobol' indices say which share of the variance is due to which parameter.",
    )
    sieve: _Option = (
        [lambda: Morris(20), lambda: Morris(10)],
        "Elementary effects sort out cheaply which of many parameters matter at all.",
    )
    unordered = any(isinstance(given, Choice) and len(given.values) > 2 for given in space.varied.values())
    options: dict[str, list[_Option]] = {
        "look": [
            (
                [lambda: OneAtATime(5)],
                "Each parameter by itself shows the direction and shape of its effect.",
            ),
            fill,
        ],
        "matter": [
            *([sieve, shares] if count >= _SIEVE_FROM else [shares]),
            *([sieve] if count < _SIEVE_FROM and not unordered else []),
            (more, "Sensitivities can be estimated from any points that cover the space."),
        ],
        "effects": [
            *([([pairs], "All combinations of two levels show every interaction.")] if few else []),
            (
                [lambda: FractionalFactorial(5)],
                "Main effects and two-way interactions are clear of one another.",
            )
            if count <= 11
            else ([lambda: FractionalFactorial(4)], "Main effects are clear of two-way interactions."),
            (
                [lambda: OrthogonalArray()],
                "Main effects are clear of one another, with several values of a choice too.",
            ),
            fill,
        ],
        "better": [
            *(
                [
                    (
                        [pairs],
                        "Two levels of each parameter, run with the same seeds, so that less of a difference is chance.",
                    )
                ]
                if few
                else []
            ),
            fill,
        ],
        "best": [fill],
        "respond": [fill],
        "when": [(more, "Corners in which something happens need points to be found in.")],
        "uncertain": [
            ([lambda: MonteCarlo(1000)], "A random sample of the parameters gives one of the outcome.")
        ],
        "replications": [
            ([lambda: Table([space.base])], "Runs of the base case show how much they differ by chance."),
            fill,
        ],
    }
    return options[question]
