"""The wall-clock limit of one run.

In a worker's main thread a signal interrupts Python code and system calls alike, again and again, in case the
model swallows it. Elsewhere, where signal handlers belong to others, an exception is sent to the thread: that
interrupts Python code only. Code that never comes back to Python is ended from outside, by the worker's watchdog.
"""

from __future__ import annotations

import faulthandler
import signal
import threading
from types import FrameType, TracebackType
from typing import Self, TextIO

from mesa_lab.preparation.models.inspection.interruption import EVERY, Interruption

__all__ = ["GRACE", "RunTimeoutError", "Signaller", "time_limit"]

GRACE = 1.0
"""Seconds that a run gets beyond its time limit to be interrupted by itself, before its process is ended."""


_LONGEST = 1e9
"""Thirty years: the timers of the system take little more."""


class RunTimeoutError(BaseException):
    """The run has reached its time limit. Not an `Exception`, so that a model's own handlers let it pass."""


class Signaller:
    """Interrupts the main thread by SIGALRM; for processes whose signals are ours."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._armed = False

    def __enter__(self) -> Self:
        self._armed = True
        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, self._seconds, EVERY)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if self._armed:
            raise RunTimeoutError


class _Watched:
    """Ends the process when code that does not come back to Python has outlived its limit by far."""

    def __init__(self, limit: Signaller | Interruption, seconds: float, trace: TextIO) -> None:
        self._limit = limit
        self._seconds = seconds
        self._trace = trace

    def __enter__(self) -> Self:
        faulthandler.dump_traceback_later(self._seconds, exit=True, file=self._trace)
        self._limit.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._limit.__exit__(kind, error, trace)
        finally:
            faulthandler.cancel_dump_traceback_later()


def time_limit(seconds: float, trace: TextIO | None = None) -> Signaller | Interruption | _Watched:
    """Return a context that raises `RunTimeoutError` inside itself after so many seconds.

    Args:
        seconds: Wall-clock seconds.
        trace: In a process of ours: signals may be used, and code that does not heed them is ended with the process `GRACE`
            seconds later, after its traceback was written here. None in any other process.
    """
    seconds = min(seconds, _LONGEST)
    if trace is None:
        return Interruption(seconds, RunTimeoutError)
    in_main_thread = threading.current_thread() is threading.main_thread()
    limit = (
        Signaller(seconds)
        if in_main_thread and hasattr(signal, "setitimer")
        else Interruption(seconds, RunTimeoutError)
    )
    return _Watched(limit, seconds + GRACE, trace)
