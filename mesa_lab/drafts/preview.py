"""What a design would run, worked out for a page: at once how much, and a little later which points.

Making points can take seconds for large or optimised designs, so a page asks for it in a thread and
never for more points than can be looked at; what may take for ever is not even left to a thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import DesignError, MesaLabError, NotAllowedError
from mesa_lab.preparation.limited_work.cost import needs_limits
from mesa_lab.preparation.limited_work.limited_process import OutOfLimitsError, run_limited
from mesa_lab.preparation.limits import CELLS, OWN_RUNS, POINTS, PROCESS_BYTES, PROCESS_SECONDS, SIZE

if TYPE_CHECKING:
    from mesa_lab.preparation.code_permission import CodeReference
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.preview import Preview

__all__ = ["MOST_POINTS", "Outlook", "first_point", "look"]

MOST_POINTS: Final = POINTS


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
        refused: Code that makes the points and may not be loaded here.
    """

    experiment: Experiment
    n_points: int | None = None
    n_runs: int | None = None
    replications: int = 1
    preview: Preview | None = None
    problem: str = ""
    note: str = ""
    refused: tuple[CodeReference, ...] = ()


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


def look(
    experiment: Experiment, wanted: Callable[[], bool] = lambda: True, most_runs: int = OWN_RUNS
) -> Outlook | None:
    """Work out what an experiment would run; what is wrong with it is said, not raised.

    What is not sure to be quick is worked out in a process with a limit of time and memory. Code that makes the points is
    loaded, in this process, if `code_permission.permitting` lets it.

    Args:
        experiment: The experiment.
        wanted: Asked now and then while such a process works; it is ended once the answer is not wanted any more.
        most_runs: How many runs may be asked for.

    Returns:
        What it would run; None when that is not wanted any more.
    """
    try:
        if not needs_limits(experiment):
            return _look(experiment, most_runs)
        seen: Outlook | None = run_limited(_look, experiment, most_runs, wanted=wanted)
    except NotAllowedError as error:
        return Outlook(experiment, problem=str(error), refused=getattr(experiment.design, "named_code", ()))
    except OutOfLimitsError:
        return Outlook(
            experiment,
            problem=f"The points could not be made within {PROCESS_SECONDS} seconds and {PROCESS_BYTES // 2**30} GiB. Take "
            "another distribution or fewer points, or save the design and run it from the terminal, where nothing limits it.",
        )
    except MesaLabError as error:
        return Outlook(experiment, problem=str(error))
    except Exception as error:
        # A design of another package may raise anything; a page must say so and stay.
        return Outlook(experiment, problem=f"The design failed: {type(error).__name__}: {error}")
    return seen and replace(seen, experiment=experiment)


def first_point(outlook: Outlook) -> dict[str, Any]:
    """Return the first point of a design, as the model takes it; empty where no points were made."""
    if outlook.preview is None or not outlook.preview.n_points:
        return {}
    matrix = outlook.preview.matrix
    return {
        **outlook.experiment.space.fixed,
        **{str(name): matrix[name].tolist()[0] for name in matrix.columns},
    }


def _look(experiment: Experiment, most_runs: int) -> Outlook:
    from mesa_lab.preparation.preview import preview

    asked = experiment.design.n_points(experiment.space)  # type: ignore[union-attr]
    replications = experiment.replications
    if asked is not None and asked > SIZE:
        raise DesignError(f"The design has more than {SIZE:,} points. Ask for fewer.")
    if asked is not None and asked * replications > most_runs:
        runs = asked * replications
        return Outlook(experiment, asked, runs, replications, problem=_too_many(runs, most_runs))
    if asked is not None and (asked > MOST_POINTS or asked * len(experiment.space.varied) > CELLS):
        limit = f"{MOST_POINTS:,} points" if asked > MOST_POINTS else f"{CELLS:,} values"
        note = f"More than {limit}: too many to show here. They can be run all the same."
        return Outlook(experiment, asked, asked * replications, replications, note=note)
    seen = preview(_as_listed(experiment))
    problem = _too_many(seen.n_runs, most_runs) if seen.n_runs > most_runs else ""
    return Outlook(experiment, seen.n_points, seen.n_runs, replications, seen, problem)


def _too_many(runs: int, most: int) -> str:
    return (
        f"These are {runs:,} runs; at most {most:,} can be asked for here. Take fewer points or replications."
    )
