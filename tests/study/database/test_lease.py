"""Who may write when, and what others see meanwhile."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import time

import pytest

from mesa_lab.errors import StudyBusyError, StudyError
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.study import Study
from mesa_lab.study.database import lease


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_second_writer_is_refused_and_told_who_writes(study, run_fixture, experiment):
    holder = run_fixture("hold_study.py", study.path)
    assert holder.stdout.readline() == "holding\n"
    for attempt in (study.writing().__enter__, lambda: study.extend(experiment.replace(replications=3))):
        with pytest.raises(StudyBusyError, match=rf"being run by process {holder.pid} on \S+ since 20\d\d-"):
            attempt()
    with pytest.raises(StudyBusyError):
        Study.create(study.path, experiment, overwrite=True)
    assert study.status().state == "running"
    assert study.status().pid == holder.pid
    holder.communicate("")
    assert study.status().state == "stopped"
    with study.writing():
        pass


def test_a_second_writer_in_the_same_process_is_refused(study):
    with study.writing(), pytest.raises(StudyBusyError, match="this very process"), study.writing():
        pass


def test_the_place_of_a_killed_driver_is_free_at_once(study, run_fixture, batch_of):
    holder = run_fixture("hold_study.py", study.path)
    holder.stdout.readline()
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert study.status().state == "interrupted"
    assert "without saying why" in study.status().message
    with study.writing() as writer:
        writer.add(batch_of(study.tasks(study.pending())))
    assert study.status().state == "finished"
    assert [session["ending"] for session in study.sessions()] == [None, "finished"]


def test_a_recycled_process_number_is_no_driver(study):
    connection = sqlite3.connect(study.path, isolation_level=None)
    with study.writing():
        row = list(connection.execute("SELECT * FROM driver").fetchone())
    row[2] = os.getppid()
    row[3] = lease.process_mark(os.getppid())
    insert = f"INSERT OR REPLACE INTO driver VALUES({', '.join('?' * len(row))})"
    connection.execute(insert, row)
    assert study.status().state == "running"
    row[3] = "started at another time"
    connection.execute(insert, row)
    connection.close()
    assert study.driver() is None
    assert study.status().state == "stopped"


def test_another_computer_is_believed_while_its_heart_beats(study, run_fixture, monkeypatch):
    holder = run_fixture("hold_study.py", study.path, "far away")
    holder.stdout.readline()
    with pytest.raises(StudyBusyError), study.writing():
        pass
    # A wall clock that jumped makes the heartbeat look old: then its beating decides.
    monkeypatch.setattr(lease, "_WATCH_SECONDS", 1.5)
    monkeypatch.setattr(time, "time", lambda clock=time.time: clock() + 86400)
    with pytest.raises(StudyBusyError), study.writing():
        pass
    holder.kill()
    holder.wait()
    with study.writing():
        pass


def test_a_driver_from_before_a_power_cut_is_not_believed_for_long(study, run_fixture, monkeypatch):
    monkeypatch.setattr(lease, "_WATCH_SECONDS", 1.5)
    monkeypatch.setattr(lease, "machine_mark", lambda: "here second-start pid:[1]")
    holder = run_fixture("hold_study.py", study.path, "here first-start pid:[1]")
    holder.stdout.readline()
    # It could be another computer of the same name.
    with pytest.raises(StudyBusyError), study.writing():
        pass
    holder.kill()
    holder.wait()
    assert study.driver() is not None
    with study.writing():
        pass


def test_a_driver_that_was_taken_over_writes_nothing_more(study, batch_of):
    def write_on(writer):
        connection = sqlite3.connect(study.path)
        connection.execute("UPDATE driver SET token = 'other'")
        connection.commit()
        connection.close()
        writer.add(batch_of(study.tasks([0])))
        writer.commit()

    with pytest.raises(StudyBusyError, match="taken over by another process"), study.writing() as writer:
        write_on(writer)
    assert len(study.runs_frame()) == 0
    assert study.driver() is None or study.driver().token == "other"


def test_the_process_mark_does_not_depend_on_the_time_of_day(monkeypatch):
    mark = lease.process_mark(os.getpid())
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert lease.process_mark(os.getpid()) == mark
    assert mark is not None
    assert lease.process_mark(2**22 + 1) is None


def test_results_are_committed_within_a_second_without_asking(study, batch_of):
    other = Study.open(study.path)
    with study.writing() as writer:
        writer.add(batch_of(study.tasks([0, 1])))
        wait_for(lambda: other.status().done == 2)
        assert len(other.runs_frame()) == 2


def test_requests_are_heard_and_shown(study):
    heard = []
    with study.writing(on_request=heard.append) as writer:
        study.ask("pause")
        wait_for(lambda: study.status().state == "paused")
        assert writer.request == "pause"
        study.ask("run")
        wait_for(lambda: study.status().state == "running")
        study.ask("stop")
        wait_for(lambda: writer.request == "stop" and heard[-1] == "stop")
    assert heard == ["pause", "run", "stop"]
    with study.writing() as writer:
        assert writer.request == "run"


def test_a_reader_may_hold_the_study_open_all_the_time(study, run_fixture, batch_of):
    reader = run_fixture("slow_reader.py", study.path)
    assert reader.stdout.readline() == "0\n"
    with study.writing() as writer:
        for run_id in range(12):
            writer.add(batch_of(study.tasks([run_id])))
            writer.commit()
    assert study.status().state == "finished"
    out, _ = reader.communicate("")
    assert out == "0\n"
    assert len(Study.open(study.path).runs_frame()) == 12


@pytest.mark.parametrize(
    ("error", "said"), [(KeyboardInterrupt(), "Ctrl-C"), (ZeroDivisionError("oh"), "ZeroDivisionError: oh")]
)
def test_ctrl_c_and_errors_keep_what_is_done(study, batch_of, error, said):
    def be_interrupted(writer):
        writer.add(batch_of(study.tasks([0])))
        raise error

    with pytest.raises(type(error)), study.writing() as writer:
        be_interrupted(writer)
    status = study.status()
    assert (status.done, status.state, status.message) == (1, "interrupted", said)


def test_a_read_only_folder_can_be_read(filled, run_fixture):
    filled.close()
    out, _ = run_fixture("read_only.py", filled.path).communicate(timeout=120)
    filled.path.parent.chmod(0o755)
    first, second = out.splitlines()
    assert first == "12 finished 0"
    assert "cannot be written: it or its folder is read-only" in second


def test_a_full_disk_stops_cleanly_and_the_study_goes_on_later(tmp_path, run_fixture):
    out, _ = run_fixture("full_disk.py", tmp_path).communicate(timeout=120)
    answer = json.loads(out)
    assert "full" in answer["message"]
    assert 0 < answer["committed"] == answer["readable"] < 40
    assert answer["state"] == "interrupted"
    assert (answer["then"], answer["done"], answer["values"]) == ("finished", 40, True)


def test_writing_to_a_vanished_folder_is_an_error_with_a_name(study):
    with pytest.raises(StudyError, match="There is no study"):
        Study.open(study.path.parent / "gone.study").writing().__enter__()


def test_killed_at_any_moment_what_is_counted_is_there(tmp_path, run_fixture):
    """Counters, rows and series agree after each SIGKILL, and nothing that was counted is ever lost."""
    path = tmp_path / "killed.study"
    study = Study.create(path, Experiment("m:M", {"a": [1, 2]}, replications=20000))
    chance = random.Random(5)
    before = 0
    for _ in range(5):
        process = run_fixture("write_on.py", path)
        assert process.stdout.readline() == "written\n"
        time.sleep(chance.uniform(0.0, 0.3))
        process.kill()
        said = 1 + len(process.stdout.readlines())
        process.wait()
        done = study.status().done
        assert done - before in (said, said + 1)
        before = done
        frame = study.runs_frame()
        assert frame["x"].tolist() == [run_id * 2 for run_id in frame["run_id"]]
        assert len(frame) == done
        series = [table["run_id"][0].as_py() for table in study.series_tables()]
        assert series == frame["run_id"].tolist()
    with study.writing():  # checks the whole file
        pass
