"""What is told to users is sentences."""

from __future__ import annotations

__all__ = ["is_sentence"]


def is_sentence(text: str) -> bool:
    """Return whether a text ends like a sentence and starts with no blank.

    Example:
        >>> is_sentence("Give a number."), is_sentence("nan")
        (True, False)
    """
    return bool(text) and text.rstrip().rstrip(")")[-1:] in (".", "?", "!") and not text.startswith(" ")
