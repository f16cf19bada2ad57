"""Central composite designs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal, override

import numpy as np

from mesa_lab.errors import DesignError, suggest
from mesa_lab.preparation.designs.coded import CodedDesign, Codes
from mesa_lab.preparation.designs.screening.fractional_factorial import fraction

__all__ = ["CentralComposite"]

_FACES: Final = ("faced", "inscribed")
_WHOLE_CUBE: Final = 4
"""Up to so many parameters the cube has all its corners, beyond it those of a fraction of resolution 5."""


@dataclass(frozen=True, eq=False)
class CentralComposite(CodedDesign):
    """Corners, a star along the axes and the middle: a quadratic response surface for 2 to 11 parameters.

    Box & Wilson (1951, J. R. Stat. Soc. B 13: 1-45). From 5 parameters on the corners are those of a fraction of resolution
    5, from which the same surface can be fitted. No point leaves the ranges, as it would with the circumscribed star of the
    textbooks, since ranges are what a model takes. Replications give the pure error for which tables repeat the middle.

    Args:
        face: `"faced"` has the star on the faces of the cube: three levels. `"inscribed"` has its tips at the ends of the
            ranges and the corners within, at the distance that makes the design rotatable (the fourth root of the number of
            corners): five levels.

    Raises:
        DesignError: If the face is unknown; when points are made, if a parameter has too few levels, or levels without an order.

    Example:
        >>> from mesa_lab import ParameterSpace, Real
        >>> CentralComposite().points(ParameterSpace({"a": Real(-1, 1), "b": Real(-1, 1)}), seed=0).values.tolist()
        [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0], [0.0, 0.0]]
    """

    most: ClassVar[int | None] = 11
    in_order: ClassVar[bool] = True

    face: Literal["faced", "inscribed"] = field(
        default="faced",
        metadata={"help": "faced has three levels; inscribed five, with the corners within the ranges."},
    )

    def __post_init__(self) -> None:
        face: str = self.face
        if face == "circumscribed":
            raise DesignError(
                "CentralComposite has face='circumscribed', whose star leaves the ranges. Take 'inscribed', which is the same "
                "design made smaller, or 'faced'."
            )
        if face not in _FACES:
            raise DesignError(
                f"CentralComposite has face={face!r}.{suggest(str(face), _FACES)} Give 'faced' or 'inscribed'."
            )

    @override
    def coded(self, names: Sequence[str]) -> Codes:
        import pydoe

        factors = len(names)
        cube = (
            np.asarray(pydoe.ff2n(factors), dtype=float) if factors <= _WHOLE_CUBE else fraction(factors, 5)
        )
        star = np.asarray(pydoe.star(factors)[0], dtype=float)
        if self.face == "inscribed":
            cube = cube / len(cube) ** 0.25
        return np.concatenate([cube, star, np.zeros((1, factors))])
