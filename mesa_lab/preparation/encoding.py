"""Parameter values as plain data: to JSON or TOML and back, without running code.

Study files, experiment files and seeds all need the same answer to "what is this value?", so
the answer lives here. Numbers, text, booleans, None, lists and string-keyed dicts stay as they
are; tuples, other dicts, None inside TOML and Enum members carry a tag. An Enum member becomes
its name: `models.build` turns the name back into a member where the model's hint asks for one.
"""

import dataclasses
import datetime
import json
import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any

from mesa_lab.errors import ParameterError
from mesa_lab.preparation.limits import shortened

__all__ = [
    "canonical",
    "canonicals",
    "decode",
    "encode",
    "from_json",
    "from_jsons",
    "refuse_unkept",
    "to_json",
]

_AS_THEY_ARE = frozenset({bool, int, str, type(None)})
_TUPLE, _DICT, _NONE, _FLOAT = "$tuple", "$dict", "$none", "$float"


def encode(value: Any, *, tag_none: bool = False) -> Any:
    """Turn a parameter value into plain data.

    Args:
        value: A number (numpy's too), text, bool, None, Enum member, or a list, tuple or dict of such.
        tag_none: Tag None and non-finite floats too, for formats that have no null (TOML keeps nan and inf,
            JSON does not).

    Returns:
        Only `None`, `bool`, `int`, `float`, `str`, `list` and string-keyed `dict`.

    Raises:
        ParameterError: If the value is none of these.

    Example:
        >>> encode({("C", "D"): 1.5})
        {'$dict': [[{'$tuple': ['C', 'D']}, 1.5]]}
    """
    if isinstance(value, Enum):
        return value.name
    if value is None:
        return {_NONE: True} if tag_none else None
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value)
    if isinstance(value, tuple):
        return {_TUPLE: [encode(item, tag_none=tag_none) for item in value]}
    if isinstance(value, list):
        return [encode(item, tag_none=tag_none) for item in value]
    if isinstance(value, Mapping):
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {key: encode(item, tag_none=tag_none) for key, item in value.items()}
        pairs = [
            [encode(key, tag_none=tag_none), encode(item, tag_none=tag_none)] for key, item in value.items()
        ]
        return {_DICT: pairs}
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return encode(value.tolist(), tag_none=tag_none)
    raise ParameterError(
        f"The parameter value {' '.join(shortened(value).split())} is {_called(value)}, which cannot be kept as data. {_instead_of(value)}"
    )


def _called(value: Any) -> str:
    name = "class" if isinstance(value, type) else type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _instead_of(value: Any) -> str:
    """What to give instead of a value that is no plain data."""
    if isinstance(value, datetime.date | datetime.time):
        return f"Give it as text, {value.isoformat()!r}, and have the model read it."
    if isinstance(value, datetime.timedelta):
        return f"Give a number, such as its seconds: {value.total_seconds():g}."
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return (
            "Give the path of a file that the model reads, or its columns as a dict: table.to_dict('list')."
        )
    if callable(value):
        name = getattr(value, "__name__", type(value).__name__)
        name = "rule" if name == "<lambda>" else name
        return (
            f"Give its name, {name!r}, and have the model look it up in a dict of its own: {{{name!r}: ...}}[name]. "
            "ml.batch_run takes it as it is."
        )
    if isinstance(value, set | frozenset):
        try:
            values = sorted(value)
        except TypeError:
            values = sorted(value, key=repr)
        return f"To vary it give a list, {shortened(values)}; as one value give a tuple: tuple(sorted(...))."
    if isinstance(value, PurePath):
        return f"Give its text: {str(value)!r}."
    if isinstance(value, numbers.Real | Decimal):
        return f"Give a float, {float(value)!r}, or the text {str(value)!r} for the model to read."
    if dataclasses.is_dataclass(value):
        return "Give its fields, each as a parameter of its own where the model takes them so, or a dict: dataclasses.asdict(...)."
    return "Use numbers, text, True, False, None, Enum members, or lists and dicts of them."


def refuse_unkept(name: str, values: Iterable[Any]) -> None:
    """Refuse values of a parameter that no study or experiment file can hold.

    Args:
        name: The parameter.
        values: Its values.

    Raises:
        ParameterError: If there is one; says what to give instead.

    Example:
        >>> refuse_unkept("when", [1, "noon", {"a": (1, 2)}])
    """
    for value in values:
        if type(value) in _AS_THEY_ARE or type(value) is float:
            continue
        try:
            encode(value)
        except ParameterError as error:
            raise ParameterError(f"Parameter '{name}': {error}") from None


def decode(data: Any) -> Any:
    """Turn plain data back into the value that `encode` was given (Enum members stay names).

    Example:
        >>> decode({'$tuple': [1, 2]})
        (1, 2)
    """
    if isinstance(data, Mapping):
        match list(data.items()):
            case [(tag, items)] if tag == _TUPLE:
                return tuple(decode(item) for item in items)
            case [(tag, items)] if tag == _DICT:
                return {decode(key): decode(item) for key, item in items}
            case [(tag, _)] if tag == _NONE:
                return None
            case [(tag, text)] if tag == _FLOAT:
                return float(text)
        return {key: decode(item) for key, item in data.items()}
    if isinstance(data, list | tuple):
        return [decode(item) for item in data]
    return data


def to_json(parameters: Mapping[str, Any]) -> str:
    """Write a design point as compact JSON, its keys in their own order.

    Example:
        >>> to_json({"n": 10, "torus": True})
        '{"n":10,"torus":true}'
    """
    return _in_order(_plain(parameters))


def from_json(text: str) -> dict[str, Any]:
    """Read what `to_json` wrote.

    Example:
        >>> from_json('{"n":10}')
        {'n': 10}
    """
    loaded = json.loads(text)
    decoded: dict[str, Any] = decode(loaded) if "$" in text else loaded  # only tags need decoding
    return decoded


def from_jsons(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Read many of what `to_json` wrote, in a third of the time.

    Example:
        >>> from_jsons(['{"n":10}', '{"n":20}'])
        [{'n': 10}, {'n': 20}]
    """
    loaded: list[Any] = json.loads(f"[{','.join(texts)}]")
    return [decode(one) if "$" in text else one for one, text in zip(loaded, texts, strict=True)]


def canonical(parameters: Mapping[str, Any]) -> str:
    """Write a design point so that equal points give equal text, whatever the order of their keys.

    Seeds derive from this text: changing it would change every seed of every experiment.

    Example:
        >>> canonical({"b": 1, "a": 0.5}) == canonical({"a": 0.5, "b": 1})
        True
    """
    return _sorted(_plain(parameters))


def canonicals(points: Sequence[Mapping[str, Any]]) -> list[str]:
    """Write many design points as `canonical` does, in a fraction of the time.

    Example:
        >>> canonicals([{"b": 1, "a": 0.5}, {"a": 2, "b": 2}])
        ['{"a":0.5,"b":1}', '{"a":2,"b":2}']
    """
    between = "},{"
    whole = _sorted([_plain(point) for point in points])
    parts = whole[2:-2].split(between)
    if len(parts) != len(points):  # a text or a value of their own has this too
        return [canonical(point) for point in points]
    return [f"{{{part}}}" for part in parts]


_in_order = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
_sorted = json.JSONEncoder(separators=(",", ":"), sort_keys=True, ensure_ascii=True, allow_nan=False).encode


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what JSON can hold; nothing need be done for numbers and text, of which most points consist."""
    values = dict(parameters)
    for name, value in values.items():
        kind = type(value)
        if (
            (kind not in _AS_THEY_ARE and not (kind is float and math.isfinite(value)))
            or type(name) is not str
            or name[:1] == "$"
        ):
            plain: dict[str, Any] = _finite(encode(values))
            return plain
    return values


def _finite(data: Any) -> Any:
    """Tag the floats that JSON has no word for."""
    if isinstance(data, float) and not math.isfinite(data):
        return {_FLOAT: repr(data)}
    if isinstance(data, dict):
        return {key: _finite(item) for key, item in data.items()}
    if isinstance(data, list):
        return [_finite(item) for item in data]
    return data
