"""What ties worker processes to their driver: when it is gone, however it ended, so are they.

The driver holds a named pipe open for as long as it lives. Where the system can do so (Linux), it kills a worker the
moment that nobody holds the other end, even in the middle of code that never comes back to Python; elsewhere a thread
of the worker looks for its parent. Nothing here knows runs or batches.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

__all__ = ["make_folder", "start"]

_PIPE = "driver"
_PREFIX = "mesa-lab-workers-"
_LOOK_SECONDS = 0.5

_held: list[int] = []


def _let_go() -> None:
    while _held:
        os.close(_held.pop())


if hasattr(os, "register_at_fork"):
    # A copy of the driver that lives on is not the driver.
    os.register_at_fork(after_in_child=_let_go)


def make_folder(prefix: str = _PREFIX) -> Path:
    """Make a folder for what a driver and its workers share, with the pipe that this process holds until its end.

    What drivers that were killed have left is cleared away.

    Args:
        prefix: How the names of such folders begin.
    """
    _clear_up(prefix)
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    if hasattr(os, "mkfifo"):
        with contextlib.suppress(OSError):  # a file system without named pipes
            made = folder / "new"
            os.mkfifo(made, 0o600)
            _held.append(os.open(made, os.O_RDWR | os.O_NONBLOCK))
            # Under this name only now: a pipe that nobody holds marks a folder for others to clear away.
            made.rename(folder / _PIPE)
    return folder


def start(driver: int, slot: str, modules: Sequence[str], function: str) -> None:
    """Be a worker process that ends with its driver.

    Args:
        driver: The process that it works for.
        slot: A file in the driver's folder that only this process needs.
        modules: What to import, in this order. It is done here, since that takes seconds on a busy machine.
        function: What a worker does first: a function of the last module, called with the slot.
    """
    own = Path(slot)
    _be_killed_with(own.parent / _PIPE)
    threading.Thread(target=_end_with, args=(driver, own), name="mesa-lab-driver-watch", daemon=True).start()
    # What is imported stays and leaves next to no garbage: to look for some meanwhile takes a tenth of the time.
    gc.disable()
    try:
        *_, last = map(importlib.import_module, modules)
        gc.freeze()
    finally:
        gc.enable()
    getattr(last, function)(slot)


def _be_killed_with(pipe: Path) -> None:
    """Ask the system for a SIGKILL when the last process lets go of the pipe."""
    try:
        import fcntl

        end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(end, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(end, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(end, fcntl.F_SETFL, fcntl.fcntl(end, fcntl.F_GETFL) | os.O_ASYNC)
    except (ImportError, AttributeError, OSError):
        return  # the thread has to do


def _end_with(driver: int, slot: Path) -> None:
    # Windows goes on naming a parent that is gone.
    while os.getppid() == driver and (os.name != "nt" or psutil.pid_exists(driver)):
        time.sleep(_LOOK_SECONDS)
    with contextlib.suppress(OSError):  # nobody else is left to clear up
        slot.unlink(missing_ok=True)
        slot.with_name(f"{slot.name}.trace").unlink(missing_ok=True)
        (slot.parent / _PIPE).unlink(missing_ok=True)
        slot.parent.rmdir()
    os._exit(1)


def _clear_up(prefix: str) -> None:
    for pipe in Path(tempfile.gettempdir()).glob(f"{prefix}*/{_PIPE}"):
        try:
            os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            if error.errno == errno.ENXIO:  # nobody reads: its driver is gone, and so are its workers
                shutil.rmtree(pipe.parent, ignore_errors=True)
