"""Functions of the model: given themselves, or named by where they can be found ("package.module:function")."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, override

from mesa_lab.errors import OutcomeError
from mesa_lab.preparation.code_permission import CodeReference, parse_reference
from mesa_lab.preparation.outcome_kinds.kind import OutcomeKind, Source

__all__ = ["KIND", "Function", "FunctionReference", "check_reference", "is_reference", "load_function"]

_REFERENCE: Final = re.compile(r"[\w./\\-]+:[\w.<>]+")


@dataclass(frozen=True)
class Function(Source):
    """A function of the model that was given itself.

    Attributes:
        given: The function.
    """

    given: Callable[[Any], Any]

    @override
    def measure(self, model: Any) -> Any:
        return self.given(model)

    @override
    def function(self) -> Callable[[Any], Any]:
        return self.given


@dataclass(frozen=True)
class FunctionReference(Source):
    """A function of the model that is imported when runs are carried out.

    Attributes:
        reference: Where it is: "package.module:function" or "path/file.py:function".
    """

    reference: str

    @override
    def measure(self, model: Any) -> Any:
        return self.function()(model)

    @override
    def function(self) -> Callable[[Any], Any]:
        return load_function(self.reference)

    @override
    def check(self, model: Any) -> None:
        check_reference("The outcome", self.reference)

    @property
    @override
    def named_code(self) -> tuple[CodeReference, ...]:
        return (parse_reference(self.reference, "function"),)


def is_reference(text: str) -> bool:
    """Whether a text names a function to import.

    Example:
        >>> is_reference("package.module:function"), is_reference("Wolves == 0")
        (True, False)
    """
    return _REFERENCE.fullmatch(text) is not None


def check_reference(what: str, reference: str) -> None:
    """Refuse the reference of a function that has no name of its own: what a file holds of it leads nowhere.

    Args:
        what: What the function is for, as the subject of a sentence.
        reference: Where it is said to be.

    Raises:
        OutcomeError: If it is a lambda or a function within a function.
    """
    if "<lambda>" in reference or "<locals>" in reference:
        raise OutcomeError(
            f"{what} was a function that only the program which made it knows ('{reference}'). Give it again, as in "
            "experiment.replace(...), or write it in a module and name it: 'module:function'."
        )


def load_function(reference: str) -> Callable[[Any], Any]:
    """Import the function that "package.module:function" or "path/file.py:function" names.

    Raises:
        OutcomeError: If there is none.
        NotAllowedError: If it may not be loaded here.
    """
    from mesa_lab.preparation.models import import_code

    named = parse_reference(reference, "function")
    try:
        target: Any = import_code(named)
        for part in named.name.split("."):
            target = getattr(target, part)
    except FileNotFoundError:
        raise OutcomeError(f"No function '{reference}': there is no file '{named.place}'.") from None
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise OutcomeError(f"No function '{reference}': {error}.") from error
    if not callable(target):
        raise OutcomeError(f"'{reference}' is a {type(target).__name__} and no function.")
    return target  # type: ignore[no-any-return]


def _parse(text: str) -> FunctionReference | None:
    return FunctionReference(text) if is_reference(text) else None


KIND: Final = OutcomeKind("function", _parse)
