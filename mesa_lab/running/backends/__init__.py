"""Backends: where runs are carried out, one module for each place.

`BACKENDS` is the list, asked in order which of them knows a name. A package can add one through an entry point
(group `mesa_lab.backends`) that leads to a `Backend`; these are asked next.
"""

from __future__ import annotations

from typing import Any, Final

from mesa_lab.errors import RunError, suggest
from mesa_lab.plug_ins import load_plug_ins
from mesa_lab.running.backends import cluster, joblib, local, sequential
from mesa_lab.running.backends.backend import Backend

__all__ = ["BACKENDS", "ENTRY_POINTS", "find_backend", "installed_backends"]

BACKENDS: Final = (local.BACKEND, sequential.BACKEND, cluster.BACKEND, joblib.BACKEND)
ENTRY_POINTS: Final = "mesa_lab.backends"

_EXAMPLE: Final = "tcp://node1:8786"


def installed_backends() -> tuple[Backend, ...]:
    """Return the backends of other packages.

    Raises:
        RunError: If a package offers something else, or cannot be imported.
    """
    return tuple(load_plug_ins(ENTRY_POINTS, "backend", Backend, RunError))


def find_backend(name: Any) -> Backend:
    """Return the backend that a name, or the address of a cluster, stands for.

    Raises:
        RunError: If there is none.

    Example:
        >>> find_backend("loky").name, find_backend("tcp://node1:8786").name, find_backend("threading").name
        ('local', 'cluster', 'joblib')
    """
    if isinstance(name, str):
        for backend in BACKENDS:
            if backend.knows(name):
                return backend
    others = installed_backends()
    if isinstance(name, str):
        for backend in others:
            if backend.knows(name):
                return backend
    offered = [each for backend in (*BACKENDS, *others) for each in backend.offered]
    near = suggest(name, offered) if isinstance(name, str) else ""
    raise RunError(
        f"The backend is {name!r:.80}, which is none of {', '.join(offered)}, nor an address such as {_EXAMPLE}.{near} "
        "Leave it out to use all cores of this machine."
    )
