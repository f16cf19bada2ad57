"""What one thread prints held back; what others print meanwhile goes where it would have gone."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import Any

__all__ = ["silence"]


class _Silenced:
    """A stream that drops what one thread writes and passes on all else."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._thread = threading.get_ident()

    def write(self, text: str, /) -> int:
        if self._stream is not None and threading.get_ident() != self._thread:
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        if self._stream is not None:
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Hold back what this thread prints within.

    Standard output belongs to the process: another thread may print a progress note meanwhile, or put a stream of its own in
    place, which is left there.

    Example:
        >>> with silence():
        ...     print("nobody hears this")
    """
    streams = sys.stdout, sys.stderr
    out, error = (_Silenced(stream) for stream in streams)
    sys.stdout, sys.stderr = out, error
    try:
        yield
    finally:
        if sys.stdout is out:
            sys.stdout = streams[0]
        if sys.stderr is error:
            sys.stderr = streams[1]
