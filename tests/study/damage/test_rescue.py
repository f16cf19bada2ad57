"""Files that are no studies, or no longer whole ones."""

from __future__ import annotations

import contextlib
import math
import sqlite3
import struct

import pyarrow as pa
import pytest

from mesa_lab.errors import StudyError, StudyFormatError
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.study import Checked, Study, rescue
from mesa_lab.study.checksums.rows import of_rows
from mesa_lab.study.merging.merge import merge


def database(path, **pragmas):
    connection = sqlite3.connect(path)
    for name, value in pragmas.items():
        connection.execute(f"PRAGMA {name} = {value}")
    connection.execute("CREATE TABLE a(b)")
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "There is no study"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_text("model = 'x'\n" * 50), "is no study file"),
        (lambda path: path.write_bytes(b"SQLite format 3\0"), "is no study file"),
        (database, "no study of Mesa Lab"),
        (
            lambda path: database(path, application_id=0x4D65734C, user_version=99),
            r"newer Mesa Lab \(format 99",
        ),
    ],
)
def test_what_is_no_study_is_said(tmp_path, make, said):
    path = tmp_path / "a.study"
    make(path)
    for attempt in (Study.open, lambda path: rescue(path, tmp_path / "b.study")):
        with pytest.raises(StudyError) as caught:
            attempt(path)
        assert str(path) in str(caught.value)
    with pytest.raises(StudyError, match=said):
        Study.open(path)


@pytest.fixture
def large(tmp_path, batch_of):
    """Forty blocks of ten runs each, on many pages."""
    study = Study.create(tmp_path / "large.study", Experiment("m:M", {"a": list(range(40))}, replications=10))
    with study.writing() as writer:
        for start in range(0, 400, 10):
            writer.add(batch_of(study.tasks(range(start, start + 10)), failing=[start]))
    study.close()
    return study.path


def test_a_truncated_study_is_said_and_rescued(large, tmp_path, batch_of):
    data = large.read_bytes()
    large.write_bytes(data[: len(data) * 3 // 4])
    with pytest.raises(StudyFormatError, match="cut short"):
        Study.open(large)
    rescued = rescue(large, tmp_path / "saved.study")
    assert rescued.lost == 400 - rescued.runs
    assert 0 < rescued.runs < 400
    saved = Study.open(rescued.path)
    frame = saved.runs_frame()
    done = frame[frame["status"] == "done"]
    assert (done["happy"] == done["run_id"] * 10).all()
    assert (
        sorted(set(pa.concat_tables(saved.series_tables())["run_id"].to_pylist())) == frame["run_id"].tolist()
    )
    assert len(saved.pending()) == rescued.lost
    with saved.writing() as writer:
        writer.add(batch_of(saved.tasks(saved.pending())))
    assert saved.status().state == "finished"


@pytest.mark.parametrize("page", [8, 12, 20, 30])
def test_a_corrupted_page_is_never_read_as_results(large, tmp_path, page):
    data = bytearray(large.read_bytes())
    data[page * 4096 : page * 4096 + 4096] = bytes([0xA5]) * 4096
    large.write_bytes(data)
    with contextlib.suppress(StudyFormatError):
        study = Study.open(large)
        frame = study.runs_frame()
        tables = list(study.series_tables())
        agents = list(study.agent_tables("Wolf"))
        done = frame[frame["status"] == "done"]
        assert (done["happy"] == done["run_id"] * 10).all()
        assert pa.concat_tables(tables).num_rows == pa.concat_tables(agents).num_rows == 1200
    with pytest.raises(StudyFormatError, match="is damaged"), Study.open(large).writing():
        pass
    rescued = rescue(large, tmp_path / "saved.study")
    assert rescued.runs + rescued.lost == 400
    assert rescued.runs >= 300
    assert len(Study.open(rescued.path).pending()) == rescued.lost


def test_a_changed_byte_in_a_series_is_noticed(filled):
    connection = sqlite3.connect(filled.path)
    (series,) = connection.execute("SELECT series FROM blocks").fetchone()
    connection.execute("UPDATE blocks SET series = ?", (series[:-40] + b"\x01" + series[-39:],))
    connection.commit()
    connection.close()
    with pytest.raises(StudyFormatError, match="are not those that were written"):
        list(filled.series_tables())
    assert len(filled.runs_frame()) == 12


def change_a_byte(path, written, instead):
    """Change a stored value on its page, past SQLite."""
    data = path.read_bytes()
    assert data.count(written) == 1
    path.write_bytes(data.replace(written, instead))


def double(value):
    return struct.pack(">d", value)


MEASURED = {"share": lambda run_id: run_id / 7 + 0.1, "happy": lambda run_id: run_id * 10}


@pytest.fixture
def measured(tmp_path, batch_of):
    """Forty blocks of ten runs each, of which one run was done again, on top of an outcome that came later."""
    study = Study.create(
        tmp_path / "measured.study", Experiment("m:M", {"a": list(range(40))}, replications=10)
    )
    with study.writing() as writer:
        for start in range(0, 400, 10):
            writer.add(batch_of(study.tasks(range(start, start + 10)), failing=[203], **MEASURED))
    with study.writing() as writer:
        writer.add(batch_of(study.tasks([203]), **MEASURED, late=lambda run_id: "x"))
    study.close()
    return study.path


@pytest.mark.parametrize(
    ("run", "named"),
    [(137, "10 runs (130 to 139)"), (207, "9 runs (200 to 202, 204 to 209)"), (203, "1 run (203)")],
)
def test_a_changed_byte_in_a_run_is_noticed_named_and_run_again(measured, tmp_path, batch_of, run, named):
    expected = Study.open(measured).runs_frame()
    Study.open(measured).check()
    value = MEASURED["share"](run)
    stored = bytearray(double(value))
    stored[3] ^= 0x10
    change_a_byte(measured, double(value), bytes(stored))
    with Study.open(measured) as study:
        assert study.runs_frame()["share"][run] != value  # SQLite sees nothing
        with pytest.raises(StudyFormatError) as caught:
            study.check()
    assert str(measured) in str(caught.value)
    assert named in str(caught.value)
    assert "mesa-lab rescue" in str(caught.value)
    with pytest.raises(StudyFormatError, match="is damaged"):
        merge([measured], tmp_path / "merged.study")
    assert not (tmp_path / "merged.study").exists()
    lost = int(named.split()[0])
    rescued = rescue(measured, tmp_path / "saved.study")
    assert rescued.lost == lost
    with Study.open(rescued.path) as saved:
        saved.check()
        pending = saved.pending().tolist()
        assert len(pending) == lost
        assert run in pending
        with saved.writing() as writer:
            late = {"late": lambda run_id: "x"} if pending == [203] else {}
            writer.add(batch_of(saved.tasks(pending), **MEASURED, **late))
        saved.check()
        frame = saved.runs_frame()
        assert frame.drop(columns="attempt").equals(expected.drop(columns="attempt"))


def test_a_row_that_went_astray_is_noticed(measured):
    connection = sqlite3.connect(measured)
    connection.execute("UPDATE runs SET replication = 3 WHERE run_id = 55")
    connection.commit()
    connection.close()
    with pytest.raises(StudyFormatError, match=r"10 runs \(50 to 59\)"):
        Study.open(measured).check()


def test_a_table_that_lacks_a_column_is_noticed_at_once(measured):
    """As when a page is one from before the last outcome had a column."""
    with contextlib.closing(sqlite3.connect(measured)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, ', o2', '') WHERE name = 'runs'")
    with Study.open(measured) as study, pytest.raises(StudyFormatError, match="400 runs cannot be read"):
        study.check()


def test_a_study_of_an_older_version_is_not_checked_until_it_is_written(measured, tmp_path, batch_of):
    connection = sqlite3.connect(measured)
    connection.execute("DROP TABLE run_checksums")
    connection.execute("DROP TABLE column_checksums")
    connection.execute("UPDATE runs SET o0 = 0.5 WHERE run_id = 55")
    connection.execute("DELETE FROM runs WHERE run_id = 88")
    connection.execute("UPDATE tally SET runs = runs - 1 WHERE status = 'done'")
    connection.execute("UPDATE blocks SET superseded = 1")
    connection.commit()
    connection.close()
    with Study.open(measured) as study:
        assert study.check() == Checked(runs=399, unknown=399)
        assert rescue(measured, tmp_path / "saved.study").lost == 0
        with study.writing() as writer:
            writer.add(batch_of(study.tasks([88]), **MEASURED))
        study.check()
        value = double(MEASURED["share"](88))
    change_a_byte(measured, value, value[:-1] + b"\0")
    with pytest.raises(StudyFormatError, match=r"of 1 run \(88\)"):
        Study.open(measured).check()


def test_a_run_that_is_delivered_twice_counts_once(study, batch_of):
    with study.writing() as writer:
        writer.add(batch_of(study.tasks(range(8))))
        writer.add(batch_of(study.tasks(range(4, 12))))
        writer.add(batch_of(study.tasks(range(12))))
    study.check()
    connection = sqlite3.connect(study.path)
    connection.execute("UPDATE runs SET seed = seed + 1 WHERE run_id = 9")
    connection.commit()
    connection.close()
    with pytest.raises(StudyFormatError, match=r"4 runs \(8 to 11\)"):
        study.check()


VALUES = [
    0, 1, 0.0, -0.0, 1.0, 0.1, -3.5, 2**62 + 1, -(2**63), 2.0**70, 1e-320, math.inf, -math.inf, math.nan, True, False,
    None, "", "a", "ä\0b",
]  # fmt: skip


def test_values_count_as_they_are_read_back(study, batch_of):
    tasks = list(study.tasks(study.pending()))
    with study.writing() as writer:
        for some in (tasks[:1], tasks[1:5], tasks[5:]):
            writer.add(
                batch_of(
                    some,
                    **{
                        f"all {place}": lambda run_id, value=value: value
                        for place, value in enumerate(VALUES)
                    },
                    mixed=lambda run_id: VALUES[run_id],
                    other=lambda run_id: VALUES[-1 - run_id],
                )
            )
    study.check()


@pytest.mark.parametrize("value", VALUES)
def test_another_value_has_another_checksum(value):
    row = (0, 0, 0, 5, "done", 3, 3.0, 0.25, 0.5, None, 1, 1)
    (number,) = of_rows(["x"], [(*row, value)])
    nothing = value is None or value != value
    for other in VALUES:
        alike = (other is None or other != other) if nothing else other == value
        if not alike or isinstance(other, float) == isinstance(value, float):
            assert (number in of_rows(["x"], [(*row, other)])) == alike, other
    assert (number in of_rows([], [row])) == nothing


def test_numbers_count_by_what_they_are_once_they_are_stored():
    def number(steps, value):
        return of_rows(["x"], [(0, 0, 0, 5, "done", steps, 3.0, 0.25, 0.5, None, 1, 1, value)])[0]

    assert number(3, 1) == number(3.0, True)  # the column of steps has whole numbers
    whole = 4_096_329_000_000_000_001
    assert number(3, whole) != number(3, struct.unpack(">d", whole.to_bytes(8, "big"))[0])
