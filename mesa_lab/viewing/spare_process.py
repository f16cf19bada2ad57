"""A viewer's process that is started before a run is looked at, so that its imports are over by then.

They take about three seconds, and the picture itself a fraction of one. At most one process waits. It knows no model yet,
so it loads no code but the libraries', and it is ended when nobody has looked at a run for some minutes.
"""

from __future__ import annotations

import atexit
import subprocess
import threading
from pathlib import Path
from typing import Final

from mesa_lab.preparation.limited_work.limited_process import PYTHON, environment

__all__ = ["prepare_process", "take_process"]

_PROCESS: Final = "mesa_lab.viewing.process"
_KEPT_SECONDS: Final = 300.0

_Surroundings = tuple[str, dict[str, str]]
_lock = threading.Lock()
_spare: tuple[subprocess.Popen[bytes], _Surroundings, threading.Timer] | None = None


def prepare_process() -> None:
    """Start a process for the next viewer, unless one waits already. Call it where a run is offered to be watched.

    Example:
        >>> prepare_process()  # doctest: +SKIP
        >>> viewer = Viewer.of_study(study, 0)  # doctest: +SKIP
    """
    global _spare
    with _lock:
        if _spare is not None:
            ended, _, timer = _spare
            if ended.poll() is None:
                return
            timer.cancel()
            _stop(ended)
        try:
            surroundings = _surroundings()
            process = _start(surroundings)
        except OSError:  # no process can be started now: the viewer says so when it is asked for
            return
        timer = threading.Timer(_KEPT_SECONDS, _end, [process])
        timer.daemon = True
        timer.start()
        _spare = process, surroundings, timer


def take_process() -> subprocess.Popen[bytes]:
    """Return a process for a viewer: the one that waits, if it was started in the surroundings of now, or a new one.

    Raises:
        OSError: If none can be started.
    """
    global _spare
    with _lock:
        waiting, _spare = _spare, None
    surroundings = _surroundings()
    if waiting is not None:
        process, its, timer = waiting
        timer.cancel()
        if its == surroundings and process.poll() is None:
            return process
        _stop(process)
    return _start(surroundings)


def _surroundings() -> _Surroundings:
    """What a new process takes over from this one, and a model may ask for."""
    return str(Path.cwd()), dict(environment())


def _start(surroundings: _Surroundings) -> subprocess.Popen[bytes]:
    folder, variables = surroundings
    return subprocess.Popen(
        [*PYTHON, "-m", _PROCESS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=variables | {"MPLBACKEND": "agg"},
    )


def _end(process: subprocess.Popen[bytes] | None = None) -> None:
    """End the process that waits, whichever it is or only if it is this one."""
    global _spare
    with _lock:
        if _spare is None or process not in (None, _spare[0]):
            return
        waiting, _spare = _spare, None
    waiting[2].cancel()
    _stop(waiting[0])


def _stop(process: subprocess.Popen[bytes]) -> None:
    with process:  # closes its pipes, and waits for it
        process.kill()


atexit.register(_end)
