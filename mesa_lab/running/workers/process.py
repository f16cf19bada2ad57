"""How worker processes are made: by loky, which is joblib's own, each in an executor for itself.

The first one starts before anything else when there is something to run, since importing Mesa takes it a second. So this
room and `crew` must not import at once what only the driver needs a moment later.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import Executor

from joblib.externals.loky import process_executor
from joblib.externals.loky.backend import get_context
from joblib.externals.loky.process_executor import ProcessPoolExecutor
from joblib.parallel import ParallelBackendBase

from mesa_lab.running.workers import parent_watch
from mesa_lab.running.workers.pool import make_ready

__all__ = ["start_worker", "warm_up"]

# Mesa by itself: one of its modules asks for the stack, which takes the longer the deeper it is in imports of ours.
_IMPORTED_FIRST = ("mesa", "mesa_lab.running.workers.worker", __name__)

# What Mesa's dependencies import and hardly any model uses; a fifth of the time.
_POSTPONED = (
    "numpy.f2py",
    "numpy.polynomial",
    "numpy.testing",
    "scipy.sparse",
    "scipy.spatial.transform",
)


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
    one_thread = {name: os.environ.get(name, "1") for name in ParallelBackendBase.MAX_NUM_THREADS_VARS}
    executor: Executor = ProcessPoolExecutor(
        max_workers=1,
        context=get_context("loky"),
        initializer=parent_watch.start,
        initargs=(os.getpid(), slot, _IMPORTED_FIRST, _POSTPONED, _begin.__name__),
        env=one_thread,
    )
    return executor


def _begin(slot: str) -> None:
    from mesa_lab.running.workers.worker import begin

    # Loky would end a worker that has grown by 300 MB, in the middle of things.
    process_executor._MAX_MEMORY_LEAK_SIZE = sys.maxsize
    begin(slot)
