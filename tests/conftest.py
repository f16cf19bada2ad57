"""Examples may take their time, and making them too: what they assert is no matter of the clock.

All tests together are divided over the cores; what is asked for by name runs in one process, where a debugger can look on.
Ctrl-C reaches what tests start: a shell without job control starts its background jobs with SIGINT ignored, `nohup` has SIGHUP
ignored, and they hand that on.
No garbage is looked for while tests are collected, which takes an eighth of that time. Later it is looked for among what a module's
tests made, not among all that was ever imported: a run may ask for a full collection, which takes a tenth of a second with the half
million objects of an ordinary session, and a millisecond without them.
Numerical libraries use one thread, as in workers: the cores have other tests to do, and threads that wait for each other
make a small matrix take a hundred times as long.
Bytecode is written even where the environment says not to: hundreds of processes that tests start import Mesa, and would
each compile all of it.
"""

import gc
import os
import signal
import sys

import pytest
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

from mesa_lab.spared_imports import spare_grammars

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
spare_grammars()

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

gc.disable()
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many processes share the tests: one for each core, and no more than four, as tests start processes themselves."""
    whole = config.args == config.getini("testpaths") and not config.option.keyword
    return min(os.cpu_count() or 1, 4) if whole else 0


def pytest_collection_finish() -> None:
    """Look for garbage from here on."""
    gc.enable()


@pytest.fixture(autouse=True, scope="module")
def lean_process() -> None:
    """Keep what is there before a module's tests out of garbage collection, and numerical libraries to one thread."""
    gc.collect()
    gc.freeze()
    threadpool_limits(1)
