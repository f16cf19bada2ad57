"""Names: a reporter of the model, else an attribute of it."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any, Final, override

from mesa_lab.errors import OutcomeError, suggest
from mesa_lab.preparation.models.collectors import model_reporters_of
from mesa_lab.preparation.models.inspection.layers import layer_outcomes
from mesa_lab.preparation.models.inspection.model_to_look_at import may_come, number_attributes
from mesa_lab.preparation.outcome_kinds.kind import Source
from mesa_lab.preparation.outcome_kinds.plain_attributes import is_plain

__all__ = ["ModelValue", "attributes_of", "known_names", "reporters_of"]

_LISTED: Final = 12


@dataclass(frozen=True)
class ModelValue(Source):
    """A value that the model reports under a name or, where none of its reporters has it, has as an attribute.

    Reporters are evaluated when the model collects, by the rules of Mesa's DataCollector; here only attributes are read.

    Attributes:
        name: The name of the reporter or the attribute.
    """

    name: str

    @override
    def measure(self, model: Any) -> Any:
        try:
            return operator.attrgetter(self.name)(model)  # also `market.price`
        except AttributeError as error:
            if hasattr(type(model), self.name):
                raise
            known = [*reporters_of(model), *attributes_of(model)]
            raise AttributeError(
                f"no reporter or attribute '{self.name}' here.{suggest(self.name, known)}"
            ) from error

    @override
    def check(self, model: Any) -> None:
        reporters = reporters_of(model)
        if self.name in reporters or hasattr(model, self.name):
            return
        near = suggest(self.name, [*reporters, *attributes_of(model)])
        set_later = may_come(self.name, model)
        if set_later or (set_later is None and not near):
            return
        raise OutcomeError(f"Unknown outcome '{self.name}'. {known_names(model)}{near}")

    @override
    def leaves_no_trace(self, model: Any) -> bool:
        return "." not in self.name and is_plain(type(model), self.name)


def reporters_of(model: Any) -> list[str]:
    """Return the names of the model's reporters."""
    return list(model_reporters_of(model))


def attributes_of(thing: Any) -> list[str]:
    """Return the names of the public attributes that a model or an agent has of its own."""
    return [name for name in getattr(thing, "__dict__", ()) if not name.startswith("_")]


def known_names(model: Any) -> str:
    """Sentences that list what a model reports or, where it reports nothing, the attributes that hold its numbers; and its layers."""
    name = type(model).__name__
    layers = layer_outcomes(model)
    of_layers = f" Of its property layers: {', '.join(layers[:_LISTED])}." if layers else ""
    if reporters := reporters_of(model):
        return f"{name} reports: {', '.join(reporters)}.{of_layers}"
    if numbers := number_attributes(model):
        return f"{name} reports nothing by itself; attributes that can be measured: {', '.join(numbers[:_LISTED])}.{of_layers}"
    return f"{name} reports: no model reporters; its attributes can be measured too.{of_layers}"
