"""Real numbers."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Any, ClassVar, override

import numpy as np

from mesa_lab.errors import ParameterError
from mesa_lab.preparation.limits import shortened
from mesa_lab.preparation.parameters import distributions
from mesa_lab.preparation.parameters.parameter import Array, number_of_levels, real
from mesa_lab.preparation.parameters.range import Ranged
from mesa_lab.preparation.parameters.value_keys import FrozenDict, is_finite, plain

__all__ = ["Real"]


@dataclass(frozen=True, eq=False, repr=False, init=False)
class Real(Ranged):
    """A real number: evenly over a range, evenly over its logarithm, or from a distribution.

    Args:
        low: The lowest value. With a distribution: cut off what lies below.
        high: The highest value. With a distribution: cut off what lies above.
        log: Spread values evenly over orders of magnitude; both ends must be above 0.
        distribution: The name of a continuous distribution of scipy.stats, such as `"norm"`.
        arguments: The distribution's arguments by name; they can also be given as keywords.

    Raises:
        ParameterError: If low is not below high, or the distribution or its arguments are unknown.

    Example:
        >>> Real(0.1, 0.5).levels(5)
        (0.1, 0.2, 0.3, 0.4, 0.5)
        >>> Real(1, 1000, log=True).levels(4)
        (1.0, 10.0, 100.0, 1000.0)
        >>> Real(distribution="norm", loc=10, scale=2).base
        10.0
    """

    low: float | None = field(default=None, metadata={"help": "The lowest value."})
    high: float | None = field(default=None, metadata={"help": "The highest value."})
    log: bool = field(default=False, metadata={"help": "Spread values evenly over orders of magnitude."})
    distribution: str | None = field(
        default=None, metadata={"help": "Draw from this distribution of scipy.stats, such as norm or triang."}
    )
    arguments: Mapping[str, float] = field(
        default_factory=FrozenDict,
        metadata={"help": "The distribution's arguments by name, such as loc and scale."},
    )

    example: ClassVar[str] = "Real(0, 1)"

    def __init__(
        self,
        low: float | None = None,
        high: float | None = None,
        log: bool = False,
        distribution: str | None = None,
        arguments: Mapping[str, float] | None = None,
        **more: float,
    ) -> None:
        if log is not True and log is not False:
            raise ParameterError(f"Real has log={log!r}. Give True or False.")
        settle = object.__setattr__
        settle(self, "low", None if low is None else real("low", low))
        settle(self, "high", None if high is None else real("high", high))
        settle(self, "log", log)
        settle(self, "distribution", distribution)
        settle(self, "arguments", self._take_arguments(arguments, more))
        if distribution is not None:
            if log:
                raise ParameterError(
                    f"Real has log=True and the distribution '{distribution}'. Give one of them: "
                    "loguniform and lognorm are logarithmic by themselves."
                )
            if distributions.is_discrete(distribution):
                raise ParameterError(
                    f"The distribution '{distribution}' gives whole numbers. "
                    f"Use Integer(distribution='{distribution}', …)."
                )
        elif self.low is None or self.high is None:
            raise ParameterError(
                "Real needs a lowest and a highest value, as in Real(0, 1), or a distribution, "
                "as in Real(distribution='norm', loc=0, scale=1)."
            )
        self._check_order()
        if log and self.low is not None and self.low <= 0:
            raise ParameterError(
                f"A logarithmic range starts above 0, but low is {self.low:g}. "
                "Give a small positive low, or leave log out."
            )

    @property
    @override
    def count(self) -> int | None:
        return None

    @property
    @override
    def base(self) -> float:
        if self.distribution is not None:
            return float(self.from_unit(np.array([0.5]))[0])
        return float(self._spread(3)[1])

    @override
    def from_unit(self, unit: Any) -> Array:
        if self.distribution is not None:
            return self._quantiles(unit)
        low, high = self._ends
        share = np.clip(np.asarray(unit, dtype=float), 0.0, 1.0)
        if self.log:
            values = np.exp(math.log(low) * (1 - share) + math.log(high) * share)
        else:
            values = low * (1 - share) + high * share
        return np.clip(values, low, high)

    @override
    def to_unit(self, values: Iterable[Any]) -> Array:
        given = np.asarray(list(values), dtype=float)
        if self.distribution is not None:
            return self._ranks(given)
        low, high = self._ends
        given = np.clip(given, low, high)
        if self.log:
            return (np.log(given) - math.log(low)) / (math.log(high) - math.log(low))
        return (given / 2 - low / 2) / (high / 2 - low / 2)

    @override
    def levels(self, n: int | None = None) -> tuple[float, ...]:
        if n is None:
            raise ParameterError(f"{self} has no finite number of levels. Say how many, or list them.")
        if number_of_levels(n) == 1:
            return (self.base,)
        if self.distribution is not None:
            return tuple(dict.fromkeys(self.from_unit((np.arange(n) + 0.5) / n).tolist()))
        return tuple(dict.fromkeys(self._spread(n)))

    @override
    def contains(self, value: Any) -> bool:
        value = plain(value)
        return is_finite(value) and self._within(value)

    @override
    def parse(self, value: Any) -> float:
        value = plain(value)
        try:
            if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
                raise ValueError
            number = float(value)
            if not math.isfinite(number):
                raise ValueError
        except (ValueError, OverflowError):
            raise ParameterError(f"{shortened(value)} is no real number") from None
        return number

    @property
    def _ends(self) -> tuple[float, float]:
        assert self.low is not None
        assert self.high is not None
        return self.low, self.high

    def _spread(self, n: int) -> list[float]:
        """Even steps in decimal arithmetic: 0.3, where binary steps of 0.1 give 0.30000000000000004."""
        with localcontext(prec=60):
            low, high = (Decimal(repr(end)) for end in self._ends)
            if self.log:
                start, width = low.ln(), high.ln() - low.ln()
                inner = [float((start + width * i / (n - 1)).exp()) for i in range(1, n - 1)]
            else:
                inner = [float(low + (high - low) * i / (n - 1)) for i in range(1, n - 1)]
        return [self._ends[0], *inner, self._ends[1]]
