"""Full factorial designs: every combination of levels."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, override

import numpy as np

from mesa_lab.errors import DesignError
from mesa_lab.preparation.designs.design import Design, check_memory, levels_of, whole
from mesa_lab.preparation.parameters.space import ParameterSpace, column, table
from mesa_lab.preparation.parameters.value_keys import FrozenDict, counted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FullFactorial", "checked_levels"]

MANY = 10_000


@dataclass(frozen=True, eq=False)
class FullFactorial(Design):
    """Every combination of levels: for few parameters, when interactions matter.

    The number of points is the product of the numbers of levels; the last parameter changes fastest. See Box, Hunter &
    Hunter (2005), Statistics for Experimenters, chapter 5.

    Args:
        levels: How many levels to take from each range: one number for all, one by name, or None when every parameter
            has its levels written out or can be counted.

    Raises:
        DesignError: If a number of levels is no whole number from 1.

    Example:
        >>> from mesa_lab import Choice, ParameterSpace, Real
        >>> space = ParameterSpace({"p": Real(0.1, 0.3), "torus": Choice([True, False])})
        >>> FullFactorial(3).points(space, seed=0)["p"].tolist()
        [0.1, 0.1, 0.2, 0.2, 0.3, 0.3]
    """

    levels: int | Mapping[str, int] | None = field(
        default=None, metadata={"help": "Levels to take from each range: one number for all, or one by name."}
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", checked_levels(self, self.levels))

    @override
    def points(self, space: ParameterSpace, seed: int) -> "pd.DataFrame":
        check_memory(self, space)
        levels = levels_of(self, space, self.levels)
        total = math.prod(len(values) for values in levels.values())
        columns, repeat = {}, total
        for name, values in levels.items():
            repeat //= len(values)
            places = np.arange(total) // repeat % len(values)
            columns[name] = column(values)[places]
        return table(columns, total)

    @override
    def n_points(self, space: ParameterSpace) -> int:
        return math.prod(levels_of(self, space, self.levels, count_only=True).values())

    @override
    def advice(self, space: ParameterSpace) -> tuple[str, ...]:
        points = self.n_points(space)
        if points < MANY:
            return ()
        return (
            f"A full factorial of {points:,} points: space-filling designs cover {counted(len(space.varied), 'parameter')} "
            "with far fewer, for instance Sobol(1024).",
        )


def checked_levels(design: Design, levels: Any) -> int | Mapping[str, int] | None:
    """Check the `levels` setting of a design.

    Raises:
        DesignError: If a number of levels is no whole number from 1.
    """
    name = type(design).__name__
    if levels is None:
        return None
    if isinstance(levels, Mapping):
        return FrozenDict({key: whole(name, f"levels['{key}']", value) for key, value in levels.items()})
    if isinstance(levels, list | tuple):
        raise DesignError(
            f"{name} has levels={levels!r}. Give one number for all parameters, or one by name: levels={{'name': 3}}."
        )
    return whole(name, "levels", levels)
