"""What Ctrl-C and a request to end (SIGTERM) do while runs are under way: the first one interrupts, in an orderly way.

Those that follow within some seconds would interrupt the end itself, in the middle of writing what is done or of ending
workers, and are ignored. Signals that the caller has handlers of its own for, or ignores, are left alone.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Final, Self

__all__ = ["ENDING", "Interruption"]

PATIENCE: Final = 5.0
"""Seconds for an orderly end; a signal that comes later interrupts again."""

ENDING: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)
"""The signals that ask a process to end: by Ctrl-C, by `kill` or a scheduler, by a terminal that is closed."""

_CAUSES: Final = {"SIGINT": "Ctrl-C", "SIGBREAK": "Ctrl-Break"}


class Interruption:
    """A context in which signals raise KeyboardInterrupt once, and not again while that is being dealt with.

    In other threads than the main one, which get no signals, it does nothing.

    Args:
        signals: Which; by default Ctrl-C alone, as a library must not decide about the others.
        for_good: Leave the handlers when the context ends: for a program, whose own end follows and is not to be
            interrupted either.

    Attributes:
        came: The signal that interrupted, None so far.

    Example:
        >>> with Interruption() as interruption:
        ...     pass
        >>> interruption.came is None
        True
    """

    def __init__(self, signals: tuple[int, ...] = (signal.SIGINT,), *, for_good: bool = False) -> None:
        self.came: int | None = None
        self._signals = signals
        self._for_good = for_good
        self._over = False
        self._at = 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in self._signals:
                handler = signal.getsignal(number)
                if handler in (signal.SIG_DFL, signal.default_int_handler):
                    signal.signal(number, self._hear)
                    self._before[number] = handler
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        if self._for_good and self.came is None:
            return
        for number, handler in self._before.items():
            with contextlib.suppress(ValueError):  # a generator that another thread ends
                signal.signal(number, signal.SIG_IGN if self._for_good else handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._over or (self.came is not None and now - self._at < PATIENCE):
            return
        self.came, self._at = number, now
        name = signal.Signals(number).name
        raise KeyboardInterrupt(_CAUSES.get(name, name))
