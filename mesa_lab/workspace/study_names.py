"""What a study is called: its key in an address, its name for people, its file on disk.

Names come from address bars and text fields. One that leads out of the folder, or that some system
cannot store, is refused here, once for all pages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mesa_lab.errors import StudyError

__all__ = ["ENDING", "SHARED", "StudyRef", "clean_name", "first_name", "name_of", "numbered", "path_in"]

ENDING: Final = ".study"
SHARED: Final = "@"
LONGEST: Final = 80
_LONGEST_FIRST: Final = 50  # there is room for what tells several of one model apart
_MOST_BYTES: Final = 240  # with ending and SQLite's suffixes, the 255 that file systems take
_WRONG: Final = re.compile(r"[^\w .,()+=#&'-]")
_PORTS: Final = {f"{port}{number}" for port in ("com", "lpt") for number in range(10)}
_RESERVED: Final = {"con", "prn", "aux", "nul", *_PORTS}


@dataclass(frozen=True, slots=True)
class StudyRef:
    """A study that a page may show.

    Attributes:
        key: What stands in the address: its name, or "@" and a token when another user shared it.
        name: What people call it.
        path: Its file.
        own: Whether who looks at it may run, change and delete it.
    """

    key: str
    name: str
    path: Path
    own: bool = True


def clean_name(name: str) -> str:
    """Return a name for a new study, one that a file may have on every system.

    Raises:
        StudyError: If it cannot be a file's name; the message says what to change.

    Example:
        >>> clean_name(" wolves, first try.study ")
        'wolves, first try'
    """
    name = name.strip().removesuffix(ENDING).strip()
    if not name:
        raise StudyError("Give the study a name.")
    if wrong := sorted(set(_WRONG.findall(name))):
        raise StudyError(f"A name cannot hold {' '.join(wrong)}. Use letters, digits, spaces, - and _.")
    if len(name) > LONGEST or len(name.encode()) > _MOST_BYTES:
        raise StudyError(f"This name has {len(name)} characters; at most {LONGEST} fit.")
    if name[0] in ".-" or name[-1] == ".":
        raise StudyError("A name cannot start with . or -, nor end with a full stop.")
    if name.partition(".")[0].strip().lower() in _RESERVED:
        raise StudyError(f"'{name}' means a device on Windows. Choose another name.")
    return name


def path_in(folder: Path, name: str) -> Path:
    """Return the file of a study in a folder, whatever the name: it never lies elsewhere.

    Raises:
        StudyError: If this is no name of a file.
    """
    odd = (
        not name
        or name.startswith(".")
        or any(sign in "/\\\0:" or "\ud800" <= sign <= "\udfff" for sign in name)
    )
    if odd or len(name.encode()) > _MOST_BYTES:
        shown = name[:80].encode("utf-8", "replace").decode()
        raise StudyError(f"'{shown}' is no name of a study.")
    return folder / f"{name}{ENDING}"


def name_of(path: Path) -> str:
    """Return what people call the study in a file."""
    return path.name.removesuffix(ENDING)


def numbered(name: str, taken: set[str]) -> str:
    """Return the name, or the first numbered one that is free.

    Args:
        name: A name.
        taken: Names in use, in small letters: some file systems do not tell them apart.

    Example:
        >>> numbered("wolves", {"wolves", "wolves 2"})
        'wolves 3'
    """
    match = re.fullmatch(r"(.*?)(?: (\d{1,4}))?", name, re.DOTALL)
    stem, number = (match[1], int(match[2] or 1)) if match else (name, 1)
    stem = stem[: LONGEST - 5].rstrip()
    while name.lower() in taken:
        number += 1
        name = f"{stem} {number}"
    return name


def first_name(model: str) -> str:
    """Return a name for a study of a model.

    Example:
        >>> first_name("mesa.examples:WolfSheep"), first_name("models/fire.py:Model")
        ('wolf_sheep', 'model')
    """
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", model.rpartition(":")[2]).lower()
    return re.sub(r"[^\w-]+", "_", name).strip("_")[:_LONGEST_FIRST].rstrip("_") or "study"
