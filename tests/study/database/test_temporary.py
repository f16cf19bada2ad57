"""Studies that nobody asked to keep: gone when they are no longer used, however their process ended."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

import pytest

from mesa_lab.preparation.experiment import Experiment
from mesa_lab.study import Study
from mesa_lab.study.database import lease, temporary

EXPERIMENT = Experiment("m:M", {"a": [1, 2]})
KILLED = """
import os, signal
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.study import Study
study = Study.temporary(Experiment("m:M", {"a": [1, 2]}))
print(study.path.parent, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
YESTERDAY = 90_000


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Have temporary files here, and nothing swept yet."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    temporary._sweep_once.cache_clear()
    return tmp_path


def aged(path, seconds=YESTERDAY):
    moment = path.stat().st_mtime - seconds
    os.utime(path, (moment, moment))
    return path


def left_behind(folder):
    """Make a study whose process is killed."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    answer = subprocess.run(
        [sys.executable, "-c", KILLED], env=environment, stdout=subprocess.PIPE, text=True
    )
    path = folder / answer.stdout.strip()
    assert (path / "temporary.study").exists()
    return path


def test_a_temporary_study_is_deleted_with_its_last_use(folder):
    study = Study.temporary(EXPERIMENT)
    assert study.path.exists()
    study.close()
    assert list(folder.iterdir()) == []


def test_what_a_killed_process_has_left_goes_a_day_later(folder):
    left = left_behind(folder)
    with Study.temporary(EXPERIMENT):
        assert left.exists(), "nobody knows yet whether somebody looks for it"
    aged(left)
    with Study.temporary(EXPERIMENT):
        assert left.exists(), "a process sweeps once"
    temporary._sweep_once.cache_clear()
    with Study.temporary(EXPERIMENT):
        assert not left.exists()


def test_nothing_is_swept_that_may_be_of_use_to_anybody(folder):
    with Study.temporary(EXPERIMENT) as own:
        prefix, pid = temporary._prefix(), os.getpid()
        others = [
            aged(own.path.parent),
            folder / "mesa-lab-study-00000000-1-1-x",  # of another computer
            folder / f"{prefix}",
            folder / f"{prefix}x-y-z",
            folder / "mesa-lab-1234",
        ]
        for path in others[1:]:
            path.mkdir()
            aged(path)
        a_file = folder / f"{prefix}{2**22 + 5}-1-x"
        a_file.write_text("")
        others.append(aged(a_file))
        link = folder / f"{prefix}{2**22 + 6}-1-x"
        link.symlink_to(folder)
        gone = folder / f"{prefix}{pid}-1{lease.process_mark(pid)}-x"  # its number is another's now
        gone.mkdir()
        aged(gone)
        temporary._sweep_once.cache_clear()
        Study.temporary(EXPERIMENT).close()
        assert all(path.exists() for path in others)
        assert link.is_symlink()
        assert not gone.exists()


def test_of_much_that_was_left_some_goes_at_a_time(folder, monkeypatch):
    monkeypatch.setattr(temporary, "_CLEARED", 3)
    for number in range(5):
        path = folder / f"{temporary._prefix()}{2**22 + 5}-{number}-x"
        path.mkdir()
        aged(path)
    Study.temporary(EXPERIMENT).close()
    assert len(list(folder.iterdir())) == 2


def test_what_is_of_another_user_stays(folder, monkeypatch):
    path = folder / f"{temporary._prefix()}{2**22 + 5}-1-x"
    path.mkdir()
    aged(path)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    Study.temporary(EXPERIMENT).close()
    assert path.exists()
