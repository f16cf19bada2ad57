"""A parameter space of each kind that a design may meet: mixed, odd, narrow, wide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mesa_lab.preparation.parameters.space import Choice, Integer, ParameterSpace, Real

__all__ = ["SPACES", "space_of_kind"]

_RANGES: Final[dict[str, Any]] = {
    "real": Real(0.1, 0.5),
    "log": Real(0.01, 100, log=True),
    "normal": Real(distribution="norm", loc=5, scale=2),
    "count": Integer(1, 9, step=2),
}

_KINDS: Final[dict[str, Callable[[], ParameterSpace]]] = {
    "mixed": lambda: ParameterSpace(
        {
            **_RANGES,
            "two": Integer(1, 2),
            "flag": Choice([True, False]),
            "kind": Choice(["a", None, 1, (1, 2), {"x": 1}]),
            "level": [10, 20.5, 40],
            "fixed": 7,
        }
    ),
    "ranges": lambda: ParameterSpace(
        {**_RANGES, "poisson": Integer(distribution="poisson", mu=50), "fixed": 7}
    ),
    "two levels or ranges": lambda: ParameterSpace(
        {**_RANGES, "two": Integer(1, 2), "flag": Choice([True, False]), "level": [10, 20.5], "fixed": 7}
    ),
    "three numbers or ranges": lambda: ParameterSpace({**_RANGES, "level": [40, 10, 20.5], "fixed": 7}),
    "lists of one length": lambda: ParameterSpace(
        {"real": Real(0, 1), "count": Integer(1, 9), "kind": ["a", None, 1, (1, 2)], "fixed": 7}
    ),
    "one range": lambda: ParameterSpace({"a": Real(0, 1)}),
    "one list": lambda: ParameterSpace({"a": ["x", "y", "z"]}),
    "two ranges": lambda: ParameterSpace({"a": Real(-1, 1), "b": Integer(0, 100)}),
    "one value to a parameter": lambda: ParameterSpace({"a": ["only"], "b": [None]}),
    "choices": lambda: ParameterSpace({"a": Choice(["x", "y", "z"]), "b": Choice([True, 1, "1", 1.5])}),
    "nothing varies": lambda: ParameterSpace({"a": 1, "b": "x"}),
    "no parameters": lambda: ParameterSpace({}),
    "odd names": lambda: ParameterSpace({name: Real(0, 1) for name in ("class", "größe", "C", "intercept")}),
    "enormous and tiny": lambda: ParameterSpace(
        {"large": Real(-1e300, 1e300), "small": Real(1e-300, 1e-290, log=True), "long": Integer(0, 10**15)}
    ),
    "ten ranges": lambda: ParameterSpace({f"p{number}": Real(0, 1) for number in range(10)}),
    "correlated": lambda: ParameterSpace(
        {"a": Real(0, 1), "b": Integer(1, 50), "c": Real(0, 1)}, correlations={("a", "b"): 0.6}
    ),
}

SPACES: Final[tuple[str, ...]] = tuple(_KINDS)
"""The names of the kinds."""


def space_of_kind(name: str) -> ParameterSpace:
    """Return a parameter space of a kind.

    Args:
        name: One of `SPACES`.

    Example:
        >>> list(space_of_kind("two ranges").varied)
        ['a', 'b']
    """
    return _KINDS[name]()
