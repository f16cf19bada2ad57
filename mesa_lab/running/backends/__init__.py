"""Backends: where runs are carried out, one module for each place.

`BACKENDS` is the list, asked in order which of them knows a name. A package can add one through an entry point
(group `mesa_lab.backends`) that leads to a `Backend`; these are asked before joblib, which takes every other name.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Final

from mesa_lab.running.backends import cluster, joblib, local, sequential
from mesa_lab.running.backends.backend import Backend

__all__ = ["BACKENDS", "ENTRY_POINTS", "find_backend"]

BACKENDS: Final = (local.BACKEND, sequential.BACKEND, cluster.BACKEND)
ENTRY_POINTS: Final = "mesa_lab.backends"


def find_backend(name: str) -> Backend:
    """Return the backend that a name stands for; a name that none of them knows is one of joblib's.

    Example:
        >>> find_backend("loky").name, find_backend("tcp://node1:8786").name, find_backend("threading").name
        ('local', 'cluster', 'joblib')
    """
    others = (entry.load() for entry in entry_points(group=ENTRY_POINTS))
    known = next((backend for backend in BACKENDS if backend.knows(name)), None)
    return known or next((backend for backend in others if backend.knows(name)), joblib.BACKEND)
