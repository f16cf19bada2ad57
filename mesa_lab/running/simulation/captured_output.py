"""What models print, log and warn of while they run: the end of it is kept for each run, as it may say what went wrong.

In a worker process it goes nowhere else (`Output`); in a process of the user's it also goes where it would have gone (`heard`).
Nothing here knows runs or workers.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import threading
import zlib
from collections.abc import Iterator
from typing import Any, Final

__all__ = ["MOST", "Output", "heard"]

MOST: Final = 64 * 1024
"""Bytes that are kept of one run."""


class Output(io.RawIOBase):
    """Where standard output of a worker goes; only its end is kept."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._left_out = 0
        self._out: Any = None
        self._error: Any = None

    def write(self, data: Any, /) -> int:
        """Take bytes in."""
        kept = self._kept
        kept += data
        if len(kept) > 2 * MOST:  # not each time, which would move all that is kept
            self._cut()
        return len(data)

    def _cut(self) -> None:
        if (excess := len(self._kept) - MOST) > 0:
            self._left_out += excess
            del self._kept[:excess]

    def writable(self) -> bool:
        """Say that bytes may be written."""
        return True

    def fileno(self) -> int:
        """Give a number, which leads nowhere, to those who want to know one."""
        return 1

    def end(self, most: int) -> str:
        """Return the last bytes as text."""
        return self._kept[-most:].decode(errors="ignore")

    def take(self) -> tuple[int, bytes] | None:
        """Return how many bytes were left out and the others, compressed, and be empty again; None when there are none."""
        if not self._kept:
            return None
        self._cut()
        taken = self._left_out, zlib.compress(self._kept, 1)
        self.forget()
        return taken

    def forget(self) -> None:
        """Be empty again: what was printed is of a run that is begun anew."""
        self._kept, self._left_out = bytearray(), 0

    def listen(self) -> None:
        """Be standard output again, whatever the last model did to it."""
        if sys.stdout is not self._out or sys.stderr is not self._error:
            self.renew()

    def renew(self) -> None:
        """Be standard output again by new streams, in case that a model has closed or detached one."""
        anything: Any = self
        self._out = sys.stdout = io.TextIOWrapper(anything, "utf-8", "backslashreplace", write_through=True)
        self._error = sys.stderr = io.TextIOWrapper(anything, "utf-8", "backslashreplace", write_through=True)

    def close(self) -> None:
        """Stay open: the next model prints too."""


class _Heard(io.TextIOBase):
    """A stream that passes on what one thread writes, and keeps it too."""

    def __init__(self, stream: Any, output: Output) -> None:
        self._stream = stream
        self._output: Output | None = output
        self._thread = threading.get_ident()

    def write(self, text: str, /) -> int:
        if self._output is not None and threading.get_ident() == self._thread:
            self._output.write(text.encode("utf-8", "backslashreplace"))
        return len(text) if self._stream is None else self._stream.write(text)

    def flush(self) -> None:
        if self._stream is not None:
            self._stream.flush()

    def stop(self) -> None:
        """Keep nothing any more; a logger may hold the stream for longer."""
        self._output = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def heard(output: Output) -> Iterator[None]:
    """Keep what this thread prints, logs and warns of within, which goes where it would have gone, too."""
    streams = sys.stdout, sys.stderr
    out, error = (_Heard(stream, output) for stream in streams)
    sys.stdout, sys.stderr = out, error
    root, handler = logging.getLogger(), None
    if root.handlers:  # they write to streams of their own
        handler = logging.StreamHandler(_Heard(None, output))
        handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
        root.addHandler(handler)
    try:
        yield
    finally:
        if sys.stdout is out:
            sys.stdout = streams[0]
        if sys.stderr is error:
            sys.stderr = streams[1]
        out.stop()
        error.stop()
        if handler is not None:
            root.removeHandler(handler)
