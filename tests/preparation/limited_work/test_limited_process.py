"""A process with limits: what it answers, and how it ends."""

import math
import os
import time

import pytest

from mesa_lab.errors import NotAllowedError, ParameterError
from mesa_lab.preparation.limited_work import limited_process
from mesa_lab.preparation.limited_work.limited_process import OutOfLimitsError, run_limited
from mesa_lab.preparation.models import load_model


def fill_memory():
    held = []
    while True:
        held.append(bytearray(2**28))


def spin():
    while True:
        pass


def refuse():
    raise ParameterError("Not so.")


def stumble():
    raise ZeroDivisionError("by nothing")


def die():
    os._exit(3)


def talk():
    print("something that is no answer")  # noqa: T201
    os.write(1, b"nor is this")
    return os.getpid()


def test_it_answers_from_a_process_of_its_own():
    assert run_limited(math.hypot, 3, 4) == 5
    assert run_limited(talk) != os.getpid()


def test_errors_come_back():
    with pytest.raises(ParameterError, match=r"^Not so\.$"):
        run_limited(refuse)
    with pytest.raises(RuntimeError, match=r"^ZeroDivisionError: by nothing$"):
        run_limited(stumble)


@pytest.mark.parametrize("function", [spin, fill_memory, die])
def test_what_does_not_end_is_ended(function):
    with pytest.raises(OutOfLimitsError, match="was ended"):
        run_limited(function, seconds=3)


def test_what_is_not_wanted_any_more_is_ended(monkeypatch):
    started = []
    popen = limited_process.subprocess.Popen

    def start(*words, **more):
        started.append(popen(*words, **more))
        return started[-1]

    monkeypatch.setattr(limited_process.subprocess, "Popen", start)
    asked = []
    assert run_limited(spin, wanted=lambda: len(asked) < 3 and asked.append(0) is None) is None
    assert started[0].returncode is not None


def test_so_many_at_once_and_no_more(monkeypatch):
    monkeypatch.setattr(limited_process, "_at_once", limited_process.threading.BoundedSemaphore(1))
    limited_process._at_once.acquire()
    turns = []
    assert run_limited(spin, wanted=lambda: len(turns) < 3 and turns.append(0) is None) is None
    assert len(turns) == 3
    limited_process._at_once.release()
    assert run_limited(math.sqrt, 4) == 2


def test_it_loads_no_code_and_reads_no_file(tmp_path):
    for name in ("mesa.examples:Schelling", f"{tmp_path}/model.py:Model"):
        with pytest.raises(NotAllowedError, match="No code is loaded here"):
            run_limited(load_model, name)


def test_it_ends_with_its_caller():
    """A process that lost its parent ends by itself, long before its time is up."""
    import subprocess
    import sys

    import psutil

    code = (
        "import threading, time, sys\n"
        "from mesa_lab.preparation.limited_work.limited_process import run_limited\n"
        "threading.Thread(target=run_limited, args=(time.sleep, 600), kwargs={'seconds': 600}, daemon=True).start()\n"
        "time.sleep(600)\n"
    )
    caller = subprocess.Popen([sys.executable, "-c", code], env=limited_process.environment())
    until = time.monotonic() + 60
    while not (children := psutil.Process(caller.pid).children()):
        assert time.monotonic() < until
        time.sleep(0.05)
    name = "mesa_lab.preparation.limited_work.limited_process"
    while children[0].cmdline()[-1:] != [name] or children[0].num_threads() < 2:
        assert time.monotonic() < until
        time.sleep(0.05)
    caller.kill()
    caller.wait()
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive
