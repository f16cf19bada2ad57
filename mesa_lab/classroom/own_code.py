"""Files that students bring: where they are kept, how large they may be, and whose they are.

A file is loaded in confined processes alone (`running.confinement`), to describe it as well as to run it. What stands here only
writes it down.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mesa_lab.classroom.limits import StudentLimits
from mesa_lab.errors import StudyError
from mesa_lab.preparation.code_permission import CodeReference
from mesa_lab.running.confinement.own_models import OwnModels

__all__ = ["FOLDER", "LARGEST", "OwnCode", "own_models"]

FOLDER: Final = "own_code"
LARGEST: Final = 200_000
"""Bytes of one file."""
_MOST: Final = 30
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,60}\.py")


@dataclass(frozen=True)
class OwnCode:
    """The files of all students.

    Attributes:
        root: The folder of the class.
    """

    root: Path

    def folder(self, student: str) -> Path:
        """Return where a student's files are."""
        return self.root / "visitors" / student / FOLDER

    def folder_of(self, path: Path) -> Path | None:
        """Return the folder of a student's file, None for any other file."""
        folder = path.parent
        is_own = (
            path.suffix == ".py"
            and folder.name == FOLDER
            and folder.parent.parent == self.root / "visitors"
            and not path.is_symlink()
        )
        return folder if is_own else None

    def owner(self, reference: CodeReference) -> str | None:
        """Return whose a model is, None where it is in no student's file."""
        folder = self.folder_of(Path(reference.place).resolve()) if reference.is_file else None
        return None if folder is None else folder.parent.name

    def files(self, student: str) -> list[Path]:
        """Return a student's files, by name."""
        return sorted(self.folder(student).glob("*.py"))

    def save(self, student: str, name: str, data: bytes | None) -> Path:
        """Keep a file.

        Args:
            student: Whose it is.
            name: What it is called; one of that name is replaced.
            data: What is in it; None where it is too large to be sent.

        Returns:
            The file.

        Raises:
            StudyError: If it is too large, no text, or not called as a module may be.
        """
        name = name.replace("\\", "/").rpartition("/")[2]
        if not _NAME.fullmatch(name):
            raise StudyError(
                f"'{name[:60]}' is not called as a Python file may be here. Give it a name of letters, digits and underscores "
                "that ends in .py, such as my_model.py."
            )
        if data is None or len(data) > LARGEST:
            raise StudyError(
                f"'{name}' is larger than {LARGEST // 1000} kB, and no larger file is taken here."
            )
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            raise StudyError(f"'{name}' is no text in UTF-8, so it is no Python file.") from None
        folder = self.folder(student)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        if not path.exists() and len(self.files(student)) >= _MOST:
            raise StudyError(
                f"You have {_MOST} files already. Give the new one the name of one that it replaces."
            )
        beside = path.with_suffix(".new")
        beside.write_bytes(data)
        beside.replace(path)
        return path


def own_models(code: OwnCode, limits: StudentLimits, *, walls: bool) -> OwnModels:
    """Return what is known of students' models, and the processes that may load them.

    Args:
        code: The files.
        limits: What each student may use.
        walls: Whether the system is to keep them from files, the network and other processes.
    """
    seconds = 60 * limits.minutes_per_run
    rules = {"memory": limits.memory, "seconds": max(600.0, 3 * seconds), "walls": walls}
    return OwnModels(code.folder_of, rules, seconds, limits.megabytes)
