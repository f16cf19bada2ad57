"""New points for methods: drawn evenly from the space, as far as the constraints allow, and none twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mesa_lab.formatting import records
from mesa_lab.preparation.encoding import canonical
from mesa_lab.preparation.parameters.space import ParameterSpace

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.search.history import Floats, History

__all__ = ["allowed_values", "fresh", "nothing_left", "rows_of", "spread", "uniform"]

_ROUNDS: Final = 12
"""How often new points are drawn before the space is taken for exhausted, twice as many each time."""


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return points as rows of plain values by name."""
    if any(frame[name].dtype == object for name in frame):
        columns = {str(name): frame[name].tolist() for name in frame.columns}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return list(records(frame))


def allowed_values(space: ParameterSpace, unit: Floats) -> list[dict[str, Any]]:
    """Turn points of the unit cube into values, without those that break a constraint."""
    frame = space.from_unit(unit)
    if not space.constraints:
        return rows_of(frame)
    return rows_of(frame[space.allowed(frame)].reset_index(drop=True))


def fresh(
    values: Iterable[Mapping[str, Any]], taken: set[str], most: int | None = None
) -> list[Mapping[str, Any]]:
    """Return those values that are not taken, each once, and take them.

    Args:
        values: Rows of values.
        taken: Texts of points (`preparation.encoding.canonical`) that are not to come again; what is returned is added.
        most: How many to return at most.
    """
    found: list[Mapping[str, Any]] = []
    for row in values:
        if most is not None and len(found) >= most:
            break
        text = canonical(row)
        if text not in taken:
            taken.add(text)
            found.append(row)
    return found


def taken_by(history: History) -> set[str]:
    """Return the texts of all points that a search has had."""
    return set(history.texts)


def nothing_left(history: History) -> str:
    """Say why there is no new point: all have been tried, or none keeps the constraints."""
    if history.n_points or not history.space.constraints:
        return "Every point of the space has been tried."
    return (
        f"None of the points that were drawn keeps the constraints ({', '.join(history.space.constraints)}). Widen the ranges or "
        "drop a constraint."
    )


def uniform(
    history: History, n: int, rng: np.random.Generator, taken: set[str] | None = None
) -> list[Mapping[str, Any]]:
    """Draw new points evenly from the space.

    Args:
        history: What is known.
        n: How many.
        rng: The source of chance.
        taken: Points that are not to come again; None for those of the history.

    Returns:
        Rows of values; fewer than asked for where the space has no more.
    """
    taken = taken_by(history) if taken is None else taken
    found: list[Mapping[str, Any]] = []
    size = max(2 * n, 8)
    for _ in range(_ROUNDS):
        unit = rng.random((size, len(history.space.varied)))
        found += fresh(allowed_values(history.space, unit), taken, n - len(found))
        if len(found) >= n:
            break
        size *= 2
    return found


def spread(
    history: History, n: int, rng: np.random.Generator, purpose: str = "start"
) -> list[Mapping[str, Any]]:
    """Return further points of one space-filling sequence for the whole search: scrambled Sobol' points.

    Points that were asked for before, by whatever rule, count as places of the sequence that are taken.

    Args:
        history: What is known.
        n: How many.
        rng: The source of chance where the sequence does not do.
        purpose: Tells sequences apart.
    """
    from scipy.stats import qmc  # by way of the package, which a thread may be importing

    k = len(history.space.varied)
    taken = taken_by(history)
    if k > 21_000:
        return uniform(history, n, rng, taken)
    words = [int(byte) for byte in purpose.encode()]
    seeded = np.random.default_rng(np.random.SeedSequence(history.seed, spawn_key=(2**32 - 1, *words)))
    sampler = qmc.Sobol(k, scramble=True, rng=seeded)
    found: list[Mapping[str, Any]] = []
    exponent = max(int(np.ceil(np.log2(max(history.n_points + n, 2)))), 3)
    for power in (exponent, exponent + 1, exponent + 2):
        unit = (
            np.asarray(sampler.random(2**power))
            if power == exponent
            else np.asarray(sampler.random(2 ** (power - 1)))
        )
        found += fresh(allowed_values(history.space, unit), taken, n - len(found))
        if len(found) >= n:
            return found
    return found + uniform(history, n - len(found), rng, taken)
