"""SALib behind one door: what it does to its surroundings, and to data that it cannot take, ends here.

Of one NaN, and of a constant outcome, SALib 1.6 makes indices of 0 without a word; a seed of 0 counts as none; several
methods seed numpy's global generator, and set or emit warnings. Here such data are refused, seeds always count, and the
generator and the filters are put back. eFAST is computed by it; our own estimators are compared with its in the tests.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import ConclusionError

__all__ = ["analyse"]

type Floats = npt.NDArray[np.float64]

METHODS: Final = ("sobol", "morris", "fast", "rbd_fast", "pawn", "delta")
_NEEDS_POINTS: Final = ("morris", "rbd_fast", "pawn", "delta")

_ONE_AT_A_TIME: Final = threading.RLock()
"""The generator that some methods seed is that of the whole process."""


def analyse(
    method: str, y: Floats, k: int, x: Floats | None = None, *, seed: int = 0, **options: Any
) -> dict[str, Floats]:
    """Call one of SALib's methods on data that it can take.

    Args:
        method: One of `METHODS`: a module of `SALib.analyze`.
        y: The outcome at each point.
        k: The number of parameters.
        x: The points in the unit cube, for methods that need them.
        seed: Of whatever the method draws; 0 is a seed too.
        options: Those of the method.

    Returns:
        What it found, by the names that SALib gives, as arrays; names and notes are left out.

    Raises:
        ConclusionError: If a value is missing or infinite, or all are the same.
    """
    given: list[Any] = [x, y] if method in _NEEDS_POINTS else [y]
    for array in given:
        if not np.isfinite(array).all():
            wrong = int((~np.isfinite(array)).sum())
            raise ConclusionError(
                f"{wrong} of {np.size(array)} values are missing or infinite. Leave their blocks out."
            )
    if np.ptp(y) == 0:
        raise ConclusionError(f"The outcome is {float(y[0]):g} throughout: there is no variance to divide.")
    names = [f"x{number}" for number in range(1, k + 1)]  # never the user's
    problem = {"num_vars": k, "names": names, "bounds": [[0.0, 1.0]] * k}
    with _untouched():
        found = import_module(f"SALib.analyze.{method}").analyze(problem, *given, seed=seed + 1, **options)
    return {
        str(name): np.asarray(values, dtype=np.float64)
        for name, values in found.items()
        if _are_numbers(values)
    }


def _are_numbers(values: Any) -> bool:
    return all(
        isinstance(value, float | int | np.number) for value in np.asarray(values, dtype=object).ravel()
    )


@contextmanager
def _untouched() -> Iterator[None]:
    """Put numpy's global generator and the filters of warnings back as they were."""
    with _ONE_AT_A_TIME:
        state = np.random.get_state()
        try:
            with warnings.catch_warnings(record=True):
                # Recorded, neither shown nor raised: some methods put filters of their own before an "ignore".
                warnings.simplefilter("always")
                yield
        finally:
            np.random.set_state(state)
