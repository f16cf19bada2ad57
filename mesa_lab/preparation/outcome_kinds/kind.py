"""What a kind of outcome is: how its text is recognised, and what measures it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mesa_lab.preparation.code_permission import CodeReference

__all__ = ["OutcomeKind", "Source"]


class Source(ABC):
    """What the text of one outcome asks for. A frozen dataclass, which goes to worker processes as it is.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class TimesTwo(Source):
        ...     attribute: str
        ...     def measure(self, model):
        ...         return 2 * getattr(model, self.attribute)
    """

    @abstractmethod
    def measure(self, model: Any) -> Any:
        """Return the value of the outcome, of any type that `mesa_lab.running.cells.cell` takes.

        Args:
            model: The model, between two of its steps.

        Raises:
            Exception: Anything; the outcome has no value then, and the study notes why.
        """

    def function(self) -> Callable[[Any], Any]:
        """Return the function of the model that measures it; asked for once in each process.

        Raises:
            OutcomeError: If it cannot be found.
        """
        return self.measure

    def check(self, model: Any) -> None:  # noqa: B027 (of many kinds only a run can tell)
        """Refuse what can never be measured. Called before anything runs, with a model that was never stepped.

        Raises:
            OutcomeError: If there is nothing to measure, now or later.
        """

    @property
    def at_end(self) -> bool:
        """Whether it is measured at the end of a run only, and has no series."""
        return False

    def leaves_no_trace(self, model: Any) -> bool:
        """Whether measuring runs no code but Python's own; otherwise the random generators are put back after it."""
        return False

    @property
    def named_code(self) -> tuple[CodeReference, ...]:
        """The code that is imported by name to measure it: the user is asked before it is loaded."""
        return ()


@dataclass(frozen=True)
class OutcomeKind:
    """A kind of outcome, an entry of the list in `mesa_lab.preparation.outcome_kinds`.

    Attributes:
        name: What it is called in messages.
        parse: Returns the source that a text asks for, None where the text is of another kind. It raises OutcomeError for a
            text of this kind that is malformed, and neither imports nor evaluates anything that the text names.
    """

    name: str
    parse: Callable[[str], Source | None]
