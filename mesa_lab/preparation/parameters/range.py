"""What `Real` and `Integer` share: two ends, and the distribution between them."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from mesa_lab.errors import ParameterError, suggest
from mesa_lab.preparation.parameters import distributions
from mesa_lab.preparation.parameters.parameter import Array, Parameter
from mesa_lab.preparation.parameters.value_keys import FrozenDict, plain

__all__ = ["Ranged"]


class Ranged(Parameter):
    """A parameter with a lowest and a highest value, or a distribution that they may cut off."""

    low: float | None
    high: float | None
    distribution: str | None
    arguments: Mapping[str, float]

    def _take_arguments(self, arguments: Mapping[str, Any] | None, more: Mapping[str, Any]) -> FrozenDict:
        """Check a distribution's arguments, given as a mapping or as keywords."""
        name = type(self).__name__
        if arguments is not None and not isinstance(arguments, Mapping):
            raise ParameterError(
                f"{name} has arguments={arguments!r:.80}. Give them by name: arguments={{'loc': 0}}."
            )
        given = FrozenDict(
            {argument: plain(value) for argument, value in {**(arguments or {}), **more}.items()}
        )
        if self.distribution is not None:
            distributions.find(self.distribution, distributions.arguments_of(given))
        elif given:
            unknown = next(iter(given))
            known = [each.name for each in fields(self)]
            raise ParameterError(
                f"{name} takes no '{unknown}'.{suggest(unknown, known)} It takes: {', '.join(known)}, "
                "and with a distribution that distribution's arguments."
            )
        return given

    def _check_order(self) -> None:
        low, high = self.low, self.high
        if low is not None and high is not None and low > high:
            raise ParameterError(f"low is {low:g}, above high, which is {high:g}. Swap them.")
        if low is not None and low == high:
            raise ParameterError(
                f"low and high are both {low:g}. To hold a parameter fixed, give the plain value instead of a range."
            )
        if self.distribution is not None:
            distributions.check_cut(*self._source, low, high)

    def _quantiles(self, unit: Any) -> Array:
        return distributions.quantiles(*self._source, self.low, self.high, unit)

    def _ranks(self, values: Any) -> Array:
        ranks: Array = distributions.ranks(*self._source, self.low, self.high, values)
        return ranks

    def _within(self, value: float) -> bool:
        if self.distribution is not None:
            least, most = distributions.support(*self._source)
            if not least <= value <= most:
                return False
        return (self.low is None or self.low <= value) and (self.high is None or value <= self.high)

    @property
    def _source(self) -> tuple[str, distributions.Arguments]:
        assert self.distribution is not None
        return self.distribution, distributions.arguments_of(self.arguments)
