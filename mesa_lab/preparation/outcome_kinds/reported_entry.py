"""What is inside of what a model reports: `wealth.mean` for one entry of a dict, `counts.*` for a column of each."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, override

from mesa_lab.errors import OutcomeError, suggest
from mesa_lab.preparation.outcome_kinds.kind import OutcomeKind, Source
from mesa_lab.preparation.outcome_kinds.model_value import ModelValue, attributes_of, reporters_of

__all__ = ["KIND", "MOST_ENTRIES", "Member", "entries"]

MOST_ENTRIES: Final = 200
"""Columns that one dict may be spread into."""

_TEXT: Final = re.compile(r"(?P<base>[^\W\d]\w*)(?P<path>(?:\.\w+)*)(?P<all>\.\*)?")


@dataclass(frozen=True, slots=True)
class Member(Source):
    """An entry of what the model reports or has under a name, or all entries of it.

    Attributes:
        base: The name of a reporter or an attribute, whose value is a dict, a Series, a named tuple or a dataclass.
        path: The keys that lead to what is meant.
        spread: Whether each entry of it becomes an outcome of its own.
    """

    base: str
    path: tuple[str, ...] = ()
    spread: bool = False

    @override
    def measure(self, model: Any) -> Any:
        return self.within(ModelValue(self.base).measure(model))

    def within(self, value: Any) -> Any:
        """Return what is meant of the value of the base.

        Raises:
            LookupError: If there is nothing of that name in it.
        """
        way = self.base
        for part in self.path:
            known = entries(value, way)
            if part not in known:
                raise LookupError(f"{way} has no '{part}'.{suggest(part, known)}")
            value, way = known[part], f"{way}.{part}"
        return value

    @override
    def check(self, model: Any) -> None:
        reporters = reporters_of(model)
        if self.base in reporters or hasattr(model, self.base):
            return
        known = [*reporters, *attributes_of(model)]
        raise OutcomeError(
            f"Unknown outcome '{'.'.join([self.base, *self.path])}': {type(model).__name__} reports no '{self.base}' and has no "
            f"such attribute.{suggest(self.base, known)}"
        )


def entries(value: Any, what: str) -> dict[str, Any]:
    """Return the entries of a dict or the like by their names.

    Args:
        value: A mapping, a Series, a named tuple or a dataclass.
        what: What it is called, for messages.

    Raises:
        LookupError: If it has no entries.

    Example:
        >>> entries({"mean": 1.5, 2: 3}, "wealth")
        {'mean': 1.5, '2': 3}
    """
    if isinstance(value, Mapping):
        pairs: Iterable[tuple[Any, Any]] = value.items()
    elif isinstance(value, tuple) and hasattr(value, "_asdict"):
        pairs = value._asdict().items()
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
    elif hasattr(value, "index") and hasattr(value, "items") and getattr(value, "ndim", 0) == 1:  # a Series
        pairs = value.items()
    else:
        raise LookupError(f"{what} is of type {type(value).__name__}, which has no entries")
    return {_name(key): entry for key, entry in pairs}


def _name(key: Any) -> str:
    if isinstance(key, Enum):
        return key.name
    if isinstance(key, tuple):
        return ",".join(map(_name, key))
    return key.__name__ if isinstance(key, type) else str(key)


def _parse(text: str) -> Member | None:
    match = _TEXT.fullmatch(text)
    if match is None and text.endswith(".*") and text.strip(".*"):
        return Member(text.removesuffix(".*"), spread=True)  # a reporter's name may hold spaces and signs
    if match is None or not (match["path"] or match["all"]):
        return None
    return Member(match["base"], tuple(match["path"].split(".")[1:]), bool(match["all"]))


KIND: Final = OutcomeKind("member", _parse)
