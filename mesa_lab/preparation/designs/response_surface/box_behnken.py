"""Box-Behnken designs."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, override

import numpy as np

from mesa_lab.preparation.designs.coded import CodedDesign, Codes

__all__ = ["BoxBehnken"]

_TRIPLES: Final = {
    6: ((1, 2, 4), (2, 3, 5), (3, 4, 6), (1, 4, 5), (2, 5, 6), (1, 3, 6)),
    7: ((4, 5, 6), (1, 6, 7), (2, 5, 7), (1, 2, 4), (3, 4, 7), (1, 3, 5), (2, 3, 6)),
}
"""Which three factors move together, from table 4 of Box & Behnken (1960); pydoe moves two, which is another design."""


@dataclass(frozen=True, eq=False)
class BoxBehnken(CodedDesign):
    """Three levels without the corners: a quadratic response surface for 3 to 7 parameters, where extremes are unsafe.

    Two or three parameters at a time take both ends of their ranges while the others stay in the middle, and there is one
    point in the middle of all: 13, 25, 41, 49 or 57 points (Box & Behnken 1960, Technometrics 2: 455-475). Replications
    give the pure error for which tables repeat the middle. Every parameter takes three levels: numbers, no choices.

    Raises:
        DesignError: When points are made, if a parameter has no three levels in order, or fewer than 3 or more than 7 vary.

    Example:
        >>> from mesa_lab import Integer, ParameterSpace
        >>> BoxBehnken().points(ParameterSpace({name: Integer(-1, 1) for name in "abc"}), seed=0).head(4).values.tolist()
        [[-1, -1, 0], [-1, 1, 0], [1, -1, 0], [1, 1, 0]]
    """

    fewest: ClassVar[int] = 3
    most: ClassVar[int | None] = 7
    in_order: ClassVar[bool] = True
    _instead: ClassVar[str] = "Hold some fixed, or use CentralComposite()."

    @override
    def coded(self, names: Sequence[str]) -> Codes:
        factors = len(names)
        if factors not in _TRIPLES:
            import pydoe

            return np.asarray(pydoe.bbdesign(factors, center=1), dtype=float)
        corners = list(itertools.product((-1.0, 1.0), repeat=3))
        codes = np.zeros((len(_TRIPLES[factors]) * len(corners) + 1, factors))
        for block, triple in enumerate(_TRIPLES[factors]):
            rows = slice(block * len(corners), (block + 1) * len(corners))
            codes[rows, np.array(triple) - 1] = corners
        return codes
