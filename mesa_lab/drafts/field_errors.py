"""Mistakes in a draft, collected by field: a page shows each one beside what was typed."""

from collections.abc import Callable
from typing import Any

from mesa_lab.errors import MesaLabError

__all__ = ["Mistakes"]


class Mistakes(dict[str, str]):
    """Messages by field; the first one at a field stays.

    Example:
        >>> from mesa_lab.drafts.value_text import parse_number
        >>> mistakes = Mistakes()
        >>> mistakes.attempt("size", parse_number, "many")
        >>> mistakes
        {'size': "'many' is not a number."}
    """

    def note(self, field: str, message: str) -> None:
        """Note a mistake at a field."""
        self.setdefault(field, message)

    def attempt(self, field: str, read: Callable[..., Any], *words: Any, **options: Any) -> Any:
        """Call a function; an error of Mesa Lab's is noted at the field, and the answer is None."""
        try:
            return read(*words, **options)
        except MesaLabError as error:
            self.note(field, str(error))
            return None
