"""Cancellation of a long computation from outside: a page that was left need not wait for its conclusions.

Loops that take long call `check_cancelled` once a round. The check is a function of the caller, held in a context
variable, so that threads and tasks do not see each other's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

__all__ = ["Cancelled", "cancellable", "check_cancelled", "within_seconds"]

_CHECK: ContextVar[Callable[[], bool] | None] = ContextVar("cancelled", default=None)


class Cancelled(BaseException):
    """The caller does not want the result any more. No error: nothing that handles errors should catch it."""


@contextmanager
def cancellable(cancelled: Callable[[], bool]) -> Iterator[None]:
    """Let computations in this block end early, by `Cancelled`, once a function returns true.

    Args:
        cancelled: Whether to end, such as the `is_set` of a `threading.Event`.

    Example:
        >>> with cancellable(lambda: True):
        ...     check_cancelled()
        Traceback (most recent call last):
        mesa_lab.processing.analysis.cancellation.Cancelled
    """
    token = _CHECK.set(cancelled)
    try:
        yield
    finally:
        _CHECK.reset(token)


@contextmanager
def within_seconds(seconds: float) -> Iterator[None]:
    """Let computations in this block end by `Cancelled` once they have taken so long, or where the caller wants no more.

    Args:
        seconds: On the clock.
    """
    outer, end = _CHECK.get(), monotonic() + seconds
    with cancellable(lambda: monotonic() > end or (outer is not None and outer())):
        yield


def check_cancelled() -> None:
    """End the computation when its caller does not want it any more.

    Raises:
        Cancelled: If so.
    """
    check = _CHECK.get()
    if check is not None and check():
        raise Cancelled
