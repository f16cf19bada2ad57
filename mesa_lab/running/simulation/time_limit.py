"""The wall-clock limit of one run.

In a worker's main thread a signal interrupts Python code and system calls alike, again and again, in case the
model swallows it. Elsewhere, where signal handlers belong to others, an exception is sent to the thread: that
interrupts Python code only. Code that never comes back to Python is ended from outside, by the worker's watchdog.
"""

from __future__ import annotations

import ctypes
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["RunTimeoutError", "Sender", "Signaller", "time_limit"]

_EVERY = 0.1


class RunTimeoutError(BaseException):
    """The run has reached its time limit. Not an `Exception`, so that a model's own handlers let it pass."""


class _NoLimit:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        pass


class Signaller:
    """Interrupts the main thread by SIGALRM; for processes whose signals are ours."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._armed = False

    def __enter__(self) -> Self:
        self._armed = True
        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, self._seconds, _EVERY)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if self._armed:
            raise RunTimeoutError


class Sender:
    """Interrupts the thread it was entered in from a thread of its own."""

    def __init__(self, seconds: float) -> None:
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
        wait = self._seconds
        while not self._done.wait(wait):
            wait = _EVERY
            with self._lock:
                if not self._done.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        self._target, ctypes.py_object(RunTimeoutError)
                    )


def time_limit(seconds: float | None, own_process: bool) -> _NoLimit | Signaller | Sender:
    """Return a context that raises `RunTimeoutError` inside itself after so many seconds.

    Args:
        seconds: Wall-clock seconds, None for no limit.
        own_process: Whether signals may be used.
    """
    if seconds is None:
        return _NoLimit()
    if own_process and hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        return Signaller(seconds)
    return Sender(seconds)
