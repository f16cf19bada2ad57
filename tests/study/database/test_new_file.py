"""A study that takes the place of another one: what a power cut may leave."""

import contextlib
import os
import shutil
import sqlite3
import stat

import pytest

from mesa_lab.errors import StudyBusyError, StudyError
from mesa_lab.study import Study
from mesa_lab.study.database import connection as storage
from mesa_lab.study.database import lease, new_file, schema
from mesa_lab.study.database.new_file import Draft


def test_the_old_log_is_gone_from_disk_before_the_new_file_has_its_name(tmp_path, monkeypatch):
    """Otherwise SQLite could play the old log into the new file."""
    path = tmp_path / "a.study"
    with Draft(path) as connection:
        schema.lay_out(connection)
    old = path.stat().st_ino
    log = tmp_path / "a.study-wal"
    log.write_bytes(b"old")
    synced = []
    sync = os.fsync

    def record(number):
        sync(number)
        if stat.S_ISDIR(os.fstat(number).st_mode):
            synced.append(
                ("log" if log.exists() else "no log", "old" if path.stat().st_ino == old else "new")
            )

    monkeypatch.setattr(os, "fsync", record)
    with Draft(path, replace=True) as connection:
        schema.lay_out(connection)
    assert synced == [("no log", "old"), ("no log", "new")]
    assert path.stat().st_ino != old


def left_by_a_killed_driver(study, path, batch_of):
    """Copy a study in the middle of writing: its results are in the log only."""
    with study.writing() as writer:
        writer.add(batch_of(study.tasks(study.pending())))
        writer.commit()
        for suffix in ("", "-wal"):
            shutil.copy(f"{study.path}{suffix}", f"{path}{suffix}")


def test_an_old_study_is_whole_without_its_log_before_that_goes(study, batch_of, tmp_path, monkeypatch):
    path = tmp_path / "old.study"
    left_by_a_killed_driver(study, path, batch_of)
    reader = Study.open(path)
    assert reader.status().done == 12
    settle, seen = new_file.settle, []

    def look(folder):
        settle(folder)
        seen.append((tmp_path / "old.study-wal").exists())
        shutil.copy(path, tmp_path / f"{len(seen)}.study")

    monkeypatch.setattr(new_file, "settle", look)
    Study.create(path, study.experiment, overwrite=True)
    assert seen == [False, False]
    assert [Study.open(tmp_path / f"{number}.study").status().done for number in (1, 2)] == [12, 0]
    assert reader.status().done == 12


def test_an_old_study_is_not_replaced_while_somebody_keeps_it_from_being_whole(
    study, batch_of, tmp_path, monkeypatch
):
    with contextlib.closing(sqlite3.connect(study.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM runs").fetchone()
        with study.writing() as writer:
            writer.add(batch_of(study.tasks(study.pending())))
        connect = storage.connect

        def impatient(path, *, write=False):
            connection, notice = connect(path, write=write)
            connection.execute("PRAGMA busy_timeout = 0")
            return connection, notice

        monkeypatch.setattr(storage, "connect", impatient)
        with pytest.raises(StudyBusyError, match="while another process reads it"):
            Study.create(study.path, study.experiment, overwrite=True)
        assert study.status().done == 12
    assert Study.create(study.path, study.experiment, overwrite=True).status().done == 0
    assert [file.name for file in tmp_path.iterdir() if file.name.endswith(".new")] == []


def test_a_log_that_is_left_of_another_study_is_not_played_into_a_new_one(study, batch_of, tmp_path):
    path = tmp_path / "old.study"
    left_by_a_killed_driver(study, path, batch_of)
    path.unlink()
    for make in (lambda: Study.create(path, study.experiment), lambda: study.copy(path)):
        with pytest.raises(StudyError, match=r"old\.study-wal' holds the latest results of a study"):
            make()
    assert not path.exists()
    assert Study.create(path, study.experiment, overwrite=True).status().done == 0


def test_nobody_adds_runs_to_a_study_that_is_being_replaced(study):
    with Draft(study.path, replace=True) as connection:
        schema.lay_out(connection)
        with pytest.raises(StudyBusyError, match="this very process"), study.writing():
            pass


def test_a_driver_that_opened_a_study_before_it_was_replaced_is_refused(study):
    connection, _ = storage.connect(study.path, write=True)
    Study.create(study.path, study.experiment, overwrite=True)
    with (
        contextlib.closing(connection),
        pytest.raises(StudyBusyError, match="was replaced by another process"),
    ):
        lease.take(connection, study.path)
    with study.writing():
        pass


def test_a_study_that_was_taken_over_meanwhile_is_not_replaced(study, batch_of):
    def replace():
        with Draft(study.path, replace=True) as connection:
            schema.lay_out(connection)
            with contextlib.closing(sqlite3.connect(study.path)) as other, other:
                other.execute(
                    "UPDATE driver SET process = 'of another'"
                )  # as one that does not answer for long
            with study.writing() as writer:
                writer.add(batch_of(study.tasks(study.pending())))

    with pytest.raises(StudyBusyError, match="was run by another process meanwhile"):
        replace()
    assert Study.open(study.path).status().done == 12


def test_a_study_that_could_not_be_replaced_can_be_run(study):
    def fail():
        with Draft(study.path, replace=True):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert study.driver() is None
    with study.writing():
        pass
