"""What a design would run, worked out for a page: at once how much, and a little later which points.

Making points can take seconds for large or optimised designs, so a page asks for it in a thread and
never for more points than anybody can look at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mesa_lab.errors import MesaLabError

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.preview import Preview

__all__ = ["MOST_POINTS", "Outlook", "look"]

MOST_POINTS: Final = 100_000


@dataclass(frozen=True, eq=False)
class Outlook:
    """What a design would run.

    Attributes:
        experiment: The experiment.
        n_points: How many points; None when they must be made to know and were not.
        n_runs: How many runs.
        replications: Runs of each point.
        preview: The points and how well they cover the space, None when there are too many or something is wrong.
        problem: What is wrong with the design or its constraints.
        note: Why there are no points to look at.
    """

    experiment: Experiment
    n_points: int | None = None
    n_runs: int | None = None
    replications: int = 1
    preview: Preview | None = None
    problem: str = ""
    note: str = ""


def _as_listed(experiment: Experiment) -> Experiment:
    """The same with the ranges that a table's points span: whoever lists points is not held to a range besides."""
    from mesa_lab.preparation.designs import Table
    from mesa_lab.preparation.parameters.space import Integer, Levels, Real

    if not isinstance(experiment.design, Table):
        return experiment
    points = experiment.design_matrix()
    spanned: dict[str, Real | Integer | Levels] = {}
    for name, given in experiment.space.varied.items():
        if not isinstance(given, Real | Integer):
            continue
        low, high = points[name].min().item(), points[name].max().item()
        if low == high:
            spanned[name] = Levels([low])
        elif isinstance(given, Integer):
            spanned[name] = Integer(low, high)
        else:
            spanned[name] = Real(low, high, log=given.log and low > 0)
    return replace(experiment, parameters={**experiment.parameters, **spanned})


def look(experiment: Experiment) -> Outlook:
    """Work out what an experiment would run; what is wrong with it is said, not raised."""
    from mesa_lab.preparation.preview import preview

    try:
        asked = experiment.design.n_points(experiment.space)  # type: ignore[union-attr]
        if asked is not None and asked > MOST_POINTS:
            note = f"More than {MOST_POINTS:,} points: too many to show here. They can be run all the same."
            return Outlook(
                experiment, asked, asked * experiment.replications, experiment.replications, note=note
            )
        seen = preview(_as_listed(experiment))
    except MesaLabError as error:
        return Outlook(experiment, problem=str(error))
    except Exception as error:
        # A design of another package may raise anything; a page must say so and stay.
        return Outlook(experiment, problem=f"The design failed: {type(error).__name__}: {error}")
    return Outlook(experiment, seen.n_points, seen.n_runs, experiment.replications, seen)
