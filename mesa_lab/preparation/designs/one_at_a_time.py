"""One-at-a-time designs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, override

from mesa_lab.errors import DesignError, ParameterError, suggest
from mesa_lab.preparation.designs.design import Design, check_memory, levels_of
from mesa_lab.preparation.designs.factorial import checked_levels
from mesa_lab.preparation.parameters.space import ParameterSpace, table
from mesa_lab.preparation.parameters.value_keys import frozen, key

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OneAtATime"]

DEFAULT_LEVELS = 5


@dataclass(frozen=True, eq=False)
class OneAtATime(Design):
    """A base case, then each parameter moved through its levels while the others stay: directions and shapes, no interactions.

    It shows direction and shape of each effect and finds thresholds, but no interactions (ten Broeke, van Voorn &
    Ligtenberg 2016, JASSS 19(1) 5).

    Args:
        levels: How many levels to take from each range: one number for all, one by name, or None for five.
        base: The base case by name; the middle of the range, or the first choice, for a parameter not named.

    Raises:
        DesignError: If a number of levels is no whole number from 1.

    Example:
        >>> from mesa_lab import Choice, Integer, ParameterSpace
        >>> space = ParameterSpace({"n": Integer(1, 3), "torus": Choice([True, False])})
        >>> OneAtATime().points(space, seed=0).values.tolist()
        [[2, True], [1, True], [3, True], [2, False]]
    """

    levels: int | Mapping[str, int] | None = field(
        default=None,
        metadata={"help": "Levels to take from each range: one number for all, or one by name. Else 5."},
    )
    base: Mapping[str, Any] | None = field(
        default=None,
        metadata={"help": "The base case by name; the middle of its range for a parameter not named."},
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", checked_levels(self, self.levels))
        if self.base is not None and not isinstance(self.base, Mapping):
            raise DesignError(
                f"OneAtATime has base={self.base!r}. Give values by name: base={{'name': value}}."
            )
        object.__setattr__(self, "base", frozen(self.base))

    @override
    def points(self, space: ParameterSpace, seed: int) -> "pd.DataFrame":
        check_memory(self, space)
        base = self.base_case(space)
        rows = [base]
        for name, values in levels_of(self, space, self._asked(space)).items():
            rows += [{**base, name: value} for value in values if not _same(value, base[name])]
        return table({name: [row[name] for row in rows] for name in space.varied}, len(rows))

    @override
    def advice(self, space: ParameterSpace) -> tuple[str, ...]:
        if len(space.varied) < 2:
            return ()
        return (
            "One at a time shows no interactions: what one parameter does when another has moved too stays unseen. "
            "FractionalFactorial(5) or FullFactorial(2) shows those of pairs.",
        )

    @override
    def n_points(self, space: ParameterSpace) -> int:
        counts = levels_of(self, space, self._asked(space), count_only=True)
        bound = 1 + int(sum(counts.values()))
        if bound > 1_000_000:  # enough to refuse it
            return bound
        base = self.base_case(space)
        levels = levels_of(self, space, self._asked(space))
        return 1 + sum(not _same(value, base[name]) for name, values in levels.items() for value in values)

    def base_case(self, space: ParameterSpace) -> dict[str, Any]:
        """Return the base case on a space.

        Raises:
            DesignError: If a value is given for a parameter that does not vary, or of another type.
        """
        base = dict(space.base)
        for name, value in (self.base or {}).items():
            if name not in space.varied:
                fix = (
                    "hold it at that value among the parameters"
                    if name not in space.fixed
                    else "change it there"
                )
                raise DesignError(
                    f"The base case of OneAtATime names '{name}', which does not vary.{suggest(str(name), space.varied)}"
                    f" These vary: {', '.join(space.varied) or 'none'}. Leave it out, or {fix}."
                )
            try:
                base[name] = space.varied[name].parse(value)
            except ParameterError as error:
                raise DesignError(f"The base case of OneAtATime has {name}={value!r}: {error}.") from None
        return base

    def _asked(self, space: ParameterSpace) -> dict[str, int]:
        """A number of levels for each parameter with a range; five where nothing is said."""
        from mesa_lab.preparation.parameters.space import Integer, Real

        if isinstance(self.levels, Mapping):
            ranges = {
                name: DEFAULT_LEVELS
                for name, each in space.varied.items()
                if isinstance(each, Real | Integer)
            }
            return {**ranges, **self.levels}
        return {
            name: self.levels or DEFAULT_LEVELS
            for name, each in space.varied.items()
            if isinstance(each, Real | Integer)
        }


def _same(value: Any, base: Any) -> bool:
    return key(value) == key(base)
