"""The design points of an experiment: what its design gives, less what its constraints forbid.

What is dropped can be made up for: a design that can be continued is continued until as many points as were asked for keep
the constraints. They are the first ones of the sequence that do, so that a larger design keeps those of a smaller one.
"""

import dataclasses
import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mesa_lab.errors import ExperimentError
from mesa_lab.preparation.parameters.space import ParameterSpace

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["sample"]

_MOST_DRAWN: Final = 1_000
"""Points drawn for one that is kept, before it is given up."""


def sample(
    design: Any, space: ParameterSpace, seed: int, *, redraw: bool = False
) -> "tuple[pd.DataFrame, int]":
    """Return the design matrix, and how many points the constraints dropped from it.

    Args:
        design: The design.
        space: The parameter space with its constraints.
        seed: The design's source of chance.
        redraw: Draw further points in place of those dropped.

    Raises:
        DesignError: If the design cannot be made.
        ExperimentError: If the constraints leave nothing, or points cannot be redrawn.
    """
    if redraw and space.constraints:
        matrix, dropped = _redrawn(design, space, seed)
    else:
        points = design.points(space, seed)
        matrix = points[space.allowed(points)]
        dropped = len(points) - len(matrix)
        if len(points) and not len(matrix):
            raise ExperimentError(
                f"The constraints leave none of the {len(points)} design points: {', '.join(space.constraints)}. "
                "Widen the ranges or drop a constraint."
            )
    return matrix.reset_index(drop=True).rename_axis("point"), dropped


def _redrawn(design: Any, space: ParameterSpace, seed: int) -> "tuple[pd.DataFrame, int]":
    wanted = getattr(design, "size", None)
    able = getattr(design, "extensible", False) and not getattr(design, "in_blocks", False)
    if not able or not isinstance(wanted, int):
        raise ExperimentError(
            f"redraw continues a design until enough points keep the constraints, but {type(design).__name__} has no further "
            "points. Use Sobol, Halton or MonteCarlo, or leave redraw out."
        )
    size, most = wanted, wanted * _MOST_DRAWN
    while True:
        points = dataclasses.replace(design, size=size).points(space, seed)
        kept = np.flatnonzero(space.allowed(points))
        if len(kept) >= wanted:
            chosen = kept[:wanted]
            return points.iloc[chosen], int(chosen[-1]) + 1 - wanted
        if size >= most:
            raise ExperimentError(
                f"Only {len(kept):,} of {size:,} points keep the constraints, so that {wanted:,} cannot be redrawn: "
                f"{', '.join(space.constraints)}. Widen the ranges, or make what is constrained a parameter of its own."
            )
        share = max(len(kept), 1) / size
        size = min(max(2 * size, math.ceil(1.1 * wanted / share)), most)
