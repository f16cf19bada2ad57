"""What a killed process has left beside a study goes with the next one that is made there, and nothing else does."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mesa_lab.preparation.experiment import Experiment
from mesa_lab.study import Study, rescue
from mesa_lab.study.database import lease, stale_files

EXPERIMENT = Experiment("m:M", {"a": [1, 2]})
KILLED = """
import os, signal, sys
from mesa_lab.study.database.new_file import Draft
from pathlib import Path
with Draft(Path(sys.argv[1])) as connection:
    connection.execute("CREATE TABLE a(b)")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("BEGIN")
    connection.execute("INSERT INTO a VALUES(1)")
    os.kill(os.getpid(), signal.SIGKILL)
"""
YESTERDAY = 90_000


def aged(path):
    moment = path.stat().st_mtime - YESTERDAY
    os.utime(path, (moment, moment))
    return path


@pytest.fixture
def left(tmp_path):
    """The files of a process that was killed while it made a study."""
    subprocess.run([sys.executable, "-c", KILLED, tmp_path / "a.study"])
    found = sorted(tmp_path.iterdir())
    assert [path.name.rpartition(".")[2] for path in found] == ["new", "new-journal"]
    return found


@pytest.mark.parametrize("name", ["a.study", "b.study"])
def test_what_a_killed_process_has_left_goes_with_the_next_study(tmp_path, left, name):
    Study.create(tmp_path / name, EXPERIMENT).close()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_copy_that_a_killed_rescue_has_left_goes_too(tmp_path, left):
    left[1].unlink()
    copy = left[0].rename(left[0].with_suffix(".damaged"))
    Study.create(tmp_path / "a.study", EXPERIMENT).close()
    assert not copy.exists()
    rescue(tmp_path / "a.study", tmp_path / "b.study")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.study", "b.study"]


def renamed(path, **parts):
    head, marks, end = path.name.rsplit(".", 2)
    fields = dict(zip(("place", "start", "pid", "mark", "chance"), marks.split("-"), strict=True))
    return path.with_name(f"{head}.{'-'.join((fields | parts).values())}.{end}")


def test_what_may_be_somebodys_stays(tmp_path, left, monkeypatch):
    (tmp_path / "link target").touch()
    own = stale_files.hidden(tmp_path / "a.study", "new")
    others = [
        aged(left[0].rename(renamed(left[0], place="00000000"))),  # of another computer
        renamed(left[0], start="00000000", chance="00000001"),  # of another start of this one, a moment ago
        renamed(left[0], mark="0", chance="00000002"),
        own,
        tmp_path / f"x{left[0].name}",
        tmp_path / ".a.study.0123abcd.new",
        tmp_path / ".notes.new",
    ]
    for path in others[1:]:
        path.touch()
    for path in others[2:]:
        aged(path)
    link = renamed(left[0], chance="00000003")
    link.symlink_to(tmp_path / "link target")
    folder = renamed(left[0], chance="00000004")
    folder.mkdir()
    Study.create(tmp_path / "a.study", EXPERIMENT).close()
    assert all(path.exists() for path in [*others, folder, tmp_path / "link target"])
    assert link.is_symlink()


def test_what_an_earlier_start_of_the_computer_has_left_goes_a_day_later(tmp_path, left):
    earlier = aged(left[0].rename(renamed(left[0], start="00000000")))
    Study.create(tmp_path / "a.study", EXPERIMENT).close()
    assert not earlier.exists()


def test_where_a_start_of_the_computer_has_no_mark_a_day_is_waited_for(tmp_path, left, monkeypatch):
    monkeypatch.setattr(lease, "machine_mark", lambda: "laptop")
    stale_files._here.cache_clear()
    place, start = stale_files._here()
    path = left[0].rename(renamed(left[0], place=place, start=start))
    try:
        Study.create(tmp_path / "a.study", EXPERIMENT).close()
        assert path.exists()
        aged(path)
        Study.create(tmp_path / "b.study", EXPERIMENT).close()
        assert not path.exists()
    finally:
        stale_files._here.cache_clear()


def test_what_is_of_another_user_stays(tmp_path, left, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    Study.create(tmp_path / "a.study", EXPERIMENT).close()
    assert left[0].exists()


def test_a_long_name_leaves_room_for_the_marks(tmp_path):
    name = "ä" * 110 + ".study"
    Study.create(tmp_path / name, EXPERIMENT).close()
    assert [path.name for path in tmp_path.iterdir()] == [name]
