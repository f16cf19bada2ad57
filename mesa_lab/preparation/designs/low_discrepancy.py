"""Sequences of low discrepancy: Sobol' and Halton."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, override

import numpy as np

from mesa_lab.errors import DesignError
from mesa_lab.preparation.designs.design import UnitDesign, check_flag, whole
from mesa_lab.preparation.parameters.space import ParameterSpace
from mesa_lab.preparation.parameters.value_keys import counted

__all__ = ["Halton", "Sobol"]

MOST_DIMENSIONS = 21_201
MOST_POINTS = 2**30
HALTON_DIMENSIONS = 10


@dataclass(frozen=True, eq=False)
class Sobol(UnitDesign):
    """Even coverage of many parameters at once, which can be continued later: the default choice for exploring.

    The sequence of Sobol' (1967, USSR Comput. Math. Math. Phys. 7: 86-112) with the directions of Joe & Kuo (2008),
    scrambled as by Owen (1998, J. Complexity 14: 466-489). A power of 2 keeps its balance. A larger size keeps the
    points of a smaller one.

    Args:
        size: The number of points, best a power of 2.
        scramble: Shuffle the sequence by the seed; without it the first point is a corner of the space.

    Raises:
        DesignError: If the size is no whole number from 1.

    Example:
        >>> from mesa_lab import Integer, ParameterSpace
        >>> Sobol(4).points(ParameterSpace({"n": Integer(1, 4)}), seed=1)["n"].sort_values().tolist()
        [1, 2, 3, 4]
    """

    extensible: ClassVar[bool] = True

    size: int = field(metadata={"help": "The number of points, best a power of 2: such as 128 or 256."})
    scramble: bool = field(default=True, metadata={"help": "Shuffle the sequence by the seed."})

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", whole("Sobol", "size", self.size))
        check_flag(self, "scramble")
        if self.size > MOST_POINTS:
            raise DesignError(
                f"Sobol has size={self.size:,}. The sequence has 2**30 points, {MOST_POINTS:,}."
            )

    @override
    def n_points(self, space: ParameterSpace) -> int:
        return self.size

    @override
    def unit(self, dimensions: int, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.float64]]:
        from scipy.stats import qmc

        if dimensions > MOST_DIMENSIONS:
            raise DesignError(
                f"Sobol covers at most {MOST_DIMENSIONS:,} parameters, but {dimensions:,} vary. Use MonteCarlo({self.size})."
            )
        sampler = qmc.Sobol(dimensions, scramble=self.scramble, rng=rng)
        # Whole powers of 2 are drawn, so that scipy need not warn; the preview says it better.
        return sampler.random_base2((self.size - 1).bit_length())[: self.size]

    @override
    def advice(self, space: ParameterSpace) -> tuple[str, ...]:
        said = []
        dimensions = len(space.varied)
        if self.size & (self.size - 1):
            below = 1 << (self.size.bit_length() - 1)
            said.append(
                f"{self.size:,} points are no power of 2, so Sobol' loses its balance. Take {below:,} or {2 * below:,} "
                "(Owen 2020, arXiv:2008.08051)."
            )
        if self.size < 2 * dimensions:
            said.append(
                f"{counted(self.size, 'point')} {'is' if self.size == 1 else 'are'} too few for Sobol' to cover "
                f"{counted(dimensions, 'parameter')} evenly; "
                f"take at least {max(2, 1 << (10 * dimensions - 1).bit_length())}."
            )
        return tuple(said)


@dataclass(frozen=True, eq=False)
class Halton(UnitDesign):
    """Even coverage of a few parameters with any number of points, which can be continued later.

    The sequence of Halton (1960, Numer. Math. 2: 84-90), scrambled as by Owen (2017, arXiv:1706.02808). Its later
    coordinates fill slowly: with more than about ten parameters Sobol is better. A larger size keeps the points of a
    smaller one.

    Args:
        size: The number of points.
        scramble: Shuffle the sequence by the seed; without it the first point is a corner of the space.

    Raises:
        DesignError: If the size is no whole number from 1.

    Example:
        >>> from mesa_lab import ParameterSpace, Real
        >>> Halton(3, scramble=False).points(ParameterSpace({"p": Real(0, 1)}), seed=0)["p"].tolist()
        [0.0, 0.5, 0.25]
    """

    extensible: ClassVar[bool] = True

    size: int = field(metadata={"help": "The number of points."})
    scramble: bool = field(default=True, metadata={"help": "Shuffle the sequence by the seed."})

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", whole("Halton", "size", self.size))
        check_flag(self, "scramble")

    @override
    def n_points(self, space: ParameterSpace) -> int:
        return self.size

    @override
    def unit(self, dimensions: int, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.float64]]:
        from scipy.stats import qmc

        return qmc.Halton(dimensions, scramble=self.scramble, rng=rng).random(self.size)

    @override
    def advice(self, space: ParameterSpace) -> tuple[str, ...]:
        said = []
        dimensions = len(space.varied)
        if dimensions > HALTON_DIMENSIONS:
            said.append(
                f"Halton covers {dimensions} parameters unevenly; with more than ten, Sobol() is better."
            )
        if dimensions and self.size < (base := _primes(dimensions)[-1]):
            said.append(
                f"{counted(self.size, 'point')} {'is' if self.size == 1 else 'are'} too few for Halton: its last "
                f"coordinate needs {base} to pass once over its range."
            )
        return tuple(said)


def _primes(count: int) -> list[int]:
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found
