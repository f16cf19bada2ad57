"""A viewer's process waits for the run that is looked at next: one at most, in the surroundings of now, and not for ever."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from mesa_lab.study import Study
from mesa_lab.viewing import spare_process
from mesa_lab.viewing.spare_process import prepare_process, take_process
from mesa_lab.viewing.viewer import Viewer


@pytest.fixture(autouse=True)
def nothing_waits():
    spare_process._end()
    yield
    spare_process._end()


def waiting():
    return spare_process._spare[0] if spare_process._spare else None


def ended(pid):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def environment(pid):
    """Return the variables of a process; Linux shows none in the moment in which it becomes the program that it starts."""
    deadline = time.monotonic() + 60
    while not (found := psutil.Process(pid).environ()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def test_the_process_that_waits_draws_the_run_as_a_new_one_does(wolves):
    with Study.open(wolves) as study, Viewer.of_study(study, 1) as viewer:
        fresh = viewer.go(4)
    prepare_process()
    prepared = waiting()
    prepare_process()
    assert waiting() is prepared, "a second one"
    with Study.open(wolves) as study, Viewer.of_study(study, 1) as viewer:
        assert viewer._process is prepared
        assert waiting() is None
        frame = viewer.go(4)
    assert frame == fresh
    assert frame.check == "equal"
    assert ended(prepared.pid)


def test_it_is_taken_in_the_surroundings_that_it_was_started_in_alone(tmp_path, monkeypatch):
    prepare_process()
    first = waiting()
    monkeypatch.chdir(tmp_path)
    taken = take_process()
    assert taken is not first
    assert psutil.Process(taken.pid).cwd() == str(tmp_path.resolve())
    assert ended(first.pid)
    spare_process._stop(taken)
    prepare_process()
    second = waiting()
    monkeypatch.setenv("MODEL_DATA", "elsewhere")
    taken = take_process()
    assert taken is not second
    assert environment(taken.pid)["MODEL_DATA"] == "elsewhere"
    spare_process._stop(taken)


def test_one_that_has_ended_is_replaced():
    prepare_process()
    waiting().kill()
    waiting().wait()
    taken = take_process()
    assert taken.poll() is None
    spare_process._stop(taken)
    prepare_process()
    dead = waiting()
    dead.kill()
    dead.wait()
    prepare_process()
    assert waiting() is not dead
    assert waiting().poll() is None


def test_one_that_nobody_wants_is_ended(monkeypatch):
    monkeypatch.setattr(spare_process, "_KEPT_SECONDS", 0.01)
    prepare_process()
    process = spare_process._spare and waiting()
    if process is not None:  # it may have been ended by now
        assert ended(process.pid)
    deadline = time.monotonic() + 60
    while waiting() is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert waiting() is None


@pytest.mark.parametrize(
    "end", ["pass", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)", "import os; os._exit(1)"]
)
def test_it_does_not_outlive_the_program(end):
    code = (
        "from mesa_lab.viewing import spare_process\n"
        "spare_process.prepare_process()\n"
        f"print(spare_process._spare[0].pid, flush=True)\n{end}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env=dict(os.environ)
    )
    assert ended(int(done.stdout)), done.stderr
    assert "Traceback" not in done.stderr


def test_where_no_process_can_be_started_nothing_is_said_before_a_run_is_looked_at(monkeypatch):
    def none(*_, **__):
        raise OSError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", none)
    prepare_process()
    assert waiting() is None
    with pytest.raises(OSError, match="no more"):
        take_process()
