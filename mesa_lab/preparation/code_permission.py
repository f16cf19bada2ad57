"""Permission to load code and to read files that a text names, asked where they are loaded.

An experiment file, a link or a study may name any model, function or table. To parse such a name loads nothing. Every
function that imports code or opens a file by it asks here first, with the name as it has parsed it itself, so that no
spelling is one thing to the question and another to the loader. In Python and in the terminal all is permitted: the user
wrote the name. An application that reads names written by others installs a permission of its own.

Some code may be used and yet not be loaded in this process: that of strangers, which runs in confined processes alone. Whoever
knows such code says so here (`set_elsewhere`), and those who would load it get what is known of it instead.
"""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from mesa_lab.errors import NotAllowedError

__all__ = [
    "EVERYTHING",
    "CodeReference",
    "Elsewhere",
    "Permission",
    "elsewhere_of",
    "parse_reference",
    "permitting",
    "require_code",
    "require_file",
    "set_default",
    "set_elsewhere",
]

_FILE: Final = re.compile(r"(?P<place>.+\.py)(?::(?P<name>[^:/\\]+))?")


@dataclass(frozen=True, slots=True)
class CodeReference:
    """Code that a text names.

    Attributes:
        role: "model", or "function" for an outcome, a stop rule or the points of a design.
        place: The module, or the path of the file.
        name: The class or function in it; empty where a module or file is to hold one model.
        is_file: Whether the place is a file's path.
    """

    role: Literal["model", "function"]
    place: str
    name: str
    is_file: bool

    @property
    def text(self) -> str:
        """The reference as it is written."""
        return f"{self.place}:{self.name}" if self.name else self.place

    @property
    def identity(self) -> tuple[str, str]:
        """What is equal for all spellings of the same code: the module or the file's absolute path, and the name."""
        if not self.is_file:
            return self.place, self.name
        # A path with a NUL has no absolute form, and names no file either.
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            return str(Path(self.place).expanduser().resolve()), self.name
        return self.place, self.name


def parse_reference(text: str, role: Literal["model", "function"] = "model") -> CodeReference:
    """Read what a text names. This is the only place where such texts are taken apart.

    Args:
        text: `"package.module:name"`, `"path/file.py:name"`, or the module or file alone.
        role: What is to be loaded.

    Returns:
        The reference, whether or not there is such code.

    Example:
        >>> parse_reference("models/fire.py:Fire")
        CodeReference(role='model', place='models/fire.py', name='Fire', is_file=True)
    """
    text = text.strip()
    if match := _FILE.fullmatch(text):
        return CodeReference(role, match["place"], match["name"] or "", is_file=True)
    place, _, name = text.partition(":")
    return CodeReference(role, place, name, is_file=False)


@dataclass(frozen=True, slots=True)
class Permission:
    """What may be loaded.

    Attributes:
        code: Returns why some code may not be loaded, an empty text when it may.
        file: Returns why a file that is named by its path may not be read, an empty text when it may.
    """

    code: Callable[[CodeReference], str]
    file: Callable[[Path], str]


EVERYTHING: Final = Permission(code=lambda _: "", file=lambda _: "")

_default = EVERYTHING
_here: ContextVar[Permission | None] = ContextVar("permission", default=None)


def set_default(permission: Permission) -> None:
    """Set what may be loaded in this process, in all of its threads."""
    global _default
    _default = permission


@contextlib.contextmanager
def permitting(permission: Permission) -> Iterator[None]:
    """Load nothing but what is permitted, for as long as the block runs, in this thread.

    Example:
        >>> nothing = Permission(code=lambda _: "Not here.", file=lambda _: "Not here.")
        >>> with permitting(nothing):
        ...     require_code([parse_reference("os:getcwd", "function")])
        Traceback (most recent call last):
            ...
        mesa_lab.errors.NotAllowedError: Not here.
    """
    token = _here.set(permission)
    try:
        yield
    finally:
        _here.reset(token)


def require_code(references: Iterable[CodeReference]) -> None:
    """Return if all of this code may be loaded.

    Raises:
        NotAllowedError: If some may not; says which, and what to do.
    """
    for reference in references:
        for permission in _asked():
            if reason := permission.code(reference):
                raise NotAllowedError(reason)


def require_file(path: Path) -> None:
    """Return if a file that an experiment names by its path may be read.

    Raises:
        NotAllowedError: If it may not.
    """
    for permission in _asked():
        if reason := permission.file(path):
            raise NotAllowedError(reason)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Models whose code is loaded in confined processes alone.

    Attributes:
        has: Whether a model is one of these.
        description: Returns what is known of one, a `ModelDescription`.
        stand_in: Returns a class that takes what the model takes, and does nothing.
        check: Has an experiment checked, at a point or at the first of its design, where the model is.
    """

    has: Callable[[CodeReference], bool]
    description: Callable[[str], Any]
    stand_in: Callable[[str], type[Any]]
    check: Callable[[Any, Any], None]


_elsewhere: Elsewhere | None = None


def set_elsewhere(elsewhere: Elsewhere | None) -> None:
    """Say which models are never loaded in this process; None for no such models."""
    global _elsewhere
    _elsewhere = elsewhere


def elsewhere_of(model: object) -> Elsewhere | None:
    """Return who knows a model that must not be loaded in this process, None where it may be.

    Args:
        model: A class, or the text that finds one.
    """
    if _elsewhere is None or not isinstance(model, str):
        return None
    return _elsewhere if _elsewhere.has(parse_reference(model)) else None


def _asked() -> tuple[Permission, ...]:
    """The process's permission and the block's: a block cannot permit what the process does not."""
    here = _here.get()
    return (_default,) if here is None else (_default, here)
