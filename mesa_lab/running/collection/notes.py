"""What is to be said of the values of a run: what could not be measured and why, and in what form the others are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mesa_lab.running.cells import UnstorableError, form_of

__all__ = ["AGENTS", "Notes"]

AGENTS: Final = "agents"
"""The scope of what was measured of agents; that of the model's outcomes is empty."""

_LONGEST: Final = 300
_formless: set[type[Any]] = set()  # types that a cell holds as they are


class Notes:
    """What is to be said of the values of a run.

    Args:
        fail: Called with the first error of an outcome, where that is to end the run; None where it costs a cell only.

    Attributes:
        forms: Scope, name and form (`cells.form_of`) of each column that does not hold its values as they were.
    """

    def __init__(self, fail: Callable[[Exception], None] | None = None) -> None:
        self.forms: dict[tuple[str, str, str], None] = {}
        self._fail = fail
        self._first: dict[str, str] = {}
        self._count: dict[str, int] = {}
        self._formed: set[tuple[str, str, type[Any]]] = set()

    def add(self, name: str, step: int, error: Exception) -> None:
        """Note that this outcome could not be measured at this step: the first time in words, the others as a number."""
        is_unstorable = isinstance(error, UnstorableError)
        if name not in self._first:
            kind = "" if is_unstorable else f"{type(error).__name__}: "
            try:
                said = str(error)[:_LONGEST]
            except Exception:
                said = "(its message cannot be read)"
            self._first[name] = f"'{name}' is missing at step {step}: {kind}{said}"
        self._count[name] = self._count.get(name, 0) + 1
        if self._fail is not None and not is_unstorable:
            self._fail(error)
            self._fail = None

    def form(self, name: str, value: Any, scope: str = "") -> None:
        """Note in what form a column holds this value."""
        kind = type(value)
        if kind in _formless or (scope, name, kind) in self._formed:
            return
        if form := form_of(value):
            self.forms[scope, name, form] = None
            self._formed.add((scope, name, kind))
        else:
            _formless.add(kind)

    def __bool__(self) -> bool:
        return bool(self._first)

    def lines(self) -> list[str]:
        """What could not be measured, one line for each outcome."""
        return [
            " ".join(
                f"{text}{f' (and {self._count[name] - 1} more)' if self._count[name] > 1 else ''}".split()
            )
            for name, text in self._first.items()
        ]
