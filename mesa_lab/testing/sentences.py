"""What is told to users is sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["begins_small", "is_sentence"]


def is_sentence(text: str) -> bool:
    """Return whether a text ends like a sentence and starts with no blank.

    Example:
        >>> is_sentence("Give a number."), is_sentence("nan")
        (True, False)
    """
    return bool(text) and text.rstrip().rstrip(")")[-1:] in (".", "?", "!") and not text.startswith(" ")


def begins_small(text: str, names: Iterable[str]) -> str:
    """Return the first sentence of a text that begins with a small letter and not with a name as it is declared; "" for none.

    Example:
        >>> begins_small("sick_days depends on n. It grows.", ["sick_days", "n"])
        ''
        >>> begins_small("It grows. by how much is unknown.", ["sick_days", "n"])
        'by how much is unknown.'
    """
    known = tuple(names)
    for sentence in re.split(r"(?<=[.!?]) (?=\S)", text):
        if sentence[:1].islower() and not any(
            re.match(rf"{re.escape(name)}(?!\w)", sentence) for name in known
        ):
            return sentence
    return ""
