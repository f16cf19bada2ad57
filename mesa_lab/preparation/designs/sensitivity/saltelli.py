"""Saltelli's design for Sobol' indices."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, override

import numpy as np

from mesa_lab.errors import DesignError
from mesa_lab.preparation.designs.design import Design, check_flag, check_memory, whole
from mesa_lab.preparation.designs.sensitivity.blocks import check_space, problem
from mesa_lab.preparation.parameters.space import ParameterSpace

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Saltelli"]

MOST_DIMENSIONS = 21_201 // 2


@dataclass(frozen=True, eq=False)
class Saltelli(Design):
    """Shares of the outcome's variance for up to about ten parameters: first-order and total Sobol' indices.

    Each row of a scrambled Sobol' sequence gives a block of points: A, then A with one parameter after the other taken from
    B, with second order also B with one after the other taken from A, then B (Saltelli 2002, Comput. Phys. Commun. 145:
    280-297; Saltelli et al. 2010, 181: 259-270). A larger size keeps the points of a smaller one. Points that whole numbers
    and choices make identical stay apart, as each has its place in its block. All kinds of parameters will do.

    Args:
        size: The rows of the sequence, a power of 2: each costs k + 2 points for k parameters, 2k + 2 with second order.
        second_order: Whether interactions of pairs shall be estimated too.

    Raises:
        DesignError: If a setting is wrong; when points are made, if there are constraints or correlations.

    Example:
        >>> from mesa_lab import ParameterSpace, Real
        >>> space = ParameterSpace({"a": Real(0, 1), "b": Real(0, 1)})
        >>> points = Saltelli(4).points(space, seed=1)
        >>> len(points), (points.iloc[1] == points.iloc[0]).tolist()
        (16, [False, True])
    """

    extensible: ClassVar[bool] = True
    in_blocks: ClassVar[bool] = True

    size: int = field(
        default=512, metadata={"help": "Rows of the sequence, a power of 2; each gives k + 2 points."}
    )
    second_order: bool = field(
        default=False, metadata={"help": "Estimate interactions of pairs too: about twice the points."}
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", whole("Saltelli", "size", self.size))
        check_flag(self, "second_order")

    @override
    def n_points(self, space: ParameterSpace) -> int:
        dimensions = len(space.varied)
        return self.size * (2 * dimensions + 2 if self.second_order else dimensions + 2)

    @override
    def points(self, space: ParameterSpace, seed: int) -> "pd.DataFrame":
        check_space(self, space)
        check_memory(self, space)
        return space.from_unit(self._unit(len(space.varied), np.random.default_rng(seed)))

    def _unit(self, dimensions: int, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.float64]]:
        from SALib.sample import sobol

        if dimensions > MOST_DIMENSIONS:
            raise DesignError(
                f"Saltelli covers at most {MOST_DIMENSIONS:,} parameters, but {dimensions:,} vary. Use Morris()."
            )
        # Whole powers of 2 are drawn, so that scipy need not warn; the preview says it better.
        rows = 1 << (self.size - 1).bit_length()
        unit = sobol.sample(problem(dimensions), rows, calc_second_order=self.second_order, seed=rng)
        wanted: np.ndarray[Any, np.dtype[np.float64]] = unit[: len(unit) // rows * self.size]
        return wanted

    @override
    def advice(self, space: ParameterSpace) -> tuple[str, ...]:
        said = []
        if self.size & (self.size - 1):
            below = 1 << (self.size.bit_length() - 1)
            said.append(
                f"{self.size:,} rows are no power of 2, so Sobol' loses its balance. Take {below:,} or {2 * below:,} "
                "(Owen 2020, arXiv:2008.08051)."
            )
        if self.size < 128:
            said.append(
                f"Indices from {self.size:,} {'row' if self.size == 1 else 'rows'} have wide intervals: 512 are a usual start, "
                "and more can follow."
            )
        return tuple(said)
