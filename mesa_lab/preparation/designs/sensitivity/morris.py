"""Morris's design of elementary effects."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, override

import numpy as np

from mesa_lab.errors import DesignError
from mesa_lab.preparation.designs.design import Design, check_memory, whole
from mesa_lab.preparation.designs.sensitivity.blocks import check_space, problem
from mesa_lab.preparation.parameters.space import Choice, Parameter, ParameterSpace, column, table
from mesa_lab.preparation.parameters.value_keys import counted, show

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Morris"]


@dataclass(frozen=True, eq=False)
class Morris(Design):
    """Which of many parameters matter at all: the cheapest sieve before anything closer, interactions included.

    Each trajectory starts somewhere on a grid and moves every parameter once, in random order, by a little more than half of
    its range: one point more than parameters, one elementary effect of each parameter (Morris 1991, Technometrics 33:
    161-174; Campolongo, Cariboni & Saltelli 2007, Environ. Model. Softw. 22: 1509-1518). A larger number of trajectories
    keeps those of a smaller one. Trajectories come one after the other, each in the order of its moves. Ranges take
    `levels` even levels, whole numbers and values that are written out as many of them as they have.

    Args:
        trajectories: How many; 10 to 20 are usual.
        levels: The levels of the grid, an even number.

    Raises:
        DesignError: If a setting is wrong; when points are made, if there are constraints or correlations.

    Example:
        >>> from mesa_lab import ParameterSpace, Real
        >>> points = Morris(2).points(ParameterSpace({"a": Real(0, 3), "b": Real(0, 3)}), seed=1)
        >>> len(points), points.diff().iloc[1:3].abs().sum().tolist()
        (6, [2.0, 2.0])
    """

    extensible: ClassVar[bool] = True
    in_blocks: ClassVar[bool] = True

    trajectories: int = field(default=20, metadata={"help": "How many trajectories; 10 to 20 are usual."})
    levels: int = field(default=4, metadata={"help": "The levels of the grid, an even number."})

    def __post_init__(self) -> None:
        object.__setattr__(self, "trajectories", whole("Morris", "trajectories", self.trajectories))
        object.__setattr__(self, "levels", whole("Morris", "levels", self.levels, least=2))
        if self.levels % 2:
            raise DesignError(
                f"Morris has levels={self.levels}. Give an even number, so that all levels are met equally often: 4 or 8."
            )

    @override
    def n_points(self, space: ParameterSpace) -> int:
        return self.trajectories * (len(space.varied) + 1)

    @override
    def points(self, space: ParameterSpace, seed: int) -> "pd.DataFrame":
        check_space(self, space)
        check_memory(self, space)
        values = {name: column(self._grid(name, each)) for name, each in space.varied.items()}
        places = np.concatenate([self._trajectory(len(values), seed, i) for i in range(self.trajectories)])
        columns = {name: grid[places[:, place]] for place, (name, grid) in enumerate(values.items())}
        return table(columns, len(places))

    def _trajectory(self, dimensions: int, seed: int, number: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """One trajectory as places on the grid; each has a seed of its own, so that more of them change none."""
        from SALib.sample import morris

        chance = np.random.SeedSequence([seed, number])
        unit = morris.sample(problem(dimensions), 1, num_levels=self.levels, seed=chance)
        places: np.ndarray[Any, np.dtype[np.int64]] = np.rint(unit * (self.levels - 1)).astype(np.int64)
        return places

    def _grid(self, name: str, parameter: Parameter) -> list[Any]:
        """The parameter's value at each level of the grid; every move of half the levels changes it."""
        values = parameter.levels(self.levels)
        if len(values) < 2:
            raise DesignError(
                f"Morris moves each parameter, but '{name}' has the one value {show(values)}. Hold it fixed."
            )
        if len(values) > self.levels and isinstance(parameter, Choice):
            even = len(values) + len(values) % 2
            raise DesignError(
                f"Morris has levels={self.levels}, but '{name}' has {counted(len(values), 'value')} without an order, of which some "
                f"would never be tried. Take levels={even}, or write out fewer values."
            )
        if len(values) > self.levels:
            last = len(values) - 1
            return [values[round(place * last / (self.levels - 1))] for place in range(self.levels)]
        return [values[place * len(values) // self.levels] for place in range(self.levels)]

    @override
    def advice(self, space: ParameterSpace) -> tuple[str, ...]:
        said = []
        if self.trajectories < 10:
            few = "1 trajectory shows" if self.trajectories == 1 else f"{self.trajectories} trajectories show"
            said.append(
                f"{few} little of how an effect varies over the space: 10 to 20 are usual (Campolongo et al. 2007)."
            )
        if names := [
            name for name, each in space.varied.items() if isinstance(each, Choice) and len(each.values) > 2
        ]:
            said.append(
                f"The values of '{names[0]}' have no order, so the sign of its elementary effects means nothing: read μ*, not μ."
            )
        return tuple(said)
