"""The distributions that a form offers, with their arguments in plain words.

Any other distribution of scipy.stats can be typed by name; its arguments then have scipy's names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["CUTS", "DISTRIBUTIONS", "Distribution", "arguments_of"]


@dataclass(frozen=True)
class Distribution:
    """A distribution as a form shows it.

    Attributes:
        name: Its name in scipy.stats.
        label: What people call it.
        arguments: Its arguments and what they mean.
        whole: Whether it gives whole numbers.
    """

    name: str
    label: str
    arguments: tuple[tuple[str, str], ...]
    whole: bool = False


DISTRIBUTIONS: Final = (
    Distribution("norm", "Normal", (("loc", "Mean"), ("scale", "SD"))),
    Distribution("uniform", "Uniform", (("loc", "From"), ("scale", "Width"))),
    Distribution("triang", "Triangular", (("c", "Peak (0 to 1)"), ("loc", "From"), ("scale", "Width"))),
    Distribution("lognorm", "Log-normal", (("s", "SD of the log"), ("scale", "Median"))),
    Distribution("expon", "Exponential", (("loc", "From"), ("scale", "Mean above it"))),
    Distribution("gamma", "Gamma", (("a", "Shape"), ("scale", "Scale"))),
    Distribution("beta", "Beta", (("a", "a"), ("b", "b"), ("loc", "From"), ("scale", "Width"))),
    Distribution("weibull_min", "Weibull", (("c", "Shape"), ("scale", "Scale"))),
    Distribution("poisson", "Poisson", (("mu", "Mean"),), whole=True),
    Distribution("binom", "Binomial", (("n", "Trials"), ("p", "Chance")), whole=True),
    Distribution("nbinom", "Negative binomial", (("n", "Successes"), ("p", "Chance")), whole=True),
    Distribution("geom", "Geometric", (("p", "Chance"),), whole=True),
)

CUTS: Final = (("low", "At least"), ("high", "At most"))
"""Where a distribution may be cut off."""


def arguments_of(name: str) -> tuple[tuple[str, str], ...]:
    """Return the arguments of a distribution with their labels, those that cut it off last.

    Example:
        >>> [argument for argument, _ in arguments_of("norm")]
        ['loc', 'scale', 'low', 'high']
    """
    known = next((each for each in DISTRIBUTIONS if each.name == name), None)
    own = known.arguments if known else _from_scipy(name)
    return (*own, *CUTS) if own else ()


def _from_scipy(name: str) -> tuple[tuple[str, str], ...]:
    from scipy import stats

    found = getattr(stats, name, None) if name.isidentifier() else None
    if not isinstance(found, stats.rv_continuous | stats.rv_discrete):
        return ()
    shapes = [part.strip() for part in (found.shapes or "").split(",") if part.strip()]
    places = ["loc", "scale"] if isinstance(found, stats.rv_continuous) else ["loc"]
    return tuple((argument, argument) for argument in [*shapes, *places])
