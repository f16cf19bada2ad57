"""Parameters that go together: rank correlations, made by a Gaussian copula in the unit cube.

Each parameter keeps its own range or distribution; only which of its values meet which of another's changes. So any design
that fills the unit cube can have them, and knows nothing of it. No parameter's type is known here, but whether it has an order.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np

from mesa_lab.errors import ParameterError, suggest
from mesa_lab.preparation.parameters import Choice, Levels, Parameter
from mesa_lab.preparation.parameters.value_keys import FrozenDict, plain

__all__ = ["correlated", "independent", "read_correlations"]

_EDGE: Final = 1e-12
"""How near to the ends of the unit interval normal scores are taken; at 0 and 1 they are infinite."""

type Pairs = Mapping[tuple[str, str], float]
type Cube = np.ndarray[Any, np.dtype[np.float64]]


def read_correlations(given: Any, varied: Mapping[str, Parameter], known: Mapping[str, Any]) -> FrozenDict:
    """Check rank correlations between parameters.

    Args:
        given: By pair, `{("sheep", "wolves"): 0.6}`, or by parameter, `{"sheep": {"wolves": 0.6}}`; None for none.
        varied: The parameters that vary.
        known: All parameters, for messages.

    Returns:
        Each correlation once, by pair of names in the order of the parameters.

    Raises:
        ParameterError: If a name is unknown or does not vary, a number is no correlation, values have no order, or no values
            can have all these correlations at once.
    """
    if given is None:
        return FrozenDict()
    if not isinstance(given, Mapping):
        raise ParameterError(
            f"correlations is {given!r:.80}. Give a dict: {{('a', 'b'): 0.6}}, or {{'a': {{'b': 0.6}}}}."
        )
    order = {name: place for place, name in enumerate(varied)}
    pairs: dict[tuple[str, str], float] = {}
    for one, other, value in _each(given):
        for name in (one, other):
            _check_name(name, varied, known)
        if one == other:
            raise ParameterError(f"correlations has '{one}' with itself, which is always 1. Leave it out.")
        pair = (one, other) if order[one] < order[other] else (other, one)
        if pair in pairs:
            raise ParameterError(f"correlations has '{pair[0]}' and '{pair[1]}' twice. Say it once.")
        number = plain(value)
        if isinstance(number, bool) or not isinstance(number, int | float) or not -1 < number < 1:
            raise ParameterError(
                f"The correlation of '{one}' and '{other}' is {value!r}. Give a number between -1 and 1, both excluded."
            )
        pairs[pair] = float(number)
    ordered = FrozenDict(sorted(pairs.items(), key=lambda item: (order[item[0][0]], order[item[0][1]])))
    _check_definite(ordered)
    return ordered


def _each(given: Mapping[Any, Any]) -> Iterator[tuple[Any, Any, Any]]:
    for key, value in given.items():
        if isinstance(key, tuple) and len(key) == 2:
            yield *key, value
        elif isinstance(key, str) and isinstance(value, Mapping):
            yield from ((key, other, number) for other, number in value.items())
        else:
            raise ParameterError(
                f"correlations holds {key!r}: {value!r}. Write {{('a', 'b'): 0.6}}, or {{'a': {{'b': 0.6}}}}."
            )


def _check_name(name: Any, varied: Mapping[str, Parameter], known: Mapping[str, Any]) -> None:
    if name not in varied:
        why = "is held fixed" if name in known else "is not among the parameters"
        raise ParameterError(
            f"correlations names {name!r}, which {why}.{suggest(str(name), varied)} "
            f"These vary: {', '.join(varied) or 'none'}."
        )
    parameter = varied[name]
    if isinstance(parameter, Choice | Levels) and len(parameter.values) > 2:
        numbers = all(
            isinstance(each, int | float) and not isinstance(each, bool) for each in parameter.values
        )
        if isinstance(parameter, Choice) or not numbers or list(parameter.values) != sorted(parameter.values):
            raise ParameterError(
                f"correlations names '{name}', whose values have no order: {parameter}. Write numbers in ascending order, or "
                "leave it out."
            )


def _check_definite(pairs: Pairs) -> None:
    if _definite(pairs):
        return
    weaker = next(
        share
        for share in range(99, 0, -1)
        if _definite({pair: value * share / 100 for pair, value in pairs.items()})
    )
    said = ", ".join(f"{one} and {other} {value:g}" for (one, other), value in pairs.items())
    raise ParameterError(
        f"No values can have these correlations at once: {said}. Their matrix is not positive definite. "
        f"Weaken them: all of them times {weaker / 100:g} would do."
    )


def _definite(pairs: Pairs) -> bool:
    names, matrix = _normal(tuple(pairs.items()))
    return not names or float(np.linalg.eigvalsh(matrix).min()) > 1e-9


@lru_cache(maxsize=64)
def _normal(pairs: tuple[tuple[tuple[str, str], float], ...]) -> tuple[tuple[str, ...], Cube]:
    """The parameters concerned, and the correlations of their normal scores that give these rank correlations."""
    names = tuple(dict.fromkeys(name for pair, _ in pairs for name in pair))
    matrix = np.eye(len(names))
    for (one, other), value in pairs:
        i, j = names.index(one), names.index(other)
        matrix[i, j] = matrix[j, i] = 2 * np.sin(np.pi * value / 6)  # Pearson (1907); Cario & Nelson (1997)
    return names, matrix


def correlated(cube: Cube, names: tuple[str, ...], pairs: Pairs) -> Cube:
    """Return points of the unit cube with rank correlations between their coordinates, which stay uniform.

    A Gaussian copula (Nelsen 2006, An Introduction to Copulas, section 2.3): the points' normal scores are multiplied by the
    Cholesky factor of their correlations. Coordinates that are in no pair stay as they are, and so does the first of each.

    Args:
        cube: Points with independent coordinates, an array of shape (points, parameters).
        names: The parameters, in the order of the columns.
        pairs: The correlations by pair.

    Example:
        >>> unit = np.random.default_rng(1).random((2000, 2))
        >>> moved = correlated(unit, ("a", "b"), {("a", "b"): 0.6})
        >>> bool(abs(np.corrcoef(moved, rowvar=False)[0, 1] - 0.6) < 0.05)
        True
    """
    return _moved(cube, names, pairs, back=False)


def independent(cube: Cube, names: tuple[str, ...], pairs: Pairs) -> Cube:
    """Return what `correlated` was given."""
    return _moved(cube, names, pairs, back=True)


def _moved(cube: Cube, names: tuple[str, ...], pairs: Pairs, *, back: bool) -> Cube:
    from scipy.special import ndtr, ndtri

    concerned, matrix = _normal(tuple(pairs.items()))
    places = [names.index(name) for name in concerned]
    factor = np.linalg.cholesky(matrix)
    scores = ndtri(np.clip(cube[:, places], _EDGE, 1 - _EDGE))
    mixed = np.linalg.solve(factor, scores.T).T if back else scores @ factor.T
    moved = cube.copy()
    moved[:, places[1:]] = ndtr(mixed)[:, 1:]  # the first goes its own way, exactly
    return moved
