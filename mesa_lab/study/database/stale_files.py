"""Hidden files beside a study while it is made, and what becomes of those of processes that were killed.

A file's name says which process it belongs to (`lease.process_mark`), on which start of which computer. It is surely left over when
that process was one of this start and is gone, or when it was one of another start and has left it alone for a day.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import time
import uuid
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

from mesa_lab.study.database import lease

__all__ = ["clear", "hidden"]

_DAY: Final = 86_400
_LOOKED_AT: Final = 10_000
_PARTS: Final = 3  # of what tells a start of a computer: its name, the start, the container
_LONGEST: Final = 120  # bytes of the study's name: file systems take 255 in all
_BESIDE: Final = ("-journal", "-wal", "-shm", "")
_NAME: Final = re.compile(r"\..*\.([0-9a-f]{8})-([0-9a-f]{8})-(\d+)-(\d+)-[0-9a-f]{8}\.(?:new|damaged)")


def hidden(path: Path, ending: str) -> Path:
    """Return a name beside a study for a file of this process.

    Args:
        path: The study.
        ending: "new" or "damaged".
    """
    pid = os.getpid()
    marks = f"{'-'.join(_here())}-{pid}-{lease.process_mark(pid) or 0}-{uuid.uuid4().hex[:8]}"
    short = path.name.encode()[:_LONGEST].decode(errors="ignore")
    return path.with_name(f".{short}.{marks}.{ending}")


def clear(folder: Path) -> None:
    """Delete what killed processes have left in a folder."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in islice(entries, _LOOKED_AT):
            found = _NAME.fullmatch(entry.name)
            if found is not None and _is_nobodys(entry, *found.groups()):
                for suffix in _BESIDE:
                    with contextlib.suppress(OSError):
                        (folder / f"{entry.name}{suffix}").unlink()


def _is_nobodys(entry: os.DirEntry[str], place: str, start: str, pid: str, mark: str) -> bool:
    if place != _here()[0] or mark == "0":
        return False
    try:
        state = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    if not stat.S_ISREG(state.st_mode) or (hasattr(os, "getuid") and state.st_uid != os.getuid()):
        return False
    # Another computer of the same name may share the folder, and its processes cannot be seen from here.
    if start != _here()[1] or len(lease.machine_mark().split()) < _PARTS:
        return time.time() - state.st_mtime > _DAY
    return lease.process_mark(int(pid)) != mark


@cache
def _here() -> tuple[str, str]:
    """Return what tells this computer (and this container) from others, and this start of it from others."""
    name, *start = lease.machine_mark().split()
    parts = (f"{name} {start[1:]}", f"{start[:1]}")
    place, this = (hashlib.blake2b(part.encode(), digest_size=4).hexdigest() for part in parts)
    return place, this
