"""A confined process may not read, not answer, or end: whoever asks goes on."""

import subprocess
import sys
import threading

import pytest

from mesa_lab.errors import RunError
from mesa_lab.running.confinement.handle import ConfinedProcess, OvertimeError, _read_all
from mesa_lab.running.confinement.starting import Started

MUCH = b"x" * (1 << 20)
"""More than a pipe holds."""


@pytest.fixture
def asked(tmp_path):
    """A process that carries out some Python in place of a confined one."""
    made = []

    def make(code):
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        handle = ConfinedProcess(tmp_path)
        handle._started = Started(process, scratch, -1)
        threading.Thread(target=_read_all, args=(process.stdout, handle._answers), daemon=True).start()
        made.append(handle)
        return handle

    yield make
    for handle in made:
        handle.end()


def test_one_that_does_not_read_keeps_nobody(asked):
    handle = asked("import time; time.sleep(600)")
    with pytest.raises(OvertimeError):
        next(handle.ask(MUCH, seconds=lambda: 0.5))
    assert not handle.is_alive


def test_one_that_does_not_read_is_stopped(asked):
    handle = asked("import time; time.sleep(600)")
    with pytest.raises(RunError, match="stopped"):
        next(handle.ask(MUCH, seconds=lambda: 600, stopped=lambda: True))


def test_one_that_has_ended_says_so(asked):
    handle = asked("import sys; sys.stdin.buffer.read(1); sys.exit(7)")
    with pytest.raises(RunError, match="exit code 7"):
        next(handle.ask(MUCH, seconds=lambda: 60))
