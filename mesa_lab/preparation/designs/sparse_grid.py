"""Sparse grids."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, override

import numpy as np

from mesa_lab.errors import DesignError
from mesa_lab.preparation.designs.design import UnitDesign, whole
from mesa_lab.preparation.designs.duplicate_points import merged
from mesa_lab.preparation.parameters.space import ParameterSpace

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SparseGrid"]

NODES = ("equidistant", "chebyshev")


@dataclass(frozen=True, eq=False)
class SparseGrid(UnitDesign):
    """A grid thinned out by Smolyak's rule: for smooth outcomes, with far fewer points than a full factorial.

    Smolyak (1963, Soviet Math. Dokl. 4: 240-243); the nested nodes are those of Clenshaw & Curtis, as in Klimke &
    Wohlmuth (2005, ACM TOMS 31: 561-579). In one dimension level 0 is the centre, level 1 adds both ends, and each
    further level halves the distances; in several, the levels along all axes sum to at most `level`. A higher level
    keeps the points of a lower one. Points that integers or choices make identical are merged.

    Args:
        level: 0 for the centre alone; 2 or 3 is a usual start.
        nodes: `"equidistant"`, or `"chebyshev"` for nodes that lie closer towards the ends, as polynomials like them.

    Raises:
        DesignError: If a setting is wrong.

    Example:
        >>> from mesa_lab import ParameterSpace, Real
        >>> space = ParameterSpace({"a": Real(0, 4), "b": Real(0, 4)})
        >>> SparseGrid(1).points(space, seed=0).to_numpy().tolist()
        [[2.0, 2.0], [0.0, 2.0], [4.0, 2.0], [2.0, 0.0], [2.0, 4.0]]
    """

    level: int = field(
        default=2, metadata={"help": "How fine the grid is; each level about doubles the points per axis."}
    )
    nodes: Literal["equidistant", "chebyshev"] = field(
        default="equidistant",
        metadata={"help": "chebyshev puts the nodes closer towards the ends of the ranges."},
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", whole("SparseGrid", "level", self.level, least=0))
        if self.nodes not in NODES:
            raise DesignError(f"SparseGrid has nodes={self.nodes!r}. Give 'equidistant' or 'chebyshev'.")
        if self.level > 30:
            raise DesignError(
                f"SparseGrid has level={self.level}. More than 30 halvings are finer than any outcome."
            )

    @override
    def n_points(self, space: ParameterSpace) -> int:
        # counts[k]: how many points have levels that sum to k, one axis after the other
        counts = [1] + [0] * self.level
        for _ in space.varied:
            counts = [
                sum(counts[total - level] * _new_nodes(level) for level in range(total + 1))
                for total in range(self.level + 1)
            ]
        return sum(counts)

    @override
    def points(self, space: ParameterSpace, seed: int) -> "pd.DataFrame":
        return merged(super().points(space, seed))

    @override
    def unit(self, dimensions: int, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.float64]]:
        blocks = [
            self._block(dimensions, levels)
            for total in range(self.level + 1)
            for levels in _shares(total, dimensions)
        ]
        cube = np.concatenate(blocks)
        return cube if self.nodes == "equidistant" else (1 - np.cos(math.pi * cube)) / 2

    def _block(self, dimensions: int, levels: dict[int, int]) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The points whose levels are exactly these, along the axes named; the others stay at their centre."""
        axes = [_nodes(level) for level in levels.values()]
        block = np.full((math.prod(len(axis) for axis in axes), dimensions), 0.5)
        for axis, column in zip(levels, np.meshgrid(*axes, indexing="ij"), strict=True) if axes else ():
            block[:, axis] = column.ravel()
        return block


def _new_nodes(level: int) -> int:
    """How many nodes a level adds along one axis: 1, 2, 2, 4, 8 and so on."""
    return (1, 2)[level] if level < 2 else 2 ** (level - 1)


def _nodes(level: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The nodes that a level from 1 adds along one axis."""
    return np.array([0.0, 1.0]) if level == 1 else (2 * np.arange(2 ** (level - 1)) + 1) / 2**level


def _shares(total: int, dimensions: int, first: int = 0) -> Iterator[dict[int, int]]:
    """All ways to share levels among axes, as the axes that get any."""
    if total == 0:
        yield {}
        return
    for axis in range(first, dimensions):
        for level in range(total, 0, -1):
            for rest in _shares(total - level, dimensions, axis + 1):
                yield {axis: level, **rest}
