"""What could not be measured in a run: for each outcome the first reason in words, and how often."""

from __future__ import annotations

from mesa_lab.running.collection.outcome_values import UnstorableError

__all__ = ["Notes"]


class Notes:
    """What could not be measured: the first time in words, the others as a number."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._count: dict[str, int] = {}

    def add(self, name: str, step: int, error: Exception) -> None:
        """Note that this outcome could not be measured at this step."""
        if name not in self._first:
            kind = "" if isinstance(error, UnstorableError) else f"{type(error).__name__}: "
            self._first[name] = f"'{name}' is missing at step {step}: {kind}{str(error)[:300]}"
        self._count[name] = self._count.get(name, 0) + 1

    def __bool__(self) -> bool:
        return bool(self._first)

    def lines(self) -> list[str]:
        """The notes, one line for each outcome."""
        return [
            " ".join(
                f"{text}{f' (and {self._count[name] - 1} more)' if self._count[name] > 1 else ''}".split()
            )
            for name, text in self._first.items()
        ]
