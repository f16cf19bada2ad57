"""Random designs."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, override

import numpy as np

from mesa_lab.preparation.designs.design import UnitDesign, whole
from mesa_lab.preparation.parameters.space import ParameterSpace

__all__ = ["MonteCarlo"]


@dataclass(frozen=True, eq=False)
class MonteCarlo(UnitDesign):
    """Independent random points: for propagating the parameters' own distributions to the outcomes.

    Each point is drawn on its own (Metropolis & Ulam 1949, JASA 44: 335-341), so any part of the design is a random
    sample, and a larger size keeps the points of a smaller one. To cover a space with few points, Sobol is better.

    Args:
        size: The number of points.

    Raises:
        DesignError: If the size is no whole number from 1.

    Example:
        >>> from mesa_lab import ParameterSpace, Real
        >>> space = ParameterSpace({"p": Real(distribution="norm", loc=0, scale=1)})
        >>> MonteCarlo(5).points(space, seed=1).equals(MonteCarlo(9).points(space, seed=1).head(5))
        True
    """

    extensible: ClassVar[bool] = True

    size: int = field(metadata={"help": "The number of points."})

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", whole("MonteCarlo", "size", self.size))

    @override
    def n_points(self, space: ParameterSpace) -> int:
        return self.size

    @override
    def unit(self, dimensions: int, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.float64]]:
        return rng.random((self.size, dimensions))
