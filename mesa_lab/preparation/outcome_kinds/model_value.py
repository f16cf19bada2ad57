"""Names: a reporter of the model, else an attribute of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, override

from mesa_lab.errors import OutcomeError, suggest
from mesa_lab.preparation.outcome_kinds.kind import Source
from mesa_lab.preparation.outcome_kinds.plain_attributes import is_plain

__all__ = ["ModelValue", "attributes_of", "reporters_of"]


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
            return getattr(model, self.name)
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
        known = (
            ", ".join(reporters) if reporters else "no model reporters; its attributes can be measured too"
        )
        raise OutcomeError(
            f"Unknown outcome '{self.name}'. {type(model).__name__} reports: {known}."
            f"{suggest(self.name, [*reporters, *attributes_of(model)])}"
        )

    @override
    def leaves_no_trace(self, model: Any) -> bool:
        return is_plain(type(model), self.name)


def reporters_of(model: Any) -> list[str]:
    """Return the names of the model's reporters."""
    return list(getattr(getattr(model, "datacollector", None), "model_reporters", None) or ())


def attributes_of(thing: Any) -> list[str]:
    """Return the names of the public attributes that a model or an agent has of its own."""
    return [name for name in getattr(thing, "__dict__", ()) if not name.startswith("_")]
