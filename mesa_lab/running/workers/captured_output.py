"""What models print while they run in a worker: nobody wants all of it, and its end may say why a run failed.

Nothing here knows runs or workers.
"""

from __future__ import annotations

import io
import sys
from typing import Any

__all__ = ["Output"]

_PRINTED = 400


class Output(io.RawIOBase):
    """Where standard output of a worker goes; only its end is kept.

    Attributes:
        kept: What was written last.
    """

    def __init__(self) -> None:
        self.kept = b""
        self._out: Any = None
        self._error: Any = None

    def write(self, data: Any, /) -> int:
        """Take bytes in."""
        self.kept = (self.kept + bytes(data))[-_PRINTED:]
        return len(data)

    def writable(self) -> bool:
        """Say that bytes may be written."""
        return True

    def fileno(self) -> int:
        """Give a number, which leads nowhere, to those who want to know one."""
        return 1

    def listen(self) -> None:
        """Be standard output again, empty, whatever the last model did to it."""
        if self.kept:
            self.kept = b""
        if sys.stdout is not self._out or sys.stderr is not self._error:
            self.renew()

    def renew(self) -> None:
        """Be standard output again by new streams, in case that a model has closed or detached one."""
        anything: Any = self
        self._out = sys.stdout = io.TextIOWrapper(anything, "utf-8", "backslashreplace", write_through=True)
        self._error = sys.stderr = io.TextIOWrapper(anything, "utf-8", "backslashreplace", write_through=True)

    def close(self) -> None:
        """Stay open: the next model prints too."""
