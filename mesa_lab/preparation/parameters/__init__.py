"""The kinds of parameters: Real, Integer, Choice and Levels.

A kind knows its values and their types, and how numbers in [0, 1] turn into them. It knows neither
its own name nor the other parameters of its space.
"""

from typing import Any

from mesa_lab.preparation.parameters import distributions
from mesa_lab.preparation.parameters.choice import Choice, Levels
from mesa_lab.preparation.parameters.integer import Integer
from mesa_lab.preparation.parameters.parameter import Parameter
from mesa_lab.preparation.parameters.real import Real

__all__ = ["Choice", "Integer", "Levels", "Parameter", "Real", "from_distribution"]


def from_distribution(source: Any, /, **arguments: Any) -> Real | Integer:
    """Return a parameter drawn from a distribution: an `Integer` for a discrete one, else a `Real`.

    Args:
        source: A distribution's name in scipy.stats, or a frozen distribution made by it.
        **arguments: The distribution's arguments; also `low` and `high`, to cut off its tails.

    Raises:
        ParameterError: If it is unknown, or does not take these arguments.

    Example:
        >>> from_distribution("poisson", mu=3)
        Integer(distribution='poisson', mu=3)
        >>> from scipy import stats
        >>> from_distribution(stats.randint(20, 40))
        Integer(20, 39)
    """
    name, own = (source, {}) if isinstance(source, str) else distributions.describe(source)
    kind = Integer if distributions.is_discrete(name) else Real
    cuts = {end: arguments.pop(end) for end in ("low", "high") if end in arguments}
    return kind(distribution=name, arguments={**own, **arguments}, **cuts)
