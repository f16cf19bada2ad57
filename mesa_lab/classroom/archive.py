"""All that a class has made, in one file: a folder for each student, under their name, with their studies in it."""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from mesa_lab.classroom.own_code import OwnCode
from mesa_lab.classroom.student_progress import Progress
from mesa_lab.study import Study
from mesa_lab.workspace.study_names import numbered

__all__ = ["write_archive"]


def write_archive(
    path: Path, students: Sequence[Progress], code: OwnCode | None = None, together: Sequence[Path] = ()
) -> Path:
    """Write the archive of a class.

    Studies that are being run are taken as they are at that moment. A study that cannot be read is named in `class.csv`.

    Args:
        path: The zip file to write.
        students: How far each student is.
        code: The files that students brought; None where they may not.
        together: Studies of all students together, which lie in no folder.

    Returns:
        The file.
    """
    taken: set[str] = set()
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(["folder", "name", "joined", "studies", "runs", "failed", "not readable"])
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        tempfile.TemporaryDirectory() as scratch,
    ):
        for progress in students:
            folder = numbered(_folder_name(progress.student.name), taken)
            taken.add(folder.lower())
            unreadable = [
                entry.ref.name
                for entry in progress.studies
                if not _add(archive, entry.ref.path, f"{folder}/{entry.ref.path.name}", Path(scratch))
            ]
            for file in code.files(progress.student.id) if code is not None else ():
                archive.write(file, f"{folder}/{file.name}")
            joined = datetime.fromtimestamp(progress.student.joined, UTC).isoformat(timespec="seconds")
            rows.writerow(
                [
                    folder,
                    _cell(progress.student.name),
                    joined,
                    len(progress.studies),
                    progress.done,
                    progress.failed,
                    _cell(", ".join(unreadable)),
                ]
            )
        for pooled in together:
            _add(archive, pooled, pooled.name, Path(scratch))
        archive.writestr("class.csv", table.getvalue())
    return path


def _add(archive: zipfile.ZipFile, study: Path, name: str, scratch: Path) -> bool:
    """Put a study into the archive as it is at this moment; False where it cannot be read."""
    copy = scratch / "copy.study"
    copy.unlink(missing_ok=True)
    try:
        with Study.open(study) as opened:
            opened.copy(copy)
    except OSError:  # damaged, or just deleted
        return False
    archive.write(copy, name)
    return True


def _folder_name(name: str) -> str:
    """A student's name as a folder can have it on every system."""
    kept = "".join(sign if sign.isalnum() or sign in " -_" else "_" for sign in name).strip(" .")
    return kept or "student"


def _cell(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text
