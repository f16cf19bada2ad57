"""Workers on systems that cannot tie a process to a pipe: a thread looks for the driver."""

import subprocess
import sys

import psutil

_WORKER = """
import os, sys, threading
from pathlib import Path
from mesa_lab.running import lifeline
slot = Path(sys.argv[1])
lifeline._be_killed_with(slot.parent / "driver")  # there is none here
threading.Thread(target=lifeline._end_with, args=(os.getppid(), slot), daemon=True).start()
print(os.getpid(), flush=True)
while True:  # busy, in Python
    pass
"""
_DRIVER = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]])"


def test_a_busy_worker_without_a_pipe_ends_with_its_killed_driver(tmp_path):
    slot = tmp_path / "folder" / "slot"
    slot.parent.mkdir()
    slot.touch()
    command = [sys.executable, "-c", _DRIVER, _WORKER, str(slot)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as driver:
        worker = psutil.Process(int(driver.stdout.readline()))
        try:
            assert worker.is_running()
            driver.kill()
            driver.wait(timeout=60)
            _, alive = psutil.wait_procs([worker], timeout=60)
            assert alive == []
            assert not slot.parent.exists()
        finally:
            driver.kill()
            if worker.is_running():
                worker.kill()
