"""Folders that confined processes may write to, all within one of the server's.

Each is cleared away with its process, and all of them with the server. What a server that was killed has left, with whatever strangers'
code has written there, is cleared away by the next one: it is seen that nobody holds the pipe in it any more (`workers.parent_watch`).
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Final

from mesa_lab.running.workers.parent_watch import make_folder

__all__ = ["make_scratch", "scratch_folder"]

_PREFIX: Final = "mesa-lab-scratch-"
_making = threading.Lock()
_folders: dict[int, Path] = {}


def scratch_folder() -> Path:
    """Return the folder of this process, which is made when it is first asked for."""
    with _making:
        pid = os.getpid()
        if pid not in _folders:
            _folders.clear()  # a process that was forked has none of its parent's
            _folders[pid] = make_folder(_PREFIX)
            atexit.register(_remove, pid)
        return _folders[pid]


def make_scratch() -> Path:
    """Make a folder for one confined process."""
    return Path(tempfile.mkdtemp(dir=scratch_folder())).resolve()


def _remove(pid: int) -> None:
    if pid == os.getpid() and pid in _folders:
        shutil.rmtree(_folders[pid], ignore_errors=True)
