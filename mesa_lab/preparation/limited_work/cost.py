"""Whether an experiment's points are sure to be made, and looked at, in a moment.

What is not may still be quick, but has to be tried in a process of its own (`limited_process`). Nothing is worked out here:
the answer follows from the settings of the design, the kinds of the parameters and the length of the constraints, so that
the question itself costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.preparation.designs import (
    FullFactorial,
    Halton,
    LatinHypercube,
    MonteCarlo,
    OneAtATime,
    Part,
    Sobol,
    SparseGrid,
    Table,
    Union,
    Zip,
)
from mesa_lab.preparation.expressions.parse import compile_expression
from mesa_lab.preparation.parameters import distributions
from mesa_lab.preparation.parameters.space import Integer, Parameter, ParameterSpace, Real

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["is_quick", "needs_limits"]

_CELLS: Final = 500_000
"""Points times parameters: a moment, also where each is a Python value."""
_OPERATIONS: Final = 2_000_000
"""Points times parts of constraints, should they have to be worked out row by row."""
_LEVELS: Final = 2_000
"""Levels of a range, each of which is worked out in decimal arithmetic."""
_OPTIMISED: Final = 50
"""Points of a Latin hypercube that is optimised."""
_LLOYD: Final = 3
"""Parameters of one whose points are moved apart: the neighbours of a point grow in number with the power of these."""
_PAIRED: Final = 5_000
"""Points of one of strength 2."""


def is_quick(experiment: Experiment) -> bool:
    """Whether the points of an experiment are sure to be made and looked at in a moment.

    Example:
        >>> import mesa_lab as ml
        >>> hard = {"n": ml.Integer(distribution="zipf", a=1.0001)}
        >>> [is_quick(ml.Experiment("a:B", space, ml.Sobol(8))) for space in ({"p": ml.Real(0, 1)}, hard)]
        [True, False]
    """
    if (
        experiment.redraw and experiment.constraints
    ):  # as many as it takes until enough of them keep the constraints
        return False
    if not all(map(_is_quick_to_draw, experiment.space.varied.values())):
        return False
    points = _points_at_most(experiment.design, experiment.space)
    parts = sum(compile_expression(text).parts for text in experiment.constraints)
    return points * max(1, len(experiment.parameters)) <= _CELLS and points * parts <= _OPERATIONS


def needs_limits(experiment: Experiment) -> bool:
    """Whether the points have to be made in a process with limits: all that are not quick, unless by a user's own code.

    That code may be known to this process alone, and runs here as in Python.
    """
    return not is_quick(experiment) and all(map(_is_ours, _designs_in(experiment.design)))


def _designs_in(design: Any) -> Iterator[Any]:
    yield design
    for part in (*getattr(design, "designs", ()), getattr(design, "design", None)):
        if part is not None:
            yield from _designs_in(part)


def _is_ours(design: Any) -> bool:
    return type(design).__module__.startswith("mesa_lab.") and not hasattr(design, "function")


def _is_quick_to_draw(parameter: Parameter) -> bool:
    if not isinstance(parameter, Real | Integer) or parameter.distribution is None:
        return True
    return distributions.is_quick(parameter.distribution, distributions.arguments_of(parameter.arguments))


def _points_at_most(design: Any, space: ParameterSpace) -> float:
    """A number of points that is not exceeded; infinite where there is none, or where making them takes long."""
    match design:
        case Sobol() | Halton() | MonteCarlo():
            return 2 * design.size
        case LatinHypercube():
            return math.inf if _is_slow(design, len(space.varied)) else design.size
        case FullFactorial() | Zip() | OneAtATime():
            return _combined(design, space)
        case SparseGrid():
            return design.n_points(space)
        case Table():
            return len(next(iter(design.data.values())))
        case Union():
            return sum(_points_at_most(part, space) for part in design.designs)
        case Part():
            return _points_at_most(design.design, space)
    return math.inf  # one of another package, or made by code


def _is_slow(design: LatinHypercube, dimensions: int) -> bool:
    if design.optimization == "lloyd" and dimensions > _LLOYD:
        return True
    return design.size > (
        _OPTIMISED if design.optimization else _PAIRED if design.strength == 2 else math.inf
    )


def _combined(design: FullFactorial | Zip | OneAtATime, space: ParameterSpace) -> float:
    counts, worked_out = [], 0
    for name, parameter in space.varied.items():
        asked = design.levels.get(name) if isinstance(design.levels, Mapping) else design.levels
        count = parameter.count
        if isinstance(parameter, Real | Integer):
            asked = asked or max(5, count or 0)  # five in a design one at a time
            count = asked if count is None else min(asked, count)
            worked_out += count
        counts.append(count or 0)
    if worked_out > _LEVELS:
        return math.inf
    return math.prod(counts) if isinstance(design, FullFactorial) else 1 + sum(counts)
