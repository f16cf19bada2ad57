"""Which functions of an experiment can be named in a file, so that they are found again when it is read.

A study notes the others all the same, by names that lead nowhere: it has their results. An experiment file is there to
be run, and would fail where it is opened. Names are looked up among what is loaded; nothing of the user's is imported.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import ExperimentError
from mesa_lab.preparation.models.files import find_module
from mesa_lab.preparation.outcome_kinds.function import is_reference
from mesa_lab.preparation.outcomes import Outcome

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment_data import ExperimentData

__all__ = ["refuse_unfindable"]

_NOWHERE: Final = re.compile(r"__main__:|.*<(lambda|locals)>")
_IN_A_MODULE: Final = "put it into a module, where it has a name: 'module:function'"


def refuse_unfindable(experiment: ExperimentData) -> None:
    """Refuse an experiment of which a file would name functions that nobody can find.

    Raises:
        ExperimentError: If there is one; the message names the first, and what to do.
    """
    for what, source, instead in _sources(experiment):
        reference = source if isinstance(source, str) else Outcome("function", source).text
        if _NOWHERE.match(reference) if isinstance(source, str) else not _leads_to(reference, source):
            raise ExperimentError(
                f"{what} is {'' if what.startswith('The Enum') else 'the function '}'{reference}', which only the program that made it can find: a file cannot name it. "
                f"{instead}, or {_IN_A_MODULE}."
            )


def _sources(experiment: ExperimentData) -> Iterator[tuple[str, Any, str]]:
    """Yield what may be a function or the name of one, with what it is for, and what else could be written there."""
    stop_when = experiment.stop_when
    if stop_when is not None and (callable(stop_when) or is_reference(stop_when)):
        yield "stop_when", stop_when, "Write an expression such as 'Wolves == 0'"
    for outcome in experiment.protocol.outcomes or ():
        if callable(outcome.source) or outcome.is_reference:
            instead = "Name a reporter, an attribute of the model or a statistic such as 'mean(Wolf.energy)'"
            yield f"Outcome '{outcome.name}'", outcome.source, instead
    for name, kinds in experiment.protocol.enums.items():
        for kind in kinds:
            if isinstance(kind, str) or kind.__module__ == "__main__" or "<locals>" in kind.__qualname__:
                text = kind if isinstance(kind, str) else f"{kind.__module__}:{kind.__qualname__}"
                yield f"The Enum of '{name}'", text, "Give the parameter's values as text"
    for function in _of_design(experiment.design):
        yield "The design's function", function, "Write its points as a Table"


def _of_design(design: Any) -> Iterator[Any]:
    for field in dataclasses.fields(design):
        value = getattr(design, field.name, None)
        for each in value if isinstance(value, tuple | list) else (value,):
            if dataclasses.is_dataclass(each) and not isinstance(each, type):
                yield from _of_design(each)
            elif callable(each) or (isinstance(each, str) and field.name == "function"):
                yield each


def _leads_to(reference: str, function: Any) -> bool:
    """Whether another process finds this very function by the name."""
    module, _, name = reference.partition(":")
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is function and module != "__main__" and find_module(module) is not None
