"""Designs in coded units: -1 and 1 stand for the low and the high end of each parameter, 0 for its middle.

What a code means for a parameter is settled here, so that a design of the literature is its matrix and nothing else.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, override

import numpy as np

from mesa_lab.errors import DesignError
from mesa_lab.preparation.designs.design import Design, check_memory, refuse_correlations
from mesa_lab.preparation.parameters.space import (
    Choice,
    Integer,
    Levels,
    Parameter,
    ParameterSpace,
    Real,
    column,
    table,
)
from mesa_lab.preparation.parameters.value_keys import counted, key, show

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CodedDesign", "Codes"]

type Codes = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class CodedDesign(Design):
    """A design that is a matrix of codes from -1 to 1, one column per varied parameter.

    For `Real` and `Integer` the codes -1, 0 and 1 are the lowest value, the middle and the highest value, the middle of a
    logarithmic range being that of its logarithms. Of a distribution they are the quantiles at 1/6, 1/2 and 5/6: of a
    normal one about a standard deviation on each side. Values that are written out must be as many as there are codes.

    Attributes:
        fewest: The smallest number of parameters that it takes.
        most: The largest; None for no limit.
        in_order: Whether the middle level lies between the others, as a curve through them takes for granted: then levels
            without an order are refused.
    """

    fewest: ClassVar[int] = 2
    most: ClassVar[int | None] = None
    in_order: ClassVar[bool] = False

    @abstractmethod
    def coded(self, names: Sequence[str]) -> Codes:
        """Return the design in codes, an array of shape (points, parameters).

        Args:
            names: The parameters that vary, as many as the design takes.

        Raises:
            DesignError: If there is no such design.
        """

    @override
    def points(self, space: ParameterSpace, seed: int) -> "pd.DataFrame":
        refuse_correlations(self, space)
        self.check_dimensions(space)
        check_memory(self, space)
        codes = self.coded(tuple(space.varied))
        columns = {
            name: self._decoded(name, parameter, codes[:, place])
            for place, (name, parameter) in enumerate(space.varied.items())
        }
        return table(columns, len(codes))

    @override
    def n_points(self, space: ParameterSpace) -> int:
        self.check_dimensions(space)
        return len(self.coded(tuple(space.varied)))

    def check_dimensions(self, space: ParameterSpace) -> None:
        """Refuse a space with fewer or more varied parameters than there are designs for.

        Raises:
            DesignError: If it is one.
        """
        name, dimensions = type(self).__name__, len(space.varied)
        if not dimensions:
            raise DesignError(
                f"{name} has nothing to vary: all parameters are held fixed. "
                "Give at least one a range, or use FullFactorial() for the one point there is."
            )
        if dimensions < self.fewest:
            raise DesignError(
                f"{name} takes {self.fewest} parameters or more, but {dimensions} {'varies' if dimensions == 1 else 'vary'}: "
                f"{', '.join(space.varied)}. Vary another one, or use FullFactorial(3)."
            )
        if self.most is not None and dimensions > self.most:
            raise DesignError(
                f"{name} takes at most {self.most} parameters, but {dimensions} vary. {self._instead}"
            )

    _instead: ClassVar[str] = "Hold some fixed, or use LatinHypercube."

    def _decoded(self, name: str, parameter: Parameter, codes: Codes) -> Any:
        different, places = np.unique(codes, return_inverse=True)
        values = self._values(name, parameter, different)
        if len({key(value) for value in values}) < len(values):
            raise DesignError(
                f"{type(self).__name__} needs {len(different)} different values of '{name}', but {parameter} gives "
                f"{show(values)}. Widen its range, hold it fixed, or {self._apart(name)}."
            )
        return column(values)[places]

    def _values(self, name: str, parameter: Parameter, codes: Codes) -> list[Any]:
        """The values that different codes, in ascending order, stand for."""
        if isinstance(parameter, Choice | Levels):
            return self._listed(name, parameter, codes)
        if parameter.distribution is not None:  # type: ignore[attr-defined]
            return list(np.asarray(parameter.from_unit(0.5 + codes / 3)).tolist())
        if isinstance(parameter, Integer):
            count = parameter.count
            assert count is not None
            assert parameter.low is not None
            rungs = [round((count - 1) * float(code + 1) / 2) for code in codes]
            return [
                parameter.base if code == 0 else parameter.low + parameter.step * rung
                for code, rung in zip(codes, rungs, strict=True)
            ]
        assert isinstance(parameter, Real)
        exact = dict(zip((-1.0, 0.0, 1.0), parameter.levels(3), strict=True))
        between = np.asarray(parameter.from_unit((codes + 1) / 2)).tolist()
        return [exact.get(float(code), value) for code, value in zip(codes, between, strict=True)]

    def _listed(self, name: str, parameter: Choice | Levels, codes: Codes) -> list[Any]:
        values = list(parameter.values)
        if len(values) == len(codes):
            numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
            ordered = isinstance(parameter, Levels) and numbers
            if self.in_order and not ordered:
                raise DesignError(
                    f"{type(self).__name__} has a level in the middle of two others, but the values of '{name}' have no order: "
                    f"{show(values)}. {'Give them as a list of numbers' if numbers else 'Hold it fixed'}, or {self._apart(name)}."
                )
            return sorted(values) if ordered else values
        design, wanted = type(self).__name__, len(codes)
        if len(values) > wanted == 2:
            raise DesignError(
                f"{design} takes two levels of each parameter, but '{name}' has {len(values)} values: {show(values)}. "
                f"Write out the two to compare, hold it fixed, or {self._apart(name)}."
            )
        raise DesignError(
            f"{design} takes {wanted} levels of each parameter, but '{name}' has {counted(len(values), 'value')}: {show(values)}. "
            f"Hold it fixed, or {self._apart(name)}."
        )

    def _apart(self, name: str) -> str:
        return f"make the design once for each of its values: Union([Part({type(self).__name__}(), fixed={{'{name}': …}}), …])"
