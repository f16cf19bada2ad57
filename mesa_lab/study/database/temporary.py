"""Where studies lie that are not to be kept, and what becomes of those of processes that were killed.

A folder's name says which process it belongs to (`lease.process_mark`) on which boot of which computer. Only a folder of this very
boot can be known to be left over; what is older is left to the system, which clears its temporary files.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

from mesa_lab.study.database import lease

__all__ = ["clear", "make_folder"]

_DAY: Final = 86_400
_LOOKED_AT: Final = 10_000
_CLEARED: Final = 50


def make_folder() -> Path:
    """Make a folder for a study of this process."""
    _sweep_once()
    pid = os.getpid()
    return Path(tempfile.mkdtemp(prefix=f"{_prefix()}{pid}-{lease.process_mark(pid)}-"))


def clear(close: Callable[[], object], folder: Path) -> None:
    """Close a study that is no longer used, and delete its folder."""
    close()
    shutil.rmtree(folder, ignore_errors=True)


@cache
def _prefix() -> str:
    machine = hashlib.blake2b(lease.machine_mark().encode(), digest_size=4).hexdigest()
    return f"mesa-lab-study-{machine}-"


@cache
def _sweep_once() -> None:
    """Delete what processes that were killed have left a day ago or earlier; not all of it at a time, if it is much."""
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        ours = (entry for entry in islice(entries, _LOOKED_AT) if entry.name.startswith(_prefix()))
        for entry in islice(filter(_is_left, ours), _CLEARED):
            shutil.rmtree(entry.path, ignore_errors=True)


def _is_left(entry: os.DirEntry[str]) -> bool:
    pid, _, rest = entry.name.removeprefix(_prefix()).partition("-")
    try:
        state = entry.stat(follow_symlinks=False)
        return (
            entry.is_dir(follow_symlinks=False)
            and (not hasattr(os, "getuid") or state.st_uid == os.getuid())
            and time.time() - state.st_mtime > _DAY
            and lease.process_mark(int(pid)) != rest.partition("-")[0]
        )
    except (OSError, ValueError):
        return False
