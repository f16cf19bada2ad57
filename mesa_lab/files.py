"""Where a path that a person gave meets the file system: what cannot be a file's name is said at once, and in plain words.

And how a file that is finished takes its place, so that a power cut leaves it whole or the old one. This module knows
neither what is in the files nor whose they are: who calls it says which error its mistakes are.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mesa_lab.errors import MesaLabError

__all__ = ["KeptPath", "check_path", "path_of", "settle", "shown", "take_place"]

_SHOWN: Final = 60
_MOST: Final = 255  # bytes of a name, with nearly all file systems


def path_of(given: object, what: str, error: type[MesaLabError]) -> Path:
    """Return what a caller gave as a path.

    Args:
        given: A text or a path.
        what: What it is the path of, such as "study".
        error: The class of the error that is raised.

    Raises:
        MesaLabError: As `error`, if it is neither.
    """
    if isinstance(given, str | os.PathLike):
        path = os.fspath(given)
        if isinstance(path, str):
            return Path(path)
    raise error(f"The {what} is {given!r:.80}. Give the path of its file, as text.")


class KeptPath:
    """A path that is kept for later, in a process whose current folder may be changed meanwhile, as a notebook's is by `%cd`.

    Args:
        given: The path.

    Raises:
        OSError: If it is relative, and the current folder is gone.

    Example:
        >>> kept = KeptPath(Path("wolves.study"))
        >>> str(kept.now)
        'wolves.study'
    """

    def __init__(self, given: Path) -> None:
        self._given, self._whole = given, given.absolute()

    @property
    def now(self) -> Path:
        """Where it is: as it was given for as long as that leads there, else from the root on."""
        if self._given.is_absolute():
            return self._given
        with contextlib.suppress(OSError):  # the folder of now is gone
            if self._given.absolute() == self._whole:
                return self._given
        return self._whole


def check_path(path: Path, error: type[MesaLabError], *, beside: str = "") -> None:
    """Refuse what no file can be called here, or lies where nobody may look; whether there is a file does not matter.

    Args:
        path: What the user gave.
        error: The class of the error that is raised.
        beside: What is put behind the name for files that have to stand beside it.

    Raises:
        MesaLabError: As `error`, with the path, shortened where it is long, and what to do.
    """
    try:
        # Not `exists`, which passes some errors on and is silent about others, depending on the Python.
        for one in {path, path.with_name(path.name + beside) if path.name else path}:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                one.stat()
    except ValueError:
        raise error(
            f"{shown(path)!r} cannot be a file: there is a character in it that no name may have. Take it out."
        ) from None
    except OSError as problem:
        raise error(_refusal(path, problem, beside)) from None


def shown(path: Path) -> str:
    """Return a path as it is shown in a message: the middle of a long one is left out.

    Example:
        >>> shown(Path("x" * 300 + ".study"))
        'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxxxxx.study'
    """
    text = str(path)
    too_long = len(text) > 4 * _SHOWN or any(len(part) > 2 * _SHOWN for part in path.parts)
    return f"{text[: _SHOWN // 2]}…{text[1 - _SHOWN // 2 :]}" if too_long else text


def _refusal(path: Path, problem: OSError, beside: str) -> str:
    if problem.errno != errno.ENAMETOOLONG:
        return f"'{shown(path)}' cannot be used: {problem.strerror or problem}. Check the path, and the permissions of its folders."
    longest = max((len(os.fsencode(part)) for part in path.parts), default=0)
    room = _MOST - len(beside)
    if longest > room:
        return f"The name '{shown(path)}' is too long for a file: {longest} bytes, {room} at most. Choose a shorter one."
    return f"The path '{shown(path)}' is too long: {len(os.fsencode(path)):,} bytes. Choose a folder that is less deep."


def take_place(draft: Path, path: Path) -> None:
    """Give a finished file its name, once the disk has what is in it.

    Without waiting, a power cut could leave the name with nothing in it.

    Args:
        draft: The file under its temporary name, closed, on the same disk.
        path: Its name; what is there is replaced.
    """
    with draft.open("rb" if os.name == "posix" else "r+b") as file:  # Windows syncs what may be written to
        os.fsync(file.fileno())
    draft.replace(path)
    settle(path.parent)


def settle(folder: Path) -> None:
    """Wait until the disk has the names in a folder as they are now."""
    with contextlib.suppress(OSError):  # not every system lets a folder be opened
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
