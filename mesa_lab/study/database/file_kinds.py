"""What a path leads to: a file of some size, or what is no regular file, so that reading it could wait for ever. Nothing is opened."""

import os
import stat
from pathlib import Path
from typing import Final

from mesa_lab.errors import StudyError

__all__ = ["look_beside", "size_of", "special_kind"]

_KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISLNK, "a symbolic link"),
)


def special_kind(mode: int) -> str:
    """Return what a file of this mode (`os.stat_result.st_mode`) is called; empty for a regular one.

    Example:
        >>> special_kind(os.stat(os.sep).st_mode)
        'a folder'
    """
    if stat.S_ISREG(mode):
        return ""
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "no regular file")


def size_of(path: str | os.PathLike[str]) -> int:
    """Return the bytes of a file; 0 if there is none, or none any more, as logs come and go while others write.

    Example:
        >>> size_of("no such file")
        0
    """
    try:
        return os.stat(path).st_size  # noqa: PTH116  text stays text: SQLite calls this between its steps
    except OSError:
        return 0


def look_beside(path: Path) -> None:
    """Refuse what SQLite would read beside a study and that none has put there.

    Raises:
        StudyError: If there is something else than a log.
    """
    real = Path(os.path.realpath(path))  # SQLite looks beside that
    for suffix in ("-wal", "-shm", "-journal"):
        beside = real.with_name(real.name + suffix)
        try:
            state = beside.lstat()
        except OSError:
            continue
        if what := special_kind(state.st_mode):
            raise StudyError(f"'{beside}', beside the study, is {what}. Remove it to open the study.")
        # It would be played back into the file, and may name other files that SQLite then looks at and deletes.
        if suffix == "-journal" and state.st_size:
            raise StudyError(
                f"'{beside}' is of another program that changed the study, or of a stranger: no study has such a file. Let that "
                "program finish, or delete it."
            )
