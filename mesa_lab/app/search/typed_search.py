"""What was typed for a search, and the search that it amounts to. Knows no page."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.drafts.design_fields import FormField, fields_of
from mesa_lab.errors import ExperimentError, MesaLabError
from mesa_lab.formatting import listing

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.models import ModelDescription
    from mesa_lab.search.search import Search

__all__ = [
    "BUDGET",
    "QUESTIONS",
    "Wish",
    "engines_of",
    "fields_beside",
    "known_outcomes",
    "method_of",
    "search_of_wish",
]

QUESTIONS: Final = {
    "best": "What is the best setting?",
    "fit": "Which parameters fit my data?",
    "variety": "What can it do?",
    "boundary": "Where is the boundary?",
    "precise": "Is it precise enough?",
    "select": "Which point is the best?",
    "compare": "Which points differ?",
}
"""The questions that a search answers, by name."""

BUDGET: Final = "240"

_ENGINES: Final = {
    "best": (
        ("tpe", "TPE", "for any parameters"),
        ("cma-es", "CMA-ES", "for six numbers and more"),
        ("nsga2", "NSGA-II", "for several outcomes and many points"),
        ("random", "At random", "needs no further package"),
    ),
    "fit": (
        ("surface", "A surface through the runs", "takes the fewest runs"),
        ("abc", "The nearest runs (ABC)", "assumes no surface; from about 300 runs on"),
    ),
}
_OPTUNA: Final = ("tpe", "cma-es", "nsga2")
_ASKED_APART: Final = ("outcome", "goal", "engine", "subject_to", "targets", "patterns", "where", "relative")
"""Settings that the form asks for by itself."""

_GOAL: Final = re.compile(r"(.+?)\s*:?\s+(min|max)")


@dataclass(frozen=True)
class Wish:
    """What was typed.

    Attributes:
        question: One of `QUESTIONS`; empty for none.
        outcome: What it is about; several, divided by commas, for variety, and for the best of several: "cost min, gain max".
        goal: "min" or "max".
        budget: A number of runs, or a time; not for methods that end by themselves.
        subject_to: Conditions on outcomes, one on each line.
        where: The value at the boundary; empty for where it is least sure.
        relative: How precise, in per cent of the mean.
        targets: Observed values: what was read from a file, or None.
        tolerance: By how much model and data may differ.
        observed: What was observed at the end, where there is no file.
        file: The name of the file that the targets are from.
        engine: How it is searched; empty for what fits best.
        more: Further settings of the method, by name.
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
    engine: str = ""
    more: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def needs_budget(self) -> bool:
        """Whether the search does not end by itself."""
        if self.question == "select":
            return not self.more.get("indifference", "").strip()
        return self.question not in ("precise", "compare")


def known_outcomes(named: Sequence[str], description: ModelDescription | None) -> tuple[str, ...]:
    """Return the outcomes that a search can be about: those that a design names, else what the model reports.

    Args:
        named: The outcomes of the design.
        description: The model; None while it is not known.
    """
    return tuple(named) or (() if description is None else description.model_reporters)


def method_of(question: str) -> type:
    """Return the method that answers a question."""
    import mesa_lab as ml

    methods: dict[str, type] = {
        "best": ml.Optimise,
        "fit": ml.Calibrate,
        "variety": ml.Diversity,
        "boundary": ml.Refine,
        "precise": ml.UntilPrecise,
        "select": ml.Select,
        "compare": ml.Compare,
    }
    if question not in methods:
        raise ExperimentError(f"Choose a question: {listing(list(QUESTIONS.values()))}.")
    return methods[question]


def fields_beside(question: str) -> list[FormField]:
    """Return the settings of a question's method that the form does not ask for by itself."""
    return [
        field
        for field in fields_of(method_of(question))
        if field.name not in _ASKED_APART and field.kind in ("whole", "number", "flag")
    ]


def engines_of(question: str) -> list[tuple[str, str, str]]:
    """Return how a question can be searched: name, title and what it is for; those that are installed."""
    from importlib.util import find_spec

    there = find_spec("optuna") is not None
    return [each for each in _ENGINES.get(question, ()) if there or each[0] not in _OPTUNA]


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
    if wish.needs_budget:
        text = wish.budget.strip()
        budget = int(text) if text.isdigit() else text
    if method.chooses_points:
        experiment = experiment.replace(
            design=ml.FullFactorial(), seeds=None, correlations=None, replications=1
        )
    return ml.Search(experiment, method, budget=budget)


def _method(wish: Wish) -> Any:
    method = method_of(wish.question)
    names = [name.strip() for name in wish.outcome.split(",") if name.strip()]
    if not names and not (wish.question == "fit" and wish.targets):
        raise ExperimentError("Choose the outcome that the search is about.")
    given: dict[str, Any] = {
        field.name: field.read(text)
        for field in fields_beside(wish.question)
        if (text := wish.more.get(field.name, "").strip())
    }
    engine = wish.engine or (engines_of(wish.question) or [("", "", "")])[0][0]
    if wish.question == "best":
        lines = [line.strip() for line in wish.subject_to.splitlines() if line.strip()]
        goals = dict(_goal(name, wish.goal) for name in names)
        what = goals if len(goals) > 1 else next(iter(goals))
        goal = wish.goal if len(goals) > 1 else next(iter(goals.values()))
        return method(what, goal=goal, engine=engine, subject_to=lines, **given)
    if wish.question == "variety":
        return method(names, **given)
    if wish.question == "boundary":
        return method(names[0], where=_number(wish.where, "The value at the boundary"), **given)
    if wish.question == "precise":
        share = _number(wish.relative, "The precision")
        if share is None and given.get("half_width") is None:
            raise ExperimentError("Say how precise the means shall be, in per cent.")
        return method(names[0], relative=None if share is None else share / 100, **given)
    if wish.question == "fit":
        return method(_targets(wish, names), engine=engine, **given)
    if wish.question == "select":
        return method(names[0], goal=wish.goal, **given)
    return method(names[0], **given)


def _goal(name: str, goal: str) -> tuple[str, str]:
    """Divide "cost min" into outcome and goal."""
    found = _GOAL.fullmatch(name)
    return (found[1], found[2]) if found else (name, goal)


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
