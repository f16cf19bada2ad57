"""A draft as part of an address, so that a link holds the whole design, and back.

Only what differs from an empty draft is written, as compressed JSON in letters that addresses may
hold. Whoever opens a link gives us text of unknown origin: it is read as data, with a limit on its
size unpacked, into fields of known types; whether its model may be loaded is for others to decide.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import zlib
from functools import cache
from typing import Any, Final, get_args, get_origin, get_type_hints

from mesa_lab.drafts.draft import KINDS, DesignDraft, Draft, Row
from mesa_lab.drafts.draft_size import check_size
from mesa_lab.errors import ExperimentError

__all__ = ["LONGEST", "from_query", "to_query"]

LONGEST: Final = 12_000
"""Characters that a design may take in an address; servers and mail programs cut longer ones."""
_UNPACKED: Final = 2_000_000
_BROKEN: Final = "This link does not hold a whole design. Ask for it again, or start from a model."


def to_query(draft: Draft) -> str | None:
    """Return the draft as text for an address, None when it is too long for one.

    Example:
        >>> from_query(to_query(Draft(model="mesa.examples:Schelling"))).model
        'mesa.examples:Schelling'
    """
    text = json.dumps(_pack(draft, Draft()), separators=(",", ":"), ensure_ascii=False)
    if len(text) > _UNPACKED // 4:  # characters of up to four bytes; such a text would never be short enough
        return None
    packed = zlib.compress(text.encode(), 9)
    query = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return query if len(query) <= LONGEST else None


def from_query(query: str) -> Draft:
    """Read a draft from an address.

    Raises:
        ExperimentError: If it is damaged, was never one, or holds more than a page can show.
    """
    try:
        packed = base64.b64decode(query + "=" * (-len(query) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(packed, _UNPACKED)
        if not unpacker.eof:
            raise ExperimentError(_BROKEN)
        draft: Draft = _unpack(Draft, json.loads(text))
    except (ValueError, TypeError, KeyError, zlib.error, RecursionError):
        raise ExperimentError(_BROKEN) from None
    if len({row.name for row in draft.rows}) < len(draft.rows) or any(
        row.kind not in KINDS for row in draft.rows
    ):
        raise ExperimentError(_BROKEN)
    check_size(draft, "This link")
    return draft


def _pack(value: Any, empty: Any) -> Any:
    if dataclasses.is_dataclass(value):
        pairs = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {
            name: _pack(part, getattr(empty, name)) for name, part in pairs if part != getattr(empty, name)
        }
    if isinstance(value, tuple):
        return [_pack(item, _EMPTY.get(type(item), item)) for item in value]
    return value


def _unpack(kind: type[Any], data: Any) -> Any:
    if not isinstance(data, dict):
        raise TypeError(kind)
    hints = _hints(kind)  # type: ignore[arg-type]
    given = {name: _read(hints[name], value) for name, value in data.items()}
    return kind(**({"name": ""} if kind is Row else {}) | given)


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(hint: Any, value: Any) -> Any:
    """A value of exactly the hinted type, or an error."""
    if dataclasses.is_dataclass(hint):
        return _unpack(hint, value)  # type: ignore[arg-type]
    if get_origin(hint) is tuple:
        inner = get_args(hint)
        if not isinstance(value, list) or (inner[-1] is not ... and len(inner) != len(value)):
            raise TypeError(hint)
        return tuple(_read(inner[0], item) for item in value)
    if type(value) is not hint:
        raise TypeError(hint)
    return value


_EMPTY: Final = {Row: Row(""), DesignDraft: DesignDraft()}
