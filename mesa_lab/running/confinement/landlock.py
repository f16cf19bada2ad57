"""Files that a process may open: Landlock, a part of Linux by which a process without privileges gives up access for good.

Source: https://docs.kernel.org/userspace-api/landlock.html. Three system calls, which no library of C offers yet. What it does not
cover (modes, owners and times of files, processes, most of the network) is refused by `system_calls`.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

__all__ = ["LEAST", "restrict_files", "version"]

LEAST: Final = 3
"""The first version that keeps a process from emptying a file that it may only read (Linux 6.2)."""

_CREATE, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION_FLAG: Final = 1
_PATH_BENEATH: Final = 1
_NO_NEW_PRIVILEGES: Final = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _DEVICE_CONTROL = 1 << 14, 1 << 15
_REMOVE_AND_MAKE: Final = sum(
    1 << bit for bit in (4, 5, 7, 8)
)  # folders and plain files; no devices, sockets, pipes or links
_ALL_OF_VERSION: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_READ: Final = _READ_FILE | _READ_DIR
_WRITE: Final = _READ | _WRITE_FILE | _TRUNCATE | _REMOVE_AND_MAKE


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scope", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """Return which version of Landlock this kernel offers, 0 where there is none or it is switched off."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        return max(0, _system_call(_CREATE, None, 0, _VERSION_FLAG))
    except OSError:
        return 0


def restrict_files(readable: Iterable[Path], writable: Iterable[Path]) -> None:
    """Give up access to all files but these, for this thread and all that it starts; there is no way back.

    Args:
        readable: Files, and folders with all that is in them.
        writable: The same, to be changed too.

    Raises:
        OSError: If the kernel does not do so.
    """
    has = version()
    whole = _ALL_OF_VERSION.get(has, (1 << 16) - 1)
    # Connections of TCP, signals to others and abstract sockets too, where it knows of them.
    rules = _Ruleset(whole, 3 if has >= 4 else 0, 3 if has >= 6 else 0)
    size = 8 if has < 4 else 16 if has < 6 else 24
    ruleset = _system_call(_CREATE, ctypes.byref(rules), size, 0)
    try:
        for paths, rights in ((readable, _READ), (writable, _WRITE)):
            for path in paths:
                _allow(ruleset, path, rights & whole)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
        _system_call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # not every system has each of them
        return
    try:
        if not path.is_dir():
            rights &= _OF_FILES
        rule = _PathBeneath(rights, opened)
        _system_call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(opened)


def _system_call(number: int, *words: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    given = [
        ctypes.c_long(word) if isinstance(word, int) else ctypes.c_void_p(None) if word is None else word
        for word in words
    ]
    answer = int(libc.syscall(ctypes.c_long(number), *given))
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return answer
