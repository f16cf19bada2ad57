"""Workers on systems that cannot tie a process to a pipe: a thread looks for the driver."""

import subprocess
import sys
import time

import psutil
import pytest

_WORKER = """
import os, sys, threading, time
from pathlib import Path
from mesa_lab.running.workers import parent_watch as lifeline
slot = Path(sys.argv[1])
lifeline._be_killed_with(slot.parent / "driver")  # there is none here
threading.Thread(target=lifeline._end_with, args=(os.getppid(), slot), daemon=True).start()
print(os.getpid(), flush=True)
if sys.argv[2] == "idle":
    time.sleep(1000)
while True:  # busy, in Python
    pass
"""
_DRIVER = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]])"


def lives(process):
    """Whether it does anything; that its new parent has not taken note of its end is not its fault."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("doing", ["idle", "busy"])
def test_a_worker_without_a_pipe_ends_with_its_killed_driver(tmp_path, doing):
    slot = tmp_path / "folder" / "slot"
    slot.parent.mkdir()
    slot.touch()
    command = [sys.executable, "-c", _DRIVER, _WORKER, str(slot), doing]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as driver:
        worker = psutil.Process(int(driver.stdout.readline()))
        try:
            assert lives(worker)
            driver.kill()
            driver.wait(timeout=60)
            until = time.monotonic() + 60
            while lives(worker) and time.monotonic() < until:
                time.sleep(0.02)
            assert not lives(worker)
            assert not slot.parent.exists()
        finally:
            driver.kill()
            if worker.is_running():
                worker.kill()
