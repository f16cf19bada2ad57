"""Kinds of outcomes: what the text of an outcome may say, one module for each kind.

`OUTCOME_KINDS` is the list, asked in order which of them recognises a text. A package can add one through an entry point
(group `mesa_lab.outcomes`) that leads to an `OutcomeKind`; these are asked next. A text that none of them recognises is the
name of a reporter or an attribute of the model (`model_value`), and so is every text that is a plain Python name.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

from mesa_lab.errors import OutcomeError
from mesa_lab.plug_ins import load_plug_ins
from mesa_lab.preparation.outcome_kinds import agent_statistic, function, property_layer, reported_entry
from mesa_lab.preparation.outcome_kinds.function import Function
from mesa_lab.preparation.outcome_kinds.kind import OutcomeKind, Source
from mesa_lab.preparation.outcome_kinds.model_value import ModelValue

__all__ = ["ENTRY_POINTS", "OUTCOME_KINDS", "OutcomeKind", "Source", "installed_kinds", "source_of"]

OUTCOME_KINDS: Final = (agent_statistic.KIND, property_layer.KIND, function.KIND, reported_entry.KIND)
ENTRY_POINTS: Final = "mesa_lab.outcomes"


@functools.cache
def installed_kinds() -> tuple[OutcomeKind, ...]:
    """Return the kinds of other packages; looked for once in each process.

    Raises:
        OutcomeError: If a package offers something else, or cannot be imported.
    """
    return tuple(load_plug_ins(ENTRY_POINTS, "outcome kind", OutcomeKind, OutcomeError))


def source_of(given: str | Callable[[Any], Any]) -> Source:
    """Return what an outcome asks for.

    Args:
        given: A text, or a function of the model.

    Raises:
        OutcomeError: If the text is malformed.

    Example:
        >>> source_of("mean(Wolf.energy)")
        AgentStatistic(statistic='mean', agent_type='Wolf', attribute='energy')
        >>> source_of("Wolves")
        ModelValue(name='Wolves')
    """
    if not isinstance(given, str):
        return Function(given)
    text = given.strip()
    if not text.isidentifier():
        for kind in OUTCOME_KINDS:
            if (source := kind.parse(text)) is not None:
                return source
        for kind in installed_kinds():
            if (source := kind.parse(text)) is not None:
                return source
        agent_statistic.refuse_unknown(text)
    return ModelValue(text)
