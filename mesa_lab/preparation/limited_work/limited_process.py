"""A function carried out in a process of its own, with a limit of time and memory.

For what a text of a few characters may ask for and what cannot be bounded beforehand: the quantiles of any distribution of
scipy, a design that is optimised. The process is ended when it takes too long or when its answer is no longer wanted;
the threads of the caller, and the pages that they serve, stay free. It is a plain Python started anew, so that it works
under every system and from a notebook; what it is given must be found by its name there.
"""

import contextlib
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from mesa_lab.errors import MesaLabError
from mesa_lab.preparation.limits import PROCESS_BYTES, PROCESS_SECONDS

__all__ = ["PYTHON", "OutOfLimitsError", "environment", "run_limited"]

PYTHON: Final = (sys.executable, "-P")
"""Starts a Python that imports nothing from the working folder: a `queue.py` there is not the module that libraries mean."""

_POLL_SECONDS: Final = 0.02
_CLOCK: Final = 3
"""Seconds of the clock for each of the processor: on a machine that is busy a process gets a part of a core."""
_ANSWER_BYTES: Final = 2**30
_at_once = threading.BoundedSemaphore(2)
"""Others wait: a page that asks again and again gets no more of the machine than this."""


class OutOfLimitsError(MesaLabError, TimeoutError):
    """What was asked for took more time or memory than it may."""


def run_limited(
    function: Callable[..., Any],
    *words: Any,
    seconds: float = PROCESS_SECONDS,
    wanted: Callable[[], bool] = lambda: True,
) -> Any:
    """Carry out a function in a process of its own.

    Args:
        function: A function of a module; neither it nor what it calls may load code that a text names.
        *words: Its arguments.
        seconds: How long it may take, of the processor; the start of the process counts. By the clock it may take three
            times as long, as other processes may be using the processor.
        wanted: Asked again and again; the process is ended once the answer is not wanted any more.

    Returns:
        What the function returns; None when it is not wanted any more.

    Raises:
        OutOfLimitsError: If it takes more time or memory than it may.
        MesaLabError: What the function raises.
        RuntimeError: If it raises anything else; says what.

    Example:
        >>> import math
        >>> run_limited(math.sqrt, 9)
        3.0
    """
    order = pickle.dumps((seconds, function, words))  # from here to there and back: nobody else writes either
    while not _at_once.acquire(timeout=_POLL_SECONDS):
        if not wanted():
            return None
    try:
        answer = _answer(order, seconds, wanted)
    finally:
        _at_once.release()
    if answer is None:
        return None
    returned, raised = pickle.loads(answer)
    if raised is not None:
        raise raised
    return returned


def _answer(order: bytes, seconds: float, wanted: Callable[[], bool]) -> bytes | None:
    """What the process wrote; None when it is not wanted any more."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as answered:
        given.write(order)
        given.seek(0)
        process = subprocess.Popen(
            [*PYTHON, "-m", "mesa_lab.preparation.limited_work.limited_process"],
            stdin=given,
            stdout=answered,
            stderr=subprocess.DEVNULL,
            env=environment() | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
        )
        try:
            deadline = time.monotonic() + _CLOCK * seconds
            while process.poll() is None:
                if not wanted():
                    return None
                if time.monotonic() > deadline:
                    break
                time.sleep(_POLL_SECONDS)
            else:
                answered.seek(0)
                if process.returncode == 0 and (answer := answered.read()):
                    return answer
        finally:
            process.kill()
            process.wait()
    raise OutOfLimitsError(
        f"This takes longer than {seconds:g} seconds or more memory than there is for it, and was ended."
    )


def environment() -> dict[str, str]:
    """Return an environment in which a new Python finds the modules that this one finds."""
    path = [entry or str(Path.cwd()) for entry in sys.path]  # empty for the working folder, as in notebooks
    own = [entry for entry in path if not entry.startswith((sys.prefix, sys.base_prefix))]
    inherited = os.environ.get("PYTHONPATH", "")
    entries = [*own, *(entry for entry in inherited.split(os.pathsep) if entry and entry not in own)]
    return os.environ | ({"PYTHONPATH": os.pathsep.join(entries)} if entries else {})


# ---------------------------------------------------------------- in the new process


def _main() -> None:
    from mesa_lab.preparation.code_permission import Permission, set_default

    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    set_default(Permission(code=lambda _: "No code is loaded here.", file=lambda _: "No file is read here."))
    try:
        seconds, function, words = pickle.load(sys.stdin.buffer)
        _limit(seconds)
        answered = pickle.dumps((function(*words), None))
    except MemoryError:
        sys.exit(1)
    except MesaLabError as error:
        answered = pickle.dumps((None, error))
    except Exception as error:  # which need not be one that can be sent
        answered = pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
    with answer:
        answer.write(answered)


def _limit(seconds: float) -> None:
    """Limit this process, as far as the system can: elsewhere the caller watches the clock alone."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        whole = int(seconds) + 1
        for limit, most in (
            (resource.RLIMIT_CPU, whole),
            (resource.RLIMIT_AS, PROCESS_BYTES),
            (resource.RLIMIT_FSIZE, _ANSWER_BYTES),
        ):
            resource.setrlimit(limit, (most, most))
    if hasattr(os, "nice"):
        os.nice(10)
    if hasattr(os, "getppid"):
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


if __name__ == "__main__":
    _main()
