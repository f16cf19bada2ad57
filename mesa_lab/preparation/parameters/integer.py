"""Whole numbers."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, override

import numpy as np

from mesa_lab.errors import ParameterError
from mesa_lab.preparation.limits import shortened
from mesa_lab.preparation.parameters import distributions
from mesa_lab.preparation.parameters.parameter import Array, number_of_levels, whole
from mesa_lab.preparation.parameters.range import Ranged
from mesa_lab.preparation.parameters.value_keys import FrozenDict, plain

__all__ = ["Integer"]

_LARGEST = 2.0**63


@dataclass(frozen=True, eq=False, repr=False, init=False)
class Integer(Ranged):
    """A whole number: evenly over a range, in steps, or from a discrete distribution.

    Args:
        low: The lowest value. With a distribution: cut off what lies below.
        high: The highest value that may be taken. With a distribution: cut off what lies above.
        step: From one value to the next.
        distribution: The name of a discrete distribution of scipy.stats, such as `"poisson"`; `"randint"`, which excludes
            its `high`, becomes the range that it stands for.
        arguments: The distribution's arguments by name; they can also be given as keywords.

    Raises:
        ParameterError: If low is not below high, a number is not whole, or the distribution is unknown.

    Example:
        >>> Integer(10, 30, step=10).levels()
        (10, 20, 30)
        >>> Integer(1, 2).levels(3)
        (1, 2)
    """

    low: int | None = field(default=None, metadata={"help": "The lowest value."})
    high: int | None = field(default=None, metadata={"help": "The highest value."})
    step: int = field(default=1, metadata={"help": "From one value to the next."})
    distribution: str | None = field(
        default=None,
        metadata={"help": "Draw from this discrete distribution of scipy.stats, such as poisson."},
    )
    arguments: Mapping[str, float] = field(
        default_factory=FrozenDict, metadata={"help": "The distribution's arguments by name, such as mu."}
    )

    example: ClassVar[str] = "Integer(1, 10)"

    def __init__(
        self,
        low: int | None = None,
        high: int | None = None,
        step: int = 1,
        distribution: str | None = None,
        arguments: Mapping[str, float] | None = None,
        **more: float,
    ) -> None:
        settle = object.__setattr__
        if distribution == "randint":  # evenly over a range, but for an end that scipy excludes
            low, high = distributions.whole_range(low, high, {**(arguments or {}), **more})
            distribution, arguments, more = None, None, {}
        settle(self, "low", None if low is None else whole("low", low))
        settle(self, "high", None if high is None else whole("high", high))
        settle(self, "step", whole("step", step))
        settle(self, "distribution", distribution)
        settle(self, "arguments", self._take_arguments(arguments, more))
        if self.step < 1:
            raise ParameterError(f"Integer has step={step!r}. Give a whole number from 1.")
        if distribution is not None:
            if self.step != 1:
                raise ParameterError("Integer has a step and a distribution. Give one of them.")
            if not distributions.is_discrete(distribution):
                raise ParameterError(
                    f"The distribution '{distribution}' gives real numbers. "
                    f"Use Real(distribution='{distribution}', …), or a discrete one such as poisson or binom."
                )
        elif self.low is None or self.high is None:
            raise ParameterError(
                "Integer needs a lowest and a highest value, as in Integer(1, 10), or a distribution, "
                "as in Integer(distribution='poisson', mu=3)."
            )
        self._check_order()
        if self.low is not None and self.high is not None and self.step > self.high - self.low:
            raise ParameterError(
                f"The step {self.step} is larger than the range {self.low} to {self.high}, which leaves one value. "
                "Make it smaller, or hold the parameter fixed at a plain value."
            )

    @property
    @override
    def count(self) -> int | None:
        ends = self._ends
        return None if ends is None else (ends[1] - ends[0]) // self.step + 1

    @property
    @override
    def base(self) -> int:
        ends = self._ends
        if ends is None or self.distribution is not None:
            return int(self._quantiles(np.array([0.5]))[0])
        return ends[0] + ((ends[1] - ends[0]) // self.step) // 2 * self.step

    @override
    def from_unit(self, unit: Any) -> Any:
        if self.distribution is not None:
            values = np.rint(self._quantiles(unit))
            if (np.abs(values) >= _LARGEST).any():
                raise ParameterError(
                    f"The distribution '{self.distribution}' gives whole numbers of more than 63 bits. Cut it off with high."
                )
            return values.astype(np.int64)
        low, count = self._ladder
        rung = np.floor(np.clip(np.asarray(unit, dtype=float), 0.0, 1.0) * count)
        if count <= 2**53 and abs(low) + count * self.step < 2**62:
            return low + self.step * np.minimum(rung, count - 1).astype(np.int64)
        return [low + self.step * min(int(each), count - 1) for each in rung]

    @override
    def to_unit(self, values: Iterable[Any]) -> Array:
        given = np.asarray(list(values), dtype=float)
        if self.distribution is not None:
            below = self._ranks(given - 1)
            return (below + self._ranks(given)) / 2
        low, count = self._ladder
        return np.clip(((given - low) / self.step + 0.5) / count, 0.0, 1.0)

    @override
    def levels(self, n: int | None = None) -> tuple[int, ...]:
        if n is not None and number_of_levels(n) == 1:
            return (self.base,)
        if n is not None and self.distribution is not None:
            return tuple(dict.fromkeys(self.from_unit((np.arange(n) + 0.5) / n).tolist()))
        count = self.count
        if count is None:
            raise ParameterError(f"{self} has no finite number of levels. Say how many, or list them.")
        low, _ = self._ladder
        if n is None or n >= count:
            return tuple(range(low, low + count * self.step, self.step))
        # Half up in whole numbers: floats would repeat or skip rungs of a very long ladder.
        return tuple(low + self.step * ((2 * i * (count - 1) + n - 1) // (2 * (n - 1))) for i in range(n))

    @override
    def contains(self, value: Any) -> bool:
        value = plain(value)
        if isinstance(value, bool) or not isinstance(value, int) or not self._within(value):
            return False
        return self.low is None or (value - self.low) % self.step == 0

    @override
    def parse(self, value: Any) -> int:
        value = plain(value)
        try:
            if isinstance(value, bool):
                raise ValueError
            return int(value) if isinstance(value, str) else whole("value", value)
        except ValueError:
            pass
        try:
            if isinstance(value, str):
                return whole("value", float(value))
        except ValueError:
            pass
        raise ParameterError(f"{shortened(value)} is no whole number") from None

    @property
    def _ends(self) -> tuple[int, int] | None:
        low, high = self.low, self.high
        if self.distribution is not None:
            least, most = distributions.support(*self._source)
            low = low if math.isinf(least) else int(least) if low is None else max(low, int(least))
            high = high if math.isinf(most) else int(most) if high is None else min(high, int(most))
        return None if low is None or high is None else (low, high)

    @property
    def _ladder(self) -> tuple[int, int]:
        ends, count = self._ends, self.count
        assert ends is not None
        assert count is not None
        return ends[0], count
