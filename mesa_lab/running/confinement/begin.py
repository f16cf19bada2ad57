"""The first thing that a confined process does: it gives up what it may not use, and only then begins with its work.

    python -m mesa_lab.running.confinement.begin MODULE [PIPE]

The first line of its input has the rules. What comes then is the module's matter, whose `main` is called. Nothing is imported before
that could start a thread, since others than the one that confines itself would stay free. The process ends with the one that holds
the other end of the pipe, whatever it is doing then.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Final

from mesa_lab.running.confinement.rules import Rules, confine, readable_places

__all__ = ["be_killed_with", "main"]

_LOOK_SECONDS: Final = 1.0


def main() -> int:
    """Confine this process and carry on."""
    rules = Rules.from_json(_first_line())
    watched = len(sys.argv) > 2 and be_killed_with(int(sys.argv[2]))
    os.chdir(rules.scratch)
    spec = importlib.util.find_spec("mesa")
    if spec is not None and spec.origin and not _is_readable(Path(spec.origin)):
        import mesa  # noqa: F401  it could not be found any more
    confine(rules)
    if not watched and hasattr(os, "getppid"):
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    module = importlib.import_module(sys.argv[1])
    return int(module.main(rules))


def _first_line() -> bytes:
    """Read one line, and no byte more: what follows is for others to read."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            raise SystemExit(1)
        line += byte
    return line


def _is_readable(path: Path) -> bool:
    return any(path.is_relative_to(place) for place in readable_places())


def be_killed_with(pipe: int) -> bool:
    """Ask the system for a SIGKILL when the last process lets go of the other end."""
    try:
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    except (ImportError, AttributeError, OSError):
        return False
    return True


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
