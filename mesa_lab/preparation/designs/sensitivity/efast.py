"""The design of the extended Fourier amplitude sensitivity test."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, override

import numpy as np

from mesa_lab.errors import DesignError
from mesa_lab.preparation.designs.design import Design, check_memory, whole
from mesa_lab.preparation.designs.sensitivity.blocks import check_space, problem
from mesa_lab.preparation.parameters.space import Choice, Integer, Levels, ParameterSpace

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EFAST"]

HARMONICS: Final = 4
"""The interference factor: how many harmonics of a frequency are summed, as in SALib and in the paper."""
LEAST: Final = 4 * HARMONICS**2 + 1


@dataclass(frozen=True, eq=False)
class EFAST(Design):
    """First-order and total shares of variance from curves through the space: for smooth outcomes of a few parameters.

    For each parameter a curve of `size` points, along which that parameter swings fast and the others slowly; the curves
    follow each other in the order of the parameters (Saltelli, Tarantola & Chan 1999, Technometrics 41: 39-56). A larger
    size gives other points. Parameters with steps lose some of their share, as only four harmonics are summed.

    Args:
        size: The points of each curve, from 65.

    Raises:
        DesignError: If the size is too small; when points are made, if there are constraints or correlations, or a choice of
            more than two values, whose order would matter.

    Example:
        >>> from mesa_lab import ParameterSpace, Real
        >>> len(EFAST(65).points(ParameterSpace({"a": Real(0, 1), "b": Real(0, 1)}), seed=1))
        130
    """

    in_blocks: ClassVar[bool] = True

    size: int = field(metadata={"help": "The points of each parameter's curve, from 65."})

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", whole("EFAST", "size", self.size))
        if self.size < LEAST:
            raise DesignError(
                f"EFAST has size={self.size}, but tells frequencies apart from {LEAST} points for each parameter on. "
                f"Give {LEAST} or more."
            )

    @override
    def n_points(self, space: ParameterSpace) -> int:
        return self.size * len(space.varied)

    @override
    def points(self, space: ParameterSpace, seed: int) -> "pd.DataFrame":
        check_space(self, space)
        check_memory(self, space)
        for name, parameter in space.varied.items():
            if isinstance(parameter, Choice) and len(parameter.values) > 2:
                raise DesignError(
                    f"EFAST swings each parameter through its range, but the {len(parameter.values)} values of '{name}' have no "
                    "order. Use Saltelli(), which takes choices, or hold it fixed."
                )
        return space.from_unit(self._unit(len(space.varied), seed))

    def _unit(self, dimensions: int, seed: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        from SALib.sample import fast_sampler

        rng = np.random.default_rng(seed)
        unit: np.ndarray[Any, np.dtype[np.float64]] = fast_sampler.sample(
            problem(dimensions), self.size, M=HARMONICS, seed=rng
        )
        return unit

    @override
    def advice(self, space: ParameterSpace) -> tuple[str, ...]:
        few = [
            name
            for name, each in space.varied.items()
            if isinstance(each, Integer | Choice | Levels) and each.count is not None and each.count < 5
        ]
        if not few:
            return ()
        return (
            f"'{few[0]}' has few values: eFAST loses a tenth or more of the share of such steps. Saltelli() loses nothing.",
        )
