"""Folders for confined processes are cleared away: with their server, or by the next one."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

SERVER = """
import sys
from mesa_lab.running.confinement.scratch import make_scratch, scratch_folder
folder = make_scratch()
(folder / "file").write_text("x")
assert folder.parent == scratch_folder()
print(folder, flush=True)
sys.stdin.read()
"""


@contextmanager
def server(tmp_path):
    """A process that has a scratch folder, and that folder."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as process:
        yield process, tmp_path / os.path.relpath(process.stdout.readline().strip(), tmp_path.resolve())


@pytest.mark.skipif(os.name != "posix", reason="without named pipes nobody can tell whether a server is gone")
def test_what_a_killed_server_left_is_cleared_away_by_the_next_and_what_a_living_one_has_is_not(tmp_path):
    with server(tmp_path) as (living, kept):
        with server(tmp_path) as (killed, left):
            killed.send_signal(signal.SIGKILL)
        assert (left / "file").exists()
        with server(tmp_path) as (_, own):
            assert not left.parent.exists()
            assert (kept / "file").exists()
            assert (own / "file").exists()
        assert not own.parent.exists()  # it ended by itself
        assert living.poll() is None
    assert not list(tmp_path.iterdir())
