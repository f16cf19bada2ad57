"""Latin hypercube designs."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal, override

import numpy as np

from mesa_lab.errors import DesignError, suggest
from mesa_lab.preparation.designs.design import UnitDesign, usual_size, whole
from mesa_lab.preparation.parameters.space import ParameterSpace
from mesa_lab.preparation.parameters.value_keys import counted

__all__ = ["LatinHypercube"]

OPTIMISATIONS = ("random-cd", "lloyd")
SLOW_TO_OPTIMISE = 500
SLOW_AT_STRENGTH_2 = 10_000


@dataclass(frozen=True, eq=False)
class LatinHypercube(UnitDesign):
    """Points that cover each parameter's range evenly, for many parameters and few runs.

    Each range is cut into as many equal shares as there are points, and each share holds one point (McKay, Beckman &
    Conover 1979, Technometrics 21: 239-245). With strength 2 each pair of parameters is covered evenly too, which needs
    p² points for a prime number p and at most p + 1 parameters (Tang 1993, JASA 88: 1392-1397).

    Args:
        size: The number of points.
        optimization: `"random-cd"` swaps coordinates to lower the centred discrepancy; `"lloyd"` moves points apart,
            which gives up the even shares; None for neither. Both take seconds from about a thousand points.
        strength: 1, or 2 for even coverage of pairs, which leaves nothing to optimise.

    Raises:
        DesignError: If a setting is wrong.

    Example:
        >>> from mesa_lab import ParameterSpace, Real
        >>> matrix = LatinHypercube(4).points(ParameterSpace({"p": Real(0, 4)}), seed=1)
        >>> sorted(matrix["p"].astype(int).tolist())
        [0, 1, 2, 3]
    """

    size: int = field(metadata={"help": "The number of points."})
    optimization: Literal["random-cd", "lloyd"] | None = field(
        default=None,
        metadata={"help": "Spread the points further: random-cd keeps the even shares, lloyd does not."},
    )
    strength: Literal[1, 2] = field(
        default=1,
        metadata={"help": "2 covers pairs of parameters evenly too; the size must be the square of a prime."},
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", whole("LatinHypercube", "size", self.size))
        if self.optimization not in (None, *OPTIMISATIONS):
            raise DesignError(
                f"LatinHypercube has optimization={self.optimization!r}.{suggest(str(self.optimization), OPTIMISATIONS)} "
                "Give 'random-cd', 'lloyd' or None."
            )
        if isinstance(self.strength, bool) or self.strength not in (1, 2):
            raise DesignError(f"LatinHypercube has strength={self.strength!r}. Give 1 or 2.")
        if self.strength == 2 and self.optimization is not None:
            raise DesignError(
                f"LatinHypercube has strength=2 and optimization='{self.optimization}', which moves points and so gives the "
                "even coverage of pairs up. Take one of them."
            )
        if self.strength == 2 and not _square_of_prime(self.size):
            raise DesignError(
                f"LatinHypercube has size={self.size} and strength=2, which needs the square of a prime number: "
                f"{' or '.join(str(size) for size in _nearest_squares(self.size))}. Take one of them, or strength=1."
            )

    @override
    def n_points(self, space: ParameterSpace) -> int:
        return self.size

    @override
    def unit(self, dimensions: int, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.float64]]:
        from scipy.stats import qmc

        root = math.isqrt(self.size)
        if self.strength == 2 and dimensions > root + 1:
            enough = next(p for p in range(dimensions - 1, 2 * dimensions + 2) if _prime(p)) ** 2
            raise DesignError(
                f"LatinHypercube of strength 2 with {self.size} points covers at most {root + 1} parameters, but "
                f"{dimensions} vary. Take size={enough}, or strength=1."
            )
        if self.optimization == "lloyd" and (dimensions < 2 or self.size < dimensions + 2):
            raise DesignError(
                f"optimization='lloyd' needs at least 2 parameters and 2 more points than parameters; "
                f"here {dimensions} vary over {self.size} points. Take 'random-cd' or None."
            )
        sampler = qmc.LatinHypercube(
            dimensions, strength=self.strength, optimization=self.optimization, rng=rng
        )
        return sampler.random(self.size)

    @override
    def advice(self, space: ParameterSpace) -> tuple[str, ...]:
        said = []
        dimensions = len(space.varied)
        if self.size < usual_size(dimensions):
            said.append(
                f"{counted(self.size, 'point')} {'is' if self.size == 1 else 'are'} few for "
                f"{counted(dimensions, 'parameter')}: 10 for each, {usual_size(dimensions)}, is the usual start "
                "(Loeppky, Sacks & Welch 2009, Technometrics 51: 366-376)."
            )
        if self.optimization and self.size > SLOW_TO_OPTIMISE:
            said.append(
                f"Optimising {self.size:,} points takes long, and gains little over Sobol() or no optimisation."
            )
        if self.strength == 2 and self.size > SLOW_AT_STRENGTH_2:
            said.append(f"Strength 2 with {self.size:,} points takes long; Sobol() is as even and instant.")
        return tuple(said)


def _prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, math.isqrt(number) + 1))


def _square_of_prime(number: int) -> bool:
    return math.isqrt(number) ** 2 == number and _prime(math.isqrt(number))


def _nearest_squares(number: int) -> list[int]:
    root = math.isqrt(number)
    below = next((p for p in range(root, 1, -1) if _prime(p)), None)
    above = next(p for p in range(max(root + 1, 2), 2 * root + 4) if _prime(p))
    return [p**2 for p in (below, above) if p is not None]
