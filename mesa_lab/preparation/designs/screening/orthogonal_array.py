"""Taguchi's orthogonal arrays."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, override

from mesa_lab.errors import DesignError
from mesa_lab.preparation.designs.design import Design, levels_of
from mesa_lab.preparation.designs.factorial import checked_levels
from mesa_lab.preparation.designs.screening.arrays import ARRAYS, Array, find_arrays
from mesa_lab.preparation.parameters.space import Choice, Levels, ParameterSpace, column, table
from mesa_lab.preparation.parameters.value_keys import FrozenDict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OrthogonalArray"]

_LEVELS: Final = 3


@dataclass(frozen=True, eq=False)
class OrthogonalArray(Design):
    """Main effects of parameters with two to six levels each, choices of several values too, in few runs.

    Any two parameters take all pairs of their levels equally often, so main effects are clear of one another; interactions
    are mixed up with them (Taguchi 1987, System of Experimental Design; Hedayat, Sloane & Stufken 1999, Orthogonal Arrays).

    Args:
        array: The name of an array, such as `"L9"` or `"L18(2^1 3^7)"`; None for the smallest in which the parameters find
            columns.
        levels: How many levels to take from each range: one number for all, one by name, or None for what the array has, and
            3 where it is not named. Values that are written out are all taken.

    Raises:
        DesignError: If there is no such array; when points are made, if the parameters do not fit its columns.

    Example:
        >>> from mesa_lab import Choice, ParameterSpace, Real
        >>> space = ParameterSpace({"p": Real(0, 1), "q": Real(0, 1), "kind": Choice(["x", "y", "z"])})
        >>> points = OrthogonalArray("L9").points(space, seed=0)
        >>> len(points), points["p"].unique().tolist()
        (9, [0.0, 0.5, 1.0])
    """

    array: str | None = field(
        default=None,
        metadata={"help": "L9, L18(2^1 3^7) …; empty for the smallest that fits the parameters."},
    )
    levels: int | Mapping[str, int] | None = field(
        default=None,
        metadata={
            "help": "Levels to take from each range: one number for all, or one by name. Else what the array has."
        },
    )

    def __post_init__(self) -> None:
        if self.array is not None:
            if not isinstance(self.array, str):
                raise DesignError(f"OrthogonalArray has array={self.array!r}. Give a name, such as 'L9'.")
            find_arrays(self.array)
        object.__setattr__(self, "levels", checked_levels(self, self.levels))

    @override
    def points(self, space: ParameterSpace, seed: int) -> "pd.DataFrame":
        array, places = self._fitting(space)
        columns = array.make()
        asked = FrozenDict(
            {name: array.columns[place] for name, place in places.items() if not _listed(space, name)}
        )
        values = levels_of(self, space, asked)
        return table(
            {name: column(values[name])[columns[:, place]] for name, place in places.items()}, array.runs
        )

    @override
    def n_points(self, space: ParameterSpace) -> int:
        return self._fitting(space)[0].runs

    def _fitting(self, space: ParameterSpace) -> tuple[Array, dict[str, int]]:
        """The array, and the column of each parameter that varies."""
        if not space.varied:
            raise DesignError(
                "OrthogonalArray has nothing to vary: all parameters are held fixed. "
                "Give at least one a range, or use FullFactorial() for the one point there is."
            )
        arrays = list(ARRAYS.values()) if self.array is None else find_arrays(self.array)
        wanted = self._wanted(space)
        for array in arrays:
            if (places := _places(array.columns, wanted)) is not None:
                return array, places
        needs = ", ".join(f"'{name}' {each.exactly or 'any'}" for name, each in wanted.items())
        fitting = [each.name for each in ARRAYS.values() if _places(each.columns, wanted) is not None]
        instead = f"Take {' or '.join(fitting[:3])}" if fitting else "Write out other numbers of levels"
        named = f"'{self.array}' has no columns" if self.array is not None else "has no array with columns"
        raise DesignError(
            f"OrthogonalArray {named} for these levels: {needs}. {instead}, hold a parameter fixed, or use FullFactorial."
        )

    def _wanted(self, space: ParameterSpace) -> dict[str, "_Wanted"]:
        common = self.levels if isinstance(self.levels, int) else _LEVELS if self.array is None else None
        given = self.levels if isinstance(self.levels, Mapping) else {}
        ranges = dict.fromkeys((name for name in space.varied if not _listed(space, name)), common or _LEVELS)
        counts = levels_of(self, space, FrozenDict({**ranges, **given}), count_only=True)
        free = {name for name in ranges if common is None and name not in given}
        return {
            name: _Wanted(None if name in free else counts[name], parameter.count)
            for name, parameter in space.varied.items()
        }


@dataclass(frozen=True)
class _Wanted:
    """The number of levels that a parameter must have, or None and the most that it can have."""

    exactly: int | None
    most: int | None


def _places(columns: tuple[int, ...], wanted: Mapping[str, _Wanted]) -> dict[str, int] | None:
    """A column for each parameter, None when there is not one for all; those that can have but one number choose first."""
    free = dict(enumerate(columns))
    usual = Counter(columns).most_common(1)[0][0]
    places: dict[str, int] = {}
    for name in sorted(wanted, key=lambda name: wanted[name].exactly is None):
        need = wanted[name]
        able = [
            place
            for place, levels in free.items()
            if (
                levels == need.exactly
                if need.exactly is not None
                else need.most is None or levels <= need.most
            )
        ]
        if not able:
            return None
        places[name] = min(able, key=lambda place: (columns[place] != usual, place))
        del free[places[name]]
    return {name: places[name] for name in wanted}


def _listed(space: ParameterSpace, name: str) -> bool:
    return isinstance(space.varied[name], Choice | Levels)
