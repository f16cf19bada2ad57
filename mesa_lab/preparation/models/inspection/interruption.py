"""Python code in this process interrupted after some time.

An exception is sent to the thread that carries it out, which interrupts Python code only: code in C ends first.
"""

from __future__ import annotations

import ctypes
import threading
from types import TracebackType
from typing import Final, Self

__all__ = ["EVERY", "Interruption", "OutOfTimeError"]

EVERY: Final = 0.1
"""Seconds after which it is sent again, in case that the code has swallowed it."""


class OutOfTimeError(BaseException):
    """The time is over. Not an `Exception`, so that a model's own handlers let it pass."""


class Interruption:
    """A context that raises an exception inside itself after so many seconds, sent from a thread of its own.

    Args:
        seconds: Wall-clock seconds.
        raises: What is raised.
    """

    def __init__(self, seconds: float, raises: type[BaseException] = OutOfTimeError) -> None:
        self._raises = raises
        self._seconds = seconds
        self._done = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._target = ctypes.c_ulong(threading.get_ident())
        threading.Thread(target=self._watch, name="mesa-lab-time-limit", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._done.set()
        ctypes.pythonapi.PyThreadState_SetAsyncExc(self._target, None)

    def _watch(self) -> None:
        wait = min(self._seconds, threading.TIMEOUT_MAX)
        while not self._done.wait(wait):
            wait = EVERY
            with self._lock:
                if not self._done.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(self._target, ctypes.py_object(self._raises))
