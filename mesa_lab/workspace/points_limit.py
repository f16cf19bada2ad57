"""The points of an experiment, made before it is run, within a limit of time and memory.

An experiment makes its points when they are first asked for, and keeps them. Here they are asked for, in a process of its
own unless that is sure to be quick, so that no thread of the app waits for them without end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mesa_lab.errors import DesignError
from mesa_lab.preparation.limited_work.cost import needs_limits
from mesa_lab.preparation.limited_work.limited_process import OutOfLimitsError, run_limited

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["make_points"]


def make_points(experiment: Experiment, seconds: float) -> None:
    """Make the points of an experiment, which keeps them.

    Args:
        experiment: The experiment.
        seconds: How long that may take.

    Raises:
        DesignError: If they cannot be made, or not within that time and the memory of such a process.
        MesaLabError: Whatever else is wrong with them.
    """
    if not needs_limits(experiment):
        _ = experiment.n_points
        return
    try:
        made = run_limited(_made, experiment, seconds=seconds)
    except OutOfLimitsError:
        raise DesignError(
            f"The points could not be made within {seconds:g} seconds. Take another distribution or fewer points, or save the "
            "design and run it from the terminal, where nothing limits it."
        ) from None
    experiment.keep_points(*made)


def _made(experiment: Experiment) -> tuple[Any, int]:
    return experiment.design_matrix(), experiment.n_dropped
