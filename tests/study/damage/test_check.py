"""What a check finds, and what a rescue restores: one table after the other."""

from __future__ import annotations

import contextlib
import sqlite3
import threading

import pandas as pd
import pytest

from mesa_lab.errors import StudyBusyError, StudyError, StudyFormatError
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.study import Checked, Study, merge, rescue

PAGE = 4096


@pytest.fixture
def study(tmp_path, batch_of):
    """Six blocks of ten runs, of which two have failed and one of these was run again."""
    study = Study.create(
        tmp_path / "x.study", Experiment("m:M", {"a": list(range(20)), "b": True}, replications=3)
    )
    outcomes = {"happy": lambda run_id: run_id * 10, "right": lambda run_id: run_id % 2 == 0}
    with study.writing() as writer:
        for start in range(0, 60, 10):
            writer.add(batch_of(study.tasks(range(start, start + 10)), failing=[13, 25], **outcomes))
    with study.writing() as writer:
        writer.add(batch_of(study.tasks([25]), **outcomes))
    study.close()
    return study.path


def spoil(path, table):
    """Fill the first page of a table with what makes no sense."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xa5" * PAGE)


def said(path):
    with pytest.raises(StudyFormatError) as caught, Study.open(path) as opened:
        opened.check()
    first, *damage, last = str(caught.value).splitlines()
    assert first == f"'{path}' is damaged:"
    assert f"mesa-lab rescue {path} -o {path.with_name('x-rescued.study')}" in last
    return [line.removeprefix("  - ") for line in damage]


def test_a_whole_study_is_whole(study):
    assert Study.open(study).check() == Checked(runs=60, unknown=0)


CHANGES = {
    "UPDATE runs SET attempt = 3 WHERE run_id = 42": "the results of 10 runs (40 to 49) are not those that were written",
    "UPDATE runs SET attempt = 1 WHERE run_id = 25": "the results of 1 run (25) are not those that were written",
    "UPDATE blocks SET series = zeroblob(9) WHERE block = 2": "the series of 10 runs (10 to 19) are not those that were written",
    "UPDATE blocks SET superseded = 0 WHERE block = 3": "the series of 9 runs (20 to 24, 26 to 29) are not those that were written",
    "UPDATE agent_blocks SET data = zeroblob(9) WHERE block > 5": "the agents' data of 11 runs (25, 50 to 59) are not those that were written",
    "UPDATE points SET parameters = replace(parameters, '7', '8') WHERE point = 7": "the design points are not those that were written",
    "UPDATE points SET wanted = 0 WHERE point = 7": "the design points are not those that were written",
    "UPDATE outcomes SET kinds = 1 WHERE name = 'right'": "the names and types of the outcomes are not those that were written",
    "UPDATE outcomes SET name = 'left' WHERE name = 'right'": "the names and types of the outcomes are not those that were written",
    "UPDATE meta SET value = replace(value, 'm:M', 'm:N') WHERE key = 'experiment'": "the description of the experiment (experiment) is not the one that was written",
    "UPDATE meta SET value = '[]' WHERE key IN ('layout', 'size')": "the description of the experiment (layout, size) is not the one that was written",
    "UPDATE tally SET runs = runs + 2 WHERE status = 'done'": "2 runs cannot be read",
    "UPDATE tally SET runs = CASE status WHEN 'done' THEN 58 ELSE 2 END": "it has not as many runs done and failed as it has counted",
    "UPDATE tally SET runs = 'x'": "it has 60 runs, and has counted 0",
    "UPDATE failures SET message = x'0102'": "the messages of failed runs are not those that were written",
    "UPDATE sessions SET settings = '{'": "the records of sessions are not those that were written",
    "UPDATE runs SET block = 'x' WHERE run_id = 42": "the results of 10 runs (40 to 49) are not those that were written",
    "UPDATE runs SET run_id = 999 WHERE run_id = 42": "the results of 10 runs (40, 41, 43 to 49, 999) are not those that were written",
    "DROP TABLE sessions": "the records of sessions (table sessions) are missing",
}  # fmt: skip


MERGED_RIGHT = ("superseded", "tally SET runs = runs", "tally SET runs = CASE", "failures", "settings = '{'")


@pytest.mark.parametrize("statement", CHANGES)
def test_what_was_changed_is_named_and_not_gone_on_with(study, tmp_path, statement, change):
    change(study, statement)
    assert CHANGES[statement] in said(study)
    if not any(said in statement for said in MERGED_RIGHT):
        with pytest.raises(StudyFormatError, match="is damaged"):
            merge([study], tmp_path / "merged.study")
        assert not (tmp_path / "merged.study").exists()
    # What the next runs depend on is looked at before they are run.
    if statement.split()[1] in ("points", "outcomes", "meta"):
        with pytest.raises(StudyFormatError, match="is damaged"), Study.open(study).writing():
            pass
        with pytest.raises(StudyFormatError, match="is damaged"):
            Study.open(study).extend(Experiment("m:M", {"a": list(range(20)), "b": True}, replications=4))


RESTORED = [statement for statement in CHANGES if "name = 'left'" not in statement]


@pytest.mark.parametrize("statement", RESTORED)
def test_what_is_said_twice_is_restored(study, tmp_path, batch_of, statement, change):
    with Study.open(study) as opened:
        expected, points = opened.runs_frame().drop(columns="attempt"), opened.points_frame()
        description = opened.experiment.to_toml()
    change(study, statement)
    rescued = rescue(study, tmp_path / "saved.study")
    with Study.open(rescued.path) as saved:
        saved.check()
        assert saved.points_frame().equals(points)
        assert saved.experiment.to_toml() == description
        pending = saved.pending()
        frame = saved.runs_frame().drop(columns="attempt").set_index("run_id")
        assert len(frame) == rescued.runs == 60 - len(pending)
        kept = expected.set_index("run_id").loc[frame.index]
        # Where no run has failed, whole numbers have no gaps.
        pd.testing.assert_frame_equal(frame, kept, check_dtype=False)
        if len(pending):
            with saved.writing() as writer:
                writer.add(batch_of(saved.tasks(pending)))
        saved.check()


@pytest.mark.parametrize(
    ("table", "what", "runs"),
    [
        ("unfinished", "the index of the rows of runs (table runs): ", 60),
        ("sqlite_autoindex_failures_1", "the index of the messages of failed runs (table failures): ", 60),
        ("points", "the design points (table points): ", 60),
        ("meta", "the description of the experiment (table meta): ", None),
        ("outcomes", "the names and types of the outcomes (table outcomes): ", None),
        ("tally", "the counts of runs (table tally): ", 60),
        ("sessions", "the records of sessions (table sessions): ", 60),
        ("run_checksums", "the checksums of runs (table run_checksums): ", 60),
        ("table_checksums", "the checksums of tables (table table_checksums): ", 60),
        ("runs", "the rows of runs (table runs): ", 0),
    ],
)
def test_a_page_that_makes_no_sense_is_named_and_the_rest_saved(study, tmp_path, table, what, runs):
    spoil(study, table)
    if table == "meta":  # not even what kind of file it is can be said
        with pytest.raises(StudyFormatError, match="is damaged"):
            Study.open(study)
    else:
        assert any(line.startswith(what) for line in said(study))
    if runs is None:
        what = {"meta": "description of its experiment", "outcomes": "names of its outcomes"}[table]
        with pytest.raises(StudyFormatError, match=f"Nothing can be saved of .*: (not even )?the {what} can"):
            rescue(study, tmp_path / "saved.study")
        assert not (tmp_path / "saved.study").exists()
        return
    assert rescue(study, tmp_path / "saved.study").runs == runs
    with Study.open(tmp_path / "saved.study") as saved:
        saved.check()
        assert len(saved.points_frame()) == 20


def test_points_of_a_study_that_has_grown_are_restored_in_their_order(study, tmp_path, change):
    grown = Experiment("m:M", {"a": [*range(30, 35), *range(20)], "b": True}, replications=3)
    with Study.open(study) as opened:
        opened.extend(grown)
        points = opened.points_frame()
    change(study, "UPDATE points SET parameters = replace(parameters, '3', '4') WHERE point IN (3, 21)")
    assert "the design points are not those that were written" in said(study)
    rescue(study, tmp_path / "saved.study")
    assert Study.open(tmp_path / "saved.study").points_frame().equals(points)


@pytest.mark.parametrize("place", [0, 7, 16, 17, 18, 19, 21, 60, 68, 70])
def test_a_beginning_that_makes_no_sense_is_said_and_mended(study, tmp_path, place):
    data = bytearray(study.read_bytes())
    data[place] ^= 0x41
    study.write_bytes(data)
    with contextlib.suppress(StudyError), Study.open(study) as opened, opened.writing():
        pass
    study.write_bytes(data)
    assert rescue(study, tmp_path / "saved.study").runs == 60


def test_a_study_from_before_tables_had_checksums_is_read_and_gets_them_when_it_is_run(
    study, tmp_path, batch_of, change
):
    change(study, "DROP TABLE table_checksums", "ALTER TABLE run_checksums RENAME TO row_checksums")
    with Study.open(study) as opened:
        assert opened.check() == Checked(runs=60, unknown=60)
        opened.extend(Experiment("m:M", {"a": list(range(20)), "b": True}, replications=4))
        with opened.writing() as writer:
            writer.add(batch_of(opened.tasks(range(60, 70)), other=lambda run_id: "x"))
        assert opened.check() == Checked(runs=70, unknown=60)
    assert merge([study], tmp_path / "merged.study").status.done == 69
    change(study, "UPDATE outcomes SET kinds = 2 WHERE name = 'other'")
    assert "the names and types of the outcomes are not those that were written" in said(study)


@pytest.mark.parametrize("order", [1, -1])
def test_runs_keep_their_checksums_when_merged_with_other_attempts(tmp_path, batch_of, order):
    experiment = Experiment("m:M", {"a": list(range(10))}, replications=1)
    paths = [tmp_path / "first.study", tmp_path / "second.study"]
    for path, failing in zip(paths, ([2, 3], [2]), strict=True):
        with Study.create(path, experiment) as study, study.writing() as writer:
            writer.add(batch_of(study.tasks(range(10)), failing=failing))
    merged = merge(paths[::order], tmp_path / "merged.study")
    assert merged.status.done == 9
    with Study.open(tmp_path / "merged.study") as study:
        assert study.check() == Checked(runs=10, unknown=0)
        assert study.runs_frame()["attempt"].tolist() == [1, 1, 1, 2, 1, 1, 1, 1, 1, 1]


def test_a_study_that_is_being_run_is_not_rescued(study, tmp_path):
    with Study.open(study).writing(), pytest.raises(StudyBusyError, match="is being run"):
        rescue(study, tmp_path / "saved.study")


def test_a_description_that_cannot_be_read_is_said_to_be_damaged(study, change):
    change(study, "UPDATE meta SET value = replace(value, 'model = ', 'modem = ') WHERE key = 'experiment'")
    with pytest.raises(StudyFormatError, match=r"the description of the experiment \(experiment\)"):
        _ = Study.open(study).experiment


def test_changed_parameters_are_not_read(study, change):
    change(study, "UPDATE points SET parameters = replace(parameters, '7', '8') WHERE point = 7")
    with pytest.raises(StudyFormatError, match="the design points are not those that were written"):
        Study.open(study).points_frame()


def test_what_is_read_of_a_changed_type_is_said_to_be_damaged(study, change):
    change(study, "UPDATE runs SET status = x'0102' WHERE run_id = 17")
    with pytest.raises(StudyFormatError, match=r"the results of 10 runs \(10 to 19\)"):
        Study.open(study).runs_frame()


def test_a_study_is_checked_and_read_while_it_is_written(study, batch_of):
    opened = Study.open(study)
    opened.extend(Experiment("m:M", {"a": list(range(20)), "b": True}, replications=8))
    values = [0, 1.5, True, "x", None]
    over = threading.Event()
    problems = []

    def look():
        reader = Study.open(study)
        while not over.is_set():
            try:
                reader.check()
                reader.points_frame()
            except StudyError as error:
                problems.append(str(error))
                return

    thread = threading.Thread(target=look)
    with opened.writing() as writer:
        thread.start()
        for number in range(20):
            outcomes = {f"o {number}": lambda run_id, number=number: values[(run_id + number) % 5]}
            writer.add(batch_of(opened.tasks(range(60 + number * 5, 65 + number * 5)), **outcomes))
            writer.commit()
    over.set()
    thread.join()
    assert problems == []
    assert opened.check() == Checked(runs=160, unknown=0)
