"""What comes after a look around: searches that begin at what is explored, and what they found, to come back with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesa_lab.errors import MesaLabError
from mesa_lab.exploring.dials import Dial, settled
from mesa_lab.search.engines import best_engine
from mesa_lab.search.methods.optimise import Optimise
from mesa_lab.search.methods.until_precise import UntilPrecise
from mesa_lab.search.search import Search
from mesa_lab.study import Study

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["BUDGET", "PRECISION", "Finding", "finding_of", "search_for_best", "search_until_precise"]

BUDGET = 240
"""Runs of a search for the best setting, unless another number is asked for."""
PRECISION = 0.05
"""Half the width of the interval that a mean is to have, as a share of the mean."""


@dataclass(frozen=True)
class Finding:
    """What a search found.

    Attributes:
        sentence: In words; why nothing can be said, where nothing can.
        setting: The setting that it found, None where it found none.
        is_over: Whether it has ended.
    """

    sentence: str
    setting: Mapping[str, Any] | None
    is_over: bool


def search_for_best(experiment: Experiment, outcome: str, goal: str, budget: int | str = BUDGET) -> Search:
    """Return the search for the setting at which an outcome is largest, or smallest.

    Args:
        experiment: What is explored: its ranges are searched.
        outcome: Of what.
        goal: "max" or "min".
        budget: A number of runs, or a time such as "20 min".

    Raises:
        ExperimentError: If a setting makes no sense.
    """
    return Search(experiment, Optimise(outcome, goal=goal, engine=best_engine()), budget=budget)


def search_until_precise(
    experiment: Experiment, setting: Mapping[str, Any], outcome: str, relative: float = PRECISION
) -> Search:
    """Return the search that runs one setting until the mean of an outcome is known well enough.

    Args:
        experiment: What is explored.
        setting: Where.
        outcome: Of what.
        relative: Half the width of the 95 % interval, as a share of the mean.

    Raises:
        ExperimentError: If the share makes no sense.
    """
    return Search(experiment.replace(design=[dict(setting)]), UntilPrecise(outcome, relative=relative))


def finding_of(path: Path, dials: tuple[Dial, ...]) -> Finding:
    """Read what a search has found so far.

    Args:
        path: Its study.
        dials: The parameters that are turned.

    Raises:
        StudyError: If there is no such study.
    """
    from mesa_lab.processing.results import Results

    with Study.open(path) as study:
        state = study.search
        over = state is not None and bool(state.over)
        results = Results(study)
        try:
            with results.snapshot():
                found = results.found()
            row = found.table.iloc[0].to_dict() if len(found.table) else {}
            return Finding(
                found.sentence, settled(dials, {dial.name: row[dial.name] for dial in dials}), over
            )
        except (MesaLabError, KeyError) as error:
            said = str(error) if isinstance(error, MesaLabError) else "It found no single setting."
            return Finding(f"Nothing can be said yet: {said}", None, over)
