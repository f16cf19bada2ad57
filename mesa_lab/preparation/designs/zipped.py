"""Designs whose parameters walk together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, override

from mesa_lab.errors import DesignError
from mesa_lab.preparation.designs.design import Design, check_memory, levels_of
from mesa_lab.preparation.designs.factorial import checked_levels
from mesa_lab.preparation.parameters.space import ParameterSpace, table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Zip"]


@dataclass(frozen=True, eq=False)
class Zip(Design):
    """The first levels of all parameters, then the second levels, and so on: for scenarios told by hand.

    Args:
        levels: How many levels to take from each range: one number for all, one by name, or None when every parameter
            has its levels written out.

    Raises:
        DesignError: If a number of levels is no whole number from 1.

    Example:
        >>> from mesa_lab import ParameterSpace
        >>> space = ParameterSpace({"sheep": [50, 100], "wolves": [10, 30]})
        >>> Zip().points(space, seed=0).to_numpy().tolist()
        [[50, 10], [100, 30]]
    """

    levels: int | Mapping[str, int] | None = field(
        default=None, metadata={"help": "Levels to take from each range: one number for all, or one by name."}
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", checked_levels(self, self.levels))

    @override
    def points(self, space: ParameterSpace, seed: int) -> "pd.DataFrame":
        rows = self.n_points(space)
        check_memory(self, space)
        return table(levels_of(self, space, self.levels), rows)

    @override
    def n_points(self, space: ParameterSpace) -> int:
        counts = levels_of(self, space, self.levels, count_only=True)
        if len(set(counts.values())) > 1:
            said = ", ".join(f"{name} has {count:,}" for name, count in counts.items())
            raise DesignError(
                f"Zip needs as many levels of each parameter, but {said}. "
                "Make the lists equally long, hold a parameter fixed at one value, or use FullFactorial."
            )
        return next(iter(counts.values()), 1)
