"""Engines: where new points come from in an optimisation. One file each; `ENGINES` lists them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Final

from mesa_lab.errors import ExperimentError, suggest
from mesa_lab.search.engines.engine import Engine, missing_library

__all__ = ["ENGINES", "Engine", "best_engine", "find_engine", "require_engine"]

ENGINES: Final = {
    "tpe": "mesa_lab.search.engines.tpe",
    "cma-es": "mesa_lab.search.engines.cma_es",
    "nsga2": "mesa_lab.search.engines.nsga2",
    "random": "mesa_lab.search.engines.random_points",
}


def find_engine(name: str) -> Engine:
    """Return an engine by its name; what it needs is imported when it is asked for points.

    Raises:
        ExperimentError: If there is none.
    """
    if not isinstance(name, str) or name not in ENGINES:
        raise ExperimentError(
            f"Unknown engine {name!r}. There are: {', '.join(ENGINES)}.{suggest(str(name), ENGINES)}"
        )
    engine: Engine = import_module(ENGINES[name]).ENGINE
    return engine


def require_engine(name: str) -> None:
    """See that what an engine needs is installed here.

    Raises:
        ExperimentError: If it is not; says what to install.
    """
    needs = find_engine(name).needs
    if needs is not None and find_spec(needs[0]) is None:
        raise missing_library(needs[1], name)


def best_engine() -> str:
    """Return the engine for one outcome that is installed here: "tpe", which needs optuna, or "random"."""
    return "tpe" if find_spec("optuna") is not None else "random"
