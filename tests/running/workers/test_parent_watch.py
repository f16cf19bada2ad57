"""Workers end with their driver, however it ends and whatever they are doing."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from mesa_lab.running.workers.process import start_worker

ROOT = Path(__file__).parents[3]


def lives(process):
    """Whether it does anything; that its new parent has not taken note of its end is not its fault."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("ending", "number"),
    [
        ("signal", signal.SIGKILL),
        ("signal", signal.SIGTERM),
        ("signal", signal.SIGINT),
        ("thread", None),
        ("error", None),
        ("exit", None),
    ],
)
def test_no_worker_outlives_its_driver(ending, number, tmp_path):
    numbers, temporary = tmp_path / "numbers", tmp_path / "temporary"
    numbers.mkdir()
    temporary.mkdir()
    command = [sys.executable, str(ROOT / "tests" / "fixtures" / "ending_driver.py"), ending, str(numbers)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as driver:
        try:
            assert driver.stdout.readline() == "busy\n"
            workers = [psutil.Process(int(file.name)) for file in numbers.iterdir()]
            assert len(workers) >= 2  # of three; the third may be on its way
            if number is not None:
                driver.send_signal(number)
            driver.wait(timeout=60)
            # However busy the machine is: the system does it, not the worker.
            psutil.wait_procs(workers, timeout=2)
            assert not any(map(lives, workers))
            said = driver.stderr.read()
            assert "outside of any run" not in said
            assert ending != "exit" or "Traceback" not in said
        finally:
            driver.kill()
            for worker in workers:
                if worker.is_running():
                    worker.kill()


def test_a_fresh_worker_has_loaded_what_runs_need_and_no_more(tmp_path):
    executor = start_worker(str(tmp_path / "slot"))
    try:
        loaded = executor.submit(eval, "list(__import__('sys').modules)").result()
        assert executor.submit(gc.get_freeze_count).result() > 50_000
        assert executor.submit(gc.isenabled).result()
    finally:
        executor.shutdown(kill_workers=True)
    # Its first run need not wait for any import but the model's.
    assert loaded.index("mesa.model") < loaded.index("mesa_lab.running.simulation.simulate")
    assert {"mesa_lab.running.workers.worker", "pyarrow"} <= set(loaded)
    # What other rooms use takes its time to import.
    assert not {"tomlkit", "altair", "solara", "SALib", "scipy.stats", "matplotlib"} & set(loaded)
    assert not {"mesa_lab.preparation.experiment", "mesa_lab.study.study", "mesa_lab.processing"} & set(
        loaded
    )
