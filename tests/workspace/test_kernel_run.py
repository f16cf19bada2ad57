"""Runs in a real kernel of Jupyter that is interrupted: while a cell waits for them, and while no cell is executed."""

import time

import psutil
import pytest
from jupyter_client.manager import start_new_kernel

import mesa_lab as ml
from mesa_lab.errors import MesaLabError

MODEL = """
import time
import mesa
import mesa_lab as ml

class Slow(mesa.Model):
    def __init__(self, pace: int = 1, rng=None):
        super().__init__(rng=rng)
        self.way = 0.0

    def step(self):
        time.sleep(0.1)
        self.way += self.random.random()

outcomes = {"way": "way"}
experiment = ml.Experiment(Slow, {"pace": [1, 2]}, outcomes=outcomes, replications=500, max_steps=2, seed=1)
lab = ml.Lab(experiment, study="slow.study")
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """A kernel, its client and its folder."""
    folder = tmp_path_factory.mktemp("kernel")
    manager, client = start_new_kernel(startup_timeout=300, kernel_name="python3", cwd=str(folder))
    yield manager, client, folder
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def execute(client, code):
    """Execute a cell; return the name of the error that it ended in, empty if there is none."""
    return client.execute_interactive(code, timeout=300, output_hook=lambda message: None)["content"].get(
        "ename", ""
    )


def until(ready):
    end = time.monotonic() + 300
    while not (found := ready()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def finished(path):
    """How many runs are done; 0 while the study is being made."""
    try:
        return ml.open_study(path).status().finished
    except MesaLabError:
        return 0


def test_an_interrupted_kernel_stops_its_study_and_goes_on_with_it(kernel):
    manager, client, folder = kernel
    study = folder / "slow.study"
    assert not execute(client, MODEL)
    # No cell is executed: as when Run was pressed in the lab.
    assert not execute(client, 'run = lab.run(backend="sequential")')
    until(lambda: finished(study))
    manager.interrupt_kernel()
    until(lambda: not ml.open_study(study).status().is_active)
    stopped = ml.open_study(study)
    assert 0 < stopped.status().finished < 1000
    assert stopped.results.runs["way"].notna().any()
    assert not execute(client, "assert run.wait(60) and not run.problem")

    # A cell waits for them.
    count = stopped.status().finished
    asked = client.execute('lab.run(backend="sequential").wait()')
    until(lambda: finished(study) > count + 5)
    manager.interrupt_kernel()
    until(lambda: not ml.open_study(study).status().is_active)
    while (answer := client.get_shell_msg(timeout=300))["parent_header"]["msg_id"] != asked:
        pass
    assert answer["content"]["ename"] == "KeyboardInterrupt"
    assert not execute(client, "assert not lab._session.run.value.is_running")


def workers_of(kernel):
    """The processes below a kernel, but for those that count what the others hold: they end with the kernel."""
    found = []
    for child in kernel.children(recursive=True):
        try:
            if child.status() != psutil.STATUS_ZOMBIE and "resource_tracker" not in " ".join(child.cmdline()):
                found.append(child)
        except psutil.NoSuchProcess:
            pass
    return found


def test_an_interrupt_leaves_no_worker_process_behind(kernel):
    manager, client, folder = kernel
    process, study = psutil.Process(manager.provisioner.pid), folder / "workers.study"
    assert not execute(client, MODEL)
    # Workers wait two minutes for the next study before they end.
    assert not execute(client, "from mesa_lab.running.workers import pool; pool._IDLE_SECONDS = 1.0")
    assert not execute(client, 'lab = ml.Lab(experiment, study="workers.study")')
    for command, waits in (("run = lab.run(processes=2)", False), ("lab.run(processes=2).wait()", True)):
        before = finished(study)
        asked = client.execute(command)
        until(lambda before=before: finished(study) > before)
        assert workers_of(process)
        manager.interrupt_kernel()
        until(lambda: not ml.open_study(study).status().is_active)
        until(lambda: not workers_of(process))
        while (answer := client.get_shell_msg(timeout=300))["parent_header"]["msg_id"] != asked:
            pass
        assert answer["content"].get("ename", "") == ("KeyboardInterrupt" if waits else "")
        assert finished(study) < 1000
        assert not execute(client, "assert not lab._session.run.value.is_running")
