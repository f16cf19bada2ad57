"""The terms of a factorial model as columns: main effects, bends and interactions on coded levels, and their aliases.

Numbers and factors of two levels are coded from -1 (lowest) to 1 (highest), along the scale of the parameter; a choice of
several levels by the deviations of all levels but the last from their mean. Which terms can be told apart is found from the
matrix itself, whatever the design is called: a term is taken up when its columns add to the rank, and else it is an alias.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from mesa_lab.formatting import shorten
from mesa_lab.processing.analysis.observations import Factor

__all__ = ["Model", "Term", "coded", "is_quadratic", "main_name", "model_of"]

type Floats = npt.NDArray[np.float64]

TOLERANCE: Final = 1e-7
PARTLY: Final = 0.05
"""A term that leaks by less than this into another is not called its alias."""
MOST_TERMS: Final = 300
TIMES: Final = " × "


@dataclass(frozen=True, eq=False)
class Term:
    """One term of the model.

    Attributes:
        name: Such as "density", "density²" or "density × radius".
        factors: The numbers of the parameters in it.
        kind: "main", "bend" or "interaction".
        columns: Its columns at the points.
    """

    name: str
    factors: tuple[int, ...]
    kind: str
    columns: Floats


@dataclass(frozen=True, eq=False)
class Model:
    """The terms that can be told apart, and what cannot.

    Attributes:
        terms: The terms of the model, in order: main effects, bends, interactions.
        matrix: The columns of all terms, after one of ones.
        places: Which columns of the matrix belong to each term.
        aliases: For each term the names of terms that are not in the model and show in it.
        two_level: Whether all parameters have two levels and all columns are orthogonal: effects are contrasts.
    """

    terms: tuple[Term, ...]
    matrix: Floats
    places: tuple[slice, ...]
    aliases: tuple[tuple[str, ...], ...]
    two_level: bool

    @property
    def n_columns(self) -> int:
        """How many columns the matrix has, the constant included."""
        return int(self.matrix.shape[1])


def is_quadratic(model: Model, parameters: int) -> bool:
    """Whether the model is the full second-order one of numbers: all slopes, all bends, all pairs."""
    kinds = [term.kind for term in model.terms]
    two_way = sum(1 for term in model.terms if term.kind == "interaction" and len(term.factors) == 2)
    bends = {term.factors for term in model.terms if term.kind == "bend" and term.name != "curvature"}
    all_pairs = parameters * (parameters - 1) // 2
    return kinds.count("main") == parameters and len(bends) == parameters and two_way == all_pairs


def coded(factor: Factor) -> Floats:
    """Return one parameter as columns: coded -1 to 1, or deviations of levels for a choice of several."""
    if not factor.categorical:
        low, high = factor.unit.min(), factor.unit.max()
        return np.asarray(2 * (factor.unit - low) / (high - low) - 1)[:, None]
    last = len(factor.levels) - 1
    columns = np.zeros((len(factor.codes), last))
    inner = factor.codes < last
    columns[np.flatnonzero(inner), factor.codes[inner]] = 1.0
    columns[~inner] = -1.0
    return columns


def main_name(factor: Factor) -> str:
    """Return the name of a parameter as a term is called."""
    return shorten(factor.name)


def model_of(factors: Sequence[Factor], *, saturated: bool = False) -> Model:
    """Build the model that the points allow.

    Args:
        factors: The parameters at the points.
        saturated: Take up interactions of any order, until nothing is left: for designs of two levels that were run once.
    """
    n = len(factors[0].codes)
    columns = [coded(factor) for factor in factors]
    candidates = [Term(main_name(f), (at,), "main", columns[at]) for at, f in enumerate(factors)]
    candidates += [
        Term(f"{main_name(factor)}²", (at,), "bend", columns[at] ** 2)
        for at, factor in enumerate(factors)
        if not factor.categorical and len(factor.levels) > 2
    ]
    pairs = [_product(factors, columns, pair) for pair in combinations(range(len(factors)), 2)]
    candidates += pairs[: max(0, MOST_TERMS - len(candidates))]
    taken: list[Term] = []
    left: list[Term] = []
    basis = np.full((n, 1), 1 / np.sqrt(n))
    higher = _higher(factors, columns) if saturated else iter(())
    for term in _chain(candidates, higher):
        if basis.shape[1] >= n:
            left.append(term)
            if len(term.factors) > 2:
                break
            continue
        residual = term.columns - basis @ (basis.T @ term.columns)
        scale = np.linalg.norm(term.columns - term.columns.mean(axis=0))
        values, vectors = _orthonormal(residual, scale)
        if vectors.shape[1] < term.columns.shape[1] or values == 0:
            left.append(term)
            continue
        basis = np.hstack([basis, vectors])
        taken.append(term)
    taken, left = _curvature(taken, left, factors)
    matrix = np.hstack([np.ones((n, 1)), *(term.columns for term in taken)])
    ends = np.cumsum([1, *(term.columns.shape[1] for term in taken)])
    places = tuple(slice(int(a), int(b)) for a, b in pairwise(ends))
    two_level = all(len(factor.levels) == 2 for factor in factors) and _is_orthogonal(matrix)
    shown = [term for term in left if len(term.factors) <= 2]
    return Model(tuple(taken), matrix, places, _aliases(matrix, places, shown), two_level)


def _product(factors: Sequence[Factor], columns: Sequence[Floats], members: Sequence[int]) -> Term:
    product = columns[members[0]]
    for other in members[1:]:
        product = (product[:, :, None] * columns[other][:, None, :]).reshape(len(product), -1)
    name = TIMES.join(main_name(factors[at]) for at in members)
    return Term(name, tuple(members), "interaction", product)


def _higher(factors: Sequence[Factor], columns: Sequence[Floats]) -> Iterable[Term]:
    for order in range(3, len(factors) + 1):
        for members in combinations(range(len(factors)), order):
            yield _product(factors, columns, members)


def _chain(first: Iterable[Term], then: Iterable[Term]) -> Iterable[Term]:
    yield from first
    yield from then


def _orthonormal(residual: Floats, scale: float) -> tuple[float, Floats]:
    """Return an orthonormal basis of the columns that are left, none where they are nothing beside the term."""
    if scale <= TOLERANCE:
        return 0.0, residual[:, :0]
    q, r = np.linalg.qr(residual)
    size = np.abs(np.diag(r))
    keep = size > TOLERANCE * max(scale, 1.0)
    return float(size.max(initial=0.0)), q[:, keep]


def _curvature(
    taken: list[Term], left: list[Term], factors: Sequence[Factor]
) -> tuple[list[Term], list[Term]]:
    """Call the one bend that centre points show "curvature" where it may be that of any parameter."""
    bends = [term for term in taken if term.kind == "bend"]
    others = [term for term in left if term.kind == "bend"]
    if len(bends) != 1 or not others:
        return taken, left
    one = bends[0].columns
    if not all(np.allclose(term.columns, one, atol=1e-6) for term in others):
        return taken, left
    named = Term("curvature", bends[0].factors, "bend", one)
    return [named if term is bends[0] else term for term in taken], [bends[0], *left]


def _is_orthogonal(matrix: Floats) -> bool:
    product = matrix.T @ matrix
    return bool(np.abs(product - np.diag(np.diag(product))).max(initial=0.0) < TOLERANCE * len(matrix))


def _aliases(matrix: Floats, places: Sequence[slice], left: Sequence[Term]) -> tuple[tuple[str, ...], ...]:
    """Name the terms outside of the model that show in each term: what of them its coefficient would take up."""
    found: list[list[str]] = [[] for _ in places]
    if not left:
        return tuple(() for _ in places)
    stacked = np.hstack([term.columns for term in left])
    leaks = np.linalg.lstsq(matrix, stacked, rcond=None)[0]
    start = 0
    for term in left:
        width = term.columns.shape[1]
        share = np.abs(leaks[:, start : start + width])
        start += width
        for at, place in enumerate(places):
            size = float(share[place].max())
            if size > PARTLY:
                whole = width == 1 and size > 1 - 1e-6 and np.sum(share[1:] > PARTLY) == 1
                found[at].append(term.name if whole else f"{term.name} (partly)")
    return tuple(tuple(names) for names in found)
