"""How worker processes are made: by loky, which is joblib's own, each in an executor for itself.

The first one starts before anything else when there is something to run, since importing Mesa takes it a second. So this
module and `pool.py` must not import at once what only the driver needs a moment later.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import Executor
from multiprocessing import resource_tracker as of_python

from joblib.externals.loky import process_executor
from joblib.externals.loky.backend import get_context, resource_tracker
from joblib.externals.loky.process_executor import ProcessPoolExecutor
from joblib.parallel import ParallelBackendBase

from mesa_lab.running.workers import parent_watch
from mesa_lab.running.workers.pool import make_ready

__all__ = ["start_worker", "warm_up"]

# Mesa by itself: one of its modules asks for the stack, which takes the longer the deeper it is in imports of ours.
_IMPORTED_FIRST = ("mesa", "mesa_lab.running.workers.worker", __name__)


def warm_up() -> None:
    """Start a first worker, unless one is idle, while the caller prepares what it is to do."""
    make_ready(start_worker)


def start_worker(slot: str) -> Executor:
    """Make an executor of one process, which loky starts afresh, without running the caller's main module.

    Numerical libraries get one thread there, unless the user's environment says otherwise: each core has a worker, and
    results that depend on the order of a sum do not depend on the machine.

    Args:
        slot: The file that tells what the process is doing.
    """
    _start_trackers()
    one_thread = {name: os.environ.get(name, "1") for name in ParallelBackendBase.MAX_NUM_THREADS_VARS}
    own_path = {_OWN_PATH: os.environ.get(_OWN_PATH, _UNTIL_STARTED)}
    executor: Executor = ProcessPoolExecutor(
        max_workers=1,
        context=get_context("loky"),
        initializer=parent_watch.start,
        initargs=(os.getpid(), slot, _IMPORTED_FIRST, _begin.__name__),
        env=one_thread | own_path,
    )
    return executor


def _begin(slot: str) -> None:
    from mesa_lab.running.workers.worker import begin

    _drop_own_path()  # a model that starts a Python may mean the working folder
    # Loky would end a worker that has grown by 300 MB, in the middle of things.
    process_executor._MAX_MEMORY_LEAK_SIZE = sys.maxsize
    begin(slot)


def _drop_own_path() -> None:
    if os.environ.get(_OWN_PATH) == _UNTIL_STARTED:
        os.environ.pop(_OWN_PATH, None)  # another thread may have done it


def _start_trackers() -> None:
    """Start the processes that clear away what workers share, in a way that they do so in silence.

    Each worker comes with named semaphores. What a process that was killed has left of them is removed by loky's tracker
    and by Python's own, which would warn the user of it in the middle of the next prompt.
    """
    sys.warnoptions.append(_IN_SILENCE)  # options that they inherit
    os.environ.setdefault(_OWN_PATH, _UNTIL_STARTED)
    try:
        resource_tracker.ensure_running()
        if os.name == "posix":
            of_python.ensure_running()
    finally:
        sys.warnoptions.remove(_IN_SILENCE)
        _drop_own_path()


# A new Python begins its path with the working folder, unless this is set: a `queue.py` there would take the place of Python's
# own while joblib is imported. Workers then get the path of the process that starts them.
_OWN_PATH, _UNTIL_STARTED = "PYTHONSAFEPATH", "until started"
_IN_SILENCE = "ignore:resource_tracker:UserWarning"
