"""Members of an Enum among the values of parameters: kept by their names, and given to the model as members.

Studies, files and tables have the names. A model whose type hints or defaults tell the Enum gets members by these; for others the
experiment notes where the Enum is found. Nothing is imported here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Final

from mesa_lab.errors import ParameterError
from mesa_lab.preparation.parameters.value_keys import FrozenDict, key

__all__ = ["NO_ENUMS", "Enums", "enums_among", "read_enums", "with_members"]

type Enums = Mapping[str, tuple[type[Enum] | str, ...]]
"""The Enums of each parameter: themselves, or the texts that find them."""

NO_ENUMS: Final[Enums] = FrozenDict()


def enums_among(values: Mapping[str, Iterable[Any]]) -> dict[str, tuple[type[Enum], ...]]:
    """Return the Enums of which there are members among the values of parameters.

    Args:
        values: The values of each parameter.

    Raises:
        ParameterError: If a name would stand for two different values.

    Example:
        >>> import enum
        >>> Mood = enum.Enum("Mood", ["GLAD", "SAD"])
        >>> enums_among({"mood": [Mood.SAD, None], "n": [1]})
        {'mood': (<enum 'Mood'>,)}
    """
    found = {}
    for name, listed in values.items():
        parts = [part for value in listed for part in _parts(value)]
        kinds = tuple(dict.fromkeys(type(part) for part in parts if isinstance(part, Enum)))
        if not kinds:
            continue
        stand_for: dict[str, Any] = {}
        for part in parts:
            text = part.name if isinstance(part, Enum) else part
            if isinstance(text, str) and key(other := stand_for.setdefault(text, part)) != key(part):
                raise ParameterError(
                    f"Parameter '{name}' has {other!r} and {part!r}, which files and tables cannot tell apart: both are '{text}' "
                    "there. Leave one of them out, or rename it."
                )
        found[name] = kinds
    return found


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _parts(name)
            yield from _parts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _parts(item)
    else:
        yield value


def read_enums(given: Any) -> Enums:
    """Return what a file or a user says of Enums, one text or class, or several, for each parameter.

    Raises:
        ParameterError: If it is of another form.
    """
    if given is None:
        return FrozenDict()
    found: dict[str, tuple[type[Enum] | str, ...]] = {}
    for name, kinds in given.items() if isinstance(given, Mapping) else [("", None)]:
        listed = tuple(kinds) if isinstance(kinds, list | tuple) else (kinds,)
        if not all(
            isinstance(kind, str) or (isinstance(kind, type) and issubclass(kind, Enum)) for kind in listed
        ):
            raise ParameterError(
                f"enums is {given!r:.80}. Give for each parameter where its Enum is: {{'mood': 'town.py:Mood'}}."
            )
        found[name] = listed
    return FrozenDict(found)


def with_members(
    parameters: Mapping[str, Any], kinds: Mapping[str, tuple[type[Enum], ...]]
) -> Mapping[str, Any]:
    """Return parameters with members of Enums in place of their names.

    Args:
        parameters: The values of one point.
        kinds: The Enums of each parameter that has some.
    """
    if not kinds:
        return parameters
    return {
        name: _with_members(value, kinds[name]) if name in kinds else value
        for name, value in parameters.items()
    }


def _with_members(value: Any, kinds: tuple[type[Enum], ...]) -> Any:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return next((kind.__members__[value] for kind in kinds if value in kind.__members__), value)
    if isinstance(value, Mapping):
        return {_with_members(name, kinds): _with_members(item, kinds) for name, item in value.items()}
    if isinstance(value, list | tuple):
        inner = [_with_members(item, kinds) for item in value]
        return tuple(inner) if isinstance(value, tuple) else inner
    return value
