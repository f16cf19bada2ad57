"""What a draft's question asks for: the recommended design, its size, the replications and the seeds, as typed text.

Headless, so that a page, a notebook and the terminal offer the same. What is filled in stays text that can be changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.drafts.draft import DesignDraft, Draft, can_vary, row_for
from mesa_lab.drafts.from_experiment import design_draft
from mesa_lab.drafts.to_experiment import parse
from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import listing, plural, shorten
from mesa_lab.preparation.questions import QUESTIONS

if TYPE_CHECKING:
    from mesa_lab.drafts.draft import Row
    from mesa_lab.preparation.advice import Recommendation
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.models import ModelDescription, ParameterInfo
    from mesa_lab.preparation.parameters.space import ParameterSpace

__all__ = ["Advice", "Filling", "advise", "ranges_in_words", "with_question"]

_AT_ONCE: Final = 12
"""With more parameters, designs that look for columns may take long."""


@dataclass(frozen=True)
class Filling:
    """What is filled into a draft.

    Attributes:
        design: The design.
        replications: Runs of each point.
        common_random_numbers: Whether all points have the same seeds.
        n_runs: How many runs that is.
        reason: Why this, and how many runs, in two sentences.
    """

    design: DesignDraft
    replications: str
    common_random_numbers: bool
    n_runs: int
    reason: str

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the draft that it fills in."""
        return {
            "design": self.design,
            "replications": self.replications,
            "common_random_numbers": self.common_random_numbers,
            "seeds": "",
        }

    def is_in(self, draft: Draft) -> bool:
        """Tell whether a draft has it, nothing of it changed."""
        return all(getattr(draft, name) == value for name, value in self.fields.items())


@dataclass(frozen=True)
class Advice:
    """What a question asks for.

    Attributes:
        first: For a first look, None where nothing can be recommended.
        thorough: In full size; the same where that is small.
        problem: Why nothing can be recommended.
    """

    first: Filling | None = None
    thorough: Filling | None = None
    problem: str = ""

    def is_taken(self, draft: Draft) -> bool:
        """Tell whether a draft has one of the two, nothing of it changed."""
        return any(each is not None and each.is_in(draft) for each in (self.first, self.thorough))


def advise(
    draft: Draft,
    description: ModelDescription | None = None,
    most_runs: int | None = None,
    wanted: Callable[[], bool] = lambda: True,
) -> Advice | None:
    """Return what the draft's question asks for; None when it has no question.

    Args:
        draft: What was typed. Its design may be wrong: another one is about to take its place.
        description: The model's, for parameters whose type is not typed.
        most_runs: How many runs a first look may take; None for the usual number.
        wanted: Asked now and then where it takes long; once it returns false, None is returned.

    Example:
        >>> from mesa_lab.drafts.draft import Row
        >>> rows = (Row("a", "real", low="0", high="1"), Row("b", "real", low="0", high="1"))
        >>> found = advise(Draft("package:Model", rows, question="respond"))
        >>> found.first.design.kind, found.first.n_runs
        ('Sobol', 320)
    """
    if draft.question not in QUESTIONS:
        return None
    plain = replace(draft, design=DesignDraft(), question="")  # the points at hand do not matter
    experiment = parse(plain, description).experiment
    if experiment is None:
        return Advice(problem="A design is recommended once the fields below are right.")
    try:
        found = _found(draft.question, experiment, most_runs, wanted)
    except MesaLabError as error:
        return Advice(problem=str(error))
    return None if found is None else Advice(_filling(found[0]), _filling(found[1]))


def with_question(
    draft: Draft,
    question: str,
    description: ModelDescription | None = None,
    most_runs: int | None = None,
) -> Draft:
    """Return the draft with another question and what that asks for filled in.

    Args:
        draft: What was typed.
        question: The name of the question; empty for none, which changes nothing else.
        description: The model's.
        most_runs: How many runs it may take; None for the usual number.
    """
    asked = replace(draft, question=question)
    found = advise(asked, description, most_runs)
    return replace(asked, **found.first.fields) if found and found.first else asked


def ranges_in_words(draft: Draft, description: ModelDescription) -> str:
    """Say where the ranges of those fixed parameters come from that could vary, and which have none.

    Args:
        draft: What was typed.
        description: The model's.

    Returns:
        One or two sentences; empty where nothing is held fixed.
    """
    infos, names = {info.name: info for info in description.parameters}, can_vary(draft, description)
    fixed = [row for row in draft.rows if row.kind == "fixed"]
    of_source: dict[str, list[str]] = {}
    for row in fixed:
        if row.name in names:
            of_source.setdefault(_source(row, infos[row.name]), []).append(shorten(row.name, 30))
    said = [f"{listing(each, 4)} {source}" for source, each in of_source.items()]
    text = f"Ranges to vary them over: {'; '.join(said)}." if said else ""
    without = [shorten(row.name, 30) for row in fixed if row.name not in names]
    if without:
        has = "has no range and stays" if len(without) == 1 else "have no range and stay"
        text += f" {listing(without, 4)} {has} fixed until you type one below."
    return text.strip()


def _source(row: Row, info: ParameterInfo) -> str:
    suggested = row_for(info)
    typed = (row.low, row.high, row.step) if info.kind in ("real", "integer") else (row.choices,)
    usual = (
        (suggested.low, suggested.high, suggested.step)
        if info.kind in ("real", "integer")
        else (suggested.choices,)
    )
    if typed != usual:
        return "as typed"
    return {
        "slider": "as the model's own sliders",
        "type hint": "all values that the model names",
    }.get(info.suggested_by, "guessed from the default")


def _found(
    question: str, experiment: Experiment, most_runs: int | None, wanted: Callable[[], bool]
) -> tuple[Recommendation, Recommendation] | None:
    """The first look and the full size; where points may take long to make, from a process with limits."""
    from mesa_lab.preparation.limited_work.cost import is_quick
    from mesa_lab.preparation.limited_work.limited_process import run_limited

    space = experiment.space
    if is_quick(experiment) and len(space.varied) <= _AT_ONCE:
        return _recommended(question, space, most_runs)
    found: tuple[Recommendation, Recommendation] | None = run_limited(
        _recommended, question, space, most_runs, wanted=wanted
    )
    return found


def _recommended(
    question: str, space: ParameterSpace, most_runs: int | None
) -> tuple[Recommendation, Recommendation]:
    from mesa_lab.preparation.advice import FIRST_RUNS, recommend

    return recommend(question, space, most_runs or FIRST_RUNS), recommend(question, space)


def _filling(found: Recommendation) -> Filling:
    asked = found.question
    size = f"{plural(found.n_points, 'point')} × {plural(asked.replications, 'replication')}"
    return Filling(
        design_draft(found.design),
        str(asked.replications),
        asked.common_random_numbers,
        found.n_runs,
        f"{found.reason} {size}: {plural(found.n_runs, 'run')}.",
    )
