"""Writing a file so that it is there whole or not at all, and saying in plain words why it could not be written."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mesa_lab.errors import ExportError, MesaLabError
from mesa_lab.files import check_path, settle, take_place

__all__ = ["whole_file", "whole_folder"]


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside the file, which takes its place when all went well.

    Raises:
        ExportError: If the folder does not exist, the name is that of a folder, or the disk refuses.
    """
    _check(path)
    if path.is_dir():
        raise ExportError(f"'{path}' is a folder. Give the name of a file in it.")
    draft: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:80]}.", suffix=".part", dir=path.parent)
        os.close(handle)
        draft = Path(name)
        yield draft
        _give_usual_rights(draft)
        take_place(draft, path)
    except OSError as error:
        raise _refusal(path, error) from error
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder, whose files move into the folder when all went well.

    Raises:
        ExportError: If the name is that of a file, or the disk refuses.
    """
    _check(path)
    if path.exists() and not path.is_dir():
        raise ExportError(
            f"'{path}' is a file, not a folder. Choose another name, or end it in .csv, .parquet, .xlsx or .json."
        )
    draft: Path | None = None
    try:
        draft = Path(tempfile.mkdtemp(prefix=f".{path.name[:80]}.", suffix=".part", dir=path.parent))
        yield draft
        path.mkdir(exist_ok=True)
        settle(path.parent)
        for file in sorted(draft.iterdir()):
            _give_usual_rights(file)
            take_place(file, path / file.name)
    except OSError as error:
        raise _refusal(path, error) from error
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)


def _check(path: Path) -> None:
    check_path(path, ExportError)
    if not path.name:
        raise ExportError(f"'{path}' is no name for a file.")
    if not path.parent.is_dir():
        raise ExportError(f"There is no folder '{path.parent}' for '{path.name}'. Create it first.")


def _give_usual_rights(path: Path) -> None:
    """Temporary files are for their owner only; give the rights that any new file has."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)


def _refusal(path: Path, error: OSError) -> OSError:
    if isinstance(error, MesaLabError):  # such as a study that is damaged
        return error
    return ExportError(f"'{path}' could not be written: {error.strerror or error}. Nothing was changed.")
