"""Named settings: kept in the study of a session, in the order in which they were named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import MesaLabError
from mesa_lab.exploring.dials import Dial, settled
from mesa_lab.preparation.encoding import from_json, to_json

if TYPE_CHECKING:
    from mesa_lab.study.batches import AskedBatch

__all__ = ["Remembered", "noted", "read_remembered"]

_MOST: Final = 200
_LONGEST: Final = 60
_KEEP, _DROP, _HERE, _SEARCH = "remember", "forget", "here", "search"


@dataclass(frozen=True)
class Remembered:
    """What a session notes beside its runs.

    Attributes:
        settings: The named settings, by name.
        here: The setting at which one was last; None when that is not known.
        searches: Names of the files of searches that began here.
    """

    settings: Mapping[str, Mapping[str, Any]]
    here: Mapping[str, Any] | None = None
    searches: tuple[str, ...] = ()


def clean_name(name: str, taken: Iterable[str]) -> str:
    """Return a name for a setting: in one line, not too long, and of its own.

    Example:
        >>> clean_name("many  wolves", ["a"]), clean_name("", ["Setting 1"])
        ('many wolves', 'Setting 2')
    """
    known = set(taken)
    words = " ".join(name.split())[:_LONGEST]
    if words:
        return words
    number = len(known) + 1
    while (words := f"Setting {number}") in known:
        number += 1
    return words


def noted(kind: str, name: str = "", setting: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what is kept of a change: `kind` is "remember", "forget", "here", or "search" with the name of its file."""
    text = None if setting is None else to_json(setting)
    return {"explore": kind, "name": name, "setting": text}


def read_remembered(batches: Iterable[AskedBatch], dials: tuple[Dial, ...]) -> Remembered:
    """Read what a session has noted; what makes no sense is passed over, since a study may come from anyone."""
    settings: dict[str, Mapping[str, Any]] = {}
    here: Mapping[str, Any] | None = None
    searches: dict[str, None] = {}
    for batch in batches:
        kind, name, text = (batch.notes.get(key) for key in ("explore", "name", "setting"))
        if kind == _DROP and isinstance(name, str):
            settings.pop(name, None)
            continue
        if kind == _SEARCH and isinstance(name, str) and len(searches) < _MOST:
            searches[name] = None
        if kind not in (_KEEP, _HERE) or not isinstance(name, str) or not isinstance(text, str):
            continue
        try:
            setting = settled(dials, from_json(text))
        except (MesaLabError, ValueError, TypeError, AttributeError):
            continue
        if kind == _HERE:
            here = setting
        elif len(settings) < _MOST or name in settings:
            settings[clean_name(name, settings)] = setting
    return Remembered(settings, here, tuple(searches))
