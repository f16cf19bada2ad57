"""Plackett-Burman designs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, override

import numpy as np

from mesa_lab.preparation.designs.coded import CodedDesign, Codes
from mesa_lab.preparation.designs.design import check_flag
from mesa_lab.preparation.designs.screening.fractional_factorial import mirrored, with_center
from mesa_lab.preparation.designs.screening.hadamard import hadamard_of

__all__ = ["PlackettBurman"]

_PYDOE: Final = {4, 8, 12, 16, 20, 24, 32, 40, 48}
"""Numbers of runs for which pydoe has the design; with others it fails."""


@dataclass(frozen=True, eq=False)
class PlackettBurman(CodedDesign):
    """The fewest runs that show the main effect of each parameter: a first sieve for very many, where few are active.

    Two levels, and one run more than parameters, in multiples of 4 (Plackett & Burman 1946, Biometrika 33: 305-325). Each
    main effect is mixed up with parts of many two-way interactions; folding parts them. For 24 to 27, 32 to 35 and from 40
    parameters on, where pydoe has no design, it is made from a Hadamard matrix of Paley's (1933, J. Math. Phys. 12: 311-320).

    Args:
        fold: Add the mirror image of each point, so that two-way interactions no longer disturb main effects.
        center: Add the point in the middle of all ranges, which shows whether the response is curved.

    Raises:
        DesignError: If a setting is neither True nor False.

    Example:
        >>> from mesa_lab import ParameterSpace, Real
        >>> len(PlackettBurman().points(ParameterSpace({f"p{i}": Real(0, 1) for i in range(11)}), seed=0))
        12
    """

    fold: bool = field(
        default=False,
        metadata={
            "help": "Add the mirror image of each point: two-way interactions disturb no main effect then."
        },
    )
    center: bool = field(
        default=False, metadata={"help": "Add the point in the middle of all ranges, to see curvature."}
    )

    def __post_init__(self) -> None:
        check_flag(self, "fold")
        check_flag(self, "center")

    @override
    def coded(self, names: Sequence[str]) -> Codes:
        codes = _main_effects(len(names))
        if self.fold:
            codes = mirrored(self, codes, names)
        return with_center(codes) if self.center else codes


def _main_effects(factors: int) -> Codes:
    runs = 4 * (factors // 4 + 1)
    if runs in _PYDOE and factors >= 3:
        import pydoe

        return np.asarray(pydoe.pbdesign(factors), dtype=float)
    return hadamard_of(runs)[:, 1 : factors + 1].astype(float)
