"""Two-level fractional factorial designs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, override

import numpy as np

from mesa_lab.errors import DesignError, suggest
from mesa_lab.preparation.designs.coded import CodedDesign, Codes
from mesa_lab.preparation.designs.design import check_flag
from mesa_lab.preparation.designs.screening.generators import CATALOGUE, full_words, read_words

__all__ = ["FractionalFactorial", "fraction", "mirrored", "with_center"]


@dataclass(frozen=True, eq=False)
class FractionalFactorial(CodedDesign):
    """A chosen part of all combinations of two levels: effects and interactions of up to a dozen parameters in few runs.

    What is given up is known beforehand: effects that are mixed up with each other, as the preview lists them. With
    resolution 3 main effects are mixed with two-way interactions, with 4 two-way interactions with one another, with 5
    neither. Of the designs of that resolution with the fewest runs it is the published one that mixes least up (Box, Hunter
    & Hunter 2005, Statistics for Experimenters, table 6.22), and beyond 11 parameters that of pydoe.

    Args:
        resolution: 3, 4 or 5. A design of so few runs may be better than that.
        generators: Your own design in place of a resolution: a word of letters for each parameter in their order, such as
            `"a b c abc"`, or for each added one, such as `"d = abc"`.
        fold: True adds the mirror image of each point, which parts main effects from two-way interactions; the name of a
            parameter adds the points with that one's levels swapped, which frees all that it is mixed up in.
        center: Add the point in the middle of all ranges, which shows whether the response is curved.

    Raises:
        DesignError: If a setting is wrong.

    Example:
        >>> from mesa_lab import Choice, Integer, ParameterSpace
        >>> space = ParameterSpace({"a": Integer(1, 5), "b": Integer(1, 5), "c": Choice(["x", "y"])})
        >>> FractionalFactorial(3).points(space, seed=0).values.tolist()
        [[1, 1, 'y'], [1, 5, 'x'], [5, 1, 'x'], [5, 5, 'y']]
    """

    resolution: Literal[3, 4, 5] = field(
        default=4,
        metadata={"help": "4 keeps main effects clear of two-way interactions, 5 those of each other too."},
    )
    generators: str | Sequence[str] | None = field(
        default=None,
        metadata={
            "help": "Your own generators in place of the resolution, such as 'a b c abc' or 'd = abc'."
        },
    )
    fold: bool | str = field(
        default=False,
        metadata={
            "help": "True adds the mirror image of each point; a parameter's name swaps its levels alone."
        },
    )
    center: bool = field(
        default=False, metadata={"help": "Add the point in the middle of all ranges, to see curvature."}
    )

    def __post_init__(self) -> None:
        if isinstance(self.resolution, bool) or self.resolution not in (3, 4, 5):
            raise DesignError(
                f"FractionalFactorial has resolution={self.resolution!r}. Give 3, 4 or 5; all interactions are clear in "
                "FullFactorial(2)."
            )
        object.__setattr__(self, "resolution", int(self.resolution))
        if self.generators is not None:
            object.__setattr__(self, "generators", " ".join(read_words(self.generators)))
        if not isinstance(self.fold, str):
            check_flag(self, "fold")
        check_flag(self, "center")

    @override
    def coded(self, names: Sequence[str]) -> Codes:
        if self.generators is not None:
            import pydoe

            words = full_words(read_words(self.generators), len(names))
            codes = np.asarray(pydoe.fracfact(words), dtype=float)
        else:
            codes = fraction(len(names), self.resolution)
        if self.fold is not False:
            codes = mirrored(self, codes, names)
        return with_center(codes) if self.center else codes


def fraction(factors: int, resolution: int) -> Codes:
    """Return the two-level design of so many factors with the fewest runs that has a resolution.

    Args:
        factors: How many, from 2.
        resolution: 3, 4 or 5.

    Raises:
        DesignError: If there is none that can be found.

    Example:
        >>> fraction(7, 3).shape, fraction(3, 4).shape
        ((8, 7), (8, 3))
    """
    import pydoe

    try:
        codes = np.asarray(pydoe.fracfact_by_res(factors, resolution), dtype=float)
        if resolution == 3 and len(better := pydoe.fracfact_by_res(factors, 4)) == len(codes):
            codes = np.asarray(better, dtype=float)
    except ValueError:
        raise DesignError(
            f"FractionalFactorial has no design of resolution {resolution} for {factors} parameters. "
            "Take a lower resolution, or Morris() to find out first which ones matter."
        ) from None
    published = CATALOGUE.get((factors, len(codes)))
    if published is None:
        return codes
    return np.asarray(pydoe.fracfact(full_words(published.split(), factors)), dtype=float)


def mirrored(design: Any, codes: Codes, names: Sequence[str]) -> Codes:
    """Return a design followed by its mirror image in all parameters or in one, as its field `fold` says.

    Raises:
        DesignError: If it names no parameter, or the image has the same points.
    """
    kind = type(design).__name__
    if isinstance(design.fold, str) and design.fold not in names:
        raise DesignError(
            f"{kind} has fold='{design.fold}', which does not vary.{suggest(design.fold, names)} "
            f"Name one of {', '.join(names)}, or give True for all."
        )
    swapped = [place for place, name in enumerate(names) if design.fold is True or name == design.fold]
    image = codes.copy()
    image[:, swapped] *= -1
    if {tuple(row) for row in image.tolist()} & {tuple(row) for row in codes.tolist()}:
        over = "all parameters" if design.fold is True else f"'{design.fold}'"
        raise DesignError(
            f"{kind} folded over {over} would have the same points again. Name a parameter to fold over, "
            f"fold='{names[0]}', or take a higher resolution."
        )
    return np.concatenate([codes, image])


def with_center(codes: Codes) -> Codes:
    """Return a design followed by the point in the middle of all ranges."""
    return np.concatenate([codes, np.zeros((1, codes.shape[1]))])
