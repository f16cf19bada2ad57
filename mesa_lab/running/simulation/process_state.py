"""What a run may change of the process that it is in, put back for the runs that come after it in the same process.

Each run is to find the process as the first one did, or what comes out would depend on who ran before. What cannot be put back
is told: a process of ours is replaced then. It is looked at after each run, so only at what is cheap to look at.
"""

from __future__ import annotations

import builtins
import contextlib
import decimal
import gc
import locale
import os
import signal
import sys
import threading
from typing import Any, Final

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

__all__ = ["ProcessState"]

_SIGNALS: Final = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM", "SIGCHLD", "SIGPIPE", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)
_TIMERS: Final = tuple(
    getattr(signal, name)
    for name in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF")
    if hasattr(signal, name)
)
_LIMITS: Final = tuple(
    getattr(resource, f"RLIMIT_{name}")
    for name in ("NOFILE", "AS", "DATA", "STACK", "FSIZE", "CPU", "NPROC")
    if hasattr(resource, f"RLIMIT_{name}")
)


class ProcessState:
    """The state of this process, to be put back.

    Attributes:
        broken: What was changed and could not be put back, in words; empty while there is nothing.
    """

    __slots__ = (
        "_builtins",
        "_collects",
        "_decimal",
        "_environment",
        "_handlers",
        "_limits",
        "_locale",
        "_modules",
        "_path",
        "_pid",
        "_timers",
        "broken",
    )

    def __init__(self) -> None:
        self.broken = ""
        self._pid = os.getpid()
        self._modules = dict(sys.modules)
        self._path = list(sys.path)
        self._environment = dict(_environment())
        self._builtins = dict(vars(builtins))
        self._locale = locale.setlocale(locale.LC_ALL)
        self._decimal = decimal.getcontext().copy()
        self._collects = gc.isenabled()
        self._limits = _limits()
        # Signals are for the main thread to set.
        in_main = threading.current_thread() is threading.main_thread()
        handlers = [(number, signal.getsignal(number)) for number in _SIGNALS] if in_main else []
        self._handlers = [(number, handler) for number, handler in handlers if handler is not None]
        self._timers = [timer for timer in _TIMERS if in_main and not any(signal.getitimer(timer))]

    def restore(self) -> None:
        """Put back what differs; may be called again after another run."""
        if os.getpid() != self._pid:
            # The model has forked, and this is the copy: what it says would be said twice.
            os._exit(0)
        if len(sys.modules) < len(self._modules):
            for name, module in self._modules.items():
                sys.modules.setdefault(name, module)
        if sys.path != self._path and not _holds(sys.path, self._path):
            sys.path[:] = self._path
        if _environment() != self._environment:
            self._restore_environment()
        if vars(builtins) != self._builtins:
            vars(builtins).update(self._builtins)
        if locale.setlocale(locale.LC_ALL) != self._locale:
            locale.setlocale(locale.LC_ALL, self._locale)
        if not _alike(decimal.getcontext(), self._decimal):
            decimal.setcontext(self._decimal.copy())
        if self._collects and not gc.isenabled():
            gc.enable()
        for timer in self._timers:
            if any(signal.getitimer(timer)):
                signal.setitimer(timer, 0)
        for number, handler in self._handlers:
            if signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        if self._limits and _limits() != self._limits:
            self._restore_limits()

    def _restore_environment(self) -> None:
        now = _environment()
        # By the mapping's own means: the process has a copy of its own.
        for key in [key for key in now if key not in self._environment]:
            os.environ.pop(_text(key), None)
        for key, value in self._environment.items():
            if now.get(key) != value:
                os.environ[_text(key)] = _text(value)

    def _restore_limits(self) -> None:
        for number, (soft, hard) in zip(_LIMITS, self._limits, strict=True):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(number, (soft, hard))
        if _limits() != self._limits:
            self.broken = "It lowered a limit of its process, which cannot be raised again."


def _environment() -> dict[Any, Any]:
    """The environment as it is kept, without being decoded: that takes 20 µs."""
    kept: Any = getattr(os.environ, "_data", None)
    return kept if isinstance(kept, dict) else dict(os.environ)


def _text(kept: Any) -> str:
    return os.fsdecode(kept)


def _limits() -> list[tuple[int, int]]:
    return [resource.getrlimit(number) for number in _LIMITS] if _LIMITS else []


def _holds(path: list[Any], before: list[str]) -> bool:
    """Whether a search path was added to only, which imports that a model makes once rely on."""
    return all(isinstance(entry, str) for entry in path) and all(entry in path for entry in before)


def _alike(one: decimal.Context, other: decimal.Context) -> bool:
    return (
        one.prec == other.prec
        and one.rounding == other.rounding
        and one.traps == other.traps
        and one.Emax == other.Emax
        and one.Emin == other.Emin
    )
