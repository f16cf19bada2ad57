"""Which models a page offers, and whether a draft from elsewhere may be opened without asking.

A link, a file or a study may name any model and any function, and loading one runs its code. What the
app offers by itself is trusted, and so is what its user opened here before; for everything else a
local app asks first, and an app for others refuses. This room decides; pages ask it and show.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from mesa_lab.workspace.access import access

if TYPE_CHECKING:
    from mesa_lab.drafts.draft import DesignDraft, Draft
    from mesa_lab.preparation.models import ModelEntry

__all__ = ["code_in", "is_trusted", "offered_models", "trust", "untrusted"]

_REFERENCE: Final = re.compile(r"[\w./\\~ -]+:[\w.<>]+")

_opened: set[str] = set()
"""References that the user of a local app agreed to run; gone when the app ends."""


def offered_models() -> list[ModelEntry]:
    """Return the models that anybody here may use: the listed ones, and locally all that are installed."""
    from mesa_lab.preparation.models import ModelEntry

    granted = access()
    installed = {entry.reference: entry for entry in _installed()}
    listed = [
        installed.get(reference)
        or ModelEntry(reference, reference.rpartition(":")[2] or reference, "", "listed")
        for reference in granted.models
    ]
    rest = (
        [entry for entry in installed.values() if entry.reference not in granted.models]
        if granted.local
        else []
    )
    return [*listed, *rest]


@cache
def _installed() -> tuple[ModelEntry, ...]:
    from mesa_lab.preparation.models import installed_models

    return tuple(installed_models())


def code_in(draft: Draft) -> tuple[str, ...]:
    """Return what a draft would load and run: its model, and any functions that it names.

    Example:
        >>> from mesa_lab.drafts.draft import Draft
        >>> code_in(Draft("wolf.py:Wolf", outcomes=(("", "happy"), ("", "tools:count"))))
        ('wolf.py:Wolf', 'tools:count')
    """
    texts = [source for _, source in draft.outcomes]
    texts += [draft.stop_when, *_texts(draft.design)]
    functions = [text.strip() for text in texts if _REFERENCE.fullmatch(text.strip())]
    return tuple(dict.fromkeys([*([draft.model] if draft.model else []), *functions]))


def _texts(design: DesignDraft) -> list[str]:
    inner = [text for part in design.parts for text in _texts(part)]
    return [text for _, text in design.fields] + inner


def untrusted(draft: Draft) -> tuple[str, ...]:
    """Return what a draft would run that is neither offered nor agreed to."""
    return tuple(reference for reference in code_in(draft) if not is_trusted(reference))


def is_trusted(reference: str) -> bool:
    """Whether something may be loaded without asking."""
    if access().local and reference in _opened:
        return True
    return any(reference == entry.reference for entry in offered_models())


def trust(reference: str) -> None:
    """Note that the user of a local app agreed to load something. In an app for others nobody can agree."""
    if access().local:
        _opened.add(reference)
