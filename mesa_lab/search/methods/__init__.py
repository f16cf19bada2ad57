"""The methods of searching, one file each. `METHODS` lists them; other packages join through entry points `mesa_lab.methods`."""

from __future__ import annotations

from typing import Final

from mesa_lab.errors import ExperimentError, suggest
from mesa_lab.plug_ins import load_plug_ins
from mesa_lab.preparation.limits import shortened
from mesa_lab.search.method import Method
from mesa_lab.search.methods.by_hand import ByHand
from mesa_lab.search.methods.compare import Compare
from mesa_lab.search.methods.diversity import Diversity
from mesa_lab.search.methods.optimise import Optimise
from mesa_lab.search.methods.select import Select
from mesa_lab.search.methods.until_precise import UntilPrecise

__all__ = [
    "ENTRY_POINTS",
    "METHODS",
    "ByHand",
    "Compare",
    "Diversity",
    "Optimise",
    "Select",
    "UntilPrecise",
    "all_methods",
    "find_method",
]

ENTRY_POINTS: Final = "mesa_lab.methods"

METHODS: Final[tuple[type[Method], ...]] = (UntilPrecise, Compare, Select, Optimise, Diversity)
"""The methods that decide themselves what runs next. `ByHand` is none of them: there a person decides."""


def all_methods() -> tuple[type[Method], ...]:
    """Return the methods of Mesa Lab, then those of installed packages.

    Raises:
        ExperimentError: If a package offers something that is no method.
    """
    return (*METHODS, *load_plug_ins(ENTRY_POINTS, "method of searching", _is_method, ExperimentError))


def _is_method(thing: object) -> bool:
    return isinstance(thing, type) and issubclass(thing, Method)


def find_method(name: object) -> type[Method]:
    """Return a method by its name, such as "until precise"; case, hyphens and underscores do not matter.

    Raises:
        ExperimentError: If there is none.
    """
    every: tuple[type[Method], ...] = (*METHODS, ByHand)
    methods = {method.name: method for method in every}
    wanted = str(name).lower().replace("-", " ").replace("_", " ") if isinstance(name, str) else ""
    if wanted not in methods:  # looking through what is installed takes longer than all else here
        methods = {method.name: method for method in all_methods()}
    if wanted not in methods:
        said = "has no method" if name is None else f"method {shortened(name)} is unknown"
        raise ExperimentError(
            f"The search {said}.{suggest(wanted, methods)} There are: {', '.join(methods)}."
        )
    return methods[wanted]
