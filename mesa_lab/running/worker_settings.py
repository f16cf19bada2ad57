"""How many workers, and of what kind: what callers give as `n_jobs` and `backend`, checked before anything is written.

Which backends there are is a list of its own (`backends`); none of them is started here.
"""

from __future__ import annotations

import operator
from typing import Any, Final

from mesa_lab.errors import ExperimentError, RunError

__all__ = ["DEFAULT_BACKEND", "check_backend", "check_n_jobs", "check_number_processes"]

DEFAULT_BACKEND: Final = "loky"


def check_n_jobs(n_jobs: Any) -> int:
    """Return a number of worker processes as joblib counts them: -1 is one for each core.

    Args:
        n_jobs: What was given; integers of numpy are some too. None is one, as in joblib.

    Raises:
        RunError: If it is no whole number, or 0.

    Example:
        >>> check_n_jobs(-1)
        -1
    """
    number = 1 if n_jobs is None else _whole(n_jobs)
    if number == 0:
        raise RunError(
            f"n_jobs is {n_jobs!r:.80}. Write how many processes to use, a whole number, or -1 for one on each core."
        )
    return number


def check_number_processes(number_processes: Any) -> int | None:
    """The same for Mesa's name of it, under which None is one process for each core.

    Raises:
        ExperimentError: If it is no whole number, or 0.
    """
    number = None if number_processes is None else _whole(number_processes)
    if number == 0:
        raise ExperimentError(
            f"number_processes is {number_processes!r:.80}. Give a whole number, or None for all cores."
        )
    return number


def _whole(given: Any) -> int:
    """A whole number, 0 for what is none."""
    try:
        return 0 if isinstance(given, bool) else operator.index(given)
    except TypeError:
        return 0


def check_backend(backend: Any) -> str:
    """Return the name of a backend, or the address of a cluster.

    Raises:
        RunError: If no backend knows it.

    Example:
        >>> check_backend("loky")
        'loky'
    """
    if backend == DEFAULT_BACKEND:  # without importing what other backends need
        return DEFAULT_BACKEND
    from mesa_lab.running.backends import find_backend

    find_backend(backend)
    return str(backend)
