"""SALib behind one door: what it does to its surroundings, and to data that it cannot take, ends here.

Of one NaN, and of a constant outcome, SALib 1.6 makes indices of 0 without a word; a seed of 0 counts as none; several
methods seed numpy's global generator, and set or emit warnings. Here such data are refused, seeds always count, and the
generator and the filters are put back. Its methods are known and tested widely: eFAST is computed by it, and the others are
what our own are compared with in the tests.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import ConclusionError

__all__ = ["delta", "efast", "morris", "pawn", "rbd_fast", "sobol"]

type Floats = npt.NDArray[np.float64]

_ONE_AT_A_TIME: Final = threading.RLock()
"""The generator that some methods seed is that of the whole process."""


def sobol(y: Floats, k: int, *, second_order: bool = False, seed: int = 0) -> dict[str, Floats]:
    """First and total indices of a Saltelli design: `S1`, `ST`, and `S2` with second order, each with `…_conf`."""
    from SALib.analyze import sobol as method

    return _analyse(method.analyze, k, y, (y,), seed, calc_second_order=second_order)


def morris(x: Floats, y: Floats, levels: int, *, seed: int = 0) -> dict[str, Floats]:
    """Elementary effects of points in the unit cube: `mu`, `mu_star`, `sigma`, `mu_star_conf`."""
    from SALib.analyze import morris as method

    return _analyse(method.analyze, x.shape[1], y, (x, y), seed, num_levels=levels)


def efast(y: Floats, k: int, *, harmonics: int = 4, seed: int = 0) -> dict[str, Floats]:
    """First and total indices of an eFAST design, one curve for each parameter: `S1`, `ST`."""
    from SALib.analyze import fast as method

    found = _analyse(method.analyze, k, y, (y,), seed, M=harmonics, num_resamples=2)
    return {
        name: found[name] for name in ("S1", "ST")
    }  # its intervals resample along the curve, which is not sound


def rbd_fast(x: Floats, y: Floats, *, harmonics: int = 10, seed: int = 0) -> dict[str, Floats]:
    """First-order indices of any points: `S1`, `S1_conf`."""
    from SALib.analyze import rbd_fast as method

    return _analyse(method.analyze, x.shape[1], y, (x, y), seed, M=harmonics)


def pawn(x: Floats, y: Floats, slices: int, *, seed: int = 0) -> dict[str, Floats]:
    """PAWN indices of any points: `minimum`, `mean`, `median`, `maximum`."""
    from SALib.analyze import pawn as method

    return _analyse(method.analyze, x.shape[1], y, (x, y), seed, S=slices)


def delta(x: Floats, y: Floats, *, resamples: int = 10, seed: int = 0) -> dict[str, Floats]:
    """Borgonovo's delta of any points: `delta` with `delta_conf`, and `S1` with `S1_conf`."""
    from SALib.analyze import delta as method

    found = _analyse(method.analyze, x.shape[1], y, (x, y), seed, num_resamples=resamples)
    # The key was renamed in 1.6, where the estimate less its bias is "delta_balanced".
    name = next(each for each in ("delta", "delta_balanced", "delta_raw") if each in found)
    return {"delta": found[name], **found}


def _analyse(
    method: Callable[..., Any], k: int, y: Floats, arguments: tuple[Floats, ...], seed: int, **options: Any
) -> dict[str, Floats]:
    """Call a method on data that it can take, and return what it found as arrays.

    Raises:
        ConclusionError: If a value is missing or infinite, or all are the same.
    """
    for given in arguments:
        if not np.isfinite(given).all():
            raise ConclusionError(
                f"{int((~np.isfinite(given)).sum())} of {given.size} values are missing or infinite. Leave their blocks out."
            )
    if np.ptp(y) == 0:
        raise ConclusionError(f"The outcome is {float(y[0]):g} throughout: there is no variance to divide.")
    names = [f"x{number}" for number in range(1, k + 1)]  # never the user's: some methods parse them
    problem = {"num_vars": k, "names": names, "bounds": [[0.0, 1.0]] * k}
    with _untouched():
        found = method(problem, *arguments, seed=seed + 1, print_to_console=False, **options)
    return {
        str(name): np.asarray(values, dtype=np.float64) for name, values in found.items() if name != "names"
    }


@contextmanager
def _untouched() -> Iterator[None]:
    """Put numpy's global generator and the filters of warnings back as they were."""
    with _ONE_AT_A_TIME:
        state = np.random.get_state()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            np.random.set_state(state)
