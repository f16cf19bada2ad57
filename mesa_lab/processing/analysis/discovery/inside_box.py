"""The experiment that fills a box: the same model and replications, the parameters narrowed to its limits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mesa_lab.errors import MesaLabError
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.processing.analysis.discovery.box_limits import Limit, narrowed
from mesa_lab.processing.analysis.next_runs import NextRuns

if TYPE_CHECKING:
    from mesa_lab.processing.reading import Reader

__all__ = ["inside_box"]


def inside_box(results: Reader, limits: list[Limit], points: int) -> NextRuns:
    """Return the experiment that fills a box with points."""
    from mesa_lab.preparation.designs import LatinHypercube

    experiment: Any = results.experiment
    if not isinstance(experiment, Experiment):
        return NextRuns()
    parameters = dict(experiment.parameters)
    for limit in limits:
        narrower = narrowed(parameters.get(limit.name), limit)
        if narrower is None:
            return NextRuns()
        parameters[limit.name] = narrower
    try:
        inside = replace(experiment, parameters=parameters, design=LatinHypercube(points))
        return NextRuns(inside, inside.n_runs, grows=False)
    except MesaLabError:
        return NextRuns()
