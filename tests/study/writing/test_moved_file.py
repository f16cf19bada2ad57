"""A study that is moved, replaced, deleted or cut off from its log while it is driven: nothing is lost, and it is said where it is."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pyarrow as pa
import pytest

from mesa_lab.errors import StudyBusyError, StudyError
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.study import Study
from mesa_lab.study.database import connection, log_file
from mesa_lab.study.writing import moved_file


@pytest.fixture
def other(tmp_path, batch_of):
    """Another study that lies about, with eight runs of its own."""
    path = tmp_path / "other.study"
    with (
        Study.create(path, Experiment("m:M", {"a": [1, 2, 3, 4]}, replications=3)) as study,
        study.writing() as writer,
    ):
        writer.add(batch_of(study.tasks(range(8))))
    return path


def content(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def displace(study, batch_of, happen, *, at_once=False):
    """Drive a study, have something happen to its file while results wait to be written, and return what is said."""

    def drive():
        with study.writing() as writer:
            writer.add(batch_of(study.tasks(range(6))))
            writer.commit()
            with writer._writing:
                writer.add(batch_of(study.tasks(range(6, 9))))
                happen()
            if not at_once:
                wait_for(lambda: writer.trouble is not None)
                assert writer.request == "stop"

    with pytest.raises(StudyError) as caught:
        drive()
    study.close()
    return str(caught.value)


def holds_all(path, batch_of, said, *, runs=9):
    """Look into the study that is said to hold all results, and go on with it."""
    assert f"'{path}'" in said
    assert f"Go on with: mesa-lab resume {path}" in said
    with Study.open(path) as found:
        assert found.runs_frame()["happy"].tolist() == [run * 10 for run in range(runs)]
        assert pa.concat_tables(found.series_tables()).num_rows == 3 * runs
        status = found.status()
        assert (status.done, status.state, status.pid) == (runs, "interrupted", None)
        assert status.message in said
        assert found.check().runs == runs
        with found.writing() as writer:
            writer.add(batch_of(found.tasks(found.pending())))
        assert found.status().state == "finished"
    assert not [
        log_file.beside(path, suffix) for suffix in log_file.LOGS if log_file.beside(path, suffix).exists()
    ]


@pytest.mark.parametrize("at_once", [False, True])
def test_another_file_takes_its_name(study, other, batch_of, at_once):
    before = content(other)
    said = displace(study, batch_of, lambda: other.replace(study.path), at_once=at_once)
    assert f"'{study.path}' was replaced by another file while it was run" in said
    assert "the results of 9 of its 12 runs are saved in" in said
    # Whoever opens the file under the name finds it as it was, without results of the other.
    with Study.open(study.path) as found:
        assert (found.status().done, found.status().n_runs, found.check().runs) == (8, 12, 8)
    assert content(study.path) == before
    holds_all(study.path.with_name("schelling-saved.study"), batch_of, said)


@pytest.mark.parametrize("at_once", [False, True])
def test_it_is_deleted(study, batch_of, at_once):
    said = displace(study, batch_of, study.path.unlink, at_once=at_once)
    assert f"'{study.path}' was deleted while it was run" in said
    assert not study.path.exists()
    holds_all(study.path.with_name("schelling-saved.study"), batch_of, said)


@pytest.mark.parametrize("at_once", [False, True])
def test_it_gets_another_name(study, batch_of, at_once):
    moved = study.path.with_name("moved.study")
    said = displace(study, batch_of, lambda: study.path.rename(moved), at_once=at_once)
    assert f"'{study.path}' was moved to '{moved}' while it was run" in said
    assert list(study.path.parent.glob("schelling*")) == []
    holds_all(moved, batch_of, said)


def test_it_gets_another_name_and_another_file_gets_its_name(study, other, batch_of):
    moved, before = study.path.with_name("moved.study"), content(other)

    def happen():
        study.path.rename(moved)
        shutil.copy(other, study.path)

    said = displace(study, batch_of, happen)
    assert "and another file has taken its name" in said
    assert content(study.path) == before
    with Study.open(study.path) as found:
        assert found.check().runs == 8
    holds_all(moved, batch_of, said)


def test_its_folder_is_moved(tmp_path, experiment, batch_of):
    folder, moved = tmp_path / "here", tmp_path / "there"
    folder.mkdir()
    study = Study.create(folder / "schelling.study", experiment)
    said = displace(study, batch_of, lambda: folder.rename(moved))
    holds_all(moved / "schelling.study", batch_of, said)


def test_its_folder_is_deleted(tmp_path, experiment, batch_of, monkeypatch):
    folder, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    study = Study.create(folder / "schelling.study", experiment)
    said = displace(study, batch_of, lambda: shutil.rmtree(folder))
    holds_all(elsewhere / "schelling-saved.study", batch_of, said)


def test_a_name_that_is_taken_is_not_taken_for_what_is_saved(study, other, batch_of):
    taken = study.path.with_name("schelling-saved.study")
    shutil.copy(other, taken)
    said = displace(study, batch_of, study.path.unlink)
    assert content(taken) == content(other)
    holds_all(study.path.with_name("schelling-saved-2.study"), batch_of, said)


@pytest.mark.parametrize("suffixes", [["-wal"], ["-shm"], ["-wal", "-shm"]], ids=" ".join)
@pytest.mark.parametrize("at_once", [False, True])
def test_its_log_is_deleted(study, batch_of, suffixes, at_once):
    def happen():
        for suffix in suffixes:
            log_file.beside(study.path, suffix).unlink()

    said = displace(study, batch_of, happen, at_once=at_once)
    assert "was cut off from its log" in said
    assert "are in" in said
    holds_all(study.path, batch_of, said)


def test_its_log_is_deleted_and_another_process_has_begun_a_new_one(study, batch_of):
    """What the other process writes is based on pages that are older than those of the driver."""

    def happen():
        for suffix in log_file.LOGS:
            log_file.beside(study.path, suffix).unlink()
        code = "import sys; from mesa_lab.study import Study; Study.open(sys.argv[1]).ask('pause')"
        subprocess.run([sys.executable, "-c", code, study.path], check=True)

    said = displace(study, batch_of, happen)
    assert "are saved in" in said
    holds_all(study.path.with_name("schelling-saved.study"), batch_of, said)


def test_it_is_overwritten(study, other, batch_of):
    """As `cp` and some sync clients do: the file is the same, what is in it is not."""
    said = displace(study, batch_of, lambda: shutil.copyfile(other, study.path))
    assert f"'{study.path}' was overwritten while it was run" in said
    with Study.open(study.path) as found:
        assert (found.status().done, found.check().runs) == (8, 8)


def test_a_file_whose_number_changes_is_still_the_file(study, batch_of, monkeypatch):
    """Some file systems in a network give numbers anew."""
    file_id = log_file.file_id
    offset = []
    monkeypatch.setattr(
        connection, "file_id", lambda path: (found := file_id(path)) and (found[0], found[1] + sum(offset))
    )
    with study.writing() as writer:
        writer.add(batch_of(study.tasks(range(6))))
        writer.commit()
        offset.append(1000)
        writer.add(batch_of(study.tasks(range(6, 12))))
        writer.commit()
        assert writer._connection.displaced() == []
    assert study.status().state == "finished"


def test_where_nothing_can_be_saved_that_is_said(study, batch_of, monkeypatch):
    def refuse(self):
        raise StudyError("The disk is full.")

    monkeypatch.setattr(moved_file.Draft, "__enter__", refuse)
    said = displace(study, batch_of, study.path.unlink)
    assert "the results of 9 of its 12 runs could not be saved anywhere. The disk is full." in said


def test_a_reader_of_the_other_file_does_it_no_harm(study, other, run_fixture):
    """Before the driver has noticed: SQLite would read the driver's log into the other file, and write it there when it closes it."""
    study.close()
    driver = run_fixture("write_on.py", study.path)
    for _ in range(3):
        assert driver.stdout.readline() == "written\n"
    driver.send_signal(signal.SIGSTOP)
    before = content(other)
    other.replace(study.path)
    for attempt in (Study.open, lambda path: connection.connect(path, write=True)):
        with pytest.raises(StudyBusyError, match="has taken the name of a study that process"):
            attempt(study.path)
    assert content(study.path) == before
    driver.send_signal(signal.SIGCONT)
    driver.wait()
    with Study.open(study.path) as found:
        assert (found.status().done, found.check().runs) == (8, 8)
    assert content(study.path) == before
    with Study.open(study.path.with_name("schelling-saved.study")) as saved:
        assert saved.runs_frame()["x"].tolist() == [run * 2 for run in range(saved.status().done)]
        assert saved.status().done >= 3


def _noted_file(path):
    """What the record of a study's driver says of which file it drives."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT file FROM driver").fetchone()[0]


def test_a_log_that_was_left_beside_another_file_does_it_no_harm(study, other, run_fixture):
    study.close()
    driver = run_fixture("write_on.py", study.path)
    driver.stdout.readline()
    while _noted_file(study.path) is None:  # the next heartbeat notes it
        time.sleep(0.05)
    driver.kill()
    driver.wait()
    before = content(other)
    other.replace(study.path)
    with pytest.raises(StudyBusyError, match="or delete it"):
        Study.open(study.path)
    for suffix in log_file.LOGS:
        log_file.beside(study.path, suffix).unlink()
    with Study.open(study.path) as found:
        assert found.check().runs == 8
    assert content(study.path) == before


def test_a_study_that_was_copied_with_its_log_is_read(study, run_fixture, tmp_path):
    study.close()
    driver = run_fixture("write_on.py", study.path)
    for _ in range(3):
        driver.stdout.readline()
    driver.kill()
    driver.wait()
    copy = tmp_path / "copy.study"
    for suffix in ("", "-wal"):
        shutil.copy(log_file.beside(study.path, suffix), log_file.beside(copy, suffix))
    with Study.open(copy) as found:
        assert found.status().done >= 3
        assert found.check().runs == found.status().done


def test_those_who_look_on_are_told(study, other, batch_of):
    with Study.open(study.path) as looking:
        said = displace(study, batch_of, lambda: other.replace(study.path))
        assert looking.status().state == "interrupted"
        assert looking.status().message == said
        assert looking.runs_frame()["run_id"].tolist() == list(range(9))


def test_a_study_whose_name_another_one_has_taken_is_read_no_more(filled, other, batch_of):
    """A driver of the other one writes into the log that this one still has open."""
    with Study.open(filled.path) as looking:
        other.replace(filled.path)
        with pytest.raises(StudyError, match="has been replaced by another file since it was opened"):
            looking.runs_frame()
    filled.close()
    with Study.open(filled.path) as found, found.writing() as writer:
        writer.add(batch_of(found.tasks(found.pending())))
    assert found.path.exists()
    with Study.open(filled.path) as found:
        assert found.check().runs == 12


def test_a_study_that_was_moved_can_still_be_read(filled):
    with Study.open(filled.path) as looking:
        filled.path.rename(filled.path.with_name("moved.study"))
        assert len(looking.runs_frame()) == 12
