"""The folder in which a model finds the files that it names by relative paths: where it was meant to be started.

A model that reads `data/streets.csv` was written to be run in its own folder, or in its project's. Elsewhere it is first tried in
the current folder; where a file is missing that one of its own folders has, it is tried there, and that is remembered for its class.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import stat
import sys
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

__all__ = [
    "file_trouble",
    "find_another_folder",
    "folder_with",
    "remember",
    "said_of_folder",
    "working_folder",
    "working_in",
]

_HIGHEST: Final = 5
"""So many folders are looked at, the model's own first."""
_HIGHEST_TO_WRITE: Final = 3
"""So many for a file that is to be written, where nothing says how far the project goes: a folder `results` further up is another's."""
_MARKS: Final = (".git", "pyproject.toml", "setup.py")
_TOLD: Final = ("no such file", "not found", "does not exist", "not exist", "unable to open", "cannot open")
_PATH: Final = re.compile(r"[^\s'\"(),:;<>|=]+[./\\][^\s'\"(),:;<>|=]*[\w]")
_found: weakref.WeakKeyDictionary[type[Any], tuple[Path, str]] = weakref.WeakKeyDictionary()
_of_files: dict[Path, tuple[Path, str]] = {}
"""The same for all models of a file that reads another while it is imported."""


def working_folder(model_cls: type[Any]) -> Path | None:
    """Return the folder in which a model is to be run; None for the current one.

    Args:
        model_cls: The class.
    """
    known = _known(model_cls)
    return known[0] if known else None


def _known(model_cls: type[Any]) -> tuple[Path, str] | None:
    if known := _found.get(model_cls):
        return known
    return (
        next((_of_files[file] for file in _files(model_cls) if file in _of_files), None)
        if _of_files
        else None
    )


def _files(model_cls: type[Any]) -> list[Path]:
    """The files of a class and of those that it builds upon."""
    names = dict.fromkeys(kind.__module__ for kind in model_cls.__mro__ if kind is not object)
    files = [getattr(sys.modules.get(name), "__file__", None) for name in names]
    return [Path(file) for file in files if isinstance(file, str)]


def remember(file: Path, folder: Path, name: str) -> None:
    """Have the models of a file run in a folder from now on.

    Args:
        file: The file.
        folder: The folder.
        name: What is found there.
    """
    _of_files[file] = folder, name


def said_of_folder(model_cls: type[Any]) -> str:
    """Say where a model is run and why; empty where it is the current folder."""
    known = _known(model_cls)
    return f"Run in the folder '{known[0]}', where the model finds '{known[1]}'." if known else ""


@contextlib.contextmanager
def working_in(folder: Path | None) -> Iterator[None]:
    """Make a folder the current one for the time of a block; None for no change."""
    if folder is None:
        yield
        return
    with contextlib.chdir(folder):
        yield


def find_another_folder(
    error: BaseException, model_cls: type[Any], tried: set[Path | None], here: Path | None = None
) -> bool:
    """Find the folder that has what a model did not find, and remember it for the class.

    Args:
        error: What the model raised.
        model_cls: The class.
        tried: Where this model has been tried, None for the current folder; what is found is added.
        here: The folder that was the current one before; None for the one that is.

    Returns:
        Whether it is to be tried once more, in another folder.
    """
    known = {folder for folder in tried if folder is not None}
    if None in tried:
        known.add(here or Path.cwd())
    found = folder_with(error, _files(model_cls), here, known)
    if found is None:
        return False
    _found[model_cls] = found
    tried.add(found[0])
    return True


def folder_with(
    error: BaseException, files: list[Path], here: Path | None = None, tried: set[Path] | None = None
) -> tuple[Path, str] | None:
    """Return the nearest folder that has what an error says is missing, and the relative path of that.

    Args:
        error: What was raised.
        files: The files of the code, the model's first.
        here: The current folder of before, None for the one that is.
        tried: Folders that are out of the question; None for the current one.
    """
    names = list(_missing(error))
    if not names:
        return None
    here = here or Path.cwd()
    tried = {here} if tried is None else tried
    for has, highest in ((_has_file, _HIGHEST), (_has_folder, _HIGHEST_TO_WRITE)):
        folders = [
            folder for folder in dict.fromkeys([*_folders(files, highest), here]) if folder not in tried
        ]
        for name in names:
            for folder in folders:
                if has(folder, name):
                    return folder, name
    return None


def _has_file(folder: Path, name: str) -> bool:
    return (folder / name).exists()


def _has_folder(folder: Path, name: str) -> bool:
    """Whether a file that is to be written could be there, and not in the current folder."""
    parent = Path(name).parent
    return parent != Path() and (folder / parent).is_dir() and not parent.is_dir()


def _folders(files: list[Path], highest: int) -> Iterator[Path]:
    """Yield the folders of a project from that of a file upwards; none of an installed package.

    Args:
        files: The files.
        highest: How many folders, where none has the marks of a project's root.
    """
    for file in files:
        if {"site-packages", "dist-packages"} & set(file.parts) or not file.is_absolute():
            continue
        above = list(
            itertools.takewhile(lambda folder: not _is_shared(folder), list(file.parents)[:_HIGHEST])
        )
        root = next((folder for folder in above if any((folder / mark).exists() for mark in _MARKS)), None)
        yield from above[:highest] if root is None else above[: above.index(root) + 1]


def _is_shared(folder: Path) -> bool:
    """Whether a folder holds what belongs to many: the root, a home, those for temporary files."""
    if folder.parent == folder or folder in (Path.home(), Path(tempfile.gettempdir())):
        return True
    try:
        return bool(folder.stat().st_mode & stat.S_ISVTX)
    except OSError:
        return True


def _missing(error: BaseException | None) -> Iterator[str]:
    """Yield the relative paths of which an error, or one that it comes of, says that they are missing."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield from _named_by(error)
        error = error.__cause__ or error.__context__


def _named_by(error: BaseException) -> list[str]:
    try:
        named = getattr(error, "filename", None)
        if isinstance(error, FileNotFoundError) and named is not None:
            found = [os.fsdecode(named)]
        else:
            text = str(error)[:2000]
            told = isinstance(error, Exception) and any(each in text.lower() for each in _TOLD)
            found = _PATH.findall(text) if told else []
        return [name for name in found if name and not Path(name).is_absolute()]
    except Exception:  # also of a message that the model's own exception fails to make
        return []


def file_trouble(error: BaseException, folder: Path | None = None) -> str:
    """Say what to do about a file that a model does not find by a relative path; empty for any other error.

    Args:
        error: What was raised.
        folder: Where the model was run; None for the current folder.
    """
    if not isinstance(error, FileNotFoundError):
        return ""
    name = next(iter(_named_by(error)), None)
    if name is None:
        return ""
    here = folder or Path.cwd()
    parent = Path(name).parent
    if parent != Path() and not (here / parent).is_dir():
        return (
            f"There is no folder '{parent}' in '{here}'. Make it, or have the model make it before it writes: "
            f"Path('{parent}').mkdir(parents=True, exist_ok=True). A file to be read is found from anywhere by "
            f"Path(__file__).parent / '{name}'."
        )
    return f"It was looked for in '{here}'. Put it there, or write: Path(__file__).parent / '{name}'."
