"""What a student hands in for an assignment: whether it is an answer to it.

A study of an assignment has the assignment's name, and a student may make a study of any name: so that it is the
assignment's is looked at here, before it is run and before it is counted.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from mesa_lab.errors import MesaLabError, StudyError
from mesa_lab.exploring.dials import dials_of, explorable
from mesa_lab.formatting import plural
from mesa_lab.preparation.models import reference_of
from mesa_lab.preparation.parameters.value_keys import key as key_of
from mesa_lab.study import Study

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from mesa_lab.classroom.assignments import Assignment
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["check_answer", "is_answer", "rules_of"]

_ENDS: Final = {"max_steps": "steps", "max_time": "time", "stop_when": "stop rule"}


def rules_of(assignment: Assignment) -> str:
    """Return what a student may change, in words; empty for an assignment that is pooled, of which nothing may be."""
    if assignment.is_pooled:
        return ""
    dials = _limits(assignment.experiment)
    said = ", ".join(f"{name} ({dial.texts[0]} to {dial.texts[-1]})" for name, dial in dials.items())
    runs = f"; {plural(assignment.most_runs, 'run')} at most" if assignment.most_runs else ""
    return f"You may vary {said}{runs}." if said else f"Nothing may be varied{runs}."


def check_answer(assignment: Assignment, experiment: Experiment) -> None:
    """Refuse an experiment that goes beyond what a question leaves free.

    Args:
        assignment: The question. What varies in its experiment is free, within its ranges; all else is as it is there.
        experiment: What a student designed.

    Raises:
        StudyError: If it is of another model, varies something else, goes beyond a range, or has too many runs.
    """
    asked = assignment.experiment
    model, wanted = reference_of(experiment.model), reference_of(asked.model)
    if model != wanted:
        raise StudyError(
            f"This design is of {model}; the assignment '{assignment.title}' is about {wanted}. Change the assignment's design instead."
        )
    for field, word in _ENDS.items():
        if getattr(experiment, field) != getattr(asked, field):
            raise StudyError(
                f"The {word} of this design is {getattr(experiment, field)!r}, that of the assignment {getattr(asked, field)!r}. "
                "Set it back, so that answers can be compared."
            )
    dials = _limits(asked)
    _check_held(asked, experiment, set(dials))
    runs = experiment.n_runs
    if assignment.most_runs and runs > assignment.most_runs:
        raise StudyError(
            f"These are {plural(runs, 'run')}, and the assignment '{assignment.title}' allows {assignment.most_runs:,}. "
            "Ask for fewer points or replications."
        )
    for point in experiment.points():
        for name, dial in dials.items():
            if name not in point:
                raise StudyError(f"The assignment is about {name}: give it a value, or vary it.")
            dial.read(point[name])


def _check_held(asked: Experiment, experiment: Experiment, free: set[str]) -> None:
    """Refuse another value of what is held fixed; the model's default may be said or left out."""
    held, here = _said(asked), _said(experiment)
    for name in experiment.space.varied:
        if name not in free:
            raise StudyError(
                f"'{name}' varies in this design, and the assignment holds it fixed. Free are: {', '.join(sorted(free)) or 'none'}."
            )
    for name in sorted((held.keys() | here.keys()) - free):
        if name not in held or name not in here or key_of(held[name]) != key_of(here[name]):
            there = f"held at {held[name]!r}" if name in held else "left at the model's default"
            now = f"{here[name]!r}" if name in here else "the model's default"
            raise StudyError(
                f"'{name}' is {now} in this design; in the assignment it is {there}. Set it back."
            )


def _said(experiment: Experiment) -> Mapping[str, Any]:
    unsaid = experiment.unsaid
    return {name: value for name, value in experiment.space.fixed.items() if name not in unsaid}


def _limits(experiment: Experiment) -> dict[str, Any]:
    """What is free, with its range: of numbers that are listed, all between them."""
    if not experiment.space.varied:
        return {}
    return {dial.name: dial for dial in dials_of(explorable(experiment).space)}


def is_answer(assignment: Assignment, path: Path) -> bool:
    """Whether a study is what its name says: an answer to an assignment."""
    try:
        with Study.open(path) as study:
            experiment, shard, search = study.described_experiment, study.shard, study.search
        if search is not None:
            return False
        if assignment.is_pooled:
            return shard is not None and shard.of == assignment.seats and _like(experiment, assignment)
        check_answer(assignment, experiment)
    except MesaLabError:
        return False
    return True


def _like(experiment: Experiment, assignment: Assignment) -> bool:
    return experiment.to_toml() == assignment.pooled_experiment.to_toml()
