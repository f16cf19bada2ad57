"""Cells: what a table can hold of any value that a model reports.

Numbers, texts, and dates with times are held as they are. Of everything else a cell keeps a faithful form: durations as seconds,
members of an Enum as their names, collections as compact JSON, other plain values as the text that Python writes for them.
`form_of` says which, so that a reader of the column can be told. What has no such form is refused by its type.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import json
import math
import numbers
import pathlib
import types
import uuid
from collections.abc import Mapping, Sequence, Set
from typing import Any, Final

import numpy as np
import pandas as pd

from mesa_lab.preparation.models.files import name_in_project
from mesa_lab.study.records import Cell, Scalar

__all__ = ["LONGEST_TEXT", "PLAIN", "UnstorableError", "cell", "form_of", "name_of_type", "stored"]

PLAIN = frozenset({bool, int, float, str, types.NoneType})
"""The types that a cell holds as they are."""

LONGEST_TEXT: Final = 100_000
"""Characters of a collection's JSON; a run may keep one for each of its steps."""
_INSTEAD: Final = ": report a number, a text or a short list of them"
_AS_TEXT: Final = (
    complex,
    bytes,
    bytearray,
    uuid.UUID,
    pathlib.PurePath,
    range,
    slice,
    pd.Period,
    pd.Interval,
)


class UnstorableError(TypeError):
    """A value that no cell of a table can hold."""


def cell(value: Any, longest: int = LONGEST_TEXT) -> Cell:
    """Turn what a reporter returned into what a cell holds.

    Args:
        value: Anything.
        longest: Characters that the text of a collection may have.

    Returns:
        A bool, int, float or str; a datetime for dates and times (dates at midnight), seconds for durations; the name of an
        Enum's member; JSON for lists, tuples, sets (sorted), dicts, arrays, Series, DataFrames (a list for each column) and
        dataclasses; Python's own text for complex numbers, bytes and the like; None for None, NaT, NA and masked values. NaN and
        infinities stay.

    Raises:
        UnstorableError: If it is something else, or a collection too large for a cell.

    Example:
        >>> cell(np.float64(0.5)), cell((1, 2)), cell(datetime.timedelta(hours=2)), cell({"a": {1, 2}})
        (0.5, '[1,2]', 7200.0, '{"a":[1,2]}')
    """
    if type(value) in PLAIN:
        return value  # type: ignore[no-any-return]
    if isinstance(value, enum.Enum):
        return value.name if value.name is not None else str(value)  # flags combined may have none
    if value is pd.NA or value is pd.NaT or value is np.ma.masked:
        return None
    if isinstance(value, np.datetime64 | np.timedelta64):
        return _time_of_numpy(value)
    if isinstance(value, np.generic | np.ndarray) and value.ndim == 0:
        item = value.item()
        return cell(item, longest) if not isinstance(item, np.generic) else float(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float | decimal.Decimal | fractions.Fraction):
        return float(value)
    if isinstance(value, datetime.datetime):
        return _time(value)
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day)
    if isinstance(value, datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, _AS_TEXT):
        return _text_of(value, longest)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if _is_collection(value):
        return _as_json(value, longest)
    raise UnstorableError(f"{_with_article(value)} fits in no cell of a table{_INSTEAD}")


def form_of(value: Any) -> str:
    """Say in what form a cell holds a value.

    Returns:
        Empty for what is held as it is; else one of the words below, a colon and the name of the value's type. `datetime`: a date
        with a time; `seconds`: a duration; `number`: the nearest floating-point number; `name`: of an Enum's member; `json`:
        compact JSON; `text`: as Python writes it.

    Example:
        >>> form_of(1.5), form_of(datetime.timedelta(1)), form_of((1, 2))
        ('', 'seconds:datetime.timedelta', 'json:tuple')
    """
    if type(value) in PLAIN or value is pd.NA or value is pd.NaT or value is np.ma.masked:
        return ""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, enum.Enum):
        form = "name"
    elif isinstance(value, datetime.timedelta | np.timedelta64):
        form = "seconds"
    elif isinstance(value, datetime.date | np.datetime64):
        form = "datetime"
    elif isinstance(value, np.void):
        form = "json"
    elif (
        isinstance(value, int | float | str | np.bool_ | np.number)
        and not isinstance(value, np.complexfloating)
    ) or isinstance(value, numbers.Integral):
        return ""
    elif isinstance(value, numbers.Real | decimal.Decimal):
        form = "number"
    elif isinstance(value, (*_AS_TEXT, datetime.time, np.generic)):
        form = "text"
    else:
        form = "json"
    return f"{form}:{name_of_type(value)}"


def stored(value: Cell) -> Cell:
    """Fit a cell into 64 bits and valid Unicode, which is what files hold."""
    if type(value) is int and not -(2**63) <= value < 2**63:
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if type(value) is str and not value.isascii():
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value


def name_of_type(value: Any) -> str:
    """Return the name of a value's type, with its module unless it is one of Python's own."""
    kind = type(value)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{name_in_project(kind.__module__)}.{kind.__qualname__}"


def _time(value: datetime.datetime) -> datetime.datetime:
    """Return pandas' times as Python's, where these are as fine."""
    if isinstance(value, pd.Timestamp) and not value.nanosecond:
        return value.to_pydatetime()
    return value


def _time_of_numpy(value: np.datetime64 | np.timedelta64) -> Cell:
    if np.isnat(value):
        return None
    if isinstance(value, np.datetime64):
        try:
            return _time(pd.Timestamp(value))
        except (ValueError, OverflowError):  # a year that Python does not have
            return str(value)
    unit = np.datetime_data(value.dtype)[0]
    if unit in ("Y", "M"):  # of no fixed length
        return str(value)
    if unit == "generic":
        return int(value.astype(np.int64))
    return float(value / np.timedelta64(1, "s"))


def _is_collection(value: Any) -> bool:
    return (
        isinstance(value, Mapping | Sequence | Set | np.ndarray | pd.Series | pd.Index | pd.DataFrame)
        or (dataclasses.is_dataclass(value) and not isinstance(value, type))
        or (isinstance(value, pd.api.extensions.ExtensionArray))
        or (hasattr(type(value), "__array__") and not isinstance(value, type))
    )


def _text_of(value: Any, longest: int) -> str:
    if isinstance(value, bytes | bytearray) and len(value) > longest:
        raise UnstorableError(
            f"{_with_article(value)} of {len(value):,} bytes is too large for a cell{_INSTEAD}"
        )
    plain = isinstance(value, uuid.UUID | pathlib.PurePath | pd.Period | pd.Interval)
    return str(value) if plain else repr(value)


def _as_json(value: Any, longest: int) -> str:
    size = value.size if isinstance(value, np.ndarray) else len(value) if hasattr(value, "__len__") else 0
    if size > longest:
        raise _too_large(value)
    try:
        text = json.dumps(_jsonable(value, longest), separators=(",", ":"), ensure_ascii=False)
    except UnstorableError:
        raise
    except (ValueError, RecursionError) as error:
        if isinstance(error, RecursionError):
            said = f"{_with_article(value)} that contains itself fits in no cell of a table{_INSTEAD}"
        else:
            said = f"{_with_article(value)} fits in no cell of a table ({error}){_INSTEAD}"
        raise UnstorableError(said) from error
    if len(text) > longest:
        raise _too_large(value)
    return text


def _too_large(value: Any) -> UnstorableError:
    items = f" of {len(value):,} items" if hasattr(value, "__len__") else ""
    return UnstorableError(f"{_with_article(value)}{items} is too large for a cell{_INSTEAD}")


def _jsonable(value: Any, longest: int) -> Any:
    if isinstance(value, Mapping):
        return {_key(key, longest): _jsonable(item, longest) for key, item in value.items()}
    if isinstance(value, pd.DataFrame):
        columns: dict[Any, Any] = {}
        if not _is_numbered(value.index):
            columns["index"] = value.index
        columns |= {name: value.iloc[:, place] for place, name in enumerate(value.columns)}
        return {_key(name, longest): list(map(_element, column)) for name, column in columns.items()}
    if isinstance(value, pd.Series):
        values = [_element(item) for item in value]
        keys = [_key(key, longest) for key in value.index]
        return values if _is_numbered(value.index) else dict(zip(keys, values, strict=True))
    if isinstance(value, np.ma.MaskedArray):
        return _jsonable(value.tolist(), longest)
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "mM":
            return _jsonable(list(value), longest)
        return _jsonable(value.tolist(), longest)
    if isinstance(value, Set):
        return sorted((_jsonable(item, longest) for item in value), key=_rank)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return _jsonable(value._asdict(), longest)
    if isinstance(value, Sequence) and not isinstance(value, (str, *_AS_TEXT)):
        return [_jsonable(item, longest) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _jsonable(getattr(value, field.name), longest) for field in dataclasses.fields(value)
        }
    if isinstance(value, pd.Index | pd.api.extensions.ExtensionArray):
        return [_element(item) for item in value]
    if hasattr(type(value), "__array__") and not isinstance(value, np.generic | enum.Enum):
        return _from_array(value, longest)
    return _element(value)


def _rank(item: Any) -> tuple[bool, float, str]:
    """Where an item of a set stands in its JSON: numbers by size, then all else by its text."""
    if isinstance(item, int) or (isinstance(item, float) and math.isfinite(item)):
        return False, item, repr(item)
    return True, 0.0, repr(item)


def _from_array(value: Any, longest: int) -> Any:
    """Read an array of another library, such as a tensor, by NumPy's own protocol for it."""
    try:
        array = np.asarray(value)
    except Exception as error:
        raise UnstorableError(f"{_with_article(value)} fits in no cell of a table ({error})") from error
    if array.dtype == object or array.size > longest:
        raise UnstorableError(f"{_with_article(value)} fits in no cell of a table{_INSTEAD}")
    return _jsonable(array.tolist(), longest)


def _element(value: Any) -> Scalar:
    """Turn what stands in a collection into what JSON has a word for."""
    found = cell(value)
    return found.isoformat() if isinstance(found, datetime.datetime) else found


def _key(key: Any, longest: int) -> str:
    found = _jsonable(key, longest)
    return found if isinstance(found, str) else str(found)


def _is_numbered(index: Any) -> bool:
    return isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1


def _with_article(value: Any) -> str:
    name = name_of_type(value)
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
