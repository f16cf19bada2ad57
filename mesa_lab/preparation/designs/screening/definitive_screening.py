"""Definitive screening designs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, override

import numpy as np

from mesa_lab.preparation.designs.coded import CodedDesign, Codes

__all__ = ["DefinitiveScreening"]


@dataclass(frozen=True, eq=False)
class DefinitiveScreening(CodedDesign):
    """Three levels in about twice as many runs as parameters: which matter, and which of them bend the response.

    Main effects are clear of one another, of all two-way interactions and of all quadratic effects; these are mixed up with
    one another in part (Jones & Nachtsheim 2011, J. Qual. Technol. 43: 1-15). The designs are made from conference matrices
    (Xiao, Lin & Bai 2012, J. Qual. Technol. 44: 2-8): 2k + 1 points for most even numbers k of parameters, and for an odd
    number those of the next even one. Every parameter takes three levels: numbers, no choices.

    Raises:
        DesignError: When points are made, if a parameter has no three levels in order.

    Example:
        >>> from mesa_lab import Integer, ParameterSpace
        >>> points = DefinitiveScreening().points(ParameterSpace({name: Integer(-1, 1) for name in "abcdef"}), seed=0)
        >>> len(points), points["a"].value_counts().to_dict() == {1: 5, -1: 5, 0: 3}
        (13, True)
    """

    fewest: ClassVar[int] = 3
    most: ClassVar[int | None] = 40
    in_order: ClassVar[bool] = True

    @override
    def coded(self, names: Sequence[str]) -> Codes:
        import pydoe

        return np.asarray(pydoe.definitive_screening_design(len(names)), dtype=float)
