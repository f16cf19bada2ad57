"""Changes to a draft by a form whose fields change one at a time, and faster than pages are drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mesa_lab.drafts.draft import Draft, Row, completed

if TYPE_CHECKING:
    from mesa_lab.preparation.models import ModelDescription

__all__ = ["Latest"]


class Latest:
    """The draft as it is after all that was typed, whichever of it has been drawn yet.

    Its methods are the same in every render, so that rows that did not change are not drawn again; and two
    quick changes build on each other, also while another thread is still drawing what was before.
    """

    def __init__(self, draft: Draft) -> None:
        self._draft = self._seen = draft
        self._told: list[Draft] = []
        self._tell: Callable[[Draft], None] = lambda draft: None

    def see(self, draft: Draft, tell: Callable[[Draft], None]) -> None:
        """Take note of the draft that is drawn; one that did not come from here replaces what was typed."""
        self._tell = tell
        if draft is not self._seen and not any(draft is told for told in self._told):
            self._draft = draft
        self._seen = draft

    def change(self, **fields: Any) -> None:
        """Change some fields."""
        self._set(replace(self._draft, **fields))

    def change_row(self, row: Row) -> None:
        """Change a row."""
        self._set(self._draft.with_row(row))

    def add_row(self, row: Row) -> None:
        """Add a row for a parameter that the model does not name."""
        self._set(replace(self._draft, rows=(*self._draft.rows, row)))

    def complete(self, description: ModelDescription) -> None:
        """Add the rows of the parameters that the model turned out to have, and keep what was typed until then."""
        full = completed(self._draft, description)
        if full is not self._draft:
            self._set(full)

    def _set(self, draft: Draft) -> None:
        self._draft = draft
        self._told = [*self._told[-9:], draft]
        self._tell(draft)
