"""Between two runs: put back what a model changed, and let go of what holds it in memory.

Mesa releases keep models alive in ways of their own (caches of neighbourhoods, a class for each grid), and its
NumPy-backed tracking leaves properties on agent classes. Nothing here runs the user's code.
"""

from __future__ import annotations

import contextlib
import copyreg
import os
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from mesa import Agent
from mesa.discrete_space import Cell

from mesa_lab.running.simulation.process_state import ProcessState

__all__ = ["Surroundings"]

_cell_caches: list[Callable[[], None]] = [
    member.cache_clear
    for kind in Cell.__mro__
    for member in vars(kind).values()
    if hasattr(member, "cache_clear")
]

# Until Mesa 3.4.1: the numbers of each model's agents, by model.
_agent_numbers: dict[Any, Any] = getattr(Agent, "_ids", {})


class Surroundings:
    """What a run finds, to be put back after it."""

    __slots__ = ("_float_errors", "_folder", "_process", "_recursion", "_reducers")

    def __init__(self) -> None:
        self._folder = _working_folder()
        self._process = ProcessState()
        self._recursion = sys.getrecursionlimit()
        self._float_errors = np.geterr()
        self._reducers = len(copyreg.dispatch_table)

    @property
    def folder(self) -> Path | None:
        """The current folder of before."""
        return None if self._folder is None else Path(self._folder)

    @property
    def broken(self) -> str:
        """What a run has changed of its process that cannot be put back; empty where there is nothing."""
        return self._process.broken

    def enter(self, folder: Path | None) -> None:
        """Make a folder the current one for the next run; None for no change."""
        if folder is not None:
            os.chdir(folder)

    def restore(self, model: Any) -> None:
        """Put everything back; may be called again after another run.

        Args:
            model: The model, or None when it could not be set up.
        """
        self._process.restore()
        if self._folder is not None and _working_folder() != self._folder:
            with contextlib.suppress(OSError):  # the model may have removed it
                os.chdir(self._folder)
        # Else what raises in a run would depend on the runs that its process had before.
        if sys.getrecursionlimit() != self._recursion:
            sys.setrecursionlimit(self._recursion)
        if np.geterr() != self._float_errors:
            np.seterr(**self._float_errors)
        for clear in _cell_caches:
            clear()
        if _agent_numbers:
            _agent_numbers.pop(model, None)
        table = copyreg.dispatch_table
        if len(table) > self._reducers:
            for kind in list(islice(reversed(table), len(table) - self._reducers)):
                if kind.__name__ == "GridCell":
                    del table[kind]
            self._reducers = len(table)
        datasets = getattr(getattr(model, "data_registry", None), "datasets", None)
        if datasets:
            for dataset in list(datasets.values()):
                tracked: Any = getattr(dataset, "agent_type", None)
                if tracked is not None:
                    dataset.close()
                    tracked._datasets.discard(dataset.name)


def _working_folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - five times as fast, and paid for every run
    except OSError:
        return None
