"""What was typed for a search, and the search that it amounts to. Knows no page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import ExperimentError, MesaLabError
from mesa_lab.formatting import listing
from mesa_lab.search.engines import best_engine

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.search.search import Search

__all__ = ["BUDGET", "QUESTIONS", "Wish", "search_of_wish"]

QUESTIONS: Final = {
    "best": "What is the best setting?",
    "fit": "Which parameters fit my data?",
    "variety": "What can it do?",
    "boundary": "Where is the boundary?",
    "precise": "Is it precise enough?",
}
"""The questions that a search answers, by name."""

BUDGET: Final = "240"


@dataclass(frozen=True)
class Wish:
    """What was typed.

    Attributes:
        question: One of `QUESTIONS`; empty for none.
        outcome: What it is about; several, divided by commas, for variety.
        goal: "min" or "max".
        budget: A number of runs, or a time; not for "precise".
        subject_to: Conditions on outcomes, one on each line.
        where: The value at the boundary; empty for where it is least sure.
        relative: How precise, in per cent of the mean.
        targets: Observed values: what `from_csv` made of a file, or a number for the outcome.
        tolerance: By how much model and data may differ.
        file: The name of the file that the targets are from.
    """

    question: str = ""
    outcome: str = ""
    goal: str = "max"
    budget: str = BUDGET
    subject_to: str = ""
    where: str = ""
    relative: str = "5"
    targets: Any = None
    tolerance: str = ""
    observed: str = ""
    file: str = ""


def search_of_wish(wish: Wish, experiment: Experiment) -> Search:
    """Return the search that was typed.

    Args:
        wish: What was typed.
        experiment: What is searched. Its design says which points there are where a search chooses none; else it is put aside.

    Raises:
        MesaLabError: If something is missing or makes no sense.
    """
    import mesa_lab as ml

    method = _method(wish)
    budget: int | str | None = None
    if wish.question != "precise":
        text = wish.budget.strip()
        budget = int(text) if text.isdigit() else text
    if method.chooses_points:
        experiment = experiment.replace(
            design=ml.FullFactorial(), seeds=None, correlations=None, replications=1
        )
    return ml.Search(experiment, method, budget=budget)


def _method(wish: Wish) -> Any:
    import mesa_lab as ml

    names = [name.strip() for name in wish.outcome.split(",") if name.strip()]
    if not names and not (wish.question == "fit" and wish.targets):
        raise ExperimentError("Choose the outcome that the search is about.")
    if wish.question == "best":
        lines = [line.strip() for line in wish.subject_to.splitlines() if line.strip()]
        return ml.Optimise(names[0], goal=wish.goal, engine=best_engine(), subject_to=lines)
    if wish.question == "variety":
        return ml.Diversity(names)
    if wish.question == "boundary":
        return ml.Refine(names[0], where=_number(wish.where, "The value at the boundary"))
    if wish.question == "precise":
        share = _number(wish.relative, "The precision")
        if share is None:
            raise ExperimentError("Say how precise the means shall be, in per cent.")
        return ml.UntilPrecise(names[0], relative=share / 100)
    if wish.question == "fit":
        return ml.Calibrate(_targets(wish, names))
    raise ExperimentError(f"Choose a question: {listing(list(QUESTIONS.values()))}.")


def _targets(wish: Wish, names: list[str]) -> dict[str, Any]:
    tolerance = _number(wish.tolerance, "The tolerance")
    more = {} if tolerance is None else {"tolerance": tolerance}
    if wish.targets:
        return {
            name: {"series" if isinstance(value, list) else "value": value, **more}
            for name, value in wish.targets.items()
        }
    value = _number(wish.observed, "The observed value")
    if value is None:
        raise ExperimentError("Type what was observed at the end of a run, or choose a CSV file.")
    return {names[0]: {"value": value, **more}}


def _number(text: str, what: str) -> float | None:
    if not text.strip():
        return None
    try:
        return float(text.strip().removesuffix("%"))
    except ValueError:
        raise ExperimentError(f"{what} is '{text.strip():.40}'. Type a number.") from None


def problem_with(wish: Wish, experiment: Experiment) -> str:
    """Say what is wrong with what was typed; empty where nothing is."""
    try:
        search_of_wish(wish, experiment)
    except MesaLabError as error:
        return str(error)
    return ""
